use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where tasks wait while it is shut: those of a node that is frozen, or what writes to a disk that is full. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    shut: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Nothing passes from now on.
    pub fn shut(&self) {
        self.lock().shut = true;
    }

    /// Everything passes again: what waits is woken in the order in which it came.
    pub fn open(&self) {
        let waiting = {
            let mut state = self.lock();
            state.shut = false;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Whether it is shut.
    pub fn is_shut(&self) -> bool {
        self.lock().shut
    }

    /// Ready when it is open; otherwise the task is woken when it opens.
    pub fn poll_pass(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.shut {
            return Poll::Ready(());
        }
        state.waiting.push(context.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
