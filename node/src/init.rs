//! Into a swarm.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use skep_api::{HostError, HostErrorKind};
use skep_engine::Engine;
use skep_manager::ca::{FirstNode, NewSwarm, new_swarm};
use skep_manager::{Manager, ManagerError};
use skep_model::{NodeRole, NodeSpec, NodeState};
use skep_rest::SwarmInit;

use crate::member::{Ground, Member, MemberError, start_manager};
use crate::membership::Membership;
use crate::node::{Node, Standing};
use crate::{address, leave};

/// How long the node may take to lead the swarm that it starts.
const LEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a swarm's start waits for the agent; it goes on without.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts a swarm with this node as its first manager; answers with the node's id.
pub(crate) async fn init(node: &Node, request: SwarmInit) -> Result<String, HostError> {
    let _alone = node.changing.lock().await;
    if !matches!(node.standing(), Standing::Outside) {
        return Err(HostError::new(
            HostErrorKind::NotInSwarm,
            "This node is already part of a swarm. Use \"skep swarm leave\" to leave this swarm and join another one.",
        ));
    }
    let (first, addresses) = first_node(node, &request)?;
    let spec = request.cluster_spec().map_err(invalid)?;
    let swarm = new_swarm(&node.env, first, spec).map_err(internal)?;
    let ids = (swarm.cluster, swarm.node, swarm.raft_id);
    let membership = Membership::new(ids, &swarm.identity, node.env.random().bytes(), addresses);

    // What a crashed init left is nobody's.
    remove_raft(&node.ground)?;
    let manager = bootstrapped(node, &membership, &swarm).await?;
    if let Err(error) = node.records.keep(&membership) {
        manager.stop().await;
        return Err(internal(error));
    }
    match join(node, membership, &swarm, manager).await {
        Ok(member) => {
            until_ready(node, &member).await;
            node.enter(member);
            Ok(swarm.node.to_string())
        }
        Err(error) => {
            // The swarm has no other member and runs nothing: nothing is lost with it.
            if let Err(left) = leave::finish(node).await {
                tracing::warn!(%left, "a swarm that could not be started was not removed");
            }
            Err(internal(error))
        }
    }
}

fn first_node(node: &Node, request: &SwarmInit) -> Result<(FirstNode, (SocketAddr, SocketAddr)), HostError> {
    request.supported().map_err(invalid)?;
    let host = address::of_host();
    let listen = address::listen(&request.listen_addr, &host).map_err(invalid)?;
    let advertise = address::advertise(&request.advertise_addr, listen, &host).map_err(invalid)?;
    let spec = NodeSpec {
        role: NodeRole::Manager,
        availability: request.availability().map_err(invalid)?,
        ..NodeSpec::default()
    };
    let description = node.facts.description(node.ground.engine.labels.clone());
    Ok((FirstNode { description, spec, address: advertise.to_string() }, (listen, advertise)))
}

async fn bootstrapped(node: &Node, membership: &Membership, swarm: &NewSwarm) -> Result<Manager, HostError> {
    let refused = |error: ManagerError| {
        let kind = match error {
            ManagerError::Listen { .. } => HostErrorKind::Invalid,
            _ => HostErrorKind::Internal,
        };
        HostError::new(kind, error)
    };
    let started = start_manager(&node.env, swarm.cluster, membership, &node.ground.raft).await;
    let manager = started.map_err(refused)?;
    let address = membership.advertise.to_string();
    if let Err(error) = manager.bootstrap(&address, swarm.transaction.clone()).await {
        manager.stop().await;
        return Err(refused(error));
    }
    Ok(manager)
}

async fn join(
    node: &Node,
    membership: Membership,
    swarm: &NewSwarm,
    manager: Manager,
) -> Result<Member, MemberError> {
    let engine = match Engine::open(node.ground.engine.clone()).await {
        Ok(engine) => engine,
        Err(error) => {
            manager.stop().await;
            return Err(error.into());
        }
    };
    if let Err(error) = manager.quorum().read_barrier(LEAD_TIMEOUT).await {
        tracing::warn!(%error, "the new swarm has no leader yet");
    }
    Member::join(&node.ground, membership, swarm.node, engine, manager)
}

/// Waits until the manager has heard of its own agent, so that `node ls` shows the new node as it is.
async fn until_ready(node: &Node, member: &Member) {
    let (control, own) = (member.manager.control(), member.node);
    let is_ready =
        |_: &u64| control.view().node(own).is_some_and(|node| node.status.state == NodeState::Ready);
    if node.env.timeout(READY_TIMEOUT, control.store().version().wait_for(is_ready)).await.is_err() {
        tracing::warn!("this node's agent has not reached its manager yet");
    }
}

/// Removes every log and snapshot of former swarms.
pub(crate) fn remove_raft(ground: &Ground) -> Result<(), HostError> {
    match fs::remove_dir_all(&ground.raft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(internal(format!("remove {}: {error}", ground.raft.display())))
        }
        _ => fs::create_dir_all(&ground.raft)
            .map_err(|error| internal(format!("create {}: {error}", ground.raft.display()))),
    }
}

fn invalid(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Invalid, error)
}

fn internal(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Internal, error)
}
