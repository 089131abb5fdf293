//! Tasks with a name, ended when their handle goes.

use std::future::Future;

use tokio::task::JoinHandle;

/// A running future. Dropping the handle ends it, so that nothing runs on behind a component that is gone.
#[derive(Debug)]
pub struct Task<T> {
    name: &'static str,
    handle: Option<JoinHandle<T>>,
}

/// A task panicked or was ended before it had a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The task.
    pub name: &'static str,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the task '{}' ended without a result", self.name)
    }
}

impl std::error::Error for Lost {}

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(name: &'static str, future: impl Future<Output = T> + Send + 'static) -> Self {
        #[cfg(feature = "sim")]
        let handle = crate::sim::spawn(future);
        #[cfg(not(feature = "sim"))]
        #[expect(clippy::disallowed_methods, reason = "the facade's own call")]
        let handle = tokio::spawn(future);
        Self { name, handle: Some(handle) }
    }

    /// The task's result.
    ///
    /// # Errors
    /// When it panicked or was ended.
    pub async fn join(mut self) -> Result<T, Lost> {
        let name = self.name;
        match self.handle.take() {
            // Held by self until it is done: dropping this future ends the task too.
            Some(mut handle) => {
                let ended = AbortOnDrop(handle.abort_handle());
                let result = (&mut handle).await.map_err(|_| Lost { name });
                drop(ended);
                result
            }
            None => Err(Lost { name }),
        }
    }

    /// Lets it run on without a handle.
    pub fn detach(mut self) {
        self.handle.take();
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.handle.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.abort();
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
