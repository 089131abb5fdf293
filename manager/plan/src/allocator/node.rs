//! Numbers of nodes, by which they know each other in the tunnel between them.

use std::collections::BTreeSet;

use skep_model::limits::PEER_NUMBER_MAX;
use skep_model::{Change, Node, NodeId};
use skep_store::View;

use crate::reconciler::Plan;

pub(super) fn plan(view: &View, plan: &mut Plan) {
    let mut without = view.nodes().filter(|node| node.number == 0).peekable();
    if without.peek().is_none() {
        return;
    }
    let mut taken: BTreeSet<u16> = view.nodes().map(|node| node.number).collect();
    for node in without {
        // With none left, the node has no part in the networks between hosts.
        let Some(number) = free(node.id, &taken) else { return };
        taken.insert(number);
        plan.group([Change::Update(Node { number, ..Node::clone(node) }.into())]);
    }
}

/// A number that nobody has. The search starts where the id says: the number of a node that left is not the next to be given out,
/// while somebody may still send to it.
fn free(id: NodeId, taken: &BTreeSet<u16>) -> Option<u16> {
    let most = u128::from(PEER_NUMBER_MAX);
    let at = |step: u128| u16::try_from((id.value() % most + step) % most + 1).ok();
    (0..most).filter_map(at).find(|number| !taken.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_range_and_given_once() {
        let most = u128::from(PEER_NUMBER_MAX);
        let mut taken = BTreeSet::from([0]);
        assert_eq!(free(NodeId::new(most - 1), &taken), Some(PEER_NUMBER_MAX));
        taken.insert(PEER_NUMBER_MAX);
        assert_eq!(free(NodeId::new(most - 1), &taken), Some(1), "it goes round");
        assert_eq!(free(NodeId::new(most), &taken), Some(1));
        taken.extend(1..PEER_NUMBER_MAX);
        assert_eq!(free(NodeId::new(7), &taken), None);
    }
}
