mod tests {
    use proptest::prelude::*;

    use crate::{Disk, Error, Key, MemoryDisk, Options, Record, SegmentedLog};

    fn key() -> Key {
        Key::new(1, [7; 32])
    }

    fn small() -> Options {
        Options { segment_bytes: 3000, max_payload_bytes: 5000 }
    }

    fn record(index: u64) -> Record {
        Record { kind: 1, index, payload: vec![index as u8; (index * 37 % 300) as usize] }
    }

    fn records(range: std::ops::Range<u64>) -> Vec<Record> {
        range.map(record).collect()
    }

    /// A log of 1..=120 in several segments, each batch of three synced.
    fn sample() -> MemoryDisk {
        let disk = MemoryDisk::default();
        let (mut log, _) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        for start in (1..121).step_by(3) {
            log.append(&records(start..start + 3)).unwrap();
            log.sync().unwrap();
        }
        disk
    }

    fn segments(disk: &MemoryDisk) -> Vec<String> {
        let mut names = disk.list().unwrap();
        names.sort();
        names
    }

    /// Opens and checks that what is there is a prefix of the sample; answers with its last index, or `None` for
    /// damage.
    fn prefix(disk: &MemoryDisk) -> Option<u64> {
        match SegmentedLog::open(disk.clone(), key(), small()) {
            Ok((log, _)) => {
                assert_eq!(log.read(log.first()..log.next()).unwrap(), records(log.first()..log.next()));
                assert!(log.first() <= 1);
                Some(log.next() - 1)
            }
            Err(Error::Damaged { file, reason, .. }) => {
                assert!(file.starts_with("memory/") && !reason.is_empty());
                None
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_cut_tail_is_reported_and_written_over() {
        let disk = sample();
        let name = segments(&disk).pop().unwrap();
        let mut bytes = disk.content(&name).unwrap();
        bytes.truncate(bytes.len() - 5);
        let length = bytes.len() as u64;
        disk.overwrite(&name, bytes);
        let (mut log, found) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        let cut = found.cut.unwrap();
        assert_eq!((cut.offset + cut.bytes, log.next()), (length, 120));
        log.append(&records(120..125)).unwrap();
        log.sync().unwrap();
        let (log, found) = SegmentedLog::open(disk, key(), small()).unwrap();
        assert_eq!((found.cut, found.records), (None, Some((1, 124))));
        assert_eq!(log.read(1..125).unwrap(), records(1..125));
    }

    #[test]
    fn a_changed_byte_before_synced_records_is_damage_with_advice() {
        let disk = sample();
        let name = segments(&disk).pop().unwrap();
        let mut bytes = disk.content(&name).unwrap();
        bytes[200] ^= 1;
        disk.overwrite(&name, bytes.clone());
        let error = SegmentedLog::open(disk.clone(), key(), small()).unwrap_err();
        assert!(matches!(error, Error::Damaged { offset: 76..=200, .. }), "{error}");
        assert!(error.to_string().contains("join again"), "{error}");
        assert_eq!(disk.content(&name).unwrap(), bytes, "nothing may be changed");
    }

    #[test]
    fn a_batch_that_reached_the_disk_out_of_order_is_a_torn_tail() {
        let disk = sample();
        let (mut log, _) = SegmentedLog::open(disk.clone(), key(), Options::default()).unwrap();
        log.append(&records(121..122)).unwrap();
        log.sync().unwrap();
        let name = segments(&disk).pop().unwrap();
        let synced = disk.content(&name).unwrap().len();
        log.append(&records(122..140)).unwrap();
        let mut bytes = disk.content(&name).unwrap();
        bytes[synced..synced + 100].fill(0);
        disk.overwrite(&name, bytes);
        assert_eq!(prefix(&disk), Some(121));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn bytes_changed_near_the_end_never_give_wrong_records(
            back in 1_usize..4096, change in 1_u8.., length in 1_usize..64,
        ) {
            let disk = sample();
            let name = segments(&disk).pop().unwrap();
            let mut bytes = disk.content(&name).unwrap();
            let at = bytes.len().saturating_sub(back);
            for byte in bytes.iter_mut().skip(at).take(length) {
                *byte ^= change;
            }
            disk.overwrite(&name, bytes);
            prefix(&disk);
        }

        #[test]
        fn bytes_changed_anywhere_never_give_wrong_records(
            file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), change in 1_u8..,
        ) {
            let disk = sample();
            let names = segments(&disk);
            let name = file.get(&names);
            let mut bytes = disk.content(name).unwrap();
            *at.get_mut(&mut bytes) ^= change;
            disk.overwrite(name, bytes);
            let last = prefix(&disk);
            // Only the last batch of the last segment may go unnoticed.
            prop_assert!(last.is_none_or(|last| last >= 117 && Some(name) == names.last()), "{last:?}");
        }

        #[test]
        fn files_cut_anywhere_never_give_wrong_records(
            file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), junk in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let disk = sample();
            let names = segments(&disk);
            let name = file.get(&names);
            let mut bytes = disk.content(name).unwrap();
            bytes.truncate(at.index(bytes.len()));
            bytes.extend(junk);
            disk.overwrite(name, bytes);
            let last = prefix(&disk);
            prop_assert!(last.is_none() || Some(name) == names.last());
        }

        #[test]
        fn any_file_of_any_bytes_opens_or_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for name in ["00000000000000000001.log", "meta"] {
                let disk = MemoryDisk::default();
                disk.create(name).unwrap();
                disk.overwrite(name, bytes.clone());
                if let Ok((log, _)) = SegmentedLog::open(disk, key(), small()) {
                    prop_assert_eq!(log.first(), log.next());
                }
            }
        }

        #[test]
        fn power_cuts_lose_nothing_that_was_synced(steps in prop::collection::vec((0_u8..13, any::<u64>()), 1..60)) {
            let mut disk = MemoryDisk::default();
            let (mut log, _) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
            log.purge_to(0).unwrap();
            // Records first..synced must survive; up to `next` they may.
            let (mut first, mut synced, mut next) = (1, 1, 1);
            for (step, number) in steps {
                match step {
                    0..=3 => {
                        let count = number % 9 + 1;
                        log.append(&records(next..next + count)).unwrap();
                        next += count;
                    }
                    4..=6 => {
                        log.sync().unwrap();
                        synced = next;
                    }
                    7 if next > first => {
                        next = first + number % (next - first);
                        log.truncate_after(Some(next - 1)).unwrap();
                        synced = synced.min(next);
                    }
                    8 if synced > first => {
                        first += number % (synced - first);
                        log.purge_to(first - 1).unwrap();
                    }
                    9 => {
                        first = next + number % 5;
                        (synced, next) = (first, first);
                        log.purge_to(first - 1).unwrap();
                    }
                    // Its mark of what was synced must not miss what was never synced, or was cut on purpose.
                    10 => log.put_meta("vote", &number.to_le_bytes()).unwrap(),
                    _ => {
                        drop(log);
                        disk = disk.crash(number);
                        log = SegmentedLog::open(disk.clone(), key(), small()).unwrap().0;
                        prop_assert!((synced..=next).contains(&log.next()), "{log:?} {synced} {next}");
                        prop_assert_eq!(log.first(), first);
                        next = log.next();
                        synced = next;
                    }
                }
                let held = log.first()..log.next();
                prop_assert_eq!(log.read(held.clone()).unwrap(), records(held));
            }
        }
    }
}
