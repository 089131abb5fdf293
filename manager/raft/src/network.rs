//! The sending side: openraft's calls become messages.

use std::future::Future;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::type_config::TypeConfigExt;
use openraft::{OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fence::Fence;
use crate::message::{MessageKind, Piece, PieceTaken, RaftMessage, Refusal};
use crate::snapshots::SnapshotData;
use crate::transport::{Transport, TransportError};
use crate::types::{Blob, Member, TypeConfig, Vote};
use crate::witness::Witness;

/// Plain bytes of a snapshot per message.
const PIECE_BYTES: usize = 1 << 20;

/// What all connections of a node share.
pub(crate) struct Network {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) id: u64,
    pub(crate) cluster: u128,
    pub(crate) epoch: u64,
    pub(crate) sendings: AtomicU64,
    pub(crate) fence: Fence,
    pub(crate) witness: Witness,
}

/// Makes a [`Peer`] for every member.
pub(crate) struct Peers(pub(crate) Arc<Network>);

impl RaftNetworkFactory<TypeConfig> for Peers {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &Member) -> Peer {
        Peer { network: self.0.clone(), target, address: node.address.clone() }
    }
}

/// One other member.
pub(crate) struct Peer {
    network: Arc<Network>,
    target: u64,
    address: String,
}

impl Peer {
    async fn call<A: DeserializeOwned>(
        &self,
        kind: MessageKind,
        action: RPCTypes,
        request: &impl Serialize,
        limit: Duration,
    ) -> Result<A, RPCError<TypeConfig>> {
        let body = postcard::to_allocvec(request).map_err(|error| NetworkError::new(&error))?;
        let Network { id, cluster, epoch, .. } = *self.network;
        if let Some(acknowledged) = self.network.witness.lost() {
            let held = self.network.witness.held();
            return Err(Unreachable::new(&Refusal::Older { member: id, acknowledged, held }).into());
        }
        let (held, known) = (self.network.witness.held(), self.network.witness.known());
        let message = RaftMessage { kind, cluster, epoch, from: id, to: self.target, held, known, body };
        let call = self.network.transport.call(self.target, &self.address, message);
        let bytes = match TypeConfig::timeout(limit, call).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error @ TransportError::Unreachable(_))) => return Err(Unreachable::new(&error).into()),
            Ok(Err(error @ TransportError::Failed(_))) => return Err(NetworkError::new(&error).into()),
            Err(_) => return Err(Timeout { action, id, target: self.target, timeout: limit }.into()),
        };
        let answer: Result<A, Refusal> =
            postcard::from_bytes(&bytes).map_err(|error| NetworkError::new(&error))?;
        answer.map_err(|refusal| self.refused(&refusal))
    }

    fn refused(&self, refusal: &Refusal) -> RPCError<TypeConfig> {
        if let Refusal::OtherEpoch { ours, .. } = refusal {
            // Theirs, that is: the refusal speaks from its side.
            self.network.fence.hear(*ours);
        }
        if let Refusal::Older { member, acknowledged, .. } = refusal
            && *member == self.network.id
        {
            self.network.witness.check(*acknowledged);
        }
        tracing::warn!(target = self.target, address = self.address, %refusal, "a manager refused a message");
        match refusal {
            // A late message of ours, that is: we hold more by now.
            Refusal::Older { .. } if self.network.witness.lost().is_none() => {
                NetworkError::new(refusal).into()
            }
            Refusal::SnapshotLost(_) => NetworkError::new(refusal).into(),
            _ => Unreachable::new(refusal).into(),
        }
    }
}

impl RaftNetworkV2<TypeConfig> for Peer {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RPCError<TypeConfig>> {
        let (term, witness) = (rpc.vote.leader_id().term, &self.network.witness);
        witness.leads(term, rpc.leader_commit.map(|committed| committed.index()));
        let answer: AppendEntriesResponse<TypeConfig> =
            self.call(MessageKind::Append, RPCTypes::AppendEntries, &rpc, option.hard_ttl()).await?;
        if let Some(index) = acknowledged(&rpc, &answer) {
            witness.acknowledged(term, self.target, index);
        }
        Ok(answer)
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        self.call(MessageKind::Vote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        self.call(MessageKind::PreVote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        mut snapshot: openraft::alias::SnapshotOf<TypeConfig, SnapshotData>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let mut cancel = std::pin::pin!(cancel);
        let sending = self.network.sendings.fetch_add(1, Ordering::Relaxed);
        let mut offset = 0;
        let mut bytes = piece(&mut snapshot.snapshot)?;
        loop {
            let next = piece(&mut snapshot.snapshot)?;
            let (length, last) = (bytes.len() as u64, next.is_empty());
            let piece =
                Piece { vote, meta: snapshot.meta.clone(), sending, offset, last, bytes: Blob(bytes) };
            let call = self.call(MessageKind::Snapshot, RPCTypes::InstallSnapshot, &piece, option.hard_ttl());
            let taken: PieceTaken = tokio::select! {
                biased;
                closed = &mut cancel => return Err(closed.into()),
                taken = call => taken?,
            };
            // Also before the last piece: a receiver that knows a newer leader says so at once.
            if let Some(vote) = taken.installed {
                // The witness does not count it: a snapshot that is sent again is answered while the first is being installed.
                return Ok(SnapshotResponse::new(vote));
            }
            if last {
                let error = Refusal::SnapshotLost("the last piece was not taken as the last".to_owned());
                return Err(NetworkError::new(&error).into());
            }
            offset += length;
            bytes = next;
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RPCError<TypeConfig>> {
        self.call(MessageKind::TransferLeader, RPCTypes::TransferLeader, &request, option.hard_ttl()).await
    }
}

/// The next piece of a snapshot; empty at its end.
fn piece(snapshot: &mut SnapshotData) -> Result<Vec<u8>, StreamingError<TypeConfig>> {
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    let read = (&mut snapshot.reader).take(PIECE_BYTES as u64).read_to_end(&mut bytes);
    read.map_err(|error| NetworkError::new(&error))?;
    Ok(bytes)
}

/// The last index that a follower has acknowledged with its answer.
fn acknowledged(
    request: &AppendEntriesRequest<TypeConfig>,
    answer: &AppendEntriesResponse<TypeConfig>,
) -> Option<u64> {
    let last = match answer {
        AppendEntriesResponse::Success => {
            request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id)
        }
        AppendEntriesResponse::PartialSuccess(matching) => *matching,
        AppendEntriesResponse::Conflict | AppendEntriesResponse::HigherVote(_) => None,
    };
    last.map(|last| last.index())
}
