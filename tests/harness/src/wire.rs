use std::fmt;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::namespace::Namespaces;

/// Where in an Ethernet frame the protocol of an IPv4 packet and the target port of a UDP datagram are, and where what VXLAN
/// carries has its addresses.
const PROTOCOL: usize = 23;
const TARGET_PORT: usize = 36;
const WITHIN_SOURCE: usize = 76;
const WITHIN_TARGET: usize = 80;

/// Listens to all frames in a namespace, such as that of a [`crate::Switch`].
pub struct Wire {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

/// The frames that passed.
pub struct Heard(Vec<Vec<u8>>);

impl Wire {
    /// Listens from now on.
    ///
    /// # Panics
    /// When it cannot.
    pub fn tap(namespace: &Path) -> Self {
        let socket: OwnedFd = Namespaces::inside(namespace, || {
            let all = SockProtocol::EthAll;
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, all)
                .expect("a packet socket")
        });
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(50)).expect("a timeout");
        setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).expect("a big buffer");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let listen = move || {
            let mut frames = Vec::new();
            let mut frame = vec![0; 70_000];
            loop {
                match recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                    Ok(length) => frames.push(frame[..length].to_vec()),
                    // What came before the stop is read first.
                    Err(_) if stopped.load(Ordering::Relaxed) => return frames,
                    Err(_) => {}
                }
            }
        };
        Self { stop, thread: std::thread::spawn(listen) }
    }

    /// Stops listening.
    ///
    /// # Panics
    /// When the listening thread did.
    pub fn end(self) -> Heard {
        self.stop.store(true, Ordering::Relaxed);
        Heard(self.thread.join().expect("the listener ends"))
    }
}

impl Heard {
    /// How many frames show the text, or these bytes.
    pub fn showing(&self, text: impl AsRef<[u8]>) -> usize {
        let text = text.as_ref();
        let shows = |frame: &&Vec<u8>| frame.windows(text.len()).any(|part| part == text);
        self.0.iter().filter(shows).count()
    }

    /// How many are UDP datagrams to this port.
    pub fn to_port(&self, port: u16) -> usize {
        self.to(port).count()
    }

    /// How many are VXLAN at this port with a packet within, from or to an address that `fits`.
    pub fn within(&self, port: u16, fits: impl Fn(Ipv4Addr) -> bool) -> usize {
        let address = |frame: &[u8], at: usize| {
            let octets: Option<[u8; 4]> = frame.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            octets.map(Ipv4Addr::from)
        };
        let of = |frame: &&Vec<u8>| {
            let ends = [WITHIN_SOURCE, WITHIN_TARGET].map(|at| address(frame, at));
            ends.into_iter().flatten().any(&fits)
        };
        self.to(port).filter(of).count()
    }

    fn to(&self, port: u16) -> impl Iterator<Item = &Vec<u8>> {
        let port = port.to_be_bytes();
        self.0.iter().filter(move |frame| {
            frame.get(PROTOCOL) == Some(&17) && frame.get(TARGET_PORT..TARGET_PORT + 2) == Some(&port[..])
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Heard({} frames)", self.0.len())
    }
}
