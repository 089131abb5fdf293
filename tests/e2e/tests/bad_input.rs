//! What is wrong is told once, clearly, with what to do, and leaves nothing half-made.

#[cfg(test)]
mod tests {
    use skep_harness::Host;

    fn refused(host: &Host, text: &str, words: &[&str]) {
        let file = host.path("compose.yml");
        std::fs::write(&file, text).unwrap();
        let ran = host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "bad"]);
        let complaint = ran.failed();
        for word in words {
            assert!(complaint.contains(word), "'{word}' is missing in: {complaint}");
        }
        assert_eq!(host.skep(&["service", "ls", "-q"]).ok(), "", "nothing is made");
        assert_eq!(host.skep(&["stack", "ls", "--format", "{{.Name}}"]).ok(), "");
    }

    #[test]
    fn bad_files_are_refused_with_their_place() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        refused(&host, "services: [", &["compose.yml:1"]);
        refused(
            &host,
            "services:\n  web:\n    image: skep/whoami\n    imagee: x\n",
            &["compose.yml:4:5", "imagee"],
        );
        let long = "n".repeat(64);
        refused(&host, &format!("services:\n  {long}:\n    image: skep/whoami\n"), &["63", "compose.yml:2"]);
        refused(&host, "services:\n  web: {}\n", &["image"]);
        let missing = host.skep(&["stack", "deploy", "-c", "/nowhere/compose.yml", "bad"]).failed();
        assert!(missing.contains("/nowhere/compose.yml") && missing.contains("No such file"), "{missing}");
    }

    #[test]
    fn a_port_in_use_is_refused_before_anything_is_made() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        let namespace = host.namespaces().host();
        let _taken = skep_harness::Namespaces::inside(&namespace, || {
            std::net::TcpListener::bind("0.0.0.0:8123").unwrap()
        });
        let text = "services:\n  web:\n    image: skep/whoami\n    ports: [\"8123:80\"]\n";
        refused(&host, text, &["8123", "bad_input"]);
        let other = "services:\n  web:\n    image: skep/whoami\n    ports: [\"8124:80\"]\n";
        let file = host.path("other.yml");
        std::fs::write(&file, other).unwrap();
        host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "one"]).ok();
        let twice = host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "two"]).failed();
        assert!(twice.contains("8124") && twice.contains("one_web"), "{twice}");
        assert_eq!(host.skep(&["service", "ls", "--format", "{{.Name}}"]).ok().trim(), "one_web");
    }

    #[test]
    fn a_missing_image_says_so_and_ends_the_wait() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        let file = host.path("compose.yml");
        std::fs::write(&file, "services:\n  web:\n    image: no/such:1\n").unwrap();
        let ran = host.skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "missing"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains("No such image: no/such:1"), "{}", ran.err);
        host.skep(&["stack", "rm", "missing"]).ok();
    }

    #[test]
    fn settings_that_would_stop_a_swarm_are_refused() {
        let mut host = Host::new();
        host.start();
        for (flag, value, words) in [
            ("--dispatcher-heartbeat", "0s", "longer than nothing"),
            ("--dispatcher-heartbeat", "1ms", "between 100ms and 1h"),
            ("--cert-expiry", "59m", "minimum certificate expiry time is: 1h0m0s"),
            ("--snapshot-interval", "99", "between 100 and 10000"),
            ("--max-snapshots", "3", "Skep keeps one snapshot"),
            ("--data-path-addr", "eth9", "'eth9' is neither an IP address nor an interface"),
            ("--data-path-addr", "10.98.0.1", "no address of this host"),
            ("--data-path-port", "80", "not in valid range (1024-49151) : 80"),
            ("--external-ca", "protocol=cfssl,url=https://ca", "Skep signs"),
        ] {
            let refused = host.skep(&["swarm", "init", flag, value]).failed();
            assert!(refused.contains(words), "{refused}");
        }
        host.skep(&["swarm", "init"]).ok();
        let refused = host.skep(&["swarm", "update", "--dispatcher-heartbeat", "2h"]).failed();
        assert!(refused.contains("Dispatcher.HeartbeatPeriod") && refused.contains("7200s"), "{refused}");
        host.skep(&["swarm", "update", "--dispatcher-heartbeat", "1s"]).ok();
    }

    #[test]
    fn no_daemon_and_no_swarm_are_told_apart() {
        let host = Host::new();
        let nobody = host.skep(&["service", "ls"]).failed();
        assert!(nobody.contains("daemon") && nobody.contains("skep daemon"), "{nobody}");
        let mut host = host;
        host.start();
        let outside = host.skep(&["service", "ls"]).failed();
        assert!(outside.contains("not a swarm manager") && outside.contains("swarm init"), "{outside}");
        let leave = host.skep(&["swarm", "leave"]).failed();
        assert!(leave.contains("not part of a swarm"), "{leave}");
        host.skep(&["swarm", "init"]).ok();
        let twice = host.skep(&["swarm", "init"]).failed();
        assert!(twice.contains("already part of a swarm"), "{twice}");
        let guarded = host.skep(&["swarm", "leave"]).failed();
        assert!(guarded.contains("--force"), "{guarded}");
        for (arguments, words) in [
            (["service", "ps", "nothing"], "no such service"),
            (["node", "inspect", "nothing"], "nothing"),
            (["stack", "ps", "nothing"], "nothing"),
            (["image", "inspect", "nothing"], "No such image"),
            (["container", "inspect", "nothing"], "No such container"),
        ] {
            let complaint = host.skep(&arguments).failed();
            assert!(complaint.to_lowercase().contains(&words.to_lowercase()), "{arguments:?}: {complaint}");
        }
    }

    #[test]
    fn a_second_daemon_on_the_same_directories_is_refused() {
        let host = Host::started();
        let second = host.skep(&["daemon"]).failed();
        assert!(second.contains("another") && second.contains("--exec-root"), "{second}");
        host.skep(&["version"]).ok();
    }
}
