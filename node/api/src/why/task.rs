//! Why a task is as it is.

use std::time::Duration;

use skep_model::{Dismissal, RestartCondition, ServiceSpec, TaskState, Timestamp};
use skep_rest::{Why, WhyLink, human_duration, rfc3339};
use skep_store::View;

use super::life::Life;
use super::spec_change;

/// Explains a task.
pub(super) fn explain(view: &View, life: &Life, now: Timestamp) -> Why {
    let waits = !life.gone && life.node.is_none() && life.status.state <= TaskState::Pending;
    let container = life.status.container.as_deref();
    Why {
        kind: "task".into(),
        id: life.id.to_string(),
        name: life.name(),
        state: life.status.state.to_string(),
        reason: reason(view, life, now),
        chain: chain(view, life),
        nodes: if waits { super::service::verdicts(view, life.service, now) } else { Vec::new() },
        log_tail: container.map(|container| container.log_tail.clone()).unwrap_or_default(),
        next: next(view, life, now),
        parts: Vec::new(),
    }
}

/// The cause in a sentence.
pub(super) fn reason(view: &View, life: &Life, now: Timestamp) -> String {
    let status = &life.status;
    if let Some(node) = lost(view, life) {
        return format!("its node {node} is down: what became of the task there is not known");
    }
    if !status.error.is_empty() {
        return status.error.to_string();
    }
    if let Some(dismissal) = life.dismissed.as_ref().filter(|_| !status.state.is_ended()) {
        return format!("it is being stopped: {}", dismissal.why);
    }
    match status.state {
        TaskState::New => "it waits for its addresses".into(),
        TaskState::Pending => "it waits for the scheduler".into(),
        TaskState::Ready if life.desired == TaskState::Ready && now < life.not_before => {
            format!("it waits for {} more, as its restart delay says", span(life.not_before.since(now)))
        }
        TaskState::Ready => "its container is made and waits for the task before it to end".into(),
        TaskState::Starting => "its container starts, or is not healthy yet".into(),
        TaskState::Running => format!("it has run for {}", span(now.since(status.at))),
        TaskState::Complete => "its process ended by itself with exit code 0".into(),
        TaskState::Shutdown => match &life.dismissed {
            Some(dismissal) => format!("it was stopped: {}", dismissal.why),
            None => "it was stopped, as was wanted".into(),
        },
        TaskState::Orphaned => "its node is gone for good".into(),
        _ => status.message.to_string(),
    }
}

/// A task that was alive when its node was heard of last.
fn lost(view: &View, life: &Life) -> Option<String> {
    if life.gone || !(TaskState::Assigned..=TaskState::Running).contains(&life.status.state) {
        return None;
    }
    let node = view.node(life.node?)?;
    (node.status.state == skep_model::NodeState::Down).then(|| node.description.hostname.clone())
}

fn chain(view: &View, life: &Life) -> Vec<WhyLink> {
    let mut chain = vec![spec_link(view, life)];
    chain.push(link(life.made_at, "orchestrator", made_because(view, life)));
    let mut before = life.made_at;
    let mut dismissed = life.dismissed.as_ref();
    for (state, at) in &life.timeline {
        if let Some(dismissal) = dismissed.take_if(|dismissal| dismissal.at <= *at) {
            chain.push(dismissal_link(dismissal));
        }
        chain.push(link(*at, owner(*state), step(life, *state, at.since(before))));
        before = *at;
    }
    if life.timeline.last().map(|(state, _)| *state) != Some(life.status.state) && life.status.at > before {
        let what = step(life, life.status.state, life.status.at.since(before));
        chain.push(link(life.status.at, owner(life.status.state), what));
    }
    chain.extend(dismissed.map(dismissal_link));
    chain
}

fn dismissal_link(dismissal: &Dismissal) -> WhyLink {
    link(dismissal.at, "orchestrator", format!("wants the task no more: {}", dismissal.why))
}

/// Which wish it came from.
fn spec_link(view: &View, life: &Life) -> WhyLink {
    let version = life.spec_version;
    let revision = view.revision(life.service, version);
    let at = revision.map_or(life.made_at, |revision| revision.meta.created_at);
    let before = version.checked_sub(1).and_then(|number| view.revision(life.service, number));
    let former = || {
        view.service(life.service).filter(|service| service.spec_version == version)?.previous_spec.clone()
    };
    let before = before.map(|revision| revision.spec.clone()).or_else(former);
    let what = match (revision, before) {
        (Some(revision), Some(before)) => {
            format!(
                "service {} became version {version}: {}",
                life.service_name,
                spec_change::changes(&before, &revision.spec)
            )
        }
        (_, _) if version <= 1 => format!("service {} was created", life.service_name),
        _ => format!("service {} became version {version}", life.service_name),
    };
    link(at, "user", what)
}

