//! Secrets and configs: the same calls, but that nobody sees a secret's content.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use skep_manager::ContentKind;
use skep_model::{ConfigId, SecretId, SecretSpec};
use skep_rest::{Held, HeldCreated, HeldRotate, HeldRotated, HeldSpec};

use super::service_change::version;
use crate::api::Api;
use crate::body::JsonBody;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["id", "name", "names", "label"];

/// Which of the two, and how it is shown.
pub(crate) trait Shown: ContentKind {
    fn shown(held: &skep_model::Held<Self>) -> Held;
}

impl Shown for SecretId {
    fn shown(held: &skep_model::Held<Self>) -> Held {
        Held::secret(held)
    }
}

impl Shown for ConfigId {
    fn shown(held: &skep_model::Held<Self>) -> Held {
        Held::config(held)
    }
}

/// `GET /secrets` and `GET /configs`.
pub(crate) async fn list<I: Shown>(
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Vec<Held>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    let view = api.reading().await?.view();
    let fits = |held: &Held| {
        filters.prefix("id", &held.id)
            && filters.prefix("name", &held.spec.name)
            && filters.any("names", |name| name == held.spec.name)
            && held.spec.labels.as_ref().is_none_or(|labels| filters.labels("label", labels))
    };
    Ok(Json(I::all(&view).map(|held| I::shown(held)).filter(fits).collect()))
}

/// `GET /secrets/{id}` and `GET /configs/{id}`.
pub(crate) async fn inspect<I: Shown>(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<Json<Held>, Refusal> {
    let view = api.reading().await?.view();
    Ok(Json(I::shown(I::find(&view, &reference)?)))
}

/// `POST /secrets/create` and `POST /configs/create`.
pub(crate) async fn create<I: Shown>(
    State(api): State<Api>,
    JsonBody(spec): JsonBody<HeldSpec>,
) -> Result<(StatusCode, Json<HeldCreated>), Refusal> {
    let managing = api.managing()?;
    let id: I = managing.control.create_content(SecretSpec::try_from(&spec)?, spec.content()?).await?;
    Ok((StatusCode::CREATED, Json(HeldCreated { id: id.to_string() })))
}

/// `POST /secrets/{id}/update?version=` and `POST /configs/{id}/update?version=`: labels alone change.
pub(crate) async fn update<I: Shown>(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
    JsonBody(spec): JsonBody<HeldSpec>,
) -> Result<StatusCode, Refusal> {
    let version = version(&params, I::KIND.word())?;
    let reading = api.reading().await?;
    let view = reading.view();
    let held = I::find(&view, &reference)?;
    // Docker's client sends the content that it read along.
    if spec.data.is_some() && held.content(held.latest()) != Some(&spec.content()?) {
        let kind = I::KIND.word();
        let text = format!(
            "only updates to Labels are allowed; another content is given by POST /{kind}s/{{id}}/rotate"
        );
        return Err(Refusal::malformed(text));
    }
    let id = held.id.to_string();
    reading.control.update_content::<I>(&id, Some(version), SecretSpec::try_from(&spec)?).await?;
    Ok(StatusCode::OK)
}

/// `POST /secrets/{id}/rotate?version=` and `POST /configs/{id}/rotate?version=`: another content, to which the services that use
/// it are brought. Docker has no such call.
pub(crate) async fn rotate<I: Shown>(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
    JsonBody(request): JsonBody<HeldRotate>,
) -> Result<Json<HeldRotated>, Refusal> {
    let version = match params.get("version") {
        Some(_) => Some(version(&params, I::KIND.word())?),
        None => None,
    };
    let control = api.reading().await?.control;
    let done = control.rotate_content::<I>(&reference, version, request.content()?).await?;
    Ok(Json(HeldRotated { content_version: done.version, services: done.services }))
}

/// `DELETE /secrets/{id}` and `DELETE /configs/{id}`.
pub(crate) async fn remove<I: Shown>(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.reading().await?.control.remove_content::<I>(&reference).await?;
    Ok(StatusCode::NO_CONTENT)
}
