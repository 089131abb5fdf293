//! `skep doctor`: what is wrong is named, with its cause and what to do; what is not, is not.

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::Value;
    use skep_harness::{Cluster, Host, Resolver, eventually};

    /// Longer than the ten seconds that are promised, for a machine that is busy with other tests.
    const PATIENCE: Duration = Duration::from_secs(25);

    /// A disk with enough room for the doctor, who asks for 1 GiB and 5 %, however full the machine's own is.
    const DISK_MIB: u32 = 2048;

    /// What is found, as JSON, asked on this host; and the exit code.
    fn found(cluster: &Cluster, asked: u8) -> (Vec<Value>, i32) {
        let began = Instant::now();
        let ran = cluster.host(asked).skep(&["doctor", "--json"]);
        assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
        let told: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        (told["Findings"].as_array().cloned().unwrap_or_default(), ran.code)
    }

    /// Waits until the findings of one kind are at these places alone; gives their lines.
    fn until_found(cluster: &Cluster, asked: u8, check: &str, places: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        eventually(|| {
            let (findings, code) = found(cluster, asked);
            let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let such: Vec<_> = findings.iter().filter(|finding| text(finding, "Check") == check).collect();
            let at: Vec<String> = such.iter().map(|finding| text(finding, "Place")).collect();
            lines = such.iter().map(|finding| text(finding, "Line")).collect();
            let faults = findings.iter().any(|finding| text(finding, "Severity") == "FAULT");
            if at == places && code == i32::from(faults) {
                Ok(())
            } else {
                Err(format!("exit {code}: {findings:#?}"))
            }
        });
        lines
    }

    fn until_healthy(cluster: &Cluster, asked: u8) {
        eventually(|| {
            let ran = cluster.host(asked).skep(&["doctor"]);
            let whole = "13 checks on 3 nodes and 6 pairs: no fault found";
            if ran.code == 0 && ran.out.starts_with(whole) { Ok(()) } else { Err(format!("{ran:?}")) }
        });
    }

    #[test]
    fn faults_are_named_and_a_healthy_swarm_has_none() {
        let cluster = Cluster::with_own_disks(1, 2, DISK_MIB);
        let _resolver = Resolver::start(&cluster);
        let file = cluster.host(0).path("compose.yml");
        let web = "{image: skep/whoami, ports: [\"8086:80\"], deploy: {replicas: 3}}";
        std::fs::write(&file, format!("services: {{web: {web}}}\n")).unwrap();
        cluster.host(0).skep(&["stack", "deploy", "-c", file.to_str().unwrap(), "shop"]).ok();
        until_healthy(&cluster, 0);
        // A worker asks the managers.
        until_healthy(&cluster, 1);
        let addresses: Vec<_> = (0..3).map(|number| cluster.host(number).namespaces().address()).collect();

        cluster.set_rules(2, &format!("ip saddr {} udp dport 4789 drop", addresses[1]));
        // Nobody looks: the nodes notice by themselves.
        eventually(|| {
            let listed = cluster.host(0).skep(&["node", "ls"]);
            let warned = listed.code == 0 && listed.err.contains("host1 -> host2: no packet of the tunnel");
            if warned { Ok(()) } else { Err(format!("{listed:?}")) }
        });
        let lines = until_found(&cluster, 0, "paths", &["host1 -> host2"]);
        let told = format!("let UDP port 4789 in on host2 from {}", addresses[1]);
        assert!(
            lines[0].starts_with("FAULT") && lines[0].contains("cause: ") && lines[0].contains(&told),
            "{lines:?}"
        );
        cluster.set_rules(2, "");
        until_healthy(&cluster, 0);
        assert_eq!(cluster.host(0).skep(&["node", "ls"]).err, "");

        cluster.switch().set_mtu(2, 1300);
        let lines = until_found(
            &cluster,
            0,
            "paths",
            &["host0 -> host2", "host1 -> host2", "host2 -> host0", "host2 -> host1"],
        );
        assert!(
            lines.iter().all(|line| line.starts_with("WARN") && line.contains("instead of 1450")),
            "{lines:?}"
        );
        cluster.switch().set_mtu(2, 1500);
        until_healthy(&cluster, 0);

        // Somebody plays with the rules of a node; another node has them brought back.
        let told = "host2: the rules of the nft chain guard were changed";
        for (flags, code, fix) in
            [(&["doctor"][..], 1, "--repair"), (&["doctor", "--repair"], 0, "is brought back")]
        {
            eventually(|| {
                // The node may have brought it back by itself meanwhile.
                cluster.nft(2, "flush chain ip skep guard");
                let ran = cluster.host(0).skep(flags);
                let right = ran.code == code && ran.out.contains(told) && ran.out.contains(fix);
                if right { Ok(()) } else { Err(format!("{ran:?}")) }
            });
        }
        until_healthy(&cluster, 1);
        let refused = cluster.host(1).skep(&["doctor", "--repair"]);
        assert!(refused.code == 1 && refused.out.contains("only a manager"), "{refused:?}");

        cluster.set_cut(2, true);
        let lines = until_found(&cluster, 0, "managers", &["host2"]);
        assert!(lines[0].contains(&addresses[2].to_string()), "{lines:?}");
        // The one that is cut off can ask nobody, and says what it sees itself.
        let lines = until_found(&cluster, 2, "managers", &["host2"]);
        assert!(
            lines[0].contains("no manager answers") && lines[0].contains(&addresses[0].to_string()),
            "{lines:?}"
        );
        cluster.set_cut(2, false);
        cluster.until_ready();
        until_healthy(&cluster, 0);
        cluster.host(0).skep(&["stack", "rm", "shop"]).ok();
    }

    #[test]
    fn a_host_in_no_swarm_looks_at_itself() {
        let mut host = Host::new();
        host.limit_disk(DISK_MIB);
        host.start();
        let ran = host.skep(&["doctor"]);
        assert!(ran.out.starts_with("6 checks on 1 node: "), "{ran:?}");
        // It does not reach the machine's DNS servers, if there are any.
        let servers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default().contains("nameserver");
        assert_eq!(
            (ran.code, ran.out.contains("no DNS server of this host answers")),
            (i32::from(servers), servers),
            "{ran:?}"
        );
    }
}
