//! The seam between the keeper and the way containers are made.

use std::fmt::Debug;
use std::io;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use super::Channel;
use crate::Failure;
use crate::config::{ContainerConfig, ProcessConfig, Resources, Seccomp};

/// What is kept of a container's configuration to act on it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Path of its control groups below each hierarchy's root.
    pub cgroup: String,
    /// Filter for processes run in it.
    pub seccomp: Seccomp,
    /// Limits that hold.
    pub resources: Resources,
    /// Host name, for the environment.
    pub hostname: String,
}

impl Place {
    /// The place of a container with this configuration.
    #[must_use]
    pub fn of(config: &ContainerConfig) -> Self {
        Self {
            cgroup: format!("{}/{}", config.cgroup_parent, config.id),
            seccomp: config.seccomp,
            resources: config.resources.clone(),
            hostname: config.hostname.clone(),
        }
    }
}

/// The three standard descriptors of a process to be.
#[derive(Debug)]
pub struct Stdio {
    /// Standard input.
    pub stdin: OwnedFd,
    /// Standard output.
    pub stdout: OwnedFd,
    /// Standard error.
    pub stderr: OwnedFd,
}

/// A process on its way to its command.
#[derive(Debug)]
pub struct Child {
    /// Process id on the node. For exec: of the process in between, which ends at once and reports the real one.
    pub pid: i32,
    /// What it says about its progress; its end is the beginning of the command.
    pub(crate) channel: Channel,
    /// Handle that cannot come to mean another process.
    pub pidfd: OwnedFd,
}

/// The way containers are made. Nothing here waits for a container's own work: `create` and `exec` return while the
/// child prepares itself and reports through its channel.
pub trait Runtime: Debug {
    /// Begins a container; the child stops just before its command and waits for [`Runtime::start`].
    ///
    /// # Errors
    /// What can be told before the child runs; the rest comes through its channel.
    fn create(&mut self, config: &ContainerConfig, stdio: Stdio) -> Result<Child, Failure>;

    /// Lets a created container run its command.
    ///
    /// # Errors
    /// If it is no longer there.
    fn start(&mut self, child: &Child) -> Result<(), Failure>;

    /// Begins another process in the container whose first process is `init`.
    ///
    /// # Errors
    /// As for [`Runtime::create`].
    fn exec(
        &mut self,
        place: &Place,
        init: &OwnedFd,
        process: &ProcessConfig,
        stdio: Stdio,
    ) -> Result<Child, Failure>;

    /// Signals the first process, or with `all` every process of the container.
    ///
    /// # Errors
    /// If the signal does not exist or the process is gone.
    fn kill(&mut self, place: &Place, init: &OwnedFd, signal: i32, all: bool) -> Result<(), Failure>;

    /// Stops all processes where they are.
    ///
    /// # Errors
    /// If the node has nothing to do it with.
    fn pause(&mut self, place: &Place) -> Result<(), Failure>;

    /// Lets paused processes go on.
    ///
    /// # Errors
    /// As for [`Runtime::pause`].
    fn resume(&mut self, place: &Place) -> Result<(), Failure>;

    /// Changes limits; `place` holds the old ones and gets the new ones.
    ///
    /// # Errors
    /// If the kernel refuses a limit; those written before it hold.
    fn update(&mut self, place: &mut Place, resources: &Resources) -> Result<(), Failure>;

    /// Kills what is left of the container and removes its control groups. `ResourceBusy` while processes still
    /// die: call again.
    ///
    /// # Errors
    /// What the kernel says to removing the groups.
    fn delete(&mut self, place: &Place) -> io::Result<()>;

    /// Whether the kernel killed one of the container's processes for want of memory.
    fn oom_killed(&self, place: &Place) -> bool;
}
