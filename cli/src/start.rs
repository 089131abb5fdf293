//! Starting a daemon from the command line.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::commands::{data_root, exec_root};
use crate::failure::Failure;

/// How long a daemon may take to answer.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_PERIOD: Duration = Duration::from_millis(20);
/// Last lines of a log that say why a daemon ended.
const LOG_LINES_SHOWN: usize = 5;

/// Starts a daemon in the background that listens where the client looks for it, and says that its node has these things; answers
/// with its process id.
///
/// # Errors
/// When it ends instead of answering: with what it said.
pub(crate) async fn start_daemon(client: &Client, generic: &[String]) -> Result<u32, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::Asked(format!(
            "No daemon answers at {}, and to start one needs root's rights: run this with sudo",
            client.host()
        )));
    }
    let log = exec_root().join("daemon.log");
    let mut daemon = spawn(client, &log, generic)?;
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if client.ping().await.is_ok() {
            return Ok(daemon.id());
        }
        let ended = daemon.try_wait().ok().flatten();
        if ended.is_some() || Instant::now() >= deadline {
            return Err(Failure::Asked(format!("The daemon did not start:\n{}", end_of(&log))));
        }
        tokio::time::sleep(POLL_PERIOD).await;
    }
}

fn spawn(client: &Client, log: &Path, generic: &[String]) -> Result<Child, Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::file(&path, error)
    };
    if let Some(directory) = log.parent() {
        fs::create_dir_all(directory).map_err(failed(directory))?;
    }
    let log = File::create(log).map_err(failed(log))?;
    let binary = std::env::current_exe().map_err(failed(Path::new("/proc/self/exe")))?;
    let arguments = ["daemon", "--background", "--host", client.host()];
    let mut command = Command::new(&binary);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).current_dir("/");
    command.arg("--data-root").arg(data_root()).arg("--exec-root").arg(exec_root());
    for resource in generic {
        command.args(["--node-generic-resource", resource]);
    }
    command.spawn().map_err(failed(&binary))
}

fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default().join("\n")
}
