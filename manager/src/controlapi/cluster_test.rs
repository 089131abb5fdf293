//! The swarm's own settings, over a store without Raft.

use skep_model::{ClusterSpec, NodeDescription, NodeSpec};
use skep_runtime::Env;
use skep_store::testing::DirectProposer;

use super::{ControlApi, ControlError, Rotation};
use crate::ca::{FirstNode, new_swarm};

async fn swarm(autolock: bool) -> ControlApi {
    let env = Env::real();
    let first = FirstNode {
        description: NodeDescription::default(),
        spec: NodeSpec::default(),
        address: "10.0.0.1:2377".into(),
    };
    let swarm = new_swarm(&env, first, ClusterSpec { autolock, ..ClusterSpec::default() }).unwrap();
    let door = DirectProposer::door(env.clone());
    door.write(swarm.transaction).await.unwrap();
    let api = ControlApi::new(env, door);
    assert_eq!(api.unlock_key(), swarm.unlock_key);
    api
}

/// Updates the swarm; answers with its unlock key after that.
async fn update(api: &ControlApi, autolock: bool, rotate: bool) -> String {
    let cluster = api.view().cluster().unwrap().clone();
    let spec = ClusterSpec { autolock, ..cluster.spec.clone() };
    let rotation = Rotation { unlock_key: rotate, ..Rotation::default() };
    api.update_cluster(cluster.meta.version, spec.clone(), rotation.clone()).await.unwrap();
    let stale = api.update_cluster(cluster.meta.version, spec, rotation).await;
    assert_eq!(stale, Err(ControlError::OutOfSequence));
    let kept = api.view().cluster().unwrap().clone();
    assert_eq!((&kept.join_tokens, &kept.root_ca), (&cluster.join_tokens, &cluster.root_ca));
    api.unlock_key().0
}

#[tokio::test]
async fn the_unlock_key_follows_the_setting() {
    let api = swarm(false).await;
    assert_eq!(api.unlock_key().0, "");
    assert_eq!(update(&api, false, true).await, "", "there is nothing to rotate");
    let first = update(&api, true, false).await;
    assert!(first.starts_with("SWMKEY-1-"), "{first}");
    assert_eq!(update(&api, true, false).await, first, "it stays");
    let second = update(&api, true, true).await;
    assert_ne!(second, first);
    assert_eq!(update(&api, false, false).await, "");
    let third = update(&api, true, true).await;
    assert!(third != first && third != second && !third.is_empty());
}

#[tokio::test]
async fn a_swarm_may_be_locked_from_its_start() {
    let api = swarm(true).await;
    assert!(api.unlock_key().0.starts_with("SWMKEY-1-"));
}
