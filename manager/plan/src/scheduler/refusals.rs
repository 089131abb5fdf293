use std::collections::BTreeMap;
use std::fmt;

use super::refusal::{Filter, Refusal};

/// Why no node gets a task: Docker Swarm's text, and for each filter the node that came nearest, with the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    filters: BTreeMap<Filter, Refused>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    nodes: u32,
    nearness: u128,
    example: String,
}

impl Refusals {
    pub(super) fn add(&mut self, hostname: &str, refusal: &Refusal) {
        let nearness = refusal.nearness();
        let new = || Refused { nodes: 0, nearness, example: refusal.example(hostname) };
        let refused = self.filters.entry(refusal.filter()).or_insert_with(new);
        refused.nodes += 1;
        if nearness > refused.nearness {
            (refused.nearness, refused.example) = (nearness, refusal.example(hostname));
        }
    }

    /// Docker Swarm's text: the most common reason first.
    pub fn headline(&self) -> String {
        let counted = self.by_count().into_iter().map(|(filter, refused)| filter.text(refused.nodes));
        let texts: Vec<String> = counted.collect();
        if texts.is_empty() {
            return "no suitable node".to_owned();
        }
        format!("no suitable node ({})", texts.join("; "))
    }

    fn by_count(&self) -> Vec<(Filter, &Refused)> {
        let mut all: Vec<(Filter, &Refused)> =
            self.filters.iter().map(|(filter, refused)| (*filter, refused)).collect();
        all.sort_by_key(|(filter, refused)| std::cmp::Reverse((refused.nodes, *filter)));
        all
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.headline())?;
        let examples: Vec<&str> =
            self.by_count().into_iter().map(|(_, refused)| refused.example.as_str()).collect();
        if examples.is_empty() { Ok(()) } else { write!(out, ": {}", examples.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use skep_model::NodeState;

    use super::super::refusal::Lack;
    use super::*;

    #[test]
    fn the_most_common_reason_comes_first_and_the_nearest_node_is_named() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.to_string(), "no suitable node");
        refusals.add("a", &Refusal::NotReady(NodeState::Down));
        let lack = |free| Refusal::Resources(Lack::Memory { asked: 512 << 20, free });
        for (host, free) in [("b", 100 << 20), ("c", 200 << 20), ("d", 0)] {
            refusals.add(host, &lack(free));
        }
        let text = "no suitable node (insufficient resources on 3 nodes; 1 node not available for new tasks): \
                    memory: 512 MiB asked, at most 200 MiB free, on c; a is down";
        assert_eq!(refusals.to_string(), text);
    }
}
