//! Managers whose disk does not hold any more what they had acknowledged.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use skep_harness::{Cluster, eventually};

    /// The log of the manager that runs on a host.
    fn log(cluster: &Cluster, number: u8) -> PathBuf {
        let raft = cluster.host(number).path("data/raft");
        let entries = fs::read_dir(&raft).unwrap().map(|entry| entry.unwrap().path());
        entries.into_iter().find(|path| !path.ends_with("lost")).unwrap()
    }

    fn copy(from: &Path, to: &Path) {
        let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
        assert!(copied.success());
    }

    fn label(cluster: &Cluster, asked: u8, count: u32) {
        for number in 0..count {
            let label = format!("round={number}");
            cluster.host(asked).skep(&["node", "update", "--label-add", &label, "host0"]).ok();
        }
    }

    /// The manager is a member again, and under another id in Raft.
    fn until_another(cluster: &Cluster, number: u8, before: &Path) {
        cluster.until_whole(3);
        eventually(|| match log(cluster, number) {
            now if now == before => Err("it is the old member still".to_owned()),
            _ => Ok(()),
        });
        assert!(cluster.host(number).path("data/raft/lost").exists(), "what was there is kept");
    }

    #[test]
    fn a_manager_with_an_older_an_empty_or_a_damaged_disk_joins_again() {
        let mut cluster = Cluster::new(3, 0);
        cluster.deploy(0, 6);
        let victim = (cluster.leader() + 1) % 3;
        let asked = (victim + 1) % 3;

        // Put back to an earlier state.
        cluster.host_mut(victim).kill_daemon();
        let (before, image) = (log(&cluster, victim), cluster.host(victim).path("image"));
        copy(&before, &image);
        cluster.host_mut(victim).start();
        cluster.until_whole(3);
        label(&cluster, asked, 20);
        cluster.host_mut(victim).kill_daemon();
        fs::remove_dir_all(&before).unwrap();
        fs::rename(&image, &before).unwrap();
        cluster.host_mut(victim).start();
        until_another(&cluster, victim, &before);

        // Emptied.
        let before = log(&cluster, victim);
        cluster.host_mut(victim).kill_daemon();
        fs::remove_dir_all(&before).unwrap();
        cluster.host_mut(victim).start();
        cluster.until_whole(3);
        eventually(|| match log(&cluster, victim) {
            now if now == before => Err("it is the old member still".to_owned()),
            _ => Ok(()),
        });

        // Damaged in the middle.
        label(&cluster, asked, 20);
        let before = log(&cluster, victim);
        cluster.host_mut(victim).kill_daemon();
        let segment = fs::read_dir(&before)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "log"))
            .unwrap();
        let mut bytes = fs::read(&segment).unwrap();
        bytes[200] ^= 1;
        fs::write(&segment, bytes).unwrap();
        cluster.host_mut(victim).start();
        until_another(&cluster, victim, &before);

        // The leader has given it its vote, and taken the three that it was before out.
        eventually(|| {
            let gone = |number| {
                let log = cluster.host(number).daemon_log();
                log.lines().filter(|line| line.contains("the managers change step=Remove")).count()
            };
            match (0..3).map(gone).sum() {
                3.. => Ok(()),
                count => Err(format!("{count} former members were taken out")),
            }
        });
        // It counts again: with another one gone, there is a majority.
        cluster.host_mut(asked).kill_daemon();
        cluster.leader();
        eventually(|| {
            let updated = cluster.host(victim).skep(&["node", "update", "--label-add", "after=it", "host0"]);
            if updated.code == 0 { Ok(()) } else { Err(format!("{updated:?}")) }
        });
    }
}
