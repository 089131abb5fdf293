//! The root is rotated under two members that speak over real TLS: what they accept, and when it ends.

use std::net::SocketAddr;
use std::time::Duration;

use skep_identity::{LiveIdentity, NodeIdentity, issuer_of, new_root};
use skep_manager::ca::Renewal;
use skep_manager::ca::client::{self, CaCallError};
use skep_manager::ca::{FirstNode, Joiner, NewSwarm, new_swarm};
use skep_manager::{Certified, ControlApi, GivenRoot, Manager, ManagerOptions, Rotation};
use skep_model::{
    Availability, Cluster, ClusterSpec, NodeCertificate, NodeDescription, NodeId, NodeSpec, RootCa,
};
use skep_runtime::Env;
use tempfile::TempDir;

/// A manager with its port.
struct Swarm {
    manager: Manager,
    identity: LiveIdentity,
    node: NodeId,
    address: String,
    _directory: TempDir,
}

/// A member without an agent: it does by hand what node/src/certificate.rs does.
struct Member {
    identity: LiveIdentity,
    node: NodeId,
}

impl Swarm {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (env, listen) = (Env::real(), free_address());
        let first = FirstNode {
            description: NodeDescription::default(),
            spec: NodeSpec::default(),
            address: listen.to_string(),
        };
        // Nobody has an agent here: nobody may count as down for that.
        let spec = ClusterSpec { heartbeat_period: Duration::from_secs(60), ..ClusterSpec::default() };
        let swarm = new_swarm(&env, first, spec).unwrap();
        let identity = LiveIdentity::new(swarm.identity.clone()).unwrap();
        let manager = manager(&swarm, &identity, &directory, listen).await;
        manager.bootstrap(&listen.to_string(), swarm.transaction).await.unwrap();
        let own =
            Self { manager, identity, node: swarm.node, address: listen.to_string(), _directory: directory };
        own.as_member().report(&own).await.unwrap();
        own
    }

    fn control(&self) -> ControlApi {
        self.manager.control()
    }

    fn cluster(&self) -> Cluster {
        Cluster::clone(self.control().view().cluster().unwrap())
    }

    /// The manager itself; its port shows the same certificate.
    fn as_member(&self) -> Member {
        Member { identity: self.identity.clone(), node: self.node }
    }

    async fn rotate(&self, given: Option<&RootCa>) {
        let before = self.cluster();
        let root = given.map(|root| GivenRoot {
            certificate_pem: root.certificate_pem.clone(),
            key_pem: root.key_pem.clone(),
        });
        let spec = ClusterSpec { force_rotate: before.spec.force_rotate + 1, ..before.spec };
        let rotation = Rotation { root, ..Rotation::default() };
        self.control().update_cluster(before.meta.version, spec, rotation).await.unwrap();
    }

    async fn join(&self, token: &str) -> Result<Member, CaCallError> {
        let (key_pem, request) = NodeIdentity::request().unwrap();
        // A new manager is looked for where it says that it is.
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let joiner = Joiner {
            token: token.to_owned(),
            request,
            description: NodeDescription::default(),
            availability: Availability::Active,
            address: listener.local_addr().unwrap().to_string(),
        };
        let (_, node, certified) = client::join(&self.address, &joiner).await?;
        let Certified { certificate_pem, root_pem, .. } = certified;
        let identity = LiveIdentity::new(NodeIdentity { certificate_pem, key_pem, root_pem }).unwrap();
        Ok(Member { identity, node })
    }

    async fn asked(&self, member: &Member) {
        let asked = |view: &skep_store::View| {
            let node = view.node(member.node)?;
            node.certificate.as_ref()?.renewal_asked_at
        };
        self.until(|view| asked(view).is_some()).await;
    }

    async fn ended(&self) -> RootCa {
        self.until(|view| view.cluster().is_some_and(|cluster| cluster.root_rotation.is_none())).await;
        self.cluster().root_ca
    }

    async fn until(&self, fits: impl Fn(&skep_store::View) -> bool) {
        let control = self.control();
        let waiting = async {
            let mut seen = 0;
            while !fits(&control.view()) {
                seen = control.store().version().changed(seen).await.0;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it happens");
    }
}

impl Member {
    async fn report(&self, swarm: &Swarm) -> Result<(), CaCallError> {
        let identity = self.identity.get();
        let certificate = NodeCertificate {
            issuer: identity.issuer().unwrap(),
            trust_root_pem: identity.root_pem,
            renewal_asked_at: None,
        };
        client::report(&self.identity, &swarm.address, &certificate).await
    }

    async fn renew(&self, swarm: &Swarm) -> Result<(), CaCallError> {
        self.take(client::renew(&self.identity, &swarm.address, &Renewal::default()).await?);
        self.report(swarm).await
    }

    fn take(&self, certified: Certified) {
        let Certified { certificate_pem, root_pem, .. } = certified;
        let key_pem = self.identity.get().key_pem;
        self.identity.set(NodeIdentity { certificate_pem, key_pem, root_pem }).unwrap();
    }
}

async fn manager(
    swarm: &NewSwarm,
    identity: &LiveIdentity,
    directory: &TempDir,
    listen: SocketAddr,
) -> Manager {
    let options = ManagerOptions {
        begun: false,
        env: Env::real(),
        cluster: swarm.cluster,
        raft_id: swarm.raft_id,
        identity: identity.clone(),
        directory: directory.path().to_owned(),
        keys: skep_manager::LogKey::new(0, [7; 32]).into(),
        epoch: 0,
        listen,
    };
    Manager::start(options).await.unwrap()
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

// TestSuccessfulRootRotation, and TestRootRotationReconciliationWithChanges: a node joins in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_every_member_uses_a_certificate_of_the_new_root() {
    let swarm = Swarm::start().await;
    let before = swarm.cluster();
    let member = swarm.join(&before.join_tokens.worker).await.unwrap();
    member.report(&swarm).await.unwrap();
    swarm.rotate(None).await;
    swarm.asked(&member).await;
    let manager = swarm.as_member();
    swarm.asked(&manager).await;
    // The manager's port shows the new root's certificate from here on; this member knows the old root alone.
    manager.renew(&swarm).await.unwrap();
    member.report(&swarm).await.unwrap();
    let late = swarm.join(&before.join_tokens.manager).await.unwrap();
    assert_eq!(late.identity.get().issuer().unwrap(), swarm.cluster().issuing_root().issuer);
    assert_eq!(late.identity.get().root_pem, before.root_ca.certificate_pem);
    member.renew(&swarm).await.unwrap();
    assert!(swarm.cluster().root_rotation.is_some(), "one member has said nothing yet");
    late.report(&swarm).await.unwrap();
    let root = swarm.ended().await;
    assert_ne!(root, before.root_ca);
    // Each trusts the new root alone, one after the other.
    manager.renew(&swarm).await.unwrap();
    for member in [&member, &late] {
        member.renew(&swarm).await.unwrap();
        assert_eq!(member.identity.get().root_pem, root.certificate_pem);
    }
    // TestDownloadRootCAWrongCAHash: the old token names another root.
    let refused = swarm.join(&before.join_tokens.worker).await.map(drop).unwrap_err();
    assert!(matches!(refused, CaCallError::OtherSwarm { .. }), "{refused}");
    swarm.join(&swarm.cluster().join_tokens.worker).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_missed_it_comes_back_by_its_key_alone() {
    let swarm = Swarm::start().await;
    let member = swarm.join(&swarm.cluster().join_tokens.worker).await.unwrap();
    let stranger = Swarm::start().await;
    for _ in 0..2 {
        // It is away.
        client::leave(&member.identity, &swarm.address).await.unwrap_or_default();
        swarm.rotate(None).await;
        swarm.as_member().renew(&swarm).await.unwrap();
        swarm.ended().await;
        swarm.as_member().renew(&swarm).await.unwrap();
    }
    let root = swarm.cluster().root_ca;
    let refused = client::renew(&member.identity, &swarm.address, &Renewal::default()).await.unwrap_err();
    assert!(
        matches!(refused, CaCallError::Unreachable { .. }),
        "its certificate is of a former root: {refused}"
    );
    let trusted = member.identity.get().root_pem;
    assert_eq!(client::root(&trusted, &swarm.address).await.unwrap(), root.certificate_pem);
    // TestNodeJoinWithWrongCerts: who is of another swarm is not believed, nor let in.
    let unknown = client::root(&trusted, &stranger.address).await.unwrap_err();
    assert!(matches!(unknown, CaCallError::UnknownRoot { .. }), "{unknown}");
    assert!(unknown.to_string().contains("skep swarm leave --force"), "{unknown}");
    assert!(client::renew(&stranger.identity, &swarm.address, &Renewal::default()).await.is_err());
    let (key_pem, _) = NodeIdentity::request().unwrap();
    let thief = LiveIdentity::new(member.identity.get()).unwrap();
    let other_key = NodeIdentity { key_pem, ..thief.get() };
    assert!(thief.set(other_key).is_err(), "the certificate is of no use without its key");

    member.take(client::come_back(&member.identity, &swarm.address, &Renewal::default()).await.unwrap());
    member.renew(&swarm).await.unwrap();
    assert_eq!(member.identity.get().root_pem, root.certificate_pem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_called_off_leaves_no_certificate_behind() {
    let swarm = Swarm::start().await;
    let present = swarm.cluster().root_ca;
    let member = swarm.join(&swarm.cluster().join_tokens.worker).await.unwrap();
    member.report(&swarm).await.unwrap();
    let given = new_root(Env::real().now()).unwrap();
    swarm.rotate(Some(&given)).await;
    member.renew(&swarm).await.unwrap();
    assert_eq!(member.identity.get().issuer().unwrap(), issuer_of(&given.certificate_pem).unwrap());
    swarm.rotate(Some(&present)).await;
    assert_eq!(swarm.ended().await, present);
    // It is asked to come back to the root that stays, and is accepted until then.
    swarm.asked(&member).await;
    member.renew(&swarm).await.unwrap();
    assert_eq!(member.identity.get().issuer().unwrap(), present.issuer);
}
