use std::pin::Pin;

use hyper::rt::Executor;
use skep_runtime::sim::Life;

/// What a client spawns to keep a connection.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs it as tasks of a node's life.
#[derive(Clone, Debug)]
pub(super) struct InLife(pub(super) Life);

impl Executor<Work> for InLife {
    fn execute(&self, work: Work) {
        // It runs on without its handle.
        drop(self.0.spawn(work));
    }
}
