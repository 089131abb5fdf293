//! Which call goes where.

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::routing::{delete, get, post};
use skep_model::{ConfigId, SecretId};

use crate::api::Api;
use crate::incoming::Incoming;
use crate::refusal::Refusal;
use crate::resources::content::Shown;
use crate::resources::{
    container, container_change, content, doctor, exec, image, image_archive, missing, network, node,
    service, service_change, service_rebalance, stack, swarm, system, task, volume, why,
};
use crate::version::negotiate;
use crate::{events, logs};

/// Every call, with and without a version before its path.
pub(crate) fn router(api: Api) -> Router {
    let calls = Router::new()
        .merge(node_calls())
        .merge(swarm_calls())
        .nest("/secrets", content_calls::<SecretId>())
        .nest("/configs", content_calls::<ConfigId>())
        .merge(missing_objects())
        .fallback(no_call)
        .method_not_allowed_fallback(no_call)
        .with_state(api);
    // The version is taken off the path before the inner router looks at it.
    Router::new().fallback_service(calls).layer(middleware::from_fn(negotiate))
}

/// What concerns this node alone.
fn node_calls() -> Router<Api> {
    Router::new()
        .route("/_ping", get(system::ping))
        .route("/version", get(system::version))
        .route("/info", get(system::info))
        .route("/events", get(events::events))
        .route("/containers/json", get(container::list))
        .route("/containers/create", post(container_change::create))
        .route("/containers/prune", post(container_change::prune))
        .route("/containers/{id}", delete(container_change::remove))
        .route("/containers/{id}/json", get(container::inspect))
        .route("/containers/{id}/start", post(container_change::start))
        .route("/containers/{id}/stop", post(container_change::stop))
        .route("/containers/{id}/restart", post(container_change::restart))
        .route("/containers/{id}/kill", post(container_change::kill))
        .route("/containers/{id}/wait", post(container_change::wait))
        .route("/containers/{id}/resize", post(container_change::resize))
        .route("/containers/{id}/logs", get(logs::container))
        .route("/containers/{id}/attach", post(logs::attach))
        .route("/containers/{id}/exec", post(exec::create))
        .route("/exec/{id}/start", post(exec::start))
        .route("/exec/{id}/json", get(exec::inspect))
        .route("/exec/{id}/resize", post(exec::resize))
        .route("/volumes", get(volume::list))
        .route("/volumes/create", post(volume::create))
        .route("/volumes/prune", post(volume::prune))
        .route("/volumes/{name}", get(volume::inspect).delete(volume::remove))
        .route("/images/json", get(image::list))
        .route("/images/load", post(image_archive::load))
        .route("/images/create", post(image_archive::create))
        .route("/images/{*path}", get(image::get).post(image::post).delete(image::remove))
}

/// What concerns the swarm.
fn swarm_calls() -> Router<Api> {
    Router::new()
        .route("/doctor", get(doctor::check).post(doctor::repair))
        .route("/swarm", get(swarm::inspect))
        .route("/swarm/init", post(swarm::init))
        .route("/swarm/join", post(swarm::join))
        .route("/swarm/leave", post(swarm::leave))
        .route("/swarm/update", post(swarm::update))
        .route("/swarm/unlock", post(swarm::unlock))
        .route("/swarm/unlockkey", get(swarm::unlock_key))
        .route("/swarm/backup", get(swarm::backup))
        .route("/swarm/restore", post(swarm::restore))
        .route("/nodes", get(node::list))
        .route("/nodes/{id}", get(node::inspect).delete(node::remove))
        .route("/nodes/{id}/update", post(node::update))
        .route("/services", get(service::list))
        .route("/services/create", post(service_change::create))
        .route("/services/{id}", get(service::inspect).delete(service_change::remove))
        .route("/services/{id}/update", post(service_change::update))
        .route("/services/{id}/rebalance", post(service_rebalance::rebalance))
        .route("/services/{id}/logs", get(logs::service))
        .route("/tasks", get(task::list))
        .route("/tasks/{id}", get(task::inspect))
        .route("/tasks/{id}/logs", get(logs::task))
        .route("/tasks/{id}/exec", post(exec::create_in_task))
        .route("/networks", get(network::list))
        .route("/networks/create", post(network::create))
        .route("/networks/prune", post(network::prune))
        .route("/networks/{id}", get(network::inspect).delete(network::remove))
        .route("/why/{name}", get(why::why))
        .route("/stacks", get(stack::list))
        .route("/stacks/{name}", get(stack::inspect).put(stack::deploy).delete(stack::remove))
}

/// Secrets or configs.
fn content_calls<I: Shown>() -> Router<Api> {
    Router::new()
        .route("/", get(content::list::<I>))
        .route("/create", post(content::create::<I>))
        .route("/{id}", get(content::inspect::<I>).delete(content::remove::<I>))
        .route("/{id}/update", post(content::update::<I>))
        .route("/{id}/rotate", post(content::rotate::<I>))
}

/// Objects that there are none of.
fn missing_objects() -> Router<Api> {
    Router::new().route("/plugins/{name}/json", get(missing::plugin))
}

async fn no_call(request: Request) -> Result<(), Refusal> {
    let refusal = missing::refusal(request.method(), request.uri().path());
    Incoming::new(request.into_body()).settle(Err(refusal)).await
}
