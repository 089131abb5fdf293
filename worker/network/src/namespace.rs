//! Work inside another network namespace, always on a thread that ends with it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sched::{CloneFlags, setns};
use tokio::sync::oneshot;

use crate::{NetworkError, Result};

/// Opens the network namespace of a process.
///
/// # Errors
/// When the process is gone.
pub fn namespace_of(pid: i32) -> Result<OwnedFd> {
    let path = format!("/proc/{pid}/ns/net");
    let file = File::open(&path).map_err(|source| NetworkError::File { action: "open", path, source })?;
    Ok(file.into())
}

/// Runs `work` in the namespace, on a thread of its own: sockets made by it stay in that namespace.
///
/// # Errors
/// When the namespace cannot be entered or the thread not be made; `work`'s own result is inside.
pub async fn in_namespace<T, F>(namespace: impl AsFd + Send + 'static, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let entered = move || {
        let result = match setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET) {
            Ok(()) => Ok(work()),
            Err(errno) => Err(NetworkError::Namespace { source: errno.into() }),
        };
        // A caller that went away needs no answer.
        let _ = sender.send(result);
    };
    std::thread::Builder::new()
        .name("skep-netns".into())
        .stack_size(256 * 1024)
        .spawn(entered)
        .map_err(|source| NetworkError::Namespace { source })?;
    let ended = |_| NetworkError::Namespace { source: io::Error::other("its thread ended early") };
    receiver.await.map_err(ended)?
}
