//! Transactions on one nft table.

use nix::errno::Errno;

use super::{Contents, Element, Expression, Set, Table};
use crate::family::Family;
use crate::netlink::{Message, NetlinkSocket};
use crate::{NetworkError, Result};

pub(super) const SUBSYSTEM: u16 = 10;
const NEW_TABLE: u16 = 0;
pub(super) const GET_TABLE: u16 = 1;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
pub(super) const DUMP_CHAINS: u16 = 4;
const DELETE_CHAIN: u16 = 5;
const NEW_RULE: u16 = 6;
pub(super) const DUMP_RULES: u16 = 7;
const DELETE_RULE: u16 = 8;
const NEW_SET: u16 = 9;
const NEW_ELEMENTS: u16 = 12;
pub(super) const GET_ELEMENTS: u16 = 13;
const DELETE_ELEMENTS: u16 = 14;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;
/// An attribute's length is 16 bits, so long lists are cut.
const ELEMENTS_PER_MESSAGE: usize = 400;

/// Where a base chain hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    /// `filter` or `nat`.
    pub(crate) kind: &'static str,
    /// `NF_INET_*`: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting.
    pub(crate) number: u32,
    pub(crate) priority: i32,
}

/// Changes to one table that all happen at once or not at all.
#[derive(Debug)]
pub(crate) struct Batch {
    table: Table,
    messages: Vec<Message>,
    /// What the changes make of an empty table, when that is asked for.
    contents: Option<Contents>,
}

impl Batch {
    pub(crate) fn new(table: Table) -> Self {
        Self { table, messages: Vec::new(), contents: None }
    }

    /// One that also knows what its changes make of an empty table.
    pub(crate) fn recording(table: Table) -> Self {
        Self { contents: Some(Contents::default()), ..Self::new(table) }
    }

    /// The table's family.
    pub(crate) fn family(&self) -> Family {
        self.table.family
    }

