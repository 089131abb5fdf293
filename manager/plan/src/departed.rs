//! The tasks of services that are gone.

use skep_model::{Kind, TaskState, Timestamp};
use skep_store::View;

use crate::new_task::dismiss;
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

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for id in view.services_with_tasks().filter(|&id| view.service(id).is_none()) {
            let tasks = view.service_tasks(id);
            tasks.for_each(|task| {
                plan.group(dismiss(task, TaskState::Remove, now, "its service was removed"))
            });
        }
        plan
    }
}
