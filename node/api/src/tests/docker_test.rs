//! Docker's own client against the API; skipped where there is none.

use std::path::Path;

use tokio::net::UnixListener;
use tokio::process::Command;

use super::bench::Bench;
use crate::log_line::{LogLine, LogOrigin};

/// Runs the client; both outputs, and whether it was content.
async fn docker(directory: &Path, words: &str) -> std::io::Result<(bool, String)> {
    let mut command = Command::new("docker");
    command
        .env("DOCKER_CONFIG", directory.join("config"))
        .env_remove("DOCKER_API_VERSION")
        .kill_on_drop(true);
    command.arg("-H").arg(format!("unix://{}", directory.join("api.sock").display())).args(words.split(' '));
    let output = command.output().await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

async fn fill(bench: &Bench) {
    bench.service("web").await;
    for (id, container) in [(1, "c1"), (2, "c2")] {
        bench.task("web", id).await;
        let text = format!("line of {container}\n").into();
        let at_ns = u64::try_from(id).unwrap() * 1_000_000_000;
        bench.host.writes(container, LogLine { at_ns, origin: LogOrigin::Stdout, text });
    }
    let mut node = bench.host.node();
    node.containers = vec![skep_rest::ContainerSummary {
        id: "c1".into(),
        names: vec!["/web.1.x".into()],
        state: "running".into(),
        status: "Up 5 minutes".into(),
        ..Default::default()
    }];
    node.images = vec![skep_rest::ImageSummary {
        id: format!("sha256:{}", "ab".repeat(32)),
        repo_tags: vec!["web:1".into()],
        ..Default::default()
    }];
}

/// What a call of docker's client must give: its words, whether it succeeds, and what it says.
type Call = (String, bool, &'static str);

/// Makes the calls against a node, where there is a docker client.
async fn content(directory: &Path, calls: impl IntoIterator<Item = Call>) {
    match docker(directory, "--version").await {
        Ok((true, _)) => {}
        other => {
            assert!(std::env::var_os("SKEP_TEST_NO_SKIP").is_none(), "no docker client: {other:?}");
            return eprintln!("skipped: there is no docker client here ({other:?})");
        }
    }
    let bench = Bench::manager().await;
    fill(&bench).await;
    let listener = UnixListener::bind(directory.join("api.sock")).unwrap();
    let serving = crate::serve(bench.host.clone(), bench.env.clone(), vec![listener], bench.shutdown.clone());
    let serving = bench.env.spawn("serve", serving);
    for (words, content, expected) in calls {
        let (success, text) = docker(directory, &words).await.unwrap();
        assert!(success == content && text.contains(expected), "docker {words}: {text}");
    }
    bench.shutdown.cancel();
    serving.join().await.unwrap();
}

#[tokio::test]
async fn dockers_own_client_is_content() {
    let directory = tempfile::tempdir().unwrap();
    let calls = [
        ("version", true, "Server: Skep"),
        ("info", true, "Is Manager: true"),
        ("node ls", true, "Leader"),
        ("node update --availability drain one", true, "one"),
        ("service ls", true, "2/2"),
        ("service ps web", true, "web.1"),
        ("service inspect --pretty web", true, "Replicas:\t2"),
        ("service logs web", true, "@one    | line of c2"),
        ("service logs --raw -t --tail 1 web", true, "1970-01-01T00:00:02.000000000Z line of c2"),
        ("service create -d --name two --replicas 3 -p 8081:80 --env A=B --limit-memory 50M web:1", true, ""),
        ("service scale -d two=5", true, "two scaled to 5"),
        ("service rollback -d two", true, "two"),
        (
            "service create -d --name three --mode global --constraint node.role==worker --health-cmd true web:1",
            true,
            "",
        ),
        ("service inspect --pretty three", true, "Global"),
        ("service rm two", true, "two"),
        (
            "network create -d overlay --attachable --internal --subnet 10.5.0.0/16 --ip-range 10.5.1.0/24 --gateway \
             10.5.0.1 --label a=b -o encrypted app",
            true,
            "",
        ),
        ("network create -d overlay --ipv6 --subnet fd00:6::/64 six", true, ""),
        ("network inspect six", true, "\"Subnet\": \"fd00:6::/64\""),
        ("network rm six", true, "six"),
        ("network create -d overlay --subnet 10.5.3.0/24 two", false, "10.5.0.0/16 of network app"),
        ("network inspect --verbose app", true, "\"IPRange\": \"10.5.1.0/24\""),
        ("network ls", true, "overlay"),
        ("network prune -f", true, "Deleted Networks:\napp"),
        ("network create -d overlay app", true, ""),
        ("network rm app", true, "app"),
        ("ps", true, "Up 5 minutes"),
        ("images web", true, "abababababab"),
        ("stack ls", true, "SERVICES"),
        ("volume ls", true, "VOLUME NAME"),
        ("volume create", false, "volumes (POST /volumes/create) is not supported"),
        ("run -d --privileged web:1", false, "HostConfig.Privileged is not supported"),
        ("run -d --name db --network app --network-alias store -p 8080:80 -v /a:/b web:1", true, "id-of-db"),
        ("stop db", true, "db"),
        ("wait db", true, "7"),
        ("rm -f db", true, "db"),
        ("inspect nothing", false, "No such object"),
        ("events --since 1m --until 1s", true, ""),
    ];
    let calls = calls.map(|(words, succeeds, expected)| (words.to_owned(), succeeds, expected));
    content(directory.path(), calls).await;
}

#[tokio::test]
async fn dockers_own_client_makes_secrets_and_configs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("content").display().to_string();
    std::fs::write(&file, "hi").unwrap();
    let calls = [
        (format!("secret create -l a=b key {file}"), true, ""),
        (format!("secret create key {file}"), false, "secret key already exists"),
        (format!("config create site {file}"), true, ""),
        ("service create -d --name four --secret key --config source=site,target=/x web:1".into(), true, ""),
        ("secret rm key".into(), false, "secret 'key' is in use by the following service(s): four"),
        ("secret ls --filter label=a=b".into(), true, "key"),
        ("config inspect --pretty site".into(), true, "hi"),
        ("service update -d --config-rm site --secret-rm key four".into(), true, ""),
        ("config rm site".into(), true, "site"),
    ];
    content(directory.path(), calls).await;
}
