//! Services, to look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use skep_model::{ServiceMode, TaskState};
use skep_rest::{Service, ServiceStatus};
use skep_store::View;

use super::task::lost_node;
use crate::api::Api;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] = &["id", "name", "label", "mode", "runtime"];

/// `GET /services`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<Service>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    let view = api.reading().await?.view();
    let fits = |service: &&Arc<skep_model::Service>| {
        filters.prefix("id", &service.id.to_string())
            && filters.prefix("name", &service.spec.name)
            && filters.labels("label", &service.spec.labels)
            && filters.any("mode", |mode| mode == service.spec.mode.word())
            && filters.any("runtime", |runtime| runtime == "container")
    };
    let with_status = params.flag("status");
    let found = view.services().filter(fits).map(|service| {
        let service_status = with_status.then(|| status(&view, service));
        Service { service_status, ..shown(&view, service) }
    });
    Ok(Json(found.collect()))
}

/// `GET /services/{id}`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<Json<Service>, Refusal> {
    let view = api.reading().await?.view();
    Ok(Json(shown(&view, view.find_service(&reference)?)))
}

/// A service with the prefix lengths of its addresses.
fn shown(view: &View, service: &skep_model::Service) -> Service {
    let mut shown = Service::from(service);
    for (vip, (network, _)) in shown.endpoint.virtual_ips.iter_mut().zip(&service.endpoint.vips) {
        if let Some(subnet) = view.network(*network).and_then(|network| network.subnet) {
            vip.addr = format!("{}/{}", vip.addr, subnet.prefix_bits);
        }
    }
    shown
}

fn status(view: &View, service: &skep_model::Service) -> ServiceStatus {
    let runs = |task: &&Arc<skep_model::Task>| {
        task.status.state == TaskState::Running && lost_node(view, task).is_none()
    };
    let running = view.service_tasks(service.id).filter(runs);
    let counts = view.task_counts(service.id);
    let mode = service.spec.mode;
    ServiceStatus {
        running_tasks: u64::try_from(running.count()).unwrap_or(u64::MAX),
        desired_tasks: match mode {
            ServiceMode::Replicated { replicas } => replicas,
            ServiceMode::ReplicatedJob { max_concurrent, .. } => max_concurrent,
            ServiceMode::Global => counts.slots.into(),
            // Those that are still to complete.
            ServiceMode::GlobalJob => counts.slots.saturating_sub(counts.complete).into(),
        },
        completed_tasks: if mode.is_job() { counts.complete.into() } else { 0 },
    }
}
