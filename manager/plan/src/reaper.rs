//! The task reaper: forgets what nobody needs to see any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use skep_model::{
    Attachment, Change, Kind, ObjectKey, ServiceId, ServiceSpec, Task, TaskState, Timestamp, limits,
};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};

/// Deletes tasks that were to be removed and have ended, the oldest ended tasks of a slot above the history limit, specs
/// that no task names any more, removed networks that nothing is on any more, and attachments of nodes that are gone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reaper;

impl Reconciler for Reaper {
    fn name(&self) -> &'static str {
        "task reaper"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Task,
            Kind::Service,
            Kind::ServiceRevision,
            Kind::Network,
            Kind::Cluster,
            Kind::Node,
            Kind::Attachment,
        ]
    }

    fn plan(&self, view: &View, _now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let limit =
            view.cluster().map_or(limits::TASK_HISTORY_PER_SLOT_DEFAULT, |c| c.spec.task_history_per_slot);
        for service in view.services_with_tasks() {
            let tasks: Vec<&Arc<Task>> = view.service_tasks(service).collect();
            for slot in tasks.chunk_by(|a, b| a.slot == b.slot) {
                reap_slot(view, slot, limit, &mut plan);
            }
        }
        reap_revisions(view, &mut plan);
        reap_networks(view, &mut plan);
        let stray = view.attachments().filter(|attachment| view.node(attachment.node).is_none());
        stray.for_each(|attachment| plan.group([attachment_gone(attachment)]));
        plan
    }
}

fn reap_slot(view: &View, slot: &[&Arc<Task>], limit: u64, plan: &mut Plan) {
    for task in slot.iter().filter(|task| is_done_with(view, task)) {
        plan.group([forget(task)]);
    }
    let mut history: Vec<&Arc<Task>> = slot
        .iter()
        .copied()
        .filter(|task| task.desired == TaskState::Shutdown && task.status.state.is_ended())
        .collect();
    // With a bound on restarts all of a slot's tries are kept, as Swarm does.
    let attempts =
        slot.iter().filter_map(|task| view.task_spec(task)).map(|spec| spec.task.restart.attempts_max).max();
    let kept = match attempts.unwrap_or(0) {
        0 => limit,
        bound => limit.max(bound.saturating_add(1)),
    };
    history.sort_unstable_by_key(|task| (task.meta.created_at, task.id));
    let surplus = history.len().saturating_sub(usize::try_from(kept).unwrap_or(usize::MAX));
    for task in history.into_iter().take(surplus) {
        plan.group([forget(task)]);
    }
}

/// Nothing of the task can be left on any node, and nobody wants to see it.
fn is_done_with(view: &View, task: &Task) -> bool {
    let node_gone = task.node.is_some_and(|id| view.node(id).is_none());
    match task.desired {
        TaskState::Remove => task.status.state.is_ended() || task.node.is_none() || node_gone,
        TaskState::Shutdown => task.node.is_none() && !task.status.state.is_ended(),
        _ => false,
    }
}

fn reap_revisions(view: &View, plan: &mut Plan) {
    let mut last: Option<(ServiceId, BTreeSet<u64>)> = None;
    for revision in view.revisions() {
        let current = view.service(revision.service).map(|service| service.spec_version);
        if current == Some(revision.spec_version) {
            continue;
        }
        // Revisions come service by service: the versions in use are collected once for each.
        if last.as_ref().is_none_or(|(service, _)| *service != revision.service) {
            let used = view.service_tasks(revision.service).map(|task| task.spec_version).collect();
            last = Some((revision.service, used));
        }
        if last.as_ref().is_some_and(|(_, used)| !used.contains(&revision.spec_version)) {
            let key = ObjectKey::ServiceRevision((revision.service, revision.spec_version));
            plan.group([Change::Remove { key, version: revision.meta.version }]);
        }
    }
}

/// Networks that were given up go when nothing is on them any more.
fn reap_networks(view: &View, plan: &mut Plan) {
    for network in view.networks().filter(|network| network.removing) {
        let attached = |spec: &ServiceSpec| {
            spec.task.networks.iter().any(|attachment| attachment.target.id() == Some(network.id))
        };
        let in_use = view.services().any(|service| attached(&service.spec))
            || view
                .tasks()
                .any(|task| !task.status.state.is_ended() && task.address_on(network.id).is_some())
            || view.attachments().any(|attachment| attachment.is_on(network.id));
        if !in_use {
            plan.group([Change::Remove {
                key: ObjectKey::Network(network.id),
                version: network.meta.version,
            }]);
        }
    }
}

fn attachment_gone(attachment: &Attachment) -> Change {
    Change::Remove { key: ObjectKey::Attachment(attachment.id), version: attachment.meta.version }
}

fn forget(task: &Task) -> Change {
    Change::Remove { key: ObjectKey::Task(task.id), version: task.meta.version }
}
