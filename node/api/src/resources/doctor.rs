//! What is wrong with the swarm. Not Docker's.

use axum::Json;
use axum::extract::State;
use skep_rest::Diagnosis;

use crate::api::Api;
use crate::refusal::Refusal;

/// `GET /doctor`: looks now, at all nodes and between them; takes up to ten seconds. Also on a worker, and outside a swarm, where
/// this host alone is looked at.
pub(crate) async fn check(State(api): State<Api>) -> Result<Json<Diagnosis>, Refusal> {
    Ok(Json(api.host.doctor(false).await?.into()))
}

/// `POST /doctor`: the same, and every node mends what it can of its own network; on managers alone.
pub(crate) async fn repair(State(api): State<Api>) -> Result<Json<Diagnosis>, Refusal> {
    Ok(Json(api.host.doctor(true).await?.into()))
}
