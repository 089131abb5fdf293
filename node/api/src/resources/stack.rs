//! Stacks: what Docker's API lacks.

use axum::Json;
use axum::extract::{Path, State};
use skep_rest::{StackDeploy, StackDeployed, StackInspect, StackRemoved, StackSummary};
use skep_store::View;

use super::port::check_ports;
use crate::api::Api;
use crate::body::JsonBody;
use crate::params::Params;
use crate::refusal::Refusal;

/// `GET /stacks`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<StackSummary>>, Refusal> {
    let filters = params.filters(&["name"])?;
    let view = api.reading().await?.view();
    let names = view.stack_names().into_iter().filter(|name| filters.prefix("name", name));
    Ok(Json(names.map(|name| summary(&view, name)).collect()))
}

/// `GET /stacks/{name}`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<StackInspect>, Refusal> {
    let view = api.reading().await?.view();
    let stack = view.stack_named(&name);
    if stack.is_none() && !view.stack_names().contains(&name) {
        return Err(Refusal::not_found(format!("nothing found in stack: {name}")));
    }
    let summary = summary(&view, name);
    Ok(Json(StackInspect::new(summary, stack.map(|stack| &**stack))))
}

/// `PUT /stacks/{name}`.
pub(crate) async fn deploy(
    State(api): State<Api>,
    Path(name): Path<String>,
    JsonBody(request): JsonBody<StackDeploy>,
) -> Result<Json<StackDeployed>, Refusal> {
    let managing = api.managing()?;
    let prune = request.prune;
    let spec = request.into_spec(&name)?;
    check_ports(&*api.host, &managing.view(), &spec.services)?;
    let done = managing.control.deploy_stack(spec, prune).await?;
    Ok(Json(StackDeployed {
        revision: done.revision,
        created: done.created,
        updated: done.updated,
        unchanged: done.unchanged,
        removed: done.removed,
        networks: done.networks,
    }))
}

/// `DELETE /stacks/{name}`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<StackRemoved>, Refusal> {
    let gone = api.reading().await?.control.remove_stack(&name).await?;
    Ok(Json(StackRemoved { services: gone.services, networks: gone.networks }))
}

fn summary(view: &View, name: String) -> StackSummary {
    StackSummary {
        services: u64::try_from(view.stack_services(&name).len()).unwrap_or(u64::MAX),
        revision: view.stack_named(&name).map_or(0, |stack| stack.revision),
        name,
    }
}
