//! What runs only while this manager leads.

use std::sync::Arc;

use skep_plan::{Driver, planners};
use skep_raft::RaftNode;
use skep_runtime::{Env, Latest, Task};
use skep_store::Door;

use crate::dispatcher::Dispatcher;
use crate::members;

/// The leader's loops; dropping it ends them.
#[derive(Debug)]
pub(crate) struct Leader {
    dispatcher: Arc<Dispatcher>,
    _planners: Task<()>,
    _members: Task<()>,
}

impl Leader {
    /// Starts to lead.
    pub(crate) fn start(env: &Env, door: &Door, raft: &RaftNode) -> Self {
        let driver = Driver::new(door.clone(), env.clone(), planners());
        Self {
            dispatcher: Arc::new(Dispatcher::new(env.clone(), door.clone())),
            _planners: env.spawn("planners", driver.run()),
            _members: env.spawn("raft members", members::keep(env.clone(), door.clone(), raft.clone())),
        }
    }
}

/// Where the servers find the leader's parts, if this manager leads.
#[derive(Clone, Debug)]
pub(crate) struct LeaderSlot {
    leader: Latest<Option<Arc<Leader>>>,
}

impl LeaderSlot {
    pub(crate) fn new() -> Self {
        Self { leader: Latest::new(None) }
    }

    /// Leads from now on, or does not any more.
    pub(crate) fn set(&self, leader: Option<Leader>) {
        self.leader.set(leader.map(Arc::new));
    }

    /// The dispatcher, while this manager leads.
    pub(crate) fn dispatcher(&self) -> Option<Arc<Dispatcher>> {
        self.leader.get().map(|leader| Arc::clone(&leader.dispatcher))
    }
}
