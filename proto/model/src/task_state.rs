//! The states of a task, in the order of its life.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;

/// Where a task stands. The order is the order of its life: a task only moves forward.
///
/// Names and meaning are those of Docker Swarm's tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
#[repr(u8)]
pub enum TaskState {
    /// An orchestrator made it.
    #[default]
    New,
    /// Its addresses and ports are allocated; it waits for a node.
    Pending,
    /// The scheduler chose a node.
    Assigned,
    /// The node's agent took it on.
    Accepted,
    /// The node gets its image and makes its container.
    Preparing,
    /// The container is made and waits for the desired state to pass `Ready`.
    Ready,
    /// The container is being started, or is not healthy yet.
    Starting,
    /// The container runs.
    Running,
    /// The container ended by itself with exit code 0.
    Complete,
    /// The container was stopped because the desired state asked for it.
    Shutdown,
    /// The container ended with an error.
    Failed,
    /// It could not be prepared, or its node does not fit any more.
    Rejected,
    /// Desired only: stop it, then forget it.
    Remove,
    /// Its node is gone for good.
    Orphaned,
}

/// Who may write a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
pub enum StateOwner {
    /// Orchestrators, when they make a task.
    Orchestrator,
    /// The allocator.
    Allocator,
    /// The scheduler.
    Scheduler,
    /// The agent of the task's node.
    Agent,
    /// The dispatcher and node removal, for nodes that are gone.
    Dispatcher,
}

const ALL: [TaskState; 14] = [
    TaskState::New,
    TaskState::Pending,
    TaskState::Assigned,
    TaskState::Accepted,
    TaskState::Preparing,
    TaskState::Ready,
    TaskState::Starting,
    TaskState::Running,
    TaskState::Complete,
    TaskState::Shutdown,
    TaskState::Failed,
    TaskState::Rejected,
    TaskState::Remove,
    TaskState::Orphaned,
];

impl TaskState {
    /// Every state, in order.
    pub const fn all() -> &'static [Self] {
        &ALL
    }

    /// The state with this position in the order, as it is kept on disk.
    pub fn from_index(index: u8) -> Option<Self> {
        ALL.get(usize::from(index)).copied()
    }

    /// The position in the order.
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// Whether a task in this state may be reported as `next`: forward only, and nothing follows an end but `Orphaned`.
    pub fn may_become(self, next: Self) -> bool {
        next > self && next != Self::Remove && (!self.is_ended() || next == Self::Orphaned)
    }

    /// Whether a desired state may be changed to `next`: only forward, and only to a state that is ever desired.
    pub fn desired_may_become(self, next: Self) -> bool {
        next >= self && next.is_desirable()
    }

    /// Whether managers ever desire this state.
    pub fn is_desirable(self) -> bool {
        matches!(self, Self::Ready | Self::Running | Self::Complete | Self::Shutdown | Self::Remove)
    }

    /// Whether nothing of the task runs any more.
    pub fn is_ended(self) -> bool {
        self >= Self::Complete
    }

    /// Who writes this state.
    pub fn owner(self) -> StateOwner {
        match self {
            Self::New | Self::Remove => StateOwner::Orchestrator,
            Self::Pending => StateOwner::Allocator,
            Self::Assigned => StateOwner::Scheduler,
            Self::Orphaned => StateOwner::Dispatcher,
            _ => StateOwner::Agent,
        }
    }

    /// The word that Docker's API uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pending => "pending",
            Self::Assigned => "assigned",
            Self::Accepted => "accepted",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Remove => "remove",
            Self::Orphaned => "orphaned",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}

impl FromStr for TaskState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| UnknownWord {
            word: word.into(),
            known: "new, pending, assigned, accepted, preparing, ready, starting, running, complete, shutdown, \
                    failed, rejected, remove, orphaned",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_indexes_read_back() {
        for &state in TaskState::all() {
            assert_eq!(state.word().parse::<TaskState>().unwrap(), state);
            assert_eq!(TaskState::from_index(state.index()), Some(state));
        }
        assert_eq!(TaskState::from_index(14), None);
    }

    #[test]
    fn a_task_never_moves_back_and_an_ended_one_only_to_orphaned() {
        for &from in TaskState::all() {
            for &to in TaskState::all() {
                if from.may_become(to) {
                    assert!(to > from);
                    assert!(!from.is_ended() || to == TaskState::Orphaned, "{from} -> {to}");
                }
            }
        }
        assert!(TaskState::Running.may_become(TaskState::Failed));
        assert!(!TaskState::Failed.may_become(TaskState::Rejected));
    }

    #[test]
    fn a_desired_state_only_moves_forward() {
        assert!(TaskState::Ready.desired_may_become(TaskState::Running));
        assert!(!TaskState::Shutdown.desired_may_become(TaskState::Running));
        assert!(!TaskState::Ready.desired_may_become(TaskState::Failed));
    }
}
