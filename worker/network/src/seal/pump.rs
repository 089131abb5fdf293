//! The threads between the link and the socket.

use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{setsockopt, sockopt};

use super::inward::Inward;
use super::outward::Outward;
use super::shared::Shared;
use super::tap::Tap;
use crate::host::tunnel::{Number, Outer};
use crate::{NetworkError, Result};

/// How often timers are looked at: WireGuard's own are of whole seconds.
const TICK: Duration = Duration::from_millis(250);
/// Room for datagrams that have come and are not opened yet, in bytes: what comes at a gigabit per second in some 30 ms.
const RECEIVE_BYTES: usize = 4 << 20;

/// Seals and opens until it is dropped. The threads are in the network namespace of the thread that started it.
#[derive(Debug)]
pub(super) struct Pump {
    /// What it was started for: the link's index, this node and where it is.
    pub(super) of: (u32, Number, Outer),
    stop: Arc<EventFd>,
    threads: Vec<JoinHandle<()>>,
}

impl Pump {
    /// Takes the link's frames, and the port.
    ///
    /// # Errors
    /// When the address is not this host's, the port is another program's, or the link cannot be opened.
    pub(super) fn start(name: &str, of: (u32, Number, Outer), shared: &Arc<Shared>) -> Result<Self> {
        let (_, own, outer) = of;
        let at = SocketAddrV4::new(outer.address, outer.port);
        let failure = |source| NetworkError::Sealed { at, source };
        let socket = Arc::new(UdpSocket::bind(at).map_err(failure)?);
        setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BYTES)
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BYTES))
            .map_err(|errno| failure(errno.into()))?;
        if let Err(error) = setsockopt(&socket, sockopt::UdpGroSegment, &true) {
            tracing::debug!(%error, "datagrams come one by one");
        }
        let tap = Arc::new(Tap::open(name)?);
        let stop =
            Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC).map_err(|errno| failure(errno.into()))?);
        let mut pump = Self { of, stop, threads: Vec::new() };
        let parts = || (Arc::clone(&tap), Arc::clone(&socket), Arc::clone(shared), Arc::clone(&pump.stop));
        let (out_parts, in_parts) = (parts(), parts());
        let outward = Builder::new().name("skep-seal-out".into()).spawn(move || {
            let (tap, socket, shared, stop) = out_parts;
            send_out(&tap, &socket, outer.port, &shared, &stop);
        });
        pump.threads.push(outward.map_err(failure)?);
        let inward = Builder::new().name("skep-seal-in".into()).spawn(move || {
            let (tap, socket, shared, stop) = in_parts;
            take_in(Inward::new(&tap, &socket, &shared, own, outer.port), &stop);
        });
        pump.threads.push(inward.map_err(failure)?);
        Ok(pump)
    }

    /// Whether both ways still work: they do not when somebody deletes the link.
    pub(super) fn works(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if let Err(error) = self.stop.write(1) {
            tracing::error!(%error, "cannot stop sealing");
            return;
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the sealed link panicked");
            }
        }
    }
}

fn send_out(tap: &Tap, socket: &UdpSocket, port: u16, shared: &Shared, stop: &EventFd) {
    let mut outward = Outward::new();
    while waits(tap.as_fd(), stop, None) {
        if !outward.work(tap, socket, port, shared) {
            return;
        }
    }
}

fn take_in(mut inward: Inward<'_>, stop: &EventFd) {
    let mut next = Instant::now();
    let socket = inward.socket;
    while waits(socket.as_fd(), stop, Some(next)) {
        inward.work();
        if Instant::now() >= next {
            inward.tick();
            next = Instant::now() + TICK;
        }
    }
}

/// Waits until there is something to read, or it is time; false when it is time to stop.
fn waits(source: BorrowedFd<'_>, stop: &EventFd, until: Option<Instant>) -> bool {
    let mut watched = [PollFd::new(source, PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    // A millisecond too late rather than many times too early.
    let timeout = left.map_or(PollTimeout::NONE, |left| {
        PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
    });
    let waited = poll(&mut watched, timeout);
    let stopped = watched[1].revents().is_some_and(|events| !events.is_empty());
    let failed = waited.is_err_and(|error| error != nix::errno::Errno::EINTR);
    !stopped && !failed
}
