//! The tasks of services that are gone.

use skep_model::{Kind, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::desire;
use crate::reconciler::{Plan, Reconciler};

/// Lets the tasks of removed services be removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Departed;

impl Reconciler for Departed {
    fn name(&self) -> &'static str {
        "remover of departed services"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task]
    }

    fn plan(&self, view: &View, _now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for id in view.services_with_tasks().filter(|&id| view.service(id).is_none()) {
            view.service_tasks(id).for_each(|task| plan.group(desire(task, TaskState::Remove)));
        }
        plan
    }
}
