//! Updates and rollbacks: brings a service's tasks to its present spec, so many slots at a time.

mod slot;
mod staleness;
mod trial;
mod verdict;

use std::time::Duration;

use skep_model::{Change, Kind, Service, Task, Timestamp, UpdateConfig, UpdateState, UpdateStatus};
use skep_store::View;

use crate::reconciler::{Plan, Reconciler};
use slot::{Slot, Turn, slots};
use staleness::Staleness;
use trial::Trial;

/// Replaces tasks that lack something of their service's spec. How far it is stands in the service and in the tasks, so
/// that a new leader goes on. A slot is done when its new task runs; when too many fail, it pauses or goes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Updater;

impl Reconciler for Updater {
    fn name(&self) -> &'static str {
        "updater"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Service, Kind::Task, Kind::Node]
    }

    fn plan(&self, view: &View, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        for service in view.services() {
            let at_rest = service.update.as_ref().is_some_and(|update| !update.state.is_running());
            if !at_rest && !service.spec.mode.is_job() {
                plan_service(view, now, service, &mut plan);
            }
        }
        plan
    }
}

/// Whether a task that is to be replaced keeps its spec: an update is on its way to its slot, or was paused before.
pub(crate) fn holds_spec(view: &View, service: &Service, task: &Task) -> bool {
    let ended = [UpdateState::Completed, UpdateState::RollbackCompleted];
    let under_way = service.update.as_ref().is_some_and(|update| !ended.contains(&update.state));
    under_way && Staleness::new(view, service).is_stale(task)
}

fn plan_service(view: &View, now: Timestamp, service: &Service, plan: &mut Plan) {
    if service.update.is_none() && !staleness::is_possible(view, service) {
        return;
    }
    let staleness = Staleness::new(view, service);
    let slots = slots(view, service, &staleness);
    let stale = slots.iter().filter(|slot| !slot.stale.is_empty()).count();
    if service.update.is_none() && stale == 0 {
        return;
    }
    let mut status = service.update.as_deref().cloned().unwrap_or_else(|| UpdateStatus {
        started_at: now,
        message: "update in progress".into(),
        ..UpdateStatus::default()
    });
    if status.slots == 0 {
        status.slots = u32::try_from(stale).unwrap_or(u32::MAX);
    }
    let config = config_of(service, status.state);
    let monitor = watch_time(&config);
    let trials = slots.iter().filter_map(Slot::newest);
    let trials = trials.filter(|task| task.spec_version == service.spec_version);
    let trials: Vec<Trial<'_>> =
        trials.filter_map(|task| Trial::of(view, service, &staleness, task, monitor)).collect();
    if let Some(failed) = verdict::tally(&mut status, &config, &trials) {
        plan.group(verdict::act(service, status, &config, failed, now));
        slots.iter().for_each(|slot| slot.call_off(plan));
        return;
    }
    if stale == 0 {
        conclude(&mut status, &trials, monitor, now, plan);
    }
    if service.update.as_deref() != Some(&status) {
        plan.group([Change::Update(Service { update: Some(Box::new(status)), ..service.clone() }.into())]);
    }
    let workers = free_workers(&config, &trials, now, plan);
    slots.iter().for_each(|slot| slot.retire(plan));
    let mut due: Vec<(Turn, &Slot<'_>)> =
        slots.iter().filter(|slot| slot.is_due()).map(|slot| (slot.turn(), slot)).collect();
    due.sort_by_key(|(turn, _)| *turn);
    let at_once = due.iter().filter(|(turn, _)| *turn == Turn::Now).count();
    for (_, slot) in due.into_iter().take(at_once.saturating_add(workers)) {
        slot.replace(view, now, service, config.order, plan);
    }
}

fn config_of(service: &Service, state: UpdateState) -> UpdateConfig {
    let config = if state.is_rollback() { service.spec.rollback } else { service.spec.update };
    config.unwrap_or_default()
}

/// How long a task is watched: where slots come further apart than that, until after the next one (Swarm's rule).
fn watch_time(config: &UpdateConfig) -> Duration {
    if config.delay >= config.monitor { config.delay + Duration::from_secs(1) } else { config.monitor }
}

/// How many slots may be begun now. One takes up a worker until its task runs or has failed, and for the delay after that.
fn free_workers(config: &UpdateConfig, trials: &[Trial<'_>], now: Timestamp, plan: &mut Plan) -> usize {
    let (mut waiting, mut resting, mut gained) = (0_usize, 0_usize, 0);
    for trial in trials {
        match trial.settled_at.map(|at| at.plus(config.delay)) {
            None => waiting += usize::from(trial.holds_up),
            Some(_) if !trial.holds_up => gained += usize::from(trial.failure.is_none()),
            Some(until) if now < until => {
                resting += 1;
                plan.wake(until);
            }
            Some(_) => {}
        }
    }
    // Where one that did not run before took the room of one that waits now, as many run as before.
    let busy = waiting.saturating_sub(gained) + resting;
    match config.parallelism {
        0 => usize::MAX,
        all => usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(busy),
    }
}

/// All slots have the new spec: the update is complete when the last one has been watched.
fn conclude(
    status: &mut UpdateStatus,
    trials: &[Trial<'_>],
    monitor: Duration,
    now: Timestamp,
    plan: &mut Plan,
) {
    let settled: Option<Vec<Timestamp>> = trials.iter().map(|trial| trial.settled_at).collect();
    let Some(settled) = settled else { return };
    let until = settled.into_iter().max().map_or(now, |last| last.plus(monitor));
    if now < until {
        plan.wake(until);
        return;
    }
    let (state, message) = match status.state.is_rollback() {
        true => (UpdateState::RollbackCompleted, "rollback completed"),
        false => (UpdateState::Completed, "update completed"),
    };
    status.state = state;
    status.message = message.into();
    status.completed_at = Some(now);
}
