//! What a manager asks of the leader, over the simulated network.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use skep_manager::LeaderCalls;
use skep_raft::{ProposeError, Proposed, RaftNode, ReadError};

use crate::birth;
use crate::faults::AT_ANSWER;
use crate::site::Site;
use crate::world::World;

/// How long the leader tries to commit what another manager passes on (as in `skep_manager`'s server).
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(9);
/// How long the leader may take to know that it leads (as there).
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// One manager's way to ask.
pub(crate) struct SimCalls {
    world: Weak<World>,
    from: Site,
}

impl SimCalls {
    /// The way of the manager at `from`.
    pub(crate) fn new(world: &Arc<World>, from: Site) -> Self {
        Self { world: Arc::downgrade(world), from }
    }

    /// Asks the manager at an address. The outer `None` stands for no answer, the inner one for nobody there.
    async fn ask<T, F>(
        &self,
        address: &str,
        limit: Duration,
        work: impl FnOnce(RaftNode) -> F + Send + 'static,
    ) -> Option<Option<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let world = self.world.upgrade()?;
        let to = birth::manager_at(address, world.managers.count())?;
        if world.managers.running(to, None).is_none() {
            return Some(None);
        }
        let (own, network) = (Arc::clone(&world), world.network.clone());
        drop(world);
        let serve = move || {
            let (life, core) = own.managers.running(to, None)?;
            let lived = life.clone();
            Some(life.spawn(async move {
                let answer = work(core.raft().clone()).await;
                own.faults.strike(&lived, AT_ANSWER);
                answer
            }))
        };
        let asking = network.exchange(self.from, to, serve);
        tokio::time::timeout(limit, asking).await.ok().flatten().map(Some)
    }
}

#[async_trait]
impl LeaderCalls for SimCalls {
    async fn propose(
        &self,
        address: &str,
        command: &[u8],
        limit: Duration,
    ) -> Result<Proposed, ProposeError> {
        let command = command.to_vec();
        let work = move |raft: RaftNode| async move { raft.propose(&command, PROPOSE_TIMEOUT).await };
        match self.ask(address, limit, work).await {
            None => Err(ProposeError::Unknown),
            Some(None) => Err(ProposeError::NotLeader { leader: None }),
            // As the wire's codes: only these two say that nothing happened.
            Some(Some(Err(ProposeError::NotLeader { .. }))) => Err(ProposeError::NotLeader { leader: None }),
            Some(Some(Err(ProposeError::TooLarge { bytes, max }))) => {
                Err(ProposeError::TooLarge { bytes, max })
            }
            Some(Some(Err(_))) => Err(ProposeError::Unknown),
            Some(Some(Ok(proposed))) => Ok(proposed),
        }
    }

    async fn read_index(&self, address: &str, limit: Duration) -> Result<u64, ReadError> {
        let work = |raft: RaftNode| async move {
            raft.linearizable(READ_TIMEOUT).await?;
            Ok::<_, ReadError>(raft.metrics().applied.unwrap_or_default())
        };
        let index = self.ask(address, limit, work).await.flatten();
        index.and_then(Result::ok).ok_or(ReadError::NotLeader { leader: None })
    }

    async fn is_there(&self, address: &str, limit: Duration) -> bool {
        self.ask(address, limit, |_| async {}).await.flatten().is_some()
    }
}
