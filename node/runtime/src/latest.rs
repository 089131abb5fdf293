//! A value that changes and can be waited for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The latest of a series of values, shared. Readers that wait see the newest one, not each; they are woken in the order in
/// which they came (tokio's `watch` wakes them in random order, which the simulator cannot repeat).
#[derive(Debug)]
pub struct Latest<T> {
    inner: Arc<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    state: Mutex<(u64, T)>,
    changed: Notify,
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T: Clone> Latest<T> {
    /// Starts with `value`, as its first version.
    pub fn new(value: T) -> Self {
        Self { inner: Arc::new(Inner { state: Mutex::new((1, value)), changed: Notify::new() }) }
    }

    /// The value now.
    pub fn get(&self) -> T {
        self.lock().1.clone()
    }

    /// The value now and its version.
    pub fn get_versioned(&self) -> (u64, T) {
        self.lock().clone()
    }

    /// Replaces the value and wakes all that wait.
    pub fn set(&self, value: T) {
        self.update(|current| *current = value);
    }

    /// Changes the value in place and wakes all that wait.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        {
            let mut state = self.lock();
            state.0 += 1;
            change(&mut state.1);
        }
        self.inner.changed.notify_waiters();
    }

    /// Waits for a version above `seen` (0 for any) and gives it with its value.
    pub async fn changed(&self, seen: u64) -> (u64, T) {
        loop {
            // Registered before looking, or a change between the look and the wait would be missed.
            let mut notified = std::pin::pin!(self.inner.changed.notified());
            notified.as_mut().enable();
            let (version, value) = self.get_versioned();
            if version > seen {
                return (version, value);
            }
            notified.await;
        }
    }

    /// Waits until the value fits.
    pub async fn wait_for(&self, mut fits: impl FnMut(&T) -> bool) -> T {
        let mut seen = 0;
        loop {
            let (version, value) = self.changed(seen).await;
            if fits(&value) {
                return value;
            }
            seen = version;
        }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, T)> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_between_two_waits_is_seen() {
        let latest = Latest::new(1);
        let (seen, first) = latest.changed(0).await;
        assert_eq!(first, 1);
        latest.set(2);
        latest.set(3);
        let (_, newest) = latest.changed(seen).await;
        assert_eq!(newest, 3);
        assert_eq!(latest.wait_for(|value| *value == 3).await, 3);
    }
}
