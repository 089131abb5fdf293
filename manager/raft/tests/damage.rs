//! A node on a disk that lost the ends of files, or holds other bytes: it starts with a right beginning of what it had, or
//! it does not start and says what to do.

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use skep_log::{Disk, Key, MemoryDisk};
    use skep_raft::testing::MemoryNetwork;
    use skep_raft::{Options, RaftNode, SnapshotWriter, StateMachine};

    const LIMIT: Duration = Duration::from_secs(20);
    /// As much of every file's end is cut, byte by byte.
    const CUT_MAX: usize = 4096;
    /// Commands in the log and the snapshot together.
    const COMMANDS: usize = 75;
    /// The last command that was on disk when the vote or a purge mark was stored for the last time.
    const VOUCHED: usize = 60;
    /// Disks with changed bytes.
    const SEEDS: u64 = 2000;

    /// Every command in order.
    #[derive(Default)]
    struct Ledger(Mutex<Vec<u8>>);

    impl StateMachine for Ledger {
        fn apply(&self, _index: u64, _term: u64, command: &[u8]) -> Vec<u8> {
            self.0.lock().unwrap().push(command[0]);
            Vec::new()
        }

        fn snapshot(&self) -> SnapshotWriter {
            let all = self.0.lock().unwrap().clone();
            Box::new(move |writer: &mut dyn Write| {
                // As long as a real one, so that there is something to damage.
                all.iter().try_for_each(|number| writer.write_all(&[*number; 100]))
            })
        }

        fn restore(&self, reader: &mut dyn Read) -> std::io::Result<()> {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            *self.0.lock().unwrap() = bytes.chunks(100).map(|chunk| chunk[0]).collect();
            Ok(())
        }
    }

    fn options(disk: &MemoryDisk) -> Options {
        let mut options = Options::new(1, Arc::new(disk.clone()), Key::new(1, [5; 32]), 0xC0FFEE);
        options.timings.snapshot_entries = 20;
        options.timings.kept_entries = 5;
        options.timings.segment_bytes = 6000;
        options
    }

    async fn open(disk: &MemoryDisk) -> Result<(RaftNode, Arc<Ledger>), String> {
        let ledger = Arc::new(Ledger::default());
        let transport = MemoryNetwork::default().transport();
        let node = RaftNode::open(options(disk), ledger.clone(), transport).await;
        Ok((node.map_err(|error| error.to_string())?, ledger))
    }

    /// What a manager that was alone leaves on its disk.
    async fn sample() -> MemoryDisk {
        let disk = MemoryDisk::default();
        let (node, _) = open(&disk).await.unwrap();
        node.bootstrap("manager-1:2377").await.unwrap();
        leading(&node).await;
        for number in 0..COMMANDS {
            let command = vec![number as u8; 40 + number * 97 % 300];
            node.propose(&command, LIMIT).await.unwrap();
            if number == VOUCHED {
                settled(&node).await;
            }
        }
        node.shutdown().await;
        disk.copy()
    }

    async fn leading(node: &RaftNode) {
        let mut leadership = node.leadership();
        while !leadership.is_self {
            let changed = tokio::time::timeout(LIMIT, node.leadership_changed(&leadership)).await;
            leadership = changed.expect("a lone node leads").unwrap();
        }
    }

    /// Waits until a snapshot has been taken and what it covers has been purged.
    async fn settled(node: &RaftNode) {
        let applied = node.metrics().applied.unwrap();
        while node.metrics().purged < Some(applied - 5) {
            // Asked again and again: while an earlier one is being taken it is not heard.
            node.snapshot().await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// How many commands the node has when it leads again, or nothing when it does not open.
    async fn opened(disk: &MemoryDisk) -> Option<usize> {
        let (node, ledger) = match open(disk).await {
            Ok(opened) => opened,
            Err(text) => {
                assert!(text.contains("leave --force") && text.contains("join again"), "{text}");
                return None;
            }
        };
        leading(&node).await;
        node.linearizable(LIMIT).await.unwrap();
        let found = ledger.0.lock().unwrap().clone();
        let expected: Vec<u8> = (0..found.len()).map(|number| number as u8).collect();
        assert_eq!(found, expected);
        node.shutdown().await;
        Some(found.len())
    }

    #[tokio::test]
    async fn every_cut_of_every_file_gives_a_right_beginning_or_is_refused() {
        let sample = sample().await;
        assert_eq!(opened(&sample.copy()).await, Some(COMMANDS));
        let end = sample.files().pop().unwrap();
        let (mut kept, mut refused) = (0, 0);
        for (name, back, disk) in sample.cuts(CUT_MAX) {
            match opened(&disk).await {
                Some(count) => {
                    assert_eq!(name, end, "{back} bytes of {name} are not missed");
                    assert!((VOUCHED..COMMANDS).contains(&count), "{back} bytes less leave {count}");
                    kept += 1;
                }
                None => refused += 1,
            }
        }
        assert!(kept > 1000 && refused > 1000, "{kept} kept, {refused} refused");
    }

    #[tokio::test]
    async fn a_lost_file_is_told() {
        let sample = sample().await;
        for name in sample.files() {
            let disk = sample.copy();
            disk.remove(&name).unwrap();
            assert_eq!(opened(&disk).await, None, "{name} is not missed");
        }
    }

    #[tokio::test]
    async fn flipped_bytes_lose_at_most_what_was_written_last() {
        let sample = sample().await;
        let end = sample.files().pop().unwrap();
        let (mut kept, mut refused) = (0, 0);
        for seed in 0..SEEDS {
            let Some((name, disk)) = sample.flipped(seed, 1) else { continue };
            match opened(&disk).await {
                Some(count) => {
                    assert!(name == end && count + 1 >= COMMANDS, "seed {seed}: {name} {count}");
                    kept += 1;
                }
                None => refused += 1,
            }
        }
        assert!(kept > 3 && refused > 1000, "{kept} kept, {refused} refused");
    }
}
