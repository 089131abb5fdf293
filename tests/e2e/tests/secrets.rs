//! Secrets and configs, from a file on the operator's host to a file in a container, and their change.

#[cfg(test)]
mod tests {
    use skep_harness::{Host, Ran, eventually};

    const SCRIPT: &str = "cat /run/secrets/key /etc/site; busybox stat -c '%a %u %g' /run/secrets/key; busybox df /run/secrets/key | busybox grep -q tmpfs && echo in memory; sleep 1000";

    fn logs(host: &Host) -> Ran {
        host.skep(&["service", "logs", "--raw", "web"])
    }

    #[test]
    fn contents_reach_containers_and_are_changed_with_their_services() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.import_busybox("busybox");
        host.skep_with_input(&["secret", "create", "-l", "a=b", "key", "-"], "one\n").ok();
        let template = "{{.Service.Name}} {{.Task.Slot}} {{env \"A\"}} {{secret \"key\"}}";
        host.skep_with_input(&["config", "create", "--template-driver", "golang", "site", "-"], template)
            .ok();
        let create = [
            "service",
            "create",
            "--name",
            "web",
            "--env",
            "A=own",
            "--secret",
            "source=key,mode=0400,uid=7,gid=8",
            "--config",
            "source=site,target=/etc/site",
            "--stop-grace-period",
            "1s",
            "--update-monitor",
            "100ms",
            "busybox",
            "sh",
            "-c",
            SCRIPT,
        ];
        host.skep(&create).ok();
        eventually(|| match logs(&host) {
            ran if ran.out == "one\nweb 1 own one\n400 7 8\nin memory\n" => Ok(()),
            ran => Err(format!("{ran:?}")),
        });
        let used = host.skep(&["secret", "rm", "key"]).failed();
        assert!(used.contains("secret 'key' is in use by the following service(s): web"), "{used}");
        let shown = host.skep(&["secret", "inspect", "key"]).ok();
        assert!(!shown.contains("b25l"), "{shown}");

        let told = host.skep_with_input(&["secret", "update", "--update-from", "-", "key"], "two\n").ok();
        assert!(told.contains("version 2") && told.contains("Updating service web"), "{told}");
        eventually(|| match logs(&host) {
            ran if ran.out.contains("two\nweb 1 own two\n") => Ok(()),
            ran => Err(format!("{ran:?}")),
        });
        host.skep(&["service", "rollback", "web"]).ok();
        eventually(|| match logs(&host) {
            ran if ran.out.matches("one\nweb 1 own one\n").count() == 2
                || ran.out.ends_with("one\nweb 1 own one\n400 7 8\nin memory\n") =>
            {
                Ok(())
            }
            ran => Err(format!("{ran:?}")),
        });
        host.skep(&["service", "rm", "web"]).ok();
        host.skep(&["secret", "rm", "key"]).ok();
        host.skep(&["config", "rm", "site"]).ok();
        assert_eq!(host.skep(&["secret", "ls", "-q"]).ok(), "");
    }
}
