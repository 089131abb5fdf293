//! Why something is as it is.

use axum::Json;
use axum::extract::{Path, State};
use skep_rest::Why;

use crate::api::Api;
use crate::refusal::Refusal;
use crate::why::explain;

/// `GET /why/{name}`.
pub(crate) async fn why(State(api): State<Api>, Path(reference): Path<String>) -> Result<Json<Why>, Refusal> {
    let view = api.reading().await?.view();
    Ok(Json(explain(&view, &reference, api.env.now())?))
}
