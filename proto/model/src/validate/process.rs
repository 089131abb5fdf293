use std::net::IpAddr;

use crate::{ContainerSpec, Invalid, Ulimit};

/// Names of limits that the kernel sets to a process.
const ULIMITS: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];
/// Kernel settings that an IPC namespace has of its own.
const IPC_SYSCTLS: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

/// Checks with which rights and settings a container's process runs.
pub(super) fn validate_process(spec: &ContainerSpec) -> Result<(), Invalid> {
    for (path, names) in
        [("capability_add", &spec.capability_add), ("capability_drop", &spec.capability_drop)]
    {
        names.iter().try_for_each(|name| validate_capability(path, name))?;
    }
    spec.sysctls.keys().try_for_each(|key| validate_sysctl(key))?;
    spec.ulimits.iter().try_for_each(validate_ulimit)?;
    spec.hosts.iter().try_for_each(|entry| validate_host(entry))?;
    for server in &spec.dns.nameservers {
        if server.parse::<IpAddr>().is_err() {
            return Err(Invalid::new("dns.nameservers", format!("'{server}' is not an IP address")));
        }
    }
    let lines = spec.dns.search.iter().chain(&spec.dns.options);
    if let Some(word) = lines.clone().find(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        return Err(Invalid::new("dns", format!("'{word}' is not one word of resolv.conf(5)")));
    }
    if !(-1000..=1000).contains(&spec.oom_score_adj) {
        let reason = format!("'{}' is not from -1000 to 1000", spec.oom_score_adj);
        return Err(Invalid::new("oom_score_adj", reason));
    }
    Ok(())
}

fn validate_capability(path: &str, name: &str) -> Result<(), Invalid> {
    let known = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.is_empty() && name.chars().all(known) {
        return Ok(());
    }
    Err(Invalid::new(path, format!("'{name}' is not a capability like CAP_NET_ADMIN, NET_ADMIN or ALL")))
}

/// Only what namespaces have of their own: anything else would be set for the whole node.
fn validate_sysctl(key: &str) -> Result<(), Invalid> {
    let own = IPC_SYSCTLS.contains(&key) || key.starts_with("net.") || key.starts_with("fs.mqueue.");
    if own && !key.contains("..") && !key.contains('/') {
        return Ok(());
    }
    let reason = format!(
        "'{key}' is not a container's own: it would be set for the whole node; net.*, fs.mqueue.*, kernel.msg*, kernel.sem and \
         kernel.shm* can be set"
    );
    Err(Invalid::new("sysctls", reason))
}

fn validate_ulimit(limit: &Ulimit) -> Result<(), Invalid> {
    let wrong = |reason: String| Err(Invalid::new("ulimits", reason));
    if !ULIMITS.contains(&limit.name.as_str()) {
        return wrong(format!("'{}' is none of {}", limit.name, ULIMITS.join(", ")));
    }
    if limit.soft < -1 || limit.hard < -1 {
        return wrong(format!("{}: a limit is a number, or -1 for none", limit.name));
    }
    if limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard) {
        let Ulimit { name, soft, hard } = limit;
        return wrong(format!("{name}: the soft limit ({soft}) is more than the hard limit ({hard})"));
    }
    Ok(())
}

fn validate_host(entry: &str) -> Result<(), Invalid> {
    let mut words = entry.split_ascii_whitespace();
    let address = words.next().is_some_and(|word| word.parse::<IpAddr>().is_ok());
    if address && words.next().is_some() && !entry.contains(['\n', '#']) {
        return Ok(());
    }
    Err(Invalid::new("hosts", format!("'{entry}' is not 'ADDRESS NAME [NAME...]'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_cannot_have_is_refused_with_the_reason() {
        let told = |change: &dyn Fn(&mut ContainerSpec)| {
            let mut spec = ContainerSpec::default();
            change(&mut spec);
            validate_process(&spec).map_err(|error| error.to_string())
        };
        let limit = |name: &str, soft, hard| Ulimit { name: name.into(), soft, hard };
        let good = told(&|spec| {
            spec.capability_add = vec!["CAP_NET_ADMIN".into(), "all".into()];
            spec.sysctls.insert("net.core.somaxconn".into(), "1".into());
            spec.sysctls.insert("kernel.shmmax".into(), "1".into());
            spec.ulimits = vec![limit("nofile", 1, 2), limit("core", -1, -1), limit("nproc", 5, -1)];
            spec.hosts = vec!["10.0.0.1 db db2".into()];
            spec.dns.nameservers = vec!["8.8.8.8".into(), "::1".into()];
            spec.oom_score_adj = -1000;
        });
        assert_eq!(good, Ok(()));
        let starts = |told: Result<(), String>, wanted: &str| {
            let told = told.unwrap_err();
            assert!(told.starts_with(wanted), "{told}");
        };
        starts(told(&|spec| spec.capability_drop = vec!["A B".into()]), "capability_drop: 'A B'");
        for key in ["kernel.hostname", "vm.swappiness", "net.../x", "kernel.shm", "fs.file-max"] {
            starts(
                told(&|spec| drop(spec.sysctls.insert(key.into(), "1".into()))),
                &format!("sysctls: '{key}' is not"),
            );
        }
        starts(
            told(&|spec| spec.ulimits = vec![limit("files", 1, 1)]),
            "ulimits: 'files' is none of as, core",
        );
        starts(told(&|spec| spec.ulimits = vec![limit("core", 2, 1)]), "ulimits: core: the soft limit (2)");
        starts(told(&|spec| spec.hosts = vec!["db 10.0.0.1".into()]), "hosts: 'db 10.0.0.1'");
        starts(told(&|spec| spec.dns.nameservers = vec!["x".into()]), "dns.nameservers: 'x'");
        starts(told(&|spec| spec.dns.search = vec!["a b".into()]), "dns: 'a b'");
        starts(told(&|spec| spec.oom_score_adj = 1001), "oom_score_adj: '1001'");
    }
}
