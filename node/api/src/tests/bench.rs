use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use skep_manager::ControlApi;
use skep_model::{
    CertIssuer, Change, Cluster, ClusterId, ClusterSpec, JoinTokens, ManagerStatus, Meta, Node,
    NodeDescription, NodeId, NodeRole, NodeSpec, NodeState, NodeStatus, Object, RootCa, ServiceId, Task,
    TaskId, TaskState, TaskStatus, Transaction, UnlockKey,
};
use skep_runtime::{Env, Shutdown};
use skep_store::Door;
use skep_store::testing::DirectProposer;
use tower::ServiceExt;

use crate::api::Api;
use crate::events::EventHistory;
use crate::host::{Host, Member, SwarmState};
use crate::router::router;
use crate::testing::FakeHost;

pub(super) const NODE: NodeId = NodeId::new(7);

/// A router over a fake node.
pub(super) struct Bench {
    pub(super) host: Arc<FakeHost>,
    pub(super) control: ControlApi,
    pub(super) shutdown: Shutdown,
    pub(super) env: Env,
    door: Door,
    router: axum::Router,
    _recording: skep_runtime::Task<()>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(super) fn message(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["message"].as_str().unwrap().to_owned())
    }
}

impl Bench {
    /// A node in no swarm.
    pub(super) fn alone() -> Self {
        let env = Env::real();
        let door = DirectProposer::door(env.clone());
        let control = ControlApi::new(env.clone(), door.clone());
        let (host, shutdown, events) = (Arc::new(FakeHost::default()), Shutdown::new(), EventHistory::new());
        let recording = env.spawn("events", events.clone().record(Arc::clone(&host) as Arc<dyn Host>));
        let api = Api {
            host: host.clone(),
            env: env.clone(),
            shutdown: shutdown.clone(),
            events,
            execs: Default::default(),
        };
        Self { host, control, shutdown, env, door, router: router(api), _recording: recording }
    }

    /// The only manager of a swarm.
    pub(super) async fn manager() -> Self {
        let bench = Self::alone();
        bench.host.node().swarm = SwarmState::Member(Box::new(Member {
            node: NODE,
            managers: Vec::new(),
            address: "10.1.1.1".into(),
            data_path: "10.1.1.2".into(),
            control: Some(bench.control.clone()),
            leader: Some(NODE),
            voters: BTreeSet::from([1]),
        }));
        bench.write(vec![Change::Create(node(NODE, "one").into()), Change::Create(cluster().into())]).await;
        bench
    }

    pub(super) async fn write(&self, changes: Vec<Change>) {
        self.door.write(Transaction { changes }).await.unwrap();
    }

    /// A running task of a service on this node with a container `c<id>`.
    pub(super) async fn task(&self, service: &str, id: u128) -> TaskId {
        let service = self.control.view().find_service(service).unwrap().id;
        let task = running(service, TaskId::new(id));
        self.host.node().tasks.insert(task.id, format!("c{id}"));
        let id = task.id;
        self.write(vec![Change::Create(task.into())]).await;
        id
    }

    pub(super) async fn open(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn ask(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        let response = self.open(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.into_body().collect().await.unwrap().to_bytes().to_vec() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, Body::empty()).await
    }

    /// `GET` with filters in JSON.
    pub(super) async fn filtered(&self, path: &str, filters: &str) -> Answer {
        let filters: String = filters.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.get(&format!("{path}?filters={filters}")).await
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, body.to_owned()).await
    }

    /// Makes a service.
    pub(super) async fn service(&self, name: &str) -> String {
        let answer = self.post("/services/create", &spec(name, 0)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["ID"].as_str().unwrap().to_owned()
    }
}

/// A service's spec as Docker's client sends it.
pub(super) fn spec(name: &str, port: u16) -> String {
    let ports = match port {
        0 => "null".to_owned(),
        port => format!(
            r#"[{{"Protocol":"tcp","TargetPort":80,"PublishedPort":{port},"PublishMode":"ingress"}}]"#
        ),
    };
    format!(
        r#"{{"Name":"{name}","Labels":{{"app":"{name}"}},"TaskTemplate":{{"ContainerSpec":{{"Image":"web:1"}}}},
        "Mode":{{"Replicated":{{"Replicas":2}}}},"EndpointSpec":{{"Mode":"vip","Ports":{ports}}}}}"#
    )
}

pub(super) fn node(id: NodeId, hostname: &str) -> Node {
    Node {
        id,
        meta: Meta::default(),
        spec: NodeSpec::default(),
        role: NodeRole::Manager,
        description: NodeDescription { hostname: hostname.into(), ..NodeDescription::default() },
        status: NodeStatus { state: NodeState::Ready, ..NodeStatus::default() },
        key_digest: String::new(),
        certificate: None,
        number: 0,
        manager: Some(ManagerStatus {
            raft_id: if id == NODE { 1 } else { 2 },
            address: "10.1.1.1:2377".into(),
        }),
    }
}

fn cluster() -> Cluster {
    Cluster {
        id: ClusterId::new(9),
        meta: Meta::default(),
        spec: ClusterSpec::default(),
        root_ca: RootCa {
            certificate_pem: "certificate".into(),
            key_pem: "key".into(),
            issuer: CertIssuer { subject: vec![1, 2, 3], public_key: vec![4, 5, 6] },
        },
        root_rotation: None,
        cross_certificates: Vec::new(),
        join_tokens: JoinTokens { worker: "SWMTKN-w".into(), manager: "SWMTKN-m".into() },
        epoch: 0,
        unlock_key: UnlockKey::default(),
    }
}

fn running(service: ServiceId, id: TaskId) -> Task {
    Task {
        id,
        meta: Meta::default(),
        service,
        spec_version: 1,
        slot: 1,
        node: Some(NODE),
        desired: TaskState::Running,
        status: TaskStatus { state: TaskState::Running, ..TaskStatus::default() },
        networks: Box::default(),
        restarts: None,
        generic: Box::default(),
        timeline: Box::default(),
        dismissed: None,
    }
}

/// A task that changed, as its agent reports it.
pub(super) fn update(object: impl Into<Object>) -> Change {
    Change::Update(object.into())
}
