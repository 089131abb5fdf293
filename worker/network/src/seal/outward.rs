//! Frames out of the link, sealed, to the nodes that they are for.

use std::io::ErrorKind;
use std::net::UdpSocket;

use boringtun::noise::TunnResult;

use super::losses::count;
use super::members::Members;
use super::outbox::Outbox;
use super::shared::Shared;
use super::tap::Tap;
use crate::host::tunnel::{Kind, Number};

/// Bytes of an Ethernet header, and where in it the kind of its content is.
pub(super) const ETHERNET: usize = 14;
const CONTENT: usize = 12;
pub(super) const IPV4: [u8; 2] = [0x08, 0x00];
pub(super) const IPV6: [u8; 2] = [0x86, 0xdd];
/// Frames that are taken before others get a turn.
const TURN: usize = 64;

/// The way out.
#[derive(Debug)]
pub(super) struct Outward {
    frame: Vec<u8>,
    sealed: Vec<u8>,
}

impl Outward {
    pub(super) fn new() -> Self {
        // No frame is longer than the longest packet with its header; 148 is a handshake's length.
        Self { frame: vec![0; 65_536 + ETHERNET], sealed: vec![0; 65_536 + 148] }
    }

    /// Sends the frames that wait; false when the link is gone.
    pub(super) fn work(&mut self, tap: &Tap, socket: &UdpSocket, port: u16, shared: &Shared) -> bool {
        let members = shared.members();
        let mut outbox = Outbox::new(socket, &shared.losses);
        for _ in 0..TURN {
            let length = match tap.read(&mut self.frame) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            };
            let frame = self.frame.get(..length).unwrap_or_default();
            if seal(&members, frame, &mut self.sealed, port, &mut outbox).is_none() {
                count(&shared.losses.unsent);
            }
        }
        outbox.flush();
        true
    }
}

/// None when the frame is for nobody.
fn seal(
    members: &Members,
    frame: &[u8],
    sealed: &mut [u8],
    port: u16,
    outbox: &mut Outbox<'_>,
) -> Option<()> {
    let (header, packet) = frame.split_at_checked(ETHERNET)?;
    if ![IPV4, IPV6].iter().any(|known| header.get(CONTENT..) == Some(known)) {
        return None;
    }
    let member = members.get(Number::of_mac(Kind::Sealed, header.get(..6)?)?)?;
    // Without a session the packet waits in the channel, and what is sent asks for one.
    match member.way().lock().tunn.encapsulate(packet, sealed) {
        TunnResult::WriteToNetwork(datagram) => outbox.push(member.target(port), datagram),
        TunnResult::Done => {}
        _ => return None,
    }
    Some(())
}
