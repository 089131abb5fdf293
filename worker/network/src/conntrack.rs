//! Forgetting connections that would keep an old way: UDP has no end, so a flow to a task that is gone never learns.
//!
//! Numbers are those of linux/netfilter/nfnetlink_conntrack.h.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use nix::errno::Errno;

use crate::Result;
use crate::netlink::{Message, NetlinkSocket, first_attribute};

const GET: u16 = 0x0101;
const DELETE: u16 = 0x0102;
const UDP: u8 = 17;

/// Which UDP flows to forget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stale {
    /// Addresses of tasks that are gone: what is translated to them.
    pub(crate) targets: BTreeSet<Ipv4Addr>,
    /// New VIPs: what goes to them untranslated, from before.
    pub(crate) vips: BTreeSet<Ipv4Addr>,
    /// New UDP ports: what goes to them untranslated, from before.
    pub(crate) ports: BTreeSet<u16>,
}

/// One tracked flow.
#[derive(Debug)]
struct Flow<'a> {
    protocol: u8,
    destination: Ipv4Addr,
    port: u16,
    /// Who really answers.
    answerer: Ipv4Addr,
    /// The encoded original tuple.
    tuple: &'a [u8],
}

impl Stale {
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.vips.is_empty() && self.ports.is_empty()
    }

    /// Both.
    pub(crate) fn extend(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.vips.extend(other.vips);
        self.ports.extend(other.ports);
    }

    fn concerns(&self, flow: &Flow<'_>) -> bool {
        let translated = flow.destination != flow.answerer;
        let newly = self.vips.contains(&flow.destination) || self.ports.contains(&flow.port);
        flow.protocol == UDP
            && ((translated && self.targets.contains(&flow.answerer)) || (!translated && newly))
    }
}

/// Forgets the stale UDP flows; gives their number.
pub(crate) fn forget(socket: &mut NetlinkSocket, stale: &Stale) -> Result<usize> {
    if stale.is_empty() {
        return Ok(0);
    }
    let flows = socket.dump(list_udp())?;
    let deletions: Vec<_> = flows
        .iter()
        .filter_map(|body| parse(body))
        .filter(|flow| stale.concerns(flow))
        .map(|flow| {
            let mut message = Message::new(DELETE, 0, &[2, 0, 0, 0], "forget a tracked connection");
            message.nest(1, |tuple| tuple.body.extend_from_slice(flow.tuple));
            message
        })
        .collect();
    // A flow may end by itself meanwhile.
    socket.all(&deletions, &[Errno::ENOENT])?;
    Ok(deletions.len())
}

/// Asks for the flows of UDP alone: a busy host has many times as many of TCP.
fn list_udp() -> Message {
    let mut message = Message::new(GET, 0, &[2, 0, 0, 0], "list the tracked UDP flows");
    // CTA_TUPLE_ORIG, CTA_TUPLE_PROTO, CTA_PROTO_NUM.
    message.nest(1, |tuple| {
        tuple.nest(2, |protocol| {
            protocol.bytes(1, &[UDP]);
        });
    });
    // CTA_FILTER, CTA_FILTER_ORIG_FLAGS: of that tuple the protocol's number counts.
    message.nest(25, |filter| {
        filter.ne32(1, 1 << 3);
    });
    message
}

fn parse(body: &[u8]) -> Option<Flow<'_>> {
    let attributes = body.get(4..)?;
    let tuple = first_attribute(attributes, 1)?;
    let reply = first_attribute(attributes, 2)?;
    let protocol = first_attribute(tuple, 2)?;
    let port =
        first_attribute(protocol, 3).and_then(|value| value.try_into().ok()).map_or(0, u16::from_be_bytes);
    Some(Flow {
        protocol: *first_attribute(protocol, 1)?.first()?,
        destination: address(first_attribute(tuple, 1)?, 2)?,
        port,
        answerer: address(first_attribute(reply, 1)?, 1)?,
        tuple,
    })
}

fn address(addresses: &[u8], kind: u16) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = first_attribute(addresses, kind)?.try_into().ok()?;
    Some(octets.into())
}
