//! From what is wanted of a container, and its image, to what the keeper makes. Pure.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use skep_image::Image;
use skep_keeper::config::{
    Bind, Capabilities, ContainerConfig, LogConfig, Mount as KeeperMount, ProcessConfig, Resources, Rlimit,
    RootFs,
};
use skep_model::{
    ContainerSpec, LogFiles, Resources as ModelResources, TaskAssignment, TaskId, Ulimit, limits,
};

use crate::container::{ContainerInfo, HostPort, NetworkPlace, StoredDns};
use crate::directory::Directory;
use crate::mounts;
use crate::programs::programs;

/// The name server inside every container.
const NAME_SERVER: &str = "127.0.0.11";

/// The id of a task's container: it follows from the task, so a restarted daemon finds it again.
pub(crate) fn container_id(task: TaskId) -> String {
    let digest = Sha256::digest(format!("task {task}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wanted of a container, of a task's or of a plain one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// What runs in it, templates filled in.
    pub(crate) container: &'a ContainerSpec,
    /// What it may use.
    pub(crate) resources: &'a ModelResources,
    /// How much of its output is kept.
    pub(crate) log: LogFiles,
    /// Where the node's volumes are.
    pub(crate) volumes: &'a Path,
}

/// What is known of a task's container before it is made.
pub(crate) fn container_info(
    assignment: &TaskAssignment,
    wanted: Wanted<'_>,
    image: &Image,
    networks: Vec<NetworkPlace>,
    ports: Vec<HostPort>,
    created_ns: u64,
) -> ContainerInfo {
    let own = format!("SKEP_TASK={}.{}", assignment.spec.name, assignment.slot);
    ContainerInfo {
        name: assignment.container_name(),
        task: Some(assignment.id.to_string()),
        labels: assignment.container_labels(),
        networks,
        egress: assignment.egress,
        ports,
        created_ns,
        ..made_of(container_id(assignment.id), Some(&own), wanted, image)
    }
}

/// What a container's spec and image say of it, with a variable of its own; the rest is empty.
pub(crate) fn made_of(id: String, own: Option<&String>, wanted: Wanted<'_>, image: &Image) -> ContainerInfo {
    let (spec, used) = (wanted.container, &wanted.resources.limits);
    let hostname =
        if spec.hostname.is_empty() { id.chars().take(12).collect() } else { spec.hostname.clone() };
    let info = ContainerInfo {
        image: spec.image.clone(),
        image_id: image.id.to_string(),
        command: command(spec, image),
        environment: environment(own, spec, image),
        working_directory: first_filled(&spec.working_directory, &image.config.working_dir),
        user: first_filled(&spec.user, &image.config.user),
        hostname,
        labels: spec.labels.clone(),
        mounts: spec.mounts.iter().map(|mount| mounts::stored(&id, mount, wanted.volumes)).collect(),
        stop_signal: first_filled(&spec.stop_signal, image.config.stop_signal.as_deref().unwrap_or_default()),
        stop_grace_ms: millis(spec.stop_grace.unwrap_or(limits::STOP_GRACE_DEFAULT)),
        limits: (used.nano_cpus, used.memory_bytes, used.pids),
        hosts: spec.hosts.clone(),
        dns: StoredDns::from(&spec.dns),
        terminal: spec.tty,
        stdin: spec.open_stdin,
        logs: wanted.log.files_max != 0,
        id,
        ..ContainerInfo::default()
    };
    let programs = programs(spec, &image.config, &process(spec, &info));
    ContainerInfo { programs, ..info }
}

/// What the keeper is to make.
pub(crate) fn configuration(
    wanted: Wanted<'_>,
    info: &ContainerInfo,
    layers: Vec<PathBuf>,
    directory: &Directory,
    cgroup_parent: &str,
) -> ContainerConfig {
    let spec = wanted.container;
    let root = RootFs {
        lower: layers,
        upper: directory.path("upper"),
        work: directory.path("work"),
        readonly: spec.read_only,
    };
    let log = match wanted.log.files_max {
        0 => LogConfig { path: "/dev/null".into(), size_max_bytes: 0, files_max: 1 },
        files_max => LogConfig {
            path: directory.path("container.log"),
            size_max_bytes: wanted.log.size_max_bytes,
            files_max,
        },
    };
    let mut config = ContainerConfig::new(info.id.clone(), root, process(spec, info), log);
    config.hostname.clone_from(&info.hostname);
    cgroup_parent.clone_into(&mut config.cgroup_parent);
    config.resources = bounds(wanted.resources);
    config.sysctls.clone_from(&spec.sysctls);
    config.mounts = ["hosts", "hostname", "resolv.conf"]
        .map(|name| KeeperMount::Bind(Bind::new(directory.path(name), PathBuf::from("/etc").join(name))))
        .into();
    config.mounts.extend(spec.mounts.iter().map(|mount| mounts::made(&info.id, mount, wanted.volumes)));
    config
}

/// The container's own process.
fn process(spec: &ContainerSpec, info: &ContainerInfo) -> ProcessConfig {
    ProcessConfig {
        env: info.environment.clone(),
        cwd: info.working_directory.clone(),
        user: info.user.clone(),
        additional_groups: spec.groups.clone(),
        terminal: spec.tty,
        stdin_open: spec.open_stdin,
        capabilities: Capabilities {
            add: spec.capability_add.clone(),
            drop: spec.capability_drop.clone(),
            privileged: false,
        },
        no_new_privileges: spec.no_new_privileges,
        rlimits: spec.ulimits.iter().map(rlimit).collect(),
        oom_score_adj: (spec.oom_score_adj != 0).then_some(spec.oom_score_adj),
        init: spec.init.unwrap_or_default(),
        ..ProcessConfig::new(info.command.clone())
    }
}

fn rlimit(limit: &Ulimit) -> Rlimit {
    // A negative one is none.
    let value = |bound: i64| u64::try_from(bound).unwrap_or(u64::MAX);
    Rlimit { name: limit.name.clone(), soft: value(limit.soft), hard: value(limit.hard) }
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
    for entry in &info.hosts {
        hosts.push_str(&format!("{}\n", entry.split_ascii_whitespace().collect::<Vec<_>>().join("\t")));
    }
    vec![
        ("hosts", hosts),
        ("hostname", format!("{}\n", info.hostname)),
        ("resolv.conf", resolver(&info.dns, search)),
    ]
}

/// The container asks its own resolver, which asks the servers that were named.
fn resolver(dns: &StoredDns, search: &str) -> String {
    let own = dns.search.join(" ");
    // A lone dot asks for no domains at all.
    let search = match own.as_str() {
        "" => search,
        "." => "",
        own => own,
    };
    let mut text = format!("nameserver {NAME_SERVER}\n");
    if !search.is_empty() {
        text.push_str(&format!("search {search}\n"));
    }
    let dots = dns.options.iter().any(|option| option.starts_with("ndots:"));
    let default = (!dots).then_some("ndots:0");
    let options: Vec<&str> = dns.options.iter().map(String::as_str).chain(default).collect();
    text.push_str(&format!("options {}\n", options.join(" ")));
    text
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

fn environment(own: Option<&String>, spec: &ContainerSpec, image: &Image) -> Vec<String> {
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

fn first_filled(wanted: &str, default: &str) -> String {
    if wanted.is_empty() { default.to_owned() } else { wanted.to_owned() }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use skep_model::{DnsConfig, Labels};

    use super::*;
    use crate::directory::Directories;

    fn made(spec: &ContainerSpec, log: LogFiles) -> (ContainerInfo, ContainerConfig) {
        let resources = ModelResources::default();
        let wanted = Wanted { container: spec, resources: &resources, log, volumes: Path::new("/v") };
        let info = made_of("0123456789abcdef".into(), None, wanted, &Image::default());
        let root = tempfile::tempdir().unwrap();
        let directory = Directories::open(root.path().to_owned()).unwrap().of("one");
        let config = configuration(wanted, &info, Vec::new(), &directory, "skep/x");
        (info, config)
    }

    #[test]
    fn every_option_of_a_process_reaches_the_keeper() {
        let spec = ContainerSpec {
            entrypoint: vec!["serve".into()],
            groups: vec!["audio".into(), "7".into()],
            tty: true,
            open_stdin: true,
            init: Some(true),
            read_only: true,
            capability_add: vec!["NET_ADMIN".into()],
            capability_drop: vec!["ALL".into()],
            sysctls: Labels::from([("net.core.somaxconn".to_owned(), "9".to_owned())]),
            ulimits: vec![Ulimit { name: "nofile".into(), soft: 5, hard: -1 }],
            oom_score_adj: -7,
            no_new_privileges: true,
            ..ContainerSpec::default()
        };
        let (info, config) = made(&spec, LogFiles { size_max_bytes: 5, files_max: 2 });
        let process = &config.process;
        assert_eq!(process.additional_groups, ["audio", "7"]);
        assert!(process.terminal && process.stdin_open && process.init && process.no_new_privileges);
        assert!(config.rootfs.readonly && info.terminal && info.stdin && info.logs);
        assert_eq!(
            (process.capabilities.add[0].as_str(), process.capabilities.drop[0].as_str()),
            ("NET_ADMIN", "ALL")
        );
        assert_eq!(config.sysctls["net.core.somaxconn"], "9");
        assert_eq!((process.rlimits[0].soft, process.rlimits[0].hard), (5, u64::MAX));
        assert_eq!(
            (process.oom_score_adj, config.log.size_max_bytes, config.log.files_max),
            (Some(-7), 5, 2)
        );
        let (info, config) =
            made(&ContainerSpec::default(), LogFiles { files_max: 0, ..LogFiles::default() });
        assert_eq!((config.log.path.to_str(), info.logs), (Some("/dev/null"), false));
        assert_eq!((config.process.oom_score_adj, config.process.init), (None, false));
    }

    #[test]
    fn names_are_looked_up_as_asked() {
        let file = |spec: &ContainerSpec, name: &str| {
            let (info, _) = made(spec, LogFiles::default());
            etc_files(&info, "host.example").into_iter().find(|(known, _)| *known == name).unwrap().1
        };
        let plain = ContainerSpec::default();
        assert_eq!(
            file(&plain, "resolv.conf"),
            "nameserver 127.0.0.11\nsearch host.example\noptions ndots:0\n"
        );
        let dns = DnsConfig {
            nameservers: vec!["9.9.9.9".into()],
            search: vec!["a.example".into(), "b.example".into()],
            options: vec!["ndots:2".into(), "rotate".into()],
        };
        let own = ContainerSpec { dns, hosts: vec!["10.0.0.9 db  db2".into()], ..ContainerSpec::default() };
        assert_eq!(
            file(&own, "resolv.conf"),
            "nameserver 127.0.0.11\nsearch a.example b.example\noptions ndots:2 rotate\n"
        );
        assert!(file(&own, "hosts").ends_with("10.0.0.9\tdb\tdb2\n"));
        let none = DnsConfig { search: vec![".".into()], ..DnsConfig::default() };
        let none = ContainerSpec { dns: none, ..ContainerSpec::default() };
        assert_eq!(file(&none, "resolv.conf"), "nameserver 127.0.0.11\noptions ndots:0\n");
    }
}
