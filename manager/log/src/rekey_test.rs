mod tests {
    use std::collections::BTreeSet;

    use crate::{Error, Key, Keys, MemoryDisk, Options, Record, SegmentedLog, keys_in_use};

    fn key(number: u8) -> Key {
        Key::new(number, [number; 32])
    }

    fn small() -> Options {
        Options { segment_bytes: 400, max_payload_bytes: 1000 }
    }

    fn records(range: std::ops::Range<u64>) -> Vec<Record> {
        range.map(|index| Record { kind: 1, index, payload: vec![index as u8; 40] }).collect()
    }

    fn filled(disk: &MemoryDisk, keys: &Keys) -> SegmentedLog {
        let mut log = SegmentedLog::open(disk.clone(), keys.clone(), small()).unwrap().0;
        log.append(&records(1..30)).unwrap();
        log.sync().unwrap();
        log.put_meta("vote", b"mine").unwrap();
        log
    }

    #[test]
    fn new_records_are_under_the_new_key_at_once() {
        let disk = MemoryDisk::default();
        let keys = Keys::from(key(1));
        let mut log = filled(&disk, &keys);
        keys.rotate(key(2));
        log.append(&records(30..31)).unwrap();
        log.sync().unwrap();
        assert_eq!(keys_in_use(&disk).unwrap(), BTreeSet::from([1, 2]));
        let both = Keys::new(key(2), vec![key(1)]);
        let log = SegmentedLog::open(disk.copy(), both, small()).unwrap().0;
        assert_eq!(log.read(1..31).unwrap(), records(1..31));
        for one in [key(1), key(2)] {
            let refused = SegmentedLog::open(disk.copy(), one, small());
            assert!(matches!(refused, Err(Error::WrongKey { .. })));
        }
    }

    #[test]
    fn a_resealed_log_needs_the_new_key_alone() {
        let disk = MemoryDisk::default();
        let keys = Keys::from(key(1));
        let mut log = filled(&disk, &keys);
        keys.rotate(key(2));
        while log.reseal().unwrap() {}
        assert_eq!(keys_in_use(&disk).unwrap(), BTreeSet::from([2]));
        assert_eq!(log.read(1..30).unwrap(), records(1..30));
        log.truncate_after(Some(25)).unwrap();
        log.append(&records(26..40)).unwrap();
        log.sync().unwrap();
        let log = SegmentedLog::open(disk.crash(7), key(2), small()).unwrap().0;
        assert_eq!(log.read(1..40).unwrap(), records(1..40));
        assert_eq!(log.read_meta("vote"), Some(b"mine".as_slice()));
    }

    #[test]
    fn a_power_cut_while_resealing_loses_nothing() {
        for steps in 0..20 {
            let disk = MemoryDisk::default();
            let keys = Keys::from(key(1));
            let mut log = filled(&disk, &keys);
            keys.rotate(key(2));
            // Each file takes a few writes; then the disk is full in the middle of one.
            disk.fill_up_after(Some(steps));
            while matches!(log.reseal(), Ok(true)) {}
            let disk = disk.crash(steps);
            disk.fill_up_after(None);
            let both = Keys::new(key(2), vec![key(1)]);
            let mut log = SegmentedLog::open(disk.clone(), both, small()).unwrap().0;
            assert_eq!(log.read(1..30).unwrap(), records(1..30), "after {steps} writes");
            assert_eq!(log.read_meta("vote"), Some(b"mine".as_slice()));
            while log.reseal().unwrap() {}
            let log = SegmentedLog::open(disk.crash(steps), key(2), small()).unwrap().0;
            assert_eq!(log.read(1..30).unwrap(), records(1..30));
        }
    }
}
