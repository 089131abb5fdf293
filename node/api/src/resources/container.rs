//! Containers of this node.

use axum::Json;
use axum::extract::{Path, State};
use skep_rest::{ContainerInspect, ContainerSummary};

use crate::api::Api;
use crate::filters::{Filters, fits_part};
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["id", "name", "label", "status", "ancestor"];
const STATES: &[&str] = &["created", "restarting", "running", "removing", "paused", "exited", "dead"];

/// `GET /containers/json`.
pub(crate) async fn list(
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Vec<ContainerSummary>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    filters.plain("name")?;
    params.refuse("size", "the size of containers (size=1)")?;
    check_states(&filters)?;
    let limit = limit(&params)?;
    let all = params.flag("all") || limit.is_some() || filters.values("status").is_some();
    let shown = |container: &ContainerSummary| {
        (all || matches!(container.state.as_str(), "running" | "paused")) && fits(&filters, container)
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

fn check_states(filters: &Filters) -> Result<(), Refusal> {
    let states = filters.values("status");
    match states.and_then(|states| states.iter().find(|state| !STATES.contains(&state.as_str()))) {
        Some(state) => {
            let known = STATES.join(", ");
            Err(Refusal::malformed(format!("invalid filter 'status={state}': use one of {known}")))
        }
        None => Ok(()),
    }
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

fn fits(filters: &Filters, container: &ContainerSummary) -> bool {
    let named = |value: &str| {
        container
            .names
            .iter()
            .any(|name| fits_part(value, name) || fits_part(value, name.trim_start_matches('/')))
    };
    filters.prefix("id", &container.id)
        && filters.any("name", named)
        && filters.labels("label", &container.labels)
        && filters.any("status", |state| state == container.state)
        && filters.any("ancestor", |image| is_image(container, image))
}

fn is_image(container: &ContainerSummary, image: &str) -> bool {
    let digest = container.image_id.trim_start_matches("sha256:");
    let id = image.trim_start_matches("sha256:");
    container.image == image
        || container.image == format!("{image}:latest")
        || (!id.is_empty() && digest.starts_with(id))
}
