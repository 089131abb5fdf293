//! Networks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use skep_rest::{Network, NetworkCreate, NetworkCreated, NetworksPruned};

use super::network_members::Members;
use crate::api::Api;
use crate::body::JsonBody;
use crate::filters::fits_part;
use crate::host::SwarmState;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["id", "name", "label", "driver", "scope", "type"];
const PRUNE_FILTERS: &[&str] = &["label", "label!"];

/// `GET /networks`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<Network>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    filters.plain("name")?;
    if matches!(api.host.swarm(), SwarmState::Inactive) {
        // Every network is the swarm's.
        return Ok(Json(Vec::new()));
    }
    let view = api.reading().await?.view();
    let fits = |network: &Network| {
        filters.prefix("id", &network.id)
            && filters.any("name", |name| fits_part(name, &network.name))
            && filters.labels("label", &network.labels)
            && filters.any("driver", |driver| driver == network.driver)
            && filters.any("scope", |scope| scope == network.scope)
            && filters.any("type", |kind| kind == if network.ingress { "builtin" } else { "custom" })
    };
    Ok(Json(view.networks().map(|network| Network::from(&**network)).filter(fits).collect()))
}

/// `GET /networks/{id}?verbose=`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<Json<Network>, Refusal> {
    if matches!(api.host.swarm(), SwarmState::Inactive) {
        return Err(Refusal::not_found(format!("network {reference} not found")));
    }
    let reading = api.reading().await?;
    let view = reading.view();
    let network = view.find_network(&reference)?;
    let members = Members { view: &view, network };
    let mut shown = Network::from(&**network);
    shown.peers = members.peers();
    shown.containers = members.containers(reading.node, |task| api.host.task_container(task));
    if params.flag("verbose") {
        shown.services = Some(members.services());
    }
    Ok(Json(shown))
}

/// `POST /networks/create`.
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(request): JsonBody<NetworkCreate>,
) -> Result<(StatusCode, Json<NetworkCreated>), Refusal> {
    let managing = api.managing()?;
    if matches!(request.name.as_str(), "host" | "bridge" | "none") {
        let message = format!("operation is not permitted on predefined {} network", request.name);
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    let id = managing.control.create_network(request.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(NetworkCreated { id: id.to_string(), warning: String::new() })))
}

/// `DELETE /networks/{id}`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.reading().await?.control.remove_network(&reference).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /networks/prune`: what nothing uses goes, but for networks of stacks, which come and go with their stack.
pub(crate) async fn prune(State(api): State<Api>, params: Params) -> Result<Json<NetworksPruned>, Refusal> {
    let filters = params.filters(PRUNE_FILTERS)?;
    if matches!(api.host.swarm(), SwarmState::Inactive) {
        return Ok(Json(NetworksPruned::default()));
    }
    let wanted = |network: &skep_model::Network| {
        let labels = &network.spec.labels;
        filters.labels("label", labels)
            && (filters.values("label!").is_none() || !filters.labels("label!", labels))
    };
    let names = api.reading().await?.control.prune_networks(wanted).await?;
    Ok(Json(NetworksPruned { networks_deleted: Some(names).filter(|names| !names.is_empty()) }))
}
