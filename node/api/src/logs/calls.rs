//! The calls that read logs.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, http::StatusCode};
use serde_json::Value;
use skep_model::Task;
use skep_store::View;

use super::answer::LogForm;
use super::merge::{Merge, Source};
use super::newcomers::Newcomers;
use super::request::LogRequest;
use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::version::ApiVersion;

/// `GET /containers/{id}/logs`.
pub(crate) async fn container(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
) -> Result<Response, Refusal> {
    let inspected = api.host.container(&reference)?;
    let request = LogRequest::new(&params, api.env.now())?;
    let terminal = inspected.config.get("Tty").and_then(Value::as_bool).unwrap_or_default();
    let lines = api.host.container_logs(&inspected.id, request.options).await?;
    let form = LogForm { request, version, terminal };
    Ok(form.answer(&api, Merge::ending(vec![Source::new("", lines)])))
}

/// `GET /tasks/{id}/logs`.
pub(crate) async fn task(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
) -> Result<Response, Refusal> {
    let view = api.reading().await?.view();
    let task = view.find_task(&reference)?;
    let request = LogRequest::new(&params, api.env.now())?;
    let Some(container) = api.host.task_container(task.id) else {
        return Err(elsewhere(&api, &view, [&**task]).unwrap_or_else(|| {
            Refusal::not_found(format!("task {} has no container on this node, so it has no log", task.id))
        }));
    };
    let lines = api.host.container_logs(&container, request.options).await?;
    let form = LogForm { request, version, terminal: false };
    Ok(form.answer(&api, Merge::ending(vec![Source::new(attributes(task), lines)])))
}

/// `GET /services/{id}/logs`: of the service's tasks on this node.
pub(crate) async fn service(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
) -> Result<Response, Refusal> {
    let managing = api.reading().await?;
    let view = managing.view();
    let service = view.find_service(&reference)?.id;
    let request = LogRequest::new(&params, api.env.now())?;
    let mut newcomers = Newcomers::new(api.clone(), managing.control, service, request.options);
    let sources = newcomers.look().await;
    if sources.is_empty()
        && let Some(refusal) = elsewhere(&api, &view, view.service_tasks(service).map(|task| &**task))
    {
        return Err(refusal);
    }
    let merge = match request.options.follow {
        true => Merge::live(sources, newcomers.later()),
        false => Merge::ending(sources),
    };
    Ok(LogForm { request, version, terminal: false }.answer(&api, merge))
}

/// What `details` says of each line of a task; clients find the task's name by it.
pub(super) fn attributes(task: &Task) -> String {
    let node = task.node.map(|node| node.to_string()).unwrap_or_default();
    format!(
        "com.docker.swarm.node.id={node},com.docker.swarm.service.id={},com.docker.swarm.task.id={}",
        task.service, task.id
    )
}

/// Why nothing can be shown although there may be something: the tasks' containers are on other nodes.
fn elsewhere<'a>(api: &Api, view: &View, tasks: impl IntoIterator<Item = &'a Task>) -> Option<Refusal> {
    let own = match api.host.swarm() {
        crate::host::SwarmState::Member(member) => Some(member.node),
        _ => None,
    };
    let mut nodes = tasks.into_iter().filter_map(|task| task.node).filter(|node| Some(*node) != own);
    let node = nodes.next()?;
    let name = view.node(node).map(|node| node.description.hostname.clone());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| node.to_string());
    let message = format!(
        "the log is on node {name}, and this version of Skep reads logs only on the node where they are: ask the daemon of \
         that node for the container's log"
    );
    Some(Refusal::new(StatusCode::NOT_IMPLEMENTED, message))
}
