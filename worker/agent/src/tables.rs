use std::sync::Arc;
use std::time::Duration;

use skep_model::EndpointTable;
use skep_runtime::{Env, Latest};

use crate::storage::TaskStorage;

/// The wait after a write that failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long a daemon that ends waits for the last table to be on disk.
const LAST_WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Endpoint tables on their way to the disk. Nobody waits for them: what a node has applied holds, and managers send all of it again
/// in the next session; the disk is for a node that starts while no manager can be reached. Those that come while one is written
/// are written together.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    waiting: Latest<Waiting>,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    /// What is not on disk, as one change.
    table: Option<EndpointTable>,
    writing: bool,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self { waiting: Latest::new(Waiting::default()) }
    }

    /// Takes a table, or what a partial one changes, to be kept.
    pub(crate) fn keep(&self, table: EndpointTable) {
        self.waiting.update(|waiting| match &mut waiting.table {
            Some(before) => before.absorb(table),
            None => waiting.table = Some(table),
        });
    }

    /// Writes what is to be kept, for ever.
    pub(crate) async fn write(self, env: Env, storage: Arc<dyn TaskStorage>) {
        loop {
            self.waiting.wait_for(|waiting| waiting.table.is_some()).await;
            let mut taken = None;
            self.waiting.update(|waiting| {
                taken = waiting.table.take();
                waiting.writing = true;
            });
            let Some(table) = taken else { continue };
            let written = storage.update(&[], &[], Some(&table)).await;
            let failed = written.is_err();
            self.waiting.update(|waiting| {
                waiting.writing = false;
                if failed {
                    // It comes before what came meanwhile.
                    let newer = waiting.table.replace(table);
                    if let (Some(table), Some(newer)) = (&mut waiting.table, newer) {
                        table.absorb(newer);
                    }
                }
            });
            if let Err(error) = written {
                tracing::error!(%error, "the endpoint table is not on disk; trying again");
                env.sleep(RETRY).await;
            }
        }
    }

    /// Waits, but not for long, until all of it is on disk.
    pub(crate) async fn settle(&self, env: &Env) {
        let settled = self.waiting.wait_for(|waiting| waiting.table.is_none() && !waiting.writing);
        if env.timeout(LAST_WRITE_TIMEOUT, settled).await.is_err() {
            tracing::warn!("the last endpoint table is not on disk; managers send it again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use skep_model::{NetworkId, TaskAssignment, TaskId, TaskStatus};

    use super::*;
    use crate::storage::{MemoryStorage, StorageError, StoredState};

    /// A disk that fails the first few times.
    #[derive(Default)]
    struct Failing {
        kept: MemoryStorage,
        failures: AtomicU32,
        writes: AtomicU32,
    }

    #[async_trait]
    impl TaskStorage for Failing {
        async fn load(&self) -> Result<StoredState, StorageError> {
            self.kept.load().await
        }

        async fn update(
            &self,
            assigned: &[TaskAssignment],
            forgotten: &[TaskId],
            endpoints: Option<&EndpointTable>,
        ) -> Result<(), StorageError> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(30)).await;
            if self.failures.load(Ordering::Relaxed) > 0 {
                self.failures.fetch_sub(1, Ordering::Relaxed);
                return Err(StorageError("full".into()));
            }
            self.kept.update(assigned, forgotten, endpoints).await
        }

        async fn put_ended(&self, task: TaskId, status: &TaskStatus) -> Result<(), StorageError> {
            self.kept.put_ended(task, status).await
        }
    }

    fn gone(version: u64) -> EndpointTable {
        let networks_gone = vec![NetworkId::new(version.into())];
        EndpointTable { version, partial: version > 1, networks_gone, ..EndpointTable::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn tables_reach_the_disk_in_order_and_together_even_if_it_fails() {
        let (env, storage, tables) = (Env::real(), Arc::new(Failing::default()), Tables::new());
        storage.failures.store(2, Ordering::Relaxed);
        let _writing = env.spawn("tables", tables.clone().write(env.clone(), Arc::clone(&storage) as _));
        let mut wanted = EndpointTable::default();
        for version in 1..20 {
            wanted.absorb(gone(version));
            tables.keep(gone(version));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Longer than a daemon that ends waits for it.
        tokio::time::sleep(3 * RETRY).await;
        tables.settle(&env).await;
        assert_eq!(storage.load().await.unwrap().endpoints, Some(wanted));
        assert!(storage.writes.load(Ordering::Relaxed) < 8, "they are written together");
    }
}
