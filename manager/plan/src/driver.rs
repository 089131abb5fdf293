//! The one loop that runs all planners.

use std::time::Duration;

use skep_model::{Kind, Timestamp, limits};
use skep_runtime::{Backoff, Env};
use skep_store::{Door, Scratch, View};

use crate::allocator::Allocator;
use crate::departed::Departed;
use crate::enforcer::Enforcer;
use crate::global::Global;
use crate::jobs::Jobs;
use crate::reaper::Reaper;
use crate::rebalance::Rebalance;
use crate::reconciler::Reconciler;
use crate::replicated::Replicated;
use crate::restart::Restart;
use crate::root_rotation::RootRotations;
use crate::scheduler::Scheduler;
use crate::update::Updater;

/// Objects changed by one round at most; more follow in the next round, at once.
pub(crate) const ROUND_OBJECTS_MAX: usize = limits::TRANSACTION_CHANGES_MAX / 2;
/// First wait after a write that failed for another reason than a conflict.
const RETRY_FIRST: Duration = Duration::from_millis(50);
/// Longest such wait.
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// All planners, in the order in which one's decisions are the next one's input: a new service goes from tasks to nodes in
/// one round and one transaction.
pub fn planners() -> Vec<Box<dyn Reconciler>> {
    vec![
        Box::new(Departed),
        Box::new(Rebalance),
        Box::new(Enforcer),
        Box::new(Replicated),
        Box::new(Global),
        Box::new(Jobs),
        Box::new(Updater),
        Box::new(Restart),
        Box::new(Allocator),
        Box::new(Scheduler),
        Box::new(Reaper),
        Box::new(RootRotations),
    ]
}

/// Waits for changes or the clock, lets each planner plan on the view that the ones before it left, and writes the result.
pub struct Driver {
    door: Door,
    env: Env,
    planners: Vec<Box<dyn Reconciler>>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// What one round decided.
#[derive(Debug)]
struct Round {
    scratch: Scratch,
    wake_at: Option<Timestamp>,
    more: bool,
}

impl Driver {
    /// A driver of these planners.
    pub fn new(door: Door, env: Env, planners: Vec<Box<dyn Reconciler>>) -> Self {
        Self { door, env, planners }
    }

    /// Runs until it is dropped, which is what happens when leadership is lost.
    pub async fn run(self) {
        let mut backoff = Backoff::new(RETRY_FIRST, RETRY_LONGEST);
        loop {
            let view = self.door.view();
            let round = self.plan(&view);
            let (seen, wake_at, more) = (view.version(), round.wake_at, round.more);
            let transaction = round.scratch.into_transaction();
            if transaction.changes.is_empty() {
                self.wait(seen, wake_at).await;
                continue;
            }
            match self.door.write(transaction).await {
                Ok(_) => backoff.reset(),
                Err(error) if error.is_conflict() => {}
                Err(error) => {
                    tracing::warn!(%error, "a plan could not be written; planning again");
                    self.env.sleep(backoff.next_wait(self.env.random())).await;
                }
            }
            tracing::trace!(more, "planned");
        }
    }

    /// One round over all planners, on a view.
    fn plan(&self, view: &View) -> Round {
        let now = self.env.now();
        let mut round = Round { scratch: Scratch::new(view.clone()), wake_at: None, more: false };
        for planner in &self.planners {
            let plan = planner.plan(&round.scratch.view(), now);
            round.wake_at = [round.wake_at, plan.wake_at].into_iter().flatten().min();
            for group in plan.groups {
                if round.scratch.len() + group.len() > ROUND_OBJECTS_MAX {
                    round.more = true;
                    break;
                }
                round.scratch.apply(group);
            }
        }
        round
    }

    /// Waits for a commit that a planner cares about, or for the moment.
    async fn wait(&self, seen: u64, wake_at: Option<Timestamp>) {
        let version = self.door.store().version();
        let changed = async {
            let mut signal = 0;
            loop {
                let view = self.door.view();
                if self.watched().any(|kind| view.changed_at(kind) > seen) {
                    return;
                }
                signal = version.changed(signal).await.0;
            }
        };
        match wake_at {
            Some(moment) => drop(self.env.timeout(moment.since(self.env.now()), changed).await),
            None => changed.await,
        }
    }

    fn watched(&self) -> impl Iterator<Item = Kind> + '_ {
        self.planners.iter().flat_map(|planner| planner.watches().iter().copied())
    }
}
