//! The one owner of the log files: takes everything that waits, appends it, syncs once, then answers.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openraft::storage::IOFlushed;
use skep_log::{Record, SegmentedLog};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot::Sender;

use crate::types::TypeConfig;

/// The name of the stored vote.
pub(crate) const VOTE: &str = "raft.vote";
/// The name of the log id of the last purged entry.
pub(crate) const PURGED: &str = "raft.purged";

/// The name of what members are known to have acknowledged.
pub(crate) const WITNESS: &str = "raft.witness";

/// At most so many jobs share a sync, so that the first of them does not wait for ever.
const MAX_JOBS: usize = 4096;

/// What the log store asks for, in the order of asking.
pub(crate) enum Job {
    Append {
        records: Vec<Record>,
        done: IOFlushed<TypeConfig>,
    },
    Put {
        name: &'static str,
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

/// Works until the log store is gone; `durable` is the index after the last one that is synced.
pub(crate) async fn run(mut log: SegmentedLog, mut jobs: UnboundedReceiver<Job>, durable: Arc<AtomicU64>) {
    let mut waiting = Vec::new();
    while jobs.recv_many(&mut waiting, MAX_JOBS).await > 0 {
        let mut appended = Vec::new();
        for job in waiting.drain(..) {
            perform(&mut log, job, &mut appended, &durable);
        }
        flush(&mut log, appended, &durable);
    }
}

fn perform(log: &mut SegmentedLog, job: Job, appended: &mut Vec<IOFlushed<TypeConfig>>, durable: &AtomicU64) {
    match job {
        Job::Append { records, done } => match log.append(&records) {
            Ok(()) => appended.push(done),
            Err(error) => {
                tracing::error!(%error, "entries could not be written");
                done.io_completed(Err(error.into()));
            }
        },
        // Named values have a file of their own, which is durable when this returns.
        Job::Put { name, bytes, done } => answer(done, log.put_meta(name, &bytes)),
        Job::Truncate { last, done } => {
            // Before it is done: what is cut off must never count as held.
            durable.fetch_min(last.map_or(0, |last| last + 1), Ordering::AcqRel);
            answer(done, log.truncate_after(last));
        }
        Job::Purge { last, mark, done } => {
            answer(done, log.put_meta(PURGED, &mark).and_then(|()| log.purge_to(last)));
        }
        Job::Reseal { done } => answer(done, log.reseal()),
        Job::Read { range, done } => answer(done, log.read(range)),
    }
}

fn flush(log: &mut SegmentedLog, appended: Vec<IOFlushed<TypeConfig>>, durable: &AtomicU64) {
    if appended.is_empty() {
        return;
    }
    let result = log.sync().inspect_err(|error| tracing::error!(%error, "entries could not be synced"));
    if result.is_ok() {
        durable.store(log.next(), Ordering::Release);
    }
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
