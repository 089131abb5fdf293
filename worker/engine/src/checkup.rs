//! What the engine finds out about its host when it is asked to look.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use skep_model::{Check, Checkup, Finding, ManagerReport, NodeReport, limits};
use skep_network::Deviation;
use skep_runtime::Env;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::engine::Engine;

/// Writes that are timed, and how much each writes.
const WRITES: usize = 20;
const WRITE_BYTES: usize = 4096;
/// No more writes are made after this time: a disk that is that slow is known to be.
const WRITES_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a manager's port may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What is found wrong with a host that is in no swarm, whose data is at this place.
pub async fn check_host(env: &Env, data_root: &Path) -> Vec<Finding> {
    let upstreams = skep_network::upstreams_of_host();
    let (mut found, disk) = tokio::join!(skep_network::check_host(&upstreams), check_disk(env, data_root));
    found.extend(disk);
    found
}

impl Engine {
    /// Looks at the host and at the ways to all other nodes now, and with `repair` mends what it can; takes a few seconds at most. The
    /// clock is left out.
    pub async fn check(&self, checkup: &Checkup) -> NodeReport {
        let mut findings = self.check_network(checkup.repair).await;
        let (paths, network, disk, managers) = tokio::join!(
            self.network.measure_paths(),
            self.network.check(),
            check_disk(&self.env, &self.data_root),
            reach(&checkup.managers),
        );
        findings.extend(network.into_iter().chain(disk));
        if paths.iter().any(|path| path.is_silent() || !path.heard) {
            findings.extend(self.network.check_unheard());
        }
        NodeReport { paths, managers, findings, ..NodeReport::default() }
    }
}

impl Engine {
    /// What is in the kernel of the host's network against what should be, and what cannot be had of it.
    async fn check_network(&self, repair: bool) -> Vec<Finding> {
        let faults = self.network.tunnel_report().await.map(|report| report.faults);
        let unreached = |fault| {
            let fix = "see the daemon's log; it is tried again every few seconds";
            Finding::fault(Check::Network, "connections to tasks on other nodes are refused")
                .cause(fault)
                .fix(fix)
        };
        let mut found: Vec<_> = faults.unwrap_or_default().into_iter().map(unreached).collect();
        match self.network.audit(repair).await {
            Ok(deviations) => found.extend(deviations.into_iter().map(|one| judge_deviation(one, repair))),
            Err(error) => {
                let failed = "whether the network's rules and routes are right cannot be seen";
                let fix = "the daemon needs root's rights; see its log";
                found.push(Finding::fault(Check::Network, failed).cause(error.to_string()).fix(fix));
            }
        }
        found
    }
}

fn judge_deviation(deviation: Deviation, repair: bool) -> Finding {
    let Deviation { what, repaired } = deviation;
    let cause = "another program, or somebody, changed it";
    if repaired {
        return Finding::warning(Check::Network, what).cause(cause).fix("done: it is brought back");
    }
    let fix = if repair {
        "it could not be brought back; see the daemon's log on that node"
    } else {
        "\"skep doctor --repair\", or wait: each node brings it back within 20 seconds"
    };
    Finding::fault(Check::Network, what).cause(cause).fix(fix)
}

