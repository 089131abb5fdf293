use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use skep_model::limits;

use super::{Lab, inside};

/// What passes between the hosts: the lab's client is between them.
pub(crate) struct Wire {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<Vec<u8>>>,
}

impl Wire {
    /// Listens from now on.
    pub(crate) fn tap(lab: &Lab) -> Self {
        let socket: OwnedFd = inside(&lab.client, || {
            let all = SockProtocol::EthAll;
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, all).unwrap()
        });
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(50)).unwrap();
        setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let listen = move || {
            let mut frames = Vec::new();
            let mut frame = vec![0; 70_000];
            loop {
                match recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                    Ok(length) => frames.push(frame[..length].to_vec()),
                    // What has come before the stop is read first.
                    Err(_) if stopped.load(Ordering::Relaxed) => return frames,
                    Err(_) => {}
                }
            }
        };
        Self { stop, thread: std::thread::spawn(listen) }
    }

    /// All frames that passed.
    pub(crate) fn end(self) -> Vec<Vec<u8>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Those of UDP to this port, but for nodes' probes of the plain link: no container's packets.
pub(crate) fn to_port(frames: &[Vec<u8>], port: u16) -> usize {
    let probe = [limits::PROBE_PORT.to_be_bytes(); 2].concat();
    // Behind Ethernet's, IP's, UDP's and VXLAN's headers, and again Ethernet's and IP's.
    let probes = |frame: &&Vec<u8>| frame.get(84..88) == Some(&probe[..]);
    let is =
        |frame: &&Vec<u8>| frame.get(23) == Some(&17) && frame.get(36..38) == Some(&port.to_be_bytes()[..]);
    frames.iter().filter(is).filter(|frame| !probes(frame)).count()
}

/// Those in which the text can be read.
pub(crate) fn showing(frames: &[Vec<u8>], text: &str) -> usize {
    let shows = |frame: &&Vec<u8>| frame.windows(text.len()).any(|part| part == text.as_bytes());
    frames.iter().filter(shows).count()
}
