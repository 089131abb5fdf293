//! What an agent keeps on disk.

use async_trait::async_trait;
use skep_model::{EndpointTable, TaskAssignment, TaskId, TaskStatus};
use thiserror::Error;

/// What was kept could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the node's task records cannot be used: {0}")]
pub struct StorageError(pub String);

/// Everything that was kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredState {
    /// The tasks, and how each ended if it has.
    pub tasks: Vec<(TaskAssignment, Option<TaskStatus>)>,
    /// The endpoint table that was applied last.
    pub endpoints: Option<EndpointTable>,
}

/// Keeps assignments; what a call acknowledged survives a loss of power.
#[async_trait]
pub trait TaskStorage: Send + Sync {
    /// All that is kept.
    async fn load(&self) -> Result<StoredState, StorageError>;

    /// Keeps new and changed assignments, forgets others, keeps the table (or what a partial one
    /// changes) if there is one; all of it or nothing.
    async fn update(
        &self,
        assigned: &[TaskAssignment],
        forgotten: &[TaskId],
        endpoints: Option<&EndpointTable>,
    ) -> Result<(), StorageError>;

    /// Keeps how a task ended.
    async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError>;
}

#[cfg(any(test, feature = "testing"))]
type StoredTasks = std::collections::BTreeMap<TaskId, (TaskAssignment, Option<TaskStatus>)>;

/// Keeps everything in memory.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug, Default)]
pub struct MemoryStorage {
    state: std::sync::Mutex<(StoredTasks, Option<EndpointTable>)>,
}

#[cfg(any(test, feature = "testing"))]
#[async_trait]
impl TaskStorage for MemoryStorage {
    async fn load(&self) -> Result<StoredState, StorageError> {
        let state = self.state.lock().map_err(|error| StorageError(error.to_string()))?;
        Ok(StoredState { tasks: state.0.values().cloned().collect(), endpoints: state.1.clone() })
    }

    async fn update(
        &self,
        assigned: &[TaskAssignment],
        forgotten: &[TaskId],
        endpoints: Option<&EndpointTable>,
    ) -> Result<(), StorageError> {
        let mut state = self.state.lock().map_err(|error| StorageError(error.to_string()))?;
        for assignment in assigned {
            let ended = state.0.remove(&assignment.id).and_then(|(_, ended)| ended);
            state.0.insert(assignment.id, (assignment.clone(), ended));
        }
        for task in forgotten {
            state.0.remove(task);
        }
        if let Some(table) = endpoints {
            state.1.get_or_insert_default().merge(table.clone());
        }
        Ok(())
    }

    async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError> {
        let mut state = self.state.lock().map_err(|error| StorageError(error.to_string()))?;
        if let Some(entry) = state.0.get_mut(&task) {
            entry.1 = Some(status.clone());
        }
        Ok(())
    }
}
