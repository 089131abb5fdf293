//! Tasks.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use skep_rest::Task;
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
    Ok(Json(view.tasks().filter(|task| wanted.fits(&view, task)).map(|task| shown(&view, task)).collect()))
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
    Task::from((task, view.task_spec(task).map(|spec| &**spec)))
}

/// Filters with the objects that they name.
struct Wanted<'a> {
    filters: &'a Filters,
    services: Option<BTreeSet<String>>,
    nodes: Option<BTreeSet<String>>,
    up_to_date: Option<bool>,
}

impl<'a> Wanted<'a> {
    fn new(view: &View, filters: &'a Filters) -> Result<Self, Refusal> {
        if let Some(states) = filters.values("desired-state")
            && let Some(state) = states.iter().find(|state| !DESIRED.contains(&state.as_str()))
        {
            return Err(Refusal::malformed(format!(
                "invalid filter 'desired-state={state}': use {}",
                DESIRED.join(", ")
            )));
        }
        let service = |name: &str| view.find_service(name).map(|service| service.id.to_string());
        let node = |name: &str| view.find_node(name).map(|node| node.id.to_string());
        Ok(Self {
            services: ids(filters, "service", service)?,
            nodes: ids(filters, "node", node)?,
            up_to_date: filters.switch("_up-to-date")?,
            filters,
        })
    }

    fn fits(&self, view: &View, task: &skep_model::Task) -> bool {
        let id = task.id.to_string();
        let service = view.service(task.service);
        let current = service.is_some_and(|service| service.spec_version == task.spec_version);
        let among =
            |known: &Option<BTreeSet<String>>, id: &str| known.as_ref().is_none_or(|all| all.contains(id));
        self.filters.prefix("id", &id)
            && among(&self.services, &task.service.to_string())
            && among(&self.nodes, &task.node.map(|node| node.to_string()).unwrap_or_default())
            && self.filters.any("name", |name| task_name(view, task).starts_with(name))
            && self.filters.any("desired-state", |state| state == task.desired.word())
            && self.filters.any("runtime", |runtime| runtime == "container")
            && self.up_to_date.is_none_or(|wanted| wanted == current)
            && (self.filters.values("label").is_none()
                || view.task_spec(task).is_some_and(|spec| self.filters.labels("label", &spec.labels)))
    }
}

/// `service.slot.id`, as containers are named.
fn task_name(view: &View, task: &skep_model::Task) -> String {
    let service = view.task_spec(task).map(|spec| spec.name.clone());
    format!("{}.{}.{}", service.unwrap_or_else(|| task.service.to_string()), task.slot, task.id)
}

/// Ids of the objects that a filter names; one that is gone has no name any more but its tasks still have its id.
fn ids(
    filters: &Filters,
    key: &str,
    find: impl Fn(&str) -> Result<String, FindError>,
) -> Result<Option<BTreeSet<String>>, Refusal> {
    let Some(names) = filters.values(key) else { return Ok(None) };
    let found = names.iter().map(|name| match find(name) {
        Err(FindError::NotFound { .. }) if name.len() == skep_model::ID_DIGITS => Ok(name.clone()),
        other => other.map_err(Refusal::from),
    });
    found.collect::<Result<_, _>>().map(Some)
}
