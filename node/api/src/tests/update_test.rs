//! Updates, rollbacks and jobs, as clients ask for them and see them.

use skep_model::{Service, UpdateFailure, UpdateState, UpdateStatus};

use super::bench::{Bench, spec, update};

fn path(bench: &Bench, query: &str) -> String {
    let version = bench.control.view().service_named("web").unwrap().meta.version;
    format!("/services/web/update?version={version}{query}")
}

#[tokio::test]
async fn a_manual_rollback_goes_to_the_spec_before_and_back_again() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let none = bench.post(&path(&bench, "&rollback=previous"), "{}").await.message();
    assert_eq!(none, (400, "service web does not have a previous spec".into()));
    let next = spec("web", 0).replace("web:1", "web:2");
    bench.post(&path(&bench, ""), &next).await.json();
    assert!(bench.get("/services/web").await.json().get("UpdateStatus").is_none());
    for image in ["web:1", "web:2"] {
        let done = bench.post(&path(&bench, "&rollback=previous"), &next).await.json();
        assert_eq!(done["Warnings"], serde_json::json!([]));
        let shown = bench.get("/services/web").await.json();
        assert_eq!(shown["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"], image);
        assert_eq!(shown["UpdateStatus"]["State"], "rollback_started");
        assert_eq!(shown["UpdateStatus"]["Message"], "manually requested rollback");
    }
    let other = bench.post(&path(&bench, "&rollback=next"), &next).await.message();
    assert_eq!(other, (400, "invalid value 'next' for rollback: use previous".into()));
}

#[tokio::test]
async fn an_updates_failure_is_shown_and_the_same_spec_lets_a_paused_one_go_on() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let task = bench.task("web", 5).await;
    let service = Service::clone(bench.control.view().service_named("web").unwrap());
    let (same, spec_version) = (spec("web", 0), service.spec_version);
    let failure = UpdateFailure {
        task: Some(task),
        error: "task: non-zero exit (1)".into(),
        log_tail: vec!["boom".into()],
    };
    let paused = UpdateStatus {
        state: UpdateState::Paused,
        message: "update paused".into(),
        slots: 2,
        failures: 1,
        first_failure: Some(Box::new(failure)),
        ..UpdateStatus::default()
    };
    bench.write(vec![update(Service { update: Some(Box::new(paused)), ..service })]).await;
    let shown = bench.get("/services/web").await.json()["UpdateStatus"].clone();
    assert_eq!(
        (&shown["State"], &shown["Slots"], &shown["Failures"]),
        (&"paused".into(), &2.into(), &1.into())
    );
    assert_eq!(shown["FirstFailure"]["TaskID"], task.to_string());
    assert_eq!(shown["FirstFailure"]["LogTail"], serde_json::json!(["boom"]));
    assert!(shown.get("CompletedAt").is_none());
    bench.post(&path(&bench, ""), &same).await.json();
    let view = bench.control.view();
    let service = view.service_named("web").unwrap();
    assert_eq!((&service.update, service.spec_version), (&None, spec_version + 1));
    assert_eq!(service.previous_spec, None, "what was before the failed spec stays that");
    bench.post(&path(&bench, ""), &same).await.json();
    assert_eq!(bench.control.view().service_named("web").unwrap().spec_version, spec_version + 1);
}

#[tokio::test]
async fn a_services_mode_stays_and_jobs_show_their_run() {
    let bench = Bench::manager().await;
    let job = spec("web", 0).replace(
        r#""Replicated":{"Replicas":2}"#,
        r#""ReplicatedJob":{"MaxConcurrent":2,"TotalCompletions":5}"#,
    );
    assert_eq!(bench.post("/services/create", &job).await.status, 201);
    let refused = bench.post(&path(&bench, ""), &spec("web", 0)).await.message();
    assert!(refused.0 == 501 && refused.1.starts_with("service mode change is not allowed"), "{refused:?}");
    let again = job.replace("web:1", "web:2");
    bench.post(&path(&bench, ""), &again).await.json();
    let shown = bench.get("/services/web").await.json();
    assert_eq!(shown["JobStatus"]["JobIteration"]["Index"], 1);
    assert!(shown["JobStatus"]["LastExecution"].as_str().is_some_and(|time| !time.is_empty()));
    let counted = &bench.get("/services?status=true").await.json()[0]["ServiceStatus"];
    assert_eq!((&counted["DesiredTasks"], &counted["CompletedTasks"]), (&2.into(), &0.into()));
    let old = bench.task("web", 5).await;
    assert!(bench.get(&format!("/tasks/{old}")).await.json().get("JobIteration").is_none());
    let task = skep_model::Task::clone(bench.control.view().task(old).unwrap());
    bench.write(vec![update(skep_model::Task { spec_version: 2, ..task })]).await;
    assert_eq!(bench.get(&format!("/tasks/{old}")).await.json()["JobIteration"]["Index"], 1);
    let with_update = again.replace(r#""Mode""#, r#""UpdateConfig":{"Parallelism":1},"Mode""#);
    assert_eq!(bench.post(&path(&bench, ""), &with_update).await.status, 400);
}
