//! An agent's disk: each write takes a time, and a crash before its end loses all of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skep_agent::{MemoryStorage, StorageError, StoredState, TaskStorage};
use skep_model::{EndpointTable, TaskAssignment, TaskId, TaskStatus};
use skep_runtime::sim::Life;

use crate::faults::{AT_DISK, Faults};

/// The disk as one life of an agent sees it.
#[derive(Debug)]
pub(crate) struct FaultyStorage {
    kept: Arc<MemoryStorage>,
    life: Life,
    faults: Arc<Faults>,
}

impl FaultyStorage {
    /// The disk for one life.
    pub(crate) fn new(kept: Arc<MemoryStorage>, life: Life, faults: Arc<Faults>) -> Self {
        Self { kept, life, faults }
    }

    async fn write(
        &self,
        work: impl Future<Output = Result<(), StorageError>> + Send,
    ) -> Result<(), StorageError> {
        tokio::time::sleep(Duration::from_micros(200 + self.life.random().number() % 4_000)).await;
        self.point()?;
        work.await?;
        self.point()
    }

    fn point(&self) -> Result<(), StorageError> {
        if self.faults.strike(&self.life, AT_DISK) {
            return Err(StorageError("the power is gone".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl TaskStorage for FaultyStorage {
    async fn load(&self) -> Result<StoredState, StorageError> {
        self.kept.load().await
    }

    async fn update(
        &self,
        assigned: &[TaskAssignment],
        forgotten: &[TaskId],
        endpoints: Option<&EndpointTable>,
    ) -> Result<(), StorageError> {
        self.write(self.kept.update(assigned, forgotten, endpoints)).await
    }

    async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError> {
        self.write(self.kept.put_ended(task, status)).await
    }
}
