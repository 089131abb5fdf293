//! From what is wanted of a container, and its image, to what the keeper makes. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use skep_image::Image;
use skep_keeper::config::{
    ContainerConfig, LogConfig, Mount as KeeperMount, ProcessConfig, Propagation, Resources, RootFs,
};
use skep_model::{
    ContainerSpec, GenericResource, GenericValue, Mount, MountKind, Resources as ModelResources,
    TaskAssignment, TaskId, limits,
};

use crate::container::{ContainerInfo, HostPort, NetworkPlace};
use crate::directory::Directory;

/// The name server inside every container.
const NAME_SERVER: &str = "127.0.0.11";

/// The id of a task's container: it follows from the task, so a restarted daemon finds it again.
pub(crate) fn container_id(task: TaskId) -> String {
    let digest = Sha256::digest(format!("task {task}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is known of a task's container before it is made.
pub(crate) fn container_info(
    assignment: &TaskAssignment,
    image: &Image,
    networks: Vec<NetworkPlace>,
    ports: Vec<HostPort>,
    created_ns: u64,
) -> ContainerInfo {
    let task = &assignment.spec.task;
    let name = format!("SKEP_TASK={}.{}", assignment.spec.name, assignment.slot);
    let own: Vec<String> = [name].into_iter().chain(given(&assignment.generic)).collect();
    let made = made_of(container_id(assignment.id), &task.container, &task.resources, image);
    ContainerInfo {
        name: assignment.container_name(),
        task: Some(assignment.id.to_string()),
        environment: environment(&own, &task.container, image),
        labels: assignment.container_labels(),
        networks,
        egress: assignment.egress,
        ports,
        created_ns,
        ..made
    }
}

/// What a container's spec and image say of it; the rest is empty.
pub(crate) fn made_of(
    id: String,
    spec: &ContainerSpec,
    resources: &ModelResources,
    image: &Image,
) -> ContainerInfo {
    let hostname =
        if spec.hostname.is_empty() { id.chars().take(12).collect() } else { spec.hostname.clone() };
    let used = &resources.limits;
    ContainerInfo {
        image: spec.image.clone(),
        image_id: image.id.to_string(),
        command: command(spec, image),
        environment: environment(&[], spec, image),
        working_directory: first_filled(&spec.working_directory, &image.config.working_dir),
        user: first_filled(&spec.user, &image.config.user),
        hostname,
        labels: spec.labels.clone(),
        mounts: spec
            .mounts
            .iter()
            .map(|mount| (source_of(mount), mount.target.clone(), mount.read_only))
            .collect(),
        stop_signal: first_filled(&spec.stop_signal, image.config.stop_signal.as_deref().unwrap_or_default()),
        stop_grace_ms: millis(spec.stop_grace.unwrap_or(limits::STOP_GRACE_DEFAULT)),
        limits: (used.nano_cpus, used.memory_bytes, used.pids),
        id,
        ..ContainerInfo::default()
    }
}

/// What the keeper is to make.
pub(crate) fn configuration(
    (spec, resources): (&ContainerSpec, &ModelResources),
    info: &ContainerInfo,
    layers: Vec<PathBuf>,
    directory: &Directory,
    cgroup_parent: &str,
) -> ContainerConfig {
    let root = RootFs {
        lower: layers,
        upper: directory.path("upper"),
        work: directory.path("work"),
        readonly: false,
    };
    let process = ProcessConfig {
        env: info.environment.clone(),
        cwd: info.working_directory.clone(),
        user: info.user.clone(),
        ..ProcessConfig::new(info.command.clone())
    };
    let log = LogConfig {
        path: directory.path("container.log"),
        size_max_bytes: limits::LOG_FILE_BYTES_MAX,
        files_max: limits::LOG_FILES_KEPT,
    };
    let mut config = ContainerConfig::new(info.id.clone(), root, process, log);
    config.hostname.clone_from(&info.hostname);
    cgroup_parent.clone_into(&mut config.cgroup_parent);
    config.resources = bounds(resources);
    config.mounts = ["hosts", "hostname", "resolv.conf"]
        .map(|name| bind(directory.path(name), PathBuf::from("/etc").join(name), false))
        .into();
    config.mounts.extend(spec.mounts.iter().filter_map(mount));
    config
}

/// The files of /etc that the engine writes: name and content.
pub(crate) fn etc_files(info: &ContainerInfo, search: &str) -> Vec<(&'static str, String)> {
    let mut hosts = String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for place in &info.networks {
        hosts.push_str(&format!("{}\t{}\n", place.address, info.hostname));
        if let Some(address) = place.address6() {
            hosts.push_str(&format!("{address}\t{}\n", info.hostname));
        }
    }
    let mut resolver = format!("nameserver {NAME_SERVER}\n");
    if !search.is_empty() {
        resolver.push_str(&format!("search {search}\n"));
    }
    resolver.push_str("options ndots:0\n");
    vec![("hosts", hosts), ("hostname", format!("{}\n", info.hostname)), ("resolv.conf", resolver)]
}

/// Entrypoint and command: what the spec says wins; an entrypoint of the spec's drops the image's command, as with Docker.
fn command(spec: &ContainerSpec, image: &Image) -> Vec<String> {
    let (entrypoint, default) = if spec.entrypoint.is_empty() {
        (image.config.entrypoint.clone(), image.config.cmd.clone())
    } else {
        (spec.entrypoint.clone(), Vec::new())
    };
    let command = if spec.command.is_empty() { default } else { spec.command.clone() };
    entrypoint.into_iter().chain(command).collect()
}

/// What tasks are told of the things that they were given, as Docker's are: `DOCKER_RESOURCE_GPU=a,b`, or a number.
fn given(generic: &[GenericResource]) -> Vec<String> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in generic {
        let value = match &resource.value {
            GenericValue::Discrete(count) => count.to_string(),
            GenericValue::Named(name) => name.clone(),
        };
        kinds.entry(resource.kind.to_uppercase()).or_default().push(value);
    }
    kinds.into_iter().map(|(kind, values)| format!("DOCKER_RESOURCE_{kind}={}", values.join(","))).collect()
}

fn environment(own: &[String], spec: &ContainerSpec, image: &Image) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for entry in image.config.env.iter().chain(own).chain(&spec.environment) {
        let name = entry.split('=').next().unwrap_or_default();
        entries.retain(|known| known.split('=').next() != Some(name));
        entries.push(entry.clone());
    }
    entries
}

fn bounds(resources: &ModelResources) -> Resources {
    let (limits, reserved) = (resources.limits, &resources.reservations);
    let filled = |value: u64| (value != 0).then(|| i64::try_from(value).unwrap_or(i64::MAX));
    let memory = filled(limits.memory_bytes);
    Resources {
        memory_bytes: memory,
        // As much swap as memory, as Docker has it.
        memory_swap_bytes: memory.map(|bytes| bytes.saturating_mul(2)),
        memory_reservation_bytes: filled(reserved.memory_bytes),
        nano_cpus: (limits.nano_cpus != 0).then_some(limits.nano_cpus),
        pids_max: filled(limits.pids),
        ..Resources::default()
    }
}

fn mount(mount: &Mount) -> Option<KeeperMount> {
    match &mount.kind {
        MountKind::Bind { source, .. } => {
            Some(bind(source.into(), PathBuf::from(&mount.target), mount.read_only))
        }
        // Nothing makes volumes yet.
        MountKind::Volume(_) => None,
        MountKind::Tmpfs { size_bytes, mode } => Some(KeeperMount::Tmpfs {
            target: PathBuf::from(&mount.target),
            size_bytes: size_bytes.filter(|&bytes| bytes != 0),
            mode: *mode,
            options: if mount.read_only { vec!["ro".into()] } else { Vec::new() },
        }),
    }
}

fn bind(source: PathBuf, target: PathBuf, readonly: bool) -> KeeperMount {
    KeeperMount::Bind { source, target, readonly, recursive: true, propagation: Propagation::Private }
}

fn source_of(mount: &Mount) -> String {
    match &mount.kind {
        MountKind::Bind { source, .. } => source.clone(),
        MountKind::Volume(volume) => volume.name.clone(),
        MountKind::Tmpfs { .. } => "tmpfs".to_owned(),
    }
}

fn first_filled(wanted: &str, default: &str) -> String {
    if wanted.is_empty() { default.to_owned() } else { wanted.to_owned() }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
