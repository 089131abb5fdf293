//! What goes between managers: a kind, a fence, and bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::types::{Blob, BlobRef, SnapshotMeta, Vote};

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// Append entries, or a heartbeat.
    Append,
    /// Vote for me.
    Vote,
    /// Would you vote for me?
    PreVote,
    /// A piece of a snapshot.
    Snapshot,
    /// Become the leader.
    TransferLeader,
}

/// One message of one manager to another. The fields may be carried as they are, or as [`RaftMessage::encode`]'s bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RaftMessage {
    /// What it asks for.
    pub kind: MessageKind,
    /// The cluster it belongs to. Others refuse it.
    pub cluster: u128,
    /// The cluster's epoch. A receiver of another epoch refuses it.
    pub epoch: u64,
    /// The member that sends it.
    pub from: u64,
    /// The member that it is for: another one may be reached at its address by now.
    pub to: u64,
    /// The last index that the sender holds.
    pub held: u64,
    /// For each member, an index that the sender knows it to have acknowledged.
    pub known: BTreeMap<u64, u64>,
    /// The rest, which only this crate understands.
    pub body: Vec<u8>,
}

impl fmt::Debug for RaftMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from {} ({} bytes)", self.kind, self.from, self.body.len())
    }
}

impl RaftMessage {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = BlobRef(&self.body);
        // Encoding numbers and bytes into a vector cannot fail.
        let fence = (self.cluster, self.epoch, self.from, self.to, self.held, &self.known);
        postcard::to_allocvec(&(self.kind, fence, body)).unwrap_or_default()
    }

    /// Reads what [`RaftMessage::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, (cluster, epoch, from, to, held, known), Blob(body)) = postcard::from_bytes(bytes).ok()?;
        Some(Self { kind, cluster, epoch, from, to, held, known, body })
    }
}

/// Why a receiver did not do what a message asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub(crate) enum Refusal {
    #[error("it belongs to another cluster")]
    OtherCluster,
    #[error("it is another member, {0}")]
    OtherMember(u64),
    #[error(
        "it is in epoch {ours} of the cluster and we are in epoch {theirs}: the cluster was recovered; a manager of an \
         older epoch must be removed and join again"
    )]
    OtherEpoch { ours: u64, theirs: u64 },
    #[error(
        "its disk, or ours, is older than what was acknowledged: entry {acknowledged} was, entry {held} is the last that is held"
    )]
    Older { member: u64, acknowledged: u64, held: u64 },
    #[error("it did not understand the message: {0}")]
    NotUnderstood(String),
    #[error("its Raft has stopped: {0}")]
    Stopped(String),
    #[error("it lost track of the snapshot that was being sent: {0}")]
    SnapshotLost(String),
}

/// A piece of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) vote: Vote,
    pub(crate) meta: SnapshotMeta,
    /// Tells this sending apart from earlier ones of the same sender.
    pub(crate) sending: u64,
    /// Where the piece starts, in bytes.
    pub(crate) offset: u64,
    pub(crate) last: bool,
    pub(crate) bytes: Blob,
}

/// The answer to a piece: the receiver's vote once the whole snapshot was installed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PieceTaken {
    pub(crate) installed: Option<Vote>,
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    postcard::from_bytes(bytes).map_err(|error| Refusal::NotUnderstood(error.to_string()))
}

/// An answer as bytes.
pub(crate) fn answer<T: Serialize>(result: &Result<T, Refusal>) -> Vec<u8> {
    postcard::to_allocvec(result).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be encoded");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_their_bytes_and_others_are_refused() {
        let message = RaftMessage {
            kind: MessageKind::Vote,
            cluster: 5,
            epoch: 3,
            from: 9,
            to: 4,
            held: 7,
            known: BTreeMap::from([(9, 7)]),
            body: vec![1; 300],
        };
        let bytes = message.encode();
        assert_eq!(RaftMessage::decode(&bytes), Some(message));
        for cut in 0..bytes.len() {
            assert_eq!(RaftMessage::decode(&bytes[..cut]), None);
        }
        let refusal = Refusal::OtherEpoch { ours: 2, theirs: 1 };
        let answer: Result<(), Refusal> = postcard::from_bytes(&answer::<()>(&Err(refusal.clone()))).unwrap();
        assert_eq!(answer, Err(refusal));
    }
}
