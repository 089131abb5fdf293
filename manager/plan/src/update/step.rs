//! What an update does now.

use std::time::Duration;

use skep_model::{Change, Service, Timestamp, UpdateConfig, UpdateState, UpdateStatus};
use skep_store::View;

use super::slot::{Slot, Turn, slots};
use super::staleness::{Staleness, is_possible};
use super::trial::Trial;
use super::verdict;
use crate::reconciler::Plan;

/// Begins, goes on with or ends the update of a service, as its tasks and nodes are.
pub(super) fn plan_service(view: &View, now: Timestamp, service: &Service, plan: &mut Plan) {
    if service.update.is_none() && !is_possible(view, service) {
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
        slots.iter().for_each(|slot| slot.call_off(now, plan));
        return;
    }
    if stale == 0 {
        conclude(&mut status, &trials, monitor, now, plan);
    }
    if service.update.as_deref() != Some(&status) {
        plan.group([Change::Update(Service { update: Some(Box::new(status)), ..service.clone() }.into())]);
    }
    let workers = free_workers(&config, &trials, now, plan);
    slots.iter().for_each(|slot| slot.retire(now, plan));
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
