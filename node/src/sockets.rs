use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, chown};
use tokio::net::UnixListener;

use crate::error::DaemonError;

/// The group whose members may use the socket, if the host has it.
const GROUP: &str = "skep";

/// Listening sockets; their files go with this.
#[derive(Debug)]
pub(crate) struct Sockets {
    paths: Vec<PathBuf>,
}

impl Sockets {
    /// Listens on all of these, `unix:///path`. Root's, and the group skep's.
    pub(crate) fn listen(hosts: &[String]) -> Result<(Self, Vec<UnixListener>), DaemonError> {
        let mut own = Self { paths: Vec::new() };
        let mut listeners = Vec::new();
        for host in hosts {
            let path =
                host.strip_prefix("unix://").filter(|path| path.starts_with('/')).ok_or_else(|| {
                    DaemonError::Option(format!(
                        "'{host}' cannot be listened on: write unix:///path/to/skep.sock"
                    ))
                })?;
            listeners.push(listen(Path::new(path))?);
            own.paths.push(path.into());
        }
        Ok((own, listeners))
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for path in &self.paths {
            if let Err(error) = fs::remove_file(path) {
                tracing::debug!(path = %path.display(), %error, "the socket was not removed");
            }
        }
    }
}

fn listen(path: &Path) -> Result<UnixListener, DaemonError> {
    let failed = || DaemonError::file("listen on", path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed())?;
    }
    if path.exists() {
        // One that nobody listens on was left by a daemon that was killed.
        match UnixStream::connect(path) {
            Ok(_) => return Err(DaemonError::SocketInUse { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(failed())?;
            }
            Err(error) => return Err(failed()(error)),
        }
    }
    let listener = UnixListener::bind(path).map_err(failed())?;
    fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed())?;
    if let Some(group) = group() {
        chown(path, None, Some(group)).map_err(|errno| failed()(errno.into()))?;
    }
    Ok(listener)
}

/// Read from the file: the C library's own lookup loads libraries, which a static binary must not.
fn group() -> Option<Gid> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    let line = groups.lines().find(|line| line.split(':').next() == Some(GROUP))?;
    line.split(':').nth(2)?.parse().ok().map(Gid::from_raw)
}
