use std::io::IoSlice;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};

use super::losses::{Losses, count};

/// The kernel's bounds for what it cuts up itself: segments (UDP_MAX_SEGMENTS), and bytes of one datagram.
const SEGMENTS_MAX: usize = 64;
const BYTES_MAX: usize = 65_000;

/// Datagrams that wait to be sent together: the kernel takes several to one target as one, and cuts it up late. All are of one
/// size but the last, which may be smaller.
#[derive(Debug)]
pub(super) struct Outbox<'a> {
    socket: &'a UdpSocket,
    losses: &'a Losses,
    target: Option<SocketAddrV4>,
    bytes: Vec<u8>,
    size: usize,
    count: usize,
    complete: bool,
}

impl<'a> Outbox<'a> {
    pub(super) fn new(socket: &'a UdpSocket, losses: &'a Losses) -> Self {
        let bytes = Vec::with_capacity(BYTES_MAX);
        Self { socket, losses, target: None, bytes, size: 0, count: 0, complete: false }
    }

    /// Adds a datagram; what cannot go together with it is sent before.
    pub(super) fn push(&mut self, target: SocketAddrV4, datagram: &[u8]) {
        let fits = self.target == Some(target)
            && !self.complete
            && datagram.len() <= self.size
            && self.count < SEGMENTS_MAX
            && self.bytes.len() + datagram.len() <= BYTES_MAX;
        if !fits {
            self.flush();
            self.target = Some(target);
            self.size = datagram.len();
        }
        self.complete = datagram.len() < self.size;
        self.bytes.extend_from_slice(datagram);
        self.count += 1;
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self) {
        if let Some(target) = self.target.take()
            && (self.count == 1 || !self.send_together(target))
        {
            for datagram in self.bytes.chunks(self.size) {
                if self.socket.send_to(datagram, target).is_err() {
                    count(&self.losses.unsent);
                }
            }
        }
        self.bytes.clear();
        self.count = 0;
        self.complete = false;
    }

    /// False when the kernel does not: it is too old, or the way takes only smaller packets.
    fn send_together(&self, target: SocketAddrV4) -> bool {
        let Ok(size) = u16::try_from(self.size) else { return false };
        let control = [ControlMessage::UdpGsoSegments(&size)];
        let slices = [IoSlice::new(&self.bytes)];
        let to = SockaddrIn::from(target);
        sendmsg(self.socket.as_raw_fd(), &slices, &control, MsgFlags::empty(), Some(&to)).is_ok()
    }
}
