//! Commands in containers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use skep_model::{CallPiece, ExecSpec, TaskState};
use skep_rest::{ExecCreate, ExecCreated, ExecInspect, ExecProcess, ExecStart};

use super::task::find_task;
use crate::api::Api;
use crate::body::JsonBody;
use crate::exec::{Exec, Target, carry, drain};
use crate::host::SwarmState;
use crate::logs::taken_over;
use crate::params::Params;
use crate::refusal::Refusal;

const RAW: &str = "application/vnd.docker.raw-stream";
const MULTIPLEXED: &str = "application/vnd.docker.multiplexed-stream";

/// `POST /containers/{id}/exec`.
pub(crate) async fn create(
    State(api): State<Api>,
    Path(reference): Path<String>,
    JsonBody(body): JsonBody<ExecCreate>,
) -> Result<(StatusCode, Json<ExecCreated>), Refusal> {
    let container = api.host.container(&reference)?;
    let spec = ExecSpec::try_from(body)?;
    if !container.state.running {
        let message = format!("container {} is not running", container.id);
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    Ok(made(&api, Target::Here(container.id), spec))
}

/// `POST /tasks/{id}/exec`: in a task's container, wherever it is. Docker has no such call.
pub(crate) async fn create_in_task(
    State(api): State<Api>,
    Path(reference): Path<String>,
    JsonBody(body): JsonBody<ExecCreate>,
) -> Result<(StatusCode, Json<ExecCreated>), Refusal> {
    let view = api.reading().await?.view();
    let task = find_task(&view, &reference)?;
    let spec = ExecSpec::try_from(body)?;
    let state = task.status.state;
    let node = task.node.filter(|_| matches!(state, TaskState::Starting | TaskState::Running));
    let Some(node) = node else {
        let message = format!("task {} is {state}: it has no container that runs", task.id);
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    };
    let here = matches!(api.host.swarm(), SwarmState::Member(own) if own.node == node);
    let target = match api.host.task_container(task.id) {
        Some(container) => Target::Here(container),
        None if here => return Err(Refusal::not_found(format!("task {} has no container", task.id))),
        None => Target::There(node, task.id),
    };
    Ok(made(&api, target, spec))
}

fn made(api: &Api, target: Target, spec: ExecSpec) -> (StatusCode, Json<ExecCreated>) {
    let random = api.env.random();
    let id = format!("{:032x}{:032x}", random.id(), random.id());
    api.execs.add(id.clone(), target, spec);
    (StatusCode::CREATED, Json(ExecCreated { id }))
}

/// `POST /exec/{id}/start`: the client takes the connection over, or does not watch.
pub(crate) async fn start(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let exec = api.execs.find(&id)?;
    let (mut parts, body) = request.into_parts();
    let taken = parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    let wants = parts.headers.contains_key(header::UPGRADE);
    let JsonBody(wish) = JsonBody::<ExecStart>::read(body).await?;
    if !wish.detach && !wants {
        let message = "a command that is watched goes over a connection that the client takes over: send \"Upgrade: tcp\"";
        return Err(Refusal::malformed(message));
    }
    let line = exec.start(&api).await?;
    if let Some([rows, columns]) = wish.console_size.filter(|_| exec.spec.tty) {
        // It may have ended.
        let _ = line.said.send(CallPiece::Resize { rows, columns }).await;
    }
    let Some(taken) = taken.filter(|_| !wish.detach) else {
        api.env.spawn("exec", async move { drain(&exec, line.heard).await }).detach();
        return Ok(StatusCode::OK.into_response());
    };
    let kind = if exec.spec.tty { RAW } else { MULTIPLEXED };
    let shutdown = api.shutdown.clone();
    let carrying = async move {
        let carried = async {
            match taken.await {
                Ok(connection) => carry(exec, line, TokioIo::new(connection)).await,
                Err(error) => tracing::debug!(%error, "a client did not take its connection over"),
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = carried => {}
        }
    };
    api.env.spawn("exec", carrying).detach();
    Ok(taken_over(kind))
}

/// `GET /exec/{id}/json`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<ExecInspect>, Refusal> {
    Ok(Json(shown(&api.execs.find(&id)?)))
}

/// `POST /exec/{id}/resize?h=&w=`.
pub(crate) async fn resize(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let exec = api.execs.find(&id)?;
    let number = |key: &str| {
        let text = params.get(key).unwrap_or_default();
        text.parse()
            .map_err(|_| Refusal::malformed(format!("invalid value '{text}' for {key}: use a number")))
    };
    let (rows, columns) = (number("h")?, number("w")?);
    if let Some(said) = exec.said() {
        // It may have ended.
        let _ = said.send(CallPiece::Resize { rows, columns }).await;
    }
    Ok(StatusCode::OK)
}

fn shown(exec: &Arc<Exec>) -> ExecInspect {
    let (program, arguments) = match exec.spec.command.command.as_slice() {
        [program, arguments @ ..] => (program.clone(), arguments.to_vec()),
        [] => Default::default(),
    };
    let container_id = match &exec.target {
        Target::Here(container) => container.clone(),
        Target::There(..) => String::new(),
    };
    ExecInspect {
        id: exec.id.clone(),
        running: exec.is_running(),
        exit_code: exec.exit_code(),
        container_id,
        process_config: ExecProcess { tty: exec.spec.tty, entrypoint: program, arguments },
        open_stdin: exec.spec.stdin,
    }
}
