use crate::reader::{Field, Findings};

/// Keys of the compose format that this version does not honour, where a general advice is not enough.
const ADVICE: [(&str, &str); 13] = [
    ("build", "build the image elsewhere, bring it in with 'skep image load' and name it under 'image'"),
    ("container_name", "tasks are named after their service; remove it"),
    ("depends_on", "services start together and must wait for each other themselves; remove it"),
    ("env_file", "write the variables under 'environment'"),
    ("expose", "services on one network reach all ports of each other; remove it"),
    ("links", "services on one network reach each other by name; remove it"),
    ("network_mode", "name networks under 'networks'"),
    ("restart", "use 'deploy.restart_policy'"),
    ("scale", "use 'deploy.replicas'"),
    ("tmpfs", "use 'volumes' with type tmpfs"),
    ("mem_limit", "use 'deploy.resources.limits.memory'"),
    ("cpus", "use 'deploy.resources.limits.cpus'"),
    ("pids_limit", "use 'deploy.resources.limits.pids'"),
];

/// Keys of the compose format that this version does not honour.
const NOT_YET: &[&str] = &[
    "annotations",
    "attach",
    "attachable",
    "blkio_config",
    "cgroup",
    "cgroup_parent",
    "cpu_count",
    "cpu_quota",
    "cpu_shares",
    "cpuset",
    "credential_spec",
    "develop",
    "device_cgroup_rules",
    "devices",
    "domainname",
    "driver_opts",
    "enable_ipv6",
    "extends",
    "external_links",
    "host_ip",
    "app_protocol",
    "include",
    "interface_name",
    "ipam",
    "ipc",
    "ipv4_address",
    "ipv6_address",
    "isolation",
    "label_file",
    "link_local_ips",
    "mac_address",
    "memswap_limit",
    "oom_kill_disable",
    "pid",
    "platform",
    "priority",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "runtime",
    "security_opt",
    "shm_size",
    "storage_opt",
    "userns_mode",
    "uts",
    "volume_driver",
    "volumes_from",
    "models",
    "gpus",
    "consistency",
    "image",
    "pids",
    "name",
    "networks",
    "labels",
    "driver",
];

/// Refuses a key that is not among those that are honoured where it stands.
pub(crate) fn refuse_unknown(field: &Field<'_>, honoured: &[&str], out: &mut Findings) {
    let advice = ADVICE.iter().find(|(key, _)| *key == field.key);
    let message = if let Some((_, advice)) = advice {
        format!("is not supported by this version of Skep: {advice}")
    } else if NOT_YET.contains(&field.key) {
        "is not supported here by this version of Skep: remove it".to_owned()
    } else if let Some(near) = nearest(field.key, honoured) {
        format!("is not a key of compose files: did you mean '{near}'?")
    } else {
        format!("is not a key of compose files: remove it; known here: {}", honoured.join(", "))
    };
    field.refuse_key(out, message);
}

/// The word that is at most two changes away, the nearest first.
fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let near = words
        .iter()
        .map(|known| (distance(word, known), *known))
        .filter(|(changes, known)| *changes <= 2 && *changes < known.len().div_ceil(2));
    near.min().map(|(_, known)| known)
}

/// How many characters must be put in, left out or replaced to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, a) in one.chars().enumerate().take(64) {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (above, b) in row.iter().skip(1).zip(other.chars()) {
            let cell = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            diagonal = *above;
            left = cell;
            next.push(cell);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        assert_eq!(nearest("imgae", &["image", "ports"]), Some("image"));
        assert_eq!(nearest("replica", &["replicas", "mode"]), Some("replicas"));
        assert_eq!(nearest("foo", &["image", "user"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
