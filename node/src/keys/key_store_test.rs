use std::fs;
use std::path::Path;

use skep_identity::KeyEncryptionKey;
use skep_runtime::Env;

use super::{KeyError, KeyStore, Secrets};

const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----";
const LOG_KEY: [u8; 32] = [0xc5; 32];

fn open(directory: &Path) -> KeyStore {
    KeyStore::open(directory.join("swarm.keys"), Env::real()).unwrap()
}

fn key(byte: u8) -> Option<KeyEncryptionKey> {
    Some(KeyEncryptionKey::new([byte; 32]))
}

fn member(directory: &Path) -> KeyStore {
    let keys = open(directory);
    keys.create(Secrets::new(PRIVATE.into(), LOG_KEY), None).unwrap();
    keys
}

/// Whether one of the directory's files says the private key or the first log key.
fn is_readable(directory: &Path) -> bool {
    let log_key = serde_json::to_string(&LOG_KEY).unwrap();
    let says = |text: &str| text.contains(PRIVATE) || text.contains(&log_key);
    let files = fs::read_dir(directory).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| says(&String::from_utf8_lossy(&bytes)))
}

#[test]
fn locked_keys_open_with_their_key_alone() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let keys = member(directory);
    assert!(is_readable(directory), "the test's own check works");
    keys.follow(key(1)).unwrap();
    assert!(!is_readable(directory));
    assert_eq!(keys.secrets().unwrap().key_pem, PRIVATE, "in memory it stays open");

    let again = open(directory);
    assert!(again.is_locked());
    assert!(matches!(again.secrets(), Err(KeyError::Locked)));
    assert!(!again.unlock(&KeyEncryptionKey::new([2; 32])));
    assert!(again.is_locked(), "a wrong key changes nothing");
    assert!(again.unlock(&KeyEncryptionKey::new([1; 32])));
    assert_eq!(again.secrets().unwrap(), keys.secrets().unwrap());
}

#[test]
fn keys_follow_what_the_swarm_wants() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let keys = member(directory);
    // On, rotated, off, on again.
    for (wanted, opens) in [(key(1), key(1)), (key(2), key(2)), (None, None), (key(3), key(3))] {
        keys.follow(wanted).unwrap();
        let again = open(directory);
        assert_eq!(again.is_locked(), opens.is_some());
        if let Some(opens) = opens {
            assert!(!again.unlock(&KeyEncryptionKey::new([9; 32])));
            assert!(again.unlock(&opens));
        }
        assert_eq!(again.secrets().unwrap(), keys.secrets().unwrap());
    }
    // A manager that was down while the key was rotated: its file opens with the key of then, and is locked anew.
    let late = open(directory);
    assert!(late.unlock(&KeyEncryptionKey::new([3; 32])));
    late.follow(key(4)).unwrap();
    assert!(open(directory).unlock(&KeyEncryptionKey::new([4; 32])));
    assert!(!open(directory).unlock(&KeyEncryptionKey::new([3; 32])));
    // It stops being a manager, then leaves.
    late.settle_for_worker().unwrap();
    assert!(!open(directory).is_locked());
    late.forget().unwrap();
    assert!(matches!(open(directory).secrets(), Err(KeyError::Missing { .. })));
    assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
}

#[test]
fn only_a_log_whose_key_was_readable_gets_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let keys = member(directory.path());
    let number = |keys: &KeyStore| keys.secrets().unwrap().log_keys().current().number();
    assert_eq!((number(&keys), keys.unfinished_log_key().is_some()), (0, false));
    keys.follow(key(1)).unwrap();
    assert_eq!(keys.unfinished_log_key().unwrap().number(), 1);
    // Also after a crash before the log was sealed again.
    let again = open(directory.path());
    assert!(again.unlock(&KeyEncryptionKey::new([1; 32])));
    assert_eq!(again.unfinished_log_key().unwrap().number(), 1);
    again.forget_older_log_keys().unwrap();
    assert!(again.unfinished_log_key().is_none());
    again.follow(key(2)).unwrap();
    again.follow(None).unwrap();
    assert_eq!((number(&again), again.unfinished_log_key().is_some()), (1, false));
}

#[test]
fn a_swarm_that_is_locked_from_its_start_has_no_clear_key() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path());
    keys.create(Secrets::new(PRIVATE.into(), LOG_KEY), key(1)).unwrap();
    keys.follow(key(1)).unwrap();
    assert!(!is_readable(directory.path()));
    assert!(keys.unfinished_log_key().is_none());
    assert!(open(directory.path()).unlock(&KeyEncryptionKey::new([1; 32])));
}

#[test]
fn a_strange_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["", "{", r#"{"format":2,"content":{"Locked":[]}}"#] {
        fs::write(directory.path().join("swarm.keys"), text).unwrap();
        let opened = KeyStore::open(directory.path().join("swarm.keys"), Env::real());
        assert!(matches!(opened, Err(KeyError::Unreadable { .. })), "{text}");
    }
}
