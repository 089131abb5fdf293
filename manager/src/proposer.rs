//! Raft as the store's proposer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skep_model::Timestamp;
use skep_raft::{Proposed, RaftNode, ReadError};
use skep_runtime::Env;
use skep_store::{Command, ProposeError, Proposer};

use crate::leader_calls::LeaderCalls;
use crate::quorum::Quorum;
use crate::replica::{decode_outcome, encode_command};

/// How long a write may take before its outcome counts as unknown.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a write waits for a leader: an election takes about a second, and the loss of most managers is to be said
/// within five.
const LEADER_WAIT: Duration = Duration::from_secs(4);
/// Wait before a leader that just stopped leading is asked again.
const RETRY_WAIT: Duration = Duration::from_millis(50);

/// Replicates the commands of what this manager runs while it leads. It passes nothing on: what a former leader decided is
/// not for the next one to write.
#[derive(Clone, Debug)]
pub(crate) struct RaftProposer {
    raft: RaftNode,
}

impl RaftProposer {
    pub(crate) fn new(raft: RaftNode) -> Self {
        Self { raft }
    }
}

#[async_trait]
impl Proposer for RaftProposer {
    async fn propose(&self, command: Command) -> Result<u64, ProposeError> {
        let bytes = encode_command(&command);
        outcome(self.raft.propose(&bytes, WRITE_TIMEOUT).await.map_err(propose_error)?)
    }

    async fn confirm(&self) -> Result<(), ProposeError> {
        self.raft.linearizable(WRITE_TIMEOUT).await.map_err(read_error)
    }
}

/// Replicates what users and joiners want, at any manager: one that does not lead passes it on to the leader.
#[derive(Clone)]
pub(crate) struct ForwardingProposer {
    env: Env,
    raft: RaftNode,
    calls: Arc<dyn LeaderCalls>,
    quorum: Quorum,
}

impl ForwardingProposer {
    pub(crate) fn new(env: Env, raft: RaftNode, calls: Arc<dyn LeaderCalls>, quorum: Quorum) -> Self {
        Self { env, raft, calls, quorum }
    }

    async fn attempt(&self, command: &[u8], limit: Duration) -> Result<Proposed, skep_raft::ProposeError> {
        let own = self.raft.propose(command, limit).await;
        let Err(skep_raft::ProposeError::NotLeader { leader: Some((id, address)) }) = &own else {
            return own;
        };
        if *id == self.raft.id() {
            // It lost its majority and does not know of another leader yet.
            return Err(skep_raft::ProposeError::NotLeader { leader: None });
        }
        let proposed = self.calls.propose(address, command, limit).await?;
        // Reads that follow here must see it; it is done also when this takes too long.
        if let Err(error) = self.raft.applied(proposed.index, limit).await {
            tracing::warn!(%error, index = proposed.index, "this manager lags behind the leader");
        }
        Ok(proposed)
    }

    /// Waits for another leader than `none`, or a moment.
    async fn wait_for_leader(&self, until: Timestamp) {
        let leadership = self.raft.leadership();
        let wait = match leadership.leader {
            None => until.since(self.env.now()),
            Some(_) => RETRY_WAIT,
        };
        // Either way it is tried again.
        let _ = self.env.timeout(wait, self.raft.leadership_changed(&leadership)).await;
    }
}

#[async_trait]
impl Proposer for ForwardingProposer {
    async fn propose(&self, command: Command) -> Result<u64, ProposeError> {
        let bytes = encode_command(&command);
        let until = self.env.now().plus(LEADER_WAIT);
        loop {
            match self.attempt(&bytes, WRITE_TIMEOUT).await {
                Ok(proposed) => return outcome(proposed),
                Err(skep_raft::ProposeError::NotLeader { .. }) if self.env.now() < until => {
                    self.wait_for_leader(until).await;
                }
                Err(skep_raft::ProposeError::NotLeader { .. }) => {
                    return Err(ProposeError::NoQuorum { reason: self.quorum.loss().await });
                }
                Err(error) => return Err(propose_error(error)),
            }
        }
    }

    async fn confirm(&self) -> Result<(), ProposeError> {
        match self.quorum.read_barrier(LEADER_WAIT).await {
            Err(ReadError::NoQuorum) => Err(ProposeError::NoQuorum { reason: self.quorum.loss().await }),
            outcome => outcome.map_err(read_error),
        }
    }
}

fn outcome(proposed: Proposed) -> Result<u64, ProposeError> {
    let stopped = |error: skep_wire::WireError| ProposeError::Stopped { reason: error.to_string() };
    decode_outcome(&proposed.response).map_err(stopped)??;
    Ok(proposed.index)
}

fn read_error(error: ReadError) -> ProposeError {
    match error {
        ReadError::NotLeader { leader } => {
            ProposeError::NotLeader { leader: leader.map(|(_, address)| address) }
        }
        ReadError::NoQuorum => ProposeError::NoQuorum { reason: error.to_string() },
        ReadError::Stopped | ReadError::Storage(_) => ProposeError::Stopped { reason: error.to_string() },
    }
}

fn propose_error(error: skep_raft::ProposeError) -> ProposeError {
    use skep_raft::ProposeError as From;
    match error {
        From::NotLeader { leader } => ProposeError::NotLeader { leader: leader.map(|(_, address)| address) },
        From::Unknown => ProposeError::Unknown,
        From::TooLarge { bytes, max } => ProposeError::TooLarge { bytes, bytes_max: max },
        From::Stopped | From::Storage(_) => ProposeError::Stopped { reason: error.to_string() },
    }
}
