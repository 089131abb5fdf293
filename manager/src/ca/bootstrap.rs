use skep_identity::{
    Authority, IdentityError, KeyEncryptionKey, NodeIdentity, join_tokens, key_digest, new_root,
};
use skep_model::{
    Change, Cluster, ClusterId, ClusterSpec, JoinTokens, ManagerStatus, Meta, Network, NetworkId,
    NetworkSpec, Node, NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, RootCa, Subnet,
    Transaction, UnlockKey, limits,
};
use skep_runtime::Env;

/// The node that initialises a swarm.
#[derive(Clone, Debug)]
pub struct FirstNode {
    /// What it says of itself.
    pub description: NodeDescription,
    /// Whether it takes tasks, and its labels.
    pub spec: NodeSpec,
    /// Where other members will reach it, `address:port`.
    pub address: String,
}

/// A swarm that is about to be: who its first node is, and the transaction that is the first in its log.
#[derive(Debug)]
pub struct NewSwarm {
    /// The swarm.
    pub cluster: ClusterId,
    /// Its first node.
    pub node: NodeId,
    /// The first node's id in Raft.
    pub raft_id: u64,
    /// The first node's certificate.
    pub identity: NodeIdentity,
    /// What unlocks its managers; empty when they are not locked.
    pub unlock_key: UnlockKey,
    /// Makes the cluster, the node, and the ingress network.
    pub transaction: Transaction,
}

/// Makes the root, the tokens, the first node's certificate, and the first objects.
///
/// # Errors
/// When keys or certificates cannot be made.
pub fn new_swarm(env: &Env, first: FirstNode, spec: ClusterSpec) -> Result<NewSwarm, IdentityError> {
    let random = env.random();
    let (cluster, node) = (ClusterId::new(random.id()), NodeId::new(random.id()));
    let root_ca = new_root(env.now())?;
    let (key_pem, request) = NodeIdentity::request()?;
    let who = (cluster, node, NodeRole::Manager);
    let certificate_pem =
        Authority::open(&root_ca)?.sign(&request, who, env.now(), spec.node_certificate_validity)?;
    let identity = NodeIdentity { certificate_pem, key_pem, root_pem: root_ca.certificate_pem.clone() };
    let secret = || u128::from_le_bytes(random.bytes());
    let join_tokens = join_tokens(&root_ca.certificate_pem, secret(), secret())?;
    let unlock_key = match spec.autolock {
        true => KeyEncryptionKey::new(random.bytes()).unlock_key(),
        false => UnlockKey::default(),
    };
    let raft_id = random.number();
    let ingress = ingress_network(NetworkId::new(random.id()), &spec);
    let objects = [
        Cluster { unlock_key: unlock_key.clone(), ..first_cluster(cluster, spec, root_ca, join_tokens) }
            .into(),
        first_node(node, raft_id, key_digest(&request)?, first).into(),
        ingress.into(),
    ];
    let transaction = Transaction { changes: objects.map(Change::Create).into() };
    Ok(NewSwarm { cluster, node, raft_id, identity, unlock_key, transaction })
}

fn first_cluster(id: ClusterId, spec: ClusterSpec, root_ca: RootCa, join_tokens: JoinTokens) -> Cluster {
    Cluster {
        id,
        meta: Meta::default(),
        spec,
        root_ca,
        root_rotation: None,
        cross_certificates: Vec::new(),
        join_tokens,
        epoch: 0,
        unlock_key: UnlockKey::default(),
    }
}

fn first_node(id: NodeId, raft_id: u64, key_digest: String, first: FirstNode) -> Node {
    Node {
        id,
        meta: Meta::default(),
        spec: NodeSpec { role: NodeRole::Manager, ..first.spec },
        role: NodeRole::Manager,
        description: first.description,
        status: NodeStatus { state: NodeState::Unknown, ..NodeStatus::default() },
        manager: Some(ManagerStatus { raft_id, address: first.address }),
        key_digest,
        certificate: None,
        number: 0,
    }
}

/// The ingress network takes the first addresses of the first pool, as Swarm's; more of them, since every published task and
/// every task without a network has one there: with Swarm's 254 the whole swarm could run no more.
fn ingress_network(id: NetworkId, spec: &ClusterSpec) -> Network {
    let subnet = spec.address_pools.first().map(|&pool| ingress_subnet(pool, spec.subnet_prefix_bits));
    let spec = NetworkSpec { name: limits::INGRESS_NAME.into(), ingress: true, ..NetworkSpec::default() };
    Network { id, meta: Meta::default(), spec, subnet, subnet6: None, address_cursor: 0, removing: false }
}

/// At most a quarter of the pool: other networks need addresses, too.
fn ingress_subnet(pool: Subnet, subnet_prefix_bits: u8) -> Subnet {
    let widest = limits::INGRESS_PREFIX_BITS.max(pool.prefix_bits + 2);
    Subnet { address: pool.address, prefix_bits: subnet_prefix_bits.min(widest).max(pool.prefix_bits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ingress_network_leaves_room_for_others() {
        for (pool, bits, wanted) in [
            ("10.0.0.0/8", 24, "10.0.0.0/16"),
            ("10.10.0.0/16", 24, "10.10.0.0/18"),
            ("10.10.0.0/24", 26, "10.10.0.0/26"),
            ("10.0.0.0/8", 12, "10.0.0.0/12"),
            ("10.0.0.0/28", 29, "10.0.0.0/29"),
        ] {
            let subnet = ingress_subnet(pool.parse().unwrap(), bits);
            assert_eq!(subnet.to_string(), wanted);
        }
    }
}
