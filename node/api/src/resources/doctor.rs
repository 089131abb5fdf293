//! What is wrong with the swarm. Not Docker's.

use axum::Json;
use axum::extract::State;
use skep_model::Inquiry;
use skep_rest::Diagnosis;

use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;

/// `GET /doctor`: looks now, at all nodes and between them; takes up to ten seconds. Also on a worker, and outside a swarm, where
/// this host alone is looked at. With `recall=1` nobody looks: what nodes noted of the ways between them by themselves, at once.
pub(crate) async fn check(State(api): State<Api>, params: Params) -> Result<Json<Diagnosis>, Refusal> {
    let inquiry = if params.flag("recall") { Inquiry::Recall } else { Inquiry::Look };
    Ok(Json(api.host.doctor(inquiry).await?.into()))
}

/// `POST /doctor`: the same, and every node mends what it can of its own network; on managers alone.
pub(crate) async fn repair(State(api): State<Api>) -> Result<Json<Diagnosis>, Refusal> {
    Ok(Json(api.host.doctor(Inquiry::Repair).await?.into()))
}
