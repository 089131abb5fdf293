//! Logs of containers, tasks and services.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt;
use skep_model::{CallPiece, NodeId, NodeState};
use skep_rest::ContainerSummary;

use super::bench::{Bench, NODE};
use crate::log_line::{LogLine, LogOrigin};

const SECOND_NS: u64 = 1_000_000_000;

fn line(second: u64, origin: LogOrigin, text: &'static str) -> LogLine {
    LogLine { at_ns: second * SECOND_NS, origin, text: Bytes::from_static(text.as_bytes()) }
}

/// Frames as `1:text`.
fn frames(mut body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    while let [kind, 0, 0, 0, a, b, c, d, rest @ ..] = body {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        found.push(format!("{kind}:{}", String::from_utf8_lossy(&rest[..length]).trim_end()));
        body = &rest[length..];
    }
    assert!(body.is_empty());
    found
}

fn container(bench: &Bench) {
    let mut node = bench.host.node();
    node.containers =
        vec![ContainerSummary { id: "c1".into(), names: vec!["/web".into()], ..Default::default() }];
    let lines = vec![
        line(1, LogOrigin::Stdout, "one\n"),
        line(2, LogOrigin::Stderr, "two\n"),
        line(3, LogOrigin::Stdout, "three\n"),
    ];
    node.logs.insert("c1".into(), lines);
}

#[tokio::test]
async fn a_containers_log_is_framed_and_narrowed() {
    let bench = Bench::alone();
    container(&bench);
    let both = "/containers/web/logs?stdout=1&stderr=1";
    let asked = [
        (both.to_owned(), "1:one 2:two 1:three"),
        ("/containers/web/logs?stdout=1".into(), "1:one 1:three"),
        ("/containers/web/logs?stderr=true".into(), "2:two"),
        (format!("{both}&tail=1"), "1:three"),
        (format!("{both}&tail=0"), ""),
        (format!("{both}&tail=all&since=2"), "2:two 1:three"),
        (format!("{both}&since=1.5&until=2.5"), "2:two"),
        (format!("{both}&until=1970-01-01T00:00:01Z"), "1:one"),
    ];
    for (path, found) in asked {
        assert_eq!(frames(&bench.get(&path).await.body).join(" "), found, "{path}");
    }
    let stamped = bench.get(&format!("{both}&tail=1&timestamps=1")).await;
    assert_eq!(frames(&stamped.body), ["1:1970-01-01T00:00:03.000000000Z three"]);
    assert_eq!(stamped.headers["content-type"], "application/vnd.docker.multiplexed-stream");
    let old = bench.get(&format!("/v1.41{both}")).await;
    assert_eq!(old.headers["content-type"], "application/vnd.docker.raw-stream");
    let none = bench.get("/containers/web/logs").await.message();
    assert_eq!(none, (400, "Bad parameters: you must choose at least one stream".into()));
    assert_eq!(bench.get(&format!("{both}&tail=few")).await.status, 400);
    assert_eq!(bench.get(&format!("{both}&since=then")).await.status, 400);
    assert_eq!(bench.get("/containers/none/logs?stdout=1").await.status, 404);
}

#[tokio::test]
async fn a_services_log_is_merged_by_time_and_says_where_each_line_is_from() {
    let bench = Bench::manager().await;
    let service = bench.service("web").await;
    let (first, second) = (bench.task("web", 1).await, bench.task("web", 2).await);
    let odd = vec![line(1, LogOrigin::Stdout, "a\n"), line(3, LogOrigin::Stdout, "c\n")];
    let even = vec![line(2, LogOrigin::Stderr, "b\n"), line(4, LogOrigin::Stdout, "d\n")];
    bench.host.node().logs.extend([("c1".to_owned(), odd), ("c2".to_owned(), even)]);
    let path = "/services/web/logs?stdout=1&stderr=1";
    assert_eq!(frames(&bench.get(path).await.body).join(" "), "1:a 2:b 1:c 1:d");
    let detailed = frames(&bench.get(&format!("{path}&details=1&until=2")).await.body);
    let place = |task: skep_model::TaskId| {
        format!(
            "com.docker.swarm.node.id={NODE},com.docker.swarm.service.id={service},com.docker.swarm.task.id={task}"
        )
    };
    assert_eq!(detailed, [format!("1:{} a", place(first)), format!("2:{} b", place(second))]);
    let one = bench.get(&format!("/tasks/{second}/logs?stdout=1")).await;
    assert_eq!(frames(&one.body), ["1:d"]);
    assert_eq!(bench.get("/services/none/logs?stdout=1").await.status, 404);
}

/// The next frames of an open answer.
async fn next(body: &mut Body) -> Vec<String> {
    frames(&body.frame().await.unwrap().unwrap().into_data().unwrap())
}

