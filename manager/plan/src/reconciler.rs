use skep_model::{Change, Kind, Timestamp};
use skep_store::View;

/// Decides, never acts: the same view and the same time give the same plan.
pub trait Reconciler: Send + Sync {
    /// The planner's name in logs.
    fn name(&self) -> &'static str;

    /// The kinds of objects whose changes may call for another plan.
    fn watches(&self) -> &'static [Kind];

    /// What to change now, and when to look again without being woken.
    fn plan(&self, view: &View, now: Timestamp) -> Plan;
}

/// Changes, and when to look again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Changes that belong together, group by group; a group is written as a whole, groups may be written one after the
    /// other.
    pub groups: Vec<Vec<Change>>,
    /// When the plan may be another one though nothing changed, e.g. the end of a restart delay.
    pub wake_at: Option<Timestamp>,
}

impl Plan {
    /// Adds changes that belong together, if there are any.
    pub fn group(&mut self, changes: impl IntoIterator<Item = Change>) {
        let group: Vec<Change> = changes.into_iter().collect();
        if !group.is_empty() {
            self.groups.push(group);
        }
    }

    /// Asks to be run again at `moment`, or earlier.
    pub fn wake(&mut self, moment: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(moment, |earlier| earlier.min(moment)));
    }
}
