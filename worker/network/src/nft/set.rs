//! Sets and maps, and what is in them.

use super::Field;
use crate::family::Family;
use crate::netlink::Message;

/// What a map gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing: it is a set.
    None,
    /// A verdict.
    Verdict,
    /// These.
    Data(&'static [Field]),
}

/// A named set or map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    /// What the key is made of.
    pub(crate) fields: &'static [Field],
    /// Whether elements are ranges.
    pub(crate) ranges: bool,
    pub(crate) value: Value,
}

impl Set {
    /// As one of a table of the family.
    pub(crate) fn encode(&self, family: Family, message: &mut Message) {
        let concatenated = self.fields.len() > 1;
        let mut flags = 0;
        if self.ranges {
            flags |= 4;
            flags |= if concatenated { 0x80 } else { 0 };
        }
        flags |= if self.value == Value::None { 0 } else { 8 };
        message.text(2, self.name).be32(3, flags);
        message.be32(4, kind(self.fields, family)).be32(5, length(self.fields, family));
        match self.value {
            Value::None => {}
            Value::Verdict => {
                message.be32(6, 0xffff_ff00).be32(7, 16);
            }
            Value::Data(fields) => {
                message.be32(6, kind(fields, family)).be32(7, length(fields, family));
            }
        }
        if self.ranges && concatenated {
            message.nest(9, |description| {
                description.nest(2, |list| {
                    for field in self.fields {
                        list.nest(1, |inner| {
                            inner.be32(1, field.length(family));
                        });
                    }
                });
            });
        }
        // The kernel asks for a number that is unique within the batch only for sets made and used in one; zero is fine.
        message.be32(10, 0);
    }
}

/// Six bits for each field.
fn kind(fields: &[Field], family: Family) -> u32 {
    fields.iter().fold(0, |kind, field| (kind << 6) | field.kind(family))
}

/// Of several, each fills whole registers; one alone does not.
fn length(fields: &[Field], family: Family) -> u32 {
    match fields {
        [Field::Port] => 2,
        fields => fields.iter().map(|field| field.length(family)).sum(),
    }
}

/// One element of a set or map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element {
    /// A key of a set.
    Key(Vec<u8>),
    /// A key of a concatenated set of ranges.
    Range { first: Vec<u8>, last: Vec<u8> },
    /// The end of a range in a plain set of ranges: the first key behind it.
    RangeEnd(Vec<u8>),
    /// Key and chain in a verdict map.
    Chain { key: Vec<u8>, chain: String },
    /// Key and value in another map.
    Value { key: Vec<u8>, value: Vec<u8> },
}

impl Element {
    pub(crate) fn encode(&self, message: &mut Message) {
        let value = |message: &mut Message, kind, bytes: &[u8]| {
            message.nest(kind, |inner| {
                inner.bytes(1, bytes);
            });
        };
        message.nest(1, |element| match self {
            Self::Key(key) => value(element, 1, key),
            Self::Range { first, last } => {
                value(element, 1, first);
                value(element, 10, last);
            }
            Self::RangeEnd(key) => {
                value(element, 1, key);
                element.be32(3, 1);
            }
            Self::Chain { key, chain } => {
                value(element, 1, key);
                element.nest(2, |data| super::Verdict::Jump(chain.clone()).encode(data));
            }
            Self::Value { key, value: data } => {
                value(element, 1, key);
                value(element, 2, data);
            }
        });
    }
}
