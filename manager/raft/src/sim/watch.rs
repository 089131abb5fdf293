//! A watch that wakes its waiters in the order in which they came; tokio's wakes them in random order.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use openraft::OptionalSend;
use openraft::async_runtime::watch::{RecvError, SendError, Watch, WatchReceiver, WatchSender};
use openraft::base::OptionalSync;
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct OrderedWatch;

/// The version and the value.
type State<T> = RwLock<(u64, T)>;

struct Shared<T> {
    state: State<T>,
    changed: Notify,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

impl<T> Shared<T> {
    fn read(&self) -> RwLockReadGuard<'_, (u64, T)> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Sender<T>(Arc<Shared<T>>);

pub(crate) struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// The value, locked.
pub(crate) struct Seen<'a, T>(RwLockReadGuard<'a, (u64, T)>);

impl<T> Deref for Seen<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.1
    }
}

impl<T> Receiver<T> {
    fn new(shared: &Arc<Shared<T>>, seen: u64) -> Self {
        shared.receivers.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(shared), seen }
    }
}

impl Watch for OrderedWatch {
    type Sender<T: OptionalSend + OptionalSync> = Sender<T>;
    type Receiver<T: OptionalSend + OptionalSync> = Receiver<T>;
    type Ref<'a, T: OptionalSend + 'a> = Seen<'a, T>;

    fn channel<T: OptionalSend + OptionalSync>(initial: T) -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new(Shared {
            state: RwLock::new((0, initial)),
            changed: Notify::new(),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(0),
        });
        let receiver = Receiver::new(&shared, 0);
        (Sender(shared), receiver)
    }
}

impl<T: OptionalSend + OptionalSync> WatchSender<OrderedWatch, T> for Sender<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.0.receivers.load(Ordering::Relaxed) == 0 {
            return Err(SendError(value));
        }
        self.send_if_modified(|current| {
            *current = value;
            true
        });
        Ok(())
    }

    fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        let modified = {
            let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
            let modified = modify(&mut state.1);
            state.0 += u64::from(modified);
            modified
        };
        if modified {
            self.0.changed.notify_waiters();
        }
        modified
    }

    fn borrow_watched(&self) -> Seen<'_, T> {
        Seen(self.0.read())
    }

    fn subscribe(&self) -> Receiver<T> {
        let seen = self.0.read().0;
        Receiver::new(&self.0, seen)
    }
}

impl<T: OptionalSend + OptionalSync> WatchReceiver<OrderedWatch, T> for Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        loop {
            let mut notified = std::pin::pin!(self.shared.changed.notified());
            // Registered before looking, or a change between the look and the wait would be missed.
            notified.as_mut().enable();
            let version = self.shared.read().0;
            if version != self.seen {
                self.seen = version;
                return Ok(());
            }
            if self.shared.senders.load(Ordering::Relaxed) == 0 {
                return Err(RecvError(()));
            }
            notified.await;
        }
    }

    fn borrow_watched(&self) -> Seen<'_, T> {
        Seen(self.shared.read())
    }

    fn borrow_and_update(&mut self) -> Seen<'_, T> {
        let state = self.shared.state.read().unwrap_or_else(PoisonError::into_inner);
        self.seen = state.0;
        Seen(state)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(&self.shared, self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receivers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use openraft::async_runtime::AsyncRuntime;
    use openraft::rt::testing::Suite;
    use skep_runtime::sim::Life;

    use crate::sim::LifeRuntime;

    #[test]
    fn openraft_accepts_the_runtime() {
        let mut runtime = LifeRuntime::new(1);
        Life::new(1).enter(|| Suite::<LifeRuntime>::test_all_on(&mut runtime));
    }
}
