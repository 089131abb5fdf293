use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use skep_harness::Host;

/// A host of a swarm, ours or Docker's: what is done to it from outside.
pub(crate) trait Machine: std::fmt::Debug {
    /// Its API.
    fn socket(&self) -> PathBuf;

    /// Where the others reach it.
    fn address(&self) -> Ipv4Addr;

    /// Starts the daemon, and waits until it answers.
    fn start(&mut self) -> Result<()>;

    /// Kills the daemon with SIGKILL.
    fn kill(&mut self) -> Result<()>;

    /// Asks the daemon to end, and waits until it has.
    fn stop(&mut self) -> Result<()>;

    /// Kills the daemon and all that it started, also containers, with SIGKILL.
    fn kill_everything(&mut self) -> Result<()>;

    /// Freezes the daemon (SIGSTOP), or lets it go on.
    fn set_frozen(&self, frozen: bool) -> Result<()>;

    /// What its daemon said.
    fn log(&self) -> String;
}

impl Machine for Host {
    fn socket(&self) -> PathBuf {
        Self::socket(self)
    }

    fn address(&self) -> Ipv4Addr {
        self.namespaces().address()
    }

    fn start(&mut self) -> Result<()> {
        Self::start(self);
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        self.kill_daemon();
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        self.stop_daemon();
        Ok(())
    }

    fn kill_everything(&mut self) -> Result<()> {
        Self::kill_everything(self);
        Ok(())
    }

    fn set_frozen(&self, frozen: bool) -> Result<()> {
        self.daemon_pid().map_or(Ok(()), |pid| freeze(pid, frozen))
    }

    fn log(&self) -> String {
        self.daemon_log()
    }
}

/// Stops a process, or lets it go on.
pub(crate) fn freeze(pid: u32, frozen: bool) -> Result<()> {
    let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
    Ok(kill(Pid::from_raw(pid.cast_signed()), signal)?)
}
