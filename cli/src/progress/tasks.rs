//! Tasks, as progress sees them.

use skep_rest::{Service, Task};

/// Whether it has what its service asks for. Where it may run is not asked: a task that fits there as well stays as it is, and
/// an update replaces the others.
pub(super) fn is_current(service: &Service, task: &Task) -> bool {
    let wanted = &service.spec.task_template;
    task.spec == *wanted || {
        let mut elsewhere = task.spec.clone();
        elsewhere.placement.clone_from(&wanted.placement);
        elsewhere == *wanted
    }
}

/// Its place in the service: a slot, or a node when it is of a global one.
pub(super) fn place(task: &Task) -> (u32, &str) {
    (task.slot, if task.slot == 0 { &task.node_id } else { "" })
}

/// What stands behind the service's name in its own.
pub(super) fn label(task: &Task) -> String {
    if task.slot == 0 { task.node_id.clone() } else { task.slot.to_string() }
}

pub(super) fn ended_badly(task: &Task) -> bool {
    matches!(task.status.state.as_str(), "failed" | "rejected")
}

/// What it says went wrong, or what goes on.
pub(super) fn reason(task: &Task) -> &str {
    let status = &task.status;
    if status.err.is_empty() { &status.message } else { &status.err }
}
