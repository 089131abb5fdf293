use skep_model::{Change, Cluster, Kind, Node, NodeCertificate, Timestamp, limits};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};

/// Brings every node a certificate of the root that signs now, and ends a rotation of the root when that is done. Which nodes
/// have one, and which were asked, stands in the store: another leader goes on where the former one was.
#[derive(Clone, Copy, Debug)]
pub struct RootRotations;

impl Reconciler for RootRotations {
    fn name(&self) -> &'static str {
        "root rotation"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Cluster, Kind::Node]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let Some(cluster) = view.cluster() else { return plan };
        if cluster.root_rotation.is_some() && may_end(view, cluster) {
            plan.group([Change::Update(Cluster::clone(cluster).root_rotated().into())]);
        } else if !cluster.issuing_root().issuer.public_key.is_empty() {
            ask(view, cluster, now, &mut plan);
        }
        plan
    }
}

/// Whether the new root can be trusted alone: every node that may be there uses a certificate of it. One that is down comes back
/// by its key. But most managers must have it, whether or not their agents are there: managers that trust the new root alone do
/// not listen to those without, and without a majority nobody could renew anything.
fn may_end(view: &View, cluster: &Cluster) -> bool {
    let issuer = &cluster.issuing_root().issuer;
    let renewed = |node: &Node| node.certificate.as_ref().is_some_and(|own| own.is_of(issuer));
    let managers = || view.nodes().filter(|node| node.manager.is_some());
    view.nodes().filter(|node| node.may_be_there()).all(|node| renewed(node))
        && managers().filter(|node| renewed(node)).count() * 2 > managers().count()
}

/// Asks the next nodes that use a certificate of another root; not all at once, since each asks a manager for one.
fn ask(view: &View, cluster: &Cluster, now: Timestamp, plan: &mut Plan) {
    let issuer = &cluster.issuing_root().issuer;
    let behind =
        |node: &&std::sync::Arc<Node>| node.certificate.as_ref().is_some_and(|own| !own.is_of(issuer));
    let (mut asked, mut waiting) = (Vec::new(), Vec::new());
    for node in view.nodes().filter(|node| node.may_be_there()).filter(behind) {
        match node.certificate.as_ref().and_then(|own| own.renewal_asked_at) {
            Some(at) => asked.push(at.plus(limits::RENEWAL_PERIOD)),
            None => waiting.push(node),
        }
    }
    asked.retain(|end| *end > now);
    let free = limits::RENEWALS_AT_A_TIME.saturating_sub(asked.len());
    if waiting.len() > free
        && let Some(end) = asked.into_iter().min().or(Some(now.plus(limits::RENEWAL_PERIOD)))
    {
        plan.wake(end);
    }
    for node in waiting.into_iter().take(free) {
        plan.group([Change::Update(asked_node(node, now).into())]);
    }
}

