//! A container's files: `containers/<id>/` with its record, its writable layer, its log, and the files of /etc that the
//! engine writes. No process survives a loss of power, so of a task's container nothing needs to; a plain one can be started again, and its
//! record is on the disk when it is answered for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::container::{ContainerInfo, ContainerState};
use crate::error::EngineError;

/// How often a directory is removed in which something is still written.
const REMOVE_TRIES: u32 = 5;

/// The record of a container as it is on disk.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredContainer {
    pub(crate) info: ContainerInfo,
    /// How it ended; none before that.
    pub(crate) ended: Option<ContainerState>,
}

/// Where all containers' directories are.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    root: PathBuf,
}

/// One container's directory.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directories {
    pub(crate) fn open(root: PathBuf) -> Result<Self, EngineError> {
        fs::create_dir_all(&root).map_err(EngineError::file(format!("create {}", root.display())))?;
        Ok(Self { root })
    }

    pub(crate) fn of(&self, id: &str) -> Directory {
        Directory { path: self.root.join(id) }
    }

    /// Every container's record; directories without one are left-overs of a crash and are removed.
    pub(crate) fn load(&self) -> Result<Vec<StoredContainer>, EngineError> {
        let failed = || EngineError::file(format!("read {}", self.root.display()));
        let mut stored = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed())? {
            let directory = Directory { path: entry.map_err(failed())?.path() };
            match directory.read() {
                Some(container) => stored.push(container),
                None => directory.remove()?,
            }
        }
        Ok(stored)
    }
}

impl Directory {
    /// Makes the directory with everything but the record.
    pub(crate) fn create(&self, files: &[(&str, String)]) -> Result<(), EngineError> {
        for part in ["upper", "work"] {
            let path = self.path.join(part);
            fs::create_dir_all(&path).map_err(EngineError::file(format!("create {}", path.display())))?;
        }
        for (name, content) in files {
            let path = self.path.join(name);
            fs::write(&path, content).map_err(EngineError::file(format!("write {}", path.display())))?;
        }
        Ok(())
    }

    /// Notes something for the next daemon.
    pub(crate) fn mark(&self, name: &str) -> Result<(), EngineError> {
        let path = self.path(name);
        fs::write(&path, "").map_err(EngineError::file(format!("write {}", path.display())))
    }

    /// Whether a daemon noted it.
    pub(crate) fn is_marked(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the record aside and puts it in its place, so that a crash leaves the old one or the new one.
    pub(crate) fn write(&self, container: &StoredContainer) -> Result<(), EngineError> {
        let (path, aside) = (self.path.join("record.json"), self.path.join("record.new"));
        let write = || -> io::Result<()> {
            fs::write(&aside, serde_json::to_vec(container).map_err(io::Error::other)?)?;
            let lasting = container.info.plain.is_some();
            if lasting {
                fs::File::open(&aside)?.sync_all()?;
            }
            fs::rename(&aside, &path)?;
            if lasting {
                for directory in [Some(self.path.as_path()), self.path.parent()].into_iter().flatten() {
                    fs::File::open(directory)?.sync_all()?;
                }
            }
            Ok(())
        };
        write().map_err(EngineError::file(format!("write {}", path.display())))
    }

    fn read(&self) -> Option<StoredContainer> {
        let bytes = fs::read(self.path.join("record.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Removes everything.
    pub(crate) fn remove(&self) -> Result<(), EngineError> {
        match remove_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EngineError::file(format!("remove {}", self.path.display()))(error))
            }
            _ => Ok(()),
        }
    }
}

fn remove_all(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        return fs::remove_file(path);
    }
    let mut tries = 1;
    loop {
        match fs::remove_dir_all(path) {
            // The end of the container was just written down.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && tries < REMOVE_TRIES => {
                tries += 1
            }
            other => return other,
        }
    }
}
