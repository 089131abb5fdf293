//! The first thing that a new user does.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use skep_harness::{Host, Namespaces, eventually, example, until};

    /// Who answers on a port, over new connections.
    fn answering(host: &Host, port: u16, count: usize) -> BTreeSet<String> {
        (0..count)
            .map(|_| {
                let mut connection = host.connect(port).unwrap();
                let local = connection.local().unwrap();
                let answer = connection.get("/").unwrap();
                assert_eq!(answer.status, 200);
                assert_eq!(
                    answer.line("Client"),
                    Some(local.to_string().as_str()),
                    "the client's own address arrives"
                );
                answer.line("Task").unwrap().to_owned()
            })
            .collect()
    }

    #[test]
    fn up_brings_a_stack_from_a_file_to_balanced_containers() {
        let host = Host::new();
        let compose = example("hello");
        let out = host.skep(&["up", compose.to_str().unwrap()]).ok();
        assert!(out.contains("8080"), "{out}");
        let tasks: BTreeSet<String> = (1..=3).map(|slot| format!("hello_web.{slot}")).collect();
        assert_eq!(answering(&host, 8080, 6), tasks);

        // From the host itself, too.
        let namespaces = host.namespaces();
        let address = "127.0.0.1:8080".parse().unwrap();
        let mut local = skep_harness::Connection::open(&namespaces.host(), address).unwrap();
        assert_eq!(local.get("/health").unwrap().status, 200);
        let address = format!("{}:8080", Namespaces::HOST).parse().unwrap();
        let mut own = skep_harness::Connection::open(&namespaces.host(), address).unwrap();
        for connection in [&mut local, &mut own] {
            let answer = connection.get("/").unwrap();
            let client = answer.line("Client").unwrap();
            assert!(
                client.starts_with(Namespaces::HOST),
                "the host's own address, not a gateway's: {client}"
            );
        }

        // Again changes nothing.
        let before = host.skep(&["ps", "-q"]).ok();
        host.skep(&["up", compose.to_str().unwrap()]).ok();
        let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&host.skep(&["ps", "-q"]).ok()), sorted(&before));

        host.skep(&["service", "scale", "hello_web=5"]).ok();
        assert_eq!(answering(&host, 8080, 10).len(), 5);
        host.skep(&["service", "scale", "hello_web=1"]).ok();
        eventually(|| match host.skep(&["ps", "-q"]).ok().lines().count() {
            1 => Ok(()),
            more => Err(format!("{more} containers run")),
        });
        assert_eq!(answering(&host, 8080, 4).len(), 1);

        host.skep(&["down", "hello"]).ok();
        let asked = ["events", "--since", "1h", "--until", "0s", "--filter", "scope=swarm", "--format"];
        let happened =
            host.skep(&[&asked[..], &["{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"]].concat()).ok();
        for event in ["service create hello_web", "service update hello_web", "service remove hello_web"] {
            assert!(happened.lines().any(|line| line == event), "{event} is missing in {happened}");
        }
        assert!(host.connect(8080).is_err());
        assert_eq!(host.skep(&["stack", "ls", "--format", "json"]).ok().trim(), "");
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.stop_started_daemon();
        host.assert_clean();
    }

    #[test]
    fn tables_have_dockers_headers() {
        let host = Host::started();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        let first = |arguments: &[&str]| {
            let out = host.skep(arguments).ok();
            let line = out.lines().next().unwrap_or_default().to_owned();
            line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("|")
        };
        assert_eq!(first(&["node", "ls"]), "ID|HOSTNAME|STATUS|AVAILABILITY|MANAGER STATUS|ENGINE VERSION");
        assert_eq!(first(&["service", "ls"]), "ID|NAME|MODE|REPLICAS|IMAGE|PORTS");
        assert_eq!(
            first(&["service", "ps", "hello_web"]),
            "ID|NAME|IMAGE|NODE|DESIRED STATE|CURRENT STATE|ERROR|PORTS"
        );
        assert_eq!(first(&["stack", "ls"]), "NAME|SERVICES");
        assert_eq!(first(&["ps"]), "CONTAINER ID|IMAGE|COMMAND|CREATED|STATUS|PORTS|NAMES");
        assert_eq!(first(&["network", "ls"]), "NETWORK ID|NAME|DRIVER|SCOPE");
        assert_eq!(first(&["image", "ls"]), "REPOSITORY|TAG|IMAGE ID|CREATED|SIZE");
        let json = host.skep(&["service", "ls", "--format", "json"]).ok();
        let line: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        assert_eq!((line["Name"].as_str(), line["Replicas"].as_str()), (Some("hello_web"), Some("3/3")));
        let nodes = host.skep(&["node", "ls", "--format", "{{.Status}} {{.ManagerStatus}}"]).ok();
        assert_eq!(nodes.trim(), "Ready Leader");
    }

    #[test]
    fn logs_are_kept_and_shown() {
        let host = Host::started();
        host.skep(&["up", example("guestbook").to_str().unwrap()]).ok();
        assert_eq!(host.get(8081, "/log?line=remember-me").unwrap().status, 200);
        until("the line is in the log", || {
            let logs = host.skep(&["service", "logs", "guestbook_front"]).ok();
            logs.contains("remember-me").then_some(())
        });
    }
}
