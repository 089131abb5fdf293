//! Why something is as it is: what Docker's API lacks.

use serde::{Deserialize, Serialize};

/// `GET /why/{name}`: a task, service or stack with all that led to where it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Why {
    /// `task`, `service` or `stack`.
    pub kind: String,
    /// Its id; empty of a stack that labels alone make.
    #[serde(rename = "ID", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its name; a task's is its service's with its slot or node.
    pub name: String,
    /// Where it stands, in one word: a task's state, or `ok`, `updating`, `paused`, `failing`, `waiting` and the like.
    pub state: String,
    /// The cause, in a sentence.
    pub reason: String,
    /// What happened, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<WhyLink>,
    /// What the scheduler says of each node, where a task waits for one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<WhyNode>,
    /// The last lines that it wrote, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_tail: Vec<String>,
    /// What comes next, and what one may do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// The parts that matter: of a stack its services, of a service tasks that tell of its state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Why>,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WhyLink {
    /// When, in RFC 3339.
    pub at: String,
    /// Whose doing it was: `user`, `orchestrator`, `allocator`, `scheduler`, `agent`, `node`.
    pub by: String,
    /// What.
    pub what: String,
}

/// What the scheduler says of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WhyNode {
    /// Its host name.
    pub node: String,
    /// Whether it would do.
    pub fits: bool,
    /// Why, or why not, with numbers.
    pub verdict: String,
}
