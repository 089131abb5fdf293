//! Mounts over a container's root.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// One mount. A missing target is made: a directory, or an empty file for the bind mount of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mount {
    /// A file or directory of the node.
    Bind(Bind),
    /// Memory.
    Tmpfs {
        /// Absolute path inside.
        target: PathBuf,
        /// Size limit in bytes; `None`: half of the node's memory, as the kernel has it.
        size_bytes: Option<u64>,
        /// Permission bits of its root directory; `None`: 1777.
        mode: Option<u32>,
        /// `exec`, `suid`, `dev`, `ro` lift or set the flags (default nosuid, nodev, noexec); `uid=`, `gid=`,
        /// `nr_inodes=` go to the kernel.
        options: Vec<String>,
    },
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// Absolute path on the node; must exist.
    pub source: PathBuf,
    /// What of the source is shown, looked up as if the source were `/`; empty: all of it.
    pub within: PathBuf,
    /// Absolute path inside.
    pub target: PathBuf,
    /// Whether the container may not write to it.
    pub readonly: bool,
    /// What becomes of mounts below the source.
    pub recursion: Recursion,
    /// How later mounts travel between node and container.
    pub propagation: Propagation,
    /// Whether mounts below it travel in the same way; otherwise they keep what they have.
    pub propagation_below: bool,
    /// Whether an empty source gets what the image has at the target.
    pub fill: bool,
}

impl Bind {
    /// All of `source`, writable, cut off from the node's later mounts.
    pub fn new(source: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            within: PathBuf::new(),
            target: target.into(),
            readonly: false,
            recursion: Recursion::ReadOnly,
            propagation: Propagation::Private,
            propagation_below: true,
            fill: false,
        }
    }
}

/// What becomes of mounts below the source of a bind mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Recursion {
    /// They stay behind.
    None,
    /// They come along, writable also in a read-only mount.
    Writable,
    /// They come along, read-only in a read-only mount.
    #[default]
    ReadOnly,
}

/// How mounts made later travel between the node and the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Propagation {
    /// Not at all.
    #[default]
    Private,
    /// From the node to the container.
    Slave,
    /// Both ways.
    Shared,
}

impl Mount {
    /// Where it goes inside the container.
    #[must_use]
    pub fn target(&self) -> &Path {
        match self {
            Self::Bind(Bind { target, .. }) | Self::Tmpfs { target, .. } => target,
        }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        let target = self.target();
        let refuse = |why: &str| {
            Err(Failure::new(FailureKind::Config, format!("mount {}: the target {why}", target.display())))
        };
        if !target.is_absolute() || target.components().any(|part| part == Component::ParentDir) {
            return refuse("must be absolute and without '..'");
        }
        if target.components().count() == 1 {
            return refuse("is the root itself");
        }
        if target.starts_with("/proc") {
            return refuse("is in /proc, which would undo the masked paths");
        }
        Ok(())
    }
}
