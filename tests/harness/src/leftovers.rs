use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Processes whose command line names the directory: the daemon and its keeper.
pub(crate) fn processes(directory: &Path) -> Vec<i32> {
    let needle = directory.display().to_string();
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let named = |id: &i32| {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&needle)
    };
    ids.filter(named).collect()
}

/// Processes inside a network namespace or inside one that containers of it have: all that have a mount of the directory.
pub(crate) fn mounts(directory: &Path) -> Vec<String> {
    let needle = directory.display().to_string();
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found: Vec<String> = ids
        .flat_map(|id| {
            let table = fs::read_to_string(format!("/proc/{id}/mountinfo")).unwrap_or_default();
            let own = table.lines().filter(|line| line.contains(&needle)).map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                format!("mount {}", words.get(4).unwrap_or(&line))
            });
            own.collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Takes away what is mounted below the directory: the memory of secrets outlives a daemon that was killed.
pub(crate) fn unmount(directory: &Path) {
    let table = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let targets = table.lines().filter_map(|line| line.split(' ').nth(1)).map(Path::new).collect::<Vec<_>>();
    // What was mounted last may lie on what was mounted before.
    for target in targets.into_iter().rev().filter(|it| *it != directory && it.starts_with(directory)) {
        if let Err(error) = nix::mount::umount2(target, nix::mount::MntFlags::MNT_DETACH) {
            eprintln!("{} was not unmounted: {error}", target.display());
        }
    }
}

/// Control groups of the daemon with this instance name.
pub(crate) fn cgroups(instance: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    search(Path::new("/sys/fs/cgroup"), instance, 3, &mut found);
    found
}

/// Removes them. The kernel lets go of a process a moment after it ended, so what is busy is tried again for a second.
pub(crate) fn remove_cgroups(instance: &str) {
    for _ in 0..30 {
        let left = cgroups(instance);
        if left.is_empty() {
            return;
        }
        left.iter().for_each(|group| remove(group));
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Groups below go first.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    drop(fs::remove_dir(group));
}

/// Processes in a control group and in those below it.
pub(crate) fn cgroup_processes(group: &Path) -> Vec<i32> {
    let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let mut found: Vec<i32> = listed.lines().filter_map(|line| line.parse().ok()).collect();
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(cgroup_processes(&entry.path()));
        }
    }
    found
}

fn search(directory: &Path, name: &str, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if entry.file_name().to_str() == Some(name) {
            found.push(entry.path());
        } else if depth > 0 {
            search(&entry.path(), name, depth - 1, found);
        }
    }
}

/// Links of a namespace that are not its own, and nftables tables and routes that are there.
pub(crate) fn network(namespace: &str) -> Vec<String> {
    let mut found = Vec::new();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new("ip").args(["netns", "exec", namespace, program]).args(arguments).output();
        let output = output.expect("the program ip is there (iproute2)");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for line in run("ip", &["-o", "link"]).lines() {
        let name = line.split(": ").nth(1).unwrap_or_default();
        if name != "lo" && !name.starts_with("eth0@") {
            found.push(format!("link {name}"));
        }
    }
    found.extend(run("nft", &["list", "tables"]).lines().map(|line| format!("nftables {line}")));
    let routes = run("ip", &["route"]);
    let foreign = routes.lines().filter(|line| !line.contains("dev eth0"));
    found.extend(foreign.map(|line| format!("route {line}")));
    let rules = run("ip", &["rule"]);
    let foreign =
        rules.lines().filter(|line| !["local", "main", "default"].iter().any(|own| line.ends_with(own)));
    found.extend(foreign.map(|line| format!("rule {line}")));
    found
}

/// Files below a directory, by their paths in it.
pub(crate) fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| format!("file {}", entry.path().display())).collect()
}
