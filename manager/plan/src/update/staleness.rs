//! Which tasks do not have what their service asks for now.

use std::collections::BTreeMap;

use skep_model::{EndpointSpec, Service, ServiceSpec, Task, TaskSpec};
use skep_store::View;

use crate::fits::Fits;

/// How a spec differs from the present one in what a task sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    /// In nothing: in the number of replicas, say, or a label of the service.
    Nothing,
    /// Only in where it may run: it can stay where it still fits.
    Placement,
    /// In the task itself.
    Task,
}

/// Judges a service's tasks, each spec that they have once.
#[derive(Debug)]
pub(super) struct Staleness<'a> {
    view: &'a View,
    service: &'a Service,
    fits: Fits,
    /// Of the specs of wanted tasks.
    versions: BTreeMap<u64, Difference>,
}

impl<'a> Staleness<'a> {
    pub(super) fn new(view: &'a View, service: &'a Service) -> Self {
        let fits = Fits::new(&service.spec.task.placement);
        let versions = view.wanted_versions(service.id).map(|(version, _)| version);
        let versions = versions.map(|version| (version, difference(view, service, version))).collect();
        Self { view, service, fits, versions }
    }

    /// Whether the task lacks something that the service asks for.
    pub(super) fn is_stale(&self, task: &Task) -> bool {
        let known = self.versions.get(&task.spec_version).copied();
        match known.unwrap_or_else(|| difference(self.view, self.service, task.spec_version)) {
            Difference::Nothing => false,
            Difference::Placement => task.node.is_none_or(|node| !self.suits(node)),
            Difference::Task => true,
        }
    }

    fn suits(&self, node: skep_model::NodeId) -> bool {
        self.view.node(node).is_some_and(|node| self.fits.node(node))
    }
}

/// Whether a wanted task of a service may be stale. Looks at specs and nodes, not at tasks.
pub(super) fn is_possible(view: &View, service: &Service) -> bool {
    let mut moved = false;
    for (version, _) in view.wanted_versions(service.id) {
        match difference(view, service, version) {
            Difference::Nothing => {}
            Difference::Placement => moved = true,
            Difference::Task => return true,
        }
    }
    let misplaced = || {
        let staleness = Staleness::new(view, service);
        view.service_on_nodes(service.id).any(|(node, _)| !staleness.suits(node))
    };
    moved && (view.task_counts(service.id).unplaced > 0 || misplaced())
}

fn difference(view: &View, service: &Service, version: u64) -> Difference {
    if version == service.spec_version {
        return Difference::Nothing;
    }
    view.revision(service.id, version).map_or(Difference::Task, |old| compare(&old.spec, &service.spec))
}

fn compare(old: &ServiceSpec, new: &ServiceSpec) -> Difference {
    let TaskSpec { container, resources, restart, networks, placement, log_driver, force_update } = &old.task;
    let publishes = |endpoint: &EndpointSpec| !endpoint.ports.is_empty();
    let same = *container == new.task.container
        && *resources == new.task.resources
        && *restart == new.task.restart
        && *networks == new.task.networks
        && *log_driver == new.task.log_driver
        && *force_update == new.task.force_update
        // A task gets its address for published ports when it is made.
        && publishes(&old.endpoint) == publishes(&new.endpoint)
        && old.endpoint.host_ports().eq(new.endpoint.host_ports());
    match (same, *placement == new.task.placement) {
        (false, _) => Difference::Task,
        (true, false) => Difference::Placement,
        (true, true) => Difference::Nothing,
    }
}
