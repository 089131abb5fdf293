//! Volumes: made for tasks and by hand, filled, kept, removed; and the other mounts.

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

    /// Makes a service of one task that runs a script once.
    fn serve(host: &Host, name: &str, script: &str, mounts: Value) {
        let container = json!({ "Image": IMAGE, "Command": ["sh", "-c", script], "Mounts": mounts, "StopGracePeriod": 100_000_000 });
        let task = json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "none" } });
        Api::new(host.socket())
            .post("/services/create", &json!({ "Name": name, "TaskTemplate": task }))
            .unwrap();
    }

    fn in_state(host: &Host, service: &str, state: &str) -> Value {
        until(&format!("{service} is {state}"), || {
            let tasks = Api::new(host.socket()).list("/tasks", &json!({ "service": [service] })).unwrap();
            tasks.first().map(|task| task["Status"].clone()).filter(|status| status["State"] == state)
        })
    }

    /// What a script wrote that ran once as a service's task.
    fn ran(host: &Host, name: &str, script: &str, mounts: Value) -> String {
        serve(host, name, script, mounts);
        in_state(host, name, "complete");
        host.skep(&["service", "logs", "--raw", name]).ok()
    }

    fn names(host: &Host) -> Vec<String> {
        host.skep(&["volume", "ls", "-q"]).ok().lines().map(str::to_owned).collect()
    }

    #[test]
    fn data_outlives_tasks_and_a_volume_in_use_stays() {
        let mut host = host();
        let data = |options: Value| json!([{ "Type": "volume", "Source": "data-{{.Task.Slot}}", "Target": "/data", "VolumeOptions": options }]);
        let labels = json!({ "Labels": { "a": "b" } });
        assert_eq!(ran(&host, "one", "echo kept > /data/file; echo done", data(labels)), "done\n");
        assert_eq!(names(&host), ["data-1"]);
        let used = host.skep(&["volume", "rm", "data-1"]).failed();
        assert!(used.contains("remove data-1: volume is in use - ["), "{used}");
        host.skep(&["service", "rm", "one"]).ok();
        assert_eq!(ran(&host, "two", "cat /data/file", data(Value::Null)), "kept\n");
        host.kill_daemon();
        host.start();
        let shown: Value = serde_json::from_str(&host.skep(&["volume", "inspect", "data-1"]).ok()).unwrap();
        assert_eq!((&shown[0]["Labels"]["a"], &shown[0]["Driver"]), (&json!("b"), &json!("local")));
        let mountpoint = shown[0]["Mountpoint"].as_str().unwrap();
        assert_eq!(std::fs::read_to_string(format!("{mountpoint}/file")).unwrap(), "kept\n");
        until("managers know of it", || {
            let known = Api::new(host.socket()).get("/nodes").ok()?[0]["Description"]["Volumes"].clone();
            (known == json!(["data-1"])).then_some(())
        });

        // A part of it, read-only; one that is not there is said.
        let part = |subpath: &str, name: &str| {
            let mounts = json!([{ "Type": "volume", "Source": "data-1", "Target": "/d", "ReadOnly": true,
                "VolumeOptions": { "Subpath": subpath } }]);
            serve(&host, name, "cat /d/x; echo y > /d/y || echo read-only", mounts);
        };
        std::fs::create_dir(format!("{mountpoint}/sub")).unwrap();
        std::fs::write(format!("{mountpoint}/sub/x"), "part\n").unwrap();
        part("sub", "part");
        in_state(&host, "part", "complete");
        assert_eq!(host.skep(&["service", "logs", "--raw", "part"]).out, "part\nread-only\n");
        part("none", "nopart");
        let rejected = in_state(&host, "nopart", "rejected");
        assert!(rejected["Err"].as_str().unwrap().contains("there is no none in "), "{rejected}");

        for service in ["two", "part", "nopart"] {
            host.skep(&["service", "rm", service]).ok();
        }
        until("its last container is gone", || {
            (host.skep(&["volume", "rm", "data-1"]).code == 0).then_some(())
        });
        assert!(host.skep(&["volume", "inspect", "data-1"]).failed().contains("get data-1: no such volume"));
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_containers_own_volume_goes_with_it_and_new_ones_get_what_the_image_has() {
        let host = host();
        // `/bin` of the image holds busybox.
        let own = json!([{ "Type": "volume", "Target": "/own" }]);
        serve(&host, "own", "echo x > /own/x; sleep 1000", own);
        in_state(&host, "own", "running");
        let shown = host.skep(&["volume", "ls", "--format", "{{.Labels}}"]).ok();
        assert_eq!(shown, "com.docker.volume.anonymous=\n");
        host.skep(&["service", "rm", "own"]).ok();
        until("its volume is gone", || names(&host).is_empty().then_some(()));

        let at_bin = |volume: &str, no_copy: bool| json!([{ "Type": "volume", "Source": volume, "Target": "/bin", "VolumeOptions": { "NoCopy": no_copy } }]);
        assert_eq!(ran(&host, "copied", "echo runs from it", at_bin("filled", false)), "runs from it\n");
        serve(&host, "empty", "true", at_bin("empty", true));
        let failed = in_state(&host, "empty", "failed");
        assert!(failed["Err"].as_str().unwrap().contains("not found"), "{failed}");

        // Plain containers have them as well.
        let out = host.skep(&[
            "run",
            "--rm",
            "-v",
            "shared:/s",
            "-v",
            "/mine",
            IMAGE,
            "sh",
            "-c",
            "echo 1 > /s/f; echo > /mine/x",
        ]);
        assert_eq!(out.code, 0, "{out:?}");
        let words = [
            "run",
            "--rm",
            "--mount",
            "type=volume,src=shared,dst=/s,ro",
            IMAGE,
            "sh",
            "-c",
            "cat /s/f; echo > /s/g || echo ro",
        ];
        assert_eq!(host.skep(&words).out, "1\nro\n");
        until("the container's own is gone", || {
            (names(&host) == ["empty", "filled", "shared"]).then_some(())
        });
        let pruned = host.skep(&["volume", "prune", "-f"]).ok();
        assert_eq!(pruned, "Total reclaimed space: 0B\n", "what was named stays");
        host.skep(&["service", "rm", "copied", "empty"]).ok();
        until("nothing uses them", || {
            host.skep(&["volume", "prune", "-a", "-f"]).ok();
            names(&host).is_empty().then_some(())
        });
    }

    #[test]
    fn an_image_says_what_gets_a_volume() {
        let host = host();
        let archive = host.path("busybox.tar").display().to_string();
        host.skep(&["image", "import", "--change", "VOLUME /data", &archive, "kept:1"]).ok();
        let own = |host: &Host| {
            let shown = host.skep(&["volume", "ls", "--format", "{{.Labels}}"]).ok();
            (shown == "com.docker.volume.anonymous=\n").then_some(())
        };
        host.skep(&["run", "-d", "--name", "plain", "kept:1", "sleep", "1000"]).ok();
        until("a plain container has one", || own(&host));
        host.skep(&["rm", "-f", "plain"]).ok();
        until("it is gone", || names(&host).is_empty().then_some(()));
        host.skep(&["service", "create", "-d", "--name", "task", "kept:1", "sleep", "1000"]).ok();
        until("a task has one", || own(&host));
        let mount = ["--mount-add", "type=volume,src=named,dst=/data"];
        host.skep(&[&["service", "update", "-d"], &mount[..], &["task"]].concat()).ok();
        // The container of the task before is kept as long as the task, and its volume with it.
        let both = |names: Vec<String>| names.len() == 2 && names.contains(&"named".to_owned());
        until("what is mounted there wins", || both(names(&host)).then_some(()));
        host.skep(&["service", "rm", "task"]).ok();
        until("the other is gone", || (names(&host) == ["named"]).then_some(()));
        until("nothing uses it", || (host.skep(&["volume", "rm", "named"]).code == 0).then_some(()));
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn volumes_are_made_by_hand_with_a_file_system_in_their_place() {
        let host = host();
        let made = host.skep(&[
            "volume",
            "create",
            "--label",
            "x=y",
            "-o",
            "type=tmpfs",
            "-o",
            "device=tmpfs",
            "-o",
            "o=size=64k",
            "memory",
        ]);
        assert_eq!(made.ok(), "memory\n");
        let id = host.skep(&["volume", "create"]).ok();
        assert_eq!(id.trim().len(), 64);
        let out = host.skep(&[
            "run",
            "--rm",
            "-v",
            "memory:/m",
            IMAGE,
            "sh",
            "-c",
            "busybox grep ' /m ' /proc/mounts | busybox cut -d' ' -f1,3",
        ]);
        assert_eq!(out.out, "tmpfs tmpfs\n", "{out:?}");
        until("it is unmounted with its last container", || {
            let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
            let place = host.skep(&["volume", "inspect", "--format", "{{.Mountpoint}}", "memory"]).ok();
            (!mounts.contains(place.trim())).then_some(())
        });
        for (words, told) in [
            (&["volume", "create", "-o", "colour=red", "x1"][..], "invalid option: \"colour\""),
            (&["volume", "create", "-o", "o=ro", "x1"], "missing required option: \"device\""),
            (&["volume", "create", "a/b"], "includes invalid characters for a local volume name"),
            (
                &["volume", "create", "-o", "type=nfs", "-o", "device=:/x", "memory"],
                "is there with other options",
            ),
            (&["volume", "rm", "none"], "get none: no such volume"),
        ] {
            let error = host.skep(words).failed();
            assert!(error.contains(told), "{words:?}: {error}");
        }
        host.skep(&["volume", "rm", "memory", id.trim()]).ok();
        assert_eq!(host.skep(&["volume", "rm", "-f", "memory"]).ok(), "memory\n");
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn bind_and_tmpfs_mounts() {
        let host = host();
        let source = host.path("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(source.join("file"), "of the host\n").unwrap();
        let mounts = json!([
            { "Type": "bind", "Source": source, "Target": "/b", "ReadOnly": true, "BindOptions": { "Propagation": "rslave" } },
            { "Type": "tmpfs", "Target": "/t", "TmpfsOptions": { "SizeBytes": 65536, "Mode": 448 } },
        ]);
        let script = "cat /b/file; echo x > /b/x || echo read-only; busybox stat -c %a /t; busybox df -k /t | busybox tail -n 1 | busybox awk '{print $2}'";
        assert_eq!(ran(&host, "both", script, mounts), "of the host\nread-only\n700\n64\n");
        serve(&host, "missing", "true", json!([{ "Type": "bind", "Source": "/not/there", "Target": "/b" }]));
        let rejected = in_state(&host, "missing", "rejected");
        assert_eq!(
            rejected["Err"],
            "invalid mount config for type \"bind\": bind source path does not exist: /not/there"
        );
    }
}
