//! Containers of this node.

use axum::Json;
use axum::extract::{Path, State};
use skep_rest::{ContainerInspect, ContainerSummary};

use super::container_filters::ContainerFilters;
use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;

/// `GET /containers/json`.
pub(crate) async fn list(
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Vec<ContainerSummary>>, Refusal> {
    let filters = ContainerFilters::of(&params)?;
    params.refuse("size", "the size of containers (size=1)")?;
    let limit = limit(&params)?;
    let all = params.flag("all") || limit.is_some() || filters.ask_for_states();
    let shown = |container: &ContainerSummary| {
        (all || matches!(container.state.as_str(), "running" | "paused")) && filters.fit(container)
    };
    let found = api.host.containers().into_iter().filter(shown).take(limit.unwrap_or(usize::MAX));
    Ok(Json(found.collect()))
}

/// `GET /containers/{id}/json`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<Json<ContainerInspect>, Refusal> {
    Ok(Json(api.host.container(&reference)?))
}

/// How many of the newest; 0 and -1 are all, as with Docker.
fn limit(params: &Params) -> Result<Option<usize>, Refusal> {
    match params.get("limit") {
        None | Some("0" | "-1") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Refusal::malformed(format!("invalid value '{text}' for limit: use a number"))),
    }
}
