use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long clients with kept connections may take for their last request.
const LAST_REQUESTS_MAX: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Whether the server is about to end, and whose connections it waits for.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    begun: AtomicBool,
    open: AtomicUsize,
    listener: OnceLock<TcpListener>,
}

impl Ending {
    /// Whether each answer is the last one of its connection.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// The connections that wait at this listener are waited for, too.
    pub(crate) fn listens(&self, listener: &TcpListener) -> io::Result<()> {
        // There is one listener.
        let _ = self.listener.set(listener.try_clone()?);
        Ok(())
    }

    /// The next connection, which is waited for as long as `Open` is kept.
    pub(crate) fn accept(self: &Arc<Self>, listener: &TcpListener) -> io::Result<(TcpStream, Open)> {
        is_waiting(listener, PollTimeout::NONE)?;
        // It counts before it leaves the queue: the end never comes between.
        let open = Open::new(self);
        let (stream, _) = listener.accept()?;
        Ok((stream, open))
    }

    /// Tells clients with their next answer that it is the last, and waits until they are gone, or have sent nothing for long.
    pub(crate) fn wait(&self) {
        self.begun.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + LAST_REQUESTS_MAX;
        while !self.is_quiet() && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
    }

    /// The queue first: what has left it counts already.
    fn is_quiet(&self) -> bool {
        let queued = |listener| is_waiting(listener, PollTimeout::ZERO).unwrap_or_default();
        !self.listener.get().is_some_and(queued) && self.open.load(Ordering::SeqCst) == 0
    }
}

/// A connection that the end waits for.
#[derive(Debug)]
pub(crate) struct Open(Arc<Ending>);

impl Open {
    fn new(ending: &Arc<Ending>) -> Self {
        ending.open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(ending))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a connection waits to be accepted, within this time.
fn is_waiting(listener: &TcpListener, limit: PollTimeout) -> io::Result<bool> {
    let mut asked = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut asked, limit)? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_for_a_connection_from_the_queue_to_its_last_answer() {
        let ending = Arc::new(Ending::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        ending.listens(&listener).unwrap();
        assert!(ending.is_quiet());
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!ending.is_quiet(), "it waits in the queue");
        let (stream, open) = ending.accept(&listener).unwrap();
        assert!(!ending.is_quiet(), "it is served");
        drop((stream, open));
        assert!(ending.is_quiet());
        drop(client);
    }
}
