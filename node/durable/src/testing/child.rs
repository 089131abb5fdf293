//! The child: this very test binary, told by its environment to write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::acks;

/// Tells the test that it is the child, and where to write.
const DIRECTORY: &str = "SKEP_CRASH_DIRECTORY";
/// A child that acknowledges nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The directory to write to, when this process is a child.
pub(crate) fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// A running child; killed when dropped.
pub(crate) struct Writer {
    process: Child,
    reader: Option<JoinHandle<BTreeMap<u64, u64>>>,
}

impl Writer {
    /// Starts the child and waits for its first acknowledgement.
    pub(crate) fn start(test: &str, directory: &Path) -> std::io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([test, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"])
            .env(DIRECTORY, directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let (sender, started) = mpsc::channel();
        let pipe = process.stdout.take();
        let reader = std::thread::spawn(move || {
            // A failed send: the parent gave up waiting.
            let first = || sender.send(()).unwrap_or_default();
            pipe.map(|pipe| acks::collect(pipe, first)).unwrap_or_default()
        });
        let writer = Self { process, reader: Some(reader) };
        match started.recv_timeout(PATIENCE) {
            Ok(()) => Ok(writer),
            Err(_) => Err(std::io::Error::other("the child stored nothing; its output says why")),
        }
    }

    /// Kills the child with SIGKILL; answers with what it had been told is stored.
    pub(crate) fn kill(mut self) -> std::io::Result<BTreeMap<u64, u64>> {
        if let Some(status) = self.process.try_wait()? {
            return Err(std::io::Error::other(format!("the child ended by itself with {status}")));
        }
        self.process.kill()?;
        self.process.wait()?;
        let reader = self.reader.take().map(JoinHandle::join);
        reader
            .and_then(Result::ok)
            .ok_or_else(|| std::io::Error::other("the reader of acknowledgements panicked"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nothing to do about a child that is already gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
