//! Nodes.

use skep_model::{Change, Node, NodeId, NodeRole, NodeSpec, NodeState, ObjectKey, Transaction};

use super::{ControlApi, ControlError, quorum_guard};

impl ControlApi {
    /// Replaces a node's labels, availability and role. `version` is the one that was read. A new role takes effect a
    /// little later: the node gets another certificate, and Raft another member.
    ///
    /// # Errors
    /// When there is no such node, somebody changed it meanwhile, or too few managers would be left.
    pub async fn update_node(
        &self,
        reference: &str,
        version: u64,
        spec: NodeSpec,
    ) -> Result<(), ControlError> {
        self.door
            .change(|view| {
                let node = view.find_node(reference)?;
                if version != node.meta.version {
                    return Err(ControlError::OutOfSequence);
                }
                if node.spec.role == NodeRole::Manager && spec.role == NodeRole::Worker {
                    quorum_guard::check(view, node.id)?;
                }
                let next = Node { spec: spec.clone(), ..Node::clone(node) };
                Ok((Transaction { changes: vec![Change::Update(next.into())] }, ()))
            })
            .await
    }

    /// Removes a node for ever: its certificate is worth nothing any more.
    ///
    /// # Errors
    /// When there is no such node, it is a manager, or it is not down and `force` is not given.
    pub async fn remove_node(&self, reference: &str, force: bool) -> Result<NodeId, ControlError> {
        self.door
            .change(|view| {
                let node = view.find_node(reference)?;
                if node.manager.is_some() || node.spec.role == NodeRole::Manager {
                    return Err(ControlError::Precondition(format!(
                        "node {} is a cluster manager and is a member of the raft cluster. It must be demoted to worker \
                         before removal",
                        node.id
                    )));
                }
                if !force && node.status.state == NodeState::Ready {
                    let text = format!(
                        "node {} is not down and can't be removed: let it leave first (\"skep swarm leave\" on it), or \
                         use --force",
                        node.id
                    );
                    return Err(ControlError::Precondition(text));
                }
                let change = Change::Remove { key: ObjectKey::Node(node.id), version: node.meta.version };
                Ok((Transaction { changes: vec![change] }, node.id))
            })
            .await
    }

    /// What it means for the swarm when this node leaves it; none when nothing is lost by it.
    pub fn leave_warning(&self, node: NodeId) -> Option<String> {
        quorum_guard::warning(&self.view(), node)
    }
}
