//! One container's control groups in all hierarchies.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Hierarchies, Setting, device_program, devices, tree, v1, v2};
use crate::config::{DeviceRule, Resources};
use crate::error::Step;
use crate::{Failure, FailureKind};

/// The control groups called `path` in every hierarchy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a> {
    hierarchies: &'a Hierarchies,
    path: &'a str,
}

impl<'a> Group<'a> {
    /// The groups `path` (`parent/id`, relative to each hierarchy's root).
    pub(crate) fn new(hierarchies: &'a Hierarchies, path: &'a str) -> Self {
        Self { hierarchies, path }
    }

    /// Makes the group of the version 2 tree (with its limits if that tree holds them) and opens it for clone3.
    pub(crate) fn create_unified(
        &self,
        resources: &Resources,
        rules: &[DeviceRule],
    ) -> Result<Option<File>, Failure> {
        let Some(path) = self.unified() else { return Ok(None) };
        let limits = self.hierarchies.is_v2();
        if limits {
            self.enable_controllers()?;
        }
        let what = || format!("control group {}", path.display());
        tree::create(&path).step(FailureKind::Limit, what)?;
        let group = File::open(&path).step(FailureKind::Limit, what)?;
        if limits {
            self.write_unified(&v2::settings(resources))?;
            let mut all = devices::default_rules();
            all.extend_from_slice(rules);
            device_program::attach(&device_program::build(&all), group.as_fd())
                .step(FailureKind::Limit, || "device filter")?;
        }
        Ok(Some(group))
    }

    /// Makes the version 1 groups with their limits; slow, done by the container's first process.
    pub(crate) fn create_v1(&self, resources: &Resources, rules: &[DeviceRule]) -> Result<(), Failure> {
        for hierarchy in &self.hierarchies.v1 {
            let path = hierarchy.root.join(self.path);
            tree::create(&path).step(FailureKind::Limit, || format!("control group {}", path.display()))?;
            if hierarchy.controllers.iter().any(|c| c == "cpuset") {
                copy_cpuset(&hierarchy.root, self.path)?;
            }
        }
        if self.hierarchies.is_v2() {
            return Ok(());
        }
        self.write_v1(&v1::settings(resources, None))?;
        let Some(root) = self.hierarchies.v1_root("devices") else { return Ok(()) };
        let write = |file: &str, line: &str| {
            write_file(&root.join(self.path).join(file), line)
                .step(FailureKind::Limit, || format!("{file} {line:?}"))
        };
        write("devices.deny", "a")?;
        devices::default_rules()
            .iter()
            .chain(rules)
            .try_for_each(|r| write("devices.allow", &devices::v1_line(r)))
    }

    /// Puts the calling process into all version 1 groups, back to back: only the first write waits for the kernel.
    pub(crate) fn join_v1(&self) -> Result<(), Failure> {
        self.hierarchies.v1.iter().try_for_each(|hierarchy| {
            let file = hierarchy.root.join(self.path).join("cgroup.procs");
            write_file(&file, "0").step(FailureKind::Limit, || format!("joining {}", file.display()))
        })
    }

    /// Opens the group of the version 2 tree for clone3, if there is one.
    pub(crate) fn open_unified(&self) -> Option<File> {
        File::open(self.unified()?).ok()
    }

    /// Writes limits over those that hold now.
    pub(crate) fn update(&self, old: &Resources, new: &Resources) -> Result<(), Failure> {
        if self.hierarchies.is_v2() {
            return self.write_unified(&v2::settings(new));
        }
        self.write_v1(&v1::settings(new, Some(old.memory_bytes.unwrap_or(-1))))
    }

