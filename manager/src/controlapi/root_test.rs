//! Rotations of the root: started, repeated, called off, refused.

use skep_identity::{issuer_of, new_root, root_fits_token};
use skep_model::{Change, Cluster, ClusterSpec, NodeDescription, NodeSpec, RootCa, Transaction};
use skep_runtime::Env;
use skep_store::testing::DirectProposer;

use super::{ControlApi, ControlError, GivenRoot, Rotation};
use crate::ca::{FirstNode, new_swarm};

async fn api() -> ControlApi {
    let env = Env::real();
    let first = FirstNode {
        description: NodeDescription::default(),
        spec: NodeSpec::default(),
        address: "10.0.0.1:2377".into(),
    };
    let swarm = new_swarm(&env, first, ClusterSpec::default()).unwrap();
    let door = DirectProposer::door(env.clone());
    door.write(swarm.transaction).await.unwrap();
    ControlApi::new(env, door)
}

fn cluster(api: &ControlApi) -> Cluster {
    Cluster::clone(api.view().cluster().unwrap())
}

async fn rotate(api: &ControlApi) -> Result<(), ControlError> {
    let before = cluster(api);
    let spec = ClusterSpec { force_rotate: before.spec.force_rotate + 1, ..before.spec };
    api.update_cluster(before.meta.version, spec, Rotation::default()).await
}

async fn give(api: &ControlApi, root: &RootCa) -> Result<(), ControlError> {
    let before = cluster(api);
    let given = GivenRoot { certificate_pem: root.certificate_pem.clone(), key_pem: root.key_pem.clone() };
    let rotation = Rotation { root: Some(given), ..Rotation::default() };
    // As Docker's client does: it counts up in any case.
    let spec = ClusterSpec { force_rotate: before.spec.force_rotate + 1, ..before.spec };
    api.update_cluster(before.meta.version, spec, rotation).await
}

fn root() -> RootCa {
    new_root(Env::real().now()).unwrap()
}

// TestAPISwarmCAHash in moby's suite.
#[tokio::test]
async fn the_tokens_name_the_root_that_is_trusted() {
    let api = api().await;
    let before = cluster(&api);
    assert!(root_fits_token(&before.join_tokens.worker, &before.root_ca.certificate_pem).unwrap());
    rotate(&api).await.unwrap();
    let during = cluster(&api);
    assert_eq!((&during.root_ca, &during.join_tokens), (&before.root_ca, &before.join_tokens));
    assert_ne!(during.issuing_root(), &before.root_ca);
    let after = during.root_rotated();
    for token in [&after.join_tokens.worker, &after.join_tokens.manager] {
        assert!(root_fits_token(token, &after.root_ca.certificate_pem).unwrap());
        assert!(!root_fits_token(token, &before.root_ca.certificate_pem).unwrap());
    }
    assert_ne!(after.join_tokens.worker, after.join_tokens.manager);
}

// TestRepeatedRootRotation and TestSwarmRepeatedRootRotation: the second takes the place of the first.
#[tokio::test]
async fn another_rotation_takes_the_place_of_one_that_runs() {
    let api = api().await;
    let old = cluster(&api).root_ca;
    rotate(&api).await.unwrap();
    let first = cluster(&api).root_rotation.unwrap();
    rotate(&api).await.unwrap();
    let second = cluster(&api).root_rotation.unwrap();
    assert_ne!(first.root_ca, second.root_ca);
    let given = root();
    give(&api, &given).await.unwrap();
    let third = cluster(&api);
    assert_eq!((&third.root_rotation.as_ref().unwrap().root_ca, &third.root_ca), (&given, &old));
    // The same once more changes nothing: it goes on.
    give(&api, &given).await.unwrap();
    assert_eq!(cluster(&api).root_rotation, third.root_rotation);
    // Other settings leave it alone.
    let before = cluster(&api);
    let spec = ClusterSpec { task_history_per_slot: 9, ..before.spec };
    api.update_cluster(before.meta.version, spec, Rotation::default()).await.unwrap();
    assert_eq!(cluster(&api).root_rotation, third.root_rotation);
}

#[tokio::test]
async fn the_present_root_calls_a_rotation_off() {
    let api = api().await;
    let present = cluster(&api).root_ca;
    let refused = give(&api, &present).await.unwrap_err().to_string();
    assert!(refused.contains("is the root that the swarm has"), "{refused}");
    rotate(&api).await.unwrap();
    give(&api, &present).await.unwrap();
    let after = cluster(&api);
    assert_eq!((after.root_ca, after.root_rotation), (present, None));
    assert!(after.cross_certificates.is_empty());
}

#[tokio::test]
async fn a_root_that_cannot_be_used_changes_nothing() {
    let api = api().await;
    let before = cluster(&api);
    let (one, other) = (root(), root());
    let wrong_key = RootCa { key_pem: other.key_pem.clone(), ..one.clone() };
    let two = RootCa { certificate_pem: one.certificate_pem.clone() + &other.certificate_pem, ..one.clone() };
    for (given, reason) in [(&wrong_key, "not the key"), (&two, "exactly one")] {
        let refused = give(&api, given).await.unwrap_err();
        assert!(matches!(&refused, ControlError::Precondition(text) if text.contains(reason)), "{refused}");
    }
    assert_eq!(cluster(&api), before);
}

#[tokio::test]
async fn a_record_without_its_issuer_is_completed() {
    let api = api().await;
    let mut old = cluster(&api);
    old.root_ca.issuer = skep_model::CertIssuer::default();
    let change = |_: &skep_store::View| -> Result<_, ControlError> {
        Ok((Transaction { changes: vec![Change::Update(old.clone().into())] }, ()))
    };
    api.door.change(change).await.unwrap();
    rotate(&api).await.unwrap();
    let root = cluster(&api).root_ca;
    assert_eq!(root.issuer, issuer_of(&root.certificate_pem).unwrap());
}
