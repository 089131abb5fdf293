use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Debian's.
const PROGRAM: &str = "/usr/sbin/haproxy";

/// haproxy in TCP mode in a host's namespace; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Haproxy {
    child: Child,
    _directory: TempDir,
}

impl Haproxy {
    /// Starts one that passes what comes to `listen` on to `server`. It is installed when it is not there.
    pub(crate) fn start(namespace: &Path, listen: SocketAddr, server: SocketAddr) -> Result<Self> {
        install()?;
        let directory = tempfile::Builder::new().prefix("skep-bench-haproxy-").tempdir()?;
        let file = directory.path().join("haproxy.cfg");
        let text = format!(
            "global\n  maxconn 1000\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
             listen all\n  bind {listen}\n  server one {server}\n"
        );
        std::fs::write(&file, text)?;
        let name = namespace.file_name().context("a namespace has a name")?;
        // -db: one process in the foreground.
        let mut command = Command::new("ip");
        command.args(["netns", "exec"]).arg(name).args([PROGRAM, "-db", "-f"]).arg(&file);
        // What it complains about is shown.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self { child: command.spawn().context("start haproxy")?, _directory: directory })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn install() -> Result<()> {
    if Path::new(PROGRAM).exists() {
        return Ok(());
    }
    eprintln!("installing haproxy; --no-peers leaves it out");
    let mut command = Command::new("apt-get");
    command.args(["install", "--yes", "--no-install-recommends", "haproxy"]);
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    let installed = command.output().context("run apt-get")?;
    let said = String::from_utf8_lossy(&installed.stderr);
    ensure!(installed.status.success() && Path::new(PROGRAM).exists(), "haproxy was not installed: {said}");
    Ok(())
}
