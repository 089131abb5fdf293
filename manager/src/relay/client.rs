//! Asks a node through the leader, wherever that is.

use std::time::Duration;

use futures::StreamExt;
use skep_identity::{LiveIdentity, client_channel};
use skep_model::{CallPiece, NodeCall, NodeId};
use skep_runtime::{Env, Line};
use skep_wire::v1::call_message::Of;
use skep_wire::v1::relay_client::RelayClient;
use skep_wire::{Wire, v1};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// How long a manager may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a node may take to begin; the leader waits less for it.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(6);
/// Pieces that may be under way in each direction.
const PIECES_QUEUED: usize = 16;

/// A node could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RelayCallError {
    /// None of the managers leads or answers: what each of them said.
    #[error("no manager could pass the question on: {0}")]
    NoManager(String),
    /// The node is not there, or busy.
    #[error("the node did not answer within {} s", BEGIN_TIMEOUT.as_secs())]
    Silent,
    /// The node says no.
    #[error("{reason}")]
    Refused {
        /// True when there is no such container on the node.
        missing: bool,
        /// Why.
        reason: String,
    },
}

/// Asks a node through the first of these managers (`host:port`) that leads; gives the line to it once the node has begun.
///
/// # Errors
/// When no manager passes it on, or the node does not begin.
pub async fn call(
    env: &Env,
    identity: &LiveIdentity,
    managers: &[String],
    node: NodeId,
    call: &NodeCall,
) -> Result<Line<CallPiece>, RelayCallError> {
    let mut reasons = Vec::new();
    for address in managers {
        match open(env, identity, address, node, call).await {
            Ok(line) => return begun(env, line).await,
            Err(reason) => reasons.push(format!("{address}: {reason}")),
        }
    }
    let none = "no manager is known".to_owned();
    Err(RelayCallError::NoManager(if reasons.is_empty() { none } else { reasons.join("; ") }))
}

async fn open(
    env: &Env,
    identity: &LiveIdentity,
    address: &str,
    node: NodeId,
    call: &NodeCall,
) -> Result<Line<CallPiece>, String> {
    let connecting = env.timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect(address));
    connecting.await.map_err(|_| "no answer")?.map_err(|error| error.to_string())?;
    let start = v1::CallStart { node: node.to_wire(), call: Some(call.to_wire()) };
    let (own, there) = Line::new(PIECES_QUEUED);
    let first = v1::CallMessage { of: Some(Of::Start(start)) };
    let said = ReceiverStream::new(there.heard)
        .map(|piece: CallPiece| v1::CallMessage { of: Some(Of::Piece(piece.to_wire())) });
    let messages = futures::stream::iter([first]).chain(said);
    let mut client = RelayClient::new(client_channel(identity, address.to_owned()));
    let answer = client.call(messages).await.map_err(|status| status.message().to_owned())?;
    env.spawn("call", hear(answer.into_inner(), there.said)).detach();
    Ok(own)
}

async fn hear(mut messages: Streaming<v1::CallMessage>, said: mpsc::Sender<CallPiece>) {
    loop {
        let message = tokio::select! {
            biased;
            () = said.closed() => return,
            message = messages.message() => message,
        };
        let piece = match message {
            Ok(Some(v1::CallMessage { of: Some(Of::Piece(piece)) })) => CallPiece::from_wire(piece).ok(),
            Ok(_) => return,
            Err(status) => {
                let reason = format!("the connection to the node broke off: {}", status.message());
                Some(CallPiece::Failed { missing: false, reason })
            }
        };
        let Some(piece) = piece else { return };
        if said.send(piece).await.is_err() {
            return;
        }
    }
}

/// Waits until the node is at it.
async fn begun(env: &Env, mut line: Line<CallPiece>) -> Result<Line<CallPiece>, RelayCallError> {
    match env.timeout(BEGIN_TIMEOUT, line.heard.recv()).await {
        Ok(Some(CallPiece::Begun)) => Ok(line),
        Ok(Some(CallPiece::Failed { missing, reason })) => Err(RelayCallError::Refused { missing, reason }),
        Ok(_) | Err(_) => Err(RelayCallError::Silent),
    }
}
