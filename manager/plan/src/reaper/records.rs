//! What is kept of tasks that are forgotten.

use std::sync::Arc;

use skep_model::{Change, Meta, ObjectKey, Task, TaskRecord, Timestamp, limits};
use skep_store::View;

use crate::reconciler::Plan;

/// Puts records in the place of these tasks, and lets the oldest records go above the limit.
pub(super) fn forget(view: &View, now: Timestamp, tasks: &[&Arc<Task>], plan: &mut Plan) {
    let mut room = limits::TASK_RECORDS_KEPT.saturating_sub(view.task_record_count());
    let mut oldest = oldest_first(view, tasks.len() > room).into_iter();
    // More at once than are kept: the last ones leave nothing.
    for (index, task) in tasks.iter().enumerate() {
        let mut group = vec![Change::Remove { key: ObjectKey::Task(task.id), version: task.meta.version }];
        if index < limits::TASK_RECORDS_KEPT {
            group.push(Change::Create(record(view, now, task).into()));
            match room.checked_sub(1) {
                Some(left) => room = left,
                None => group.extend(oldest.next().map(|record| Change::Remove {
                    key: ObjectKey::TaskRecord(record.id),
                    version: record.meta.version,
                })),
            }
        }
        plan.group(group);
    }
}

/// All records, if they are asked for.
fn oldest_first(view: &View, asked_for: bool) -> Vec<&Arc<TaskRecord>> {
    let mut records: Vec<&Arc<TaskRecord>> = view.task_records().filter(|_| asked_for).collect();
    records.sort_unstable_by_key(|record| (record.meta.created_at, record.id));
    records
}

fn record(view: &View, now: Timestamp, task: &Task) -> TaskRecord {
    let spec = view.task_spec(task);
    let node = task.node.and_then(|id| view.node(id));
    TaskRecord {
        id: task.id,
        meta: Meta { created_at: now, updated_at: now, version: 0 },
        made_at: task.meta.created_at,
        service: task.service,
        service_name: spec.map(|spec| spec.name.clone()).unwrap_or_default(),
        spec_version: task.spec_version,
        image: spec.map(|spec| spec.task.container.image.clone()).unwrap_or_default(),
        slot: task.slot,
        node: task.node,
        node_name: node.map(|node| node.description.hostname.clone()).unwrap_or_default(),
        desired: task.desired,
        status: task.status.clone(),
        timeline: task.timeline.clone(),
        dismissed: task.dismissed.clone(),
    }
}
