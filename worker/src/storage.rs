//! What an agent keeps on disk, in the node's database.

use async_trait::async_trait;
use prost::Message;
use skep_agent::{StorageError, StoredState, TaskStorage};
use skep_durable::{Batch, Database, Tree};
use skep_model::{EndpointTable, TaskAssignment, TaskId, TaskStatus};
use skep_runtime::Env;
use skep_wire::{Wire, decode, encode};

/// The key of the endpoint table in its tree.
const ENDPOINTS: &[u8] = b"endpoints";

/// Keeps assignments, ends and the endpoint table.
#[derive(Clone, Debug)]
pub struct DurableStorage {
    env: Env,
    assignments: Tree,
    ended: Tree,
    network: Tree,
}

impl DurableStorage {
    /// In this database.
    ///
    /// # Errors
    /// When its trees cannot be opened.
    pub fn open(env: Env, database: &Database) -> Result<Self, StorageError> {
        let tree = |name| database.tree(name).map_err(|error| failed(&error));
        Ok(Self { env, assignments: tree("assignments")?, ended: tree("ended")?, network: tree("network")? })
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear(&self) -> Result<(), StorageError> {
        for tree in [&self.assignments, &self.ended, &self.network] {
            let mut batch = Batch::new();
            for (key, _) in tree.iter().map_err(|error| failed(&error))? {
                batch.remove(&key);
            }
            tree.apply(batch).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let own = self.clone();
        self.env.spawn_blocking("task records", move || work(own)).await.map_err(|lost| failed(&lost))?
    }

    fn read(&self) -> Result<StoredState, StorageError> {
        let mut state = StoredState::default();
        for (key, bytes) in self.assignments.iter().map_err(|error| failed(&error))? {
            let assignment: TaskAssignment = decode(&bytes).map_err(|error| failed(&error))?;
            let ended = self.ended.get(&key).map_err(|error| failed(&error))?;
            let ended = ended.map(|bytes| decode::<TaskStatus>(&bytes)).transpose();
            state.tasks.push((assignment, ended.map_err(|error| failed(&error))?));
        }
        let table = self.network.get(ENDPOINTS).map_err(|error| failed(&error))?;
        state.endpoints = table.map(|bytes| decode(&bytes)).transpose().map_err(|error| failed(&error))?;
        Ok(state)
    }
}

#[async_trait]
impl TaskStorage for DurableStorage {
    async fn load(&self) -> Result<StoredState, StorageError> {
        self.run(|own| own.read()).await
    }

    async fn update(
        &self,
        assigned: &[TaskAssignment],
        forgotten: &[TaskId],
        endpoints: Option<&EndpointTable>,
    ) -> Result<(), StorageError> {
        let mut assignments = Batch::new();
        for assignment in assigned {
            assignments.put(&key(assignment.id), &encode(assignment));
        }
        let mut ended = Batch::new();
        for task in forgotten {
            assignments.remove(&key(*task));
            ended.remove(&key(*task));
        }
        let table = endpoints.map(encode);
        self.run(move |own| {
            if let Some(table) = table {
                own.network.put(ENDPOINTS, &table).map_err(|error| failed(&error))?;
            }
            // An end without its assignment means nothing, so this order loses nothing.
            for (tree, batch) in [(&own.assignments, assignments), (&own.ended, ended)] {
                if !batch.is_empty() {
                    tree.apply(batch).map_err(|error| failed(&error))?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError> {
        let bytes = status.to_wire().encode_to_vec();
        self.run(move |own| own.ended.put(&key(task), &bytes).map_err(|error| failed(&error))).await
    }
}

fn key(task: TaskId) -> [u8; 16] {
    task.value().to_be_bytes()
}

fn failed(error: &dyn std::fmt::Display) -> StorageError {
    StorageError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use skep_model::{NodeId, ServiceId, ServiceSpec, TaskState};
    use std::sync::Arc;

    #[tokio::test]
    async fn what_was_kept_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).unwrap();
        let storage = DurableStorage::open(Env::real(), &database).unwrap();
        let assignment = |id| TaskAssignment {
            id: TaskId::new(id),
            service: ServiceId::new(1),
            slot: 1,
            node: NodeId::new(1),
            desired: TaskState::Running,
            spec: Arc::new(ServiceSpec::default()),
            networks: Vec::new(),
            egress: false,
        };
        storage.update(&[assignment(1), assignment(2)], &[], Some(&EndpointTable::default())).await.unwrap();
        let ended = TaskStatus { state: TaskState::Failed, ..TaskStatus::default() };
        storage.put_ended(TaskId::new(2), &ended).await.unwrap();
        let state = storage.load().await.unwrap();
        assert_eq!(state.tasks, [(assignment(1), None), (assignment(2), Some(ended))]);
        assert_eq!(state.endpoints, Some(EndpointTable::default()));
        storage.update(&[], &[TaskId::new(2)], None).await.unwrap();
        assert_eq!(storage.load().await.unwrap().tasks, [(assignment(1), None)]);
        storage.clear().unwrap();
        assert_eq!(storage.load().await.unwrap(), StoredState::default());
    }
}
