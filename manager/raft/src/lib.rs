//! Raft: the only crate that knows openraft.
//!
//! It replicates opaque bytes. The owner gives a [`StateMachine`] (what a command does), a [`Transport`] (how a message
//! reaches another manager) and a disk; it gets a [`RaftNode`] that proposes commands, says who leads, and tells with
//! every failure whether the command may still happen. The log is `skep_log`'s, with one sync for everything that
//! waits; a snapshot is one sealed file beside it.
//!
//! Every message carries the cluster's id and its epoch. A recovery from the loss of most managers raises the epoch, so
//! that managers it left behind cannot form the old cluster again. It also carries what members are known to have
//! acknowledged, so that one whose disk was emptied or put back to an older state is found out before it votes
//! ([`RaftNode::disk_lost`]).

mod change;
mod error;
mod fence;
mod idle;
mod incoming;
mod leadership;
mod log_cache;
mod log_store;
mod log_writer;
mod machine;
mod message;
mod metrics;
mod network;
mod node;
mod options;
mod reception;
mod recover;
mod rekey;
mod snapshots;
mod spawner;
mod state_machine;
mod transport;
mod types;
mod witness;

#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(test)]
mod crash_test;
#[cfg(test)]
mod suite_test;

pub use change::ChangeError;
pub use error::{OpenError, ProposeError, ReadError, RekeyError, Stopped};
pub use leadership::{Leader, Leadership};
pub use message::{MessageKind, RaftMessage};
pub use metrics::{MemberState, Metrics, Role};
pub use node::{Proposed, RaftNode};
pub use options::{Options, Timings};
pub use recover::{become_only_member, begin_with};
pub use spawner::{Spawner, Threads};
pub use state_machine::{SnapshotWriter, StateMachine};
pub use transport::{Transport, TransportError};
pub use types::Member;
