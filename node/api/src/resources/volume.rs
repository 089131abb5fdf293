//! Volumes of this node.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use skep_rest::{Volume, VolumeCreate, Volumes, VolumesPruned};

use crate::api::Api;
use crate::body::JsonBody;
use crate::filters::{Filters, fits_part};
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["dangling", "driver", "label", "name"];
const PRUNE_FILTERS: &[&str] = &["all", "label", "label!"];
/// Says that nobody named a volume.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// `GET /volumes`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Volumes>, Refusal> {
    let filters = params.filters(FILTERS)?;
    filters.plain("name")?;
    let dangling = filters.switch("dangling")?;
    let fits = |(volume, used): &(Volume, bool)| {
        dangling.is_none_or(|dangling| dangling != *used)
            && filters.any("driver", |driver| driver == volume.driver)
            && filters.any("name", |name| fits_part(name, &volume.name))
            && filters.labels("label", &volume.labels.clone().unwrap_or_default())
    };
    let found = api.host.volumes().into_iter().filter(fits).map(|(volume, _)| volume);
    Ok(Json(Volumes { volumes: Some(found.collect()), warnings: None }))
}

/// `GET /volumes/{name}`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Volume>, Refusal> {
    let found = api.host.volumes().into_iter().find(|(volume, _)| volume.name == name);
    found
        .map(|(volume, _)| Json(volume))
        .ok_or_else(|| Refusal::not_found(format!("get {name}: no such volume")))
}

/// `POST /volumes/create`.
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(request): JsonBody<VolumeCreate>,
) -> Result<(StatusCode, Json<Volume>), Refusal> {
    request.refuse_unknown()?;
    Ok((StatusCode::CREATED, Json(api.host.volume_create(request).await?)))
}

/// `DELETE /volumes/{name}?force=`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(name): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    api.host.volume_remove(&name, params.flag("force")).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /volumes/prune`: what no container has and nobody named goes; with the filter `all` what was named, too.
pub(crate) async fn prune(State(api): State<Api>, params: Params) -> Result<Json<VolumesPruned>, Refusal> {
    let filters = params.filters(PRUNE_FILTERS)?;
    let all = filters.switch("all")?.unwrap_or_default();
    let unused = api.host.volumes().into_iter().filter(|(_, used)| !used);
    let wanted = unused.filter(|(volume, _)| goes(volume, all, &filters)).map(|(volume, _)| volume.name);
    let (names, space_reclaimed) = api.host.volumes_prune(wanted.collect()).await?;
    Ok(Json(VolumesPruned { volumes_deleted: Some(names), space_reclaimed }))
}

fn goes(volume: &Volume, all: bool, filters: &Filters) -> bool {
    let labels = volume.labels.clone().unwrap_or_default();
    (all || labels.contains_key(ANONYMOUS))
        && filters.labels("label", &labels)
        && (filters.values("label!").is_none() || !filters.labels("label!", &labels))
}
