//! Single containers of the node: what is done to them.

use super::bench::Bench;
use crate::log_line::{LogLine, LogOrigin};

#[tokio::test]
async fn a_container_is_made_started_stopped_and_removed() {
    let bench = Bench::alone();
    let created = bench.post("/containers/create?name=db", r#"{"Image":"web:1"}"#).await;
    assert_eq!((created.status.as_u16(), created.json()["Warnings"].clone()), (201, serde_json::json!([])));
    let id = created.json()["Id"].as_str().unwrap().to_owned();
    let taken = bench.post("/containers/create?name=db", r#"{"Image":"web:1"}"#).await;
    assert_eq!(taken.status, 409);
    for (call, status) in [
        ("start", 204),
        ("start", 304),
        ("restart?t=3", 204),
        ("stop?t=0", 204),
        ("stop", 304),
        ("start", 204),
        ("kill?signal=HUP", 204),
        ("stop?t=soon", 400),
        ("stop?signal=HUP", 501),
        ("start?checkpoint=x", 501),
        ("wait?condition=later", 400),
    ] {
        assert_eq!(bench.post(&format!("/containers/db/{call}"), "").await.status, status, "{call}");
    }
    let waited = bench.post(&format!("/containers/{id}/wait?condition=next-exit"), "").await;
    assert_eq!(waited.json()["StatusCode"], 7);
    bench.post("/containers/db/start", "").await;
    assert_eq!(bench.ask("DELETE", "/containers/db", "").await.status, 409);
    assert_eq!(bench.ask("DELETE", "/containers/db?link=1", "").await.status, 501);
    assert_eq!(bench.ask("DELETE", "/containers/db?force=1", "").await.status, 204);
    assert_eq!(bench.ask("DELETE", "/containers/db", "").await.status, 404);
}

#[tokio::test]
async fn what_a_container_cannot_be_is_refused_by_name() {
    let bench = Bench::alone();
    let body = r#"{"Image":"web","HostConfig":{"Privileged":true}}"#;
    let refused = bench.post("/containers/create", body).await.message();
    assert_eq!(refused, (501, "HostConfig.Privileged is not supported by this version of Skep".into()));
    assert_eq!(bench.post("/containers/create?platform=linux/arm64", "{}").await.status, 501);
}

#[tokio::test]
async fn those_that_do_not_run_are_pruned() {
    let bench = Bench::alone();
    for name in ["one", "two", "three"] {
        bench.post(&format!("/containers/create?name={name}"), r#"{"Image":"web"}"#).await;
    }
    bench.post("/containers/two/start", "").await;
    bench.host.node().containers[0].labels.insert("keep".into(), String::new());
    let labelled = "/containers/prune?filters=%7B%22label%22%3A%5B%22keep%22%5D%7D";
    assert_eq!(bench.post(labelled, "").await.json()["ContainersDeleted"], serde_json::json!(["id-of-one"]));
    assert_eq!(
        bench.post("/containers/prune", "").await.json()["ContainersDeleted"],
        serde_json::json!(["id-of-three"])
    );
    assert_eq!(bench.post("/containers/prune?filters=%7B%22x%22%3A%5B%22y%22%5D%7D", "").await.status, 400);
}

#[tokio::test]
async fn output_is_attached_to_as_frames() {
    let bench = Bench::alone();
    bench.post("/containers/create?name=db", r#"{"Image":"web"}"#).await;
    assert_eq!(bench.post("/containers/db/attach?stream=1", "").await.status, 400, "no stream is named");
    assert_eq!(
        bench.post("/containers/db/attach?stdin=1&stdout=1", "").await.status,
        409,
        "it was made without -i"
    );
    assert_eq!(bench.post("/containers/db/resize?h=3&w=many", "").await.status, 400);
    assert_eq!(bench.post("/containers/db/resize?h=3&w=9", "").await.status, 200);
    assert_eq!(bench.post("/containers/nobody/attach?stdout=1", "").await.status, 404);
    let (host, shutdown) = (bench.host.clone(), bench.shutdown.clone());
    let writing = tokio::spawn(async move {
        for _ in 0..50 {
            let line = LogLine { at_ns: 1, origin: LogOrigin::Stdout, text: "out\n".into() };
            host.writes("id-of-db", line);
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        shutdown.cancel();
    });
    let attached = bench.post("/containers/db/attach?stream=1&stdout=1&stderr=1", "").await;
    assert_eq!(attached.headers["content-type"], "application/vnd.docker.multiplexed-stream");
    assert!(attached.body.starts_with(b"\x01\0\0\0\0\0\0\x04out\n"));
    writing.await.unwrap();
}
