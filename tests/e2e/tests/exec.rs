//! Commands in containers of this node and of others.

#[cfg(test)]
mod tests {
    use skep_harness::{Cluster, Host};

    fn exec(host: &Host, words: &[&str]) -> skep_harness::Ran {
        host.skep(&[&["exec"], words].concat())
    }

    #[test]
    fn commands_run_in_tasks_on_any_node() {
        let cluster = Cluster::new(1, 2);
        for number in 0..3 {
            cluster.host(number).import_busybox("busybox");
        }
        let host = cluster.host(0);
        let create = [
            "service", "create", "--name", "idle", "--mode", "global", "--env", "A=own", "busybox", "sleep",
            "1000",
        ];
        host.skep(&create).ok();
        let tasks = host.skep(&["service", "ps", "-q", "--no-trunc", "idle"]).ok();
        let mut names = std::collections::BTreeSet::new();
        for task in tasks.lines() {
            names.insert(exec(host, &[task, "hostname"]).ok());
            let both = exec(
                host,
                &["-e", "B=more", "-w", "/data", task, "sh", "-c", "echo $A $B; pwd; echo wrong >&2; exit 7"],
            );
            assert_eq!(
                (both.code, both.out.as_str(), both.err.as_str()),
                (7, "own more\n/data\n", "wrong\n")
            );
            let typed = host.skep_with_input(&["exec", "-i", task, "cat"], "one\ntwo\n");
            assert_eq!(typed.ok(), "one\ntwo\n");
            // More than all queues on the way hold, both ways at once, and input that nobody reads.
            let much = "0123456789abcde\n".repeat(256 * 1024);
            assert!(host.skep_with_input(&["exec", "-i", task, "cat"], &much).ok() == much);
            let deaf = host.skep_with_input(&["exec", "-i", task, "sh", "-c", "exit 5"], &much);
            assert_eq!(deaf.code, 5, "{deaf:?}");
            let missing = exec(host, &[task, "nothing"]);
            assert_eq!(missing.code, 127, "{missing:?}");
            exec(host, &["-d", task, "sh", "-c", "echo done > /tmp/made"]).ok();
            skep_harness::eventually(|| match exec(host, &[task, "cat", "/tmp/made"]) {
                ran if ran.code == 0 && ran.out == "done\n" => Ok(()),
                ran => Err(format!("{ran:?}")),
            });
        }
        assert_eq!(names.len(), 3, "each on a node of its own");
        assert_eq!(host.skep(&["service", "exec", "idle", "sh", "-c", "echo $A"]).ok(), "own\n");
        let none = exec(host, &["nobody", "true"]);
        assert!(none.code != 0 && none.err.contains("No such container: nobody"), "{none:?}");
    }

    #[test]
    fn a_plain_container_takes_commands_with_a_terminal() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox("busybox");
        host.skep(&["run", "-d", "--name", "box", "busybox", "sleep", "1000"]).ok();
        assert_eq!(exec(&host, &["box", "echo", "hi"]).ok(), "hi\n");
        // Of a terminal both outputs are one, with its line ends.
        assert_eq!(exec(&host, &["-t", "box", "sh", "-c", "echo a; echo b >&2"]).ok(), "a\r\nb\r\n");
        host.skep(&["rm", "-f", "box"]).ok();
        assert!(exec(&host, &["box", "true"]).failed().contains("No such container"));
    }
}
