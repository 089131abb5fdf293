//! Services and stacks, made, changed and removed.

use super::bench::{Bench, spec};

#[tokio::test]
async fn services_are_made_changed_and_removed() {
    let bench = Bench::manager().await;
    let id = bench.service("web").await;
    let taken = bench.post("/services/create", &spec("web", 0)).await.message();
    assert_eq!(taken, (409, "name conflicts with an existing object: service web already exists".into()));
    let read = bench.get(&format!("/services/{}", &id[..8])).await.json();
    let version = read["Version"]["Index"].as_u64().unwrap();
    let next = spec("web", 0).replace("web:1", "web:2");
    let path = format!("/services/{id}/update?version={version}");
    assert_eq!(bench.post(&path, &next).await.json()["Warnings"], serde_json::json!([]));
    let stale = bench.post(&path, &next).await.message();
    assert!(stale.0 == 500 && stale.1.contains("update out of sequence"), "{stale:?}");
    assert_eq!(bench.post("/services/web/update", &next).await.status, 400);
    let version = bench.get("/services/web").await.json()["Version"]["Index"].as_u64().unwrap();
    let path = format!("/services/web/update?version={version}");
    let renamed = bench.post(&path, &spec("other", 0)).await.message();
    assert_eq!(renamed, (501, "renaming services is not supported".into()));
    assert_eq!(bench.post(&format!("{path}&rollback=previous"), &next).await.status, 200);
    let image =
        bench.get("/services/web").await.json()["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].clone();
    assert_eq!(image, "web:1");
    assert_eq!(bench.ask("DELETE", "/services/web", "").await.status, 200);
    assert_eq!(
        bench.ask("DELETE", "/services/web", "").await.message(),
        (404, "no such service: web".into())
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let bench = Bench::manager().await;
    let (status, text) = bench.post("/services/create", "{").await.message();
    assert!(status == 400 && text.starts_with("invalid JSON in the request's body"), "{text}");
    assert_eq!(bench.post("/services/create", "{}").await.status, 400);
    let global = spec("web", 0).replace(r#""Replicated":{"Replicas":2}"#, r#""Other":{}"#);
    assert_eq!(bench.post("/services/create", &global).await.message().0, 501);
    let lonely = bench.post("/services/create", &spec("web", 0).replace("web:1", "")).await.message();
    assert_eq!(lonely.0, 400, "{}", lonely.1);
    assert_eq!(bench.control.view().services().count(), 0);
}

#[tokio::test]
async fn ports_of_other_processes_are_refused_before_anything_is_made() {
    let bench = Bench::manager().await;
    bench
        .host
        .node()
        .ports
        .insert(8080, "it is used by nginx (pid 12): stop it, or publish another port".into());
    let taken = bench.post("/services/create", &spec("web", 8080)).await.message();
    let text = "service 'web' cannot publish port 8080/tcp: it is used by nginx (pid 12): stop it, or publish another port";
    assert_eq!(taken, (409, text.into()));
    let body = format!(r#"{{"Services":[{}]}}"#, spec("app_web", 8080));
    assert_eq!(bench.ask("PUT", "/stacks/app", body).await.status, 409);
    assert_eq!(bench.control.view().services().count(), 0);
    bench.host.node().ports.clear();
    assert_eq!(bench.post("/services/create", &spec("web", 8080)).await.status, 201);
    // From now on it is our own listener that uses the port.
    bench.host.node().ports.insert(8080, "it is used by skep".into());
    let version = bench.get("/services/web").await.json()["Version"]["Index"].as_u64().unwrap();
    let path = format!("/services/web/update?version={version}");
    assert_eq!(bench.post(&path, &spec("web", 8080).replace("web:1", "web:2")).await.status, 200);
    let other = bench.post("/services/create", &spec("other", 8080)).await.message();
    assert!(other.0 == 400 && other.1.contains("already in use by service 'web'"), "{other:?}");
}

#[tokio::test]
async fn stacks_are_deployed_shown_and_removed() {
    let bench = Bench::manager().await;
    let labels = r#""Labels":{"com.docker.stack.namespace":"app"}"#;
    let service = spec("app_web", 0).replace(r#""Labels":{"app":"app_web"}"#, labels);
    let body =
        format!(r#"{{"Services":[{service}],"Networks":[{{"Name":"app_default",{labels}}}],"Prune":true}}"#);
    let done = bench.ask("PUT", "/stacks/app", body.clone()).await.json();
    assert_eq!(
        (&done["Revision"], &done["Created"][0], &done["Networks"][0]),
        (&1.into(), &"app_web".into(), &"app_default".into())
    );
    let again = bench.ask("PUT", "/v1.51/stacks/app", body.clone()).await.json();
    assert_eq!((&again["Revision"], &again["Unchanged"][0]), (&1.into(), &"app_web".into()));
    bench.ask("PUT", "/stacks/app", body.replace("web:1", "web:2")).await;
    let listed = bench.get("/stacks").await.json();
    assert_eq!(listed, serde_json::json!([{ "Name": "app", "Services": 1, "Revision": 2 }]));
    let shown = bench.get("/stacks/app").await.json();
    assert_eq!((&shown["Name"], &shown["Previous"][0]["Revision"]), (&"app".into(), &1.into()));
    assert_eq!(shown["Spec"]["Services"][0]["TaskTemplate"]["ContainerSpec"]["Image"], "web:2");
    let gone = bench.ask("DELETE", "/stacks/app", "").await.json();
    assert_eq!((&gone["Services"][0], &gone["Networks"][0]), (&"app_web".into(), &"app_default".into()));
    let missing = (404, "nothing found in stack: app2".to_owned());
    assert_eq!(bench.get("/stacks/app2").await.message(), missing);
    assert_eq!(bench.ask("DELETE", "/stacks/app2", "").await.message(), missing);
}
