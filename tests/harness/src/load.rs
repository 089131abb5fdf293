use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::http::Connection;

/// A client that asks `GET /` at several addresses, at a fixed rate, whatever becomes of the requests before: half of them over
/// connections that are kept, half over new ones. It ends when this is dropped.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    begun: Instant,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    answered: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// Begins to ask, from inside a namespace, so many times a second over all addresses together.
    pub fn start(namespace: &Path, targets: &[SocketAddr], per_second: u32) -> Self {
        let shared = Arc::new(Shared::default());
        let streams = u32::try_from(targets.len() * 2).expect("a few addresses");
        let period = Duration::from_secs(1) * streams / per_second.max(1);
        let begun = Instant::now();
        let both = targets.iter().flat_map(|target| [(*target, true), (*target, false)]);
        let threads = both.map(|(target, kept)| {
            let asker = Asker { namespace: namespace.to_owned(), target, kept, shared: Arc::clone(&shared) };
            std::thread::spawn(move || asker.run(begun, period))
        });
        Self { threads: threads.collect(), shared, begun }
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Ends it; how many requests were answered a second.
    ///
    /// # Panics
    /// When a request failed.
    pub fn stop(mut self) -> f64 {
        self.end();
        let failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = self.answered();
        assert!(failures.is_empty(), "of {answered} requests {} failed: {failures:?}", failures.len());
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let rate = answered as f64 / self.begun.elapsed().as_secs_f64();
        rate
    }

    fn end(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

/// The one of a thread.
struct Asker {
    namespace: PathBuf,
    target: SocketAddr,
    kept: bool,
    shared: Arc<Shared>,
}

impl Asker {
    fn run(self, begun: Instant, period: Duration) {
        let mut connection = None;
        for turn in 0.. {
            std::thread::sleep((begun + period * turn).saturating_duration_since(Instant::now()));
            if self.shared.stopped.load(Ordering::Relaxed) {
                return;
            }
            match self.ask(&mut connection) {
                Ok(()) => drop(self.shared.answered.fetch_add(1, Ordering::Relaxed)),
                Err(error) => {
                    connection = None;
                    let failed = format!("{} after {:?}: {error}", self.target, begun.elapsed());
                    self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
                }
            }
        }
    }

    fn ask(&self, kept: &mut Option<Connection>) -> std::io::Result<()> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(&self.namespace, self.target)?,
        };
        let answer = connection.get("/")?;
        if answer.status != 200 {
            return Err(std::io::Error::other(format!("status {}", answer.status)));
        }
        *kept = Some(connection).filter(|connection| self.kept && !connection.is_over());
        Ok(())
    }
}
