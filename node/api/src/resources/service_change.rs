//! Services, to make, change and remove.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use skep_rest::{ServiceCreated, ServiceSpec, ServiceUpdated};

use super::port::check_ports;
use crate::api::Api;
use crate::body::JsonBody;
use crate::params::Params;
use crate::refusal::Refusal;

/// `POST /services/create`.
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(spec): JsonBody<ServiceSpec>,
) -> Result<(StatusCode, Json<ServiceCreated>), Refusal> {
    let managing = api.managing()?;
    let spec = skep_model::ServiceSpec::try_from(spec)?;
    check_ports(&*api.host, &managing.view(), [&spec])?;
    let id = managing.control.create_service(spec).await?;
    Ok((StatusCode::CREATED, Json(ServiceCreated { id: id.to_string(), warnings: Vec::new() })))
}

/// `POST /services/{id}/update?version=`; `rollback=previous` takes the spec before instead of the body's.
pub(crate) async fn update(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
    JsonBody(spec): JsonBody<ServiceSpec>,
) -> Result<Json<ServiceUpdated>, Refusal> {
    let managing = api.reading().await?;
    let version = version(&params, "service")?;
    let view = managing.view();
    let service = view.find_service(&reference)?;
    let id = service.id.to_string();
    match params.get("rollback") {
        None => {
            let spec = skep_model::ServiceSpec::try_from(spec)?;
            check_ports(&*api.host, &view, [&spec])?;
            managing.control.update_service(&id, Some(version), spec).await?;
        }
        Some("previous") => {
            check_ports(&*api.host, &view, service.previous_spec.as_deref())?;
            managing.control.rollback_service(&id, Some(version)).await?;
        }
        Some(other) => {
            return Err(Refusal::malformed(format!("invalid value '{other}' for rollback: use previous")));
        }
    }
    Ok(Json(ServiceUpdated::default()))
}

/// `DELETE /services/{id}`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.reading().await?.control.remove_service(&reference).await?;
    Ok(StatusCode::OK)
}

/// The version of the object that was read before.
pub(crate) fn version(params: &Params, object: &str) -> Result<u64, Refusal> {
    let text = params.get("version").unwrap_or_default();
    text.parse().map_err(|_| {
        Refusal::malformed(format!(
            "invalid {object} version '{text}': read the {object} and send its Version.Index as ?version="
        ))
    })
}
