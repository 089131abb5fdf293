//! What must hold, one file each. Those that can be seen at any time are checked every step; the rest after healing.

mod acknowledged_writes_survive;
mod committed_is_on_a_majority;
mod desired_equals_observed;
mod drained_nodes_get_empty;
mod forward_only;
mod linearizable;
mod log_matching;
mod managers_are_the_voters;
mod nobody_stops_by_itself;
mod one_leader_a_term;
mod one_task_a_slot;
mod planners_get_quiet;
mod replicas_agree;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use skep_store::{Commit, View, Watch};

use crate::managers::Running;
use crate::site::Site;
use crate::world::World;

pub(crate) use acknowledged_writes_survive::acknowledged_writes_survive;
pub(crate) use desired_equals_observed::desired_equals_observed;
pub(crate) use drained_nodes_get_empty::drained_nodes_get_empty;
pub(crate) use linearizable::histories_fit_one_order;
pub(crate) use managers_are_the_voters::managers_are_the_voters;
pub(crate) use one_task_a_slot::one_task_a_slot;
pub(crate) use planners_get_quiet::planners_get_quiet;
pub(crate) use replicas_agree::replicas_equal;

/// The invariants that are checked every step, with what they remember.
#[derive(Debug, Default)]
pub(crate) struct Always {
    leaders: one_leader_a_term::Leaders,
    logs: log_matching::Logs,
    agreement: replicas_agree::Agreement,
    watches: BTreeMap<Site, (u64, Watch)>,
}

impl Always {
    /// Looks at everything that runs.
    pub(crate) fn check(&mut self, world: &World) -> Result<(), String> {
        let running = world.managers.all_running();
        for manager in &running {
            nobody_stops_by_itself::check(manager)?;
            self.leaders.check(manager)?;
            self.logs.check(manager)?;
            for commit in self.commits(manager) {
                self.agreement.check(manager, &commit)?;
                forward_only::check(manager, &commit)?;
            }
        }
        if world.members_settled() {
            committed_is_on_a_majority::check(&running, world.managers.count())?;
        }
        Ok(())
    }

    /// What a manager has applied since the last look, in this life.
    fn commits(&mut self, manager: &Running) -> Vec<Arc<Commit>> {
        let control = manager.core.control();
        let fresh = |version| (manager.start, control.store().watch(version));
        let held = self.watches.entry(manager.site).or_insert_with(|| fresh(0));
        if held.0 != manager.start {
            *held = fresh(0);
        }
        let mut commits = Vec::new();
        loop {
            match held.1.next().now_or_never() {
                Some(Ok(commit)) => commits.push(commit),
                // It was restored from a snapshot.
                Some(Err(_)) => *held = fresh(View::version(&control.view())),
                None => return commits,
            }
        }
    }
}
