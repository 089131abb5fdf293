mod tests {
    use crate::{Disk, Error, Key, MemoryDisk, Options, RealDisk, Record, SegmentedLog};

    fn key() -> Key {
        Key::new(1, [7; 32])
    }

    fn small() -> Options {
        Options { segment_bytes: 400, max_payload_bytes: 1000 }
    }

    fn records(range: std::ops::Range<u64>) -> Vec<Record> {
        range.map(|index| Record { kind: index as u8 % 3, index, payload: vec![index as u8; 40] }).collect()
    }

    fn open(disk: &MemoryDisk) -> SegmentedLog {
        SegmentedLog::open(disk.clone(), key(), small()).unwrap().0
    }

    #[test]
    fn what_was_written_is_read_back_after_a_reopen() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        for start in [1, 4, 20] {
            let end = if start == 1 {
                4
            } else if start == 4 {
                20
            } else {
                31
            };
            log.append(&records(start..end)).unwrap();
            log.sync().unwrap();
        }
        assert_eq!(log.read(1..31).unwrap(), records(1..31));
        drop(log);
        let (mut log, found) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        assert_eq!(found.records, Some((1, 30)));
        assert!(found.segments > 3 && found.cut.is_none() && found.removed.is_empty(), "{found:?}");
        assert_eq!(log.read(7..25).unwrap(), records(7..25));
        log.append(&records(31..32)).unwrap();
        log.sync().unwrap();
        assert_eq!(open(&disk).read(1..32).unwrap(), records(1..32));
    }

    #[test]
    fn one_append_in_one_segment_costs_one_sync() {
        let disk = MemoryDisk::default();
        let mut log = SegmentedLog::open(disk.clone(), key(), Options::default()).unwrap().0;
        log.append(&records(1..2)).unwrap();
        log.sync().unwrap();
        let before = disk.syncs();
        log.append(&records(2..30)).unwrap();
        log.append(&records(30..60)).unwrap();
        log.sync().unwrap();
        log.sync().unwrap();
        assert_eq!(disk.syncs() - before, 1);
    }

    #[test]
    fn truncation_cuts_and_the_log_goes_on_with_other_records() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(1..40)).unwrap();
        log.truncate_after(Some(17)).unwrap();
        assert_eq!((log.first(), log.next()), (1, 18));
        let other = Record { kind: 9, index: 18, payload: b"other".to_vec() };
        log.append(std::slice::from_ref(&other)).unwrap();
        log.sync().unwrap();
        let log = open(&disk);
        assert_eq!(log.read(1..18).unwrap(), records(1..18));
        assert_eq!(log.read(18..19).unwrap(), [other]);
    }

    #[test]
    fn a_log_truncated_to_nothing_may_start_anywhere() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(5..9)).unwrap();
        log.truncate_after(None).unwrap();
        log.append(&records(0..3)).unwrap();
        log.sync().unwrap();
        assert_eq!(open(&disk).read(0..3).unwrap(), records(0..3));
    }

    #[test]
    fn purging_removes_whole_segments_and_hides_the_rest() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(0..50)).unwrap();
        log.sync().unwrap();
        let before = disk.list().unwrap().len();
        log.purge_to(30).unwrap();
        assert!(disk.list().unwrap().len() < before);
        let (mut log, found) = SegmentedLog::open(disk.clone(), key(), small()).unwrap();
        assert_eq!((found.records, found.purged), (Some((31, 49)), Some(30)));
        assert!(matches!(log.read(30..32), Err(Error::OutOfRange { first: 31, .. })));
        assert!(matches!(log.truncate_after(Some(20)), Err(Error::OutOfRange { .. })));
        assert_eq!(log.read(31..50).unwrap(), records(31..50));
        log.purge_to(99).unwrap();
        assert_eq!((log.first(), log.next()), (100, 100));
        assert!(matches!(log.append(&records(50..51)), Err(Error::OutOfOrder { got: 50, expected: 100 })));
        log.append(&records(100..103)).unwrap();
        log.sync().unwrap();
        assert_eq!(open(&disk).read(100..103).unwrap(), records(100..103));
    }

    #[test]
    fn a_log_purged_to_its_end_goes_on() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(0..3)).unwrap();
        log.purge_to(2).unwrap();
        log.append(&records(3..5)).unwrap();
        assert_eq!(log.read(3..5).unwrap(), records(3..5));
        log.sync().unwrap();
        assert_eq!(open(&disk).read(3..5).unwrap(), records(3..5));
    }

    #[test]
    fn named_values_are_durable_when_stored() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        for round in 0..20_u64 {
            log.put_meta("vote", &round.to_le_bytes()).unwrap();
            log.put_meta("other", b"x").unwrap();
            let disk = disk.copy().crash(round);
            assert_eq!(open(&disk).read_meta("vote"), Some(round.to_le_bytes().as_slice()));
            assert_eq!(open(&disk).read_meta("other"), Some(b"x".as_slice()));
        }
        assert_eq!(log.read_meta("absent"), None);
    }

    #[test]
    fn another_key_is_told_apart_from_damage() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(1..3)).unwrap();
        log.sync().unwrap();
        for other in [Key::new(1, [8; 32]), Key::new(2, [7; 32])] {
            let refused = SegmentedLog::open(disk.clone(), other, small());
            assert!(matches!(refused, Err(Error::WrongKey { found: 1, .. })));
        }
        log.put_meta("vote", b"1").unwrap();
        let refused = SegmentedLog::open(disk, Key::new(1, [8; 32]), small());
        assert!(matches!(refused, Err(Error::WrongKey { .. })));
    }

    #[test]
    fn gaps_and_large_records_are_refused_and_change_nothing() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(1..3)).unwrap();
        assert!(matches!(log.append(&records(4..5)), Err(Error::OutOfOrder { got: 4, expected: 3 })));
        let large = Record { kind: 0, index: 3, payload: vec![0; 1001] };
        assert!(matches!(log.append(&[large]), Err(Error::TooLarge { bytes: 1001, max: 1000, .. })));
        log.append(&records(3..4)).unwrap();
        assert_eq!(log.read(1..4).unwrap(), records(1..4));
    }

    #[test]
    fn a_full_disk_stops_the_log_until_it_is_opened_again() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(1..5)).unwrap();
        log.sync().unwrap();
        disk.fill_up_after(Some(0));
        assert!(matches!(log.append(&records(5..6)), Err(Error::Io { .. })));
        disk.fill_up_after(None);
        assert!(matches!(log.append(&records(5..6)), Err(Error::Stopped { .. })));
        assert!(matches!(log.sync(), Err(Error::Stopped { .. })));
        assert_eq!(log.read(1..5).unwrap(), records(1..5));
        drop(log);
        let mut log = open(&disk);
        log.append(&records(5..6)).unwrap();
    }

    #[test]
    fn a_missing_segment_is_damage() {
        let disk = MemoryDisk::default();
        let mut log = open(&disk);
        log.append(&records(1..60)).unwrap();
        log.sync().unwrap();
        let mut names = disk.list().unwrap();
        names.sort();
        disk.remove(&names[2]).unwrap();
        assert!(matches!(SegmentedLog::open(disk, key(), small()), Err(Error::Damaged { .. })));
    }

    #[test]
    fn the_real_disk_keeps_and_locks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("raft");
        let disk = RealDisk::open(&path).unwrap();
        let refused = RealDisk::open(&path).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);
        let (mut log, _) = SegmentedLog::open(disk, key(), small()).unwrap();
        log.append(&records(1..40)).unwrap();
        log.sync().unwrap();
        log.truncate_after(Some(30)).unwrap();
        log.purge_to(3).unwrap();
        log.append(&records(31..35)).unwrap();
        log.put_meta("vote", b"me").unwrap();
        drop(log);
        let (log, found) = SegmentedLog::open(RealDisk::open(&path).unwrap(), key(), small()).unwrap();
        assert_eq!((found.records, found.cut), (Some((4, 34)), None));
        assert_eq!(log.read(4..35).unwrap(), records(4..35));
        assert_eq!(log.read_meta("vote"), Some(b"me".as_slice()));
    }
}
