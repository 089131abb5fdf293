//! Events.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use skep_rest::{Event, EventActor};

use super::bench::Bench;

fn event(bench: &Bench, kind: &str, action: &str, id: &str) -> Event {
    let now = bench.env.now().as_nanos();
    let attributes = [("name".to_owned(), format!("{id}-name")), ("tier".to_owned(), "front".to_owned())];
    Event {
        kind: kind.into(),
        action: action.into(),
        actor: EventActor { id: id.into(), attributes: attributes.into() },
        scope: "local".into(),
        time: now / 1_000_000_000,
        time_nano: now,
    }
}

async fn open(bench: &Bench, path: &str) -> Body {
    bench.open(Request::get(path).body(Body::empty()).unwrap()).await.into_body()
}

async fn next(body: &mut Body) -> Value {
    serde_json::from_slice(&body.frame().await.unwrap().unwrap().into_data().unwrap()).unwrap()
}

/// Waits until the recording has begun and taken down an event.
async fn seen(bench: &Bench) {
    let mut body = open(bench, "/events?since=0").await;
    loop {
        bench.host.happens(event(bench, "daemon", "probe", "d"));
        if let Ok(_first) = bench.env.timeout(Duration::from_millis(20), next(&mut body)).await {
            return;
        }
    }
}

#[tokio::test]
async fn events_are_lines_of_json_until_shutdown() {
    let bench = Bench::alone();
    seen(&bench).await;
    let mut body = open(&bench, "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D").await;
    bench.host.happens(event(&bench, "image", "tag", "i1"));
    bench.host.happens(event(&bench, "container", "start", "c1"));
    let line = next(&mut body).await;
    assert_eq!(
        (&line["Type"], &line["Action"], &line["Actor"]["ID"]),
        (&"container".into(), &"start".into(), &"c1".into())
    );
    assert!(line["timeNano"].as_u64().unwrap() > 0 && line["scope"] == "local");
    bench.shutdown.cancel();
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn the_past_is_shown_when_it_is_asked_for() {
    let bench = Bench::alone();
    seen(&bench).await;
    for (kind, action, id) in
        [("container", "start", "c1"), ("container", "die", "c1"), ("node", "update", "n1")]
    {
        bench.host.happens(event(&bench, kind, action, id));
    }
    let mut all = open(&bench, "/events?since=10m").await;
    while next(&mut all).await["Type"] != "node" {}
    let until = bench.env.now().as_nanos();
    let until = format!("{}.{:09}", until / 1_000_000_000, until % 1_000_000_000);
    let filtered = [
        (r#"{"event":["die"]}"#, 1),
        (r#"{"container":["c1"]}"#, 2),
        (r#"{"container":["c1-name"],"event":["start","die"]}"#, 2),
        (r#"{"type":["node"],"label":["tier=front"]}"#, 1),
        (r#"{"label":["tier=back"]}"#, 0),
        (r#"{"scope":["swarm"]}"#, 0),
    ];
    for (filters, found) in filtered {
        let encoded: String = filters.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let text = bench.get(&format!("/events?since=10m&until={until}&filters={encoded}")).await.text();
        assert_eq!(text.lines().count(), found, "{filters}: {text}");
    }
    assert_eq!(bench.get(&format!("/events?until={until}")).await.text(), "");
    assert_eq!(bench.filtered("/events", r#"{"colour":["red"]}"#).await.status, 400);
    assert_eq!(bench.get("/events?since=then").await.status, 400);
}
