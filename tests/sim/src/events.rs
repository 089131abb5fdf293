//! What happened, line by line, and the hash that is a run's identity.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::chance::mix;

/// Lines that are kept when not all are.
const TAIL: usize = 60;

/// The log of one run.
#[derive(Debug)]
pub(crate) struct Events {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hash: u64,
    count: u64,
    keep_all: bool,
    lines: VecDeque<String>,
}

impl Events {
    /// An empty log that begins now; keeps all lines, or the last ones.
    #[expect(clippy::disallowed_methods, reason = "the simulated clock")]
    pub(crate) fn new(keep_all: bool) -> Self {
        Self { began: Instant::now(), state: Mutex::new(State { keep_all, ..State::default() }) }
    }

    /// Simulated time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Adds a line.
    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let line = format!("{:>9.3} {what}", self.elapsed().as_secs_f64());
        let mut state = self.lock();
        for piece in line.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            state.hash = mix(state.hash ^ u64::from_le_bytes(word));
        }
        state.count += 1;
        state.lines.push_back(line);
        if !state.keep_all && state.lines.len() > TAIL {
            state.lines.pop_front();
        }
    }

    /// The hash over all lines so far, and how many there are.
    pub(crate) fn identity(&self) -> (u64, u64) {
        let state = self.lock();
        (state.hash, state.count)
    }

    /// The lines that were kept.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
