//! Forgetting connections that would keep an old way: UDP has no end, so a flow to a task that is gone never learns.
//!
//! Numbers are those of linux/netfilter/nfnetlink_conntrack.h.

use std::collections::BTreeSet;
use std::net::IpAddr;

use nix::errno::Errno;

use crate::Result;
use crate::family::{Family, from_octets};
use crate::netlink::{Message, NetlinkSocket, first_attribute};

const GET: u16 = 0x0101;
const DELETE: u16 = 0x0102;
const UDP: u8 = 17;

/// Which UDP flows to forget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stale {
    /// Addresses of tasks that are gone: what is translated to them.
    pub(crate) targets: BTreeSet<IpAddr>,
    /// New VIPs: what goes to them untranslated, from before.
    pub(crate) vips: BTreeSet<IpAddr>,
    /// New UDP ports: what goes to them untranslated, from before.
    pub(crate) ports: BTreeSet<(Family, u16)>,
}

/// One tracked flow.
#[derive(Debug)]
struct Flow<'a> {
    protocol: u8,
    destination: IpAddr,
    port: u16,
    /// Who really answers.
    answerer: IpAddr,
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

    /// Those of which there are flows to forget.
    fn families(&self) -> BTreeSet<Family> {
        let addresses = self.targets.iter().chain(&self.vips).map(|address| Family::of(*address));
        addresses.chain(self.ports.iter().map(|(family, _)| *family)).collect()
    }

    fn concerns(&self, flow: &Flow<'_>) -> bool {
        let translated = flow.destination != flow.answerer;
        let newly = self.vips.contains(&flow.destination)
            || self.ports.contains(&(Family::of(flow.destination), flow.port));
        flow.protocol == UDP
            && ((translated && self.targets.contains(&flow.answerer)) || (!translated && newly))
    }
}

/// Forgets the stale UDP flows; gives their number.
pub(crate) fn forget(socket: &mut NetlinkSocket, stale: &Stale) -> Result<usize> {
    if stale.is_empty() {
        return Ok(0);
    }
    let mut deletions = Vec::new();
    for family in stale.families() {
        let header = [family.number(), 0, 0, 0];
        let flows = socket.dump(list_udp(&header))?;
        let of_stale =
            flows.iter().filter_map(|body| parse(body, family)).filter(|flow| stale.concerns(flow));
        deletions.extend(of_stale.map(|flow| {
            let mut message = Message::new(DELETE, 0, &header, "forget a tracked connection");
            message.nest(1, |tuple| tuple.body.extend_from_slice(flow.tuple));
            message
        }));
    }
    // A flow may end by itself meanwhile.
    socket.all(&deletions, &[Errno::ENOENT])?;
    Ok(deletions.len())
}

/// Asks for the flows of UDP alone: a busy host has many times as many of TCP.
fn list_udp(header: &[u8]) -> Message {
    let mut message = Message::new(GET, 0, header, "list the tracked UDP flows");
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

fn parse(body: &[u8], family: Family) -> Option<Flow<'_>> {
    let attributes = body.get(4..)?;
    let tuple = first_attribute(attributes, 1)?;
    let reply = first_attribute(attributes, 2)?;
    let protocol = first_attribute(tuple, 2)?;
    // CTA_IP_V4_SRC and CTA_IP_V4_DST, CTA_IP_V6_SRC and CTA_IP_V6_DST.
    let (source, destination) = match family {
        Family::V4 => (1, 2),
        Family::V6 => (3, 4),
    };
    let port =
        first_attribute(protocol, 3).and_then(|value| value.try_into().ok()).map_or(0, u16::from_be_bytes);
    Some(Flow {
        protocol: *first_attribute(protocol, 1)?.first()?,
        destination: address(first_attribute(tuple, 1)?, destination)?,
        port,
        answerer: address(first_attribute(reply, 1)?, source)?,
        tuple,
    })
}

fn address(addresses: &[u8], kind: u16) -> Option<IpAddr> {
    from_octets(first_attribute(addresses, kind)?)
}
