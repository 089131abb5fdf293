//! `POST /services/{id}/rebalance?dryRun=`: what Docker lacks.

use axum::Json;
use axum::extract::{Path, State};
use skep_model::NodeId;
use skep_rest::{Rebalanced, TaskMove};

use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;

/// Moves tasks so that the service is spread again, and says which.
pub(crate) async fn rebalance(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<Json<Rebalanced>, Refusal> {
    let managing = api.reading().await?;
    let moves = managing.control.rebalance_service(&reference, params.flag("dryRun")).await?;
    let view = managing.view();
    let host =
        |id: NodeId| view.node(id).map_or_else(|| id.to_string(), |node| node.description.hostname.clone());
    let moves = moves.into_iter().map(|each| TaskMove {
        task_id: each.task.to_string(),
        slot: each.slot,
        from: host(each.from),
        to: host(each.to),
    });
    Ok(Json(Rebalanced { moves: moves.collect() }))
}
