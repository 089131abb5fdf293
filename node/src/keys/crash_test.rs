//! The keys open with the unlock key of before or of after a change, whenever the process or the power ends.

mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::time::Duration;

    use skep_durable::testing::{Acks, Trial};
    use skep_identity::KeyEncryptionKey;
    use skep_runtime::Env;

    use crate::keys::{KeyStore, Secrets};

    const CHANGES: u64 = 1;
    const PRIVATE: &str = "the node's private key";

    /// What the swarm wants after so many changes: every third time, nothing is locked.
    fn wanted(change: u64) -> Option<KeyEncryptionKey> {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&change.to_le_bytes());
        (!change.is_multiple_of(3)).then(|| KeyEncryptionKey::new(bytes))
    }

    fn open(directory: &Path) -> KeyStore {
        std::fs::create_dir_all(directory).unwrap();
        KeyStore::open(directory.join("swarm.keys"), Env::real()).unwrap()
    }

    /// How many changes the file has seen, by the note beside it: that is written before each.
    fn begun(directory: &Path) -> u64 {
        std::fs::read_to_string(directory.join("begun")).map_or(0, |text| text.parse().unwrap_or(0))
    }

    fn write(directory: &Path, acks: Acks) {
        let keys = open(directory);
        let mut change = begun(directory);
        if change == 0 {
            keys.create(Secrets::new(PRIVATE.into(), [1; 32]), wanted(0)).unwrap();
        } else {
            opened(&keys, [change, change - 1]);
        }
        loop {
            change += 1;
            let note = directory.join("begun.new");
            std::fs::write(&note, change.to_string()).unwrap();
            std::fs::File::open(&note).unwrap().sync_all().unwrap();
            std::fs::rename(&note, directory.join("begun")).unwrap();
            std::fs::File::open(directory).unwrap().sync_all().unwrap();
            keys.follow(wanted(change)).unwrap();
            keys.forget_older_log_keys().unwrap();
            acks.tell(CHANGES, change);
        }
    }

    /// Opens the keys with that of one of these changes; answers with the change.
    fn opened(keys: &KeyStore, changes: [u64; 2]) -> Option<u64> {
        let fits = |change: &u64| match wanted(*change) {
            Some(key) => keys.is_locked() && keys.unlock(&key),
            None => !keys.is_locked(),
        };
        changes.into_iter().find(fits)
    }

    fn check(directory: &Path, acked: &BTreeMap<u64, u64>) {
        let (keys, begun) = (open(directory), begun(directory));
        let acked = acked.get(&CHANGES).copied().unwrap_or(0);
        assert!(acked == begun || acked + 1 == begun, "{acked} changes were done, {begun} begun");
        let found = opened(&keys, [begun, acked]);
        assert!(found.is_some(), "it opens neither as after change {acked} nor as after {begun}");
        assert_eq!(keys.secrets().unwrap().key_pem, PRIVATE);
        let left = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("swarm")).collect();
        assert_eq!(left, ["swarm.keys"], "nothing of a change is left");
    }

    const TRIAL: Trial = Trial { test: "", write, check, rounds: 20, longest: Duration::from_millis(250) };

    #[test]
    fn kill() {
        Trial { test: "keys::crash_test::tests::kill", ..TRIAL }.kill();
    }

    #[test]
    fn power_cut() {
        Trial { test: "keys::crash_test::tests::power_cut", rounds: 10, ..TRIAL }.power_cut();
    }
}
