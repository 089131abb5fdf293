//! Plain containers on one host: made, run, found again, removed.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::process::{Command, Stdio};

    use serde_json::Value;
    use skep_harness::{Host, Ran, eventually, until};

    const IMAGE: &str = "bb:1";

    fn host() -> Host {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox(IMAGE);
        host
    }

    /// `skep run FLAGS bb:1 sh -c SCRIPT`.
    fn run(host: &Host, flags: &str, script: &str) -> Ran {
        let flags = flags.split_whitespace();
        let words: Vec<&str> =
            std::iter::once("run").chain(flags).chain([IMAGE, "sh", "-c", script]).collect();
        host.skep(&words)
    }

    fn inspected(host: &Host, name: &str) -> Value {
        let out = host.skep(&["container", "inspect", name]).ok();
        serde_json::from_str::<Value>(&out).unwrap()[0].clone()
    }

    fn listed(host: &Host, format: &str) -> String {
        host.skep(&["ps", "-a", "--format", format]).ok()
    }

    #[test]
    fn a_command_runs_and_its_exit_code_comes_back() {
        let host = Host::started();
        host.import_busybox(IMAGE);
        let outside = run(&host, "", "true");
        assert!(outside.code == 125 && outside.err.contains("skep swarm init"), "{outside:?}");
        host.skep(&["swarm", "init"]).ok();

        let ran = run(&host, "--rm", "echo out; echo err >&2; exit 7");
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (7, "out\n", "err\n"));
        for _ in 0..10 {
            let ran = run(&host, "--rm", "echo short");
            assert_eq!((ran.code, ran.out.as_str()), (0, "short\n"), "{ran:?}");
        }
        until("nothing is left", || listed(&host, "{{.Names}}").is_empty().then_some(()));

        for (words, code, text) in [
            (&["run", "--rm", IMAGE, "nothing-there"][..], 127, "executable file not found"),
            (&["run", "--rm", IMAGE, "/etc"], 126, "permission denied"),
            (&["run", "missing:1", "x"], 125, "No such image: missing:1"),
            (&["run", "-it", IMAGE, "sh"], 125, "the input device is not a TTY"),
            (&["run", "--restart", "always", IMAGE, "true"], 125, "HostConfig.RestartPolicy: 'always'"),
            (
                &["run", "-v", "data:/data:shared", IMAGE, "true"],
                125,
                "HostConfig.Binds: 'data:/data:shared'",
            ),
            (&["run", "--name", "a b", IMAGE, "true"], 125, "Invalid container name (a b)"),
        ] {
            let ran = host.skep(words);
            assert!(ran.code == code && ran.err.contains(text), "{words:?}: {ran:?}");
        }
        until("nothing is left", || listed(&host, "{{.Names}}").is_empty().then_some(()));

        fs::write(host.path("env"), "# a comment\nB=file\nC=file\n").unwrap();
        fs::create_dir(host.path("shared")).unwrap();
        let shared = host.path("shared").display().to_string();
        let flags = format!(
            "--rm -e A=1 --env-file {} -e C=flag -w /data -u 7:8 -h box -v {shared}:/s:ro --memory 32m --cpus 0.5",
            host.path("env").display()
        );
        let ran = run(
            &host,
            &flags,
            "echo $A $B $C; pwd; id -u; id -g; hostname; echo x > /s/x || echo read-only; cat /etc/hosts | busybox grep box",
        );
        let lines: Vec<&str> = ran.out.lines().collect();
        assert_eq!(lines[..6], ["1 file flag", "/data", "7", "8", "box", "read-only"], "{ran:?}");
        assert!(lines[6].starts_with("198.19."), "{ran:?}");
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn a_container_is_started_stopped_and_removed_by_its_name() {
        let host = host();
        let id = host.skep(&["run", "-d", "--name", "web", "-p", "8085:80", "skep/whoami"]).ok();
        let taken = host.skep(&["run", "--name", "web", "skep/whoami"]);
        let conflict =
            format!("The container name \"/web\" is already in use by container \"{}\"", id.trim());
        assert!(taken.code == 125 && taken.err.contains(&conflict), "{taken:?}");
        eventually(|| host.get(8085, "/").map(drop).map_err(|error| error.to_string()));
        let ports = listed(&host, "{{.Ports}}");
        assert_eq!(ports, "0.0.0.0:8085->80/tcp\n");
        // On the network of its node it is found by its name, and reaches outside.
        let asked = run(&host, "--rm", "wget -qO- http://web/");
        assert!(asked.out.contains("Hostname: "), "{asked:?}");

        let running = host.skep(&["rm", "web"]).failed();
        assert!(
            running.contains("container is running: stop the container before removing or force remove"),
            "{running}"
        );
        assert_eq!(host.skep(&["stop", "web"]).ok(), "web\n");
        assert!(listed(&host, "{{.Status}}").starts_with("Exited ("));
        assert!(host.get(8085, "/").is_err(), "its port is closed");
        let shown = inspected(&host, "web");
        assert_eq!(
            (&shown["State"]["Pid"], &shown["NetworkSettings"]["Networks"]),
            (&0.into(), &serde_json::json!({}))
        );
        assert_eq!(host.skep(&["start", "web"]).ok(), "web\n");
        eventually(|| host.get(8085, "/").map(drop).map_err(|error| error.to_string()));
        assert_eq!(host.skep(&["restart", "-t", "3", "web"]).ok(), "web\n");
        eventually(|| host.get(8085, "/").map(drop).map_err(|error| error.to_string()));
        assert_eq!(host.skep(&["kill", "web"]).ok(), "web\n");
        assert_eq!(host.skep(&["wait", "web"]).ok(), "137\n");
        assert_eq!(host.skep(&["rm", "web"]).ok(), "web\n");

        // What it writes stays with it over its runs.
        assert_eq!(
            host.skep(&[
                "create",
                "--name",
                "count",
                IMAGE,
                "sh",
                "-c",
                "echo x >> /data/runs; cat /data/runs"
            ])
            .ok()
            .len(),
            65
        );
        assert_eq!(host.skep(&["start", "-a", "count"]).ok(), "x\n");
        assert_eq!(host.skep(&["start", "-a", "count"]).ok(), "x\nx\n");
        assert_eq!(host.skep(&["logs", "count"]).ok(), "x\nx\nx\n");
        run(&host, "-d --name sleeper", "sleep 1000").ok();
        assert!(host.skep(&["rm", "-f", "nobody"]).code == 0);
        let pruned = host.skep(&["container", "prune", "-f"]).ok();
        assert_eq!((pruned.lines().next(), pruned.lines().count()), (Some("Deleted Containers:"), 2));
        assert_eq!(listed(&host, "{{.Names}}"), "sleeper\n");

        let alone = run(&host, "--rm --network none", "ip -o addr; cat /etc/resolv.conf").ok();
        assert!(!alone.contains("eth0") || !alone.contains("inet 198"), "{alone}");
        let own = run(&host, "--rm --network host", "ip -o link | busybox wc -l; hostname").ok();
        assert!(own.lines().next().unwrap().trim().parse::<u32>().unwrap() >= 2, "{own}");

        host.skep(&["rm", "-f", "sleeper"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn containers_outlive_the_daemon_and_are_known_after_a_power_cut() {
        let mut host = host();
        host.skep(&["run", "-d", "--name", "web", "-p", "8086:80", "skep/whoami"]).ok();
        run(&host, "-d --name short", "sleep 2; exit 5").ok();
        run(&host, "-d --rm --name gone", "sleep 2").ok();
        host.skep(&["create", "--name", "made", IMAGE, "true"]).ok();
        let pid = inspected(&host, "web")["State"]["Pid"].clone();
        host.kill_daemon();
        std::thread::sleep(std::time::Duration::from_secs(3));
        host.start();
        assert_eq!(inspected(&host, "web")["State"]["Pid"], pid);
        eventually(|| host.get(8086, "/").map(drop).map_err(|error| error.to_string()));
        until("what ended meanwhile is known", || {
            let state = &inspected(&host, "short")["State"];
            (state["Status"] == "exited" && state["ExitCode"] == 5).then_some(())
        });
        until("what was to go has gone", || (!listed(&host, "{{.Names}}").contains("gone")).then_some(()));
        assert_eq!(inspected(&host, "made")["State"]["Status"], "created");

        host.kill_everything();
        host.start();
        let state = inspected(&host, "web")["State"].clone();
        assert_eq!((&state["Status"], &state["ExitCode"]), (&"exited".into(), &137.into()), "{state}");
        assert_eq!(inspected(&host, "made")["State"]["Status"], "created");
        host.skep(&["start", "web", "made"]).ok();
        eventually(|| host.get(8086, "/").map(drop).map_err(|error| error.to_string()));
        host.skep(&["rm", "-f", "web", "made", "short"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    #[test]
    fn what_is_typed_reaches_the_container() {
        let host = host();
        let typed =
            |words: &[&str], input: &str| host.skep_with_input(&[&["run", "--rm"], words].concat(), input);
        let ran = typed(&["-i", IMAGE, "sh", "-c", "cat; echo told >&2; exit 6"], "one\ntwo");
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (6, "one\ntwo", "told\n"));
        let much = "0123456789abcde\n".repeat(200_000);
        let ran = typed(&["-i", IMAGE, "sh", "-c", "sleep 1; cat"], &much);
        assert!(ran.code == 0 && ran.out == much, "{} of {} bytes: {}", ran.out.len(), much.len(), ran.err);
        // Without -i the input is empty, whatever there is here.
        assert_eq!(typed(&[IMAGE, "cat"], "nothing").out, "");
        let ran = typed(&["-t", IMAGE, "sh", "-c", "test -t 0 && test -t 1 && echo terminal"], "");
        assert_eq!((ran.code, ran.out.as_str()), (0, "terminal\r\n"), "{ran:?}");

        // A terminal of the machine's own, as users have it.
        let skep = host.command();
        let words: Vec<_> = std::iter::once(skep.get_program()).chain(skep.get_args()).collect();
        let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
        let line = format!("{} run --rm -it --name shell {IMAGE} sh", words.join(" "));
        let mut shell = Command::new("script");
        shell
            .args(["-qec", &line, "/dev/null"])
            .envs(skep.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let mut shell = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program script is there (bsdutils)");
        let mut input = shell.stdin.take().unwrap();
        until("the shell runs", || inspected_state(&host, "shell").filter(|state| state == "running"));
        writeln!(input, "echo $((40 + 2)); exit 5").unwrap();
        let out = shell.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(text.contains("42\r\n") && out.status.code() == Some(5), "{:?} {text}", out.status);
        until("it is gone", || inspected_state(&host, "shell").is_none().then_some(()));
    }

    /// None for a container that is not there.
    fn inspected_state(host: &Host, name: &str) -> Option<String> {
        let shown = host.skep(&["container", "inspect", "--format", "{{.State.Status}}", name]);
        (shown.code == 0).then(|| shown.out.trim().to_owned())
    }

    #[test]
    fn dockers_client_runs_containers() {
        if Command::new("docker").arg("--version").output().is_err() {
            assert!(std::env::var_os("SKEP_TEST_NO_SKIP").is_none(), "there is no docker client");
            println!("skipped: there is no docker client here (apt-get install docker.io)");
            return;
        }
        let host = host();
        let docker = |words: &[&str]| {
            let output = Command::new("docker")
                .arg("-H")
                .arg(format!("unix://{}", host.socket().display()))
                .args(words)
                .env("DOCKER_CONFIG", host.path("docker"))
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            (output.status.code().unwrap_or(-1), text)
        };
        let ran = docker(&["run", "--rm", IMAGE, "sh", "-c", "echo hi; exit 3"]);
        assert_eq!(ran, (3, "hi\n".to_owned()));
        let (code, text) = docker(&["run", "--rm", IMAGE, "nothing-there"]);
        assert!(code == 127, "{code} {text}");
        let (code, id) = docker(&["run", "-d", "--name", "web", "-p", "8087:80", "skep/whoami"]);
        assert!(code == 0, "{id}");
        eventually(|| host.get(8087, "/").map(drop).map_err(|error| error.to_string()));
        for (words, expected) in [
            (&["ps"][..], "0.0.0.0:8087->80/tcp"),
            (&["logs", "web"], "listening"),
            (&["port", "web"], "80/tcp -> 0.0.0.0:8087"),
            (&["restart", "web"], "web"),
            (&["stop", "web"], "web"),
            (&["wait", "web"], ""),
            (&["start", "web"], "web"),
            (&["kill", "web"], "web"),
            (&["rm", "-f", "web"], "web"),
            (&["create", "--name", "made", IMAGE, "true"], ""),
            (&["container", "prune", "-f"], "Deleted Containers:"),
        ] {
            let (code, text) = docker(words);
            assert!(code == 0 && text.contains(expected), "docker {words:?}: {code} {text}");
        }
        fs::write(host.path("typed"), "typed\n").unwrap();
        let mut cat = Command::new("docker");
        cat.arg("-H")
            .arg(format!("unix://{}", host.socket().display()))
            .env("DOCKER_CONFIG", host.path("docker"));
        cat.args(["run", "--rm", "-i", IMAGE, "cat"]).stdin(fs::File::open(host.path("typed")).unwrap());
        assert_eq!(String::from_utf8_lossy(&cat.output().unwrap().stdout), "typed\n");
        let (code, text) =
            docker(&["run", "--rm", "-t", IMAGE, "sh", "-c", "test -t 1 && echo terminal; exit 4"]);
        assert_eq!((code, text.as_str()), (4, "terminal\r\n"));
    }
}
