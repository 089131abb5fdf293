//! Datagrams of other nodes, opened, into the link; handshakes, and what is to be done in time.

use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use boringtun::noise::{Packet, Tunn, TunnResult};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg};

use super::channel::Channel;
use super::losses::count;
use super::member::Member;
use super::members::Members;
use super::outward::{ETHERNET, IPV4, IPV6};
use super::shared::Shared;
use super::tap::Tap;
use crate::host::tunnel::{Kind, Number};

/// Receptions before others get a turn.
const TURN: usize = 16;
/// No datagram, nor several that the kernel gives as one, is longer.
const BYTES_MAX: usize = 65_536;

/// The way in.
#[derive(Debug)]
pub(super) struct Inward<'a> {
    pub(super) tap: &'a Tap,
    pub(super) socket: &'a UdpSocket,
    pub(super) shared: &'a Shared,
    pub(super) own: Number,
    pub(super) port: u16,
    received: Vec<u8>,
    /// A frame: room for its header, and the opened packet.
    frame: Vec<u8>,
}

impl<'a> Inward<'a> {
    pub(super) fn new(
        tap: &'a Tap,
        socket: &'a UdpSocket,
        shared: &'a Shared,
        own: Number,
        port: u16,
    ) -> Self {
        let (received, frame) = (vec![0; BYTES_MAX], vec![0; ETHERNET + BYTES_MAX]);
        Self { tap, socket, shared, own, port, received, frame }
    }

    /// Opens what has come.
    pub(super) fn work(&mut self) {
        let shared = self.shared;
        let members = shared.members();
        for _ in 0..TURN {
            let mut received = std::mem::take(&mut self.received);
            let came = receive(self.socket, &mut received);
            if let Ok(Some((from, length, size))) = came {
                let datagrams = received.get(..length).unwrap_or_default().chunks(size.max(1));
                match members.at(from) {
                    Some((number, member)) => {
                        datagrams.for_each(|datagram| self.open(&members, number, member, datagram));
                    }
                    None => datagrams.for_each(|_| count(&shared.losses.strangers)),
                }
            }
            self.received = received;
            if came == Err(Errno::EAGAIN) {
                return;
            }
        }
    }

    /// Opens a datagram of a node.
    fn open(&mut self, members: &Members, number: Number, member: &Member, datagram: &[u8]) {
        let named = |index| members.channel(number, index);
        let opened = match Tunn::parse_incoming_packet(datagram) {
            // It names no channel. The first few bytes tell for which of our keys it is.
            Ok(Packet::HandshakeInit(_)) => {
                member.channels.iter().any(|channel| self.decapsulate(channel, number, member, datagram))
            }
            Ok(Packet::HandshakeResponse(response)) => named(response.receiver_idx)
                .is_some_and(|channel| self.decapsulate(channel, number, member, datagram)),
            Ok(Packet::PacketCookieReply(cookie)) => named(cookie.receiver_idx)
                .is_some_and(|channel| self.decapsulate(channel, number, member, datagram)),
            Ok(Packet::PacketData(data)) => named(data.receiver_idx)
                .is_some_and(|channel| self.decapsulate(channel, number, member, datagram)),
            Err(_) => false,
        };
        if !opened {
            count(&self.shared.losses.refused);
        }
    }

    /// False when the channel's keys have not sealed the datagram.
    fn decapsulate(&mut self, channel: &Channel, number: Number, member: &Member, datagram: &[u8]) -> bool {
        let mut inner = channel.lock();
        let Some(space) = self.frame.get_mut(ETHERNET..) else { return false };
        match inner.tunn.decapsulate(Some(member.address.into()), datagram, space) {
            TunnResult::Done => {}
            TunnResult::WriteToTunnelV4(packet, _) => {
                let length = packet.len();
                self.deliver(number, IPV4, length);
            }
            TunnResult::WriteToTunnelV6(packet, _) => {
                let length = packet.len();
                self.deliver(number, IPV6, length);
            }
            TunnResult::WriteToNetwork(answer) => {
                send(self.socket, self.shared, member.target(self.port), answer);
                // Packets that waited for the session.
                while let TunnResult::WriteToNetwork(waiting) = inner.tunn.decapsulate(None, &[], space) {
                    send(self.socket, self.shared, member.target(self.port), waiting);
                }
            }
            TunnResult::Err(_) => return false,
        }
        if !channel.is_connected() {
            channel.look(&mut inner);
        }
        true
    }

    /// Gives the kernel the opened packet as a frame from the node that sealed it.
    fn deliver(&mut self, from: Number, content: [u8; 2], length: usize) {
        let header = [&self.own.mac(Kind::Sealed)[..], &from.mac(Kind::Sealed), &content].concat();
        if let Some(space) = self.frame.get_mut(..ETHERNET) {
            space.copy_from_slice(&header);
        }
        let frame = self.frame.get(..ETHERNET + length).unwrap_or_default();
        // A link that is down takes none.
        if self.tap.write(frame).is_err() {
            count(&self.shared.losses.unsent);
        }
    }

    /// Asks for sessions that are missing, renews them in time, and says that we are there.
    pub(super) fn tick(&mut self) {
        let members = self.shared.members();
        for (_, member) in members.iter() {
            for channel in &member.channels {
                let mut inner = channel.lock();
                let target = member.target(self.port);
                if let TunnResult::WriteToNetwork(datagram) = inner.tunn.update_timers(&mut self.frame) {
                    send(self.socket, self.shared, target, datagram);
                }
                channel.look(&mut inner);
                let is_active = std::sync::Arc::ptr_eq(channel, &member.active);
                if is_active
                    && !channel.is_connected()
                    && inner.may_ask()
                    && let TunnResult::WriteToNetwork(datagram) =
                        inner.tunn.format_handshake_initiation(&mut self.frame, true)
                {
                    send(self.socket, self.shared, target, datagram);
                }
            }
        }
    }
}

fn send(socket: &UdpSocket, shared: &Shared, target: SocketAddrV4, datagram: &[u8]) {
    if socket.send_to(datagram, target).is_err() {
        count(&shared.losses.unsent);
    }
}

/// The sender, all bytes, and the size of each datagram in them but the last; nothing when the sender has no address.
fn receive(socket: &UdpSocket, bytes: &mut [u8]) -> Result<Option<(Ipv4Addr, usize, usize)>, Errno> {
    let mut space = nix::cmsg_space!(i32);
    let mut slices = [IoSliceMut::new(bytes)];
    let message =
        recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_DONTWAIT)?;
    let mut size = message.bytes;
    for control in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::UdpGroSegments(segment) = control {
            size = usize::try_from(segment).unwrap_or(size);
        }
    }
    Ok(message.address.map(|address| (address.ip(), message.bytes, size)))
}
