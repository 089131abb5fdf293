//! Nodes.

use skep_model::{Change, Node, NodeSpec, Transaction};

use super::{ControlApi, ControlError};

impl ControlApi {
    /// Replaces a node's labels and availability. `version` is the one that was read.
    ///
    /// # Errors
    /// When there is no such node, somebody changed it meanwhile, or another role is asked for (which this version cannot do).
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
                if spec.role != node.spec.role {
                    return Err(ControlError::Precondition("a node's role cannot be changed yet".into()));
                }
                let next = Node { spec: spec.clone(), ..Node::clone(node) };
                Ok((Transaction { changes: vec![Change::Update(next.into())] }, ()))
            })
            .await
    }
}
