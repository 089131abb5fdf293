//! Addresses of tasks.

use std::sync::Arc;

use skep_model::{Change, Object, ServiceSpec, Task, TaskNetwork, TaskState, TaskStatus};
use skep_store::View;

use super::addresses::Addresses;
use super::service::no_address;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    for task in view.waiting_tasks(TaskState::New).filter(|task| task.is_wanted()) {
        let Some(spec) = view.task_spec(task) else { continue };
        let status = match attach(view, spec, addresses) {
            Ok(networks) => {
                let status = TaskStatus {
                    state: TaskState::Pending,
                    message: "pending task scheduling".into(),
                    ..task.status.clone()
                };
                let pending = Task { networks: networks.into(), status, ..Task::clone(task) };
                plan.group([Change::Update(Object::Task(Arc::new(pending)))]);
                continue;
            }
            Err(reason) => TaskStatus { error: reason.into(), ..task.status.clone() },
        };
        if status != task.status {
            plan.group([Change::Update(Object::Task(Arc::new(Task { status, ..Task::clone(task) })))]);
        }
    }
}

fn attach(
    view: &View,
    spec: &ServiceSpec,
    addresses: &mut Addresses<'_>,
) -> Result<Vec<TaskNetwork>, String> {
    let mut wanted: Vec<_> =
        spec.task.networks.iter().filter_map(|attachment| attachment.target.id()).collect();
    // Published ports reach a task by its address on the ingress network; a task without any network gets one there too,
    // or it could not reach anything.
    if let Some(ingress) = view.ingress()
        && (wanted.is_empty() || !spec.endpoint.ports.is_empty())
    {
        wanted.push(ingress.id);
    }
    let take = |network| {
        let address = addresses.take(network).ok_or_else(|| no_address(network, addresses))?;
        Ok(TaskNetwork { network, address })
    };
    wanted.into_iter().map(take).collect()
}
