use skep_api::{HostError, HostErrorKind};
use skep_manager::relay::{RelayCallError, call};
use skep_model::{CallPiece, NodeCall, NodeId};
use skep_runtime::Line;

use crate::node::Node;

/// Asks another node through the leader.
pub(super) async fn ask(own: &Node, node: NodeId, what: NodeCall) -> Result<Line<CallPiece>, HostError> {
    let member = own.member(|member| (member.identity.clone(), member.managers.get()));
    let Some((identity, managers)) = member else {
        return Err(HostError::new(HostErrorKind::NotInSwarm, "this node is in no swarm"));
    };
    call(&own.env, &identity, &managers, node, &what).await.map_err(refused)
}

fn refused(error: RelayCallError) -> HostError {
    let kind = match error {
        RelayCallError::Refused { missing: true, .. } => HostErrorKind::NotFound,
        RelayCallError::Refused { missing: false, .. } => HostErrorKind::Internal,
        RelayCallError::NoManager(_) | RelayCallError::Silent => HostErrorKind::Unavailable,
    };
    HostError::new(kind, error)
}
