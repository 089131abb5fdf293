//! Secrets and configs.

use super::bench::{Bench, spec};

#[tokio::test]
async fn a_secret_is_made_shown_without_its_content_and_removed() {
    let bench = Bench::manager().await;
    let made = bench.post("/secrets/create", r#"{"Name":"key","Labels":{"a":"b"},"Data":"aGk="}"#).await;
    assert_eq!(made.status, 201);
    let id = made.json()["ID"].as_str().unwrap().to_owned();
    let taken = bench.post("/secrets/create", r#"{"Name":"key","Data":"aGk="}"#).await.message();
    assert_eq!(taken, (409, "secret key already exists".into()));
    let shown = bench.get(&format!("/secrets/{}", &id[..9])).await.json();
    assert_eq!(
        (shown["Spec"]["Name"].as_str(), &shown["Spec"]["Data"]),
        (Some("key"), &serde_json::Value::Null)
    );
    let listed = bench.get("/secrets?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let version = shown["Version"]["Index"].as_u64().unwrap();
    let update = format!("/secrets/key/update?version={version}");
    let other = bench.post(&update, r#"{"Name":"key","Data":"aG8="}"#).await.message();
    assert!(other.0 == 400 && other.1.contains("only updates to Labels are allowed"), "{other:?}");
    assert_eq!(bench.post(&update, r#"{"Name":"key","Labels":{"c":"d"}}"#).await.status, 200);
    assert_eq!(bench.ask("DELETE", "/secrets/key", "").await.status, 204);
    assert_eq!(bench.get("/secrets/key").await.message(), (404, "no such secret: key".into()));
}

#[tokio::test]
async fn sizes_and_names_are_checked() {
    let bench = Bench::manager().await;
    let empty = bench.post("/secrets/create", r#"{"Name":"key","Data":""}"#).await.message();
    assert!(empty.0 == 400 && empty.1.contains("larger than 0 and less than 512000 bytes"), "{empty:?}");
    assert_eq!(bench.post("/configs/create", r#"{"Name":"-x","Data":"aGk="}"#).await.status, 400);
    assert_eq!(bench.post("/configs/create", r#"{"Name":"x","Data":"?"}"#).await.status, 400);
}

#[tokio::test]
async fn another_content_brings_its_services_along_and_stays_for_a_rollback() {
    let bench = Bench::manager().await;
    bench.post("/configs/create", r#"{"Name":"site","Data":"b25l"}"#).await;
    let with = |name: &str| {
        let reference = r#""ContainerSpec":{"Configs":[{"ConfigName":"site","File":{"Name":"/site"}}],"#;
        spec(name, 0).replace(r#""ContainerSpec":{"#, reference)
    };
    let made = bench.post("/services/create", &with("web")).await;
    assert_eq!(made.status, 201, "{:?}", made.message());
    let used = bench.ask("DELETE", "/configs/site", "").await.message();
    assert_eq!(used, (400, "config 'site' is in use by the following service(s): web".into()));
    let done = bench.post("/configs/site/rotate", r#"{"Data":"dHdv"}"#).await.json();
    assert_eq!((done["ContentVersion"].as_u64(), done["Services"][0].as_str()), (Some(2), Some("web")));
    let service = bench.get("/services/web").await.json();
    let version = |spec: &serde_json::Value| {
        spec["TaskTemplate"]["ContainerSpec"]["Configs"][0]["ConfigVersion"].as_u64()
    };
    assert_eq!((version(&service["Spec"]), version(&service["PreviousSpec"])), (Some(2), Some(1)));
    assert_eq!(bench.get("/configs/site").await.json()["Spec"]["Data"], "dHdv");
    let index = service["Version"]["Index"].as_u64().unwrap();
    let back = format!("/services/web/update?version={index}&rollback=previous");
    assert_eq!(bench.post(&back, &with("web")).await.status, 200);
    assert_eq!(version(&bench.get("/services/web").await.json()["Spec"]), Some(1));
    let missing =
        bench.post("/services/create", &with("other").replace("site\",", "none\",")).await.message();
    assert!(missing.0 == 400 && missing.1.contains("config not found: none"), "{missing:?}");
}
