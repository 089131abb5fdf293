use std::sync::atomic::{AtomicU64, Ordering};

/// What did not get through, counted since the daemon started.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Datagrams from addresses that are no node's.
    pub(super) strangers: AtomicU64,
    /// Datagrams that no key of ours and of their sender's has sealed, or that came before.
    pub(super) refused: AtomicU64,
    /// Packets to a node that is not there, or that could not be sent.
    pub(super) unsent: AtomicU64,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How many.
pub(super) fn counted(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
