//! The relay over gRPC.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use skep_model::{CallId, CallPiece, NodeCall, NodeId, NodeRole};
use skep_runtime::{Env, Line};
use skep_wire::v1::call_message::Of;
use skep_wire::{Wire, WireError, v1};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::Exchange;
use crate::authorize::Authorizer;
use crate::leader::LeaderSlot;

/// Joins callers and nodes while this manager leads.
#[derive(Debug)]
pub(crate) struct RelayServer {
    env: Env,
    leader: LeaderSlot,
    authorizer: Authorizer,
}

impl RelayServer {
    pub(crate) fn new(env: Env, leader: LeaderSlot, authorizer: Authorizer) -> Self {
        Self { env, leader, authorizer }
    }

    fn exchange(&self) -> Result<Arc<Exchange>, Status> {
        let dispatcher = self.leader.dispatcher();
        let dispatcher =
            dispatcher.ok_or_else(|| Status::unavailable("this manager does not lead the swarm"))?;
        Ok(Arc::clone(dispatcher.calls()))
    }

    /// Passes on what the caller at the other end of the connection says, and gives what it is to hear.
    fn joined(&self, messages: Streaming<v1::CallMessage>, line: Line<CallPiece>) -> Pieces {
        self.env.spawn("relay", pass_on(messages, line.said)).detach();
        let message = |piece: CallPiece| Ok(v1::CallMessage { of: Some(Of::Piece(piece.to_wire())) });
        ReceiverStream::new(line.heard).map(message).boxed()
    }
}

type Pieces = BoxStream<'static, Result<v1::CallMessage, Status>>;

#[tonic::async_trait]
impl v1::relay_server::Relay for RelayServer {
    type CallStream = Pieces;
    type AnswerStream = Pieces;

    async fn call(&self, request: Request<Streaming<v1::CallMessage>>) -> Result<Response<Pieces>, Status> {
        let peer = self.authorizer.member(&request)?;
        if peer.role != NodeRole::Manager {
            return Err(Status::permission_denied("only a manager may ask a node: ask on one"));
        }
        let exchange = self.exchange()?;
        let mut messages = request.into_inner();
        let Some(Of::Start(start)) = messages.message().await?.and_then(|message| message.of) else {
            return Err(Status::invalid_argument("a call begins with what is asked of which node"));
        };
        let node = NodeId::from_wire(start.node).map_err(malformed)?;
        let call = start.call.ok_or_else(|| Status::invalid_argument("nothing is asked"))?;
        let call = NodeCall::from_wire(call).map_err(malformed)?;
        let id = CallId::new(self.env.random().id());
        let line = exchange.open(id, node, call);
        let env = self.env.clone();
        self.env.spawn("relay deadline", async move { exchange.give_up(&env, id).await }).detach();
        Ok(Response::new(self.joined(messages, line)))
    }

    async fn answer(&self, request: Request<Streaming<v1::CallMessage>>) -> Result<Response<Pieces>, Status> {
        let peer = self.authorizer.member(&request)?;
        let exchange = self.exchange()?;
        let mut messages = request.into_inner();
        let Some(Of::Join(id)) = messages.message().await?.and_then(|message| message.of) else {
            return Err(Status::invalid_argument("an answer begins with the call that it is to"));
        };
        let id = CallId::from_wire(id).map_err(malformed)?;
        let line = exchange.join(peer.node, id);
        let line = line.ok_or_else(|| Status::not_found("nobody waits for this answer any more"))?;
        Ok(Response::new(self.joined(messages, line)))
    }
}

/// Until either end has gone.
async fn pass_on(mut messages: Streaming<v1::CallMessage>, said: mpsc::Sender<CallPiece>) {
    loop {
        let message = tokio::select! {
            biased;
            () = said.closed() => return,
            message = messages.message() => message,
        };
        let Ok(Some(v1::CallMessage { of: Some(Of::Piece(piece)) })) = message else { return };
        let Ok(piece) = CallPiece::from_wire(piece) else { return };
        if said.send(piece).await.is_err() {
            return;
        }
    }
}

fn malformed(error: WireError) -> Status {
    Status::invalid_argument(error.to_string())
}
