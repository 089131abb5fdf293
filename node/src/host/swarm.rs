use std::net::IpAddr;
use std::time::Duration;

use skep_api::{HostError, HostErrorKind, SwarmState};
use skep_manager::{Manager, ReadError};
use skep_model::NodeId;

use crate::member::Member;
use crate::node::{Node, Standing};

/// How long a read waits for a leader and a majority.
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// The node's place in a swarm.
pub(super) fn state(node: &Node) -> SwarmState {
    match node.standing() {
        Standing::Outside => SwarmState::Inactive,
        Standing::Starting(id) => SwarmState::Starting(id),
        Standing::Locked(..) => SwarmState::Locked,
        Standing::Broken(id, reason) => SwarmState::Error(id, reason),
        Standing::Inside(_) => match node.member(member) {
            Some(member) => SwarmState::Member(Box::new(member)),
            None => SwarmState::Inactive,
        },
    }
}

fn member(member: &Member) -> skep_api::Member {
    let manager = member.manager.as_ref();
    skep_api::Member {
        node: member.node,
        address: member.membership.advertise.ip().to_string(),
        data_path: member.data_path.map_or_else(|| member.membership.advertise.ip(), IpAddr::V4).to_string(),
        managers: member.managers.get(),
        leader: manager.and_then(leader),
        voters: manager.map(|manager| manager.quorum().voters()).unwrap_or_default(),
        control: manager.map(Manager::control),
    }
}

fn leader(manager: &Manager) -> Option<NodeId> {
    let leader = manager.quorum().leadership().leader?.id;
    manager.control().view().member(leader).map(|node| node.id)
}

/// Waits until this manager knows everything that was acknowledged.
pub(super) async fn read_barrier(node: &Node) -> Result<(), HostError> {
    let quorum = node.member(|member| member.manager.as_ref().map(Manager::quorum)).flatten();
    let Some(quorum) = quorum else {
        return Err(HostError::new(HostErrorKind::NotInSwarm, "This node is not a manager of a swarm"));
    };
    match quorum.read_barrier(READ_TIMEOUT).await {
        Ok(()) => Ok(()),
        Err(ReadError::NoQuorum | ReadError::NotLeader { .. }) => {
            Err(HostError::new(HostErrorKind::Unavailable, quorum.loss().await))
        }
        Err(error) => Err(HostError::new(HostErrorKind::Unavailable, error)),
    }
}
