//! The newest status of each task, until managers have it.

use std::collections::BTreeMap;

use skep_model::{TaskId, TaskReport, TaskStatus};
use skep_runtime::Latest;

/// Statuses that managers do not have yet. Only the newest of a task counts, so a slow manager gets fewer, not older.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    waiting: Latest<Waiting>,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    statuses: BTreeMap<TaskId, TaskStatus>,
    /// The endpoint table's version that managers should hear of.
    endpoints_version: u64,
    endpoints_told: u64,
}

/// What is sent with one report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    pub(crate) reports: Vec<TaskReport>,
    pub(crate) endpoints_version: u64,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { waiting: Latest::new(Waiting::default()) }
    }

    /// A newer status of a task.
    pub(crate) fn put(&self, task: TaskId, status: TaskStatus) {
        self.waiting.update(|waiting| {
            waiting.statuses.insert(task, status);
        });
    }

    /// The task is forgotten: its status interests nobody.
    pub(crate) fn forget(&self, task: TaskId) {
        self.waiting.update(|waiting| {
            waiting.statuses.remove(&task);
        });
    }

    /// The endpoint table of this version holds on the node now.
    pub(crate) fn applied(&self, version: u64) {
        self.waiting.update(|waiting| waiting.endpoints_version = version);
    }

    /// The version that holds now.
    pub(crate) fn endpoints_version(&self) -> u64 {
        self.waiting.get().endpoints_version
    }

    /// A new session knows nothing of the table.
    pub(crate) fn new_session(&self) {
        self.waiting.update(|waiting| waiting.endpoints_told = 0);
    }

    /// Waits until there is something to say.
    pub(crate) async fn next(&self) -> Batch {
        let worth_saying = |waiting: &Waiting| {
            !waiting.statuses.is_empty() || waiting.endpoints_version > waiting.endpoints_told
        };
        let waiting = self.waiting.wait_for(worth_saying).await;
        let reports = waiting.statuses.into_iter().map(|(task, status)| TaskReport { task, status });
        Batch { reports: reports.collect(), endpoints_version: waiting.endpoints_version }
    }

    /// Managers have the batch; statuses that changed meanwhile stay.
    pub(crate) fn acknowledged(&self, batch: &Batch) {
        self.waiting.update(|waiting| {
            for report in &batch.reports {
                if waiting.statuses.get(&report.task) == Some(&report.status) {
                    waiting.statuses.remove(&report.task);
                }
            }
            waiting.endpoints_told = waiting.endpoints_told.max(batch.endpoints_version);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::TaskState;

    fn status(state: TaskState) -> TaskStatus {
        TaskStatus { state, ..TaskStatus::default() }
    }

    #[tokio::test]
    async fn the_newest_status_stays_until_it_is_acknowledged() {
        let outbox = Outbox::new();
        let task = TaskId::new(1);
        outbox.put(task, status(TaskState::Preparing));
        outbox.put(task, status(TaskState::Ready));
        let batch = outbox.next().await;
        assert_eq!(batch.reports, [TaskReport { task, status: status(TaskState::Ready) }]);
        outbox.put(task, status(TaskState::Running));
        outbox.acknowledged(&batch);
        assert_eq!(outbox.next().await.reports, [TaskReport { task, status: status(TaskState::Running) }]);
    }
}
