//! The swarm itself.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use skep_manager::{GivenRoot, Rotation};
use skep_rest::{Swarm, SwarmInit, SwarmJoin, SwarmSpec, SwarmUnlockKey};

use super::service_change::version;
use crate::api::Api;
use crate::body::JsonBody;
use crate::host::SwarmState;
use crate::incoming::Incoming;
use crate::params::Params;
use crate::refusal::Refusal;

/// `GET /swarm`.
pub(crate) async fn inspect(State(api): State<Api>) -> Result<Json<Swarm>, Refusal> {
    let view = api.reading().await?.view();
    let cluster = view.cluster().ok_or_else(not_there)?;
    Ok(Json(Swarm::from(&**cluster)))
}

/// `POST /swarm/init`.
pub(crate) async fn init(
    State(api): State<Api>,
    JsonBody(request): JsonBody<SwarmInit>,
) -> Result<Json<String>, Refusal> {
    let node = api.host.swarm_init(request).await?;
    api.events.enter_swarm(&api.env).await;
    Ok(Json(node))
}

/// `POST /swarm/join`.
pub(crate) async fn join(
    State(api): State<Api>,
    JsonBody(request): JsonBody<SwarmJoin>,
) -> Result<StatusCode, Refusal> {
    api.host.swarm_join(request).await?;
    api.events.enter_swarm(&api.env).await;
    Ok(StatusCode::OK)
}

/// `POST /swarm/update?version=&rotateWorkerToken=&rotateManagerToken=&rotateManagerUnlockKey=`.
pub(crate) async fn update(
    State(api): State<Api>,
    params: Params,
    JsonBody(spec): JsonBody<SwarmSpec>,
) -> Result<StatusCode, Refusal> {
    let managing = api.reading().await?;
    let view = managing.view();
    let cluster = view.cluster().ok_or_else(not_there)?;
    let root = spec.signing_root()?.map(|(certificate_pem, key_pem)| GivenRoot { certificate_pem, key_pem });
    let rotation = Rotation {
        worker_token: params.flag("rotateWorkerToken"),
        manager_token: params.flag("rotateManagerToken"),
        root,
        unlock_key: params.flag("rotateManagerUnlockKey"),
    };
    spec.supported()?;
    let spec = spec.applied(cluster.spec.clone());
    managing.control.update_cluster(version(&params, "swarm")?, spec, rotation).await?;
    Ok(StatusCode::OK)
}

/// `GET /swarm/unlockkey`.
pub(crate) async fn unlock_key(State(api): State<Api>) -> Result<Json<SwarmUnlockKey>, Refusal> {
    let key = api.reading().await?.control.unlock_key();
    Ok(Json(SwarmUnlockKey { unlock_key: key.0 }))
}

/// `POST /swarm/unlock`.
pub(crate) async fn unlock(
    State(api): State<Api>,
    JsonBody(request): JsonBody<SwarmUnlockKey>,
) -> Result<StatusCode, Refusal> {
    if !matches!(api.host.swarm(), SwarmState::Locked) {
        // Who is no manager is told that first, as by Docker.
        api.managing()?;
    }
    api.host.swarm_unlock(request.unlock_key).await?;
    api.events.enter_swarm(&api.env).await;
    Ok(StatusCode::OK)
}

fn not_there() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Manager is being prepared: the swarm's own record is not there yet. Try again in a moment.",
    )
}

/// `GET /swarm/backup`: the whole state with its secrets, as `POST /swarm/restore` takes it. Not a call of Docker's.
pub(crate) async fn backup(State(api): State<Api>) -> Result<Response, Refusal> {
    let backup = api.reading().await?.control.backup();
    let backup =
        backup.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], backup).into_response())
}

/// `POST /swarm/restore?advertiseAddr=`. Not a call of Docker's.
pub(crate) async fn restore(
    State(api): State<Api>,
    params: Params,
    body: Body,
) -> Result<Json<String>, Refusal> {
    let body = Incoming::new(body);
    let advertise = params.get("advertiseAddr").unwrap_or_default();
    let restored = api.host.swarm_restore(body.upload(), advertise).await.map_err(Refusal::from);
    Ok(Json(body.settle(restored).await?))
}

/// `POST /swarm/leave`.
pub(crate) async fn leave(State(api): State<Api>, params: Params) -> Result<StatusCode, Refusal> {
    api.host.swarm_leave(params.flag("force")).await?;
    Ok(StatusCode::OK)
}
