//! Managers' messages to each other over gRPC: the receiving side.

use std::time::Duration;

use skep_model::NodeRole;
use skep_raft::{ProposeError, RaftMessage, RaftNode, ReadError};
use skep_wire::v1::raft_server::Raft;
use skep_wire::v1::{
    PingRequest, PingResponse, ProposeRequest, ProposeResponse, RaftCall, RaftReply, ReadIndexRequest,
    ReadIndexResponse,
};
use tonic::{Request, Response, Status};

use crate::authorize::Authorizer;

/// How long the leader tries to commit what another manager passes on; that one waits a little longer.
const PROPOSE_TIMEOUT: Duration = Duration::from_secs(9);
/// How long the leader may take to know that it leads.
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// Receives messages from other managers.
#[derive(Debug)]
pub(crate) struct RaftServer {
    raft: RaftNode,
    authorizer: Authorizer,
}

impl RaftServer {
    pub(crate) fn new(raft: RaftNode, authorizer: Authorizer) -> Self {
        Self { raft, authorizer }
    }

    fn only_managers<T>(&self, request: &Request<T>) -> Result<(), Status> {
        // A member that lags behind may not know the leader yet from which it hears of everybody, and would not hear of it for
        // ever. Raft itself minds who may do what; the leader knows who was removed.
        let peer = match self.raft.is_leader() {
            true => self.authorizer.member(request)?,
            false => self.authorizer.certified(request)?,
        };
        match peer.role {
            NodeRole::Manager => Ok(()),
            NodeRole::Worker => Err(Status::permission_denied("only managers take part in Raft")),
        }
    }
}

#[tonic::async_trait]
impl Raft for RaftServer {
    async fn call(&self, request: Request<RaftCall>) -> Result<Response<RaftReply>, Status> {
        self.only_managers(&request)?;
        let message = RaftMessage::decode(&request.into_inner().message)
            .ok_or_else(|| Status::invalid_argument("not a message of Raft"))?;
        Ok(Response::new(RaftReply { message: self.raft.receive(&message).await }))
    }

    async fn propose(&self, request: Request<ProposeRequest>) -> Result<Response<ProposeResponse>, Status> {
        self.only_managers(&request)?;
        let proposed = self.raft.propose(&request.into_inner().command, PROPOSE_TIMEOUT).await;
        let proposed = proposed.map_err(|error| propose_status(&error))?;
        Ok(Response::new(ProposeResponse { index: proposed.index, outcome: proposed.response }))
    }

    async fn read_index(
        &self,
        request: Request<ReadIndexRequest>,
    ) -> Result<Response<ReadIndexResponse>, Status> {
        self.only_managers(&request)?;
        self.raft.linearizable(READ_TIMEOUT).await.map_err(|error| read_status(&error))?;
        // What this leader has applied now holds all that was acknowledged before the call.
        let index = self.raft.metrics().applied.unwrap_or_default();
        Ok(Response::new(ReadIndexResponse { index }))
    }

    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        self.only_managers(&request)?;
        Ok(Response::new(PingResponse {}))
    }
}

/// `transport.rs` reads these codes: only the first two say that nothing happened.
fn propose_status(error: &ProposeError) -> Status {
    let message = error.to_string();
    match error {
        ProposeError::NotLeader { .. } => Status::failed_precondition(message),
        ProposeError::TooLarge { .. } => Status::resource_exhausted(message),
        ProposeError::Unknown | ProposeError::Stopped | ProposeError::Storage(_) => {
            Status::deadline_exceeded(message)
        }
    }
}

fn read_status(error: &ReadError) -> Status {
    Status::failed_precondition(error.to_string())
}
