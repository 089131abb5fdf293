//! A manager whose disk is full.

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;
    use std::time::Duration;

    use skep_harness::{Api, Host, Writer, eventually};

    #[test]
    fn a_full_disk_is_named_and_loses_nothing() {
        let mut host = Host::new();
        host.limit_disk(64);
        host.start();
        host.skep(&["swarm", "init"]).ok();
        let api = Api::new(host.socket()).with_timeout(Duration::from_secs(30));
        let writer = Writer::start(vec![host.socket()], "disk");
        until_count(&writer, 20);
        let ballast = host.path("data/ballast");
        fill(&ballast);
        // Small writes fit into what is left of the last page.
        let mut names = (0..).map(|number| format!("full{number}"));
        eventually(|| {
            let answer = create(&api, &names.next().unwrap());
            if answer.contains("the disk is full") { Ok(()) } else { Err(answer) }
        });
        std::fs::remove_file(&ballast).unwrap();
        until_count(&writer, writer.count() + 20);
        // Killed while it waits for room.
        fill(&ballast);
        eventually(|| {
            let before = writer.count();
            std::thread::sleep(Duration::from_millis(500));
            if writer.count() == before { Ok(()) } else { Err("writes go on".to_owned()) }
        });
        host.kill_daemon();
        std::fs::remove_file(&ballast).unwrap();
        host.start();
        until_count(&writer, writer.count() + 20);
        writer.stop().check(&Api::new(host.socket())).unwrap();
    }

    fn until_count(writer: &Writer, count: usize) {
        eventually(|| match writer.count() {
            now if now >= count => Ok(()),
            now => Err(format!("{now} of {count} writes are acknowledged")),
        });
    }

    fn create(api: &Api, name: &str) -> String {
        let task = r#"{"ContainerSpec": {"Image": "skep/whoami"}}"#;
        let spec = format!(
            r#"{{"Name": "{name}", "TaskTemplate": {task}, "Mode": {{"Replicated": {{"Replicas": 0}}}}}}"#
        );
        let answer = api.answer("POST", "/services/create", "application/json", spec.as_bytes());
        answer.map_or_else(|error| format!("{error:#}"), |answer| answer.body)
    }

    fn fill(path: &Path) {
        let mut file = File::create(path).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }
}
