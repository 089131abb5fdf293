//! Scenarios of moby's tests that only a real container shows; tests/SCENARIOS.md says which.

#[cfg(test)]
mod tests {
    use skep_harness::{Host, eventually};

    /// Says what it was given, and how it was stopped.
    const TALK: &str = "trap 'echo stopped by USR1; exit 0' USR1; echo \"[$VAR1][$VAR2][$VAR3]\"; test -t 1 && echo terminal; \
         while :; do sleep 0.1; done";
    /// Starts more processes than ten.
    const CROWD: &str = "exec 2>&1; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; echo all there";

    /// Makes a service that runs this script.
    fn create(host: &Host, name: &str, flags: &[&str], script: &str) {
        let named = ["service", "create", "-d", "--name", name, "--restart-condition", "none"];
        host.skep(&[&named, flags, &["busybox", "sh", "-c", script]].concat()).ok();
    }

    /// Waits for lines in a service's log; both forms show them.
    fn until_logged(host: &Host, service: &str, wanted: &[&str]) {
        for form in [&["service", "logs"][..], &["service", "logs", "--raw"]] {
            eventually(|| {
                let ran = host.skep(&[form, &[service]].concat());
                match wanted.iter().all(|text| ran.out.contains(text)) {
                    true => Ok(()),
                    false => Err(format!("{wanted:?} in {ran:?}")),
                }
            });
        }
    }

    #[test]
    fn flags_of_services_reach_their_processes_and_are_changed() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox("busybox");
        host.skep(&["network", "create", "app"]).ok();
        let file = host.path("variables");
        std::fs::write(&file, "# of the file\nVAR1=A\nVAR2=\n").unwrap();
        let file = file.display().to_string();
        let flags = ["--env-file", &file, "--env", "VAR3=C", "--stop-signal", "USR1", "--network"];
        create(&host, "talk", &[&flags[..], &["name=app,alias=store"]].concat(), TALK);
        until_logged(&host, "talk", &["[A][][C]"]);
        let asks = "busybox nslookup store | busybox grep Name && echo it is found";
        create(&host, "ask", &["--network", "app"], asks);
        until_logged(&host, "ask", &["it is found"]);
        host.skep(&["service", "update", "-d", "--tty", "--env-rm", "VAR1", "talk"]).ok();
        until_logged(&host, "talk", &["stopped by USR1", "[][][C]", "terminal"]);

        host.skep_with_input(&["secret", "create", "key", "-"], "held\n").ok();
        let both = ["--secret", "key", "--secret", "source=key,target=/etc/key"];
        create(&host, "twice", &both, "cat /run/secrets/key /etc/key");
        until_logged(&host, "twice", &["held"]);
        assert_eq!(host.skep(&["service", "logs", "--raw", "twice"]).out, "held\nheld\n");

        create(&host, "crowd", &["--limit-pids", "10"], CROWD);
        until_logged(&host, "crowd", &["can't fork"]);
        assert!(!host.skep(&["service", "logs", "crowd"]).out.contains("all there"));
        host.skep(&["service", "update", "-d", "--limit-pids", "0", "crowd"]).ok();
        until_logged(&host, "crowd", &["all there"]);

        // What a terminal wrote is shown of containers as well.
        host.skep(&["run", "-d", "--tty", "--name", "plain", "busybox", "sh", "-c", "echo one; sleep 100"])
            .ok();
        eventually(|| match host.skep(&["logs", "plain"]) {
            ran if ran.code == 0 && ran.out == "one\r\n" => Ok(()),
            ran => Err(format!("{ran:?}")),
        });
        host.skep(&["rm", "-f", "plain"]).ok();
        host.skep(&["service", "rm", "talk", "ask", "twice", "crowd"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }
}
