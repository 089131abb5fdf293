//! Managers' messages to each other over gRPC: the sending side.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use skep_identity::{LiveIdentity, client_channel};
use skep_raft::{ProposeError, Proposed, RaftMessage, ReadError, Transport, TransportError};
use skep_wire::v1::raft_client::RaftClient;
use skep_wire::v1::{PingRequest, ProposeRequest, RaftCall, ReadIndexRequest};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::leader_calls::LeaderCalls;

/// Largest message: a piece of a snapshot or a batch of entries.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Sends messages to other managers; one connection to each.
pub(crate) struct GrpcTransport {
    connect: Box<dyn Fn(&str) -> Channel + Send + Sync>,
    version: Box<dyn Fn() -> u64 + Send + Sync>,
    /// By address, each with the version that it was made under.
    channels: Mutex<BTreeMap<String, (u64, Channel)>>,
}

impl std::fmt::Debug for GrpcTransport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("GrpcTransport").finish_non_exhaustive()
    }
}

impl GrpcTransport {
    /// With the node's certificate; a renewed one takes effect with the next message.
    pub(crate) fn new(identity: LiveIdentity) -> Self {
        let shown = identity.clone();
        let connect = move |address: &str| client_channel(&shown, address.to_owned());
        Self::over(connect, move || identity.version())
    }

    /// Through channels that `connect` makes to an address (`host:port`), and anew once `version` gives another number.
    pub(crate) fn over(
        connect: impl Fn(&str) -> Channel + Send + Sync + 'static,
        version: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { connect: Box::new(connect), version: Box::new(version), channels: Mutex::default() }
    }

    fn client(&self, address: &str) -> RaftClient<Channel> {
        let version = (self.version)();
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            channels.get(address).filter(|(made, _)| *made == version).map(|(_, channel)| channel.clone());
        let channel = fresh.unwrap_or_else(|| {
            let channel = (self.connect)(address);
            channels.insert(address.to_owned(), (version, channel.clone()));
            channel
        });
        RaftClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
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
        let call = RaftCall { message: message.encode() };
        let answer = self.client(address).call(call).await.map_err(|status| {
            let text = status.message().to_owned();
            match status.code() {
                Code::Unavailable | Code::PermissionDenied => TransportError::Unreachable(text),
                _ => TransportError::Failed(text),
            }
        })?;
        Ok(answer.into_inner().message)
    }
}

#[async_trait]
impl LeaderCalls for GrpcTransport {
    async fn propose(
        &self,
        address: &str,
        command: &[u8],
        limit: Duration,
    ) -> Result<Proposed, ProposeError> {
        let mut request = Request::new(ProposeRequest { command: command.to_vec() });
        request.set_timeout(limit);
        let answer = self.client(address).propose(request).await.map_err(|status| propose_error(&status))?;
        let answer = answer.into_inner();
        Ok(Proposed { index: answer.index, response: answer.outcome })
    }

    async fn read_index(&self, address: &str, limit: Duration) -> Result<u64, ReadError> {
        let mut request = Request::new(ReadIndexRequest {});
        request.set_timeout(limit);
        let answer = self.client(address).read_index(request).await;
        // Whatever went wrong: the next leader may answer.
        Ok(answer.map_err(|_| ReadError::NotLeader { leader: None })?.into_inner().index)
    }

    async fn is_there(&self, address: &str, limit: Duration) -> bool {
        let mut request = Request::new(PingRequest {});
        request.set_timeout(limit);
        self.client(address).ping(request).await.is_ok()
    }
}

/// What a leader's refusal means; see `raft_server.rs`, which makes it.
fn propose_error(status: &Status) -> ProposeError {
    match status.code() {
        Code::FailedPrecondition | Code::PermissionDenied => ProposeError::NotLeader { leader: None },
        Code::ResourceExhausted => ProposeError::TooLarge { bytes: 0, max: 0 },
        _ if was_not_sent(status) => ProposeError::NotLeader { leader: None },
        // The answer may have been lost after the change was made.
        _ => ProposeError::Unknown,
    }
}

/// Whether nothing can have arrived: there was no connection.
fn was_not_sent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::AddrNotAvailable
            );
        }
        cause = error.source();
    }
    false
}
