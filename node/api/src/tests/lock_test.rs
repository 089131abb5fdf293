//! The unlock key, and a node that waits for it.

use super::bench::Bench;
use crate::api::SWARM_LOCKED;
use crate::host::SwarmState;

async fn update(bench: &Bench, parameters: &str, autolock: bool) -> u16 {
    let swarm = bench.get("/swarm").await.json();
    let mut spec = swarm["Spec"].clone();
    spec["EncryptionConfig"]["AutoLockManagers"] = autolock.into();
    let version = swarm["Version"]["Index"].as_u64().unwrap();
    let path = format!("/swarm/update?version={version}{parameters}");
    bench.post(&path, &spec.to_string()).await.status.as_u16()
}

async fn key(bench: &Bench) -> String {
    bench.get("/swarm/unlockkey").await.json()["UnlockKey"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_unlock_key_is_turned_on_rotated_and_turned_off() {
    let bench = Bench::manager().await;
    assert_eq!(key(&bench).await, "");
    assert_eq!(bench.get("/swarm").await.json()["Spec"]["EncryptionConfig"]["AutoLockManagers"], false);
    assert_eq!(update(&bench, "", true).await, 200);
    let first = key(&bench).await;
    assert!(first.starts_with("SWMKEY-1-") && first.len() == 52, "{first}");
    assert_eq!(
        bench.get("/info").await.json()["Swarm"]["Cluster"]["Spec"]["EncryptionConfig"]["AutoLockManagers"],
        true
    );
    assert_eq!(update(&bench, "&rotateManagerUnlockKey=1", true).await, 200);
    assert_ne!(key(&bench).await, first);
    assert_eq!(update(&bench, "", false).await, 200);
    assert_eq!(key(&bench).await, "");
    let unlock = bench.post("/swarm/unlock", r#"{"UnlockKey":"SWMKEY-1-right"}"#).await;
    assert_eq!(unlock.message(), (409, "swarm is not locked".into()));
}

#[tokio::test]
async fn a_locked_node_refuses_all_but_the_key() {
    let bench = Bench::manager().await;
    bench.host.node().swarm = SwarmState::Locked;
    assert_eq!(bench.get("/info").await.json()["Swarm"]["LocalNodeState"], "locked");
    assert_eq!(bench.get("/_ping").await.headers["swarm"], "locked");
    let reads = [
        "/swarm",
        "/swarm/unlockkey",
        "/swarm/backup",
        "/nodes",
        "/services",
        "/tasks",
        "/networks",
        "/stacks",
    ];
    for path in reads {
        assert_eq!(bench.get(path).await.message(), (503, SWARM_LOCKED.into()), "{path}");
    }
    for path in ["/swarm/update?version=1", "/services/create", "/networks/create"] {
        assert_eq!(
            bench.post(path, r#"{"Name":"app"}"#).await.message(),
            (503, SWARM_LOCKED.into()),
            "{path}"
        );
    }
    let unlock = async |key: &str| bench.post("/swarm/unlock", &format!(r#"{{"UnlockKey":"{key}"}}"#)).await;
    assert_eq!(unlock("key").await.message(), (400, "invalid key string".into()));
    let wrong = (401, "swarm could not be unlocked: invalid key provided".into());
    assert_eq!(unlock("SWMKEY-1-wrong").await.message(), wrong);
    assert_eq!(unlock("SWMKEY-1-right").await.status, 200);
    let outside = unlock("SWMKEY-1-right").await.message();
    assert!(outside.0 == 503 && outside.1.contains("not a swarm manager"), "{outside:?}");
}
