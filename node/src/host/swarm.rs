use std::time::Duration;

use skep_api::{HostError, HostErrorKind, SwarmState};

use crate::member::Member;
use crate::node::{Node, Standing};

/// How long a read waits for a leader and a majority.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The node's place in a swarm.
pub(super) fn state(node: &Node) -> SwarmState {
    match node.standing() {
        Standing::Outside => SwarmState::Inactive,
        Standing::Starting(id) => SwarmState::Starting(id),
        Standing::Broken(id, reason) => SwarmState::Error(id, reason),
        Standing::Inside(_) => match node.member(member) {
            Some(member) => SwarmState::Member(Box::new(member)),
            None => SwarmState::Inactive,
        },
    }
}

fn member(member: &Member) -> skep_api::Member {
    let control = member.manager.control();
    let leadership = member.manager.quorum().leadership();
    let leads = |raft_id: u64| {
        let view = control.view();
        let leader =
            view.nodes().find(|node| node.manager.as_ref().is_some_and(|own| own.raft_id == raft_id));
        leader.map(|node| node.id)
    };
    skep_api::Member {
        node: member.node,
        address: member.membership.advertise.ip().to_string(),
        leader: leadership.leader.and_then(|leader| leads(leader.id)),
        control: Some(control),
    }
}

/// Waits until this manager knows everything that was acknowledged.
pub(super) async fn read_barrier(node: &Node) -> Result<(), HostError> {
    let Some(quorum) = node.member(|member| member.manager.quorum()) else {
        return Err(HostError::new(HostErrorKind::NotInSwarm, "This node is not part of a swarm"));
    };
    let read = quorum.read_barrier(READ_TIMEOUT).await;
    read.map_err(|error| HostError::new(HostErrorKind::Unavailable, error))
}
