use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skep_raft::{Leadership, RaftNode, ReadError};
use skep_runtime::Env;
use skep_store::{Store, View};

use crate::leader_calls::LeaderCalls;

/// How long a manager may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(800);
/// Wait before a leader that just stopped leading is asked again.
const RETRY_WAIT: Duration = Duration::from_millis(50);

/// How often a new manager looks whether it has its vote.
const VOTE_LOOK: Duration = Duration::from_millis(50);

/// The managers as one of them sees them. It keeps the log open, so nobody holds it for long.
#[derive(Clone)]
pub struct Quorum {
    env: Env,
    raft: RaftNode,
    store: Arc<Store>,
    calls: Arc<dyn LeaderCalls>,
}

/// What a manager says that a recovery left behind.
const LEFT_BEHIND: &str = "The swarm was recovered without this manager, which knows only what was before. It becomes a worker \
    of the swarm when it reaches it; if it does not, let it leave (\"skep swarm leave --force\") and join again";

impl std::fmt::Debug for Quorum {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Quorum").field("raft", &self.raft).finish_non_exhaustive()
    }
}

impl Quorum {
    pub(crate) fn new(env: Env, raft: RaftNode, store: Arc<Store>, calls: Arc<dyn LeaderCalls>) -> Self {
        Self { env, raft, store, calls }
    }

    /// Waits until this manager's state holds everything that was acknowledged before the call, by any manager; an
    /// election that is under way is waited for.
    ///
    /// # Errors
    /// When no leader, or no majority, answers within `limit`.
    pub async fn read_barrier(&self, limit: Duration) -> Result<(), ReadError> {
        let until = self.env.now().plus(limit);
        loop {
            let left = until.since(self.env.now());
            match self.attempt(left).await {
                Err(ReadError::NotLeader { .. }) if left > RETRY_WAIT => self.env.sleep(RETRY_WAIT).await,
                Err(ReadError::NotLeader { .. }) => return Err(ReadError::NoQuorum),
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, limit: Duration) -> Result<(), ReadError> {
        let leadership = self.raft.leadership();
        let Some(leader) = &leadership.leader else {
            let elected = self.env.timeout(limit, self.raft.leadership_changed(&leadership)).await;
            elected.map_err(|_| ReadError::NoQuorum)?.map_err(|_| ReadError::Stopped)?;
            return Err(ReadError::NotLeader { leader: None });
        };
        if leader.id == self.raft.id() {
            return self.raft.linearizable(limit).await;
        }
        let index = self.calls.read_index(&leader.address, limit).await?;
        self.raft.applied(index, limit).await
    }

    /// Who leads, as far as this manager knows.
    pub fn leadership(&self) -> Leadership {
        self.raft.leadership()
    }

    /// The members that have a vote, as far as this manager knows.
    pub fn voters(&self) -> BTreeSet<u64> {
        let members = self.raft.metrics().members;
        members.into_iter().filter(|(_, member)| member.voter).map(|(id, _)| id).collect()
    }

    /// Waits until this manager knows that it has a vote itself.
    pub async fn until_voting(&self) {
        while !self.voters().contains(&self.raft.id()) {
            self.env.sleep(VOTE_LOOK).await;
        }
    }

    /// Why nothing can be decided, for people: which managers do not answer.
    pub async fn loss(&self) -> String {
        if self.raft.later_epoch().is_some() {
            return LEFT_BEHIND.to_owned();
        }
        let metrics = self.raft.metrics();
        let (mut voters, mut missing) = (0, Vec::new());
        let others = metrics.members.iter().filter(|(_, member)| member.voter);
        let asked = others.map(async |(id, member)| {
            let there = *id == metrics.id || self.calls.is_there(&member.address, PING_TIMEOUT).await;
            (*id, member.address.clone(), there)
        });
        let view = self.store.view();
        for (id, address, there) in futures::future::join_all(asked).await {
            voters += 1;
            if !there {
                missing.push(shown(&view, id, &address));
            }
        }
        let head = "The swarm does not have a leader";
        if missing.is_empty() {
            return format!("{head}: its {voters} managers answer, so one is about to be elected; try again");
        }
        format!(
            "{head}: {} of its {voters} managers do not answer ({}). More than half of the managers must be online: start \
             them again, or, if they are lost for good, run \"skep swarm init --force-new-cluster\" on this node",
            missing.len(),
            missing.join(", ")
        )
    }
}

/// A manager by its host's name, if it is known.
fn shown(view: &View, raft_id: u64, address: &str) -> String {
    match view.member(raft_id) {
        Some(node) => format!("{} at {address}", node.description.hostname),
        None => address.to_owned(),
    }
}
