//! Why something is as it is.

use skep_model::{
    Change, ContainerStatus, Dismissal, NodeId, RestartHistory, Task, TaskId, TaskRecord, TaskState,
    TaskStatus, Timestamp,
};

use super::bench::{Bench, update};

fn seconds(count: u64) -> Timestamp {
    Timestamp::from_nanos(count * 1_000_000_000)
}

async fn failed(bench: &Bench, id: u128) -> TaskId {
    let id = bench.task("web", id).await;
    let task = bench.control.view().task(id).unwrap().clone();
    let container =
        ContainerStatus { exit_code: Some(3), log_tail: vec!["no database".into()], ..Default::default() };
    let status = TaskStatus {
        state: TaskState::Failed,
        at: seconds(20),
        message: "started".into(),
        error: "task: non-zero exit (3)".into(),
        container: Some(Box::new(container)),
    };
    bench.write(vec![update(Task { status, ..Task::clone(&task) })]).await;
    id
}

#[tokio::test]
async fn a_failed_task_is_explained_from_its_wish_to_its_last_line() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let id = failed(&bench, 1).await;
    let why = bench.get(&format!("/why/{id}")).await.json();
    assert_eq!((why["Kind"].as_str(), why["State"].as_str()), (Some("task"), Some("failed")));
    assert_eq!(
        (why["Reason"].as_str(), why["LogTail"][0].as_str()),
        (Some("task: non-zero exit (3)"), Some("no database"))
    );
    let chain: Vec<&str> =
        why["Chain"].as_array().unwrap().iter().map(|link| link["What"].as_str().unwrap()).collect();
    assert_eq!(chain[0], "service web was created");
    assert!(chain.last().unwrap().starts_with("failed: task: non-zero exit (3), exit code 3"), "{chain:?}");
    assert!(why["Next"].as_str().unwrap().contains("takes its place"), "{why}");
    let service = bench.get("/why/web").await.json();
    assert_eq!((service["Kind"].as_str(), service["State"].as_str()), (Some("service"), Some("failing")));
    assert_eq!(service["Parts"][0]["ID"].as_str().unwrap(), id.to_string());
}

#[tokio::test]
async fn a_task_that_is_gone_is_explained_by_its_record() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let task = bench.task("web", 1).await;
    let task = bench.control.view().task(task).unwrap().clone();
    let record = TaskRecord {
        id: TaskId::new(99),
        meta: Default::default(),
        made_at: seconds(10),
        service: task.service,
        service_name: "web".into(),
        spec_version: 1,
        image: "web:1".into(),
        slot: 2,
        node: Some(NodeId::new(7)),
        node_name: "one".into(),
        desired: TaskState::Shutdown,
        status: TaskStatus {
            state: TaskState::Rejected,
            error: "No such image: web:1".into(),
            ..TaskStatus::default()
        },
        timeline: [(TaskState::Assigned, seconds(11)), (TaskState::Rejected, seconds(12))].into(),
        dismissed: None,
    };
    bench.write(vec![Change::Create(record.into())]).await;
    let why = bench.get(&format!("/why/{}", TaskId::new(99))).await.json();
    assert_eq!((why["Name"].as_str(), why["Reason"].as_str()), (Some("web.2"), Some("No such image: web:1")));
    assert!(why["Next"].as_str().unwrap().contains("gone"), "{why}");
    assert_eq!(
        bench.get("/why/nothing").await.message(),
        (404, "no such task, service or stack: nothing".into())
    );
}

#[tokio::test]
async fn a_task_that_was_stopped_says_what_ended_it() {
    let bench = Bench::manager().await;
    bench.service("web").await;
    let id = bench.task("web", 1).await;
    let task = Task::clone(bench.control.view().task(id).unwrap());
    let dismissed = Some(Dismissal { at: seconds(30), why: "its node one is drained".into() }.into());
    let task = Task { desired: TaskState::Shutdown, dismissed, ..task };
    bench.write(vec![update(task)]).await;
    let reason = bench.get(&format!("/why/{id}")).await.json()["Reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "it is being stopped: its node one is drained");

    let status = TaskStatus { state: TaskState::Shutdown, at: seconds(40), ..TaskStatus::default() };
    let task = Task::clone(bench.control.view().task(id).unwrap());
    bench.write(vec![update(Task { status, ..task })]).await;
    let why = bench.get(&format!("/why/{id}")).await.json();
    assert_eq!(why["Reason"], "it was stopped: its node one is drained");
    let chain: Vec<&str> =
        why["Chain"].as_array().unwrap().iter().map(|link| link["What"].as_str().unwrap()).collect();
    let [.., before, last] = chain[..] else { panic!("{chain:?}") };
    assert_eq!(before, "wants the task no more: its node one is drained");
    assert!(last.starts_with("the container was stopped"), "{chain:?}");

    let next = bench.task("web", 2).await;
    let task = Task::clone(bench.control.view().task(next).unwrap());
    let restarts = Some(RestartHistory { replaces: Some(id), ..RestartHistory::default() }.into());
    bench.write(vec![update(Task { restarts, ..task })]).await;
    let why = bench.get(&format!("/why/{next}")).await.json();
    let made = why["Chain"][1]["What"].as_str().unwrap();
    assert!(
        made.ends_with(&format!("in place of {id}, which was to end: its node one is drained")),
        "{made}"
    );
}
