//! Fault points: places where a node may lose its power at the worst moment.

use std::sync::atomic::{AtomicBool, Ordering};

use skep_runtime::sim::Life;

use crate::chance::Chance;

/// How likely a node dies at each step on its disk, in 100,000.
pub(crate) const AT_DISK: u64 = 40;
/// How likely it dies right after it answered for a vote, in 100,000.
pub(crate) const AT_VOTE: u64 = 6_000;
/// How likely it dies right after it acknowledged entries, in 100,000.
pub(crate) const AT_APPEND: u64 = 60;
/// How likely it dies right after it acknowledged a client's or agent's wish, in 100,000.
pub(crate) const AT_ANSWER: u64 = 400;

/// Decides at each fault point.
#[derive(Debug)]
pub(crate) struct Faults {
    chance: Chance,
    on: AtomicBool,
}

impl Faults {
    /// Off at first.
    pub(crate) fn new(chance: Chance) -> Self {
        Self { chance, on: AtomicBool::new(false) }
    }

    /// Faults happen from now on, or do not.
    pub(crate) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    /// Whether faults happen.
    pub(crate) fn are_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// A fault point of a life: true when its power is gone now.
    pub(crate) fn strike(&self, life: &Life, in_100_000: u64) -> bool {
        if life.is_doomed() {
            return true;
        }
        let struck = self.strikes(in_100_000);
        if struck {
            life.doom();
        }
        struck
    }

    /// Whether a fault happens here; what it does is up to the caller.
    pub(crate) fn strikes(&self, in_100_000: u64) -> bool {
        self.are_on() && self.chance.hits(in_100_000)
    }
}
