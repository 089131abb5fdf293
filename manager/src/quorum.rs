use std::time::Duration;

use skep_raft::{Leadership, RaftNode, ReadError};
use skep_runtime::Env;

/// The managers as one of them sees them. It keeps the log open, so nobody holds it for long.
#[derive(Debug, Clone)]
pub struct Quorum {
    env: Env,
    raft: RaftNode,
}

impl Quorum {
    pub(crate) fn new(env: Env, raft: RaftNode) -> Self {
        Self { env, raft }
    }

    /// Waits until this manager's state holds everything that was acknowledged before the call; an election that is
    /// under way is waited for.
    ///
    /// # Errors
    /// When it does not lead, or no majority answers, within `limit`.
    pub async fn read_barrier(&self, limit: Duration) -> Result<(), ReadError> {
        let leadership = self.raft.leadership();
        if leadership.leader.is_none() {
            let elected = self.env.timeout(limit, self.raft.leadership_changed(&leadership)).await;
            elected.map_err(|_| ReadError::NoQuorum)?.map_err(|_| ReadError::Stopped)?;
        }
        self.raft.linearizable(limit).await
    }

    /// Who leads, as far as this manager knows.
    pub fn leadership(&self) -> Leadership {
        self.raft.leadership()
    }
}
