//! A place of a service in an update.

use std::sync::Arc;

use skep_model::{Change, Service, Task, TaskState, Timestamp, UpdateOrder};
use skep_store::View;

use super::staleness::Staleness;
use crate::new_task::{dismiss, goal, replacement};
use crate::place::wanted_places;
use crate::reconciler::Plan;

/// The wanted tasks of one place.
#[derive(Debug, Default)]
pub(super) struct Slot<'a> {
    /// Those that lack something of the present spec.
    pub(super) stale: Vec<&'a Arc<Task>>,
    /// Those that are as they should be.
    pub(super) fresh: Vec<&'a Arc<Task>>,
}

/// What an update has to do for a slot that has no fresh task, in the order in which slots have their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It serves nobody: it is replaced at once and holds nothing up.
    Now,
    /// It stands in for one that ran, and will run itself: before those that run.
    First,
    /// It runs.
    Last,
}

/// A service's places, in order.
pub(super) fn slots<'a>(view: &'a View, service: &Service, staleness: &Staleness<'_>) -> Vec<Slot<'a>> {
    let slot = |tasks: Vec<&'a Arc<Task>>| {
        let (stale, fresh) = tasks.into_iter().partition(|task| staleness.is_stale(task));
        Slot { stale, fresh }
    };
    wanted_places(view, service.id).into_values().map(slot).collect()
}

impl<'a> Slot<'a> {
    /// Whether it still has to get the new spec.
    pub(super) fn is_due(&self) -> bool {
        self.fresh.is_empty()
    }

    /// The newest task of the new spec.
    pub(super) fn newest(&self) -> Option<&'a Arc<Task>> {
        self.fresh.iter().copied().max_by_key(|task| (task.meta.created_at, task.id))
    }

    /// When it has its turn.
    pub(super) fn turn(&self) -> Turn {
        if self.stale.iter().any(|task| runs(task)) {
            return Turn::Last;
        }
        let stands_in = |task: &&Arc<Task>| {
            let history = task.restarts.as_deref();
            let unfailed = history.is_some_and(|it| it.attempts == 0 && it.replaces.is_some());
            unfailed && !task.status.state.is_ended()
        };
        if self.stale.iter().any(stands_in) { Turn::First } else { Turn::Now }
    }

    /// Lets go of old tasks that a running one of the new spec has taken the place of, or that ended before.
    pub(super) fn retire(&self, now: Timestamp, plan: &mut Plan) {
        let served = self.fresh.iter().any(|task| runs(task));
        let gone = self.stale.iter().filter(|task| served || task.status.state.is_ended());
        let why = || match self.newest() {
            Some(next) => format!("a task of version {} of the service took its place", next.spec_version),
            None => "it had ended when the service was updated".to_owned(),
        };
        gone.for_each(|task| plan.group(dismiss(task, TaskState::Shutdown, now, &why())));
    }

    /// Leaves it with one task when the update goes no further: the new one where that runs, or else the old one, also when it does
    /// not run itself just now because its node was lost.
    pub(super) fn call_off(&self, now: Timestamp, plan: &mut Plan) {
        self.retire(now, plan);
        let begun = !self.fresh.iter().any(|task| runs(task));
        if begun && self.stale.iter().any(|task| !task.status.state.is_ended()) {
            let why = "the update stopped before it ran, so the task before it stays";
            self.fresh.iter().for_each(|task| plan.group(dismiss(task, TaskState::Shutdown, now, why)));
        }
    }

    /// Gives it a task of the new spec: when the old one has ended, or while that goes on.
    pub(super) fn replace(
        &self,
        view: &View,
        now: Timestamp,
        service: &Service,
        order: UpdateOrder,
        plan: &mut Plan,
    ) {
        let running = self.stale.iter().find(|task| runs(task));
        let Some(old) = running.or(self.stale.last()) else { return };
        let stays = running.filter(|_| order == UpdateOrder::StartFirst).map(|task| task.id);
        let mut next = replacement(view, now, service, old, service.spec_version, now);
        if stays.is_some() {
            next.desired = goal(service);
        }
        let others = self.stale.iter().filter(|task| Some(task.id) != stays);
        let why = format!("the service is updated to version {}", service.spec_version);
        let retired = others.filter_map(|task| dismiss(task, TaskState::Shutdown, now, &why));
        plan.group(retired.chain([Change::Create(next.into())]));
    }
}

fn runs(task: &Task) -> bool {
    task.status.state == TaskState::Running
}
