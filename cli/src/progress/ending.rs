use skep_rest::{Service, Task, UpdateFailure, UpdateStatus};

use super::baseline::Baseline;
use super::tasks::{label, reason};
use crate::failure::Failure;

/// Why waiting for a service on is of no use: what is told at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its tasks fail again and again.
    Failing(String),
    /// The update failed, and the spec before is back.
    RolledBack(String),
    /// The update, or the rollback, stopped on the way.
    Paused(String),
}

impl Ending {
    /// Of an update that did not come to its proper end.
    pub(super) fn of_update(
        service: &Service,
        update: &UpdateStatus,
        tasks: &[&Task],
        baseline: &Baseline,
    ) -> Option<Self> {
        let name = &service.spec.name;
        let first = first_failure(name, update, tasks);
        match update.state.as_str() {
            "rollback_completed" if !baseline.is_rollback => Some(Self::RolledBack(format!(
                "The update of {name} was rolled back{first}\nThe service has the spec that it had before. More: skep why {name}"
            ))),
            "paused" => Some(Self::Paused(format!(
                "The update of {name} is paused{}{first}\nGo on, with what mends it: skep service update {name}. Go back: skep \
                 service rollback {name}. More: skep why {name}",
                share(update)
            ))),
            "rollback_paused" => Some(Self::Paused(format!(
                "The rollback of {name} is paused{}{first}\nGo on, with what mends it: skep service update {name}. More: skep \
                 why {name}",
                share(update)
            ))),
            _ => None,
        }
    }

    /// Of a service whose task failed so often that it will again.
    pub(super) fn of_task(service: &Service, task: &Task) -> Self {
        let name = &service.spec.name;
        let lines = task.status.container_status.as_ref().map_or(&[][..], |container| &container.log_tail);
        Self::Failing(format!(
            "Service {name} does not come to run: task {name}.{} {}: {}{}\nThe service is kept. Mend it: skep service update \
             {name}. Remove it: skep service rm {name}. More: skep why {name}",
            label(task),
            task.status.state,
            reason(task),
            quoted(lines)
        ))
    }

    /// The line of the service at the end.
    pub(super) fn phase(&self) -> &'static str {
        match self {
            Self::Failing(_) => "failing",
            Self::RolledBack(_) => "rolled back",
            Self::Paused(_) => "paused",
        }
    }
}

impl From<Ending> for Failure {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Failing(text) => Self::NotConverged(text),
            Ending::RolledBack(text) => Self::RolledBack(text),
            Ending::Paused(text) => Self::Paused(text),
        }
    }
}

/// How many failed; nothing when that is not known.
fn share(update: &UpdateStatus) -> String {
    match update.failures {
        0 => String::new(),
        failures => format!(" after failures in {failures} of {} tasks", update.slots),
    }
}

/// Which task failed first, why, and what it wrote; or what the update says, when none did.
fn first_failure(service: &str, update: &UpdateStatus, tasks: &[&Task]) -> String {
    let Some(UpdateFailure { task_id, error, log_tail }) = &update.first_failure else {
        return format!(": {}", update.message);
    };
    let task = tasks.iter().find(|task| task.id == *task_id);
    let task = task.map_or_else(|| task_id.clone(), |task| format!("{service}.{} ({task_id})", label(task)));
    format!(": task {task} failed: {error}{}", quoted(log_tail))
}

fn quoted(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("\n  | {line}")).collect();
    format!("\nIts last lines:{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(state: &str) -> UpdateStatus {
        let first = UpdateFailure {
            task_id: "abc".into(),
            error: "task: non-zero exit (3)".into(),
            log_tail: vec!["no such thing".into()],
        };
        UpdateStatus {
            state: state.into(),
            slots: 4,
            failures: 1,
            first_failure: Some(first),
            ..UpdateStatus::default()
        }
    }

    fn ending(update: &UpdateStatus, baseline: &Baseline) -> Option<Ending> {
        let mut service = Service::default();
        service.spec.name = "web".into();
        let task = Task { id: "abc".into(), slot: 2, ..Task::default() };
        Ending::of_update(&service, update, &[&task], baseline)
    }

    #[test]
    fn the_first_failure_is_told_with_what_to_do() {
        let Some(Ending::Paused(text)) = ending(&update("paused"), &Baseline::default()) else { panic!() };
        assert_eq!(
            text,
            "The update of web is paused after failures in 1 of 4 tasks: task web.2 (abc) failed: task: non-zero exit (3)\n\
             Its last lines:\n  | no such thing\nGo on, with what mends it: skep service update web. Go back: skep service \
             rollback web. More: skep why web"
        );
        let Some(Ending::Paused(text)) = ending(&update("rollback_paused"), &Baseline::default()) else {
            panic!()
        };
        assert!(text.starts_with("The rollback of web is paused") && !text.contains("Go back"), "{text}");
    }

    #[test]
    fn a_rollback_is_a_failure_unless_it_was_asked_for() {
        let done = update("rollback_completed");
        assert!(matches!(ending(&done, &Baseline::default()), Some(Ending::RolledBack(_))));
        let asked = Baseline { is_rollback: true, ..Baseline::default() };
        assert_eq!(ending(&done, &asked), None);
        assert!(matches!(ending(&update("rollback_paused"), &asked), Some(Ending::Paused(_))));
        for state in ["updating", "rollback_started", "completed"] {
            assert_eq!(ending(&update(state), &Baseline::default()), None, "{state}");
        }
    }

    #[test]
    fn without_a_failed_task_the_update_says_why() {
        let update = UpdateStatus {
            state: "rollback_completed".into(),
            message: "rollback completed".into(),
            ..UpdateStatus::default()
        };
        let Some(Ending::RolledBack(text)) = ending(&update, &Baseline::default()) else { panic!() };
        assert!(text.starts_with("The update of web was rolled back: rollback completed\n"), "{text}");
    }
}
