//! The calls that read logs.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use skep_model::{NODE_ID_LABEL, SERVICE_ID_LABEL, TASK_ID_LABEL, Task};

use super::answer::LogForm;
use super::merge::{Merge, Source};
use super::newcomers::{self, Newcomers};
use super::request::LogRequest;
use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::resources::task::find_task;
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
    let task = find_task(&view, &reference)?;
    let request = LogRequest::new(&params, api.env.now())?;
    let Some(source) = newcomers::open(&api, &view, task, request.options).await else {
        let state = task.status.state;
        return Err(Refusal::not_found(format!("task {} is {state} and has no log", task.id)));
    };
    let terminal = view.task_spec(task).is_some_and(|spec| spec.task.container.tty);
    let form = LogForm { request, version, terminal };
    Ok(form.answer(&api, Merge::ending(vec![source])))
}

/// `GET /services/{id}/logs`: of the service's tasks on all nodes.
pub(crate) async fn service(
    State(api): State<Api>,
    Path(reference): Path<String>,
    Extension(version): Extension<ApiVersion>,
    params: Params,
) -> Result<Response, Refusal> {
    let managing = api.reading().await?;
    let view = managing.view();
    let service = view.find_service(&reference)?;
    let (service, terminal) = (service.id, service.spec.task.container.tty);
    let request = LogRequest::new(&params, api.env.now())?;
    let mut newcomers = Newcomers::new(api.clone(), managing.control, service, request.options);
    let sources = newcomers.look().await;
    let merge = match request.options.follow {
        true => Merge::live(sources, newcomers.later()),
        false => Merge::ending(sources),
    };
    Ok(LogForm { request, version, terminal }.answer(&api, merge))
}

/// What `details` says of each line of a task; clients find the task's name by it.
pub(super) fn attributes(task: &Task) -> String {
    let node = task.node.map(|node| node.to_string()).unwrap_or_default();
    format!("{NODE_ID_LABEL}={node},{SERVICE_ID_LABEL}={},{TASK_ID_LABEL}={}", task.service, task.id)
}
