use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

/// Where control groups are.
const ROOT: &str = "/sys/fs/cgroup";
/// cpuacct of version 1; on a machine with version 2 alone there is none.
const CPUACCT: &str = "/sys/fs/cgroup/cpuacct";

/// A control group for one side: its daemon's processes are in `daemon` below it, containers may be in `containers`.
/// It goes, in every hierarchy, when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
}

impl Group {
    /// Makes it.
    pub(crate) fn new(side: &str) -> Result<Self> {
        let own = Self { name: format!("skep-bench-{}-{side}", std::process::id()) };
        let path = own.daemon();
        fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(own)
    }

    /// A process that writes 0 here is in it.
    pub(crate) fn entrance(&self) -> Result<File> {
        let path = self.daemon().join("cgroup.procs");
        File::options().write(true).open(&path).with_context(|| format!("open {}", path.display()))
    }

    /// Processes of the daemon: the daemon itself and all that it started outside containers.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let text = fs::read_to_string(self.daemon().join("cgroup.procs"))?;
        Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Those and the processes of its containers.
    pub(crate) fn all_processes(&self) -> Vec<u32> {
        let mut found = Vec::new();
        collect(&hierarchy().join(&self.name), &mut found);
        found
    }

    /// The path below the hierarchy's root of the group that a daemon may put its containers in.
    pub(crate) fn containers(&self) -> String {
        format!("/{}/containers", self.name)
    }

    /// CPU time that its processes, also ended ones and those in groups below, have used.
    pub(crate) fn used(&self) -> Result<Duration> {
        used(&hierarchy().join(&self.name))
    }

    /// The same of the group around a container's, when it is not below this one; nothing when it is.
    pub(crate) fn used_around(&self, container: u32) -> Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{container}/cgroup"))?;
        let path = path_of(&text).context("the container is in no control group")?;
        let around = Path::new(path).parent().unwrap_or(Path::new("/"));
        if around.starts_with(format!("/{}", self.name)) {
            return Ok(Duration::ZERO);
        }
        used(&hierarchy().join(around.strip_prefix("/").unwrap_or(around)))
    }

    fn daemon(&self) -> PathBuf {
        hierarchy().join(&self.name).join("daemon")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let hierarchies = fs::read_dir(ROOT).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in hierarchies.chain([PathBuf::from(ROOT)]).map(|path| path.join(&self.name)) {
            // The kernel lets go of a process a moment after it was waited for.
            for _ in 0..100 {
                remove(&path);
                if !path.exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(30));
            }
            if path.exists() {
                eprintln!("the control group {} was not removed", path.display());
            }
        }
    }
}

/// Processes of a group and of those below it.
fn collect(group: &Path, found: &mut Vec<u32>) {
    let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    found.extend(listed.lines().filter_map(|line| line.parse::<u32>().ok()));
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), found);
        }
    }
}

/// Groups below go first. What is still busy stays; the caller looks.
fn remove(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    drop(fs::remove_dir(path));
}

fn hierarchy() -> &'static Path {
    let version_1 = Path::new(CPUACCT);
    if version_1.exists() { version_1 } else { Path::new(ROOT) }
}

fn used(group: &Path) -> Result<Duration> {
    let read = |name: &str| fs::read_to_string(group.join(name));
    if let Ok(text) = read("cpuacct.usage") {
        return Ok(Duration::from_nanos(text.trim().parse()?));
    }
    let text = read("cpu.stat").with_context(|| format!("no CPU time in {}", group.display()))?;
    let micros = text.lines().find_map(|line| line.strip_prefix("usage_usec ")?.parse().ok());
    Ok(Duration::from_micros(micros.context("cpu.stat has no usage_usec")?))
}

/// The path in that hierarchy, of a /proc/PID/cgroup.
fn path_of(text: &str) -> Option<&str> {
    let version_1 = Path::new(CPUACCT).exists();
    text.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = if version_1 {
            controllers.split(',').any(|one| one == "cpuacct")
        } else {
            controllers.is_empty()
        };
        fits.then_some(path)
    })
}
