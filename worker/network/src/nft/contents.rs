use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::batch::{DUMP_CHAINS, DUMP_RULES, GET_ELEMENTS, GET_TABLE, SUBSYSTEM};
use super::{Element, Set, Table};
use crate::Result;
use crate::family::octets;
use crate::netlink::{Message, NetlinkSocket, attributes, first_attribute, read_be32, text};

/// What is in a table, or should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// By name: where it hangs, if anywhere, and the marks of its rules in order (see [`super::Batch::rule`]).
    pub(super) chains: BTreeMap<String, Chain>,
    /// By name.
    pub(super) sets: BTreeMap<String, BTreeSet<Element>>,
    /// Whether somebody switched the table off.
    dormant: bool,
}

/// A chain, as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// The hook's number and the priority.
    pub(super) hook: Option<(u32, i32)>,
    pub(super) rules: Vec<String>,
}

/// One difference between a table as it should be and as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// The table is switched off.
    Dormant,
    /// A chain is not there.
    ChainMissing(String),
    /// A chain that is not ours is in our table.
    ChainAdded(String),
    /// Somebody changed, added or removed rules of a chain, or hung it elsewhere.
    ChainChanged(String),
    /// Elements of a set are not there.
    ElementsMissing(String, usize),
    /// A set has elements that it should not have.
    ElementsAdded(String, usize),
}

impl fmt::Display for Drift {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dormant => out.write_str("the nft table is switched off (dormant)"),
            Self::ChainMissing(name) => write!(out, "the nft chain {name} is missing"),
            Self::ChainAdded(name) => write!(out, "there is a strange nft chain {name}"),
            Self::ChainChanged(name) => write!(out, "the rules of the nft chain {name} were changed"),
            Self::ElementsMissing(set, count) => {
                write!(out, "the nft set {set} lacks {count} of its elements")
            }
            Self::ElementsAdded(set, count) => write!(out, "the nft set {set} has {count} strange elements"),
        }
    }
}

impl Contents {
    /// What is in the kernel. `sets` are those that are looked into.
    pub(crate) fn read(socket: &mut NetlinkSocket, table: Table, sets: &[&Set]) -> Result<Self> {
        let mut contents = Self { dormant: dormant(socket, table)?, ..Self::default() };
        let of_table = |answers: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            let ours = |body: &Vec<u8>| {
                body.get(4..)
                    .and_then(|list| first_attribute(list, 1))
                    .is_some_and(|owner| text(owner) == table.name)
            };
            answers.into_iter().filter(ours).collect()
        };
        for body in of_table(socket.dump(dump(DUMP_CHAINS, table, "list the nft chains"))?) {
            let list = body.get(4..).unwrap_or_default();
            let Some(name) = first_attribute(list, 3).map(text) else { continue };
            let hook = first_attribute(list, 4).and_then(|hook| {
                let number = |kind| read_be32(first_attribute(hook, kind)?);
                Some((number(1)?, number(2)?.cast_signed()))
            });
            contents.chains.insert(name, Chain { hook, rules: Vec::new() });
        }
        for body in of_table(socket.dump(dump(DUMP_RULES, table, "list the nft rules"))?) {
            let list = body.get(4..).unwrap_or_default();
            let Some(chain) = first_attribute(list, 2).map(text) else { continue };
            let mark = first_attribute(list, 7).map(comment).unwrap_or_default();
            contents.chains.entry(chain).or_default().rules.push(mark);
        }
        for set in sets {
            contents.sets.insert(set.name.to_owned(), elements(socket, table, set)?);
        }
        Ok(contents)
    }

    /// How the other, which is in the kernel, differs from this, which should be.
    pub(crate) fn drift(&self, found: &Self) -> Vec<Drift> {
        let mut drift = Vec::new();
        if found.dormant {
            drift.push(Drift::Dormant);
        }
        for (name, chain) in &self.chains {
            match found.chains.get(name) {
                None => drift.push(Drift::ChainMissing(name.clone())),
                Some(other) if other != chain => drift.push(Drift::ChainChanged(name.clone())),
                Some(_) => {}
            }
        }
        let strange = found.chains.keys().filter(|name| !self.chains.contains_key(*name));
        drift.extend(strange.cloned().map(Drift::ChainAdded));
        let none = BTreeSet::new();
        for (name, elements) in &self.sets {
            let there = found.sets.get(name).unwrap_or(&none);
            let missing = elements.difference(there).count();
            let added = there.difference(elements).count();
            drift.extend((missing > 0).then(|| Drift::ElementsMissing(name.clone(), missing)));
            drift.extend((added > 0).then(|| Drift::ElementsAdded(name.clone(), added)));
        }
        drift
    }
}

fn dump(kind: u16, table: Table, action: &str) -> Message {
    let mut message = Message::new(kind | (SUBSYSTEM << 8), 0, &table.header(), action);
    message.text(1, table.name);
    message
}

/// The number of the latest change that anybody made to any nft table.
pub(crate) fn generation(socket: &mut NetlinkSocket) -> Result<Option<u32>> {
    // NFT_MSG_GETGEN, NFTA_GEN_ID.
    let message = Message::new(16 | (SUBSYSTEM << 8), 0, &[0; 4], "ask for the nft generation");
    let answers = socket.ask(message)?;
    Ok(answers.first().and_then(|body| read_be32(first_attribute(body.get(4..)?, 1)?)))
}

/// `NFT_TABLE_F_DORMANT`.
fn dormant(socket: &mut NetlinkSocket, table: Table) -> Result<bool> {
    let answers = socket.ask(dump(GET_TABLE, table, "look at the nft table"))?;
    let flags = |body: &Vec<u8>| read_be32(first_attribute(body.get(4..)?, 2)?);
    Ok(answers.iter().filter_map(flags).any(|flags| flags & 1 != 0))
}

/// The comment in a rule's user data: a list of kind, length, value, of which kind 0 is the comment.
fn comment(mut data: &[u8]) -> String {
    while let [kind, length, rest @ ..] = data {
        let (value, rest) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
        if *kind == 0 {
            return text(value);
        }
        data = rest;
    }
    String::new()
}

/// What is in a set.
pub(crate) fn elements(socket: &mut NetlinkSocket, table: Table, set: &Set) -> Result<BTreeSet<Element>> {
    let mut message = dump(GET_ELEMENTS, table, "list an nft set");
    message.text(2, set.name);
    let mut found = BTreeSet::new();
    for body in socket.dump(message)? {
        let list = body.get(4..).and_then(|attributes| first_attribute(attributes, 3)).unwrap_or_default();
        found.extend(attributes(list).filter_map(|(_, element)| decode(element)));
    }
    // The kernel closes the space below the first range with an end of its own.
    found.remove(&Element::RangeEnd(octets(table.family.unspecified())));
    Ok(found)
}

fn decode(element: &[u8]) -> Option<Element> {
    let value = |kind| Some(first_attribute(first_attribute(element, kind)?, 1)?.to_vec());
    let key = value(1)?;
    if let Some(last) = value(10) {
        return Some(Element::Range { first: key, last });
    }
    if let Some(data) = first_attribute(element, 2) {
        if let Some(value) = first_attribute(data, 1) {
            return Some(Element::Value { key, value: value.to_vec() });
        }
        let chain = first_attribute(first_attribute(data, 2)?, 2).map(text).unwrap_or_default();
        return Some(Element::Chain { key, chain });
    }
    let is_end = first_attribute(element, 3).and_then(read_be32).is_some_and(|flags| flags & 1 != 0);
    Some(if is_end { Element::RangeEnd(key) } else { Element::Key(key) })
}
