use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use skep_harness::Namespaces;

use super::client::ask;

/// A client that asks all addresses at a fixed rate, each request over a connection of its own, and waits long for each: a request
/// that was slow is told from one that failed. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Steady {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    answered: AtomicU64,
    slowest_ms: AtomicU64,
    failures: Mutex<Vec<String>>,
}

/// How it went.
#[derive(Debug)]
pub(crate) struct Went {
    /// Requests that were answered.
    pub(crate) answered: u64,
    /// How long the slowest of them took.
    pub(crate) slowest: Duration,
    /// Requests that were not.
    pub(crate) failures: Vec<String>,
}

impl Steady {
    /// Begins to ask each address every `period`, from two threads.
    pub(crate) fn start(
        namespace: &Path,
        targets: &[SocketAddr],
        period: Duration,
        patience: Duration,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let begun = Instant::now();
        let twice = targets.iter().flat_map(|target| [*target, *target]);
        let threads = twice.enumerate().map(|(number, target)| {
            let (shared, namespace): (_, PathBuf) = (Arc::clone(&shared), namespace.to_owned());
            // The two of an address ask by turns.
            let begin = begun + if number % 2 == 0 { Duration::ZERO } else { period };
            std::thread::spawn(move || {
                Namespaces::inside(&namespace, || shared.run(target, begin, period * 2, patience));
            })
        });
        Self { threads: threads.collect(), shared }
    }

    /// Ends it.
    pub(crate) fn stop(mut self) -> Went {
        self.end();
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        Went {
            answered: self.shared.answered.load(Ordering::Relaxed),
            slowest: Duration::from_millis(self.shared.slowest_ms.load(Ordering::Relaxed)),
            failures: std::mem::take(&mut *failures),
        }
    }

    fn end(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Drop for Steady {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn run(&self, target: SocketAddr, begin: Instant, period: Duration, patience: Duration) {
        for turn in 0.. {
            std::thread::sleep((begin + period * turn).saturating_duration_since(Instant::now()));
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            let asked = Instant::now();
            match ask(target, patience) {
                Ok(_) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
                    self.slowest_ms.fetch_max(took, Ordering::Relaxed);
                }
                Err(error) => {
                    let (after, took) = (asked.duration_since(begin), asked.elapsed());
                    let failed =
                        format!("{target} asked after {after:.1?}, failed after {took:.1?}: {error}");
                    self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
                }
            }
        }
    }
}
