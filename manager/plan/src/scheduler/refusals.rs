use std::collections::BTreeMap;
use std::fmt;

use super::filter::Cause;

/// Why no node gets a task: how many nodes failed for each cause. The text is Docker Swarm's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    counts: BTreeMap<Cause, u32>,
}

impl Refusals {
    pub(super) fn add(&mut self, cause: Cause) {
        *self.counts.entry(cause).or_insert(0) += 1;
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no suitable node")?;
        if self.counts.is_empty() {
            return Ok(());
        }
        let mut causes: Vec<(u32, Cause)> =
            self.counts.iter().map(|(cause, count)| (*count, *cause)).collect();
        causes.sort_unstable_by(|a, b| b.cmp(a));
        let texts: Vec<String> = causes.into_iter().map(|(count, cause)| text(count, cause)).collect();
        write!(out, " ({})", texts.join("; "))
    }
}

fn text(count: u32, cause: Cause) -> String {
    let nodes = if count == 1 { "node" } else { "nodes" };
    match cause {
        Cause::NotAvailable => format!("{count} {nodes} not available for new tasks"),
        Cause::Resources => format!("insufficient resources on {count} {nodes}"),
        Cause::HostPort => format!("host-mode port already in use on {count} {nodes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_common_cause_comes_first() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.to_string(), "no suitable node");
        refusals.add(Cause::NotAvailable);
        refusals.add(Cause::Resources);
        refusals.add(Cause::Resources);
        let text = "no suitable node (insufficient resources on 2 nodes; 1 node not available for new tasks)";
        assert_eq!(refusals.to_string(), text);
    }
}
