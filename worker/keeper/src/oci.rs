//! A container's configuration as the `config.json` of an OCI runtime bundle, so that another runtime can run the
//! same container: the oracle for tests.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::{
    CapabilitySet, ContainerConfig, Mount, Network, ProcessConfig, Propagation, Recursion, Resources,
    Seccomp, Throttle,
};
use crate::error::Step;
use crate::runtime::{Identity, oci_seccomp, resolve_user};
use crate::{Failure, FailureKind};

/// The content of `config.json` for `config` with its root file system mounted at `root` (the runtime specification
/// knows no layers). Users are looked up there.
///
/// # Errors
/// If a user, group or capability does not exist, or `root` is not a directory.
pub fn config_json(config: &ContainerConfig, root: &Path) -> Result<Value, Failure> {
    config.check()?;
    let process = &config.process;
    let identity = resolve_user(root, &process.user, &process.additional_groups)
        .step(FailureKind::RootFs, || format!("root file system {}", root.display()))??;
    let capabilities = CapabilitySet::resolve(&process.capabilities)?;
    let mut mounts = standard_mounts(config.shm_size_bytes);
    let mut sorted: Vec<&Mount> = config.mounts.iter().collect();
    sorted.sort_by_key(|mount| mount.target().components().count());
    mounts.extend(sorted.into_iter().map(mount_json));
    Ok(json!({
        "ociVersion": "1.0.2",
        "process": process_json(process, &identity, capabilities, &config.hostname),
        "root": { "path": root, "readonly": config.rootfs.readonly },
        "hostname": config.hostname,
        "mounts": mounts,
        "linux": linux_json(config, capabilities)?,
    }))
}

fn process_json(process: &ProcessConfig, user: &Identity, set: CapabilitySet, hostname: &str) -> Value {
    let names: Vec<String> = set.names().collect();
    let limit = |limit: &crate::config::Rlimit| {
        let name = limit.name.to_ascii_uppercase();
        let name = name.trim_start_matches("RLIMIT_");
        json!({ "type": format!("RLIMIT_{name}"), "soft": limit.soft, "hard": limit.hard })
    };
    let mut value = json!({
        "terminal": process.terminal,
        "user": {
            "uid": user.uid,
            "gid": user.gid,
            "umask": process.umask.unwrap_or(0o022),
            "additionalGids": user.groups,
        },
        "args": process.args,
        "env": crate::runtime::environment(process, hostname, &user.home),
        "cwd": if process.cwd.is_empty() { "/" } else { &process.cwd },
        "capabilities": { "bounding": names, "effective": names, "permitted": names },
        "rlimits": process.rlimits.iter().map(limit).collect::<Vec<_>>(),
        "noNewPrivileges": process.no_new_privileges,
    });
    if let Some(score) = process.oom_score_adj {
        value["oomScoreAdj"] = score.into();
    }
    value
}

fn standard_mounts(shm_size_bytes: u64) -> Vec<Value> {
    let mount = |target: &str, kind: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": kind, "options": options });
    let shm = format!("size={shm_size_bytes}");
    vec![
        mount("/proc", "proc", &["nosuid", "noexec", "nodev"]),
        mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
        mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount(
            "/dev/pts",
            "devpts",
            &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        ),
        mount("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", &shm]),
        mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
    ]
}

fn mount_json(mount: &Mount) -> Value {
    match mount {
        Mount::Bind(mount) => {
            let propagation = match mount.propagation {
                Propagation::Private => "rprivate",
                Propagation::Slave => "rslave",
                Propagation::Shared => "rshared",
            };
            let bind = if mount.recursion == Recursion::None { "bind" } else { "rbind" };
            let access = if mount.readonly { "ro" } else { "rw" };
            let options = [bind, access, propagation];
            json!({ "destination": mount.target, "type": "bind", "source": mount.source, "options": options })
        }
        Mount::Tmpfs { target, size_bytes, mode, options } => {
            let mut all: Vec<String> = ["nosuid", "nodev", "noexec"].map(String::from).to_vec();
            all.push(format!("mode={:o}", mode.unwrap_or(0o1777)));
            all.extend(size_bytes.map(|bytes| format!("size={bytes}")));
            all.extend(options.iter().cloned());
            json!({ "destination": target, "type": "tmpfs", "source": "tmpfs", "options": all })
        }
    }
}

