//! What the daemon is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use skep_rest::{
    API_VERSION, API_VERSION_MIN, ClusterInfo, DriverNames, EngineVersion, Info, Peer, RuntimePath,
    SwarmInfo, VersionComponent, VersionPlatform, image_architecture, rfc3339,
};

use crate::api::Api;
use crate::host::{Member, SwarmState};
use crate::refusal::Refusal;
use crate::warnings;

/// The format of container logs.
const LOG_DRIVER: &str = "cri";
/// What runs containers.
const RUNTIME: &str = "keeper";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `GET` and `HEAD /_ping`: what a client needs to know before anything else.
pub(crate) async fn ping(State(api): State<Api>) -> impl IntoResponse {
    let swarm = match api.host.swarm() {
        SwarmState::Inactive => "inactive",
        SwarmState::Starting(_) => "pending",
        SwarmState::Locked => "locked",
        SwarmState::Error(..) => "error",
        SwarmState::Member(member) if member.control.is_some() => "active/manager",
        SwarmState::Member(_) => "active/worker",
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
        (header::PRAGMA, "no-cache"),
        (HeaderName::from_static("swarm"), swarm),
    ];
    (headers, "OK")
}

/// `GET /version`.
pub(crate) async fn version(State(api): State<Api>) -> Json<EngineVersion> {
    let facts = api.host.facts();
    let mut version = EngineVersion {
        version: VERSION.into(),
        api_version: API_VERSION.into(),
        min_api_version: API_VERSION_MIN.into(),
        git_commit: option_env!("SKEP_COMMIT").unwrap_or("unknown").into(),
        go_version: concat!("rust ", env!("CARGO_PKG_RUST_VERSION")).into(),
        os: "linux".into(),
        arch: image_architecture(&facts.architecture).into(),
        kernel_version: facts.kernel_version,
        build_time: option_env!("SKEP_BUILD_TIME").unwrap_or("unknown").into(),
        platform: VersionPlatform { name: "Skep".into() },
        components: Vec::new(),
    };
    version.components = vec![VersionComponent::engine(&version)];
    Json(version)
}

/// `GET /info`.
pub(crate) async fn info(State(api): State<Api>) -> Result<Json<Info>, Refusal> {
    let facts = api.host.facts();
    let containers = api.host.containers();
    let in_state =
        |state: &str| containers.iter().filter(|container| container.state == state).count() as u64;
    let (running, paused) = (in_state("running"), in_state("paused"));
    let total = containers.len() as u64;
    let swarm = api.host.swarm();
    let control = match &swarm {
        SwarmState::Member(member) => member.control.as_ref(),
        _ => None,
    };
    let warnings = control.map(|control| warnings::of(&control.view())).unwrap_or_default();
    Ok(Json(Info {
        id: facts.id,
        containers: total,
        containers_running: running,
        containers_paused: paused,
        containers_stopped: total - running - paused,
        images: api.host.images().await?.len() as u64,
        driver: "overlayfs".into(),
        cgroup_driver: "cgroupfs".into(),
        cgroup_version: facts.cgroup_version.to_string(),
        logging_driver: LOG_DRIVER.into(),
        name: facts.hostname,
        server_version: VERSION.into(),
        operating_system: facts.operating_system,
        os_type: "linux".into(),
        architecture: facts.architecture,
        kernel_version: facts.kernel_version,
        ncpu: facts.cpus,
        mem_total: facts.memory_bytes,
        docker_root_dir: facts.data_root,
        labels: facts.labels,
        system_time: rfc3339(facts.now),
        debug: facts.debug,
        swarm: swarm_info(swarm),
        warnings,
        plugins: DriverNames {
            volume: vec!["local".into()],
            network: vec!["overlay".into()],
            authorization: None,
            log: vec![LOG_DRIVER.into()],
        },
        runtimes: [(RUNTIME.to_owned(), RuntimePath { path: "skep keeper".into() })].into(),
        default_runtime: RUNTIME.into(),
        security_options: vec!["name=seccomp,profile=builtin".into(), "name=cgroupns".into()],
        memory_limit: true,
        swap_limit: true,
        cpu_cfs_quota: true,
        cpu_cfs_period: true,
        cpu_shares: true,
        cpu_set: true,
        pids_limit: true,
        ipv4_forwarding: true,
    }))
}

/// Answers also while nobody leads: from what this node knows.
fn swarm_info(state: SwarmState) -> SwarmInfo {
    let local = |word: &str, node: String, error: String| SwarmInfo {
        local_node_state: word.into(),
        node_id: node,
        error,
        ..SwarmInfo::default()
    };
    match state {
        SwarmState::Inactive => local("inactive", String::new(), String::new()),
        SwarmState::Starting(node) => local("pending", node.to_string(), String::new()),
        SwarmState::Locked => local("locked", String::new(), String::new()),
        SwarmState::Error(node, reason) => local("error", node.to_string(), reason),
        SwarmState::Member(member) => member_info(&member),
    }
}

fn member_info(member: &Member) -> SwarmInfo {
    let mut info = SwarmInfo {
        node_id: member.node.to_string(),
        node_addr: member.address.clone(),
        data_path_addr: member.data_path.clone(),
        local_node_state: "active".into(),
        control_available: member.control.is_some(),
        ..SwarmInfo::default()
    };
    if member.control.is_none() {
        let known = member.managers.iter().map(|addr| Peer { node_id: String::new(), addr: addr.clone() });
        info.remote_managers = Some(known.collect());
    }
    if let Some(control) = &member.control {
        let view = control.view();
        let managers = view.nodes().filter_map(|node| {
            let addr = node.manager.as_ref()?.address.clone();
            Some(Peer { node_id: node.id.to_string(), addr })
        });
        let managers: Vec<Peer> = managers.collect();
        info.nodes = view.nodes().count() as u64;
        info.managers = managers.len() as u64;
        info.remote_managers = Some(managers);
        info.cluster = view.cluster().map(|cluster| ClusterInfo::from(&**cluster));
    }
    info
}
