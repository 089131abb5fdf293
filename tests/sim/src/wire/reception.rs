use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use skep_runtime::sim::Life;
use tokio::task::JoinHandle;
use tonic::Status;

use crate::site::Site;
use crate::world::World;

/// How long after the work on a call is done its answer is on the way for sure, unless the node stands still.
const ANSWERED: Duration = Duration::from_millis(1);

/// How one life of a manager receives calls. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Reception {
    world: Weak<World>,
    life: Life,
    /// The manager.
    pub(super) site: Site,
}

impl Reception {
    /// For a life of a manager.
    pub(super) fn new(world: &Arc<World>, life: &Life, site: Site) -> Self {
        Self { world: Arc::downgrade(world), life: life.clone(), site }
    }

    /// The world, unless it is gone.
    ///
    /// # Errors
    /// When it is.
    pub(super) fn world(&self) -> Result<Arc<World>, Status> {
        self.world.upgrade().ok_or_else(|| Status::unavailable("the world is gone"))
    }

    /// Has a task of the life do what a call asks for; it is ended with the call, as one of tonic's would be. With a chance of
    /// `deadly` in 100,000 the node dies right after its answer.
    ///
    /// # Errors
    /// The work's, or that the life is over.
    pub(super) async fn perform<T: Send + 'static>(
        &self,
        deadly: u64,
        work: impl Future<Output = Result<T, Status>> + Send + 'static,
    ) -> Result<T, Status> {
        let answer = Performing(self.life.spawn(work)).await;
        let world = self.world()?;
        if answer.is_ok() && world.faults.strikes(deadly) {
            let (own, site) = (self.life.clone(), self.site);
            self.life.spawn(async move {
                tokio::time::sleep(ANSWERED).await;
                world.events.note(format_args!("{site} dies after its answer"));
                own.doom();
            });
        }
        answer
    }
}

/// The work on a call.
struct Performing<T>(JoinHandle<Result<T, Status>>);

impl<T> Future for Performing<T> {
    type Output = Result<T, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = |_| Err(Status::unavailable("the manager died"));
        Pin::new(&mut self.0).poll(context).map(|done| done.unwrap_or_else(ended))
    }
}

impl<T> Drop for Performing<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
