use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::error::DaemonError;

/// A file with this process's id, locked for as long as this lives: a file that a killed daemon left stops nobody.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    _lock: Flock<File>,
}

impl PidFile {
    /// Takes the file.
    pub(crate) fn take(path: &Path) -> Result<Self, DaemonError> {
        let failed = || DaemonError::file("write", path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed())?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut lock = match Flock::lock(file.map_err(failed())?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((mut file, _)) => {
                let mut pid = String::new();
                // Only for the message.
                drop(file.read_to_string(&mut pid));
                return Err(DaemonError::Running { path: path.to_owned(), pid: pid.trim().to_owned() });
            }
        };
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut lock).map_err(failed())?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "the pid file was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_daemon_at_a_time_and_none_is_stopped_by_a_dead_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("skep.pid");
        fs::write(&path, "4194304 and more than the new one\n").unwrap();
        let first = PidFile::take(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        let second = PidFile::take(&path).unwrap_err().to_string();
        assert!(second.contains(&std::process::id().to_string()), "{second}");
        drop(first);
        assert!(!path.exists());
    }
}
