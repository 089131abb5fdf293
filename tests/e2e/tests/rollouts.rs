//! Updates that fail, rollbacks, global services and jobs, with real containers.

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use skep_harness::{Api, Cluster, eventually};

    const FOREVER: &str = "exec sleep 3600";

    fn cluster(workers: u8) -> Cluster {
        let cluster = Cluster::new(1, workers);
        for number in 0..=workers {
            cluster.host(number).import_busybox("busybox");
        }
        cluster
    }

    /// Makes a service of busybox that runs this script.
    fn create(cluster: &Cluster, flags: &[&str], script: &str) {
        let named = ["service", "create", "--detach", "--name", "web", "--stop-grace-period", "1s"];
        let command = ["busybox", "sh", "-c", script];
        cluster.host(0).skep(&[&named, flags, &command].concat()).ok();
    }

    fn update(cluster: &Cluster, flags: &[&str]) {
        cluster.host(0).skep(&[&["service", "update", "--detach"], flags, &["web"]].concat()).ok();
    }

    /// The script that a spec runs.
    fn script(spec: &Value) -> &str {
        let container = &spec["TaskTemplate"]["ContainerSpec"];
        let words = [&container["Args"], &container["Command"]];
        words.iter().find_map(|it| it.as_array()?.last()?.as_str()).unwrap_or_default()
    }

    /// How many tasks are wanted, each running, with this script.
    fn running(api: &Api, text: &str) -> usize {
        let tasks = api.get("/tasks").unwrap();
        let tasks = tasks.as_array().unwrap().iter();
        let runs = |task: &&Value| task["Status"]["State"] == "running" && task["DesiredState"] == "running";
        tasks
            .filter(runs)
            .filter(|task| script(&serde_json::json!({ "TaskTemplate": task["Spec"] })) == text)
            .count()
    }

    fn until_running(api: &Api, text: &str, count: usize) {
        eventually(|| match running(api, text) {
            found if found == count => Ok(()),
            found => Err(format!("{found} of {count} run {text:?}: {}", api.get("/tasks").unwrap())),
        });
    }

    fn until_update_is(api: &Api, state: &str) -> Value {
        let mut status = Value::Null;
        eventually(|| {
            status = api.get("/services/web").unwrap()["UpdateStatus"].clone();
            if status["State"] == state { Ok(()) } else { Err(status.to_string()) }
        });
        status
    }

    #[test]
    fn a_bad_update_pauses_and_says_why_and_a_manual_rollback_mends_it() {
        let cluster = cluster(0);
        let api = cluster.api(0);
        // The delay gives the first one the time to fail before the next one is begun.
        create(&cluster, &["--replicas", "3", "--restart-delay", "100ms", "--update-delay", "30s"], FOREVER);
        until_running(&api, FOREVER, 3);
        update(&cluster, &["--args", "sh -c 'echo no such thing; exit 3'"]);
        let paused = until_update_is(&api, "paused");
        let message = paused["Message"].as_str().unwrap();
        assert!(
            message.starts_with("update paused due to failure or early termination of task"),
            "{message}"
        );
        assert!(message.contains("non-zero exit (3)"), "{message}");
        assert_eq!((&paused["Slots"], &paused["Failures"]), (&3.into(), &1.into()));
        assert!(paused["FirstFailure"]["Error"].as_str().unwrap().contains("(3)"), "{paused}");
        assert_eq!(running(&api, FOREVER), 2, "the others go on");
        let refused = cluster.host(0).skep(&["service", "update", "--rollback", "--force", "web"]).failed();
        assert!(refused.contains("may not be combined with --rollback"), "{refused}");
        cluster.host(0).skep(&["service", "rollback", "--detach", "web"]).ok();
        until_update_is(&api, "rollback_completed");
        until_running(&api, FOREVER, 3);
        cluster.host(0).skep(&["service", "rm", "web"]).ok();
    }

    #[test]
    fn a_bad_update_rolls_back_by_itself() {
        let cluster = cluster(1);
        let api = cluster.api(0);
        let flags =
            ["--replicas", "4", "--update-failure-action", "rollback", "--update-order", "start-first"];
        create(&cluster, &flags, FOREVER);
        until_running(&api, FOREVER, 4);
        update(&cluster, &["--update-monitor", "2s", "--rollback-monitor", "1s", "--args", "false"]);
        let done = until_update_is(&api, "rollback_completed");
        assert!(!done["FirstFailure"]["TaskID"].as_str().unwrap_or_default().is_empty(), "{done}");
        until_running(&api, FOREVER, 4);
        let service = api.get("/services/web").unwrap();
        assert_eq!(script(&service["Spec"]), FOREVER);
        assert!(service.get("PreviousSpec").is_none());
        // With what works it goes through.
        let next = "exec sleep 7200";
        update(&cluster, &["--update-monitor", "1s", "--args", &format!("sh -c '{next}'")]);
        until_update_is(&api, "completed");
        until_running(&api, next, 4);
        cluster.host(0).skep(&["service", "rm", "web"]).ok();
    }

    #[test]
    fn a_global_service_is_on_each_node_that_takes_tasks() {
        let cluster = cluster(2);
        let api = cluster.api(0);
        create(&cluster, &["--mode", "global"], FOREVER);
        until_running(&api, FOREVER, 3);
        let host = cluster.host(0);
        host.skep(&["node", "update", "--availability", "drain", "host2"]).ok();
        until_running(&api, FOREVER, 2);
        host.skep(&["node", "update", "--availability", "active", "host2"]).ok();
        until_running(&api, FOREVER, 3);
        update(&cluster, &["--env-add", "A=B", "--update-monitor", "1s"]);
        until_update_is(&api, "completed");
        until_running(&api, FOREVER, 3);
        host.skep(&["service", "rm", "web"]).ok();
    }

    #[test]
    fn a_job_runs_so_often_and_again_when_it_is_forced() {
        let cluster = cluster(1);
        let api = cluster.api(0);
        let completed =
            || api.get("/services?status=true").unwrap()[0]["ServiceStatus"]["CompletedTasks"].clone();
        let until_completed = |count: u64| {
            eventually(|| if completed() == count { Ok(()) } else { Err(completed().to_string()) });
        };
        create(
            &cluster,
            &["--mode", "replicated-job", "--replicas", "5", "--max-concurrent", "2"],
            "echo done",
        );
        until_completed(5);
        let tasks = api.get("/tasks").unwrap();
        let tasks = tasks.as_array().unwrap();
        assert!(tasks.len() == 5 && tasks.iter().all(|task| task["JobIteration"]["Index"] == 0), "{tasks:?}");
        update(&cluster, &["--force"]);
        eventually(|| {
            match api.get("/services/web").unwrap()["JobStatus"]["JobIteration"]["Index"].as_u64() {
                Some(1) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        eventually(|| {
            let tasks = api.get("/tasks").unwrap();
            let done =
                |task: &Value| task["JobIteration"]["Index"] == 1 && task["Status"]["State"] == "complete";
            let tasks = tasks.as_array().unwrap();
            if tasks.len() == 5 && tasks.iter().all(done) { Ok(()) } else { Err(format!("{tasks:?}")) }
        });
        cluster.host(0).skep(&["service", "rm", "web"]).ok();
        create(&cluster, &["--mode", "global-job"], "echo done");
        until_completed(2);
    }
}
