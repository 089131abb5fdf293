//! Names of capabilities and the set that a process gets.

use super::Capabilities;
use crate::{Failure, FailureKind};

/// Names by number, from linux/capability.h.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The 14 capabilities that Docker gives by default.
pub const DEFAULT_CAPABILITIES: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// A set of capabilities, one bit each as in `/proc/<pid>/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// Every capability known here.
    pub const ALL: Self = Self((1 << NAMES.len()) - 1);

    /// The default set with `add` and `drop` applied as Docker does it.
    ///
    /// # Errors
    /// [`FailureKind::Config`] for a name that is no capability.
    pub fn resolve(capabilities: &Capabilities) -> Result<Self, Failure> {
        if capabilities.privileged {
            return Ok(Self::ALL);
        }
        let added = mask(&capabilities.add)?;
        let dropped = mask(&capabilities.drop)?;
        let every = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case("all"));
        let base = DEFAULT_CAPABILITIES.iter().filter_map(|name| number(name)).fold(0, |set, n| set | 1 << n);
        Ok(Self(match (every(&capabilities.add), every(&capabilities.drop)) {
            (true, _) => Self::ALL.0 & !dropped_by_name(dropped, every(&capabilities.drop)),
            (false, true) => added,
            (false, false) => (base & !dropped) | added,
        }))
    }

    /// Whether the capability `name` (with or without `CAP_`) is in the set.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        number(name).is_some_and(|n| self.0 >> n & 1 == 1)
    }

    /// Names in the set, `CAP_CHOWN` and so on, by number.
    pub fn names(self) -> impl Iterator<Item = String> {
        NAMES
            .iter()
            .enumerate()
            .filter(move |(n, _)| self.0 >> n & 1 == 1)
            .map(|(_, name)| format!("CAP_{name}"))
    }
}

/// `add: ALL` together with `drop: ALL` means all, as the added ones win.
fn dropped_by_name(dropped: u64, all_dropped: bool) -> u64 {
    if all_dropped { 0 } else { dropped }
}

fn mask(names: &[String]) -> Result<u64, Failure> {
    names.iter().try_fold(0, |set, name| {
        if name.eq_ignore_ascii_case("all") {
            return Ok(set | CapabilitySet::ALL.0);
        }
        let number = number(name).ok_or_else(|| {
            Failure::new(FailureKind::Config, format!("capability {name:?} does not exist"))
        })?;
        Ok(set | 1 << number)
    })
}

fn number(name: &str) -> Option<usize> {
    let upper = name.to_ascii_uppercase();
    let plain = upper.strip_prefix("CAP_").unwrap_or(&upper);
    NAMES.iter().position(|known| *known == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(add: &[&str], drop: &[&str]) -> u64 {
        let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        CapabilitySet::resolve(&Capabilities { add: own(add), drop: own(drop), privileged: false }).unwrap().0
    }

    #[test]
    fn defaults_are_dockers() {
        assert_eq!(set(&[], &[]), 0xa804_25fb);
    }

    #[test]
    fn add_and_drop() {
        assert_eq!(set(&["cap_net_admin"], &["ALL"]), 1 << 12);
        assert_eq!(set(&[], &["all"]), 0);
        assert_eq!(set(&["ALL"], &["CAP_CHOWN"]), CapabilitySet::ALL.0 & !1);
        assert_eq!(set(&[], &["CHOWN"]), 0xa804_25fa);
        let unknown = Capabilities { add: vec!["FLY".into()], ..Capabilities::default() };
        assert_eq!(CapabilitySet::resolve(&unknown).unwrap_err().kind, FailureKind::Config);
    }
}
