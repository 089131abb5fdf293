//! The rule for what is sent to the host itself, which the kernel has before all others.
//!
//! A node may use another's published port and be led back to a task of its own. The replies are for an address of its own then, and
//! yet have to go back by the other node, where the translation was made. In IPv4 the other node knows who it is and shows itself
//! instead (`ruleset/tunnel.rs`); the IPv6 addresses of nodes are not known, and may change. So the gate stands before the kernel's
//! rule, which gets the same place behind it: rules with one priority are in the order in which they were made.

use super::entries::{is_gate, list_rules};
use super::entry::{CREATE_RULE, DELETE_RULE, RULE_MARK, RULE_PRIORITY, RULE_TABLE, TO_TABLE};
use crate::Result;
use crate::family::Family;
use crate::netlink::{Message, NetlinkSocket, first_attribute, read_u32};

/// `RT_TABLE_LOCAL`.
const LOCAL: u8 = 255;

/// Whether a rule of the list is the kernel's, or one just like it.
pub(super) fn is_local_rule(body: &[u8]) -> bool {
    let attributes = body.get(12..).unwrap_or_default();
    let number = |kind| first_attribute(attributes, kind).and_then(|value| read_u32(value, 0));
    // The kernel names no priority of zero.
    number(RULE_TABLE) == Some(LOCAL.into()) && number(RULE_PRIORITY).is_none() && number(RULE_MARK).is_none()
}

/// Puts the rule behind our gates: another one like it is made before the former goes, so that there always is one.
pub(super) fn put_behind_gates(socket: &mut NetlinkSocket) -> Result<()> {
    let rules = list_rules(socket, Family::V6)?;
    let local = rules.iter().position(|body| is_local_rule(body));
    let gate = rules.iter().rposition(|body| is_gate(body));
    if local.zip(gate).is_none_or(|(local, gate)| gate < local) {
        return Ok(());
    }
    let message = |kind, flags, action| {
        let header = [Family::V6.number(), 0, 0, 0, LOCAL, 0, 0, TO_TABLE, 0, 0, 0, 0];
        let mut message = Message::new(kind, flags, &header, action);
        message.ne32(RULE_PRIORITY, 0).ne32(RULE_TABLE, LOCAL.into());
        message
    };
    let (kind, flags) = CREATE_RULE;
    let another = message(kind, flags, "make another rule for packets to this host");
    socket.all(&[another, message(DELETE_RULE, 0, "remove the first rule for packets to this host")], &[])
}
