//! The keeper's socket and the lock that makes it the only one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::{Error, Result};

/// Where the lock of `socket` is.
pub(super) fn lock_path(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Takes the lock; fails if another keeper has it.
pub(super) fn lock(socket: &Path) -> Result<File> {
    let path = lock_path(socket);
    if let Some(parent) = socket.parent() {
        fs::create_dir_all(parent).map_err(|e| Error::io(format!("directory {}", parent.display()), e))?;
    }
    let options = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = options.map_err(|e| Error::io(format!("lock file {}", path.display()), e))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => {
            Error::io("a keeper already runs on this socket", io::Error::from(io::ErrorKind::AddrInUse))
        }
        error => Error::io(format!("lock file {}", path.display()), error),
    })?;
    Ok(file)
}

/// Listens, in place of any socket that was left; only with the lock. The socket is root's alone (mode 600).
pub(super) fn listen(socket: &Path) -> Result<UnixListener> {
    let failed = |e| Error::io(format!("socket {}", socket.display()), e);
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(socket);
    rustix::process::umask(before);
    let listener = listener.map_err(failed)?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}
