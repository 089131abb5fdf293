//! Which nodes a service's placement lets its tasks on.

use skep_model::{Constraint, Node, Placement, Platform};

/// What a placement asks of a node itself, read once for many nodes; what other tasks take there is not looked at.
#[derive(Clone, Debug)]
pub struct Fits {
    /// None when one of them cannot be read, which no node meets.
    constraints: Option<Vec<Constraint>>,
    platforms: Vec<Platform>,
}

impl Fits {
    /// The nodes that this placement allows.
    pub fn new(placement: &Placement) -> Self {
        let constraints = placement.constraints.iter().map(|text| text.parse().ok()).collect();
        Self { constraints, platforms: placement.platforms.clone() }
    }

    /// Whether the node meets every constraint and is of one of the platforms.
    pub fn node(&self, node: &Node) -> bool {
        self.constraints(node) && self.platform(node)
    }

    /// Whether the node meets every constraint.
    pub fn constraints(&self, node: &Node) -> bool {
        let meets = |all: &Vec<Constraint>| all.iter().all(|constraint| constraint.is_met_by(node));
        self.constraints.as_ref().is_some_and(meets)
    }

    /// Whether the node is of one of the platforms.
    pub fn platform(&self, node: &Node) -> bool {
        self.platforms.is_empty() || self.platforms.iter().any(|platform| is_of(node, platform))
    }

    /// The first constraint that the node does not meet; none when it meets all, or when one cannot be read.
    pub fn first_unmet(&self, node: &Node) -> Option<&Constraint> {
        self.constraints.iter().flatten().find(|constraint| !constraint.is_met_by(node))
    }

    /// What of the placement a node does not meet, for people.
    pub(crate) fn unmet_words(&self, node: &Node) -> String {
        let host = &node.description.hostname;
        match self.first_unmet(node) {
            Some(constraint) => format!("its node {host} does not meet {constraint}"),
            None if self.constraints.is_some() => {
                format!("its node {host} is not of {}", self.platform_words())
            }
            None => "a constraint of its service cannot be read".to_owned(),
        }
    }

    /// The platforms, for people.
    pub fn platform_words(&self) -> String {
        let word = |text: &str| if text.is_empty() { "any".to_owned() } else { text.to_owned() };
        let words =
            self.platforms.iter().map(|each| format!("{}/{}", word(&each.os), word(&each.architecture)));
        words.collect::<Vec<_>>().join(" or ")
    }
}

/// An empty word of a platform stands for all.
fn is_of(node: &Node, platform: &Platform) -> bool {
    let same = |wanted: &str, has: &str| wanted.is_empty() || canonical(wanted) == canonical(has);
    same(&platform.architecture, &node.description.architecture) && same(&platform.os, &node.description.os)
}

/// Images say `amd64` where kernels say `x86_64`.
fn canonical(word: &str) -> &str {
    match word {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
