use std::time::Duration;

use skep_identity::{Authority, key_digest};
use skep_model::{
    CertIssuer, Change, Cluster, ClusterId, ManagerStatus, Meta, Node, NodeCertificate, NodeId, NodeRole,
    NodeSpec, NodeState, NodeStatus, Transaction,
};
use skep_runtime::Env;
use skep_store::{Door, View};
use skep_wire::Certified;
use subtle::ConstantTimeEq;

use super::error::CaError;
use super::joiner::Joiner;
use super::renewal::Renewal;
use crate::dispatcher::attachments::gone;
use crate::quorum::Quorum;

/// How long it may take to know what was decided.
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// Signs certificates, at any manager.
#[derive(Clone, Debug)]
pub struct Ca {
    env: Env,
    door: Door,
    quorum: Quorum,
}

impl Ca {
    /// An authority that takes note through this door.
    pub(crate) fn new(env: Env, door: Door, quorum: Quorum) -> Self {
        Self { env, door, quorum }
    }

    /// A manager that was removed, or cut off, must not say what a node is.
    async fn up_to_date(&self) -> Result<(), CaError> {
        self.quorum.read_barrier(READ_TIMEOUT).await.map_err(|_| CaError::NotReady)
    }

    /// The root certificates, PEM.
    ///
    /// # Errors
    /// When this manager knows no swarm yet.
    pub fn root_pem(&self) -> Result<String, CaError> {
        self.door
            .view()
            .cluster()
            .map(|cluster| cluster.root_ca.certificate_pem.clone())
            .ok_or(CaError::NotReady)
    }

    /// Lets a node in. The same key again gives the same node, so a joiner that heard no answer may ask again.
    ///
    /// # Errors
    /// When the token is wrong, the request is none, a new manager is not reached where it says, or the swarm cannot take note.
    pub async fn join(&self, joiner: Joiner) -> Result<(ClusterId, NodeId, Certified), CaError> {
        let digest = key_digest(&joiner.request)?;
        self.up_to_date().await?;
        let bearer = self.door.view().cluster().map(|cluster| role_of_token(cluster, &joiner.token));
        if bearer == Some(Some(NodeRole::Manager)) {
            joiner.reached(&self.env).await?;
        }
        let random = self.env.random();
        let (id, raft_id) = (NodeId::new(random.id()), random.number());
        let node = self
            .door
            .change(|view| {
                let cluster = view.cluster().ok_or(CaError::NotReady)?;
                let role = role_of_token(cluster, &joiner.token).ok_or(CaError::Token)?;
                if let Some(known) = view.nodes().find(|node| node.key_digest == digest) {
                    return Ok((Transaction::default(), Node::clone(known)));
                }
                let node = new_node(id, role, raft_id, digest.clone(), &joiner);
                Ok((Transaction { changes: vec![Change::Create(node.clone().into())] }, node))
            })
            .await
            .map_err(|error: CaError| error)?;
        tracing::info!(node = %node.id, role = %node.role, address = joiner.address, "a node joined");
        let (cluster, certified) = self.certify(&node, &joiner.request)?;
        Ok((cluster, node.id, certified))
    }

    /// A new certificate for a member, for the role that the swarm wants it to have; one that lost its disk becomes another
    /// member of Raft.
    ///
    /// # Errors
    /// When it is no member, has another key, or the swarm cannot take note.
    pub async fn renew(&self, id: NodeId, request: &[u8], renewal: &Renewal) -> Result<Certified, CaError> {
        let digest = key_digest(request)?;
        self.up_to_date().await?;
        let raft_id = self.env.random().number();
        let node = self
            .door
            .change(|view| -> Result<_, CaError> {
                let known = view.node(id).ok_or(CaError::UnknownNode(id))?;
                check_key(known, &digest)?;
                let node = renewed(known, raft_id, renewal);
                let changes =
                    if node == **known { Vec::new() } else { vec![Change::Update(node.clone().into())] };
                Ok((Transaction { changes }, node))
            })
            .await?;
        tracing::info!(node = %id, role = %node.role, "a certificate is renewed");
        Ok(self.certify(&node, request)?.1)
    }

    /// A member uses this certificate and trusts this root.
    ///
    /// # Errors
    /// When it is no member, or the swarm cannot take note.
    pub async fn report(&self, id: NodeId, reported: NodeCertificate) -> Result<(), CaError> {
        self.door
            .change(|view| {
                let cluster = view.cluster().ok_or(CaError::NotReady)?;
                let known = view.node(id).ok_or(CaError::UnknownNode(id))?;
                let certificate = noted(known, &reported, &cluster.issuing_root().issuer);
                let node = Node { certificate: Some(certificate), ..Node::clone(known) };
                let changes = if node == **known { Vec::new() } else { vec![Change::Update(node.into())] };
                Ok((Transaction { changes }, ()))
            })
            .await
    }

    /// A member leaves: it gets no tasks any more, and a manager has no vote any more.
    ///
    /// # Errors
    /// When the swarm cannot take note.
    pub async fn leave(&self, id: NodeId) -> Result<(), CaError> {
        let now = self.env.now();
        self.door
            .change(|view| {
                let Some(known) = view.node(id) else { return Ok((Transaction::default(), ())) };
                let mut node = Node::clone(known).into_worker();
                let message = "the node left the swarm".to_owned();
                node.status = NodeStatus { state: NodeState::Down, message, since: now, ..node.status };
                // Its containers go with it.
                let mut changes = gone(view, view.node_attachments(id).map(|own| own.id));
                changes.push(Change::Update(node.into()));
                Ok((Transaction { changes }, ()))
            })
            .await
    }

