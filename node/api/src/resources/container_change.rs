//! What is done to single containers of this node.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures::stream;
use skep_model::PlainSpec;
use skep_rest::{ContainerCreate, ContainerCreated, ContainersPruned, ExitResult};

use crate::api::Api;
use crate::body::{JsonBody, json_line, streamed};
use crate::host::WaitCondition;
use crate::moment::parse_moment;
use crate::params::Params;
use crate::refusal::Refusal;

const PRUNE_FILTERS: &[&str] = &["label", "until"];

/// `POST /containers/create`.
pub(crate) async fn create(
    State(api): State<Api>,
    params: Params,
    JsonBody(body): JsonBody<ContainerCreate>,
) -> Result<(StatusCode, Json<ContainerCreated>), Refusal> {
    if let Some(platform) = params.get("platform") {
        return Err(Refusal::unsupported(format!("choosing a platform (platform={platform})")));
    }
    let spec = PlainSpec::try_from(body)?;
    let id = api.host.container_create(params.get("name"), &spec).await?;
    Ok((StatusCode::CREATED, Json(ContainerCreated { id, warnings: Vec::new() })))
}

/// `POST /containers/{id}/start`.
pub(crate) async fn start(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    if let Some(checkpoint) = params.get("checkpoint") {
        return Err(Refusal::unsupported(format!("starting from a checkpoint ({checkpoint})")));
    }
    Ok(changed(api.host.container_start(&reference).await?))
}

/// `POST /containers/{id}/stop`.
pub(crate) async fn stop(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let grace = grace(&params)?;
    Ok(changed(api.host.container_stop(&reference, grace).await?))
}

/// `POST /containers/{id}/restart`.
pub(crate) async fn restart(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let grace = grace(&params)?;
    api.host.container_restart(&reference, grace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /containers/{id}/kill`.
pub(crate) async fn kill(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    api.host.container_kill(&reference, params.get("signal").unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /containers/{id}/wait`: the answer begins at once, so that a client knows that it is waited for.
pub(crate) async fn wait(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<Response, Refusal> {
    let condition = match params.get("condition") {
        None | Some("not-running") => WaitCondition::NotRunning,
        Some("next-exit") => WaitCondition::NextExit,
        Some("removed") => WaitCondition::Removed,
        Some(other) => return Err(Refusal::malformed(format!("invalid condition: \"{other}\""))),
    };
    let ended = api.host.container_wait(&reference, condition)?;
    let answer = async move {
        let status_code = ended.await;
        json_line(&ExitResult { status_code })
    };
    let shutdown = Box::pin(api.shutdown.clone().cancelled_owned());
    Ok(streamed("application/json", futures::StreamExt::take_until(stream::once(answer), shutdown)))
}

/// `POST /containers/{id}/resize`.
pub(crate) async fn resize(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let size = |key: &str| {
        let text = params.get(key).unwrap_or_default();
        let wrong = |_| Refusal::malformed(format!("invalid value '{text}' for {key}: use a number"));
        text.parse::<u16>().map_err(wrong)
    };
    api.host.container_resize(&reference, size("h")?, size("w")?).await?;
    Ok(StatusCode::OK)
}

/// `DELETE /containers/{id}`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    params.refuse("link", "removing links (link=1)")?;
    api.host.container_remove(&reference, params.flag("force")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /containers/prune`.
pub(crate) async fn prune(State(api): State<Api>, params: Params) -> Result<Json<ContainersPruned>, Refusal> {
    let filters = params.filters(PRUNE_FILTERS)?;
    let until = filters.values("until").and_then(|all| all.first().cloned());
    let until = until.map(|text| parse_moment("until", &text, api.env.now())).transpose()?;
    let wanted = api.host.containers().into_iter().filter(|container| {
        let age = until.is_none_or(|until| container.created < seconds(until.as_nanos()));
        age && filters.labels("label", &container.labels)
    });
    let wanted = wanted.map(|container| container.id).collect();
    let removed = api.host.containers_prune(wanted).await?;
    let containers_deleted = (!removed.is_empty()).then_some(removed);
    Ok(Json(ContainersPruned { containers_deleted, space_reclaimed: 0 }))
}

fn seconds(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX)
}

/// 304 says that it was so already.
fn changed(changed: bool) -> StatusCode {
    if changed { StatusCode::NO_CONTENT } else { StatusCode::NOT_MODIFIED }
}

/// Seconds between the stop signal and SIGKILL; -1 is as long as it takes.
fn grace(params: &Params) -> Result<Option<Duration>, Refusal> {
    if let Some(signal) = params.get("signal") {
        return Err(Refusal::unsupported(format!("another stop signal for one stop (signal={signal})")));
    }
    match params.get("t") {
        None => Ok(None),
        Some("-1") => Ok(Some(skep_model::limits::STOP_GRACE_MAX)),
        Some(text) => text.parse().map(|seconds| Some(Duration::from_secs(seconds))).map_err(|_| {
            Refusal::malformed(format!("invalid value '{text}' for t: use a number of seconds"))
        }),
    }
}
