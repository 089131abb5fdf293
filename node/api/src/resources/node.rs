//! Nodes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use skep_model::NodeState;
use skep_rest::{ManagerStatus, Node, NodeSpec};

use super::service_change::version;
use crate::api::{Api, Managing};
use crate::body::JsonBody;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["id", "name", "label", "node.label", "role", "membership"];

/// `GET /nodes`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<Node>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    let managing = api.reading().await?;
    let view = managing.view();
    let fits = |node: &&std::sync::Arc<skep_model::Node>| {
        filters.prefix("id", &node.id.to_string())
            && filters.prefix("name", &node.description.hostname)
            && filters.labels("label", &node.description.engine_labels)
            && filters.labels("node.label", &node.spec.labels)
            && filters.any("role", |role| role == node.spec.role.to_string())
            && filters.any("membership", |membership| membership == "accepted")
    };
    Ok(Json(view.nodes().filter(fits).map(|node| shown(&managing, node)).collect()))
}

/// `GET /nodes/{id}`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<Json<Node>, Refusal> {
    let managing = api.reading().await?;
    let view = managing.view();
    Ok(Json(shown(&managing, view.find_node(&reference)?)))
}

/// `POST /nodes/{id}/update?version=`.
pub(crate) async fn update(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
    JsonBody(spec): JsonBody<NodeSpec>,
) -> Result<StatusCode, Refusal> {
    let managing = api.reading().await?;
    let version = version(&params, "node")?;
    managing.control.update_node(&reference, version, spec.try_into()?).await?;
    Ok(StatusCode::OK)
}

/// `DELETE /nodes/{id}?force=`.
pub(crate) async fn remove(
    State(api): State<Api>,
    Path(reference): Path<String>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    api.reading().await?.control.remove_node(&reference, params.flag("force")).await?;
    Ok(StatusCode::OK)
}

fn shown(managing: &Managing, node: &skep_model::Node) -> Node {
    let leader = managing.leader == Some(node.id);
    let manager_status = node.manager.as_ref().map(|manager| ManagerStatus {
        leader,
        reachability: match node.status.state {
            // A leader is reached by a majority, whatever its own agent says.
            _ if leader => "reachable",
            // It joins, and does not count yet: with another one gone there may be no majority.
            NodeState::Ready if !managing.voters.contains(&manager.raft_id) => "unknown",
            NodeState::Ready => "reachable",
            NodeState::Down | NodeState::Disconnected => "unreachable",
            NodeState::Unknown => "unknown",
        }
        .to_owned(),
        addr: manager.address.clone(),
    });
    Node { manager_status, ..Node::from(node) }
}
