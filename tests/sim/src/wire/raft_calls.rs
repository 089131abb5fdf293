use std::sync::Arc;

use async_trait::async_trait;
use skep_raft::{MessageKind, RaftMessage};
use skep_wire::v1::raft_server::Raft;
use skep_wire::v1::{
    PingRequest, PingResponse, ProposeRequest, ProposeResponse, RaftCall, RaftReply, ReadIndexRequest,
    ReadIndexResponse,
};
use tonic::{Request, Response, Status};

use super::reception::Reception;
use crate::faults::{AT_ANSWER, AT_APPEND, AT_VOTE};

/// Receives what other managers send, in the manager's life.
pub(super) struct RaftCalls<R> {
    product: Arc<R>,
    reception: Reception,
}

impl<R> RaftCalls<R> {
    /// Lets the product's server do what is asked.
    pub(super) fn new(product: R, reception: Reception) -> Self {
        Self { product: Arc::new(product), reception }
    }
}

#[async_trait]
impl<R: Raft> Raft for RaftCalls<R> {
    async fn call(&self, request: Request<RaftCall>) -> Result<Response<RaftReply>, Status> {
        let product = Arc::clone(&self.product);
        let kind = RaftMessage::decode(&request.get_ref().message).map(|message| message.kind);
        let deadly = match kind {
            Some(MessageKind::Vote) => AT_VOTE,
            Some(MessageKind::Append) => AT_APPEND,
            _ => 0,
        };
        self.reception.perform(deadly, async move { product.call(request).await }).await
    }

    async fn propose(&self, request: Request<ProposeRequest>) -> Result<Response<ProposeResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(AT_ANSWER, async move { product.propose(request).await }).await
    }

    async fn read_index(
        &self,
        request: Request<ReadIndexRequest>,
    ) -> Result<Response<ReadIndexResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(AT_ANSWER, async move { product.read_index(request).await }).await
    }

    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PingResponse>, Status> {
        let product = Arc::clone(&self.product);
        self.reception.perform(AT_ANSWER, async move { product.ping(request).await }).await
    }
}