fn made_because(view: &View, life: &Life) -> String {
    let Some(former) = life.replaces else { return "the task was made".into() };
    let task = view.task(former).map(|task| (&task.status, task.dismissed.as_deref()));
    let record = || view.task_record(former).map(|record| (&record.status, record.dismissed.as_deref()));
    let ended = match task.or_else(record) {
        None => "which is gone".to_owned(),
        Some((status, _)) if !status.error.is_empty() => {
            format!("which is {}: {}", status.state, status.error)
        }
        Some((_, Some(dismissal))) => format!("which was to end: {}", dismissal.why),
        Some((status, None)) => format!("which is {}", status.state),
    };
    format!("the task was made in place of {former}, {ended}")
}

fn owner(state: TaskState) -> &'static str {
    match state {
        TaskState::New | TaskState::Remove => "orchestrator",
        TaskState::Pending => "allocator",
        TaskState::Assigned => "scheduler",
        TaskState::Orphaned => "dispatcher",
        _ => "node",
    }
}

/// What a state means, with how long it took to come to it.
fn step(life: &Life, state: TaskState, took: Duration) -> String {
    let what = match state {
        TaskState::Pending => "has addresses, waits for a node".to_owned(),
        TaskState::Assigned => format!("chose node {}", life.place()),
        TaskState::Accepted => "took the task on".into(),
        TaskState::Preparing => "gets the image and makes the container".into(),
        TaskState::Ready => "the container is made".into(),
        TaskState::Starting => "the container starts".into(),
        TaskState::Running => "the container runs".into(),
        TaskState::Complete => "the process ended with exit code 0".into(),
        TaskState::Shutdown => "the container was stopped".into(),
        TaskState::Failed | TaskState::Rejected => ended_badly(life, state),
        other => other.to_string(),
    };
    if took >= Duration::from_millis(100) { format!("{what} (after {})", span(took)) } else { what }
}

fn ended_badly(life: &Life, state: TaskState) -> String {
    let container = life.status.container.as_deref();
    let code = container.and_then(|container| container.exit_code).map(|code| format!(", exit code {code}"));
    let memory = if container.is_some_and(|container| container.oom_killed) { ", out of memory" } else { "" };
    format!("{state}: {}{}{memory}", life.status.error, code.unwrap_or_default())
}

/// What comes after, as the service's restart policy says.
fn next(view: &View, life: &Life, now: Timestamp) -> String {
    if life.gone {
        return "it is gone; this is what was kept of it".into();
    }
    let Some(service) = view.service(life.service) else {
        return "its service is gone: it is removed".into();
    };
    if life.desired >= TaskState::Shutdown {
        let newer = view
            .slot_tasks(life.service, life.slot)
            .find(|task| task.is_wanted() && (life.slot != 0 || task.node == life.node));
        return match newer {
            Some(task) => format!("task {} took its place", task.id),
            None => "nothing takes its place".into(),
        };
    }
    match life.status.state {
        TaskState::Failed | TaskState::Rejected | TaskState::Complete => restart(life, &service.spec, now),
        _ => String::new(),
    }
}

fn restart(life: &Life, spec: &ServiceSpec, now: Timestamp) -> String {
    let policy = &spec.task.restart;
    let wanted = match policy.condition {
        RestartCondition::None => false,
        RestartCondition::OnFailure => life.status.state != TaskState::Complete,
        RestartCondition::Any => !spec.mode.is_job() || life.status.state != TaskState::Complete,
    };
    if !wanted {
        return format!("it is not started again: the restart condition is {}", policy.condition);
    }
    let bound = match policy.attempts_max {
        0 => String::new(),
        most => format!(", up to {most} times"),
    };
    let due = life.status.at.plus(policy.delay);
    if now < due {
        format!("another task takes its place in {}{bound}", span(due.since(now)))
    } else {
        format!("another task takes its place{bound}")
    }
}

/// A length of time, short ones with a tenth of a second.
pub(super) fn span(length: Duration) -> String {
    if length < Duration::from_secs(60) {
        format!("{:.1} s", length.as_secs_f64())
    } else {
        human_duration(length).to_lowercase()
    }
}

fn link(at: Timestamp, by: &str, what: String) -> WhyLink {
    WhyLink { at: rfc3339(at), by: by.to_owned(), what }
}
