//! Tasks.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use skep_model::{NodeId, NodeState, ServiceId, TaskState};
use skep_rest::{Task, Version, rfc3339};
use skep_store::{FindError, View};

use crate::api::Api;
use crate::filters::Filters;
use crate::params::Params;
use crate::refusal::Refusal;

const FILTERS: &[&str] =
    &["id", "name", "label", "service", "node", "desired-state", "runtime", "_up-to-date"];
/// How an operator may narrow by what is wanted; other states are never desired for long.
const DESIRED: &[&str] = &["running", "shutdown", "accepted", "ready", "complete", "remove"];

/// `GET /tasks`.
pub(crate) async fn list(State(api): State<Api>, params: Params) -> Result<Json<Vec<Task>>, Refusal> {
    let filters = params.filters(FILTERS)?;
    let view = api.reading().await?.view();
    let wanted = Wanted::new(&view, &filters)?;
    let found = wanted.candidates().filter(|task| wanted.fits(task));
    Ok(Json(found.map(|task| shown(&view, task)).collect()))
}

/// `GET /tasks/{id}`.
pub(crate) async fn inspect(
    State(api): State<Api>,
    Path(reference): Path<String>,
) -> Result<Json<Task>, Refusal> {
    let view = api.reading().await?.view();
    Ok(Json(shown(&view, view.find_task(&reference)?)))
}

fn shown(view: &View, task: &skep_model::Task) -> Task {
    let mut shown = Task::from((task, view.task_spec(task).map(|spec| &**spec)));
    // Tasks of earlier runs are on their way out, and nobody remembers which run it was.
    let run = view.service(task.service).and_then(|service| service.job);
    let run = run.filter(|run| task.spec_version >= run.since_spec_version);
    shown.job_iteration = run.map(|run| Version { index: run.iteration });
    if let Some(node) = lost_node(view, task) {
        shown.status.state = "unknown".into();
        shown.status.timestamp = rfc3339(node.status.since);
        shown.status.message = format!("node {} is {}", node.description.hostname, node.status.state);
    }
    shown
}

/// A task by id, a start of it, or `service.slot`: then the one that is wanted there, or else the newest.
pub(crate) fn find_task<'a>(view: &'a View, reference: &str) -> Result<&'a Arc<skep_model::Task>, FindError> {
    task_in_slot(view, reference).map_or_else(|| view.find_task(reference), Ok)
}

/// The newest task of `service.slot`, or of a global service `service.node`; one that is wanted first.
pub(crate) fn task_in_slot<'a>(view: &'a View, reference: &str) -> Option<&'a Arc<skep_model::Task>> {
    let (service, place) = reference.rsplit_once('.')?;
    let service = view.service_named(service)?.id;
    let node = view.find_node(place).ok().map(|node| node.id);
    let slot = place.parse().unwrap_or(0);
    let tasks =
        view.slot_tasks(service, slot).filter(|task| slot != 0 || (node.is_some() && task.node == node));
    tasks.max_by_key(|task| (task.is_wanted(), task.meta.created_at))
}

/// The node of a task that was alive when nobody heard of its node any more: what became of it is not known.
pub(super) fn lost_node<'a>(view: &'a View, task: &skep_model::Task) -> Option<&'a Arc<skep_model::Node>> {
    let alive = (TaskState::Assigned..=TaskState::Running).contains(&task.status.state);
    let node = view.node(task.node.filter(|_| alive)?)?;
    matches!(node.status.state, NodeState::Down | NodeState::Disconnected).then_some(node)
}

/// Filters with the objects that they name.
struct Wanted<'a> {
    view: &'a View,
    filters: &'a Filters,
    services: Option<BTreeSet<ServiceId>>,
    nodes: Option<BTreeSet<NodeId>>,
    up_to_date: Option<bool>,
}

impl<'a> Wanted<'a> {
    fn new(view: &'a View, filters: &'a Filters) -> Result<Self, Refusal> {
        if let Some(states) = filters.values("desired-state")
            && let Some(state) = states.iter().find(|state| !DESIRED.contains(&state.as_str()))
        {
            let known = DESIRED.join(", ");
            return Err(Refusal::malformed(format!(
                "invalid filter 'desired-state={state}': use one of {known}"
            )));
        }
        Ok(Self {
            view,
            filters,
            services: ids(filters, "service", |name| view.find_service(name).map(|service| service.id))?,
            nodes: ids(filters, "node", |name| view.find_node(name).map(|node| node.id))?,
            up_to_date: filters.switch("_up-to-date")?,
        })
    }

    /// Tasks that may fit: clients ask for those of one service several times a second.
    fn candidates(&self) -> Box<dyn Iterator<Item = &'a Arc<skep_model::Task>> + '_> {
        let view = self.view;
        match (&self.services, &self.nodes) {
            (Some(services), _) => Box::new(services.iter().flat_map(move |id| view.service_tasks(*id))),
            (None, Some(nodes)) => Box::new(nodes.iter().flat_map(move |id| view.node_tasks(*id))),
            (None, None) => Box::new(view.tasks()),
        }
    }

    fn fits(&self, task: &skep_model::Task) -> bool {
        let (filters, view) = (self.filters, self.view);
        let on_node = |nodes: &BTreeSet<NodeId>| task.node.is_some_and(|node| nodes.contains(&node));
        let current = || view.service(task.service).is_some_and(|now| now.spec_version == task.spec_version);
        self.nodes.as_ref().is_none_or(on_node)
            && filters.any("id", |id| task.id.to_string().starts_with(id))
            && filters.any("name", |name| task_name(view, task).starts_with(name))
            && filters.any("desired-state", |state| state == task.desired.word())
            && filters.any("runtime", |runtime| runtime == "container")
            && self.up_to_date.is_none_or(|wanted| wanted == current())
            && (filters.values("label").is_none()
                || view.task_spec(task).is_some_and(|spec| filters.labels("label", &spec.labels)))
    }
}

/// `service.slot.id`, as containers are named.
fn task_name(view: &View, task: &skep_model::Task) -> String {
    let service = view.task_spec(task).map(|spec| spec.name.clone());
    format!("{}.{}.{}", service.unwrap_or_else(|| task.service.to_string()), task.slot, task.id)
}

/// Ids of the objects that a filter names; one that is gone has no name any more, but its tasks still have its id.
fn ids<I: FromStr + Ord>(
    filters: &Filters,
    key: &str,
    find: impl Fn(&str) -> Result<I, FindError>,
) -> Result<Option<BTreeSet<I>>, Refusal> {
    let Some(names) = filters.values(key) else { return Ok(None) };
    let found = names.iter().map(|name| match (find(name), name.parse()) {
        (Err(FindError::NotFound { .. }), Ok(id)) => Ok(id),
        (found, _) => found.map_err(Refusal::from),
    });
    found.collect::<Result<_, _>>().map(Some)
}
