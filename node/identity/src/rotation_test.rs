//! Whether certificates are accepted across rotations of the root, and what is refused as a root.

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, KeyUsagePurpose};
use skep_model::{
    Cluster, ClusterId, ClusterSpec, JoinTokens, Meta, NodeId, NodeRole, RootCa, Timestamp, limits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::tls::server_name;
use crate::*;

const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn cluster() -> Cluster {
    Cluster {
        id: ClusterId::new(1),
        meta: Meta::default(),
        spec: ClusterSpec::default(),
        root_ca: new_root(now()).unwrap(),
        root_rotation: None,
        cross_certificates: Vec::new(),
        join_tokens: JoinTokens::default(),
        epoch: 0,
        unlock_key: skep_model::UnlockKey::default(),
    }
}

fn now() -> Timestamp {
    skep_runtime::Env::real().now()
}

fn rotating(cluster: &Cluster) -> Cluster {
    let rotation = root_rotation(cluster, new_root(now()).unwrap(), (1, 2), now()).unwrap();
    Cluster { root_rotation: Some(rotation), ..cluster.clone() }
}

/// A node of this cluster as it is, that trusts this root.
fn identity(cluster: &Cluster, role: NodeRole, trusted: &RootCa) -> NodeIdentity {
    let (key_pem, request) = NodeIdentity::request().unwrap();
    let who = (cluster.id, NodeId::new(7), role);
    let certificate_pem = Authority::of(cluster).unwrap().sign(&request, who, now(), HOUR).unwrap();
    NodeIdentity { certificate_pem, key_pem, root_pem: trusted.certificate_pem.clone() }
}

/// Whether these two get a connection over which both can speak.
async fn talk(server: &NodeIdentity, client: &NodeIdentity) -> std::io::Result<()> {
    let (server, client) =
        (LiveIdentity::new(server.clone()).unwrap(), LiveIdentity::new(client.clone()).unwrap());
    let (one, other) = tokio::io::duplex(1 << 16);
    let serving = async {
        let mut stream = TlsAcceptor::from(server.server()).accept(one).await?;
        stream.write_all(b"hello").await?;
        stream.flush().await
    };
    let calling = async {
        let mut stream = TlsConnector::from(client.client()).connect(server_name(), other).await?;
        stream.read_exact(&mut [0; 5]).await
    };
    let (served, called) = tokio::join!(serving, calling);
    served.and(called.map(drop))
}

#[tokio::test]
async fn nodes_of_the_old_and_of_the_new_root_accept_each_other() {
    let old = cluster();
    let during = rotating(&old);
    let after = during.clone().root_rotated();
    assert_eq!(after.join_tokens, during.root_rotation.as_ref().unwrap().join_tokens);
    let stages = [
        ("before", identity(&old, NodeRole::Manager, &old.root_ca)),
        ("during", identity(&during, NodeRole::Manager, &old.root_ca)),
        ("after", identity(&after, NodeRole::Manager, &after.root_ca)),
    ];
    for (server_name, server) in &stages {
        for (client_name, client) in &stages {
            let fits = talk(server, client).await;
            // A certificate of the old root alone is not accepted by who trusts the new root alone.
            let apart = [*server_name, *client_name].contains(&"before")
                && [*server_name, *client_name].contains(&"after");
            assert_eq!(fits.is_ok(), !apart, "{server_name} serves {client_name}: {fits:?}");
        }
    }
}

#[tokio::test]
async fn a_node_that_missed_several_rotations_still_accepts_managers() {
    let first = cluster();
    let mut cluster = first.clone();
    for count in 1..=limits::CROSS_CERTIFICATES_MAX + 1 {
        cluster = rotating(&cluster).root_rotated();
        let manager = identity(&cluster, NodeRole::Manager, &cluster.root_ca);
        let accepted = verify::chain(&manager.certificate_pem, &first.root_ca.certificate_pem);
        assert_eq!(accepted.is_ok(), count <= limits::CROSS_CERTIFICATES_MAX, "{count}: {accepted:?}");
    }
    // One that belongs to another swarm is not accepted, whatever it sends along.
    let stranger = rotating(&rotating(&self::cluster()).root_rotated());
    let stranger = identity(&stranger, NodeRole::Manager, &stranger.root_ca);
    assert!(verify::chain(&stranger.certificate_pem, &first.root_ca.certificate_pem).is_err());
}

#[test]
fn a_certificate_says_which_root_signed_it() {
    let old = cluster();
    let during = rotating(&old);
    let new = &during.root_rotation.as_ref().unwrap().root_ca;
    assert_eq!(identity(&old, NodeRole::Worker, &old.root_ca).issuer().unwrap(), old.root_ca.issuer);
    assert_eq!(identity(&during, NodeRole::Worker, &old.root_ca).issuer().unwrap(), new.issuer);
    let after = during.clone().root_rotated();
    assert_eq!(identity(&after, NodeRole::Worker, &after.root_ca).issuer().unwrap(), new.issuer);
    assert!(identity(&old, NodeRole::Worker, new).issuer().is_err());
    assert_eq!(old.root_ca.issuer.subject, new.issuer.subject, "their names do not tell them apart");
}

#[test]
fn what_cannot_be_a_root_is_refused() {
    let made = new_root(NOW).unwrap();
    let other = new_root(NOW).unwrap();
    let given = |certificate: &str, key: &str, at| {
        given_root(certificate, key, at).map_err(|error| error.to_string())
    };
    let text = format!("subject: me\n{}\nand more", made.certificate_pem);
    assert_eq!(given(&text, &made.key_pem, NOW).unwrap().issuer, made.issuer);
    let two = made.certificate_pem.clone() + &other.certificate_pem;
    let late = NOW.plus(limits::ROOT_CERTIFICATE_VALIDITY).minus_days(364);
    let early = Timestamp::from_nanos(1);
    for (certificate, key, at, reason) in [
        ("", made.key_pem.as_str(), NOW, "exactly one"),
        (&two, &made.key_pem, NOW, "exactly one"),
        (&made.certificate_pem, &other.key_pem, NOW, "not the key of"),
        (&made.certificate_pem, "nonsense", NOW, "PKCS#8"),
        (&made.certificate_pem, &made.key_pem, late, "one more year"),
        (&made.certificate_pem, &made.key_pem, early, "not valid yet"),
    ] {
        let refused = given(certificate, key, at).unwrap_err();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    let leaf = KeyPair::generate().unwrap();
    let no_authority = CertificateParams::default().self_signed(&leaf).unwrap().pem();
    assert!(given(&no_authority, &leaf.serialize_pem(), NOW).unwrap_err().contains("authority"));
    let mut params = certificate::root(NOW);
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let signs_nothing = params.self_signed(&leaf).unwrap().pem();
    assert!(given(&signs_nothing, &leaf.serialize_pem(), NOW).unwrap_err().contains("keyCertSign"));
}

trait Earlier {
    fn minus_days(self, days: u64) -> Self;
}

impl Earlier for Timestamp {
    fn minus_days(self, days: u64) -> Self {
        Self::from_nanos(self.as_nanos() - days * 24 * 3600 * 1_000_000_000)
    }
}
