//! Logs of services over several hosts.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use skep_harness::{Cluster, eventually};

    /// Each task writes a line with its host's name, and one more each second.
    const SCRIPT: &str = "echo begun; i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done";

    fn cluster() -> Cluster {
        let cluster = Cluster::new(1, 2);
        for number in 0..3 {
            cluster.host(number).import_busybox("busybox");
        }
        let host = cluster.host(0);
        let create = [
            "service",
            "create",
            "--name",
            "talk",
            "--replicas",
            "3",
            "--stop-grace-period",
            "1s",
            "busybox",
            "sh",
            "-c",
            SCRIPT,
        ];
        host.skep(&create).ok();
        cluster
    }

    /// The nodes that lines are shown of: `talk.1.abc@node | text`.
    fn nodes(text: &str) -> BTreeSet<String> {
        let name = |line: &str| Some(line.split_once('@')?.1.split_once(' ')?.0.to_owned());
        text.lines().filter_map(name).collect()
    }

    #[test]
    fn a_services_log_is_read_on_all_nodes_and_a_dead_one_is_told() {
        let mut cluster = cluster();
        let read = |cluster: &Cluster, arguments: &[&str]| {
            let all = [&["service", "logs"], arguments, &["talk"]].concat();
            cluster.host(0).skep(&all).ok()
        };
        eventually(|| {
            let text = read(&cluster, &["--tail", "1"]);
            if nodes(&text).len() == 3 && text.lines().count() == 3 { Ok(()) } else { Err(text) }
        });
        let begun = read(&cluster, &["-t"]);
        assert_eq!(begun.lines().filter(|line| line.ends_with("begun")).count(), 3, "{begun}");
        // By the id of a task as well, wherever it is.
        for task in cluster.host(0).skep(&["service", "ps", "-q", "--no-trunc", "talk"]).ok().lines() {
            let own = cluster.host(0).skep(&["service", "logs", "--raw", "--tail", "2", task]).ok();
            assert_eq!(own.lines().count(), 2, "{own}");
        }
        cluster.host_mut(2).kill_everything();
        eventually(|| {
            let ran = cluster.host(0).skep(&["service", "logs", "--tail", "1", "talk"]);
            let (text, told) = (&ran.out, &ran.err);
            let missing = told.contains("missing");
            if nodes(text).len() >= 2 && missing { Ok(()) } else { Err(format!("{ran:?}")) }
        });
    }

    #[test]
    fn a_log_is_followed_on_all_nodes() {
        let cluster = cluster();
        let mut following = cluster
            .host(0)
            .command()
            .args(["service", "logs", "-f", "--tail", "0", "talk"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut seen = BTreeSet::new();
        let lines = BufReader::new(following.stdout.take().unwrap()).lines();
        for line in lines.take(60) {
            seen.extend(nodes(&line.unwrap()));
            if seen.len() == 3 {
                break;
            }
        }
        following.kill().unwrap();
        following.wait().unwrap();
        assert_eq!(seen.len(), 3, "{seen:?}");
    }
}