    /// Stops or resumes all processes; returns when they are, or after 100 ms (the kernel goes on then).
    pub(crate) fn freeze(&self, frozen: bool) -> Result<(), Failure> {
        let twin = self.unified().map(|path| path.join("cgroup.freeze")).filter(|file| file.exists());
        let v1 = self.hierarchies.v1_root("freezer").map(|root| root.join(self.path).join("freezer.state"));
        let (file, value, seen_in, done) = match (twin, v1) {
            (Some(file), _) => {
                let done = if frozen { "frozen 1" } else { "frozen 0" };
                (file.clone(), if frozen { "1" } else { "0" }, file.with_file_name("cgroup.events"), done)
            }
            (None, Some(file)) => {
                let state = if frozen { "FROZEN" } else { "THAWED" };
                (file.clone(), state, file, state)
            }
            (None, None) => return Err(missing("freezer", "pause")),
        };
        for _ in 0..100 {
            write_file(&file, value).step(FailureKind::System, || format!("writing {}", file.display()))?;
            if fs::read_to_string(&seen_in).is_ok_and(|text| text.lines().any(|line| line == done)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Kills every process of the group; returns whether there was any.
    pub(crate) fn kill(&self) -> bool {
        if let Some(path) = self.unified()
            && path.join("cgroup.kill").exists()
        {
            return tree::kill(&path);
        }
        let roots = self.hierarchies.v1.iter().map(|h| h.root.join(self.path));
        roots.map(|path| tree::kill(&path)).fold(false, |any, here| any | here)
    }

    /// Sends `signal` to every process of the group.
    pub(crate) fn signal(&self, signal: i32) {
        let Some(root) = self.hierarchies.roots().last() else { return };
        let Ok(signal) = nix::sys::signal::Signal::try_from(signal) else { return };
        for pid in tree::processes(&root.join(self.path)) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
        }
    }

    /// Removes the groups in every hierarchy, what the container made below them first.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.hierarchies.roots().try_for_each(|root| tree::remove(&root.join(self.path)))
    }

    /// How many processes the kernel has killed here for want of memory.
    pub(crate) fn oom_kills(&self) -> u64 {
        let file = match (self.hierarchies.v1_root("memory"), self.unified()) {
            (Some(root), _) => root.join(self.path).join("memory.oom_control"),
            (None, Some(path)) => path.join("memory.events"),
            (None, None) => return 0,
        };
        let text = fs::read_to_string(file).unwrap_or_default();
        let count = |line: &str| line.strip_prefix("oom_kill ").and_then(|n| n.trim().parse().ok());
        text.lines().find_map(count).unwrap_or(0)
    }

    fn unified(&self) -> Option<PathBuf> {
        self.hierarchies.unified.as_ref().map(|root| root.join(self.path))
    }

    /// Lets the controllers of the version 2 tree reach down to the container's group.
    fn enable_controllers(&self) -> Result<(), Failure> {
        let Some(root) = &self.hierarchies.unified else { return Ok(()) };
        let known = ["cpu", "cpuset", "io", "memory", "pids"];
        let mut at = root.clone();
        let parents = self.path.rsplit_once('/').map_or("", |(parents, _)| parents);
        for part in std::iter::once("").chain(parents.split('/').filter(|p| !p.is_empty())) {
            at.push(part);
            tree::create(&at).step(FailureKind::Limit, || format!("control group {}", at.display()))?;
            for controller in
                self.hierarchies.unified_controllers.iter().filter(|c| known.contains(&c.as_str()))
            {
                // One by one: a controller that is taken elsewhere must not keep the others away. A limit that needs
                // it fails later with its own message.
                let _ = write_file(&at.join("cgroup.subtree_control"), &format!("+{controller}"));
            }
        }
        Ok(())
    }

    fn write_unified(&self, settings: &[Setting]) -> Result<(), Failure> {
        let Some(path) = self.unified() else { return Ok(()) };
        settings.iter().try_for_each(|setting| {
            if !self.hierarchies.unified_controllers.iter().any(|c| c == setting.controller) {
                return Err(missing(setting.controller, setting.file));
            }
            write_setting(&path, setting)
        })
    }

    fn write_v1(&self, settings: &[Setting]) -> Result<(), Failure> {
        settings.iter().try_for_each(|setting| {
            let Some(root) = self.hierarchies.v1_root(setting.controller) else {
                return Err(missing(setting.controller, setting.file));
            };
            write_setting(&root.join(self.path), setting)
        })
    }
}

fn missing(controller: &str, needed_for: &str) -> Failure {
    let message =
        format!("{needed_for} needs the control group controller {controller:?}, which is not mounted");
    Failure::new(FailureKind::Limit, message)
}

fn write_setting(group: &Path, setting: &Setting) -> Result<(), Failure> {
    let path = group.join(setting.file);
    let no_limit_anyway = matches!(setting.value.as_str(), "-1" | "max");
    if no_limit_anyway && !path.exists() {
        return Ok(());
    }
    write_file(&path, &setting.value)
        .step(FailureKind::Limit, || format!("limit {}={}", setting.file, setting.value))
}

/// One write, no creation, no truncation: what control group files want.
fn write_file(path: &Path, value: &str) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(value.as_bytes())
}

/// A new cpuset group has no CPUs and takes no process until it is given some: its parent's.
fn copy_cpuset(root: &Path, path: &str) -> Result<(), Failure> {
    let mut at = root.to_owned();
    for part in path.split('/') {
        let parent = at.clone();
        at.push(part);
        for file in ["cpuset.cpus", "cpuset.mems"] {
            let read =
                |group: &Path| fs::read_to_string(group.join(file)).unwrap_or_default().trim().to_owned();
            if read(&at).is_empty() {
                write_file(&at.join(file), &read(&parent))
                    .step(FailureKind::Limit, || format!("{file} of {}", at.display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "group_test.rs"]
mod tests;
