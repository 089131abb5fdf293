//! Files that lost their ends or hold other bytes: either what is left is a right beginning, or the log is not opened and
//! says what to do.

mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use crate::{Disk, Error, Key, MemoryDisk, Options, Record, SealedReader, SealedWriter, SegmentedLog};

    /// As much of every file's end is cut, byte by byte.
    const CUT_MAX: usize = 4096;
    /// Records in the sample, from 1 on, in synced batches of three.
    const RECORDS: u64 = 120;
    /// The last record that was synced when the named values were stored for the last time.
    const VOUCHED: u64 = 105;
    /// Disks with changed bytes.
    const SEEDS: u64 = 4000;

    fn key() -> Key {
        Key::new(1, [7; 32])
    }

    fn small() -> Options {
        Options { segment_bytes: 8000, max_payload_bytes: 5000 }
    }

    fn record(index: u64) -> Record {
        Record { kind: 1, index, payload: vec![index as u8; (index * 37 % 300) as usize] }
    }

    fn records(range: std::ops::Range<u64>) -> Vec<Record> {
        range.map(record).collect()
    }

    /// A log of several segments, named values and a sealed file, as a node has them.
    fn sample() -> MemoryDisk {
        let disk = MemoryDisk::default();
        let (mut log, _) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        for start in (1..=RECORDS).step_by(3) {
            log.append(&records(start..start + 3)).unwrap();
            log.sync().unwrap();
            if start + 2 <= VOUCHED {
                log.put_meta("vote", &start.to_le_bytes()).unwrap();
            }
        }
        let mut writer = SealedWriter::create(Arc::new(disk.clone()), &key().into(), "snapshot").unwrap();
        std::io::Write::write_all(&mut writer, &[5; 6000]).unwrap();
        writer.finish().unwrap();
        disk
    }

    fn advised(error: &Error) {
        let text = error.to_string();
        assert!(matches!(error, Error::Damaged { .. }), "{text}");
        assert!(text.starts_with("memory/") && text.contains("leave --force"), "{text}");
    }

    fn read_snapshot(disk: &MemoryDisk) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let reader = SealedReader::open(disk, &key().into(), "snapshot")?;
        reader.ok_or_else(|| std::io::Error::other("none"))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Opens everything. Answers with the log's last index, or nothing when something is refused; what is refused is left as
    /// it is.
    fn opened(disk: &MemoryDisk) -> Option<u64> {
        let before: Vec<_> = disk.files().iter().map(|name| disk.content(name)).collect();
        match read_snapshot(disk) {
            Ok(bytes) => assert!(bytes == [5; 6000], "another snapshot than was written"),
            Err(error) => {
                advised(&error.downcast::<Error>().unwrap());
                return None;
            }
        }
        match SegmentedLog::open(disk.clone(), key(), small()) {
            Ok((log, _)) => {
                assert_eq!(log.first(), 1);
                assert_eq!(log.read(1..log.next()).unwrap(), records(1..log.next()));
                Some(log.next() - 1)
            }
            Err(error) => {
                advised(&error);
                let after: Vec<_> = disk.files().iter().map(|name| disk.content(name)).collect();
                assert!(before == after, "a refused log was changed");
                None
            }
        }
    }

    #[test]
    fn every_cut_gives_a_prefix_that_nothing_contradicts_or_is_refused() {
        let sample = sample();
        let end = sample.files().pop().unwrap();
        let (mut kept, mut refused) = (0, 0);
        for (name, back, disk) in sample.cuts(CUT_MAX) {
            match opened(&disk) {
                Some(last) => {
                    assert_eq!(name, end, "{back} bytes of {name} are not missed");
                    assert!((VOUCHED..RECORDS).contains(&last), "{back} bytes less end at {last}");
                    kept += 1;
                }
                None => refused += 1,
            }
        }
        assert!(kept > 1500 && refused > 4096, "{kept} kept, {refused} refused");
    }

    #[test]
    fn a_cut_of_synced_records_is_told_from_a_torn_tail_by_the_named_values() {
        let sample = sample();
        let (log, _) = SegmentedLog::open(sample.copy(), key(), small()).unwrap();
        assert_eq!(log.read_meta("log.synced"), Some((VOUCHED + 1).to_le_bytes().as_slice()));
        let end = sample.files().pop().unwrap();
        let disk = sample.copy();
        disk.overwrite(&end, Vec::new());
        let error = SegmentedLog::open(disk.clone(), key(), small()).unwrap_err();
        assert!(error.to_string().contains("were on disk once"), "{error}");
        disk.remove(&end).unwrap();
        let error = SegmentedLog::open(disk, key(), small()).unwrap_err();
        assert!(error.to_string().contains("were on disk once"), "{error}");
    }

    #[test]
    fn a_log_that_was_truncated_on_purpose_is_not_missed() {
        let disk = sample();
        let (mut log, _) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        log.truncate_after(Some(40)).unwrap();
        drop(log);
        let (mut log, _) = SegmentedLog::open(disk.crash(1), key(), small()).unwrap();
        assert_eq!(log.next(), 41);
        log.truncate_after(None).unwrap();
        drop(log);
        assert_eq!(SegmentedLog::open(disk.crash(2).copy(), key(), small()).unwrap().0.next(), 0);
    }

    #[test]
    fn flipped_bytes_lose_at_most_the_last_batch() {
        let sample = sample();
        let end = sample.files().pop().unwrap();
        let (mut kept, mut refused) = (0, 0);
        for seed in 0..SEEDS {
            let Some((name, disk)) = sample.flipped(seed, 4) else { continue };
            match opened(&disk) {
                Some(last) => {
                    assert!(name == end && last >= RECORDS - 3, "seed {seed}: {name} {last}");
                    kept += 1;
                }
                None => refused += 1,
            }
        }
        assert!(kept > 10 && refused > 3000, "{kept} kept, {refused} refused");
    }
}
