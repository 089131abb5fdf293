//! Raft's messages over gRPC.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use skep_identity::{NodeIdentity, client_channel};
use skep_model::NodeRole;
use skep_raft::{RaftMessage, RaftNode, Transport, TransportError};
use skep_wire::v1::{RaftCall, RaftReply, raft_client::RaftClient, raft_server};
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::authorize::Authorizer;

/// Largest message: a piece of a snapshot or a batch of entries.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Sends messages to other managers; one connection to each.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    identity: NodeIdentity,
    channels: Mutex<BTreeMap<String, Channel>>,
}

impl GrpcTransport {
    pub(crate) fn new(identity: NodeIdentity) -> Self {
        Self { identity, channels: Mutex::default() }
    }

    fn channel(&self, address: &str) -> Result<Channel, TransportError> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(address) {
            return Ok(channel.clone());
        }
        let channel = client_channel(&self.identity, address.to_owned())
            .map_err(|error| TransportError::Unreachable(error.to_string()))?;
        channels.insert(address.to_owned(), channel.clone());
        Ok(channel)
    }
}

#[async_trait]
impl Transport for GrpcTransport {
    async fn call(
        &self,
        _target: u64,
        address: &str,
        message: RaftMessage,
    ) -> Result<Vec<u8>, TransportError> {
        let client = RaftClient::new(self.channel(address)?);
        let mut client =
            client.max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX);
        let answer = client.call(RaftCall { message: message.encode() }).await.map_err(|status| {
            let text = status.message().to_owned();
            match status.code() {
                Code::Unavailable | Code::PermissionDenied => TransportError::Unreachable(text),
                _ => TransportError::Failed(text),
            }
        })?;
        Ok(answer.into_inner().message)
    }
}

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
}

#[tonic::async_trait]
impl raft_server::Raft for RaftServer {
    async fn call(&self, request: Request<RaftCall>) -> Result<Response<RaftReply>, Status> {
        if self.authorizer.member(&request)?.role != NodeRole::Manager {
            return Err(Status::permission_denied("only managers take part in Raft"));
        }
        let message = RaftMessage::decode(&request.into_inner().message)
            .ok_or_else(|| Status::invalid_argument("not a message of Raft"))?;
        Ok(Response::new(RaftReply { message: self.raft.receive(&message).await }))
    }
}
