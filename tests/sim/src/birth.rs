//! How the simulated swarm begins.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    CertIssuer, Change, Cluster, ClusterSpec, JoinTokens, ManagerStatus, Meta, Network, NetworkId,
    NetworkSpec, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeStatus, RootCa, Subnet, Transaction,
    limits,
};

use crate::agents;
use crate::managers::{self, CLUSTER};
use crate::membership::node_id;
use crate::site::Site;
use crate::world::World;

/// How long is waited between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Where a manager says that it is.
pub(crate) fn address(index: usize) -> String {
    format!("{}:2377", manager_host(index))
}

/// Where a manager calls from.
pub(crate) fn manager_host(index: usize) -> String {
    format!("10.0.0.{}", index + 1)
}

/// Which of so many managers says that it is there.
pub(crate) fn manager_at(address: &str, count: usize) -> Option<Site> {
    (0..count).find(|index| self::address(*index) == address).map(Site::Manager)
}

/// Where an agent calls from.
pub(crate) fn agent_host(agent: usize) -> String {
    format!("10.0.1.{agent}")
}

/// Starts all nodes and makes them one swarm.
pub(crate) async fn begin(world: &Arc<World>) -> Result<(), String> {
    for index in 0..world.managers.count() {
        managers::start(world, index);
    }
    let (life, first) = wait(|| world.managers.running(Site::Manager(0), None)).await?;
    let transaction = first_transaction(world);
    let bootstrap = life.spawn(async move { first.bootstrap(&address(0), transaction).await });
    let done = bootstrap.await.map_err(|error| error.to_string())?;
    done.map_err(|error| error.to_string())?;
    let voters = || {
        let members = world.managers.leader()?.core.metrics().members;
        let voters = members.values().filter(|member| member.voter).count();
        (voters == world.managers.count()).then_some(())
    };
    wait(voters).await?;
    for index in 0..world.agents.count() {
        agents::start(world, index);
    }
    Ok(())
}

async fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Result<T, String> {
    for _ in 0..400 {
        if let Some(found) = look() {
            return Ok(found);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("the swarm does not begin".to_owned())
}

fn first_transaction(world: &World) -> Transaction {
    let root_ca =
        RootCa { certificate_pem: String::new(), key_pem: String::new(), issuer: CertIssuer::default() };
    let join_tokens = JoinTokens::default();
    let spec = ClusterSpec::default();
    let unlock_key = skep_model::UnlockKey::default();
    let cluster = Cluster {
        id: CLUSTER,
        meta: Meta::default(),
        spec,
        root_ca,
        root_rotation: None,
        cross_certificates: Vec::new(),
        join_tokens,
        epoch: 0,
        unlock_key,
    };
    let mut changes = vec![Change::Create(cluster.into()), Change::Create(ingress().into())];
    for index in 0..world.managers.count() {
        changes.push(Change::Create(manager(world, index).into()));
    }
    for index in 0..world.agents.count() {
        changes.push(Change::Create(node(world.agents.node(index), NodeRole::Worker).into()));
    }
    Transaction { changes }
}

fn manager(world: &World, index: usize) -> Node {
    let status = ManagerStatus { raft_id: world.managers.raft_id(index), address: address(index) };
    Node { manager: Some(status), ..node(node_id(index), NodeRole::Manager) }
}

fn node(id: NodeId, role: NodeRole) -> Node {
    Node {
        id,
        meta: Meta::default(),
        spec: NodeSpec { role, ..NodeSpec::default() },
        role,
        description: NodeDescription::default(),
        status: NodeStatus::default(),
        manager: None,
        key_digest: String::new(),
        certificate: None,
        number: 0,
    }
}

fn ingress() -> Network {
    let spec = NetworkSpec { name: "ingress".into(), ingress: true, ..NetworkSpec::default() };
    let pool = limits::ADDRESS_POOL_DEFAULT;
    let subnet = Subnet { address: pool.address, prefix_bits: limits::SUBNET_PREFIX_BITS_DEFAULT };
    let id = NetworkId::new(0xC000);
    Network {
        id,
        meta: Meta::default(),
        spec,
        subnet: Some(subnet),
        subnet6: None,
        address_cursor: 0,
        removing: false,
    }
}