    fn certify(&self, node: &Node, request: &[u8]) -> Result<(ClusterId, Certified), CaError> {
        let view = self.door.view();
        let cluster = view.cluster().ok_or(CaError::NotReady)?;
        let who = (cluster.id, node.id, node.role);
        let (now, valid) = (self.env.now(), cluster.spec.node_certificate_validity);
        let certified = Certified {
            role: node.role,
            certificate_pem: Authority::of(cluster)?.sign(request, who, now, valid)?,
            root_pem: cluster.root_ca.certificate_pem.clone(),
            raft_id: node.manager.as_ref().map(|manager| manager.raft_id),
            managers: manager_addresses(&view),
            at: now,
            epoch: cluster.epoch,
        };
        Ok((cluster.id, certified))
    }
}

/// Where managers are reached.
pub(crate) fn manager_addresses(view: &View) -> Vec<String> {
    view.nodes().filter_map(|node| Some(node.manager.as_ref()?.address.clone())).collect()
}

/// What a token lets its bearer become. Compared in constant time: how far a guess was right must not show.
fn role_of_token(cluster: &Cluster, token: &str) -> Option<NodeRole> {
    let tokens = &cluster.join_tokens;
    let fits = |own: &str| bool::from(own.as_bytes().ct_eq(token.as_bytes()));
    match (fits(&tokens.manager), fits(&tokens.worker)) {
        (true, _) => Some(NodeRole::Manager),
        (false, true) => Some(NodeRole::Worker),
        (false, false) => None,
    }
}

fn new_node(id: NodeId, role: NodeRole, raft_id: u64, key_digest: String, joiner: &Joiner) -> Node {
    let address = joiner.address.clone();
    Node {
        id,
        meta: Meta::default(),
        spec: NodeSpec { role, availability: joiner.availability, ..NodeSpec::default() },
        role,
        description: joiner.description.clone(),
        status: NodeStatus { state: NodeState::Unknown, ..NodeStatus::default() },
        manager: (role == NodeRole::Manager).then_some(ManagerStatus { raft_id, address }),
        key_digest,
        certificate: None,
        number: 0,
    }
}

/// What is kept of a report: a node that was asked for a certificate of another root is asked until it has one.
fn noted(known: &Node, reported: &NodeCertificate, wanted: &CertIssuer) -> NodeCertificate {
    let asked = known.certificate.as_ref().and_then(|known| known.renewal_asked_at);
    let renewal_asked_at = asked.filter(|_| !reported.is_of(wanted));
    NodeCertificate { renewal_asked_at, ..reported.clone() }
}

/// A node is who has its key: one whose certificate has ended shows nothing else. A record without a key is nobody's.
fn check_key(known: &Node, digest: &str) -> Result<(), CaError> {
    if known.key_digest == digest { Ok(()) } else { Err(CaError::OtherKey(known.id)) }
}

/// The node after its renewal: promoted if that is wanted. Demotion is the leader's to do, in Raft first. The leader takes a
/// member of Raft that is lost out when the new one has its vote.
fn renewed(known: &Node, raft_id: u64, renewal: &Renewal) -> Node {
    let mut node = known.clone();
    let address = renewal.address.clone();
    match &mut node.manager {
        Some(manager) => {
            if !address.is_empty() {
                manager.address = address;
            }
            if renewal.lost_raft_id == Some(manager.raft_id) {
                manager.raft_id = raft_id;
            }
        }
        None if node.spec.role == NodeRole::Manager => {
            node.role = NodeRole::Manager;
            node.manager = Some(ManagerStatus { raft_id, address });
        }
        None => {}
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{Availability, NodeDescription};

    fn manager() -> Node {
        let joiner = Joiner {
            token: String::new(),
            request: Vec::new(),
            description: NodeDescription::default(),
            availability: Availability::Active,
            address: "10.0.0.2:2377".into(),
        };
        new_node(NodeId::new(1), NodeRole::Manager, 2, String::new(), &joiner)
    }

    #[test]
    fn a_manager_that_lost_its_disk_is_another_member_of_raft() {
        let known = manager();
        let renew = |lost_raft_id| {
            let renewal = Renewal { address: String::new(), lost_raft_id };
            renewed(&known, 9, &renewal).manager.map(|manager| manager.raft_id)
        };
        assert_eq!(renew(None), Some(2), "a plain renewal changes nothing");
        assert_eq!(renew(Some(2)), Some(9));
        assert_eq!(renew(Some(7)), Some(2), "asked again after it was done");
    }

    #[test]
    fn only_who_has_the_key_is_the_node() {
        let node = |digest: &str| Node { key_digest: digest.into(), ..manager() };
        assert!(check_key(&node("aa"), "aa").is_ok());
        for recorded in ["bb", ""] {
            let refused = check_key(&node(recorded), "aa");
            assert!(matches!(refused, Err(CaError::OtherKey(_))), "recorded: '{recorded}'");
        }
    }
}
