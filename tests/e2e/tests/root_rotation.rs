//! The root of the certificates is replaced while the swarm runs.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::{SystemTime, UNIX_EPOCH};

    use serde_json::Value;
    use skep_harness::{Census, Cluster, eventually, until};
    use skep_identity::new_root;
    use skep_model::{Timestamp, limits};

    fn root(cluster: &Cluster, asked: u8) -> String {
        cluster.host(asked).skep(&["swarm", "ca"]).ok()
    }

    fn rotate(cluster: &Cluster, asked: u8) -> String {
        cluster.host(asked).skep(&["swarm", "ca", "--rotate"]).ok()
    }

    fn swarm(cluster: &Cluster, asked: u8) -> Value {
        cluster.api(asked).get("/swarm").unwrap()
    }

    fn rotates(cluster: &Cluster, asked: u8) -> bool {
        swarm(cluster, asked)["RootRotationInProgress"] == true
    }

    /// The key that signs now.
    fn issuer(cluster: &Cluster, asked: u8) -> Value {
        swarm(cluster, asked)["TLSInfo"]["CertIssuerPublicKey"].clone()
    }

    /// Waits until the rotation is over, every node is ready, and every node uses and trusts the swarm's root alone.
    fn until_rotated(cluster: &Cluster, asked: u8) {
        eventually(|| {
            let listed = cluster.host(asked).skep(&["node", "ls", "--format", "{{.Status}} {{.TLSStatus}}"]);
            let rotated = listed.out.lines().filter(|line| *line == "Ready Ready").count();
            let whole = rotated == usize::from(cluster.len()) && !rotates(cluster, asked);
            if whole { Ok(()) } else { Err(format!("{listed:?}")) }
        });
    }

    /// Sessions that agents have opened so far.
    fn sessions(cluster: &Cluster) -> usize {
        (0..3).map(|number| cluster.host(number).daemon_log().matches("agent connected").count()).sum()
    }

    fn until_down(cluster: &Cluster, asked: u8, name: &str) {
        until("the node is down", || {
            let listed = cluster.host(asked).skep(&["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]);
            listed.out.contains(&format!("{name} Down")).then_some(())
        });
    }

    /// Which manager leads; hosts that are frozen are not asked.
    fn leader(cluster: &Cluster) -> u8 {
        until("somebody leads", || {
            let up = (0..3).filter(|number| cluster.host(*number).daemon_pid().is_some());
            let listed = up.map(|asked| {
                let format = "{{.Hostname}} {{.ManagerStatus}}";
                cluster.host(asked).skep(&["node", "ls", "--format", format]).out
            });
            let leader = listed.filter_map(|listed| {
                listed
                    .lines()
                    .find_map(|line| line.strip_suffix(" Leader")?.strip_prefix("host")?.parse().ok())
            });
            leader
                .collect::<Vec<u8>>()
                .first()
                .copied()
                .filter(|number| cluster.host(*number).daemon_pid().is_some())
        })
    }

    /// A root as files: its certificate and its key.
    fn root_files(cluster: &Cluster, asked: u8, name: &str) -> (String, PathBuf, PathBuf) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let root = new_root(Timestamp::from_nanos(u64::try_from(now.as_nanos()).unwrap())).unwrap();
        let path = |kind: &str| cluster.host(asked).path(&format!("{name}.{kind}.pem"));
        fs::write(path("cert"), &root.certificate_pem).unwrap();
        fs::write(path("key"), &root.key_pem).unwrap();
        (root.certificate_pem, path("cert"), path("key"))
    }

    fn give(cluster: &Cluster, asked: u8, files: &(String, PathBuf, PathBuf), more: &[&str]) {
        let (certificate, key) = (files.1.display().to_string(), files.2.display().to_string());
        let words = ["swarm", "ca", "--rotate", "--ca-cert", &certificate, "--ca-key", &key];
        cluster.host(asked).skep(&[&words, more].concat()).ok();
    }

    // TestSuccessfulRootRotation.
    #[test]
    fn the_root_is_replaced_and_nothing_restarts() {
        let mut cluster = Cluster::new(3, 1);
        cluster.deploy(0, 8);
        let before = Census::until_as_wanted(&cluster, 0, 8);
        until_rotated(&cluster, 0);
        let old = root(&cluster, 0);
        let token = cluster.host(0).skep(&["swarm", "join-token", "-q", "worker"]).ok();
        let opened = sessions(&cluster);
        let said = rotate(&cluster, 1);
        for words in
            ["desired root digest: sha256:", "rotated TLS certificates: 4/4", "rotated CA certificates: 4/4"]
        {
            assert!(said.contains(words), "{words}: {said}");
        }
        let new = root(&cluster, 2);
        assert!(new != old && said.ends_with(&new), "{said}");
        until_rotated(&cluster, 2);
        assert_eq!(sessions(&cluster), opened, "no session was dropped");
        // Only the new token lets a node in.
        let late = cluster.add_host();
        let manager = format!("{}:2377", cluster.host(0).namespaces().address());
        let refused = cluster.host(late).skep(&["swarm", "join", "--token", token.trim(), &manager]).failed();
        assert!(refused.contains("not of the swarm that the join token names"), "{refused}");
        cluster.join(late, "worker");
        until_rotated(&cluster, 0);
        // A leader that is new since then, and a host that starts again.
        let leader = leader(&cluster);
        cluster.host_mut(leader).kill_daemon();
        cluster.host_mut(leader).start();
        cluster.until_whole(3);
        assert_eq!(Census::until_as_wanted(&cluster, 1, 8), before, "no task was restarted");
    }

    #[test]
    fn hosts_that_were_off_come_back_by_themselves() {
        let mut cluster = Cluster::new(3, 1);
        let (manager, worker) = (2, 3);
        cluster.host_mut(manager).kill_daemon();
        cluster.host_mut(worker).kill_daemon();
        until_down(&cluster, 0, "host2");
        until_down(&cluster, 0, "host3");
        for _ in 0..2 {
            let said = rotate(&cluster, 0);
            assert!(said.contains("2/2 nodes (2 nodes are down"), "{said}");
        }
        cluster.host_mut(worker).start();
        cluster.host_mut(manager).start();
        until_rotated(&cluster, 0);
        cluster.until_whole(3);
        assert_eq!(root(&cluster, manager), root(&cluster, 0));
        // One that was off for too long says what to do.
        cluster.host_mut(worker).kill_daemon();
        until_down(&cluster, 0, "host3");
        for _ in 0..=limits::CROSS_CERTIFICATES_MAX {
            rotate(&cluster, 0);
        }
        cluster.host_mut(worker).start();
        until("it says what to do", || {
            let log = cluster.host(worker).daemon_log();
            log.contains("skep swarm leave --force").then_some(())
        });
        cluster.host(worker).skep(&["swarm", "leave", "--force"]).ok();
        cluster.host(0).skep(&["node", "rm", "--force", "host3"]).ok();
        cluster.join(worker, "worker");
        until_rotated(&cluster, 0);
    }

    // TestRootRotationReconciliationRace: leaders change, nodes come and change roles in the middle of it.
    #[test]
    fn a_rotation_outlives_its_leader() {
        let mut cluster = Cluster::new(3, 2);
        cluster.deploy(0, 8);
        let before = Census::until_as_wanted(&cluster, 0, 8);
        until_rotated(&cluster, 0);
        let old = root(&cluster, 0);
        // It cannot end while this one does not answer and does not count as down.
        cluster.set_frozen(4, true);
        cluster.host(0).skep(&["swarm", "ca", "--rotate", "--detach"]).ok();
        let wanted = issuer(&cluster, 0);
        let leader = leader(&cluster);
        cluster.host_mut(leader).kill_daemon();
        let next = self::leader(&cluster);
        assert!(rotates(&cluster, next), "it goes on");
        assert_eq!((issuer(&cluster, next), root(&cluster, next)), (wanted.clone(), old));
        cluster.host(next).skep(&["node", "promote", "host3"]).ok();
        cluster.host_mut(leader).start();
        // The old token lets nodes in until the end.
        let late = cluster.add_host();
        cluster.join(late, "worker");
        cluster.set_frozen(4, false);
        until_rotated(&cluster, next);
        assert_eq!(issuer(&cluster, next), wanted, "it ends with the root that it began with");
        cluster.host(next).skep(&["node", "ls"]).ok();
        assert_eq!(Census::until_as_wanted(&cluster, next, 8), before, "no task was restarted");
    }

    // TestRepeatedRootRotation, TestSwarmRepeatedRootRotation, and a rotation that is called off.
    #[test]
    fn rotations_are_replaced_and_called_off() {
        let cluster = Cluster::new(1, 2);
        until_rotated(&cluster, 0);
        let own = root_files(&cluster, 0, "own");
        give(&cluster, 0, &own, &["-q"]);
        assert_eq!(root(&cluster, 0), own.0);
        until_rotated(&cluster, 0);
        cluster.set_frozen(2, true);
        let detached = ["swarm", "ca", "--rotate", "-d"];
        cluster.host(0).skep(&detached).ok();
        let first = issuer(&cluster, 0);
        let other = root_files(&cluster, 0, "other");
        give(&cluster, 0, &other, &["-d"]);
        assert!(rotates(&cluster, 0) && issuer(&cluster, 0) != first);
        give(&cluster, 0, &own, &["-d"]);
        assert!(!rotates(&cluster, 0), "it is called off");
        assert_eq!(root(&cluster, 0), own.0);
        cluster.set_frozen(2, false);
        until_rotated(&cluster, 0);
        give(&cluster, 0, &other, &["--cert-expiry", "48h"]);
        assert_eq!(root(&cluster, 0), other.0);
        let expiry = swarm(&cluster, 0)["Spec"]["CAConfig"]["NodeCertExpiry"].clone();
        assert_eq!(expiry, 48 * 3600 * 1_000_000_000_u64);
        until_rotated(&cluster, 0);
    }

    #[test]
    fn recovery_goes_on_with_a_rotation() {
        let mut cluster = Cluster::new(1, 1);
        until_rotated(&cluster, 0);
        cluster.set_frozen(1, true);
        cluster.host(0).skep(&["swarm", "ca", "--rotate", "-d"]).ok();
        let wanted = issuer(&cluster, 0);
        let file = cluster.host(0).path("swarm.backup").display().to_string();
        cluster.host(0).skep(&["swarm", "backup", &file]).ok();
        cluster.host(0).skep(&["swarm", "init", "--force-new-cluster"]).ok();
        assert!(rotates(&cluster, 0));
        cluster.set_frozen(1, false);
        until_rotated(&cluster, 0);
        assert_eq!(issuer(&cluster, 0), wanted);
        // The backup was made in the middle of it.
        let other = cluster.add_host();
        cluster.host_mut(0).kill_daemon();
        cluster.host_mut(1).kill_daemon();
        cluster.host(other).skep(&["swarm", "restore", &file]).ok();
        until("it ends there, too", || (!rotates(&cluster, other)).then_some(()));
        assert_eq!(issuer(&cluster, other), wanted);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let cluster = Cluster::new(1, 0);
        let host = cluster.host(0);
        let before = root(&cluster, 0);
        let (one, other) = (root_files(&cluster, 0, "one"), root_files(&cluster, 0, "other"));
        let (certificate, key) = (one.1.display().to_string(), other.2.display().to_string());
        let external = "protocol=cfssl,url=https://ca.example";
        let cases: &[(&[&str], &str)] = &[
            (&["ca", "--ca-cert", &certificate, "--ca-key", &key], "goes with --rotate"),
            (&["ca", "--cert-expiry", "48h"], "goes with --rotate"),
            (&["ca", "--rotate", "--ca-key", &key], "--ca-cert"),
            (&["ca", "--rotate", "--ca-cert", &certificate], "--ca-key"),
            (
                &["ca", "--rotate", "--ca-cert", &certificate, "--ca-key", &key],
                "not the key of the root certificate",
            ),
            (&["ca", "--rotate", "--external-ca", external], "signs the certificates of its nodes itself"),
            (&["update", "--external-ca", external], "signs the certificates of its nodes itself"),
            (&["init", "--external-ca", external], "signs the certificates of its nodes itself"),
        ];
        for (words, reason) in cases {
            let refused = host.skep(&[&["swarm"], *words].concat()).failed();
            assert!(refused.contains(reason), "{words:?}: {refused}");
        }
        assert_eq!(root(&cluster, 0), before);
        // TestUpdateSwarmAddExternalCA, over the API.
        let version = swarm(&cluster, 0)["Version"]["Index"].clone();
        let body = r#"{"CAConfig": {"ExternalCAs": [{"Protocol": "cfssl", "URL": "https://ca.example"}]}}"#;
        let path = format!("/swarm/update?version={version}");
        let refused = cluster.api(0).answer("POST", &path, "application/json", body.as_bytes()).unwrap();
        assert!(refused.status == 400 && refused.body.contains("--ca-cert"), "{}", refused.body);
    }
}
