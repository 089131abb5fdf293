//! Where blocking work runs.

use std::future::Future;
use std::io;
use std::pin::Pin;

/// Runs what may block on the disk. The simulator runs both on its own clock, where the disk never blocks.
pub trait Spawner: Send + Sync + 'static {
    /// Runs a future to its end where it may block without holding up anything else: a thread of its own. The future
    /// needs no runtime.
    fn dedicated(&self, name: &str, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> io::Result<()>;

    /// Runs a closure that may block for long, such as writing a snapshot.
    fn blocking(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()>;
}

/// The real thing: operating system threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

impl Spawner for Threads {
    fn dedicated(&self, name: &str, work: Pin<Box<dyn Future<Output = ()> + Send>>) -> io::Result<()> {
        self.blocking(name, Box::new(move || futures::executor::block_on(work)))
    }

    fn blocking(&self, name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
    }
}

/// Runs a closure on a [`Spawner`] and waits for what it answers.
pub(crate) async fn run_blocking<T: Send + 'static>(
    spawner: &dyn Spawner,
    name: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move || {
        if sender.send(work()).is_err() {
            tracing::debug!("nobody waits for blocking work any more");
        }
    };
    spawner.blocking(name, Box::new(work))?;
    receiver.await.map_err(|_| io::Error::other(format!("the {name} thread ended without an answer")))?
}
