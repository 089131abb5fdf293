use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use skep_harness::{Api, Namespaces, Switch};
use tempfile::TempDir;

use super::machine::{Machine, freeze};
use crate::docker::{RunDirectory, command};
use crate::group::Group;
use crate::patience::until;

/// How often something that is to end is looked at, and how many times.
const END_PAUSE: Duration = Duration::from_millis(30);
const END_LOOKS: u32 = 1000;

/// A host with Docker's daemon on a switch. All of it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct DockerHost {
    name: String,
    child: Option<Child>,
    // Dropped in this order: the group once the processes are gone, then namespaces and directories.
    group: Group,
    namespaces: Namespaces,
    directory: TempDir,
    _run: RunDirectory,
}

impl DockerHost {
    /// A host whose daemon does not run yet.
    pub(crate) fn on(switch: &Switch, number: u8) -> Result<Self> {
        Ok(Self {
            name: format!("host{number}"),
            child: None,
            group: Group::new(&format!("docker{number}"))?,
            namespaces: Namespaces::on(switch, number),
            directory: tempfile::Builder::new().prefix("skep-failover-docker-").tempdir()?,
            _run: RunDirectory,
        })
    }

    fn signal_all(&self, signal: Signal) {
        for process in self.group.all_processes() {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(process.cast_signed()), signal);
        }
    }

    /// Waits until nothing of it runs any more.
    fn ended(&mut self) -> bool {
        for _ in 0..END_LOOKS {
            let child =
                self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some()));
            if child && self.group.all_processes().is_empty() {
                self.child = None;
                return true;
            }
            std::thread::sleep(END_PAUSE);
        }
        false
    }
}

impl Machine for DockerHost {
    fn socket(&self) -> PathBuf {
        self.directory.path().join("docker.sock")
    }

    fn address(&self) -> Ipv4Addr {
        self.namespaces.address()
    }

    fn start(&mut self) -> Result<()> {
        let log = self.directory.path().join("daemon.log");
        let messages = File::options().create(true).append(true).open(log)?;
        let mut command =
            command(&self.name, &self.namespaces.host(), self.directory.path(), &self.group.containers());
        command.stdin(Stdio::null()).stdout(messages.try_clone()?).stderr(messages).process_group(0);
        enter(&mut command, self.group.entrance()?);
        let mut child = command.spawn().context("start dockerd")?;
        let api = Api::new(self.socket());
        until("dockerd answers", END_PAUSE, || match child.try_wait()? {
            Some(status) => bail!("dockerd ended: {status}\n{}", self.log()),
            None => Ok(api.answers().then_some(())),
        })?;
        self.child = Some(child);
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM)?;
        until("dockerd ends", END_PAUSE, || Ok(child.try_wait()?.map(drop)))
    }

    fn kill_everything(&mut self) -> Result<()> {
        until("all of Docker is dead", Duration::from_millis(5), || {
            self.signal_all(Signal::SIGKILL);
            if let Some(child) = &mut self.child {
                child.wait()?;
            }
            self.child = None;
            Ok(self.group.all_processes().is_empty().then_some(()))
        })
    }

    fn set_frozen(&self, frozen: bool) -> Result<()> {
        self.child.as_ref().map_or(Ok(()), |child| freeze(child.id(), frozen))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("daemon.log")).unwrap_or_default()
    }
}

impl Drop for DockerHost {
    fn drop(&mut self) {
        self.signal_all(Signal::SIGCONT);
        self.signal_all(Signal::SIGTERM);
        if !self.ended() {
            eprintln!("Docker on {} did not end and is killed", self.name);
            self.signal_all(Signal::SIGKILL);
            self.ended();
        }
    }
}

/// Puts what the command starts into the group, before it runs.
#[expect(unsafe_code, reason = "a hook between fork and exec")]
fn enter(command: &mut Command, mut entrance: File) {
    // SAFETY: between fork and exec only write is called, which is safe there; the descriptor lives in the closure.
    unsafe {
        command.pre_exec(move || entrance.write_all(b"0"));
    }
}
