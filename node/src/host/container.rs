//! Containers in the API's shape.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};
use skep_api::{HostError, HostErrorKind};
use skep_engine::{
    AttachError, Container, ContainerInfo, ContainerState, EngineError, Health, HealthResult, HealthStatus,
    HostPort, NetworkPlace, Phase, StoredMount,
};
use skep_model::Timestamp;
use skep_rest::{ContainerInspect, ContainerSummary, HealthSummary, PortSummary, human_duration, rfc3339};

/// One line of a list.
pub(super) fn summary(container: &Container, now: Timestamp) -> ContainerSummary {
    let (info, state) = (&container.info, &container.state.get());
    let health = container.health.get();
    ContainerSummary {
        id: info.id.clone(),
        names: vec![format!("/{}", info.name)],
        image: info.image.clone(),
        image_id: info.image_id.clone(),
        command: info.command.join(" "),
        created: i64::try_from(info.created_ns / 1_000_000_000).unwrap_or_default(),
        ports: info.ports.iter().map(port).collect(),
        labels: info.labels.clone(),
        state: word(state).into(),
        status: status(state, health.as_ref(), now),
        network_settings: json!({ "Networks": networks(info) }),
        mounts: mounts(info),
        host_config: json!({ "NetworkMode": network_mode(info) }),
        health: health.map_or_else(HealthSummary::default, |health| HealthSummary {
            status: health.status.word().into(),
            failing_streak: health.failing_streak,
        }),
    }
}

fn port(port: &HostPort) -> PortSummary {
    PortSummary {
        ip: port.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_string(),
        private_port: port.target,
        public_port: Some(port.published),
        kind: port.protocol.clone(),
    }
}

/// `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}`.
fn port_map(info: &ContainerInfo) -> Value {
    ports_by_target(&info.ports, |open| {
        let address = open.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()).to_string();
        json!({ "HostIp": address, "HostPort": open.published.to_string() })
    })
}

/// The same of ports as they were asked for: an empty port is a free one.
fn bindings(ports: &[HostPort]) -> Value {
    ports_by_target(ports, |wanted| {
        let address = wanted.address.map(|address| address.to_string()).unwrap_or_default();
        let port = if wanted.published == 0 { String::new() } else { wanted.published.to_string() };
        json!({ "HostIp": address, "HostPort": port })
    })
}

fn ports_by_target(ports: &[HostPort], place: impl Fn(&HostPort) -> Value) -> Value {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for port in ports {
        all.entry(format!("{}/{}", port.target, port.protocol)).or_default().push(place(port));
    }
    json!(all)
}

/// Everything about one container.
pub(super) fn inspect(container: &Container, log_path: &Path) -> ContainerInspect {
    let (info, state) = (&container.info, &container.state.get());
    ContainerInspect {
        id: info.id.clone(),
        created: rfc3339(Timestamp::from_nanos(info.created_ns)),
        path: info.command.first().cloned().unwrap_or_default(),
        args: info.command.iter().skip(1).cloned().collect(),
        state: skep_rest::ContainerState {
            status: word(state).into(),
            running: state.phase == Phase::Running,
            paused: false,
            restarting: false,
            oom_killed: state.oom_killed,
            dead: false,
            pid: state.pid.unwrap_or_default(),
            exit_code: state.exit_code.unwrap_or_default(),
            error: state.error.clone(),
            started_at: rfc3339(Timestamp::from_nanos(state.started_ns)),
            finished_at: rfc3339(Timestamp::from_nanos(state.finished_ns)),
            health: container.health.get().map(health),
        },
        image: info.image_id.clone(),
        name: format!("/{}", info.name),
        restart_count: 0,
        driver: "overlayfs".into(),
        platform: "linux".into(),
        log_path: log_path.display().to_string(),
        config: config(info),
        host_config: host_config(info),
        network_settings: json!({ "Networks": networks(info), "Ports": port_map(info) }),
        mounts: mounts(info),
    }
}

/// There is no such container.
pub(super) fn missing(reference: &str) -> HostError {
    HostError::new(HostErrorKind::NotFound, EngineError::NoContainer(reference.to_owned()))
}

/// What the engine says, with the kind that the API needs.
pub(super) fn refused(error: EngineError) -> HostError {
    let kind = match &error {
        EngineError::NoContainer(_) | EngineError::NoVolume(_) => HostErrorKind::NotFound,
        EngineError::Ambiguous(_) => HostErrorKind::Invalid,
        EngineError::State(_)
        | EngineError::NameTaken { .. }
        | EngineError::VolumeInUse { .. }
        | EngineError::Port(_) => HostErrorKind::Conflict,
        EngineError::Invalid(_) | EngineError::Start { .. } => HostErrorKind::Invalid,
        EngineError::Image(skep_image::Error::NotFound(_)) => HostErrorKind::NotFound,
        EngineError::Image(_) => HostErrorKind::Invalid,
        EngineError::Attach(AttachError::NotFound(_)) => HostErrorKind::NotFound,
        EngineError::Attach(AttachError::Refused(_)) => HostErrorKind::Invalid,
        EngineError::Attach(AttachError::Unavailable(_)) => HostErrorKind::Unavailable,
        EngineError::Stopped => HostErrorKind::Unavailable,
        _ => HostErrorKind::Internal,
    };
    HostError::new(kind, error)
}

