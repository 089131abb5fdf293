//! Raft as the store's proposer.

use std::time::Duration;

use async_trait::async_trait;
use skep_raft::RaftNode;
use skep_store::{Command, ProposeError, Proposer};

use crate::replica::{decode_outcome, encode_command};

/// How long a write may take before its outcome counts as unknown.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Replicates commands through Raft.
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
        let proposed = self.raft.propose(&bytes, WRITE_TIMEOUT).await.map_err(propose_error)?;
        let stopped = |error: skep_wire::WireError| ProposeError::Stopped { reason: error.to_string() };
        decode_outcome(&proposed.response).map_err(stopped)??;
        Ok(proposed.index)
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
