use std::time::Duration;

use crate::Labels;

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
}

/// One mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub struct Mount {
    /// The absolute path in the container.
    pub target: String,
    /// What is mounted there.
    pub kind: MountKind,
    /// True when the container may not write to it.
    pub read_only: bool,
}

/// What a mount shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum MountKind {
    /// A file or folder of the host, which must exist.
    Bind {
        /// The absolute path on the host.
        source: String,
    },
    /// Memory, gone with the container.
    Tmpfs {
        /// Most bytes; half of the host's memory when none.
        size_bytes: Option<u64>,
        /// The mode bits of its root; 01777 when none.
        mode: Option<u32>,
    },
}
