//! The example of a rolling update, as its README has it.

#[cfg(test)]
mod tests {
    use skep_harness::{Host, eventually};

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks-examples/rolling/compose.yml");

    fn version(host: &Host) -> Option<String> {
        let answer = host.get(8082, "/env").ok()?;
        answer.body.lines().find_map(|line| line.strip_prefix("VERSION=")).map(str::to_owned)
    }

    #[test]
    fn a_new_version_comes_and_a_failing_one_is_taken_back() {
        let host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        host.skep(&["stack", "deploy", "-c", FILE, "rolling"]).ok();
        assert_eq!(version(&host).as_deref(), Some("1"));
        let deploy = host
            .command()
            .env("VERSION", "2")
            .args(["stack", "deploy", "-c", FILE, "rolling"])
            .output()
            .unwrap();
        assert!(deploy.status.success(), "{deploy:?}");
        assert_eq!(version(&host).as_deref(), Some("2"));
        let failed = host.skep(&["service", "update", "--env-add", "WHOAMI_FAIL_HEALTH=1", "rolling_web"]);
        assert!(failed.code != 0, "{failed:?}");
        eventually(|| {
            let shown =
                host.skep(&["service", "inspect", "rolling_web", "--format", "{{.UpdateStatus.State}}"]);
            if shown.out.trim() == "rollback_completed" { Ok(()) } else { Err(format!("{shown:?}")) }
        });
        assert_eq!(version(&host).as_deref(), Some("2"));
        let why = host.skep(&["why", "rolling_web"]).ok();
        assert!(why.contains("unhealthy container"), "{why}");
        host.skep(&["stack", "rm", "rolling"]).ok();
    }
}
