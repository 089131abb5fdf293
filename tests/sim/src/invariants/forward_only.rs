use skep_model::{Object, Task};
use skep_store::{Commit, Event};

use crate::managers::Running;

/// Versions rise, and tasks only go forward.
pub(crate) fn check(manager: &Running, commit: &Commit) -> Result<(), String> {
    commit.events.iter().try_for_each(|event| {
        event_goes_forward(commit.version, event)
            .map_err(|wrong| format!("{} at {}: {wrong}", manager.site, commit.version))
    })
}

fn event_goes_forward(version: u64, event: &Event) -> Result<(), String> {
    let (Some(before), Some(after)) = (&event.before, &event.after) else { return Ok(()) };
    if after.meta().version != version || before.meta().version >= version {
        return Err(format!(
            "{:?} has version {} after {}",
            event.key,
            after.meta().version,
            before.meta().version
        ));
    }
    match (before, after) {
        (Object::Task(before), Object::Task(after)) => task_goes_forward(before, after),
        (Object::Service(before), Object::Service(after)) if after.spec_version < before.spec_version => {
            Err(format!("the spec of {} goes back", after.spec.name))
        }
        _ => Ok(()),
    }
}

fn task_goes_forward(before: &Task, after: &Task) -> Result<(), String> {
    let (from, to) = (before.status.state, after.status.state);
    if from != to && !from.may_become(to) {
        return Err(format!("task {} goes from {from} to {to}", after.id));
    }
    if before.desired != after.desired && !before.desired.desired_may_become(after.desired) {
        return Err(format!("task {} is wanted {} after {}", after.id, after.desired, before.desired));
    }
    if before.node.is_some() && before.node != after.node {
        return Err(format!("task {} moves to another node", after.id));
    }
    Ok(())
}
