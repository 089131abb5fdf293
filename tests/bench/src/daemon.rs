use std::any::Any;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use skep_harness::Namespaces;

use crate::group::Group;
use crate::patience::until;
use crate::{image, memory};
use skep_harness::Api;

/// Networks with room for ten thousand tasks: ours gives each task an address, also one that waits for a node.
const SUBNET_BITS: u32 = 16;
/// How often a daemon that is to end is looked at, and how many times before it is killed: half a minute in all.
const END_PAUSE: Duration = Duration::from_millis(30);
const END_LOOKS: u32 = 1000;

/// A manager and worker alone in its swarm, ours or Docker's, that has the image. All of it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    name: &'static str,
    api: Api,
    child: Child,
    // Dropped in this order: the group once the processes are gone, then directories and namespaces.
    group: Group,
    _place: Box<dyn Any>,
}

/// What it takes to start one.
#[derive(Debug)]
pub(crate) struct Start {
    /// Whose it is.
    pub(crate) name: &'static str,
    /// The daemon in the foreground, in its namespaces.
    pub(crate) command: Command,
    /// Where it will listen.
    pub(crate) socket: PathBuf,
    /// Where its messages go.
    pub(crate) log: PathBuf,
    /// Its control group; not joined yet.
    pub(crate) group: Group,
    /// Directories and namespaces, which go after it.
    pub(crate) place: Box<dyn Any>,
}

impl Daemon {
    /// Starts it, makes a swarm and imports the image.
    pub(crate) fn start(start: Start) -> Result<Self> {
        let Start { name, mut command, socket, log, group, place } = start;
        let messages = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(messages.try_clone()?).stderr(messages).process_group(0);
        enter(&mut command, group.entrance()?);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        let mut own = Self { name, api: Api::new(socket), child, group, _place: place };
        own.set_up()
            .with_context(|| format!("{name}: {}", std::fs::read_to_string(&log).unwrap_or_default()))?;
        Ok(own)
    }

    fn set_up(&mut self) -> Result<()> {
        until("the daemon answers", Duration::from_millis(10), || match self.child.try_wait()? {
            Some(status) => bail!("the daemon ended: {status}"),
            None => Ok(self.api.answers().then_some(())),
        })?;
        let swarm = json!({
            "ListenAddr": "0.0.0.0:2377",
            "AdvertiseAddr": format!("{}:2377", Namespaces::HOST),
            "DefaultAddrPool": ["10.0.0.0/8"],
            "SubnetSize": SUBNET_BITS,
        });
        self.api.post("/swarm/init", &swarm)?;
        image::import(&self.api)
    }

    /// Whose it is.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its API.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// CPU time that the daemon, all that it started, and its containers have used. `container` is a process of one of
    /// them.
    pub(crate) fn cpu_used(&self, container: u32) -> Result<Duration> {
        Ok(self.group.used()? + self.group.used_around(container)?)
    }

    /// Proportional set size in KiB of the daemon and all that it started, except the containers' own processes.
    pub(crate) fn memory_kib(&self) -> Result<f64> {
        memory::proportional_kib(&self.group.processes()?)
    }

    /// Waits until the daemon and what it started is gone.
    fn ended(&mut self) -> bool {
        for _ in 0..END_LOOKS {
            let child = self.child.try_wait().is_ok_and(|status| status.is_some());
            if child && self.group.processes().unwrap_or_default().is_empty() {
                return true;
            }
            std::thread::sleep(END_PAUSE);
        }
        false
    }

    fn signal(&self, process: u32, signal: Signal) {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(process.cast_signed()), signal);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.signal(self.child.id(), Signal::SIGTERM);
        for _ in 0..END_LOOKS {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            std::thread::sleep(END_PAUSE);
        }
        // Our keeper outlives its daemon; asked to end, it kills its containers.
        for process in self.group.processes().unwrap_or_default() {
            self.signal(process, Signal::SIGTERM);
        }
        if !self.ended() {
            eprintln!("{} did not end and is killed", self.name);
            for process in self.group.processes().unwrap_or_default() {
                self.signal(process, Signal::SIGKILL);
            }
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