async fn reach(addresses: &[String]) -> Vec<ManagerReport> {
    let mut reaching = JoinSet::new();
    for address in addresses.iter().cloned() {
        reaching.spawn(async move {
            let error = match timeout(CONNECT_TIMEOUT, TcpStream::connect(&address)).await {
                Ok(Ok(_)) => String::new(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            ManagerReport { address, error }
        });
    }
    reaching.join_all().await
}

async fn check_disk(env: &Env, data_root: &Path) -> Vec<Finding> {
    let own = data_root.to_owned();
    let looked = env.spawn_blocking("disk check", move || look(&own)).await;
    looked.unwrap_or_default()
}

fn look(data_root: &Path) -> Vec<Finding> {
    let place = data_root.display();
    let mut found = Vec::new();
    match nix::sys::statvfs::statvfs(data_root) {
        Ok(disk) => {
            let unit = disk.fragment_size();
            let (free, all) = (disk.blocks_available() * unit, disk.blocks() * unit);
            found.extend(judge_space(&place.to_string(), free, all));
        }
        Err(error) => found.push(unusable(&place.to_string(), &error.to_string())),
    }
    match slowest_write(data_root) {
        Ok(slowest) => found.extend(judge_speed(&place.to_string(), slowest)),
        Err(error) => found.push(unusable(&place.to_string(), &error.to_string())),
    }
    found
}

fn unusable(place: &str, error: &str) -> Finding {
    Finding::fault(Check::DiskSpace, format!("the data directory {place} cannot be written: {error}"))
        .cause("the disk is full, read-only or broken")
        .fix(format!("see \"df {place}\" and the kernel's log (dmesg)"))
}

fn judge_space(place: &str, free: u64, all: u64) -> Option<Finding> {
    let percent = free.saturating_mul(100) / all.max(1);
    let enough = free >= limits::DISK_FREE_BYTES_MIN && percent >= limits::DISK_FREE_PERCENT_MIN;
    (!enough).then(|| {
        let mib = free >> 20;
        Finding::fault(Check::DiskSpace, format!("the data directory {place} has {mib} MiB ({percent} %) left"))
            .cause("images, containers' files, logs or other programs' files fill the disk")
            .fix("remove images (skep rmi) and files that are not needed, or give the directory a bigger disk (--data-root)")
    })
}

/// The slowest of some writes that are on the disk when they are done.
fn slowest_write(directory: &Path) -> std::io::Result<Duration> {
    let path = directory.join(format!(".doctor-{}", std::process::id()));
    let timed = File::create(&path).and_then(|mut file| {
        let (began, mut slowest) = (Instant::now(), Duration::ZERO);
        for _ in 0..WRITES {
            let start = Instant::now();
            file.write_all(&[0; WRITE_BYTES])?;
            file.sync_data()?;
            slowest = slowest.max(start.elapsed());
            if began.elapsed() > WRITES_TIMEOUT {
                break;
            }
        }
        Ok(slowest)
    });
    let removed = fs::remove_file(&path);
    let slowest = timed?;
    removed?;
    Ok(slowest)
}

fn judge_speed(place: &str, slowest: Duration) -> Option<Finding> {
    (slowest > limits::DISK_SYNC_SHOWN).then(|| {
        let ms = slowest.as_millis();
        Finding::warning(Check::DiskSpeed, format!("a small write to {place} took {ms} ms to be on the disk"))
            .cause("the disk is slow, or busy with other work; a manager acknowledges nothing faster than its disk")
            .fix("use a local SSD for the data directory, or move what else writes to it elsewhere")
    })
}

#[cfg(test)]
mod tests {
    use skep_model::Severity;

    use super::*;

    #[test]
    fn a_disk_with_little_room_is_a_fault() {
        let gib = 1 << 30;
        assert_eq!(judge_space("/data", 10 * gib, 100 * gib), None);
        for (free, all) in [(gib - 1, gib), (4 * gib, 100 * gib), (0, 0)] {
            assert_eq!(judge_space("/data", free, all).unwrap().severity, Severity::Fault);
        }
        assert!(judge_space("/data", 0, 10 * gib).unwrap().failed.contains("/data has 0 MiB (0 %) left"));
    }

    #[test]
    fn a_slow_disk_is_a_warning() {
        assert_eq!(judge_speed("/data", Duration::from_millis(100)), None);
        let slow = judge_speed("/data", Duration::from_millis(101)).unwrap();
        assert!(slow.severity == Severity::Warning && slow.failed.contains("101 ms"), "{slow}");
    }

    #[test]
    fn writing_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        assert!(slowest_write(directory.path()).unwrap() > Duration::ZERO);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let missing = look(&directory.path().join("missing"));
        assert!(missing.len() == 2 && missing[0].failed.contains("cannot be written"), "{missing:?}");
    }

    #[tokio::test]
    async fn a_manager_that_does_not_answer_is_named_with_the_reason() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap().to_string();
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut found = reach(&[there.clone(), gone.clone()]).await;
        found.sort_by_key(|report| report.error.clone());
        assert_eq!((&found[0].address, found[0].error.as_str()), (&there, ""));
        assert!(found[1].address == gone && found[1].error.contains("refused"), "{found:?}");
    }
}