#[tokio::test]
async fn a_followed_service_shows_new_lines_and_new_tasks_and_ends_at_shutdown() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    bench.task("web", 1).await;
    bench.host.writes("c1", line(1, LogOrigin::Stdout, "old\n"));
    let path = "/services/web/logs?stdout=1&follow=1";
    let mut body = bench.open(Request::get(path).body(Body::empty()).unwrap()).await.into_body();
    assert_eq!(next(&mut body).await, ["1:old"]);
    bench.host.writes("c1", line(2, LogOrigin::Stdout, "new\n"));
    assert_eq!(next(&mut body).await, ["1:new"]);
    bench.host.writes("c2", line(3, LogOrigin::Stdout, "other\n"));
    bench.task("web", 2).await;
    assert_eq!(next(&mut body).await, ["1:other"]);
    bench.shutdown.cancel();
    assert!(body.frame().await.is_none());
}

/// A task of the service `web` on another node, in this state.
async fn away(bench: &Bench, number: u128, node: u128, state: NodeState) -> skep_model::TaskId {
    let id = bench.task("web", number).await;
    let task = bench.control.view().task(id).unwrap().clone();
    bench.host.node().tasks.remove(&id);
    let node = NodeId::new(node);
    let there = bench.control.view().node(NODE).unwrap().clone();
    let mut other = skep_model::Node { id: node, ..skep_model::Node::clone(&there) };
    other.status.state = state;
    other.description.hostname = format!("host{number}");
    let moved = skep_model::Task { node: Some(node), ..skep_model::Task::clone(&task) };
    bench.write(vec![skep_model::Change::Create(other.into()), super::bench::update(moved)]).await;
    id
}

#[tokio::test]
async fn lines_come_from_all_nodes_and_those_that_are_missing_are_told() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    bench.task("web", 1).await;
    bench.host.writes("c1", line(2, LogOrigin::Stdout, "here\n"));
    let there = away(&bench, 2, 8, NodeState::Ready).await;
    away(&bench, 3, 9, NodeState::Down).await;
    away(&bench, 4, 10, NodeState::Ready).await;
    let piece = |second: u64, text: &str| CallPiece::Line {
        at_ns: second * SECOND_NS,
        stderr: false,
        text: text.into(),
    };
    let says = vec![piece(1, "first\n"), piece(3, "last\n")];
    bench.host.node().others.insert(NodeId::new(8), says);
    let mut shown = frames(&bench.get("/services/web/logs?stdout=1&stderr=1").await.body);
    let told = shown.split_off(3);
    assert_eq!(shown, ["1:first", "1:here", "1:last"]);
    assert!(told.contains(&"2:skep: node host3 is down, and its lines are missing".to_owned()), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("2:skep: lines of node host4 are missing")), "{told:?}");
    let one = bench.get(&format!("/tasks/{there}/logs?stdout=1")).await;
    assert_eq!(frames(&one.body), ["1:first", "1:last"]);
}

#[tokio::test]
async fn what_terminals_wrote_has_no_frames() {
    let bench = Bench::manager().await;
    let made = super::bench::spec("web", 0).replace(r#""Image""#, r#""TTY":true,"Image""#);
    assert_eq!(bench.post("/services/create", &made).await.status, 201);
    let task = bench.task("web", 1).await;
    let view = bench.control.view();
    let spec_version = view.service_named("web").unwrap().spec_version;
    let current = skep_model::Task { spec_version, ..skep_model::Task::clone(view.task(task).unwrap()) };
    bench.write(vec![super::bench::update(current)]).await;
    bench.host.writes("c1", line(1, LogOrigin::Stdout, "one\r\n"));
    for path in ["/services/web/logs".to_owned(), format!("/tasks/{task}/logs")] {
        let answer = bench.get(&format!("{path}?stdout=1")).await;
        assert_eq!(answer.headers["content-type"], "application/vnd.docker.raw-stream", "{path}");
        assert_eq!(answer.text(), "one\r\n");
    }
}

#[tokio::test]
async fn a_followed_log_does_not_hang_on_what_is_gone() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    bench.task("web", 1).await;
    let there = away(&bench, 2, 8, NodeState::Ready).await;
    bench.host.node().others.insert(NodeId::new(8), Vec::new());
    // Its container was removed: there is nothing to follow.
    let ended = bench.get(&format!("/tasks/{there}/logs?stdout=1&follow=1")).await;
    assert_eq!((ended.status.as_u16(), ended.body.len()), (200, 0));
    bench.host.node().tasks.clear();
    let path = "/services/web/logs?stdout=1&follow=1";
    let mut body = bench.open(Request::get(path).body(Body::empty()).unwrap()).await.into_body();
    assert_eq!(bench.ask("DELETE", "/services/web", "").await.status, 200);
    assert!(body.frame().await.is_none(), "it ends with the service");
}

#[tokio::test]
async fn a_node_that_breaks_off_is_told_after_what_it_said() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    away(&bench, 2, 8, NodeState::Ready).await;
    let said = CallPiece::Line { at_ns: SECOND_NS, stderr: false, text: "first\n".into() };
    let reason = "the connection to the node broke off".to_owned();
    let others = vec![said, CallPiece::Failed { missing: false, reason }];
    bench.host.node().others.insert(NodeId::new(8), others);
    let shown = frames(&bench.get("/services/web/logs?stdout=1&stderr=1").await.body);
    let told = "2:skep: further lines of node host2 are missing: the connection to the node broke off";
    assert_eq!(shown, ["1:first", told]);
}
