//! The receiving side: checks the fence, then does what a message asks.

use openraft::Snapshot;
use openraft::errors::Fatal;
use openraft::raft::TransferLeaderRequest;
use tokio::sync::Mutex;

use crate::fence::Fence;
use crate::incoming::Incoming;
use crate::message::{self, MessageKind, Piece, PieceTaken, RaftMessage, Refusal};
use crate::snapshots::Snapshots;
use crate::types::{Raft, TypeConfig};
use crate::witness::Witness;

pub(crate) struct Reception {
    pub(crate) id: u64,
    pub(crate) cluster: u128,
    pub(crate) fence: Fence,
    pub(crate) witness: Witness,
    pub(crate) snapshots: Snapshots,
    pub(crate) incoming: Mutex<Incoming>,
}

impl Reception {
    pub(crate) async fn receive(&self, raft: &Raft, message: &RaftMessage) -> Vec<u8> {
        let body = &message.body;
        if let Err(refusal) = self.fence(message) {
            tracing::warn!(from = message.from, %refusal, "refused a message");
            return message::answer::<()>(&Err(refusal));
        }
        match message.kind {
            MessageKind::Append => message::answer(&match message::decode(body) {
                Ok(request) => raft.append_entries(request).await.map_err(stopped),
                Err(refusal) => Err(refusal),
            }),
            MessageKind::Vote => message::answer(&match message::decode(body) {
                Ok(request) => raft.vote(request).await.map_err(stopped),
                Err(refusal) => Err(refusal),
            }),
            MessageKind::PreVote => message::answer(&match message::decode(body) {
                Ok(request) => raft.pre_vote(request).await.map_err(stopped),
                Err(refusal) => Err(refusal),
            }),
            MessageKind::Snapshot => message::answer(&self.piece(raft, message).await),
            MessageKind::TransferLeader => {
                message::answer(&match message::decode::<TransferLeaderRequest<TypeConfig>>(body) {
                    Ok(request) => raft.handle_transfer_leader(request).await.map_err(stopped),
                    Err(refusal) => Err(refusal),
                })
            }
        }
    }

    fn fence(&self, message: &RaftMessage) -> Result<(), Refusal> {
        if message.cluster != self.cluster {
            return Err(Refusal::OtherCluster);
        }
        if message.to != self.id {
            return Err(Refusal::OtherMember(self.id));
        }
        if message.epoch != self.fence.own() {
            self.fence.hear(message.epoch);
            return Err(Refusal::OtherEpoch { ours: self.fence.own(), theirs: message.epoch });
        }
        let older = |member, acknowledged, held| Err(Refusal::Older { member, acknowledged, held });
        let sender = self.witness.hear(message.from, message.held, &message.known);
        // Only who asks for a vote can do harm; any other message may just be a late one.
        let asks = matches!(message.kind, MessageKind::Vote | MessageKind::PreVote);
        if let Some(acknowledged) = sender.filter(|_| asks) {
            return older(message.from, acknowledged, message.held);
        }
        match self.witness.lost() {
            Some(acknowledged) => older(self.id, acknowledged, self.witness.held()),
            None => Ok(()),
        }
    }

    async fn piece(&self, raft: &Raft, message: &RaftMessage) -> Result<PieceTaken, Refusal> {
        let piece: Piece = message::decode(&message.body)?;
        // Held to the end: a second sender must not replace the received file before it is installed.
        let mut incoming = self.incoming.lock().await;
        let Some(snapshot) = incoming.take(&self.snapshots, message.from, &piece)? else {
            return Ok(PieceTaken { installed: None });
        };
        let snapshot = Snapshot { meta: piece.meta, snapshot };
        let response = raft
            .install_full_snapshot(piece.vote, snapshot)
            .await
            .map_err(|error: Fatal<_>| stopped(error))?;
        Ok(PieceTaken { installed: Some(response.vote) })
    }
}

fn stopped(error: impl std::fmt::Display) -> Refusal {
    Refusal::Stopped(error.to_string())
}
