use std::time::Duration;

use crate::{ConfigReference, DnsConfig, HealthCheck, Hook, Labels, Mount, SecretReference, Ulimit};

/// What runs in a task.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct ContainerSpec {
    /// The image reference, e.g. `nginx:1.29`.
    pub image: String,
    /// Replaces the image's entrypoint when not empty (Docker's API calls it `Command`).
    pub entrypoint: Vec<String>,
    /// Replaces the image's command when not empty (Docker's API calls it `Args`).
    pub command: Vec<String>,
    /// `NAME=value`, later ones win over the image's.
    pub environment: Vec<String>,
    /// The container's host name; the container's id when empty.
    pub hostname: String,
    /// `user[:group]`, names or numbers; the image's when empty.
    pub user: String,
    /// Where the process starts; the image's when empty.
    pub working_directory: String,
    /// The container's labels.
    pub labels: Labels,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
    /// The signal that asks it to stop, e.g. `SIGTERM`; the image's when empty.
    pub stop_signal: String,
    /// Time between the stop signal and SIGKILL; the default when none.
    pub stop_grace: Option<Duration>,
    /// Further groups of its process, names or numbers.
    pub groups: Vec<String>,
    /// True when its process has a terminal.
    pub tty: bool,
    /// True when its standard input stays open.
    pub open_stdin: bool,
    /// Whether a small first process adopts orphans and passes on signals; the node's default when none.
    pub init: Option<bool>,
    /// True when it may not write to its root.
    pub read_only: bool,
    /// Further lines of its hosts(5): `address name [name...]`.
    pub hosts: Vec<String>,
    /// How it looks up names.
    pub dns: DnsConfig,
    /// Capabilities beyond the default, e.g. `CAP_NET_ADMIN`, or `ALL`.
    pub capability_add: Vec<String>,
    /// Capabilities of the default that it goes without.
    pub capability_drop: Vec<String>,
    /// Kernel settings of its own namespaces, by name.
    pub sysctls: Labels,
    /// Limits of its processes.
    pub ulimits: Vec<Ulimit>,
    /// How readily the kernel kills it when memory runs out, -1000 to 1000.
    pub oom_score_adj: i32,
    /// True when its processes cannot gain rights by programs that they start.
    pub no_new_privileges: bool,
    /// How it is found out whether it works; the image's check when none.
    pub health: Option<HealthCheck>,
    /// The secrets that it sees.
    pub secrets: Vec<SecretReference>,
    /// The configs that it sees.
    pub configs: Vec<ConfigReference>,
    /// What is run in it after its start; it counts as running when all have succeeded.
    pub post_start: Vec<Hook>,
    /// What is run in it before its stop signal, within the grace period.
    pub pre_stop: Vec<Hook>,
}
