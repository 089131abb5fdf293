use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DaemonError;

/// Where a daemon keeps things.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) data_root: PathBuf,
    pub(crate) exec_root: PathBuf,
}

impl Places {
    /// Makes both directories; paths are absolute from here on.
    pub(crate) fn open(data_root: &Path, exec_root: &Path) -> Result<Self, DaemonError> {
        let open = |path: &Path, mode: u32| {
            let made = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
            made.and_then(|()| fs::canonicalize(path)).map_err(DaemonError::file("create", path))
        };
        Ok(Self { data_root: open(data_root, 0o711)?, exec_root: open(exec_root, 0o711)? })
    }

    /// Tells this daemon from another one on the same machine.
    pub(crate) fn instance(&self) -> String {
        let text = format!("{} {}", self.data_root.display(), self.exec_root.display());
        Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The node's own records.
    pub(crate) fn database(&self) -> PathBuf {
        self.data_root.join("node")
    }

    /// What only this node may know.
    pub(crate) fn keys(&self) -> PathBuf {
        self.data_root.join("swarm.keys")
    }

    /// Raft's log and snapshot.
    pub(crate) fn raft(&self) -> PathBuf {
        self.data_root.join("raft")
    }

    pub(crate) fn images(&self) -> PathBuf {
        self.data_root.join("images")
    }
}
