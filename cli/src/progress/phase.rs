//! What goes on with a service, in a few words.

use std::collections::BTreeMap;

use skep_rest::{Task, UpdateStatus};

use super::count::Count;
use super::tasks::{ended_badly, label, reason};

/// What tasks do that are not done yet, the scheduler's word on those that wait, and the newest failure. `new` are those that the
/// command led to.
pub(super) fn phase(count: Count, update: Option<&UpdateStatus>, mine: &[&Task], new: &[&Task]) -> String {
    let words = words(count, mine, new).join(", ");
    let doing = match update.map(|update| update.state.as_str()) {
        Some("updating") => "updating",
        Some("rollback_started") => "rolling back",
        _ if words.is_empty() => return "waiting for tasks".to_owned(),
        _ => return words,
    };
    match words.is_empty() {
        false => format!("{doing}: {words}"),
        true if count.done == count.wanted => format!("{doing}: watching the new tasks"),
        true => doing.to_owned(),
    }
}

fn words(count: Count, mine: &[&Task], new: &[&Task]) -> Vec<String> {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut open =
        mine.iter().filter(|task| task.desired_state != "shutdown" && task.desired_state != "remove");
    // A job's running tasks are not done yet.
    let is_open = |state: &str| state != "complete" && (count.is_job || state != "running");
    for task in open.clone().filter(|task| is_open(&task.status.state) && !ended_badly(task)) {
        *states.entry(&task.status.state).or_default() += 1;
    }
    let mut words: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let waiting = open.rfind(|task| task.status.state == "pending" && !task.status.err.is_empty());
    let failed =
        new.iter().copied().filter(|task| ended_badly(task)).max_by(|a, b| a.created_at.cmp(&b.created_at));
    words.extend(waiting.map(|task| task.status.err.clone()));
    words.extend(failed.map(|task| format!(".{} {}: {}", label(task), task.status.state, reason(task))));
    words
}
