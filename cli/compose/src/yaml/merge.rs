use std::collections::BTreeSet;

use super::{Entry, Kind, Node};
use crate::problem::Finding;

/// Writes out every `<<`: a mapping takes the entries of the mappings that are named there, where it has none of its own.
pub(crate) fn apply_merges(node: &mut Node, findings: &mut Vec<Finding>) {
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::Sequence(items) => items.iter_mut().for_each(|item| apply_merges(item, findings)),
        Kind::Mapping(entries) => {
            for entry in entries.iter_mut() {
                apply_merges(&mut entry.value, findings);
            }
            if entries.iter().any(|entry| entry.key == "<<") {
                merge(entries, findings);
            }
        }
    }
}

fn merge(entries: &mut Vec<Entry>, findings: &mut Vec<Finding>) {
    let (merges, own): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(entries).into_iter().partition(|entry| entry.key == "<<");
    let mut seen: BTreeSet<String> = own.iter().map(|entry| entry.key.clone()).collect();
    *entries = own;
    for entry in merges {
        let sources = match entry.value.kind {
            Kind::Sequence(items) => items,
            kind => vec![Node { at: entry.value.at, kind }],
        };
        for source in sources {
            let Kind::Mapping(merged) = source.kind else {
                let message = format!("only mappings can be merged, this is {}", source.what());
                findings.push(Finding::new(source.at, "<<", message));
                continue;
            };
            for new in merged {
                if seen.insert(new.key.clone()) {
                    entries.push(new);
                }
            }
        }
    }
}
