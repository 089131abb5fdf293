//! Addresses of tasks.

use std::sync::Arc;

use skep_model::{Change, NetworkId, Object, ServiceSpec, Task, TaskNetwork, TaskState, TaskStatus};
use skep_store::View;

use super::addresses::Addresses;
use super::shortage::Shortage;
use crate::reconciler::Plan;

pub(super) fn plan(view: &View, addresses: &mut Addresses<'_>, plan: &mut Plan) {
    for task in view.waiting_tasks(TaskState::New).filter(|task| task.is_wanted()) {
        let Some(spec) = view.task_spec(task) else { continue };
        let status = match attach(view, spec, addresses) {
            Ok(networks) => {
                let status = TaskStatus {
                    state: TaskState::Pending,
                    message: "pending task scheduling".into(),
                    error: Box::default(),
                    ..task.status.clone()
                };
                let pending = Task { networks: networks.into(), status, ..Task::clone(task) };
                plan.group([Change::Update(Object::Task(Arc::new(pending)))]);
                continue;
            }
            Err((network, shortage)) => {
                shortage.wake(plan);
                let error = shortage.text(&addresses.name(network)).into();
                TaskStatus { error, ..task.status.clone() }
            }
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
) -> Result<Vec<TaskNetwork>, (NetworkId, Shortage)> {
    let mut wanted: Vec<_> =
        spec.task.networks.iter().filter_map(|attachment| attachment.target.id()).collect();
    // Published ports reach a task by its address on the ingress network; a task without any network gets one there too,
    // or it could not reach anything.
    if let Some(ingress) = view.ingress()
        && (wanted.is_empty() || !spec.endpoint.ports.is_empty())
    {
        wanted.push(ingress.id);
    }
    let taken = addresses.take_all(&wanted)?;
    Ok(wanted.into_iter().zip(taken).map(|(network, address)| TaskNetwork { network, address }).collect())
}
