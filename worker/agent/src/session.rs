//! One session with a manager.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use skep_model::{SessionId, TaskId};
use skep_runtime::Env;
use skep_wire::SessionUpdate;

use crate::calls;
use crate::diagnosis::diagnose;
use crate::manager::{Manager, SessionError, Updates};
use crate::reporter::Outbox;
use crate::task_manager::Shared;
use crate::tasks::Tasks;

/// How long a manager may take to send the first update.
const FIRST_UPDATE_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs a session until it ends; says why it did.
pub(crate) async fn run(shared: &Shared, manager: Arc<dyn Manager>, tasks: &mut Tasks) -> SessionError {
    let asked = shared.checkup.get_versioned().0;
    match open(shared, &*manager).await {
        Err(error) => error,
        Ok((first, updates)) => {
            let session = first.session;
            tracing::info!(session = %session.id, "session opened");
            shared.outbox.new_session();
            let heartbeats = beat(shared.env.clone(), Arc::clone(&manager), shared.outbox.clone(), &first);
            // A thread of its own: nothing that the node does may hold up a heartbeat.
            let heartbeats = shared.env.spawn_apart("heartbeat", heartbeats);
            tokio::select! {
                biased;
                error = follow(shared, &manager, tasks, first, updates) => error,
                error = report(&*manager, session.id, &shared.outbox) => error,
                error = diagnose(shared, &*manager, session.id, asked) => error,
                () = shared.executor.description_changed() => SessionError::News,
                error = heartbeats.join() => error.unwrap_or_else(|lost| SessionError::Unreachable(lost.to_string())),
            }
        }
    }
}

async fn open(shared: &Shared, manager: &dyn Manager) -> Result<(SessionUpdate, Updates), SessionError> {
    let unreachable = |error: &dyn std::fmt::Display| SessionError::Unreachable(error.to_string());
    let description = shared.executor.describe().await.map_err(|error| unreachable(&error))?;
    let first = async {
        let mut updates = manager.session(&description, shared.env.now()).await?;
        let first = updates.next().await.unwrap_or_else(|| Err(unreachable(&"the stream ended at once")))?;
        Ok((first, updates))
    };
    shared.env.timeout(FIRST_UPDATE_TIMEOUT, first).await.map_err(|late| unreachable(&late))?
}

async fn follow(
    shared: &Shared,
    manager: &Arc<dyn Manager>,
    tasks: &mut Tasks,
    first: SessionUpdate,
    mut updates: Updates,
) -> SessionError {
    let mut update = first;
    loop {
        update.calls.drain(..).for_each(|call| calls::serve(shared, manager, call));
        if let Err(error) = apply(shared, tasks, update).await {
            return SessionError::Unreachable(error);
        }
        update = match updates.next().await {
            Some(Ok(next)) => next,
            Some(Err(error)) => return error,
            None => return SessionError::Unreachable("the manager closed the session".into()),
        };
    }
}

/// Does what an update says: the network first (a task that stops must not get new connections, one that starts needs its
/// networks), then the disk, then the tasks. Only tasks wait for the disk: tables that follow each other would queue behind it.
async fn apply(shared: &Shared, tasks: &mut Tasks, update: SessionUpdate) -> Result<(), String> {
    if let Some(view) = update.swarm {
        shared.swarm.set(Some(view));
    }
    if let Some(checkup) = update.checkup {
        shared.checkup.set(Some(checkup));
    }
    if let Some(table) = update.endpoints {
        shared.executor.apply_endpoints(&table).await.map_err(|error| error.to_string())?;
        shared.outbox.applied(table.version);
        shared.tables.keep(table);
    }
    // Before the tasks that need them, and for nobody's eyes but theirs: they go to no disk.
    if update.complete || !update.contents.is_empty() || !update.contents_gone.is_empty() {
        shared.executor.apply_contents(update.contents, &update.contents_gone, update.complete).await;
    }
    let mut forgotten = update.forget;
    if update.complete {
        let known = |id: &TaskId| update.assign.iter().any(|assignment| assignment.id == *id);
        forgotten.extend(tasks.ids().into_iter().filter(|id| !known(id)));
    }
    if !update.assign.is_empty() || !forgotten.is_empty() {
        let stored = shared.storage.update(&update.assign, &forgotten, None).await;
        stored.map_err(|error| error.to_string())?;
    }
    tasks.forget(forgotten);
    for assignment in update.assign {
        tasks.assign(assignment, None);
    }
    if update.complete {
        shared.executor.retain(&tasks.ids()).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn report(manager: &dyn Manager, session: SessionId, outbox: &Outbox) -> SessionError {
    loop {
        let batch = outbox.next().await;
        match manager.report(session, batch.endpoints_version, &batch.reports).await {
            Ok(()) => outbox.acknowledged(&batch),
            Err(error) => return error,
        }
    }
}

async fn beat_until_error(
    env: &Env,
    manager: &dyn Manager,
    outbox: &Outbox,
    session: SessionId,
    mut period: Duration,
) -> SessionError {
    loop {
        // Up to a tenth earlier, so that many nodes do not beat at once.
        env.sleep(period.mul_f64(1.0 - env.random().fraction() / 10.0)).await;
        match manager.heartbeat(session, outbox.endpoints_version()).await {
            Ok(next) => period = next,
            Err(error) => return error,
        }
    }
}

fn beat(
    env: Env,
    manager: Arc<dyn Manager>,
    outbox: Outbox,
    first: &SessionUpdate,
) -> impl Future<Output = SessionError> + Send + 'static {
    let session = first.session;
    async move {
        let manager = manager.beside().unwrap_or(manager);
        beat_until_error(&env, &*manager, &outbox, session.id, session.heartbeat_period).await
    }
}
