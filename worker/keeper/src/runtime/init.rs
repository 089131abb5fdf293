//! What a container's first process does between clone3 and its command.

use std::convert::Infallible;
use std::path::Path;

use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};

use super::channel::{Channel, Report};
use super::finish::{self, Command, Parent};
use super::root::Root;
use super::{mounts, overlay, paths, standard, sys, terminal, user};
use crate::cgroup::Group;
use crate::config::{ContainerConfig, DeviceRule, Network};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// What the keeper decided before the child began.
pub(super) struct Plan<'a> {
    pub(super) config: &'a ContainerConfig,
    pub(super) group: Group<'a>,
    pub(super) rules: &'a [DeviceRule],
    /// Limits are in the version 2 tree, which the container then sees.
    pub(super) unified: bool,
    pub(super) command: Command<'a>,
}

/// Builds the container around this process, waits for "go" and becomes the command.
pub(super) fn run(plan: &Plan<'_>, channel: &Channel) -> Result<Infallible, Failure> {
    let config = plan.config;
    let system = FailureKind::System;
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
        .step(system, || "parent death signal")?;
    rustix::process::setsid().step(system, || "new session")?;
    rustix::process::umask(rustix::fs::Mode::empty());
    finish::set_oom_score(&config.process, channel);
    plan.group.create_v1(&config.resources, plan.rules)?;
    plan.group.join_v1()?;
    sys::unshare(libc::CLONE_NEWCGROUP).step(system, || "new cgroup namespace")?;
    let parent = match config.process.init {
        true => Some(Parent::open().step(system, || "opening the program of the first process")?),
        false => None,
    };
    let root = build_root(plan)?;
    let identity = user::resolve(&root, &config.process.user, &config.process.additional_groups)?;
    let console = match config.process.terminal {
        true => Some(terminal::open(&root, true).step(system, || "terminal")?),
        false => None,
    };
    paths::write_sysctls(&root, config)?;
    let cwd = finish::working_directory(&config.process);
    root.directory(Path::new(cwd)).step(FailureKind::Config, || format!("working directory {cwd}"))?;
    paths::protect(&root, config)?;
    rustix::system::sethostname(config.hostname.as_bytes()).step(system, || "host name")?;
    if config.network == Network::New {
        sys::loopback_up().step(system, || "bringing up lo")?;
    }
    enter_root(&root).step(system, || "changing the root (pivot_root)")?;
    drop(root);
    if let Some(console) = console {
        terminal::take(console, channel).step(system, || "terminal")?;
    }
    channel.send(&Report::Ready, None);
    if !channel.wait_for_go() {
        sys::exit_now(125);
    }
    finish::become_command(&plan.command, &identity, parent.as_ref(), channel)
}

fn build_root(plan: &Plan<'_>) -> Result<Root, Failure> {
    let config = plan.config;
    let prepared = mounts::prepare(&config.mounts)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .step(FailureKind::Mount, || "making mounts private")?;
    let root = overlay::mount(&config.rootfs)?;
    standard::mount_all(&root, config, plan.unified)?;
    prepared.iter().try_for_each(|mount| mounts::attach(mount, &root))?;
    Ok(root)
}

/// Makes `root` the root of this mount namespace and lets go of the node's.
fn enter_root(root: &Root) -> rustix::io::Result<()> {
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")
}
