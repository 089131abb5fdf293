//! All tasks of the node.

use std::collections::{BTreeMap, BTreeSet};

use skep_model::{TaskAssignment, TaskId, TaskStatus};
use skep_runtime::{Latest, Task};

use crate::task_manager::{Shared, TaskManager};

/// One driver for each task.
pub(crate) struct Tasks {
    shared: Shared,
    running: BTreeMap<TaskId, (Latest<TaskAssignment>, Task<()>)>,
}

impl Tasks {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared, running: BTreeMap::new() }
    }

    pub(crate) fn ids(&self) -> BTreeSet<TaskId> {
        self.running.keys().copied().collect()
    }

    /// Starts to drive a task, or tells its driver what is wanted now.
    pub(crate) fn assign(&mut self, assignment: TaskAssignment, ended: Option<TaskStatus>) {
        if let Some((latest, _)) = self.running.get(&assignment.id) {
            if latest.get() != assignment {
                latest.set(assignment);
            }
            return;
        }
        let id = assignment.id;
        let latest = Latest::new(assignment);
        let (shared, own) = (self.shared.clone(), latest.clone());
        let driver = self.shared.env.spawn("task", async move {
            match TaskManager::new(shared, own, ended).await {
                Ok(manager) => manager.run().await,
                Err(error) => tracing::error!(task = %id, %error, "the task cannot be driven"),
            }
        });
        self.running.insert(id, (latest, driver));
    }

    /// Stops driving tasks that managers have forgotten, and removes what is left of them.
    pub(crate) fn forget(&mut self, forgotten: impl IntoIterator<Item = TaskId>) {
        for id in forgotten {
            self.shared.outbox.forget(id);
            let Some((latest, driver)) = self.running.remove(&id) else { continue };
            drop(driver);
            let shared = self.shared.clone();
            self.shared.env.spawn("forget", async move { remove(&shared, &latest.get()).await }).detach();
        }
    }
}

async fn remove(shared: &Shared, assignment: &TaskAssignment) {
    let removed = async {
        let controller = shared.executor.controller(assignment).await?;
        controller.shutdown().await?;
        controller.remove().await
    };
    if let Err(error) = removed.await {
        // The next complete assignment removes it with all that is unknown.
        tracing::warn!(task = %assignment.id, %error, "what is left of the task could not be removed");
    }
}
