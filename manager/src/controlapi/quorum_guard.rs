//! Keeps people from losing the majority of managers by a command.

use skep_model::{Node, NodeId, NodeRole, NodeState};
use skep_store::View;

use super::ControlError;

/// Refuses that a manager goes when the others that answer would be no majority of those that are left.
pub(super) fn check(view: &View, leaving: NodeId) -> Result<(), ControlError> {
    let others: Vec<_> = managers(view).filter(|node| node.id != leaving).collect();
    let ready = others.iter().filter(|node| node.status.state == NodeState::Ready).count();
    if others.is_empty() {
        let text = "attempting to demote the last manager of the swarm".to_owned();
        return Err(ControlError::Harmful(text));
    }
    if ready * 2 > others.len() {
        return Ok(());
    }
    let missing: Vec<String> = others.iter().filter_map(|node| not_ready(node)).collect();
    Err(ControlError::Harmful(format!(
        "can't remove member from the raft: this would result in a loss of quorum: of the {} managers that would be left, {} \
         not ready ({}). Bring them back or remove them first",
        others.len(),
        if missing.len() == 1 { "1 is".to_owned() } else { format!("{} are", missing.len()) },
        missing.join(", ")
    )))
}

/// What `swarm leave` on a manager means for the swarm, in Docker's words; none when the node is no manager.
pub(super) fn warning(view: &View, leaving: NodeId) -> Option<String> {
    let head = "You are attempting to leave the swarm on a node that is participating as a manager.";
    let all: Vec<_> = managers(view).collect();
    if !all.iter().any(|node| node.id == leaving) {
        return None;
    }
    if all.len() == 1 {
        return Some(format!(
            "{head} Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message."
        ));
    }
    let ready = all.iter().filter(|node| node.id != leaving && node.status.state == NodeState::Ready).count();
    let loss = if ready * 2 > all.len() - 1 {
        format!(
            "Demote it first (\"skep node demote\"), so that {} managers are left in good order.",
            all.len() - 1
        )
    } else {
        format!(
            "Leaving the swarm leaves {ready} managers out of {}, and so the swarm without a majority. The only way to \
             restore a swarm that has lost it is \"skep swarm init --force-new-cluster\".",
            all.len() - 1
        )
    };
    Some(format!("{head} {loss} Use `--force` to suppress this message."))
}

fn managers(view: &View) -> impl Iterator<Item = &std::sync::Arc<Node>> {
    view.nodes().filter(|node| node.manager.is_some() && node.spec.role == NodeRole::Manager)
}

fn not_ready(node: &Node) -> Option<String> {
    let state = node.status.state;
    (state != NodeState::Ready).then(|| format!("{} is {state}", node.description.hostname))
}
