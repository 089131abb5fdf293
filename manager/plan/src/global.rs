//! The orchestrator of global services and global jobs: a task on each node that fits.

use std::collections::BTreeMap;

use skep_model::{Change, Kind, NodeId, Placement, Platform, Service, TaskState, Timestamp};
use skep_store::{View, place_mark};

use crate::fits::Fits;
use crate::new_task::{desire, new_task};
use crate::place::{Place, keeps_tasks, takes_tasks};
use crate::reconciler::{Plan, Reconciler};

/// Makes a task on every node that fits and has none, and shuts those down whose node does not fit, is down or is being
/// emptied: they have no other place to go to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Global;

impl Reconciler for Global {
    fn name(&self) -> &'static str {
        "global orchestrator"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task, Kind::Node]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let mut targets: BTreeMap<(&[String], &[Platform]), Target> = BTreeMap::new();
        for service in view.services().filter(|service| service.spec.mode.is_global()) {
            let placement = &service.spec.task.placement;
            let key = (&placement.constraints[..], &placement.platforms[..]);
            let target = targets.entry(key).or_insert_with(|| Target::new(view, placement));
            if !target.is_met(view, service) {
                plan_service(view, now, service, &mut plan);
            }
        }
        plan
    }
}

/// Nodes and the service's places come in the same order, so one pass over both is enough.
fn plan_service(view: &View, now: Timestamp, service: &Service, plan: &mut Plan) {
    let fits = Fits::new(&service.spec.task.placement);
    let mut places = view.wanted_places(service.id).peekable();
    let shut_down = |task| {
        let task = view.task(task).filter(|task| !task.is_done())?;
        desire(task, TaskState::Shutdown)
    };
    for node in view.nodes() {
        while let Some((_, task)) = places.next_if(|place| place.0 < node.id) {
            plan.group(shut_down(task));
        }
        let suits = fits.node(node);
        let mut has_one = false;
        while let Some((_, task)) = places.next_if(|place| place.0 == node.id) {
            has_one = true;
            if !suits || !keeps_tasks(node) {
                plan.group(shut_down(task));
            }
        }
        if suits && !has_one && takes_tasks(node) {
            let task = new_task(view, now, service, Place::node(node.id));
            plan.group([Change::Create(task.into())]);
        }
    }
    places.for_each(|(_, task)| plan.group(shut_down(task)));
}

/// The nodes that services with the same placement should be on.
#[derive(Debug, Default)]
struct Target {
    /// How many there are for certain.
    count: u32,
    /// The sum of their marks.
    marks: u64,
    /// Those that keep a task, but get none.
    keeping: Vec<NodeId>,
}

impl Target {
    fn new(view: &View, placement: &Placement) -> Self {
        let (fits, mut target) = (Fits::new(placement), Self::default());
        for node in view.nodes().filter(|node| keeps_tasks(node) && fits.node(node)) {
            if takes_tasks(node) {
                target.count += 1;
                target.marks = target.marks.wrapping_add(place_mark(node.id));
            } else {
                target.keeping.push(node.id);
            }
        }
        target
    }

    /// Whether the service is on these nodes and no others.
    fn is_met(&self, view: &View, service: &Service) -> bool {
        let (mut count, mut marks) = (self.count, self.marks);
        for &node in &self.keeping {
            if view.wanted_on_node(service.id, node).next().is_some() {
                count += 1;
                marks = marks.wrapping_add(place_mark(node));
            }
        }
        let counts = view.task_counts(service.id);
        (counts.slots, counts.places) == (count, marks)
    }
}