fn word(state: &ContainerState) -> &'static str {
    match state.phase {
        Phase::Making | Phase::Created => "created",
        Phase::Running => "running",
        Phase::Exited => "exited",
    }
}

fn health(health: Health) -> skep_rest::Health {
    let result = |result: &HealthResult| skep_rest::HealthcheckResult {
        start: rfc3339(Timestamp::from_nanos(result.began_ns)),
        end: rfc3339(Timestamp::from_nanos(result.ended_ns)),
        exit_code: result.exit_code,
        output: result.output.clone(),
    };
    skep_rest::Health {
        status: health.status.word().into(),
        failing_streak: health.failing_streak,
        log: health.results.iter().map(result).collect(),
    }
}

fn status(state: &ContainerState, health: Option<&Health>, now: Timestamp) -> String {
    let since = |ns: u64| human_duration(now.since(Timestamp::from_nanos(ns)));
    match state.phase {
        Phase::Making | Phase::Created => "Created".into(),
        Phase::Running => {
            let health = match health.map(|health| health.status) {
                None => "",
                Some(HealthStatus::Starting) => " (health: starting)",
                Some(HealthStatus::Healthy) => " (healthy)",
                Some(HealthStatus::Unhealthy) => " (unhealthy)",
            };
            format!("Up {}{health}", since(state.started_ns))
        }
        Phase::Exited => {
            let code = state.exit_code.unwrap_or_default();
            format!("Exited ({code}) {} ago", since(state.finished_ns))
        }
    }
}

fn config(info: &ContainerInfo) -> Value {
    json!({
        "Hostname": info.hostname,
        "Domainname": "",
        "User": info.user,
        "AttachStdin": false,
        "AttachStdout": false,
        "AttachStderr": false,
        "Tty": info.terminal,
        "OpenStdin": info.stdin,
        "StdinOnce": info.stdin,
        "Env": info.environment,
        "Cmd": info.command,
        "Image": info.image,
        "WorkingDir": info.working_directory,
        "Entrypoint": null,
        "Labels": info.labels,
        "StopSignal": info.stop_signal,
    })
}

fn host_config(info: &ContainerInfo) -> Value {
    let (nano_cpus, memory, pids) = info.limits;
    json!({
        "NetworkMode": network_mode(info),
        "PortBindings": info.plain.as_ref().map(|plain| bindings(&plain.ports)),
        "AutoRemove": info.plain.as_ref().is_some_and(|plain| plain.auto_remove),
        "LogConfig": { "Type": if info.logs { "json-file" } else { "none" }, "Config": {} },
        "RestartPolicy": { "Name": "no", "MaximumRetryCount": 0 },
        "NanoCpus": nano_cpus,
        "Memory": memory,
        "PidsLimit": pids,
    })
}

/// A task's container is on networks of the swarm, whichever.
fn network_mode(info: &ContainerInfo) -> &str {
    info.plain.as_ref().map_or("overlay", |plain| plain.network.word())
}

fn networks(info: &ContainerInfo) -> Value {
    let entry = |place: &NetworkPlace| {
        let value = json!({
            "NetworkID": place.network,
            "IPAddress": place.address,
            "IPPrefixLen": 32,
            "GlobalIPv6Address": place.address6().map(|address| address.to_string()).unwrap_or_default(),
            "GlobalIPv6PrefixLen": if place.subnet6.is_empty() { 0 } else { 128 },
            "Gateway": "",
            "MacAddress": "",
        });
        (place.name.clone(), value)
    };
    Value::Object(info.networks.iter().map(entry).collect())
}

fn mounts(info: &ContainerInfo) -> Vec<Value> {
    let shown = |mount: &StoredMount| {
        let mut value = json!({
            "Type": mount.kind,
            "Source": mount.source,
            "Destination": mount.target,
            "Mode": "",
            "RW": !mount.read_only,
            "Propagation": mount.propagation,
        });
        if !mount.name.is_empty() {
            value["Name"] = json!(mount.name);
            value["Driver"] = json!("local");
        }
        value
    };
    info.mounts.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_what_docker_says() {
        let now = Timestamp::from_nanos(1_000_000_000_000);
        let mut state =
            ContainerState { phase: Phase::Running, started_ns: 995_000_000_000, ..Default::default() };
        assert_eq!(status(&state, None, now), "Up 5 seconds");
        let mut health = Health::default();
        assert_eq!(status(&state, Some(&health), now), "Up 5 seconds (health: starting)");
        health.status = HealthStatus::Healthy;
        assert_eq!(status(&state, Some(&health), now), "Up 5 seconds (healthy)");
        health.status = HealthStatus::Unhealthy;
        assert_eq!(status(&state, Some(&health), now), "Up 5 seconds (unhealthy)");
        state.phase = Phase::Exited;
        state.finished_ns = 400_000_000_000;
        state.exit_code = Some(137);
        assert_eq!(status(&state, Some(&health), now), "Exited (137) 10 minutes ago");
    }
}
