use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The cluster's epoch as this member knows it, and whether it has heard of a later one. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    own: u64,
    heard: Arc<AtomicU64>,
    changed: Arc<Notify>,
}

impl Fence {
    pub(crate) fn new(own: u64) -> Self {
        Self { own, heard: Arc::new(AtomicU64::new(own)), changed: Arc::default() }
    }

    /// This member's epoch.
    pub(crate) fn own(&self) -> u64 {
        self.own
    }

    /// Another member of the cluster is in this epoch.
    pub(crate) fn hear(&self, epoch: u64) {
        if self.heard.fetch_max(epoch, Ordering::Relaxed) < epoch {
            self.changed.notify_waiters();
        }
    }

    /// The later epoch, if one was heard of.
    pub(crate) fn later(&self) -> Option<u64> {
        Some(self.heard.load(Ordering::Relaxed)).filter(|epoch| *epoch > self.own)
    }

    /// Waits for a later epoch.
    pub(crate) async fn passed(&self) -> u64 {
        loop {
            // Registered before looking, or a change in between would be missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(epoch) = self.later() {
                return epoch;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_epoch_counts() {
        let fence = Fence::new(3);
        for earlier in [0, 3] {
            fence.hear(earlier);
            assert_eq!(fence.later(), None);
        }
        fence.hear(5);
        fence.hear(4);
        assert_eq!(fence.later(), Some(5));
        assert_eq!(futures::executor::block_on(fence.passed()), 5);
    }
}