fn asked_node(node: &Node, now: Timestamp) -> Node {
    let own = node.certificate.clone().unwrap_or_default();
    Node { certificate: Some(NodeCertificate { renewal_asked_at: Some(now), ..own }), ..node.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{
        CertIssuer, ClusterId, ClusterSpec, JoinTokens, ManagerStatus, Meta, NodeDescription, NodeId,
        NodeRole, NodeSpec, NodeState, NodeStatus, RootCa, RootRotation, Transaction,
    };
    use skep_store::{Scratch, Store};

    const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000_000);

    fn root(name: u8) -> RootCa {
        let issuer = CertIssuer { subject: vec![0], public_key: vec![name] };
        RootCa { certificate_pem: format!("root {name}"), key_pem: String::new(), issuer }
    }

    fn rotation(name: u8) -> Option<RootRotation> {
        let tokens = JoinTokens { worker: format!("worker {name}"), manager: format!("manager {name}") };
        Some(RootRotation {
            root_ca: root(name),
            cross_certificate_pem: format!("cross {name}"),
            join_tokens: tokens,
        })
    }

    fn cluster(present: u8, next: Option<RootRotation>) -> Cluster {
        Cluster {
            id: ClusterId::new(1),
            meta: Meta::default(),
            spec: ClusterSpec::default(),
            root_ca: root(present),
            root_rotation: next,
            cross_certificates: Vec::new(),
            join_tokens: JoinTokens::default(),
            epoch: 0,
            unlock_key: skep_model::UnlockKey::default(),
        }
    }

    fn node(id: u128, issuer: u8, state: NodeState) -> Node {
        let certificate = NodeCertificate { issuer: root(issuer).issuer, ..NodeCertificate::default() };
        Node {
            id: NodeId::new(id),
            meta: Meta::default(),
            spec: NodeSpec::default(),
            role: NodeRole::Worker,
            description: NodeDescription::default(),
            status: NodeStatus { state, ..NodeStatus::default() },
            manager: None,
            key_digest: String::new(),
            certificate: Some(certificate),
            number: 0,
        }
    }

    fn manager(id: u128, issuer: u8, state: NodeState) -> Node {
        let status = ManagerStatus { raft_id: 1, address: String::new() };
        Node { manager: Some(status), ..node(id, issuer, state) }
    }

    fn view(cluster: Cluster, nodes: Vec<Node>) -> View {
        let store = Store::default();
        let nodes = nodes.into_iter().map(|node| Change::Create(node.into()));
        let changes = std::iter::once(Change::Create(cluster.into())).chain(nodes).collect();
        store.apply(1, NOW, Transaction { changes }).unwrap();
        store.view()
    }

    /// The state after the plan, and what the plan said.
    fn planned(view: &View, now: Timestamp) -> (View, Plan) {
        let plan = RootRotations.plan(view, now);
        let mut scratch = Scratch::new(view.clone());
        plan.groups.iter().for_each(|group| scratch.apply(group.clone()));
        (scratch.view(), plan)
    }

    /// The node has done what it was asked.
    fn renewed(view: &View, ids: impl IntoIterator<Item = u128>, issuer: u8) -> View {
        let mut scratch = Scratch::new(view.clone());
        for id in ids {
            let known = view.node(NodeId::new(id)).unwrap();
            let own = NodeCertificate { issuer: root(issuer).issuer, ..NodeCertificate::default() };
            scratch.apply([Change::Update(Node { certificate: Some(own), ..Node::clone(known) }.into())]);
        }
        scratch.view()
    }

    fn asked(view: &View) -> usize {
        let asked = |node: &&std::sync::Arc<Node>| {
            node.certificate.as_ref().is_some_and(|own| own.renewal_asked_at.is_some())
        };
        view.nodes().filter(asked).count()
    }

    #[test]
    fn nothing_is_done_without_a_rotation() {
        let nodes = vec![manager(1, 1, NodeState::Ready), node(2, 1, NodeState::Ready)];
        assert_eq!(planned(&view(cluster(1, None), nodes), NOW).1, Plan::default());
        // A node that has just joined has said nothing yet.
        let new = Node { certificate: None, ..node(1, 1, NodeState::Unknown) };
        assert_eq!(planned(&view(cluster(1, None), vec![new]), NOW).1, Plan::default());
    }

    #[test]
    fn the_rotation_ends_when_every_node_that_is_there_has_its_certificate() {
        use NodeState::{Down, Ready, Unknown};
        let nodes = vec![
            manager(1, 2, Ready),
            node(2, 1, Ready),
            node(3, 1, Down),
            Node { certificate: None, ..node(4, 1, Unknown) },
        ];
        let (state, _) = planned(&view(cluster(1, rotation(2)), nodes), NOW);
        assert_eq!((asked(&state), state.cluster().unwrap().root_ca.clone()), (1, root(1)));
        let (state, _) = planned(&renewed(&state, [2], 2), NOW);
        assert!(
            state.cluster().unwrap().root_rotation.is_some(),
            "a node that has said nothing is waited for"
        );
        let (state, _) = planned(&renewed(&state, [4], 2), NOW);
        let cluster = state.cluster().unwrap();
        assert_eq!((&cluster.root_ca, &cluster.root_rotation), (&root(2), &None));
        assert_eq!(cluster.join_tokens.worker, "worker 2");
        assert_eq!(cluster.cross_certificates, ["cross 2"]);
        assert_eq!(planned(&state, NOW).1, Plan::default(), "nobody asks the node that is down");
    }

    #[test]
    fn most_managers_must_have_it_though_their_agents_are_down() {
        use NodeState::{Down, Ready};
        let managers = |second| vec![manager(1, 2, Ready), manager(2, second, Down), manager(3, 1, Down)];
        let ended = |second| {
            let (state, _) = planned(&view(cluster(1, rotation(2)), managers(second)), NOW);
            state.cluster().unwrap().root_rotation.is_none()
        };
        assert!(!ended(1));
        assert!(ended(2));
    }

    // TestRootRotationReconciliationThrottled in swarmkit's suite.
    #[test]
    fn nodes_are_asked_a_few_at_a_time() {
        let nodes = (1..=100).map(|id| node(id, 1, NodeState::Ready)).collect();
        let (state, _) = planned(&view(cluster(1, rotation(2)), nodes), NOW);
        assert_eq!(asked(&state), limits::RENEWALS_AT_A_TIME);
        let (state, plan) = planned(&state, NOW);
        assert_eq!((asked(&state), plan.groups.len()), (limits::RENEWALS_AT_A_TIME, 0));
        assert_eq!(plan.wake_at, Some(NOW.plus(limits::RENEWAL_PERIOD)));
        // Who is done makes room; who does not answer holds up the others for a while only.
        let done = renewed(&state, 1..=10, 2);
        assert_eq!(asked(&planned(&done, NOW).0), limits::RENEWALS_AT_A_TIME);
        let later = NOW.plus(limits::RENEWAL_PERIOD);
        assert_eq!(asked(&planned(&state, later).0), 2 * limits::RENEWALS_AT_A_TIME);
    }

    // TestRootRotationReconciliationWithChanges.
    #[test]
    fn what_changes_meanwhile_counts() {
        let nodes = vec![manager(1, 2, NodeState::Ready), node(2, 1, NodeState::Ready)];
        let (state, _) = planned(&view(cluster(1, rotation(2)), nodes.clone()), NOW);
        // The node that is missing goes away.
        let mut scratch = Scratch::new(state.clone());
        scratch.apply([Change::Update(node(2, 1, NodeState::Down).into())]);
        assert_eq!(planned(&scratch.view(), NOW).0.cluster().unwrap().root_ca, root(2));
        // Another root takes the place of the new one: what was reached counts no more.
        let mut scratch = Scratch::new(renewed(&state, [2], 2));
        scratch.apply([Change::Update(cluster(1, rotation(3)).into())]);
        let (state, _) = planned(&scratch.view(), NOW);
        assert_eq!((asked(&state), state.cluster().unwrap().root_ca.clone()), (2, root(1)));
        // It is called off: those that have a certificate of it get one of the root that stays.
        assert_eq!(asked(&planned(&view(cluster(1, None), nodes), NOW).0), 1);
    }
}