fn linux_json(config: &ContainerConfig, capabilities: CapabilitySet) -> Result<Value, Failure> {
    let mut namespaces = vec!["mount", "pid", "uts", "ipc", "cgroup"];
    if config.network == Network::New {
        namespaces.push("network");
    }
    let mut sysctls: Map<String, Value> = config.sysctls.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    if config.network == Network::New {
        sysctls.entry("net.ipv4.ip_unprivileged_port_start").or_insert_with(|| json!("0"));
        sysctls.entry("net.ipv4.ping_group_range").or_insert_with(|| json!("0 2147483647"));
    }
    let mut value = json!({
        "namespaces": namespaces.into_iter().map(|kind| json!({ "type": kind })).collect::<Vec<_>>(),
        "cgroupsPath": format!("/{}/{}", config.cgroup_parent, config.id),
        "resources": resources_json(&config.resources),
        "maskedPaths": config.masked_paths,
        "readonlyPaths": config.readonly_paths,
        "sysctl": sysctls,
    });
    if config.seccomp == Seccomp::Default {
        value["seccomp"] = oci_seccomp(capabilities)?;
    }
    Ok(value)
}

fn resources_json(resources: &Resources) -> Value {
    let throttles = |list: &[Throttle]| -> Vec<Value> {
        list.iter().map(|t| json!({ "major": t.major, "minor": t.minor, "rate": t.rate })).collect()
    };
    let quota = resources.nano_cpus.map(|nanos| if nanos == 0 { -1 } else { (nanos / 10_000).cast_signed() });
    without_nulls(json!({
        "devices": [{ "allow": false, "access": "rwm" }],
        "memory": {
            "limit": resources.memory_bytes,
            "swap": resources.memory_swap_bytes,
            "reservation": resources.memory_reservation_bytes,
            "swappiness": resources.memory_swappiness,
        },
        "cpu": {
            "shares": resources.cpu_shares,
            "quota": quota,
            "period": quota.map(|_| 100_000),
            "cpus": resources.cpuset_cpus,
            "mems": resources.cpuset_mems,
        },
        "pids": resources.pids_max.map(|limit| json!({ "limit": limit })),
        "blockIO": {
            "weight": resources.blkio_weight,
            "throttleReadBpsDevice": throttles(&resources.read_bps),
            "throttleWriteBpsDevice": throttles(&resources.write_bps),
            "throttleReadIOPSDevice": throttles(&resources.read_iops),
            "throttleWriteIOPSDevice": throttles(&resources.write_iops),
        },
    }))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, without_nulls(v)));
            Value::Object(kept.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LogConfig, RootFs};

    #[test]
    fn what_matters_is_there() {
        let root = tempfile::tempdir().unwrap();
        let rootfs = RootFs { lower: Vec::new(), upper: "/u".into(), work: "/w".into(), readonly: true };
        let log = LogConfig { path: "/dev/null".into(), size_max_bytes: 0, files_max: 1 };
        let mut config = ContainerConfig::new("c", rootfs, ProcessConfig::new(["true"]), log);
        config.resources.nano_cpus = Some(500_000_000);
        config.process.user = "7:8".into();
        let value = config_json(&config, root.path()).unwrap();
        assert_eq!(value["linux"]["resources"]["cpu"]["quota"], 50_000);
        assert!(value["linux"]["resources"]["memory"].get("limit").is_none());
        assert_eq!(value["process"]["user"]["gid"], 8);
        assert_eq!(value["process"]["capabilities"]["bounding"].as_array().unwrap().len(), 14);
        assert_eq!(value["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(value["root"]["readonly"], true);
        config.process.user = "ghost".into();
        assert_eq!(config_json(&config, root.path()).unwrap_err().kind, FailureKind::UserNotFound);
    }
}
