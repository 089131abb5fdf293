//! The runtime on Linux namespaces and control groups.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::fs::MetadataExt;
use std::os::unix::fs::FileTypeExt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::finish::Command;
use super::init::{self, Plan};
use super::seccomp::Filters;
use super::traits::{Child, Place, Runtime, Stdio};
use super::{Statistics, exec, spawn};
use crate::cgroup::{self, Group, Hierarchies};
use crate::config::{
    CapabilitySet, ContainerConfig, DeviceKind, DeviceRule, Network, ProcessConfig, Resources, Seccomp,
};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// Makes containers with clone3. Must live in a process with a single thread.
#[derive(Debug)]
pub struct LinuxRuntime {
    hierarchies: Hierarchies,
    filters: BTreeMap<CapabilitySet, Filters>,
    open_files: Option<(u64, u64)>,
}

/// What the container whose groups are at `cgroup` (`parent/id`) uses now. For any process; containers that are gone
/// give zeros.
///
/// # Errors
/// If `/proc/self/mountinfo` cannot be read.
pub fn stats(cgroup: &str) -> io::Result<Statistics> {
    Ok(cgroup::statistics(&Hierarchies::detect()?, cgroup))
}

impl LinuxRuntime {
    /// Looks at the node's control groups, and lets this process open as many files as it may.
    ///
    /// # Errors
    /// If `/proc/self/mountinfo` cannot be read.
    pub fn new() -> io::Result<Self> {
        let open_files = getrlimit(Resource::RLIMIT_NOFILE).ok();
        if let Some((_, hard)) = open_files {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        }
        Ok(Self { hierarchies: Hierarchies::detect()?, filters: BTreeMap::new(), open_files })
    }

    /// The limit on open files that containers get, as (soft, hard).
    pub(crate) fn open_files(&self) -> Option<(u64, u64)> {
        self.open_files
    }

    /// Sets the limit on open files that containers get.
    pub(crate) fn set_open_files(&mut self, limit: Option<(u64, u64)>) {
        self.open_files = limit;
    }

    /// The node's control groups.
    pub(crate) fn hierarchies(&self) -> &Hierarchies {
        &self.hierarchies
    }

    fn compile(&mut self, seccomp: Seccomp, capabilities: CapabilitySet) -> Result<(), Failure> {
        if seccomp == Seccomp::Default && !self.filters.contains_key(&capabilities) {
            self.filters.insert(capabilities, Filters::compile(capabilities)?);
        }
        Ok(())
    }

    fn command<'a>(
        &'a self,
        process: &'a ProcessConfig,
        place: (&'a str, Seccomp),
        set: CapabilitySet,
    ) -> Command<'a> {
        let (hostname, seccomp) = place;
        let filters = if seccomp == Seccomp::Default { self.filters.get(&set) } else { None };
        Command { process, hostname, capabilities: set, filters, open_files: self.open_files }
    }
}

impl Runtime for LinuxRuntime {
    fn create(&mut self, config: &ContainerConfig, stdio: Stdio) -> Result<Child, Failure> {
        config.check()?;
        let capabilities = CapabilitySet::resolve(&config.process.capabilities)?;
        self.compile(config.seccomp, capabilities)?;
        let rules = device_rules(config)?;
        let path = Place::of(config).cgroup;
        let group = Group::new(&self.hierarchies, &path);
        let directory = group.create_unified(&config.resources, &rules)?;
        let plan = Plan {
            config,
            group,
            rules: &rules,
            unified: self.hierarchies.is_v2(),
            command: self.command(&config.process, (&config.hostname, config.seccomp), capabilities),
        };
        let mut flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;
        if config.network == Network::New {
            flags |= libc::CLONE_NEWNET;
        }
        let directory = directory.as_ref().map(AsFd::as_fd);
        spawn::spawn(flags, directory, &stdio, None, |channel| init::run(&plan, channel))
    }

    fn start(&mut self, child: &Child) -> Result<(), Failure> {
        child.channel.go().step(FailureKind::WrongState, || "starting: the container's process is gone")
    }

    fn exec(
        &mut self,
        place: &Place,
        init: &OwnedFd,
        process: &ProcessConfig,
        stdio: Stdio,
    ) -> Result<Child, Failure> {
        if process.args.first().is_none_or(String::is_empty) {
            return Err(Failure::new(FailureKind::Config, "no command given"));
        }
        let capabilities = CapabilitySet::resolve(&process.capabilities)?;
        self.compile(place.seccomp, capabilities)?;
        let command = self.command(process, (&place.hostname, place.seccomp), capabilities);
        let group = Group::new(&self.hierarchies, &place.cgroup);
        let directory = group.open_unified();
        let directory = directory.as_ref().map(AsFd::as_fd);
        spawn::spawn(0, directory, &stdio, Some(init.as_fd()), |channel| exec::run(group, &command, channel))
    }

    fn kill(&mut self, place: &Place, init: &OwnedFd, signal: i32, all: bool) -> Result<(), Failure> {
        let group = Group::new(&self.hierarchies, &place.cgroup);
        match (all, signal) {
            (true, libc::SIGKILL) => {
                group.kill();
                Ok(())
            }
            (true, signal) => {
                group.signal(signal);
                Ok(())
            }
            (false, signal) => {
                send_signal(init, signal).step(FailureKind::System, || format!("sending signal {signal}"))?;
                if signal == libc::SIGKILL {
                    // A paused process would not die of it before it goes on.
                    let _ = group.freeze(false);
                }
                Ok(())
            }
        }
    }

    fn pause(&mut self, place: &Place) -> Result<(), Failure> {
        Group::new(&self.hierarchies, &place.cgroup).freeze(true)
    }

    fn resume(&mut self, place: &Place) -> Result<(), Failure> {
        Group::new(&self.hierarchies, &place.cgroup).freeze(false)
    }

    fn update(&mut self, place: &mut Place, resources: &Resources) -> Result<(), Failure> {
        Group::new(&self.hierarchies, &place.cgroup).update(&place.resources, resources)?;
        place.resources = place.resources.updated(resources);
        Ok(())
    }

    fn delete(&mut self, place: &Place) -> io::Result<()> {
        let group = Group::new(&self.hierarchies, &place.cgroup);
        if group.kill() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        group.remove()
    }

    fn oom_killed(&self, place: &Place) -> bool {
        Group::new(&self.hierarchies, &place.cgroup).oom_kills() > 0
    }
}

#[expect(unsafe_code, reason = "real-time signals have no name in rustix or nix")]
fn send_signal(pidfd: &OwnedFd, signal: i32) -> io::Result<()> {
    let null = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: no information is passed; the other arguments are numbers.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, null, 0) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The rules asked for and those that the container's own device nodes need.
fn device_rules(config: &ContainerConfig) -> Result<Vec<DeviceRule>, Failure> {
    let mut rules = config.resources.device_rules.clone();
    for device in &config.devices {
        let what = || format!("device {}", device.host_path.display());
        let metadata = std::fs::metadata(&device.host_path).step(FailureKind::MountSource, what)?;
        let kind = match metadata.file_type() {
            t if t.is_char_device() => DeviceKind::Char,
            t if t.is_block_device() => DeviceKind::Block,
            _ => return Err(Failure::new(FailureKind::Config, format!("{} is not a device", what()))),
        };
        let (major, minor) = (Some(libc::major(metadata.st_rdev())), Some(libc::minor(metadata.st_rdev())));
        rules.push(DeviceRule { kind, major, minor, access: device.access.clone() });
    }
    Ok(rules)
}
