//! Walking, emptying and removing trees of control groups.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Hierarchies;

/// Directories below `path`, children before parents, `path` last.
pub(super) fn depth_first(path: &Path) -> Vec<PathBuf> {
    let mut list = Vec::new();
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                list.extend(depth_first(&entry.path()));
            }
        }
        list.push(path.to_owned());
    }
    list
}

/// Processes in `path` and below it (0 for those that this process's pid namespace does not show).
pub(super) fn processes(path: &Path) -> Vec<i32> {
    let read = |group: PathBuf| fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let texts: Vec<String> = depth_first(path).into_iter().map(read).collect();
    texts.iter().flat_map(|t| t.lines()).filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect()
}

/// Kills everything in `path` and below it, also when frozen; returns whether anything was there.
pub(super) fn kill(path: &Path) -> bool {
    if fs::write(path.join("cgroup.kill"), "1").is_ok() {
        let events = fs::read_to_string(path.join("cgroup.events")).unwrap_or_default();
        return events.lines().any(|line| line == "populated 1");
    }
    let found = processes(path);
    for pid in &found {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::Signal::SIGKILL);
    }
    for group in depth_first(path) {
        let _ = fs::write(group.join("freezer.state"), "THAWED");
    }
    !found.is_empty()
}

/// Removes `path` and what is below it; a group that is already gone is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(()) => return Ok(()),
        Err(_) => {}
    }
    for group in depth_first(path) {
        match fs::remove_dir(&group) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Makes a group and those above it. Another keeper that ends may remove an empty one above it meanwhile.
pub(super) fn create(path: &Path) -> io::Result<()> {
    const TRIES: usize = 20;
    for _ in 1..TRIES {
        match fs::create_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            made => return made,
        }
    }
    fs::create_dir_all(path)
}

/// Removes a keeper's own group and those above it that are empty then.
pub(crate) fn remove_parents(hierarchies: &Hierarchies, parent: &str) {
    for root in hierarchies.roots() {
        let own = Path::new(parent).ancestors().take_while(|path| !path.as_os_str().is_empty());
        for path in own {
            match fs::remove_dir(root.join(path)) {
                // Others' groups may be in it.
                Err(error) if error.kind() != io::ErrorKind::NotFound => break,
                _ => {}
            }
        }
    }
}

/// Kills and removes every group under `parent` in every hierarchy: what a killed keeper left. Waits at most
/// `patience`; returns the groups that could not be removed.
pub(crate) fn remove_children(hierarchies: &Hierarchies, parent: &str, patience: Duration) -> Vec<PathBuf> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        let mut left = Vec::new();
        for root in hierarchies.roots() {
            let entries = fs::read_dir(root.join(parent)).into_iter().flatten().flatten();
            let children: Vec<PathBuf> =
                entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect();
            for child in children {
                let populated = kill(&child);
                if populated || remove(&child).is_err() {
                    left.push(child);
                }
            }
        }
        if left.is_empty() || waited >= patience {
            return left;
        }
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}
