//! Starting a keeper that outlives whoever starts it.
#![expect(unsafe_code, reason = "the double fork happens between fork and exec")]

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Client;
use crate::{Error, Result};

/// Starts `binary args...` in a session of its own, as nobody's child, its errors going to `log` (`None`: nowhere),
/// and waits at most `timeout` for a keeper to answer at `socket`. `args` must make it listen there; see
/// [`crate::keeper::Options::to_args`]. A keeper that already runs there is as good.
///
/// # Errors
/// If the binary cannot be run or the keeper does not answer in time.
pub fn spawn(
    binary: &Path,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    socket: &Path,
    log: Option<&Path>,
    timeout: Duration,
) -> Result<Client> {
    let failed = |e| Error::io(format!("starting the keeper {}", binary.display()), e);
    let deadline = Instant::now() + timeout;
    let stderr = match log {
        Some(path) => File::options().append(true).create(true).open(path).map_err(failed)?.into(),
        None => Stdio::null(),
    };
    let mut command = Command::new(binary);
    command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    // SAFETY: the closure only makes system calls that are allowed between fork and exec.
    unsafe { command.pre_exec(leave) };
    command.status().map_err(failed)?;
    loop {
        match Client::connect(socket, timeout) {
            Ok(client) => return Ok(client),
            Err(Error::Version { ours, theirs }) => return Err(Error::Version { ours, theirs }),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => sleep(Duration::from_millis(2)),
        }
    }
}

/// New session, and a second fork whose parent ends: the keeper becomes a child of the machine's first process.
fn leave() -> io::Result<()> {
    // SAFETY: setsid, a plain fork as a system call (no library code runs) and _exit are async-signal-safe.
    unsafe {
        libc::setsid();
        match libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) {
            0 => Ok(()),
            pid if pid > 0 => libc::_exit(0),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
