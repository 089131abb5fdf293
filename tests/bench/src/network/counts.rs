use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use skep_harness::Host;

use crate::memory;

/// What there is of a host's network, and what its daemon holds; by name.
pub(crate) fn count(host: &Host) -> Result<BTreeMap<String, usize>> {
    let path = host.namespaces().host();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lines = |program: &[&str]| Ok::<_, anyhow::Error>(run(&name, program)?.lines().count());
    let rules = run(&name, &["nft", "list", "ruleset"])?;
    let pid = host.daemon_pid().context("the daemon does not run")?;
    let process = Path::new("/proc").join(pid.to_string());
    let mut counts: BTreeMap<String, usize> = descriptors(&process)?;
    let others = [
        ("addresses", lines(&["ip", "-o", "address"])?),
        ("routes", lines(&["ip", "route", "show", "table", "all"])?),
        ("ip rules", lines(&["ip", "rule"])?),
        ("links", lines(&["ip", "-o", "link"])?),
        ("neighbours", lines(&["ip", "neigh", "show", "nud", "permanent"])?),
        ("nft chains", rules.lines().filter(|line| line.trim().starts_with("chain ")).count()),
        ("nft lines", rules.lines().count()),
        // Each element but the last one of its set is followed by a comma.
        ("nft commas", rules.matches(',').count()),
        ("network namespaces", namespaces_of(host)),
    ];
    counts.extend(others.map(|(name, count)| (name.to_owned(), count)));
    Ok(counts)
}

/// The descriptors of a process, by what they are of: a kind such as `socket`, or a path.
fn descriptors(process: &Path) -> Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for entry in std::fs::read_dir(process.join("fd"))?.flatten() {
        let Ok(target) = std::fs::read_link(entry.path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        let kind =
            if target.starts_with('/') { &target } else { target.split(":[").next().unwrap_or(&target) };
        *counts.entry(format!("descriptors of {kind}")).or_default() += 1;
    }
    Ok(counts)
}

/// Memory of a host's daemon, in KiB.
pub(crate) fn memory(host: &Host) -> Result<f64> {
    memory::proportional_kib(&[host.daemon_pid().context("the daemon does not run")?])
}

/// Network namespaces of the daemon's containers: those that its keeper's directory names, and those that descriptors of the daemon
/// keep.
fn namespaces_of(host: &Host) -> usize {
    let mounted = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let directory = host.path("").display().to_string();
    let bound = mounted.lines().filter(|line| line.contains(" nsfs ") && line.contains(&directory)).count();
    let pids = [host.daemon_pid(), host.keeper_pid()];
    let held = pids.into_iter().flatten().flat_map(|pid| std::fs::read_dir(format!("/proc/{pid}/fd")));
    let links = held.flatten().flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    bound + links.filter(|target| target.to_string_lossy().starts_with("net:")).count()
}

fn run(namespace: &str, program: &[&str]) -> Result<String> {
    let output = Command::new("ip").args(["netns", "exec", namespace]).args(program).output()?;
    ensure!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
