//! A new key for the log and the snapshot of a member that runs.

use std::io;
use std::sync::Arc;

use skep_log::{Disk, Key, Keys, keys_in_use};
use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::sync::oneshot;

use crate::error::RekeyError;
use crate::log_writer::Job;
use crate::snapshots::Snapshots;
use crate::spawner::{Spawner, run_blocking};

/// What has files that a key seals. It does not keep the log's writer alive.
pub(crate) struct Rekeying {
    pub(crate) keys: Keys,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) jobs: WeakUnboundedSender<Job>,
    pub(crate) snapshots: Snapshots,
    pub(crate) spawner: Arc<dyn Spawner>,
}

impl Rekeying {
    /// Lets this key be the one that all files need, and no other.
    pub(crate) async fn run(&self, key: Key) -> Result<(), RekeyError> {
        let number = key.number();
        self.keys.rotate(key);
        // One file a job: what is appended meanwhile waits for one file at most.
        while self.log_step().await? {}
        let (snapshots, disk) = (self.snapshots.clone(), self.disk.clone());
        let in_use = run_blocking(&*self.spawner, "raft-rekey", move || {
            snapshots.reseal()?;
            Ok(keys_in_use(&*disk)?)
        });
        let older: Vec<u8> = in_use.await?.into_iter().filter(|used| *used != number).collect();
        if older.is_empty() { Ok(()) } else { Err(RekeyError::InUse { numbers: older }) }
    }

    async fn log_step(&self) -> io::Result<bool> {
        let stopped = || io::Error::other("the log has been closed");
        let (done, answer) = oneshot::channel();
        let jobs = self.jobs.upgrade().ok_or_else(stopped)?;
        jobs.send(Job::Reseal { done }).map_err(|_| stopped())?;
        drop(jobs);
        answer.await.map_err(|_| stopped())?
    }
}
