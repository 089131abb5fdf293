//! The one owner of the log files: takes everything that waits, appends it, syncs once, then answers.

use std::io;
use std::ops::Range;

use openraft::storage::IOFlushed;
use skep_log::{Record, SegmentedLog};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot::Sender;

use crate::types::TypeConfig;

/// The name of the stored vote.
pub(crate) const VOTE: &str = "raft.vote";
/// The name of the log id of the last purged entry.
pub(crate) const PURGED: &str = "raft.purged";

/// At most so many jobs share a sync, so that the first of them does not wait for ever.
const MAX_JOBS: usize = 4096;

/// What the log store asks for, in the order of asking.
pub(crate) enum Job {
    Append {
        records: Vec<Record>,
        done: IOFlushed<TypeConfig>,
    },
    Vote {
        bytes: Vec<u8>,
        done: Sender<io::Result<()>>,
    },
    Truncate {
        last: Option<u64>,
        done: Sender<io::Result<()>>,
    },
    Purge {
        last: u64,
        mark: Vec<u8>,
        done: Sender<io::Result<()>>,
    },
    /// Seals one more file under the current key; answers whether there was one.
    Reseal {
        done: Sender<io::Result<bool>>,
    },
    Read {
        range: Range<u64>,
        done: Sender<io::Result<Vec<Record>>>,
    },
}

/// Works until the log store is gone.
pub(crate) async fn run(mut log: SegmentedLog, mut jobs: UnboundedReceiver<Job>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, MAX_JOBS).await > 0 {
        let mut appended = Vec::new();
        for job in waiting.drain(..) {
            perform(&mut log, job, &mut appended);
        }
        flush(&mut log, appended);
    }
}

fn perform(log: &mut SegmentedLog, job: Job, appended: &mut Vec<IOFlushed<TypeConfig>>) {
    match job {
        Job::Append { records, done } => match log.append(&records) {
            Ok(()) => appended.push(done),
            Err(error) => {
                tracing::error!(%error, "entries could not be written");
                done.io_completed(Err(error.into()));
            }
        },
        // The vote has a file of its own, which is durable when this returns.
        Job::Vote { bytes, done } => answer(done, log.put_meta(VOTE, &bytes)),
        Job::Truncate { last, done } => answer(done, log.truncate_after(last)),
        Job::Purge { last, mark, done } => {
            answer(done, log.put_meta(PURGED, &mark).and_then(|()| log.purge_to(last)));
        }
        Job::Reseal { done } => answer(done, log.reseal()),
        Job::Read { range, done } => answer(done, log.read(range)),
    }
}

fn flush(log: &mut SegmentedLog, appended: Vec<IOFlushed<TypeConfig>>) {
    if appended.is_empty() {
        return;
    }
    let result = log.sync().inspect_err(|error| tracing::error!(%error, "entries could not be synced"));
    // An io::Error cannot be cloned; every waiter gets one with the same text.
    let cause = result.err().map(|error| error.to_string());
    for done in appended {
        done.io_completed(cause.as_ref().map_or(Ok(()), |cause| Err(io::Error::other(cause.clone()))));
    }
}

fn answer<T>(done: Sender<io::Result<T>>, result: Result<T, skep_log::Error>) {
    if done.send(result.map_err(io::Error::from)).is_err() {
        tracing::debug!("nobody waits for the log any more");
    }
}
