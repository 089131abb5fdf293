//! The thread that owns a [`Host`]: all changes happen there, one after the other.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Host;
use crate::{NetworkError, Result};

/// How often the host looks after its ways to other nodes.
const CARE_PERIOD: Duration = Duration::from_secs(5);
/// How often it compares what is in the kernel with what should be. A look when nothing was changed is a question for a number,
/// and some lists of links and routes.
const AUDIT_PERIOD: Duration = Duration::from_secs(20);

/// How long stale flows wait for more of them: to find them, the kernel looks through its whole table of connections, some
/// milliseconds whatever their number, for which changes that come together shall not wait. Shorter than the way of a node's word
/// that it follows a table, to a manager and from there to the task that is stopped then.
const STALE_PERIOD: Duration = Duration::from_millis(5);

type Job = Box<dyn FnOnce(&mut Host) + Send>;

/// Sends work to the thread; it ends, and is waited for, when this is dropped.
#[derive(Debug)]
pub(crate) struct HostThread {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl HostThread {
    /// Starts the thread, in the network namespace of the caller; `open` runs on it.
    pub(crate) async fn start<F>(open: F) -> Result<Self>
    where
        F: FnOnce() -> Result<Host> + Send + 'static,
    {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            let mut host = match open() {
                Ok(host) => {
                    let _ = sender.send(Ok(()));
                    host
                }
                Err(error) => {
                    let _ = sender.send(Err(error));
                    return;
                }
            };
            work_off(&mut host, &inbox);
        };
        let thread = Builder::new()
            .name("skep-network".into())
            .spawn(work)
            .map_err(|source| NetworkError::Namespace { source })?;
        receiver.await.map_err(|_| NetworkError::Closed)??;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` on the thread.
    pub(crate) async fn call<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Host) -> Result<T> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |host| {
            // The caller may have gone away; the work is done all the same.
            let _ = sender.send(work(host));
        });
        let jobs = self.jobs.as_ref().ok_or(NetworkError::Closed)?;
        jobs.send(job).map_err(|_| NetworkError::Closed)?;
        receiver.await.map_err(|_| NetworkError::Closed)?
    }
}

/// Does what comes, and meanwhile what is to be done from time to time, until nobody sends any more.
fn work_off(host: &mut Host, inbox: &mpsc::Receiver<Job>) {
    let (mut next, mut audit) = (Instant::now() + CARE_PERIOD, Instant::now() + AUDIT_PERIOD);
    let mut forget = None;
    loop {
        let care = host.needs_care().then_some(next);
        let due = care.into_iter().chain(forget).fold(audit, Instant::min);
        match inbox.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(job) => job(host),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let due = host.has_stale().then(|| forget.unwrap_or_else(|| Instant::now() + STALE_PERIOD));
        forget = due.filter(|due| Instant::now() < *due);
        if due.is_some() && forget.is_none() {
            host.forget_stale();
        }
        if Instant::now() >= next {
            host.tend();
            next = Instant::now() + CARE_PERIOD;
        }
        if Instant::now() >= audit {
            host.look_after();
            audit = Instant::now() + AUDIT_PERIOD;
        }
    }
}

impl Drop for HostThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network thread panicked");
        }
    }
}
