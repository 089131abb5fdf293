use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long clients with kept connections may take for their last request.
const LAST_REQUESTS_MAX: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Whether the server is about to end, and whose connections it waits for.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    begun: AtomicBool,
    open: AtomicUsize,
}

impl Ending {
    /// Whether each answer is the last one of its connection.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Serves a connection, which is waited for.
    pub(crate) fn connection(&self, serve: impl FnOnce()) {
        self.open.fetch_add(1, Ordering::Relaxed);
        serve();
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tells clients with their next answer that it is the last, and waits until they are gone, or have sent nothing for long.
    pub(crate) fn wait(&self) {
        self.begun.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + LAST_REQUESTS_MAX;
        while self.open.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
    }
}
