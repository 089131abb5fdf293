//! Programs that are run in a container after its start and before its stop.

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use skep_harness::{Api, Host, until};

    const IMAGE: &str = "bb:1";

    fn host() -> Host {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox(IMAGE);
        host
    }

    fn serve(host: &Host, name: &str, container: Value) {
        let task = json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "none" } });
        let spec = json!({ "Name": name, "TaskTemplate": task });
        Api::new(host.socket()).post("/services/create", &spec).unwrap();
    }

    fn in_state(host: &Host, service: &str, state: &str) -> Value {
        until(&format!("{service} is {state}"), || {
            let tasks = Api::new(host.socket()).list("/tasks", &json!({ "service": [service] })).unwrap();
            tasks.first().map(|task| task["Status"].clone()).filter(|status| status["State"] == state)
        })
    }

    fn shell(line: &str) -> Value {
        json!({ "Command": ["sh", "-c", line] })
    }

    #[test]
    fn hooks_run_once_after_the_start_and_before_the_stop() {
        let mut host = host();
        let shared = host.path("shared");
        std::fs::create_dir(&shared).unwrap();
        // One of the hooks writes there as another user.
        std::fs::set_permissions(&shared, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let read = |name: &str| std::fs::read_to_string(shared.join(name)).unwrap_or_default();
        serve(
            &host,
            "web",
            json!({
                "Image": IMAGE,
                "Command": ["sh", "-c", "trap 'echo term >> /shared/end; exit 0' TERM; while :; do sleep 0.1; done"],
                "Env": ["WHO=task"],
                "Mounts": [{ "Type": "bind", "Source": shared, "Target": "/shared" }],
                "PostStart": [
                    { "Command": ["sh", "-c", "echo $WHO $MORE $(pwd) $(id -u) >> /shared/start"], "Env": ["MORE=hook"],
                      "Dir": "/tmp", "User": "7" },
                    shell("echo second >> /shared/start"),
                ],
                "PreStop": [shell("echo hook >> /shared/end")],
                "StopGracePeriod": 20_000_000_000_u64,
            }),
        );
        let status = until("it runs or failed", || {
            let tasks = Api::new(host.socket()).list("/tasks", &json!({ "service": ["web"] })).unwrap();
            let status = tasks.first()?["Status"].clone();
            matches!(status["State"].as_str(), Some("running" | "failed")).then_some(status)
        });
        assert_eq!(status["State"], "running", "{status}");
        assert_eq!(read("start"), "task hook /tmp 7\nsecond\n");
        host.kill_daemon();
        host.start();
        in_state(&host, "web", "running");
        host.skep(&["service", "rm", "web"]).ok();
        until("it is stopped", || read("end").contains("term").then_some(()));
        assert_eq!((read("end").as_str(), read("start").lines().count()), ("hook\nterm\n", 2));
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_failed_hook_fails_the_task_and_a_slow_one_does_not_hold_up_its_stop() {
        let host = host();
        let script = "echo begun; while :; do sleep 0.1; done";
        serve(
            &host,
            "bad",
            json!({
                "Image": IMAGE,
                "Command": ["sh", "-c", script],
                "PostStart": [shell("true"), shell("echo cannot warm up >&2; exit 4"), shell("echo never")],
                "StopGracePeriod": 100_000_000,
            }),
        );
        let failed = in_state(&host, "bad", "failed");
        let error = failed["Err"].as_str().unwrap();
        assert!(
            error.starts_with("task: non-zero exit (137): post-start hook failed: sh -c echo cannot warm up"),
            "{error}"
        );
        assert!(error.ends_with("ended with 4: cannot warm up"), "{error}");
        assert_eq!(failed["ContainerStatus"]["LogTail"], json!(["begun"]));

        serve(
            &host,
            "slow",
            json!({
                "Image": IMAGE,
                "Command": ["sh", "-c", script],
                "PreStop": [shell("sleep 1000")],
                "StopGracePeriod": 500_000_000,
            }),
        );
        in_state(&host, "slow", "running");
        host.skep(&["service", "rm", "slow"]).ok();
        until("it is stopped", || host.skep(&["ps", "-q"]).ok().is_empty().then_some(()));
    }
}
