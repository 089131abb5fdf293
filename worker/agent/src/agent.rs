use std::sync::Arc;
use std::time::Duration;

use skep_executor::Executor;
use skep_model::SwarmView;
use skep_runtime::{Backoff, Env, Latest, Shutdown};

use crate::manager::{Managers, SessionError};
use crate::reporter::Outbox;
use crate::session;
use crate::storage::{StorageError, TaskStorage};
use crate::tables::Tables;
use crate::task_manager::Shared;
use crate::tasks::Tasks;

/// First wait after a session that failed (Swarm's agent: 100 ms).
const RECONNECT_FIRST: Duration = Duration::from_millis(100);
/// Longest such wait (Swarm's agent: 8 s; ours is shorter, so that a new leader hears of its nodes soon).
const RECONNECT_LONGEST: Duration = Duration::from_secs(2);

/// What an agent needs.
pub struct AgentOptions {
    /// Tasks, time, random numbers.
    pub env: Env,
    /// The machine.
    pub executor: Arc<dyn Executor>,
    /// The node's disk.
    pub storage: Arc<dyn TaskStorage>,
    /// The swarm's managers.
    pub managers: Arc<dyn Managers>,
    /// Takes what managers say of the node itself; none while there is no session.
    pub swarm: Latest<Option<SwarmView>>,
}

impl std::fmt::Debug for AgentOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AgentOptions").finish_non_exhaustive()
    }
}

/// Runs what the managers want on this node.
#[derive(Debug)]
pub struct Agent {
    options: AgentOptions,
}

impl Agent {
    /// An agent that does nothing yet.
    pub fn new(options: AgentOptions) -> Self {
        Self { options }
    }

    /// Goes on with what is on disk, then does what managers say, until `shutdown`. The containers run on.
    ///
    /// # Errors
    /// When the node's disk cannot be read.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), StorageError> {
        let AgentOptions { env, executor, storage, managers, swarm } = self.options;
        let checkup = Latest::new(None);
        let tables = Tables::new();
        let writing = tables.clone().write(env.clone(), Arc::clone(&storage));
        let _writing = env.spawn("endpoint tables", writing);
        let shared = Shared { env, executor, storage, outbox: Outbox::new(), swarm, tables, checkup };
        let mut tasks = Tasks::new(shared.clone());
        resume(&shared, &mut tasks).await?;
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = keep_session(&shared, &*managers, &mut tasks) => {}
        }
        shared.tables.settle(&shared.env).await;
        Ok(())
    }
}

/// Serves again what was served before, whether or not a manager can be reached.
async fn resume(shared: &Shared, tasks: &mut Tasks) -> Result<(), StorageError> {
    let stored = shared.storage.load().await?;
    if let Some(table) = stored.endpoints {
        match shared.executor.apply_endpoints(&table).await {
            Ok(()) => shared.outbox.applied(table.version),
            Err(error) => tracing::error!(%error, "the network as it was last cannot be made again"),
        }
    }
    for (assignment, ended) in stored.tasks {
        tasks.assign(assignment, ended);
    }
    Ok(())
}

async fn keep_session(shared: &Shared, managers: &dyn Managers, tasks: &mut Tasks) {
    let mut backoff = Backoff::new(RECONNECT_FIRST, RECONNECT_LONGEST);
    loop {
        let began = shared.env.now();
        let error = match managers.pick().await {
            Ok(manager) => session::run(shared, manager, tasks).await,
            Err(error) => error,
        };
        match &error {
            SessionError::Refused(_) => tracing::error!(%error, "no session"),
            SessionError::Unreachable(_) | SessionError::NoSession(_) | SessionError::News => {
                tracing::info!(%error, "session ended")
            }
        }
        // Whoever goes by what managers say, hears once that they say nothing any more.
        if shared.swarm.get().is_some() {
            shared.swarm.set(None);
        }
        if shared.env.now().since(began) > RECONNECT_LONGEST {
            backoff.reset();
        }
        shared.env.sleep(backoff.next_wait(shared.env.random())).await;
    }
}