    /// What its changes make of an empty table, if it is [`Self::recording`].
    pub(crate) fn into_contents(self) -> Contents {
        self.contents.unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    fn message(&mut self, kind: u16, flags: u16, action: String) -> &mut Message {
        let mut message = Message::new(kind | (SUBSYSTEM << 8), flags, &self.table.header(), action);
        message.text(1, self.table.name);
        let at = self.messages.len();
        self.messages.push(message);
        &mut self.messages[at]
    }

    /// Makes the table unless it is there.
    pub(crate) fn table(&mut self) {
        self.message(NEW_TABLE, CREATE, "make the nft table".into());
    }

    /// Deletes the table with all that is in it.
    pub(crate) fn delete_table(&mut self) {
        self.message(DELETE_TABLE, 0, "delete the nft table".into());
    }

    /// Makes a chain unless it is there.
    pub(crate) fn chain(&mut self, name: &str, hook: Option<Hook>) {
        let message = self.message(NEW_CHAIN, CREATE, format!("make the nft chain {name}"));
        message.text(3, name);
        if let Some(contents) = &mut self.contents {
            contents.chains.entry(name.to_owned()).or_default().hook =
                hook.map(|hook| (hook.number, hook.priority));
        }
        let Some(message) = self.messages.last_mut() else { return };
        if let Some(hook) = hook {
            message.nest(4, |inner| {
                inner.be32(1, hook.number).be32(2, hook.priority.cast_unsigned());
            });
            message.be32(5, 1).text(7, hook.kind);
        }
    }

    /// Deletes an empty chain that nothing leads to.
    pub(crate) fn delete_chain(&mut self, name: &str) {
        if let Some(contents) = &mut self.contents {
            contents.chains.remove(name);
        }
        self.message(DELETE_CHAIN, 0, format!("delete the nft chain {name}")).text(3, name);
    }

    /// Deletes all rules of a chain.
    pub(crate) fn flush_chain(&mut self, name: &str) {
        if let Some(chain) = self.contents.as_mut().and_then(|contents| contents.chains.get_mut(name)) {
            chain.rules.clear();
        }
        self.message(DELETE_RULE, 0, format!("empty the nft chain {name}")).text(2, name);
    }

    /// Appends a rule. Its comment is a mark of what it says: the kernel keeps rules as they are made, so that a rule with the mark
    /// is the rule, and need not be read back in detail.
    pub(crate) fn rule(&mut self, chain: &str, expressions: &[Expression]) {
        let family = self.family();
        let message = self.message(NEW_RULE, CREATE | APPEND, format!("add an nft rule to {chain}"));
        let before = message.body.len();
        message.text(2, chain).nest(4, |list| {
            for expression in expressions {
                expression.encode(family, list);
            }
        });
        let mark = mark(message.body.get(before..).unwrap_or_default());
        // User data: kind 0 is the comment; its length counts the zero at its end.
        let length = u8::try_from(mark.len() + 1).unwrap_or(u8::MAX);
        message.bytes(7, &[&[0, length], mark.as_bytes(), &[0]].concat());
        if let Some(contents) = &mut self.contents {
            contents.chains.entry(chain.to_owned()).or_default().rules.push(mark);
        }
    }

    /// Makes a set unless the same is there.
    pub(crate) fn set(&mut self, set: &Set) {
        let family = self.family();
        let message = self.message(NEW_SET, CREATE, format!("make the nft set {}", set.name));
        set.encode(family, message);
        if let Some(contents) = &mut self.contents {
            contents.sets.entry(set.name.to_owned()).or_default();
        }
    }

    /// Adds elements; one that is there already is left.
    pub(crate) fn add(&mut self, set: &Set, elements: &[Element]) {
        if let Some(contents) = &mut self.contents {
            contents.sets.entry(set.name.to_owned()).or_default().extend(elements.iter().cloned());
        }
        for chunk in elements.chunks(ELEMENTS_PER_MESSAGE) {
            let action = format!("add to the nft set {}", set.name);
            let message = self.message(NEW_ELEMENTS, CREATE, action);
            message.text(2, set.name);
            encode_elements(message, chunk);
        }
    }

    /// Removes elements, which must be there.
    pub(crate) fn remove(&mut self, set: &Set, elements: &[Element]) {
        if let Some(there) = self.contents.as_mut().and_then(|contents| contents.sets.get_mut(set.name)) {
            elements.iter().for_each(|element| {
                there.remove(element);
            });
        }
        for chunk in elements.chunks(ELEMENTS_PER_MESSAGE) {
            let action = format!("remove from the nft set {}", set.name);
            let message = self.message(DELETE_ELEMENTS, 0, action);
            message.text(2, set.name);
            encode_elements(message, chunk);
        }
    }

    /// Commits.
    pub(crate) fn commit(self, socket: &mut NetlinkSocket) -> Result<()> {
        Self::commit_all([self], socket)
    }

    /// Commits changes of several tables, all of them at once or none.
    pub(crate) fn commit_all(
        batches: impl IntoIterator<Item = Self>,
        socket: &mut NetlinkSocket,
    ) -> Result<()> {
        let changes: Vec<_> = batches.into_iter().flat_map(|batch| batch.messages).collect();
        if changes.is_empty() {
            return Ok(());
        }
        // The resource of the begin and end messages names the subsystem.
        let edge = [0, 0, 0, SUBSYSTEM as u8];
        let mut messages = Vec::with_capacity(changes.len() + 2);
        messages.push(Message::new(16, 0, &edge, "begin an nft transaction"));
        messages.extend(changes);
        let last = messages.len() - 1;
        messages.push(Message::new(17, 0, &edge, "commit an nft transaction"));
        socket.batch(&messages, last)
    }
}

/// 64 bits of FNV-1a in 16 hexadecimal digits.
fn mark(rule: &[u8]) -> String {
    let hash = rule.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("skep-{hash:016x}")
}

fn encode_elements(message: &mut Message, elements: &[Element]) {
    message.nest(3, |list| {
        for element in elements {
            element.encode(list);
        }
    });
}

/// Whether the table is in the kernel.
pub(crate) fn table_there(socket: &mut NetlinkSocket, table: Table) -> Result<bool> {
    let mut message =
        Message::new(GET_TABLE | (SUBSYSTEM << 8), 0, &table.header(), "look for the nft table");
    message.text(1, table.name);
    match socket.ask(message) {
        Ok(_) => Ok(true),
        Err(NetworkError::Refused { source: Errno::ENOENT, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
