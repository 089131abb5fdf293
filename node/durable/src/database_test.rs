mod tests {
    use std::path::Path;

    use crate::{Batch, Database, Error, MAX_VALUE_BYTES};

    #[test]
    fn what_is_stored_is_there_after_a_reopen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        for round in 0..3_u8 {
            let database = Database::open(&path).unwrap();
            let tree = database.tree("things").unwrap();
            assert_eq!(tree.iter().unwrap().len(), usize::from(round));
            tree.put(&[round], b"value").unwrap();
            assert_eq!(tree.get(&[round]).unwrap().as_deref(), Some(b"value".as_slice()));
        }
    }

    #[test]
    fn trees_keep_their_keys_apart_and_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).unwrap();
        let (one, other) = (database.tree("one").unwrap(), database.tree("other").unwrap());
        let mut batch = Batch::new();
        for key in ["b/2", "a/1", "a/3", "c"] {
            batch.put(key.as_bytes(), key.as_bytes());
        }
        one.apply(batch).unwrap();
        let mut batch = Batch::new();
        batch.remove(b"a/3");
        batch.put(b"a/2", b"new");
        one.apply(batch).unwrap();
        assert!(other.iter().unwrap().is_empty());
        let keys: Vec<_> = one.scan_prefix(b"a/").unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"a/1", b"a/2"]);
        assert!(one.remove(b"c").unwrap() && !one.remove(b"c").unwrap());
        assert_eq!(one.iter().unwrap().len(), 3);
    }

    #[test]
    fn large_values_are_refused_whole() {
        let directory = tempfile::tempdir().unwrap();
        let tree = Database::open(directory.path()).unwrap().tree("t").unwrap();
        let large = vec![1; MAX_VALUE_BYTES];
        assert!(matches!(tree.put(b"k", &large), Err(Error::TooLarge { bytes: MAX_VALUE_BYTES, .. })));
        let mut batch = Batch::new();
        batch.put(b"small", b"1");
        batch.put(b"large", &large);
        assert!(matches!(tree.apply(batch), Err(Error::TooLarge { .. })));
        assert!(tree.iter().unwrap().is_empty());
        tree.put(b"k", &large[1..]).unwrap();
    }

    #[test]
    fn concurrent_writers_all_get_their_write() {
        let directory = tempfile::tempdir().unwrap();
        let tree = Database::open(directory.path()).unwrap().tree("t").unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8_u8 {
                let tree = &tree;
                scope.spawn(move || {
                    for number in 0..20_u8 {
                        tree.put(&[writer, number], &[number]).unwrap();
                    }
                });
            }
        });
        assert_eq!(tree.iter().unwrap().len(), 160);
    }

    fn fill(path: &Path) {
        let tree = Database::open(path).unwrap().tree("t").unwrap();
        for number in 0..200_u32 {
            tree.put(&number.to_be_bytes(), &[7; 2000]).unwrap();
        }
    }

    /// Opens a database whose `file` was changed; whatever can be read must be what was stored.
    fn reopened(file: &str, change: impl Fn(&mut Vec<u8>)) -> Result<usize, Error> {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        let file = directory.path().join(file);
        let mut bytes = std::fs::read(&file).unwrap();
        change(&mut bytes);
        std::fs::write(&file, bytes).unwrap();
        let pairs = Database::open(directory.path())?.tree("t")?.iter()?;
        assert!(pairs.iter().all(|(_, value)| *value == [7; 2000]));
        Ok(pairs.len())
    }

    /// sled takes most damage for the torn end of its log and goes on with less (see the crate's documentation); what
    /// matters here is that nothing panics and no wrong value comes out.
    #[test]
    fn damaged_pages_never_panic_nor_give_wrong_values() {
        for round in 0..12_usize {
            let result = reopened("db", |bytes| {
                let from = bytes.len() * (round / 2) / 6;
                let step = if round % 2 == 0 { 97 } else { 40_009 };
                bytes.iter_mut().skip(from).step_by(step).for_each(|byte| *byte ^= 0x5A);
            });
            assert!(matches!(result, Ok(..=200) | Err(Error::Damaged { .. })), "{result:?}");
        }
    }

    #[test]
    fn damage_that_sled_sees_is_told_with_advice() {
        let error = reopened("conf", |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x5A)).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("move that directory away"));
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, b"x").unwrap();
        assert!(matches!(Database::open(&path), Err(Error::Io { .. })));
    }
}
