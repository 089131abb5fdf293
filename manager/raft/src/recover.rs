//! Recovery from the loss of most managers, or of all, on a log that nobody has open.

use std::collections::{BTreeMap, BTreeSet};

use openraft::entry::RaftEntry;
use openraft::vote::RaftVote;
use openraft::{EntryPayload, Membership};
use skep_log::{Record, SegmentedLog};

use crate::error::OpenError;
use crate::log_store::{self, ENTRY};
use crate::log_writer;
use crate::node::check_owner;
use crate::options::Options;
use crate::snapshots::Snapshots;
use crate::state_machine::SnapshotWriter;
use crate::types::{Entry, LogId, Member, SnapshotMeta, StoredMembership, Vote};

/// The term of a log that begins with a state from elsewhere.
const FIRST_TERM: u64 = 1;

type LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>;

/// Makes the member of these options the only one of its cluster, reached at `address` (`host:port`): everything in its log
/// counts as committed, also what a lost majority had not confirmed. Works on files alone; open the node afterwards, with a
/// higher epoch, so that the members that are left behind cannot form the old cluster again.
///
/// # Errors
/// [`OpenError`], also when this member has nothing of the cluster.
pub fn become_only_member(options: &Options, address: &str) -> Result<(), OpenError> {
    let limits = options.log_limits();
    let mut log = SegmentedLog::open(options.disk.clone(), options.keys.clone(), limits)?.0;
    check_owner(&mut log, &*options.disk, (options.id, options.cluster), options.begun)?;
    let (vote, last) = (log_store::read_vote(&log)?, log_store::read_last(&log)?);
    let Some(last) = last else {
        return Err(OpenError::Raft("this manager has nothing of the swarm to go on with".to_owned()));
    };
    let voted = vote.map_or(0, |vote| vote.leader_id().term);
    let term = voted.max(last.committed_leader_id().term) + 1;
    let leader = LeaderId { term, voted_for: options.id };
    let membership = only(options.id, address)?;
    let entry =
        Entry::new(LogId::new_term_index(term, last.index() + 1), EntryPayload::Membership(membership));
    let payload = log_store::encode(&entry)?;
    log.put_meta(log_writer::VOTE, &log_store::encode(&Vote::from_leader_id(leader, false))?)?;
    log.append(&[Record { kind: ENTRY, index: entry.index(), payload }])?;
    Ok(log.sync()?)
}

/// Makes the member of these options the first and only one of its cluster, reached at `address` (`host:port`), with a state
/// that was written elsewhere. `index` is where its log begins: above all indexes that the state knows of. The directory has
/// to be empty. Works on files alone; open the node afterwards.
///
/// # Errors
/// [`OpenError`], also when the directory is in use.
pub fn begin_with(
    options: &Options,
    address: &str,
    index: u64,
    state: SnapshotWriter,
) -> Result<(), OpenError> {
    let mut log = SegmentedLog::open(options.disk.clone(), options.keys.clone(), options.log_limits())?.0;
    check_owner(&mut log, &*options.disk, (options.id, options.cluster), options.begun)?;
    if log_store::read_last(&log)?.is_some() {
        return Err(OpenError::Raft("the directory holds the log of a manager already".to_owned()));
    }
    let leader = LeaderId { term: FIRST_TERM, voted_for: options.id };
    let membership = only(options.id, address)?;
    let last = LogId::new_term_index(FIRST_TERM, index);
    let meta = SnapshotMeta {
        last_log_id: Some(last),
        last_membership: StoredMembership::new(Some(last), membership),
    };
    // The snapshot first: a log that begins later than what a snapshot covers is not opened.
    Snapshots::new(options.disk.clone(), options.keys.clone()).build(&meta, state)?;
    log.put_meta(log_writer::VOTE, &log_store::encode(&Vote::from_leader_id(leader, false))?)?;
    log.put_meta(log_writer::PURGED, &log_store::encode(&last)?)?;
    log.purge_to(index)?;
    Ok(log.sync()?)
}

/// One voter and nobody else.
fn only(id: u64, address: &str) -> Result<Membership<u64, Member>, OpenError> {
    let members = BTreeMap::from([(id, Member { address: address.to_owned() })]);
    Membership::new(vec![BTreeSet::from([id])], members).map_err(|error| OpenError::Raft(error.to_string()))
}
