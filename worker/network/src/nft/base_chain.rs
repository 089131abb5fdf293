use super::batch::{DUMP_CHAINS, SUBSYSTEM};
use crate::Result;
use crate::netlink::{Message, NetlinkSocket, first_attribute, text};

/// A chain of anybody's that packets pass by themselves, in a table of IP packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseChain {
    /// `ip`, `ip6` or `inet`.
    pub(crate) family: &'static str,
    pub(crate) table: String,
    pub(crate) name: String,
    /// Which packets pass it: a number of `enum nf_inet_hooks`.
    pub(crate) hook: u32,
    /// Whether it drops packets that no rule of it decides on.
    pub(crate) drops: bool,
}

/// All of them, in the socket's network namespace.
pub(crate) fn base_chains(socket: &mut NetlinkSocket) -> Result<Vec<BaseChain>> {
    // Of no family: of all.
    let message = Message::new(DUMP_CHAINS | (SUBSYSTEM << 8), 0, &[0; 4], "list the firewall's chains");
    Ok(socket.dump(message)?.iter().filter_map(|body| read(body)).collect())
}

fn read(body: &[u8]) -> Option<BaseChain> {
    // NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 of linux/netfilter.h.
    let family = match *body.first()? {
        1 => "inet",
        2 => "ip",
        10 => "ip6",
        _ => return None,
    };
    let attributes = body.get(4..)?;
    let number = |value: &[u8]| value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let hook = first_attribute(first_attribute(attributes, 4)?, 1).and_then(number)?;
    Some(BaseChain {
        family,
        table: first_attribute(attributes, 1).map(text)?,
        name: first_attribute(attributes, 3).map(text)?,
        hook,
        // NF_DROP.
        drops: first_attribute(attributes, 5).and_then(number) == Some(0),
    })
}
