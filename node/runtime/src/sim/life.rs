use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

use super::Gate;
use super::owned::{self, Owned};
use crate::{Latest, Random};

thread_local! {
    /// The life whose task is polled at this moment.
    static PRESENT: RefCell<Option<Life>> = const { RefCell::new(None) };
}

/// One life of a node: from its start to its end or crash. Clones share it.
#[derive(Clone, Debug)]
pub struct Life {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    random: Random,
    tasks: Mutex<BTreeMap<u64, Arc<dyn Owned>>>,
    next_task: AtomicU64,
    doomed: AtomicBool,
    gate: Gate,
    over: Latest<bool>,
}

impl Life {
    /// A new life; `seed` decides its random numbers and how its tasks interleave.
    pub fn new(seed: u64) -> Self {
        let inner = Inner {
            random: Random::seeded(seed),
            tasks: Mutex::default(),
            next_task: AtomicU64::new(0),
            doomed: AtomicBool::new(false),
            gate: Gate::default(),
            over: Latest::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The life of the task that runs now; none outside of all nodes.
    pub fn present() -> Option<Self> {
        PRESENT.with_borrow(Clone::clone)
    }

    /// The life's random numbers, apart from those of its node's `Env`.
    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    /// Runs a future as a task of this life. Once the life is over its handle says that it was cancelled.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        owned::spawn_in(self, future)
    }

    /// Ends the life as a crash does: drops every task, in the order in which they were spawned. Not to be called by one of
    /// its own tasks; see [`Life::doom`].
    pub fn kill(&self) {
        self.inner.doomed.store(true, Ordering::Relaxed);
        while let Some((_, task)) = self.take_first() {
            self.enter(|| task.end());
        }
        if !self.is_over() {
            self.inner.over.set(true);
        }
    }

    /// Ends the life as soon as the task that runs now comes to a halt; no other task of it runs before.
    pub fn doom(&self) {
        self.inner.doomed.store(true, Ordering::Relaxed);
    }

    /// Whether the life is over or about to be.
    pub fn is_doomed(&self) -> bool {
        self.inner.doomed.load(Ordering::Relaxed)
    }

    /// Stops every task where it is, as SIGSTOP does; what others send arrives and waits. The end of the life is not held up.
    pub fn freeze(&self) {
        self.inner.gate.shut();
    }

    /// Lets the tasks go on.
    pub fn thaw(&self) {
        self.inner.gate.open();
    }

    /// Ready while its tasks do not stand still, for what belongs to the node and is no task of it; otherwise the task is
    /// woken when they go on.
    pub fn poll_thawed(&self, context: &Context<'_>) -> Poll<()> {
        self.inner.gate.poll_pass(context)
    }

    /// Whether its tasks stand still.
    pub fn is_frozen(&self) -> bool {
        self.inner.gate.is_shut()
    }

    /// Whether the life is over.
    pub fn is_over(&self) -> bool {
        self.inner.over.get()
    }

    /// Waits for the end.
    pub async fn ended(&self) {
        self.inner.over.wait_for(|over| *over).await;
    }

    /// Does something as if a task of this life did it.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        let before = PRESENT.replace(Some(self.clone()));
        let result = work();
        PRESENT.set(before);
        result
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    pub(super) fn outside<R>(work: impl FnOnce() -> R) -> R {
        let before = PRESENT.take();
        let result = work();
        PRESENT.set(before);
        result
    }

    pub(super) fn register(&self, task: Arc<dyn Owned>) -> u64 {
        let number = self.inner.next_task.fetch_add(1, Ordering::Relaxed);
        self.tasks().insert(number, task);
        number
    }

    pub(super) fn forget(&self, number: u64) {
        // Dropped after the lock: what a task held may spawn or end other tasks.
        let task = self.tasks().remove(&number);
        drop(task);
    }

    fn take_first(&self) -> Option<(u64, Arc<dyn Owned>)> {
        self.tasks().pop_first()
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<dyn Owned>>> {
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
