//! openraft's own test suite over our log and state machine.

mod tests {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use openraft::StorageError;
    use openraft::testing::log::{StoreBuilder, Suite};
    use skep_log::{Key, MemoryDisk, SegmentedLog};

    use crate::log_store::LogStore;
    use crate::machine::Machine;
    use crate::snapshots::Snapshots;
    use crate::spawner::Threads;
    use crate::state_machine::{SnapshotWriter, StateMachine};
    use crate::types::TypeConfig;

    struct Nothing;

    impl StateMachine for Nothing {
        fn apply(&self, _index: u64, _term: u64, _command: &[u8]) -> Vec<u8> {
            Vec::new()
        }

        fn snapshot(&self) -> SnapshotWriter {
            Box::new(|writer: &mut dyn Write| writer.write_all(b"nothing"))
        }

        fn restore(&self, reader: &mut dyn Read) -> std::io::Result<()> {
            reader.read_to_end(&mut Vec::new()).map(drop)
        }
    }

    struct Builder;

    impl StoreBuilder<TypeConfig, LogStore, Machine> for Builder {
        async fn build(&self) -> Result<((), LogStore, Machine), StorageError<TypeConfig>> {
            let disk = MemoryDisk::default();
            let key = Key::new(1, [1; 32]);
            let log = SegmentedLog::open(disk.clone(), key.clone(), skep_log::Options::default()).unwrap().0;
            let log = LogStore::start(log, &Threads).unwrap();
            let snapshots = Snapshots::new(Arc::new(disk), key.into());
            let machine = Machine::load(Arc::new(Nothing), Arc::new(Threads), snapshots).unwrap();
            Ok(((), log, machine))
        }
    }

    #[tokio::test]
    async fn openrafts_suite_passes() {
        Suite::test_all(Builder).await.unwrap();
    }
}
