//! The orchestrator of global services and global jobs: a task on each node that fits.

mod target;

use std::collections::BTreeMap;

use skep_model::{Change, Kind, Platform, Service, TaskState, Timestamp};
use skep_store::View;

use crate::fits::Fits;
use crate::new_task::{dismiss, new_task};
use crate::place::{Place, emptied_because, keeps_tasks, takes_tasks};
use crate::reconciler::{Plan, Reconciler};
use target::Target;

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
    let shut_down = |task, why: &dyn Fn() -> String| {
        let task = view.task(task).filter(|task| !task.is_done())?;
        dismiss(task, TaskState::Shutdown, now, &why())
    };
    for node in view.nodes() {
        while let Some((gone, task)) = places.next_if(|place| place.0 < node.id) {
            plan.group(shut_down(task, &|| emptied_because(view, gone)));
        }
        let suits = fits.node(node);
        let mut has_one = false;
        while let Some((_, task)) = places.next_if(|place| place.0 == node.id) {
            has_one = true;
            if !keeps_tasks(node) {
                plan.group(shut_down(task, &|| emptied_because(view, node.id)));
            } else if !suits {
                plan.group(shut_down(task, &|| fits.unmet_words(node)));
            }
        }
        if suits && !has_one && takes_tasks(node) {
            let task = new_task(view, now, service, Place::node(node.id));
            plan.group([Change::Create(task.into())]);
        }
    }
    places.for_each(|(gone, task)| plan.group(shut_down(task, &|| emptied_because(view, gone))));
}
