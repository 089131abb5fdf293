//! The swarm itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use skep_rest::{Swarm, SwarmInit};

use crate::api::Api;
use crate::body::JsonBody;
use crate::params::Params;
use crate::refusal::Refusal;

/// `GET /swarm`.
pub(crate) async fn inspect(State(api): State<Api>) -> Result<Json<Swarm>, Refusal> {
    let view = api.reading().await?.view();
    let cluster = view.cluster().ok_or_else(|| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Manager is being prepared: the swarm's own record is not there yet. Try again in a moment.",
        )
    })?;
    Ok(Json(Swarm::from(&**cluster)))
}

/// `POST /swarm/init`.
pub(crate) async fn init(
    State(api): State<Api>,
    JsonBody(request): JsonBody<SwarmInit>,
) -> Result<Json<String>, Refusal> {
    Ok(Json(api.host.swarm_init(request).await?))
}

/// `POST /swarm/leave`.
pub(crate) async fn leave(State(api): State<Api>, params: Params) -> Result<StatusCode, Refusal> {
    api.host.swarm_leave(params.flag("force")).await?;
    Ok(StatusCode::OK)
}
