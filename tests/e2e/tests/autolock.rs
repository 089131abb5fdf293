//! Managers whose keys are locked on their disks. The names of Docker's own scenarios stand at those that do the same.

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;
    use skep_harness::{Api, Cluster, Host, eventually, example, until};

    const LOCKED: &str =
        "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"skep swarm unlock\"";
    const WRONG: &str = "swarm could not be unlocked: invalid key provided";

    fn state(host: &Host) -> String {
        host.skep(&["info", "--format", "{{.Swarm.LocalNodeState}}"]).ok().trim().to_owned()
    }

    fn key(host: &Host) -> String {
        let key = host.skep(&["swarm", "unlock-key", "-q"]).ok().trim().to_owned();
        assert!(key.starts_with("SWMKEY-1-") && key.len() == 52, "{key}");
        key
    }

    fn keys_on_disk(host: &Host) -> String {
        std::fs::read_to_string(host.path("data/swarm.keys")).unwrap()
    }

    /// Does something, and waits until these hosts have locked (or unlocked) their keys anew.
    fn rewrapped<T>(hosts: &[&Host], locked: bool, change: impl FnOnce() -> T) -> T {
        let before: Vec<String> = hosts.iter().map(|host| keys_on_disk(host)).collect();
        let done = change();
        eventually(|| {
            let now: Vec<String> = hosts.iter().map(|host| keys_on_disk(host)).collect();
            let anew = |(now, before): (&String, &String)| now != before && now.contains("Locked") == locked;
            if now.iter().zip(&before).all(anew) { Ok(()) } else { Err(format!("{now:?}")) }
        });
        done
    }

    fn restart(host: &mut Host) {
        host.kill_daemon();
        host.start();
    }

    #[track_caller]
    fn unlock(host: &Host, key: &str) {
        host.skep_with_input(&["swarm", "unlock"], &format!("{key}\n")).ok();
        eventually(|| {
            let listed = host.skep(&["node", "ls"]);
            if listed.code == 0 { Ok(()) } else { Err(listed.err) }
        });
        assert_eq!(state(host), "active");
    }

    #[track_caller]
    fn refuses(host: &Host, key: &str) {
        let refused = host.skep_with_input(&["swarm", "unlock"], key).failed();
        assert!(refused.contains(WRONG), "{refused}");
        assert_eq!(state(host), "locked");
    }

    fn containers(host: &Host) -> Vec<String> {
        let mut ids: Vec<String> = host.skep(&["ps", "-q"]).ok().lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// `TestSwarmInitLocked`, and what a locked node still does.
    #[test]
    fn a_swarm_is_locked_from_its_start() {
        let mut host = Host::started();
        let text = host.skep(&["swarm", "init", "--autolock"]).ok();
        let key = key(&host);
        assert!(text.contains(&format!("    {key}\n")) && text.contains("`skep swarm unlock`"), "{text}");
        assert!(keys_on_disk(&host).contains("Locked"), "from the first moment");
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        let before = containers(&host);
        assert_eq!(before.len(), 3);

        restart(&mut host);
        assert_eq!(state(&host), "locked");
        assert_eq!(containers(&host), before, "containers run on");
        assert_eq!(host.get(8080, "/").unwrap().status, 200, "and are reached");
        let calls: [&[&str]; 7] = [
            &["node", "ls"],
            &["service", "ls"],
            &["service", "scale", "hello_web=2"],
            &["stack", "ls"],
            &["swarm", "join-token", "worker"],
            &["swarm", "unlock-key"],
            &["swarm", "backup", "/nowhere/backup"],
        ];
        for words in calls {
            let refused = host.skep(words).failed();
            assert!(refused.contains(LOCKED), "{words:?}: {refused}");
        }
        let recover = host.skep(&["swarm", "init", "--force-new-cluster"]).failed();
        assert!(recover.contains(LOCKED), "{recover}");
        let init = host.skep(&["swarm", "init"]).failed();
        assert!(init.contains("already part of a swarm"), "{init}");
        refuses(&host, &format!("SWMKEY-1-{}", "A".repeat(43)));
        let malformed = host.skep_with_input(&["swarm", "unlock"], "asdf").failed();
        assert!(malformed.contains("invalid key string"), "{malformed}");

        // Once more: a wrong key lost nothing.
        restart(&mut host);
        unlock(&host, &key);
        assert_eq!(containers(&host), before);
        host.skep(&["service", "scale", "hello_web=4"]).ok();
        assert_eq!(containers(&host).len(), 4);
    }

    /// `TestSwarmLeaveLocked`.
    #[test]
    fn a_locked_node_leaves_by_force() {
        let mut host = Host::started();
        host.skep(&["swarm", "init", "--autolock"]).ok();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        restart(&mut host);
        let refused = host.skep(&["swarm", "leave"]).failed();
        assert!(refused.contains("Swarm is encrypted and locked. Please unlock it first"), "{refused}");
        host.skep(&["swarm", "leave", "--force"]).ok();
        assert_eq!(state(&host), "inactive");
        host.assert_clean();
        assert!(!host.path("data/swarm.keys").exists());
        host.skep(&["swarm", "init"]).ok();
        restart(&mut host);
        assert_eq!(state(&host), "active", "the new swarm is not locked");
    }

    /// `TestSwarmRotateUnlockKey` and `TestSwarmAlternateLockUnlock`.
    #[test]
    fn the_unlock_key_is_rotated_and_turned_off_and_on() {
        let mut host = Host::started();
        host.skep(&["swarm", "init", "--autolock"]).ok();
        let mut old = key(&host);
        for _ in 0..2 {
            let text = rewrapped(&[&host], true, || host.skep(&["swarm", "unlock-key", "--rotate"]).ok());
            let new = key(&host);
            assert!(
                text.contains("Successfully rotated manager unlock key.") && text.contains(&new),
                "{text}"
            );
            assert_ne!(new, old);
            restart(&mut host);
            refuses(&host, &old);
            unlock(&host, &new);
            old = new;
        }
        for _ in 0..2 {
            let off = || host.skep(&["swarm", "update", "--autolock=false"]).ok();
            rewrapped(&[&host], false, off);
            let none = host.skep(&["swarm", "unlock-key"]).failed();
            assert!(none.contains("no unlock key is set"), "{none}");
            let none = host.skep(&["swarm", "unlock-key", "--rotate"]).failed();
            assert!(none.contains("autolock is not turned on"), "{none}");
            restart(&mut host);
            assert_eq!(state(&host), "active");
            let on = || host.skep(&["swarm", "update", "--autolock"]).ok();
            let text = rewrapped(&[&host], true, on);
            let new = key(&host);
            assert!(text.contains(&new) && new != old, "{text}");
            restart(&mut host);
            refuses(&host, &old);
            unlock(&host, &new);
            old = new;
        }
    }

    /// `TestSwarmLockUnlockCluster`, `TestSwarmClusterRotateUnlockKey` and `TestAutolockManagers`.
    #[test]
    fn a_cluster_is_locked_rotated_and_unlocked() {
        let mut cluster = Cluster::new(3, 1);
        cluster.deploy(0, 4);
        {
            let hosts = [cluster.host(0), cluster.host(1), cluster.host(2)];
            let worker = keys_on_disk(cluster.host(3));
            rewrapped(&hosts, true, || hosts[1].skep(&["swarm", "update", "--autolock=true"]).ok());
            assert_eq!(keys_on_disk(cluster.host(3)), worker, "workers are not locked");
        }
        let first = key(cluster.host(2));
        restart(cluster.host_mut(1));
        assert_eq!(state(cluster.host(1)), "locked");
        refuses(cluster.host(1), &format!("SWMKEY-1-{}", "A".repeat(43)));
        unlock(cluster.host(1), &first);
        cluster.until_whole(3);

        // One is down while the key is rotated: what it has opens with the former key, and is locked with the new one then.
        cluster.host_mut(2).kill_daemon();
        let second = {
            let hosts = [cluster.host(0), cluster.host(1)];
            rewrapped(&hosts, true, || hosts[0].skep(&["swarm", "unlock-key", "-q", "--rotate"]).ok())
        };
        let second = second.trim();
        cluster.host_mut(2).start();
        refuses(cluster.host(2), second);
        rewrapped(&[cluster.host(2)], true, || unlock(cluster.host(2), &first));
        restart(cluster.host_mut(2));
        refuses(cluster.host(2), &first);
        unlock(cluster.host(2), second);
        cluster.until_whole(3);

        // All of them at once, as after a power failure.
        for number in 0..3 {
            cluster.host_mut(number).kill_daemon();
        }
        for number in 0..3 {
            cluster.host_mut(number).start();
            assert_eq!(state(cluster.host(number)), "locked");
        }
        for number in 0..3 {
            cluster.host(number).skep_with_input(&["swarm", "unlock"], second).ok();
        }
        cluster.until_whole(3);
        assert_eq!(cluster.host(0).skep(&["stack", "ls", "--format", "{{.Name}}"]).ok().trim(), "web");

        {
            let hosts = [cluster.host(0), cluster.host(1), cluster.host(2)];
            rewrapped(&hosts, false, || hosts[2].skep(&["swarm", "update", "--autolock=false"]).ok());
        }
        restart(cluster.host_mut(0));
        assert_eq!(state(cluster.host(0)), "active");
        cluster.until_whole(3);
    }

    /// `TestSwarmJoinPromoteLocked`.
    #[test]
    fn who_becomes_a_manager_is_locked_and_who_stops_is_not() {
        let mut cluster = Cluster::new(1, 1);
        {
            let host = cluster.host(0);
            rewrapped(&[host], true, || host.skep(&["swarm", "update", "--autolock=true"]).ok());
        }
        let key = key(cluster.host(0));
        let third = cluster.add_host();
        cluster.join(third, "manager");
        let is_locked = |cluster: &Cluster, number: u8, locked: bool| {
            until("its keys are as they should be", || {
                (keys_on_disk(cluster.host(number)).contains("Locked") == locked).then_some(())
            });
        };
        is_locked(&cluster, third, true);
        restart(cluster.host_mut(1));
        assert_eq!(state(cluster.host(1)), "active", "a worker is not locked");
        cluster.host(0).skep(&["node", "promote", "host1"]).ok();
        is_locked(&cluster, 1, true);
        for number in [1, third] {
            restart(cluster.host_mut(number));
            assert_eq!(state(cluster.host(number)), "locked");
            unlock(cluster.host(number), &key);
        }
        cluster.until_whole(3);
        until("all three vote", || {
            let logs = (0..cluster.len()).map(|number| cluster.host(number).daemon_log());
            let votes: usize = logs.map(|log| log.matches("step=Promote").count()).sum();
            (votes == 2).then_some(())
        });
        // Demoted while it is locked: it hears of it once it is unlocked.
        restart(cluster.host_mut(third));
        eventually(|| {
            let demoted = cluster.host(0).skep(&["node", "demote", "host2"]);
            if demoted.code == 0 { Ok(()) } else { Err(demoted.err) }
        });
        cluster.host(third).skep_with_input(&["swarm", "unlock"], &key).ok();
        // And one that works.
        eventually(|| {
            let demoted = cluster.host(0).skep(&["node", "demote", "host1"]);
            if demoted.code == 0 { Ok(()) } else { Err(demoted.err) }
        });
        for number in [1, third] {
            is_locked(&cluster, number, false);
            restart(cluster.host_mut(number));
            assert_eq!(state(cluster.host(number)), "active");
        }
    }

    fn refusal(api: &Api, key: &str) -> String {
        format!("{:#}", api.post("/swarm/unlock", &json!({ "UnlockKey": key })).unwrap_err())
    }

    /// `TestAPISwarmUnlockNotLocked` and `TestUnlockEngineAndUnlockedSwarm`.
    #[test]
    fn only_a_locked_node_is_unlocked() {
        let mut host = Host::started();
        let outside = host.skep(&["swarm", "unlock"]).failed();
        assert!(outside.contains("Error: This node is not part of a swarm"), "{outside}");
        let api = Api::new(host.socket());
        assert!(refusal(&api, "wrong-key").contains("503"), "{}", refusal(&api, "wrong-key"));
        host.skep(&["swarm", "init"]).ok();
        let unlocked = host.skep(&["swarm", "unlock"]).failed();
        assert!(unlocked.contains("Error: swarm is not locked"), "{unlocked}");
        let refused = refusal(&api, "wrong-key");
        assert!(refused.contains("409") && refused.contains("swarm is not locked"), "{refused}");
        assert_eq!(api.get("/swarm/unlockkey").unwrap()["UnlockKey"], "");
        rewrapped(&[&host], true, || host.skep(&["swarm", "update", "--autolock"]).ok());
        let key = key(&host);
        restart(&mut host);
        let api = Api::new(host.socket());
        let wrong = refusal(&api, &format!("SWMKEY-1-{}", "A".repeat(43)));
        assert!(wrong.contains("401") && wrong.contains(WRONG), "{wrong}");
        assert!(refusal(&api, "wrong-key").contains("400"));
        api.post("/swarm/unlock", &json!({ "UnlockKey": key })).unwrap();
        assert_eq!(state(&host), "active");
    }

    fn docker(host: &Host, words: &str, input: &str) -> (bool, String) {
        std::fs::write(host.path("docker-input"), input).unwrap();
        let output = Command::new("docker")
            .arg("-H")
            .arg(format!("unix://{}", host.socket().display()))
            .args(words.split(' '))
            .env("DOCKER_CONFIG", host.path("docker"))
            .stdin(std::fs::File::open(host.path("docker-input")).unwrap())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    }

    #[test]
    fn dockers_client_locks_and_unlocks() {
        if Command::new("docker").arg("--version").output().is_err() {
            assert!(std::env::var_os("SKEP_TEST_NO_SKIP").is_none(), "there is no docker client");
            println!("skipped: there is no docker client here (apt-get install docker.io)");
            return;
        }
        let mut host = Host::started();
        let says = |host: &Host, words: &str, input: &str, wanted: (bool, &str)| {
            let (success, text) = docker(host, words, input);
            assert!(success == wanted.0 && text.contains(wanted.1), "docker {words}: {text}");
            text
        };
        says(&host, "swarm init --autolock", "", (true, "SWMKEY-1-"));
        says(&host, "info", "", (true, "Autolock Managers: true"));
        let old = says(&host, "swarm unlock-key -q", "", (true, "SWMKEY-1-"));
        rewrapped(&[&host], true, || says(&host, "swarm unlock-key --rotate", "", (true, "rotated")));
        let new = says(&host, "swarm unlock-key -q", "", (true, "SWMKEY-1-"));
        says(&host, "swarm unlock", &new, (false, "swarm is not locked"));
        restart(&mut host);
        says(&host, "info", "", (true, "Swarm: locked"));
        says(&host, "node ls", "", (false, "needs to be unlocked"));
        says(&host, "swarm unlock", &old, (false, "invalid key"));
        says(&host, "swarm unlock", &new, (true, ""));
        says(&host, "node ls", "", (true, "Leader"));
        rewrapped(&[&host], false, || {
            says(&host, "swarm update --autolock=false", "", (true, "Swarm updated."))
        });
        says(&host, "swarm unlock-key", "", (false, "no unlock key is set"));
        restart(&mut host);
        // It knows its swarm as soon as it leads it.
        says(&host, "node ls", "", (true, "Leader"));
        says(&host, "info", "", (true, "Autolock Managers: false"));
    }
}
