//! How a service's process runs: rights, limits, names, terminals, templates.

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

    /// Runs a script once with these options of its container; what it wrote.
    fn ran(host: &Host, name: &str, script: &str, options: Value) -> String {
        ran_with(host, name, script, options, Value::Null)
    }

    fn ran_with(host: &Host, name: &str, script: &str, options: Value, driver: Value) -> String {
        let mut container = options;
        container["Image"] = json!(IMAGE);
        container["Command"] = json!(["sh", "-c", script]);
        let task = json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "none" }, "LogDriver": driver });
        let spec = json!({ "Name": name, "Labels": { "tier": "front" }, "TaskTemplate": task });
        Api::new(host.socket()).post("/services/create", &spec).unwrap();
        let task = ended(host, name);
        assert_eq!(task["Status"]["State"], "complete", "{task}");
        let logs = host.skep(&["service", "logs", "--raw", name]);
        logs.out.replace("\r\n", "\n")
    }

    fn ended(host: &Host, service: &str) -> Value {
        until(&format!("{service} has ended"), || {
            let tasks = Api::new(host.socket()).list("/tasks", &json!({ "service": [service] })).unwrap();
            let state = |task: &Value| task["Status"]["State"].as_str().unwrap_or_default().to_owned();
            tasks.into_iter().find(|task| matches!(&state(task)[..], "complete" | "failed" | "rejected"))
        })
    }

    #[test]
    fn every_option_reaches_the_process() {
        let host = host();
        let status = |field: &str| format!("busybox grep {field} /proc/self/status | busybox tr '\\t' ' '");
        assert_eq!(ran(&host, "groups", "id -G", json!({ "User": "5:6", "Groups": ["7", "8"] })), "6 7 8\n");
        let script = format!(
            "{}; echo x > /x || echo read-only; echo y > /dev/shm/y && echo memory",
            status("CapBnd")
        );
        let options = json!({ "ReadOnly": true, "CapabilityAdd": ["NET_ADMIN"], "CapabilityDrop": ["ALL"] });
        assert_eq!(ran(&host, "rights", &script, options), "CapBnd: 0000000000001000\nread-only\nmemory\n");
        let script = format!(
            "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni /proc/self/oom_score_adj; ulimit -n; {}",
            status("NoNewPrivs")
        );
        let options = json!({
            "Sysctls": { "net.core.somaxconn": "77", "kernel.shmmni": "78" },
            "Ulimits": [{ "Name": "nofile", "Soft": 79, "Hard": 80 }],
            "OomScoreAdj": 81,
            "Privileges": { "NoNewPrivileges": true },
        });
        assert_eq!(ran(&host, "settings", &script, options), "77\n78\n81\n79\nNoNewPrivs: 1\n");
        let script = "test -t 1 && echo terminal; read line < /proc/1/comm; echo $line; echo $$";
        let out = ran(&host, "first", script, json!({ "TTY": true, "Init": true }));
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "terminal", "{out}");
        assert_ne!(lines[2], "1", "something else is process 1: {out}");
        let script = "busybox tail -n 1 /etc/hosts; cat /etc/resolv.conf";
        let options = json!({
            "Hosts": ["10.1.2.3 db.example db"],
            "DNSConfig": { "Nameservers": ["192.0.2.1"], "Search": ["example"], "Options": ["ndots:3"] },
        });
        assert_eq!(
            ran(&host, "names", script, options),
            "10.1.2.3\tdb.example\tdb\nnameserver 127.0.0.11\nsearch example\noptions ndots:3\n"
        );
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn texts_are_filled_in_where_a_task_runs() {
        let host = host();
        let node = Api::new(host.socket()).get("/nodes").unwrap()[0].clone();
        let options = json!({
            "Hostname": "{{.Service.Name}}-{{.Task.Slot}}",
            "Env": [
                "NODE={{.Node.Hostname}} {{.Node.ID}} {{.Node.Platform.OS}}/{{.Node.Platform.Architecture}}",
                "TIER={{index .Service.Labels \"tier\"}}",
                "TASK={{.Task.Name}}",
            ],
        });
        let out = ran(&host, "texts", "hostname; echo $NODE; echo $TIER; echo $TASK", options);
        let (platform, id) = (&node["Description"]["Platform"], node["ID"].as_str().unwrap());
        let name = node["Description"]["Hostname"].as_str().unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "texts-1",
                &format!("{name} {id} linux/{}", platform["Architecture"].as_str().unwrap()),
                "front"
            ]
        );
        assert!(lines[3].starts_with("texts.1."), "{out}");

        for (options, told) in [
            (
                json!({ "Env": ["A={{.Task.Nam}}"] }),
                "task.container.environment[0]: template: there is no .Task.Nam",
            ),
            (
                json!({ "Sysctls": { "vm.swappiness": "1" } }),
                "task.container.sysctls: 'vm.swappiness' is not a container's own",
            ),
            (
                json!({ "Ulimits": [{ "Name": "x", "Soft": 1, "Hard": 1 }] }),
                "task.container.ulimits: 'x' is none of",
            ),
        ] {
            let mut container = options;
            container["Image"] = json!(IMAGE);
            let spec = json!({ "Name": "bad", "TaskTemplate": { "ContainerSpec": container } });
            let error = Api::new(host.socket()).post("/services/create", &spec).unwrap_err().to_string();
            assert!(error.contains(": 400 ") && error.contains(told), "{error}");
        }
    }

    #[test]
    fn output_is_kept_as_asked() {
        let host = host();
        // Three lines of which the last two fit in what is kept.
        let script = "for n in 1 2 3 4 5 6 7 8; do echo line-$n-$(busybox printf %0300d 0); done";
        let driver = json!({ "Name": "json-file", "Options": { "max-size": "1k", "max-file": "2" } });
        let out = ran_with(&host, "short", script, json!({}), driver);
        assert!(out.contains("line-8-") && !out.contains("line-1-"), "{out}");
        let none = json!({ "Name": "none" });
        let _ = ran_with(&host, "silent", "echo gone", json!({}), none);
        let id =
            ended(&host, "silent")["Status"]["ContainerStatus"]["ContainerID"].as_str().unwrap().to_owned();
        let told = host.skep(&["logs", &id]).failed();
        assert!(told.contains("configured logging driver does not support reading"), "{told}");
        let spec = json!({
            "Name": "bad",
            "TaskTemplate": { "ContainerSpec": { "Image": IMAGE }, "LogDriver": { "Name": "syslog" } },
        });
        let error = Api::new(host.socket()).post("/services/create", &spec).unwrap_err().to_string();
        assert!(error.contains("'syslog' is not a log driver that nodes have"), "{error}");
    }
}
