//! Docker's own client against a real daemon.

#[cfg(test)]
mod tests {
    use std::process::Command;

    use skep_harness::{Host, example, until};

    fn docker(host: &Host, words: &[&str]) -> (bool, String) {
        let output = Command::new("docker")
            .arg("-H")
            .arg(format!("unix://{}", host.socket().display()))
            .args(words)
            .env("DOCKER_CONFIG", host.path("docker"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    }

    #[test]
    fn dockers_client_drives_a_node() {
        if Command::new("docker").arg("--version").output().is_err() {
            assert!(std::env::var_os("SKEP_TEST_NO_SKIP").is_none(), "there is no docker client");
            println!("skipped: there is no docker client here (apt-get install docker.io)");
            return;
        }
        let host = Host::started();
        host.skep(&["up", example("hello").to_str().unwrap()]).ok();
        until("the tasks say that they listen", || {
            let (_, logs) = docker(&host, &["service", "logs", "hello_web"]);
            (logs.matches("listening").count() == 3).then_some(())
        });
        let calls: &[(&[&str], &str)] = &[
            (&["version"], "Server: Skep"),
            (&["info"], "Is Manager: true"),
            (&["node", "ls"], "Leader"),
            (&["service", "ls"], "3/3"),
            (&["service", "ps", "hello_web"], "hello_web.3"),
            (&["service", "inspect", "--pretty", "hello_web"], "PublishedPort = 8080"),
            (&["ps"], "skep/whoami"),
            (&["images"], "skep/whoami"),
            (&["stack", "ls"], "hello"),
            (&["stack", "ps", "hello"], "hello_web.1"),
            (&["network", "ls"], "hello_default"),
        ];
        for (words, expected) in calls {
            let (success, text) = docker(&host, words);
            assert!(success && text.contains(expected), "docker {words:?}: {text}");
        }
        // It waits until every node has followed, and shows the new root.
        let (shown, old) = docker(&host, &["swarm", "ca"]);
        assert!(shown, "{old}");
        let (rotated, text) = docker(&host, &["swarm", "ca", "--rotate"]);
        assert!(rotated && text.contains("desired root digest"), "{text}");
        let (_, new) = docker(&host, &["swarm", "ca"]);
        assert!(new != old && text.trim_end().ends_with(new.trim_end()), "{text}\n{new}");
        // The client writes the image's name in its own way; no task may be replaced for that.
        let before = host.skep(&["ps", "-q"]).ok();
        let (scaled, text) = docker(&host, &["service", "scale", "-d", "hello_web=4"]);
        assert!(scaled, "{text}");
        until("there are four", || (host.skep(&["ps", "-q"]).ok().lines().count() == 4).then_some(()));
        let after = host.skep(&["ps", "-q"]).ok();
        assert!(before.lines().all(|id| after.contains(id)), "before: {before}after: {after}");
        let (removed, text) = docker(&host, &["service", "rm", "hello_web"]);
        assert!(removed, "{text}");
    }
}
