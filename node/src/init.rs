//! Into a swarm.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use skep_api::{HostError, HostErrorKind};
use skep_engine::Engine;
use skep_identity::{KeyEncryptionKey, LiveIdentity};
use skep_manager::ca::{FirstNode, NewSwarm, new_swarm};
use skep_manager::{Certified, Manager, ManagerError};
use skep_model::{NodeRole, NodeSpec, validate_cluster};
use skep_rest::SwarmInit;

use crate::keys::Secrets;
use crate::member::{Ground, Member, MemberError, start_manager};
use crate::membership::Membership;
use crate::node::{Node, Standing};
use crate::{address, join, leave, recover};

/// How long the node may take to lead the swarm that it starts.
const LEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// Starts a swarm with this node as its first manager; answers with the node's id.
pub(crate) async fn init(node: &Node, request: SwarmInit) -> Result<String, HostError> {
    if request.force_new_cluster {
        return recover::force_new_cluster(node, &request).await;
    }
    let _alone = node.changing.lock().await;
    if !matches!(node.standing(), Standing::Outside) {
        return Err(already_member());
    }
    let (first, addresses) = first_node(node, &request)?;
    let spec = request.cluster_spec().map_err(invalid)?;
    validate_cluster(&spec).map_err(invalid)?;
    let swarm = new_swarm(&node.env, first, spec).map_err(internal)?;
    let mut membership = membership(node, &swarm, addresses).with_data_path(&request.data_path_addr);
    keep_keys(node, &swarm)?;
    let identity = LiveIdentity::new(swarm.identity.clone()).map_err(internal)?;

    // What a crashed init left is nobody's.
    remove_raft(&node.ground)?;
    let manager = bootstrapped(node, &membership, &swarm, &identity).await?;
    membership.begun = true;
    if let Err(error) = node.records.keep(&membership) {
        manager.stop().await;
        return Err(internal(error));
    }
    match assemble(node, membership, &swarm, (identity, manager)).await {
        Ok(member) => {
            node.enter(member);
            join::until_ready(node).await;
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
    let data_path = address::data_path(&request.data_path_addr, &host).map_err(invalid)?;
    let description = node.facts.description(node.ground.engine.labels.clone(), data_path);
    Ok((FirstNode { description, spec, address: advertise.to_string() }, (listen, advertise)))
}

fn membership(node: &Node, swarm: &NewSwarm, addresses: (SocketAddr, SocketAddr)) -> Membership {
    let certified = Certified {
        role: NodeRole::Manager,
        certificate_pem: swarm.identity.certificate_pem.clone(),
        root_pem: swarm.identity.root_pem.clone(),
        raft_id: Some(swarm.raft_id),
        managers: vec![addresses.1.to_string()],
        at: node.env.now(),
        epoch: 0,
    };
    Membership::new((swarm.cluster, swarm.node), certified, addresses)
}

/// Of a swarm that is locked from its start, no key is ever in the clear on the disk.
fn keep_keys(node: &Node, swarm: &NewSwarm) -> Result<(), HostError> {
    let lock = match swarm.unlock_key.0.as_str() {
        "" => None,
        _ => Some(KeyEncryptionKey::parse(&swarm.unlock_key).map_err(internal)?),
    };
    let secrets = Secrets::new(swarm.identity.key_pem.clone(), node.env.random().bytes());
    node.ground.keys.create(secrets, lock).map_err(internal)
}

async fn bootstrapped(
    node: &Node,
    membership: &Membership,
    swarm: &NewSwarm,
    identity: &LiveIdentity,
) -> Result<Manager, HostError> {
    let refused = |error: MemberError| {
        let kind = match error {
            MemberError::Manager(ManagerError::Listen { .. }) => HostErrorKind::Invalid,
            _ => HostErrorKind::Internal,
        };
        HostError::new(kind, error)
    };
    let started = start_manager(&node.env, swarm.cluster, membership, identity, &node.ground).await;
    let manager = started.map_err(refused)?;
    let address = membership.advertise.to_string();
    if let Err(error) = manager.bootstrap(&address, swarm.transaction.clone()).await {
        manager.stop().await;
        return Err(refused(error.into()));
    }
    Ok(manager)
}

async fn assemble(
    node: &Node,
    membership: Membership,
    swarm: &NewSwarm,
    (identity, manager): (LiveIdentity, Manager),
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
    let ids = (swarm.cluster, swarm.node);
    Member::assemble(&node.ground, membership, ids, (engine, identity, Some(manager)))
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

/// A node is in one swarm at a time.
pub(crate) fn already_member() -> HostError {
    HostError::new(
        HostErrorKind::NotInSwarm,
        "This node is already part of a swarm. Use \"skep swarm leave\" to leave this swarm and join another one.",
    )
}

pub(crate) fn invalid(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Invalid, error)
}

pub(crate) fn internal(error: impl std::fmt::Display) -> HostError {
    HostError::new(HostErrorKind::Internal, error)
}
