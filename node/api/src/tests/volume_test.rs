//! Volumes: listed, made, removed.

use axum::http::StatusCode;
use serde_json::json;
use skep_rest::Volume;

use super::bench::Bench;

fn volume(name: &str, labels: &[(&str, &str)]) -> Volume {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Volume { name: name.into(), driver: "local".into(), labels: Some(labels), ..Volume::default() }
}

fn names(answer: &serde_json::Value) -> Vec<&str> {
    answer["Volumes"].as_array().unwrap().iter().map(|volume| volume["Name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn volumes_are_listed_made_and_removed() {
    let bench = Bench::alone();
    let anonymous = volume("own", &[("com.docker.volume.anonymous", "")]);
    bench.host.node().volumes = vec![(volume("data", &[("a", "b")]), true), (anonymous, false)];
    for (query, wanted) in [
        ("", &["data", "own"][..]),
        (r#"{"dangling":["true"]}"#, &["own"]),
        (r#"{"dangling":["false"]}"#, &["data"]),
        (r#"{"name":["dat"]}"#, &["data"]),
        (r#"{"label":["a=b"]}"#, &["data"]),
        (r#"{"driver":["nfs"]}"#, &[]),
    ] {
        let answer = bench.filtered("/volumes", query).await.json();
        assert_eq!(names(&answer), wanted, "{query}");
    }
    assert_eq!(bench.get("/volumes/data").await.json()["Labels"]["a"], "b");
    assert_eq!(bench.get("/volumes/none").await.message(), (404, "get none: no such volume".into()));

    let made = bench.post("/volumes/create", r#"{"Name":"new","Labels":{"x":"y"}}"#).await;
    assert_eq!((made.status, made.json()["Name"].as_str()), (StatusCode::CREATED, Some("new")));
    let other = bench.post("/volumes/create", r#"{"Name":"new","Driver":"nfs"}"#).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    let used = bench.ask("DELETE", "/volumes/data", "").await;
    assert_eq!(used.message(), (409, "remove data: volume is in use - [c1]".into()));

    let pruned = bench.post("/volumes/prune", "").await.json();
    assert_eq!(pruned["VolumesDeleted"], json!(["own"]), "what was named stays");
    assert_eq!(bench.ask("DELETE", "/volumes/new", "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("DELETE", "/volumes/new?force=1", "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(bench.ask("DELETE", "/volumes/new", "").await.status, StatusCode::NOT_FOUND);
}
