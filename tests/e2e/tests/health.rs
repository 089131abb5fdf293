//! Health checks: a task runs when its check succeeds, and fails when it does not.

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use skep_harness::{Api, Host, until};

    const IMAGE: &str = "bb:1";
    /// A tenth of a second.
    const SHORT: u64 = 100_000_000;

    fn host() -> Host {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox(IMAGE);
        host
    }

    /// Makes a service of one task that is not started again.
    fn serve(host: &Host, name: &str, script: &str, check: Value) {
        let container = json!({
            "Image": IMAGE,
            "Command": ["sh", "-c", script],
            "Healthcheck": check,
            "StopGracePeriod": SHORT,
        });
        let task = json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "none" } });
        let spec = json!({ "Name": name, "TaskTemplate": task, "Mode": { "Replicated": { "Replicas": 1 } } });
        Api::new(host.socket()).post("/services/create", &spec).unwrap();
    }

    fn status(host: &Host, service: &str) -> Value {
        let tasks = Api::new(host.socket()).list("/tasks", &json!({ "service": [service] })).unwrap();
        tasks.first().map(|task| task["Status"].clone()).unwrap_or_default()
    }

    fn in_state(host: &Host, service: &str, state: &str) -> Value {
        until(&format!("{service} is {state}"), || {
            Some(status(host, service)).filter(|s| s["State"] == state)
        })
    }

    fn inspected(host: &Host, status: &Value) -> Value {
        let id = status["ContainerStatus"]["ContainerID"].as_str().unwrap().to_owned();
        Api::new(host.socket()).get(&format!("/containers/{id}/json")).unwrap()
    }

    fn listed(host: &Host) -> String {
        host.skep(&["ps", "--format", "{{.Status}}"]).ok()
    }

    #[test]
    fn a_task_runs_from_its_first_success_on_and_fails_with_the_checks_words() {
        let mut host = host();
        // Healthy while there is a file, which the test makes and removes.
        let check = json!({
            "Test": ["CMD-SHELL", "busybox test -e /tmp/good || { echo no file here; exit 1; }"],
            "Interval": SHORT, "Timeout": 50 * SHORT, "Retries": 3, "StartPeriod": 600 * 10 * SHORT,
        });
        let script = "echo begun; while :; do busybox test -e /tmp/good || echo waits; sleep 1; done";
        serve(&host, "web", script, check);
        in_state(&host, "web", "starting");
        until("it is shown", || listed(&host).contains("(health: starting)").then_some(()));
        let id = host.skep(&["ps", "-q", "--no-trunc"]).ok().trim().to_owned();
        let pid =
            Api::new(host.socket()).get(&format!("/containers/{id}/json")).unwrap()["State"]["Pid"].clone();
        let good = std::path::PathBuf::from(format!("/proc/{pid}/root/tmp/good"));
        std::fs::write(&good, "").unwrap();
        let running = in_state(&host, "web", "running");
        until("it is shown", || listed(&host).contains("(healthy)").then_some(()));
        let health = inspected(&host, &running)["State"]["Health"].clone();
        assert_eq!((&health["Status"], &health["FailingStreak"]), (&json!("healthy"), &json!(0)));
        assert!(health["Log"].as_array().unwrap().len() <= 5);

        // Another daemon goes on with the checks.
        host.kill_daemon();
        host.start();
        until("it is healthy again", || listed(&host).contains("(healthy)").then_some(()));
        assert_eq!(status(&host, "web")["State"], "running");

        std::fs::remove_file(&good).unwrap();
        let failed = in_state(&host, "web", "failed");
        let error = failed["Err"].as_str().unwrap();
        assert!(
            error.starts_with("task: non-zero exit (")
                && error.ends_with("): dockerexec: unhealthy container: no file here"),
            "{error}"
        );
        let tail = failed["ContainerStatus"]["LogTail"].as_array().unwrap();
        assert!(tail.contains(&json!("waits")), "{failed}");
        assert_eq!(inspected(&host, &failed)["State"]["Status"], "exited");
        host.skep(&["service", "rm", "web"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_task_that_never_gets_healthy_fails_at_its_start() {
        let host = host();
        let check =
            |test: Value| json!({ "Test": test, "Interval": SHORT, "Timeout": 5 * SHORT, "Retries": 2 });
        serve(&host, "slow", "echo here; sleep 1000", check(json!(["CMD", "sleep", "1000"])));
        serve(&host, "none", "sleep 1000", check(json!(["CMD", "nothing-there"])));
        serve(&host, "ends", "echo last words; exit 3", check(json!(["CMD", "true"])));
        let error = |service: &str| in_state(&host, service, "failed")["Err"].as_str().unwrap().to_owned();
        let slow = error("slow");
        assert!(slow.contains("unhealthy container: Health check exceeded timeout (500ms)"), "{slow}");
        let none = error("none");
        assert!(none.contains("unhealthy container") && none.contains("nothing-there"), "{none}");
        let ends = in_state(&host, "ends", "failed");
        assert_eq!(ends["Err"], "task: non-zero exit (3)");
        assert_eq!(ends["ContainerStatus"]["LogTail"], json!(["last words"]));
    }

    #[test]
    fn an_image_brings_its_check_along_and_a_service_can_do_without() {
        let host = host();
        let archive = host.path("busybox.tar").display().to_string();
        let change = "HEALTHCHECK --interval=100ms --retries=1 CMD echo from the image; false";
        host.skep(&["image", "import", "--change", change, &archive, "checked:1"]).ok();
        let serve = |name: &str, check: Value| {
            let container = json!({ "Image": "checked:1", "Command": ["sleep", "1000"], "Healthcheck": check, "StopGracePeriod": SHORT });
            let task = json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "none" } });
            let spec = json!({ "Name": name, "TaskTemplate": task });
            Api::new(host.socket()).post("/services/create", &spec).unwrap();
        };
        serve("own", Value::Null);
        serve("off", json!({ "Test": ["NONE"] }));
        let failed = in_state(&host, "own", "failed");
        assert!(failed["Err"].as_str().unwrap().ends_with("unhealthy container: from the image"), "{failed}");
        let running = in_state(&host, "off", "running");
        assert!(inspected(&host, &running)["State"]["Health"].is_null());
        // A plain container is only told of: nobody replaces it.
        host.skep(&["run", "-d", "--name", "plain", "checked:1", "sleep", "1000"]).ok();
        until("it is shown", || listed(&host).contains("(unhealthy)").then_some(()));
        host.skep(&["rm", "-f", "plain"]).ok();
    }
}
