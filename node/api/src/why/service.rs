//! Why a service is as it is.

use std::collections::BTreeMap;

use skep_manager::Verdict;
use skep_model::{Service, ServiceId, Task, TaskState, Timestamp, UpdateState};
use skep_rest::{Why, WhyLink, WhyNode, rfc3339};
use skep_store::View;

use super::life::Life;
use super::task;

/// Most tasks that are shown of one service: one for each thing that keeps it from what is wanted.
const PARTS_MAX: usize = 5;

/// Explains a service.
pub(super) fn explain(view: &View, service: &Service, now: Timestamp) -> Why {
    let counts = view.task_counts(service.id);
    let wanted = service.spec.mode.replicas().unwrap_or(counts.slots.into());
    let (running, complete) = (u64::from(counts.running), u64::from(counts.complete));
    let done = if service.spec.mode.is_job() { complete } else { running };
    let troubles = troubles(view, service);
    let waits =
        troubles.iter().any(|trouble| trouble.task.node.is_none() && !trouble.task.status.state.is_ended());
    let (state, reason) = judged(service, (done, wanted), &troubles);
    let parts = troubles.iter().take(PARTS_MAX).map(|trouble| {
        let mut part = task::explain(view, &Life::of(view, trouble.task), now);
        // Said once, of the service.
        part.nodes.clear();
        part
    });
    Why {
        kind: "service".into(),
        id: service.id.to_string(),
        name: service.spec.name.clone(),
        state: state.into(),
        reason,
        chain: chain(service),
        nodes: if waits { verdicts(view, service.id, now) } else { Vec::new() },
        log_tail: service.update.as_deref().and_then(first_failure_lines).unwrap_or_default(),
        next: next(service),
        parts: parts.collect(),
    }
}

/// What the scheduler says of each node for one more task; the nodes that fit come first, the best one before the others.
pub(super) fn verdicts(view: &View, service: ServiceId, now: Timestamp) -> Vec<WhyNode> {
    let mut all = skep_manager::explain(view, service, now);
    all.sort_by_key(|verdict| *verdict.rank.as_ref().unwrap_or(&usize::MAX));
    all.iter().map(verdict_of).collect()
}

fn verdict_of(verdict: &Verdict) -> WhyNode {
    let room = &verdict.room;
    let verdict_text = match &verdict.rank {
        Err(refusal) => refusal.to_string(),
        Ok(rank) => {
            let failures = match room.recent_failures {
                0 => String::new(),
                count => format!(", {count} recent failures there"),
            };
            format!(
                "is choice {rank}: {} tasks of the service, {} in all{failures}",
                room.service_tasks, room.tasks
            )
        }
    };
    WhyNode { node: verdict.hostname.clone(), fits: verdict.rank.is_ok(), verdict: verdict_text }
}

/// Something that keeps tasks from running, with one task that tells of it and how many there are.
struct Trouble<'a> {
    task: &'a Task,
    count: usize,
}

impl Trouble<'_> {
    /// `2 pending: no suitable node`.
    fn words(&self) -> String {
        let status = &self.task.status;
        let cause = if status.error.is_empty() { &status.message } else { &status.error };
        format!("{} {}: {cause}", self.count, status.state)
    }
}

/// Like troubles are one: the newest task of each error speaks for all. What concerns most tasks comes first.
fn troubles<'a>(view: &'a View, service: &Service) -> Vec<Trouble<'a>> {
    let mut by_error: BTreeMap<(TaskState, &str), Trouble<'a>> = BTreeMap::new();
    let waiting = view.wanted_tasks(service.id).filter(|task| task.status.state != TaskState::Running);
    let current = view.failed_tasks(service.id).filter(|task| task.spec_version == service.spec_version);
    for task in waiting.chain(current) {
        if task.status.state == TaskState::Complete {
            continue;
        }
        let key = (task.status.state, &*task.status.error);
        let trouble = by_error.entry(key).or_insert(Trouble { task, count: 0 });
        trouble.count += 1;
        if task.meta.created_at > trouble.task.meta.created_at {
            trouble.task = task;
        }
    }
    let mut all: Vec<Trouble<'_>> = by_error.into_values().collect();
    all.sort_by_key(|trouble| std::cmp::Reverse((trouble.count, trouble.task.meta.created_at)));
    all
}

/// Where the service stands, in a word and a sentence.
fn judged(service: &Service, (done, wanted): (u64, u64), troubles: &[Trouble<'_>]) -> (&'static str, String) {
    if !service.endpoint.error.is_empty() {
        return ("waiting", service.endpoint.error.clone());
    }
    let what = if service.spec.mode.is_job() { "tasks are complete" } else { "tasks run" };
    let count = format!("{done} of {wanted} {what}");
    if let Some(update) = service.update.as_deref().filter(|update| update.state != UpdateState::Completed) {
        let state = match update.state {
            UpdateState::Paused | UpdateState::RollbackPaused => "paused",
            UpdateState::RollbackCompleted => "rolled back",
            _ => "updating",
        };
        let refused = |trouble: &&Trouble<'_>| !trouble.task.status.error.is_empty();
        let held_up = troubles.iter().find(refused).filter(|_| update.state.is_running() && done < wanted);
        let held_up = held_up.map(|trouble| format!("; {}", trouble.words())).unwrap_or_default();
        return (state, format!("{count}; {}{held_up}", update.message));
    }
    match troubles.first() {
        None if done >= wanted => ("ok", count),
        None => ("waiting", count),
        Some(trouble) if done >= wanted => ("ok", format!("{count}; before: {}", trouble.words())),
        Some(trouble) => {
            let state = if trouble.task.status.state.is_ended() { "failing" } else { "waiting" };
            (state, format!("{count}; {}", trouble.words()))
        }
    }
}

fn chain(service: &Service) -> Vec<WhyLink> {
    let link = |at, by: &str, what: String| WhyLink { at: rfc3339(at), by: by.to_owned(), what };
    let mut chain =
        vec![link(service.meta.created_at, "user", format!("service {} was created", service.spec.name))];
    if let Some(update) = service.update.as_deref() {
        if let Some(before) = service.previous_spec.as_deref() {
            let what = format!(
                "service {} became version {}: {}",
                service.spec.name,
                service.spec_version,
                super::spec_change::changes(before, &service.spec)
            );
            chain.push(link(update.started_at, "user", what));
        }
        if let Some(failure) = update.first_failure.as_deref() {
            let task = failure.task.map(|task| task.to_string()).unwrap_or_default();
            let failures = match update.failures {
                1 => "1 task".to_owned(),
                count => format!("{count} tasks"),
            };
            let what = format!("{failures} failed in the update, task {task} first: {}", failure.error);
            chain.push(link(update.completed_at.unwrap_or(update.started_at), "orchestrator", what));
        }
        if let Some(at) = update.completed_at {
            chain.push(link(
                at,
                "orchestrator",
                format!("the update is {}: {}", update.state, update.message),
            ));
        }
    }
    chain
}

fn first_failure_lines(update: &skep_model::UpdateStatus) -> Option<Vec<String>> {
    Some(update.first_failure.as_deref()?.log_tail.clone())
}

fn next(service: &Service) -> String {
    let name = &service.spec.name;
    match service.update.as_deref().map(|update| update.state) {
        Some(UpdateState::Paused) => format!(
            "the update goes on when the service is changed again (skep service update {name}), and back with: skep service rollback {name}"
        ),
        Some(UpdateState::RollbackPaused) => {
            format!("the rollback goes on when the service is changed again: skep service update {name}")
        }
        _ => String::new(),
    }
}
