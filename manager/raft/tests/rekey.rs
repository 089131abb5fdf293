//! A member's files get a new key while it works.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{Read, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use skep_log::{Key, Keys, MemoryDisk, keys_in_use};
    use skep_raft::testing::MemoryNetwork;
    use skep_raft::{Options, RaftNode, SnapshotWriter, StateMachine};

    const LIMIT: Duration = Duration::from_secs(20);

    #[derive(Default)]
    struct Count(Mutex<u64>);

    impl StateMachine for Count {
        fn apply(&self, _index: u64, _term: u64, _command: &[u8]) -> Vec<u8> {
            *self.0.lock().unwrap() += 1;
            Vec::new()
        }

        fn snapshot(&self) -> SnapshotWriter {
            let count = *self.0.lock().unwrap();
            Box::new(move |writer: &mut dyn Write| writer.write_all(&count.to_le_bytes()))
        }

        fn restore(&self, reader: &mut dyn Read) -> std::io::Result<()> {
            let mut bytes = [0; 8];
            reader.read_exact(&mut bytes)?;
            *self.0.lock().unwrap() = u64::from_le_bytes(bytes);
            Ok(())
        }
    }

    fn key(number: u8) -> Key {
        Key::new(number, [number; 32])
    }

    async fn open(disk: &MemoryDisk, keys: impl Into<Keys>) -> (RaftNode, Arc<Count>) {
        let mut options = Options::new(1, Arc::new(disk.clone()), keys, 7);
        (options.timings.snapshot_entries, options.timings.kept_entries) = (40, 5);
        options.timings.segment_bytes = 1000;
        let count = Arc::new(Count::default());
        let node = RaftNode::open(options, count.clone(), MemoryNetwork::default().transport()).await;
        (node.unwrap(), count)
    }

    async fn led(node: &RaftNode) {
        while node.linearizable(LIMIT).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn write(node: &RaftNode, times: u64) {
        led(node).await;
        for _ in 0..times {
            node.propose(b"one more", LIMIT).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_that_works_gets_a_new_key() {
        let disk = MemoryDisk::default();
        let (node, _) = open(&disk, key(1)).await;
        node.bootstrap("manager:2377").await.unwrap();
        write(&node, 100).await;
        for number in 2..6 {
            let (rekeyed, ()) = tokio::join!(node.rekey(key(number)), write(&node, 60));
            if rekeyed.is_err() {
                // A snapshot was on its way under the older key.
                while node.rekey(key(number)).await.is_err() {}
            }
            assert_eq!(keys_in_use(&disk).unwrap(), BTreeSet::from([number]));
        }
        let disk = disk.crash(1);
        node.shutdown().await;
        let (node, count) = open(&disk, key(5)).await;
        led(&node).await;
        assert_eq!(*count.0.lock().unwrap(), 100 + 4 * 60);
        node.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_killed_process_left_under_two_keys_is_finished() {
        let disk = MemoryDisk::default();
        let (node, _) = open(&disk, key(1)).await;
        node.bootstrap("manager:2377").await.unwrap();
        write(&node, 100).await;
        node.shutdown().await;
        let disk = disk.crash(2);
        // New files have the new key, old ones the old one: as if it had ended right after the change.
        let (node, _) = open(&disk, Keys::new(key(2), vec![key(1)])).await;
        write(&node, 10).await;
        assert_eq!(keys_in_use(&disk).unwrap(), BTreeSet::from([1, 2]));
        node.rekey(key(2)).await.unwrap();
        assert_eq!(keys_in_use(&disk).unwrap(), BTreeSet::from([2]));
        node.shutdown().await;
        let (node, count) = open(&disk.crash(3), key(2)).await;
        led(&node).await;
        assert_eq!(*count.0.lock().unwrap(), 110);
        node.shutdown().await;
    }
}
