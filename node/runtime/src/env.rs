//! What a component needs from the outside world besides I/O.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use skep_model::Timestamp;

use crate::apart;
use crate::clock::{Clock, SystemClock};
use crate::random::Random;
use crate::task::{Lost, Task};

/// Tasks, time and random numbers, handed to every component of the control plane.
#[derive(Clone, Debug)]
pub struct Env {
    clock: Arc<dyn Clock>,
    random: Random,
    /// Whether this is a machine's: what should have a thread of its own gets one.
    threads: bool,
    began: tokio::time::Instant,
}

/// A deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

impl std::fmt::Display for TimedOut {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the deadline passed")
    }
}

impl std::error::Error for TimedOut {}

impl Env {
    /// The machine's clock and random numbers.
    pub fn real() -> Self {
        Self { threads: true, ..Self::new(Arc::new(SystemClock), Random::from_system()) }
    }

    /// With this clock and these random numbers.
    pub fn new(clock: Arc<dyn Clock>, random: Random) -> Self {
        Self { clock, random, threads: false, began: steady() }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time since this began, by a clock that nobody sets: for measuring how long something took. It stands still while the
    /// machine sleeps.
    pub fn uptime(&self) -> Duration {
        steady().saturating_duration_since(self.began)
    }

    /// The node's random numbers.
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// Runs a future of its own; its task is named in errors.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(name, future)
    }

    /// Runs a future on a thread and a runtime of its own, before others when the machine is busy; it starts there what it needs
    /// (a connection that is made elsewhere is served elsewhere). Where there is no thread to be had, and in tests that steer
    /// the time, it is a task like others.
    pub fn spawn_apart<T: Send + 'static>(
        &self,
        name: &'static str,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        if self.threads { apart::spawn(name, future) } else { self.spawn(name, future) }
    }

    /// Runs work that blocks on another thread.
    ///
    /// # Errors
    /// When the work panicked or the runtime shut down.
    pub async fn spawn_blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        // In the simulator nothing blocks, and a thread could not be repeated.
        #[cfg(feature = "sim")]
        let running = crate::sim::spawn(async move { work() });
        #[cfg(not(feature = "sim"))]
        #[expect(clippy::disallowed_methods, reason = "the facade's own call")]
        let running = tokio::task::spawn_blocking(work);
        running.await.map_err(|_| Lost { name })
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Waits until the clock shows `moment`; at once when it has passed.
    pub async fn sleep_until(&self, moment: Timestamp) {
        self.sleep(moment.since(self.now())).await;
    }

    /// The future's output, if it comes in time.
    ///
    /// # Errors
    /// When it does not.
    pub async fn timeout<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Result<T, TimedOut> {
        tokio::time::timeout(limit, future).await.map_err(|_| TimedOut)
    }
}

#[expect(clippy::disallowed_methods, reason = "the facade's own call; the simulator's paused time covers it")]
fn steady() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
