//! What the swarm is: nodes, services, tasks, networks.

use std::collections::BTreeSet;

use skep_model::{Change, Node, NodeId, NodeState, Task, TaskState, Timestamp};

use super::bench::{Answer, Bench, node, update};
use crate::error::{HostError, HostErrorKind};
use crate::host::{Member, SwarmState};

fn count(answer: &Answer) -> usize {
    answer.json().as_array().unwrap_or_else(|| panic!("{}", answer.text())).len()
}

#[tokio::test]
async fn the_swarm_and_its_nodes_are_shown() {
    let bench = Bench::manager().await;
    bench.write(vec![Change::Create(node(NodeId::new(8), "two").into())]).await;
    let swarm = bench.get("/swarm").await.json();
    assert_eq!(swarm["JoinTokens"]["Worker"], "SWMTKN-w");
    let tls = serde_json::json!({
        "TrustRoot": "certificate", "CertIssuerSubject": "AQID", "CertIssuerPublicKey": "BAUG"
    });
    assert_eq!((&swarm["TLSInfo"], &swarm["RootRotationInProgress"]), (&tls, &false.into()));
    let info = bench.get("/info").await.json();
    assert_eq!(info["Swarm"]["Cluster"]["TLSInfo"], tls);
    let id = NodeId::new(7).to_string();
    assert_eq!(info["Swarm"]["NodeID"], id.as_str());
    assert_eq!((&info["Swarm"]["Nodes"], &info["Swarm"]["Managers"]), (&2.into(), &2.into()));
    assert_eq!(info["Swarm"]["Cluster"]["ID"], swarm["ID"]);
    let one = bench.get("/nodes/one").await.json();
    assert_eq!(one["ManagerStatus"]["Leader"], true);
    assert_eq!(one["ManagerStatus"]["Reachability"], "reachable");
    let two = bench.get("/nodes/two").await.json();
    assert!(two["ManagerStatus"].get("Leader").is_none());
    assert_eq!(two["ManagerStatus"]["Reachability"], "unknown", "it has no vote yet");
    assert_eq!(count(&bench.filtered("/nodes", r#"{"name":["tw"],"role":["worker"]}"#).await), 1);
    assert_eq!(bench.get("/nodes/000000").await.status, 400);
    let version = one["Version"]["Index"].as_u64().unwrap();
    let role = one["Spec"]["Role"].as_str().unwrap();
    let drain = format!(r#"{{"Labels":{{"zone":"a"}},"Role":"{role}","Availability":"drain"}}"#);
    let path = format!("/nodes/one/update?version={version}");
    assert_eq!(bench.post(&path, &drain).await.status, 200);
    assert_eq!(bench.get("/nodes/one").await.json()["Spec"]["Availability"], "drain");
    assert_eq!(count(&bench.filtered("/nodes", r#"{"node.label":["zone=a"]}"#).await), 1);
    assert!(bench.post(&path, &drain).await.message().1.contains("update out of sequence"));
    assert_eq!(bench.post(&path, &drain.replace("drain", "away")).await.status, 400);
    assert_eq!(bench.get("/nodes/three").await.message(), (404, "no such node: three".into()));
}

#[tokio::test]
async fn an_external_authority_is_refused() {
    let bench = Bench::manager().await;
    let version = bench.get("/swarm").await.json()["Version"]["Index"].clone();
    let body = r#"{"CAConfig":{"ExternalCAs":[{"Protocol":"cfssl","URL":"https://ca.example"}]}}"#;
    let (status, text) = bench.post(&format!("/swarm/update?version={version}"), body).await.message();
    assert!(status == 400 && text.contains("--ca-cert"), "{text}");
    let half = r#"{"CAConfig":{"SigningCACert":"PEM"}}"#;
    let (status, text) = bench.post(&format!("/swarm/update?version={version}"), half).await.message();
    assert!(status == 400 && text.contains("SigningCAKey"), "{text}");
}

#[tokio::test]
async fn who_cannot_answer_says_why() {
    let bench = Bench::manager().await;
    bench.host.node().barrier =
        Some(HostError::new(HostErrorKind::Unavailable, "The swarm does not have a leader."));
    assert_eq!(bench.get("/services").await.message(), (503, "The swarm does not have a leader.".into()));
    assert_eq!(bench.get("/info").await.status, 200);
    let worker = Member {
        node: NodeId::new(7),
        address: String::new(),
        data_path: String::new(),
        managers: Vec::new(),
        control: None,
        leader: None,
        voters: BTreeSet::new(),
    };
    bench.host.node().swarm = SwarmState::Member(Box::new(worker));
    let (status, text) = bench.get("/services").await.message();
    assert!(status == 503 && text.contains("Worker nodes can't be used"), "{text}");
    assert_eq!(bench.get("/_ping").await.headers["swarm"], "active/worker");
    assert_eq!(bench.post("/swarm/leave", "").await.status, 503);
    assert_eq!(bench.post("/swarm/leave?force=1", "").await.status, 200);
    let started =
        bench.post("/swarm/init", r#"{"AdvertiseAddr":"10.0.0.1","ListenAddr":"0.0.0.0:2377"}"#).await;
    assert_eq!(started.json(), "node of 10.0.0.1");
}

#[tokio::test]
async fn services_are_narrowed_and_counted() {
    let bench = Bench::manager().await;
    let id = bench.service("web").await;
    bench.service("worker").await;
    bench.task("web", 1).await;
    assert_eq!(count(&bench.get("/services").await), 2);
    let filters = [(r#"{"name":["we"]}"#, 1), (r#"{"name":["w"]}"#, 2), (r#"{"label":["app=web"]}"#, 1)];
    for (filters, found) in filters {
        assert_eq!(count(&bench.filtered("/services", filters).await), found, "{filters}");
    }
    assert_eq!(count(&bench.filtered("/services", r#"{"mode":["global"]}"#).await), 0);
    assert_eq!(count(&bench.filtered("/services", &format!(r#"{{"id":["{}"]}}"#, &id[..6])).await), 1);
    let all = bench.get("/services?status=true").await.json();
    let web = all.as_array().unwrap().iter().find(|service| service["Spec"]["Name"] == "web").unwrap();
    assert_eq!(
        web["ServiceStatus"],
        serde_json::json!({ "RunningTasks": 1, "DesiredTasks": 2, "CompletedTasks": 0 })
    );
    assert!(bench.get("/services/web").await.json().get("ServiceStatus").is_none());
    let global = super::bench::spec("all", 0).replace(r#""Replicated":{"Replicas":2}"#, r#""Global":{}"#);
    assert_eq!(bench.post("/services/create", &global).await.status, 201);
    for (mode, found) in [("global", 1), ("replicated", 2)] {
        let filters = format!(r#"{{"mode":["{mode}"]}}"#);
        assert_eq!(count(&bench.filtered("/services", &filters).await), found, "{mode}");
    }
    assert_eq!(bench.get("/services/nothing").await.message(), (404, "no such service: nothing".into()));
}

#[tokio::test]
async fn tasks_are_narrowed() {
    let bench = Bench::manager().await;
    let web = bench.service("web").await;
    bench.service("db").await;
    let first = bench.task("web", 1).await;
    bench.task("db", 2).await;
    let old = bench.task("web", 3).await;
    let stopped = bench.control.view().task(old).unwrap().clone();
    let stopped = Task { spec_version: 9, desired: TaskState::Shutdown, ..Task::clone(&stopped) };
    bench.write(vec![update(stopped)]).await;
    let filters = [
        ("{}".to_owned(), 3),
        (r#"{"service":["web"]}"#.into(), 2),
        (format!(r#"{{"service":["{web}"],"_up-to-date":["true"]}}"#), 1),
        (r#"{"desired-state":["running"]}"#.into(), 2),
        (r#"{"desired-state":["shutdown"]}"#.into(), 1),
        (r#"{"name":["db.1"]}"#.into(), 1),
        (r#"{"node":["one"]}"#.into(), 3),
        (r#"{"label":["app=db"]}"#.into(), 1),
        (format!(r#"{{"id":["{first}"]}}"#), 1),
    ];
    for (filters, found) in filters {
        assert_eq!(count(&bench.filtered("/tasks", &filters).await), found, "{filters}");
    }
    assert_eq!(bench.filtered("/tasks", r#"{"service":["no"]}"#).await.status, 404);
    assert_eq!(bench.filtered("/tasks", r#"{"desired-state":["asleep"]}"#).await.status, 400);
    let task = bench.get(&format!("/tasks/{first}")).await.json();
    assert_eq!(task["Spec"]["ContainerSpec"]["Image"], "web:1");
    assert_eq!(task["Status"]["State"], "running");
    assert_eq!(bench.get("/tasks/zz").await.message(), (404, "no such task: zz".into()));
}

#[tokio::test]
async fn networks_are_made_shown_and_removed() {
    let bench = Bench::manager().await;
    let made =
        bench.post("/networks/create", r#"{"Name":"app","Driver":"overlay","Labels":{"a":"b"}}"#).await;
    assert_eq!(made.status, 201);
    let id = made.json()["Id"].as_str().unwrap().to_owned();
    assert_eq!(bench.get("/networks/app").await.json()["Id"], id.as_str());
    assert_eq!(count(&bench.filtered("/networks", r#"{"name":["ap"],"driver":["overlay"]}"#).await), 1);
    assert_eq!(count(&bench.filtered("/networks", r#"{"label":["a=c"]}"#).await), 0);
    let again = bench.post("/networks/create", r#"{"Name":"app"}"#).await;
    assert_eq!(again.message(), (409, "network with name app already exists".into()));
    assert_eq!(bench.post("/networks/create", r#"{"Name":"host"}"#).await.status, 403);
    assert_eq!(bench.post("/networks/create", r#"{"Name":"x","Driver":"bridge"}"#).await.status, 400);
    assert_eq!(bench.ask("DELETE", "/networks/app", "").await.status, 204);
    assert_eq!(bench.ask("DELETE", "/networks/other", "").await.message().0, 404);
}

#[tokio::test]
async fn what_runs_on_a_lost_node_is_not_known() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let task = bench.task("web", 1).await;
    let running =
        async || bench.get("/services?status=true").await.json()[0]["ServiceStatus"]["RunningTasks"].as_u64();
    assert_eq!(running().await, Some(1));
    let mut lost = Node::clone(bench.control.view().node(NodeId::new(7)).unwrap());
    lost.status.state = NodeState::Down;
    lost.status.since = Timestamp::from_nanos(5_000_000_000);
    bench.write(vec![update(lost)]).await;
    let shown = bench.get(&format!("/tasks/{task}")).await.json();
    assert_eq!(shown["Status"]["State"], "unknown");
    assert_eq!(shown["Status"]["Timestamp"], "1970-01-01T00:00:05.000000000Z");
    assert_eq!(shown["Status"]["Message"], "node one is down");
    assert_eq!(running().await, Some(0));
}
