use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::{Invalid, Node};

/// What a node must be to get a task: `key == value` or `key != value`.
///
/// The grammar is Docker Swarm's (reference/swarm-features.md, 5.2): values are compared as a whole, whatever the case; a label
/// that a node does not have counts as empty; a key that means nothing is met by no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// What of the node is looked at.
    pub subject: Subject,
    /// True for `==`, false for `!=`.
    pub equal: bool,
    /// What it is compared with.
    pub value: String,
    key: String,
}

/// What a constraint looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `node.id`.
    Id,
    /// `node.hostname`.
    Hostname,
    /// `node.ip`; the value is an address or a network.
    Ip,
    /// `node.role`: `manager` or `worker`.
    Role,
    /// `node.platform.os`.
    Os,
    /// `node.platform.arch`.
    Architecture,
    /// `node.labels.K`, a label that operators gave the node.
    NodeLabel(String),
    /// `engine.labels.K`, a label that the node's daemon was started with.
    EngineLabel(String),
    /// Anything else.
    Unknown,
}

impl Subject {
    /// The subject of this name; names but for labels' are read whatever the case.
    pub fn of(key: &str) -> Self {
        let after = |prefix: &str| {
            let head = key.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| key[prefix.len()..].to_owned())
        };
        if let Some(label) = after("node.labels.") {
            return Self::NodeLabel(label);
        }
        if let Some(label) = after("engine.labels.") {
            return Self::EngineLabel(label);
        }
        match key.to_ascii_lowercase().as_str() {
            "node.id" => Self::Id,
            "node.hostname" => Self::Hostname,
            "node.ip" => Self::Ip,
            "node.role" => Self::Role,
            "node.platform.os" => Self::Os,
            "node.platform.arch" => Self::Architecture,
            _ => Self::Unknown,
        }
    }

    /// The label's value of a node, empty where it has none; none for what is no label.
    pub fn label<'a>(&self, node: &'a Node) -> Option<&'a str> {
        let labels = match self {
            Self::NodeLabel(label) => node.spec.labels.get(label),
            Self::EngineLabel(label) => node.description.engine_labels.get(label),
            _ => return None,
        };
        Some(labels.map_or("", String::as_str))
    }
}

impl Constraint {
    /// Whether the node is as it says.
    pub fn is_met_by(&self, node: &Node) -> bool {
        let same = |text: &str| text.eq_ignore_ascii_case(&self.value);
        let equal = match &self.subject {
            Subject::Id => same(&node.id.to_string()),
            Subject::Hostname => same(&node.description.hostname),
            Subject::Ip => match is_within(&node.status.address, &self.value) {
                Some(within) => within,
                None => return false,
            },
            Subject::Role => same(&node.role.to_string()),
            Subject::Os => same(&node.description.os),
            Subject::Architecture => same(&node.description.architecture),
            label @ (Subject::NodeLabel(_) | Subject::EngineLabel(_)) => {
                same(label.label(node).unwrap_or_default())
            }
            Subject::Unknown => return false,
        };
        equal == self.equal
    }
}

/// Whether an address is the other or within the network; none where either is malformed.
fn is_within(address: &str, range: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let Some((network, bits)) = range.split_once('/') else {
        return Some(address == range.parse::<IpAddr>().ok()?);
    };
    let (network, bits): (IpAddr, u32) = (network.parse().ok()?, bits.parse().ok()?);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            Some(address.to_bits() & mask == network.to_bits() & mask)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            Some(address.to_bits() & mask == network.to_bits() & mask)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Some(false),
        _ => None,
    }
}

impl FromStr for Constraint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |reason: String| Err(Invalid::new("constraints", format!("'{text}': {reason}")));
        let split = text.split_once("==").map(|parts| (parts, true));
        let Some(((key, value), equal)) = split.or_else(|| text.split_once("!=").map(|parts| (parts, false)))
        else {
            return wrong("constraint expected one operator from ==, !=".into());
        };
        let (key, value) = (key.trim(), value.trim());
        if !is_key(key) {
            return wrong(format!("key '{key}' is invalid"));
        }
        if !is_value(value) {
            return wrong(format!("value '{value}' is invalid"));
        }
        let subject = Subject::of(key);
        Ok(Self { subject, equal, value: value.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = if self.equal { "==" } else { "!=" };
        write!(out, "{} {operator} {}", self.key, self.value)
    }
}

fn is_key(key: &str) -> bool {
    let first = key.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && key.len() > 1 && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn is_value(value: &str) -> bool {
    let known =
        |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":-_.*()?+[]\\^$|/".contains(c);
    !value.is_empty() && value.chars().all(known)
}

#[cfg(test)]
#[path = "constraint_test.rs"]
mod tests;
