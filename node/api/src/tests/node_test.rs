//! The node itself: version, information, containers, images.

use skep_model::{Check, Diagnosis, Finding};
use skep_rest::{ContainerSummary, ImageSummary};

use super::bench::Bench;

#[tokio::test]
async fn versions_are_negotiated() {
    let bench = Bench::alone();
    let ping = bench.get("/_ping").await;
    assert_eq!((ping.status.as_u16(), ping.text().as_str()), (200, "OK"));
    for (name, value) in [("api-version", "1.51"), ("ostype", "linux"), ("docker-experimental", "false")] {
        assert_eq!(ping.headers[name], value);
    }
    assert_eq!(ping.headers["swarm"], "inactive");
    let head = bench.ask("HEAD", "/_ping", "").await;
    assert!(head.status.is_success() && head.body.is_empty());
    assert_eq!(Bench::manager().await.get("/_ping").await.headers["swarm"], "active/manager");
    for path in ["/v1.24/version", "/v1.51/version", "/version"] {
        assert_eq!(bench.get(path).await.json()["Components"][0]["Name"], "Engine", "{path}");
    }
    let new = bench.get("/v1.52/info").await;
    let text = "client version 1.52 is too new. Maximum supported API version is 1.51";
    assert_eq!(new.message(), (400, text.into()));
    assert_eq!(new.headers["api-version"], "1.51");
    let old = bench.get("/v1.23/info").await.message();
    assert!(
        old.0 == 400 && old.1.starts_with("client version 1.23 is too old. Minimum supported"),
        "{old:?}"
    );
    assert_eq!(bench.get("/v1.x/info").await.status, 404);
    assert_eq!(bench.get("/v1./info").await.status, 400);
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let bench = Bench::alone();
    let nowhere = (404, "page not found".to_owned());
    assert_eq!(bench.get("/v1.51/nowhere").await.message(), nowhere);
    assert_eq!(bench.post("/v1.51/info", "").await.message(), nowhere);
    let commit = bench.post("/v1.51/commit?container=x", "{}").await.message();
    let text = "making images of containers (POST /commit) is not supported by this version of Skep";
    assert_eq!(commit, (501, text.into()));
    assert_eq!(bench.get("/volumes").await.json()["Volumes"], serde_json::json!([]));
    assert_eq!(bench.get("/networks").await.json(), serde_json::json!([]));
    for path in ["/services", "/nodes", "/tasks", "/swarm", "/stacks", "/secrets"] {
        let (status, text) = bench.get(path).await.message();
        assert!(status == 503 && text.starts_with("This node is not a swarm manager. Use"), "{path}: {text}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_cause_and_fix() {
    let bench = Bench::alone();
    let finding =
        Finding::fault(Check::Paths, "no packet arrives").cause("a wall").fix("a door").at("a -> b");
    bench.host.node().diagnosis = Diagnosis { checks: 12, findings: vec![finding], ..Diagnosis::default() };
    let told = bench.get("/v1.51/doctor").await.json();
    assert_eq!((&told["Checks"], &told["Findings"][0]["Severity"]), (&12.into(), &"FAULT".into()));
    let line = "FAULT  a -> b: no packet arrives; cause: a wall; fix: a door";
    assert_eq!(told["Findings"][0]["Line"], line);
}

#[tokio::test]
async fn containers_are_narrowed() {
    let bench = Bench::alone();
    let container = |id: &str, name: &str, state: &str| ContainerSummary {
        id: id.into(),
        names: vec![format!("/{name}")],
        image: "web:1".into(),
        state: state.into(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        ..ContainerSummary::default()
    };
    bench.host.node().containers = vec![
        container("c3", "web.2", "running"),
        container("b2", "web.1", "exited"),
        container("a1", "db", "running"),
    ];
    let names = |answer: super::bench::Answer| {
        let json = answer.json();
        let found =
            json.as_array().unwrap().iter().map(|one| one["Names"][0].as_str().unwrap()[1..].to_owned());
        found.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(bench.get("/containers/json").await), "web.2 db");
    assert_eq!(names(bench.get("/containers/json?all=1").await), "web.2 web.1 db");
    assert_eq!(names(bench.get("/containers/json?limit=2").await), "web.2 web.1");
    let filtered = [
        (r#"{"name":{"^web":true}}"#, "web.2"),
        (r#"{"status":["exited"]}"#, "web.1"),
        (r#"{"label":["app=db"]}"#, "db"),
        (r#"{"id":["a"]}"#, "db"),
        (r#"{"ancestor":["web:1"],"name":["2$"]}"#, "web.2"),
        (r#"{"ancestor":["web:2"]}"#, ""),
    ];
    for (filters, found) in filtered {
        assert_eq!(names(bench.filtered("/containers/json", filters).await), found, "{filters}");
    }
    {
        let known = &mut bench.host.node().containers;
        known[0].health.status = "unhealthy".into();
        known[0].labels.insert("com.docker.swarm.task.id".into(), "t".into());
        known[1].status = "Exited (137) 5 seconds ago".into();
        known[2].mounts = vec![serde_json::json!({ "Name": "data", "Destination": "/var/db" })];
        known[2].network_settings = serde_json::json!({ "Networks": { "app": {} } });
    }
    let filtered = [
        (r#"{"health":["unhealthy"]}"#, "web.2"),
        (r#"{"health":["none"]}"#, "db"),
        (r#"{"exited":["137"]}"#, "web.1"),
        (r#"{"exited":["13"]}"#, ""),
        (r#"{"volume":["data"]}"#, "db"),
        (r#"{"volume":["/var/db"]}"#, "db"),
        (r#"{"network":["app"]}"#, "db"),
        (r#"{"is-task":["true"]}"#, "web.2"),
        (r#"{"is-task":["false"]}"#, "db"),
    ];
    for (filters, found) in filtered {
        assert_eq!(names(bench.filtered("/containers/json", filters).await), found, "{filters}");
    }
    for wrong in [r#"{"health":["ill"]}"#, r#"{"exited":["x"]}"#, r#"{"is-task":["maybe"]}"#] {
        assert_eq!(bench.filtered("/containers/json", wrong).await.status, 400, "{wrong}");
    }
    for wrong in [r#"{"status":["asleep"]}"#, r#"{"colour":["red"]}"#, "nonsense", r#"{"name":["w.*"]}"#] {
        assert_eq!(bench.filtered("/containers/json", wrong).await.status, 400, "{wrong}");
    }
    let info = bench.get("/info").await.json();
    assert_eq!(
        (&info["Containers"], &info["ContainersRunning"], &info["ContainersStopped"]),
        (&3.into(), &2.into(), &1.into())
    );
    assert_eq!(info["Swarm"]["LocalNodeState"], "inactive");
    assert_eq!(bench.get("/containers/db/json").await.json()["Id"], "a1");
    assert_eq!(bench.get("/containers/x/json").await.message(), (404, "No such container: x".into()));
}

#[tokio::test]
async fn images_come_get_names_and_go() {
    let bench = Bench::alone();
    let image = |id: &str, tag: &str| ImageSummary {
        id: id.into(),
        repo_tags: vec![tag.into()],
        ..ImageSummary::default()
    };
    bench.host.node().images = vec![image("sha256:1", "skep/whoami:1"), image("sha256:2", "web:1")];
    assert_eq!(bench.get("/images/skep/whoami:1/json").await.json()["Id"], "sha256:1");
    assert_eq!(bench.post("/images/skep/whoami:1/tag?repo=me/mine&tag=2", "").await.status, 201);
    let found = bench.filtered("/images/json", r#"{"reference":["me/*"]}"#).await.json();
    assert_eq!(found[0]["RepoTags"], serde_json::json!(["me/mine:2"]));
    assert_eq!(bench.get("/images/none/json").await.message(), (404, "No such image: none".into()));
    let missing = ["/images/web:1/push", "/images/prune"];
    for path in missing {
        assert_eq!(bench.post(path, "").await.status, 501, "{path}");
    }
    for path in ["/images/get?names=web:1", "/images/search?term=x", "/images/web:1/history"] {
        assert_eq!(bench.get(path).await.status, 501, "{path}");
    }
    let removed = bench.ask("DELETE", "/images/skep/whoami:1", "").await;
    assert_eq!(removed.json()[0]["Untagged"], "skep/whoami:1");
    let loaded = bench.post("/images/load", "a:1 sha256:22").await;
    assert_eq!(loaded.headers["content-type"], "application/json");
    assert_eq!(
        loaded.text().replace("\r\n", "|"),
        r#"{"stream":"Loaded image: a:1\n"}|{"stream":"Loaded image ID: sha256:22\n"}|"#
    );
    let import = "/images/create?fromSrc=-&repo=me/root&tag=1&changes=CMD%20x&changes=USER%20y";
    let imported = bench.post(import, "12345").await.text();
    assert_eq!(imported.trim(), r#"{"status":"sha256:5-me/root:1-CMD x+USER y"}"#);
    let (status, text) = bench.post("/images/create?fromImage=nginx&tag=latest", "").await.message();
    assert!(status == 501 && text.starts_with("cannot pull image nginx"), "{text}");
}
