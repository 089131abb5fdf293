use std::fmt;

use serde::{Deserialize, Serialize};
use skep_manager::{LogKey, LogKeys};

/// What only this member may know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// The node's private key, PEM.
    pub(crate) key_pem: String,
    /// Seals new files of the log.
    log_key: StoredKey,
    /// Files from before may need these.
    older_log_keys: Vec<StoredKey>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredKey {
    number: u8,
    bytes: [u8; 32],
}

impl StoredKey {
    fn key(&self) -> LogKey {
        LogKey::new(self.number, self.bytes)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Of a new member: its private key, and the key of a log that is not there yet.
    pub(crate) fn new(key_pem: String, log_key: [u8; 32]) -> Self {
        let log_key = StoredKey { number: 0, bytes: log_key };
        Self { key_pem, log_key, older_log_keys: Vec::new() }
    }

    /// What opens the log.
    pub(crate) fn log_keys(&self) -> LogKeys {
        LogKeys::new(self.log_key.key(), self.older_log_keys.iter().map(StoredKey::key).collect())
    }

    /// The key that every file of the log is to be sealed with, if some may still need another one.
    pub(crate) fn unfinished_log_key(&self) -> Option<LogKey> {
        (!self.older_log_keys.is_empty()).then(|| self.log_key.key())
    }

    /// With a new key for the log; the ones so far are kept as older ones. The same when every number is taken by a key that
    /// files still need.
    pub(crate) fn with_log_key(mut self, bytes: [u8; 32]) -> Self {
        let taken = |number: u8| self.older_log_keys.iter().any(|old| old.number == number);
        let mut numbers = (1..=u8::MAX).map(|step| self.log_key.number.wrapping_add(step));
        let Some(number) = numbers.find(|number| !taken(*number)) else { return self };
        let before = std::mem::replace(&mut self.log_key, StoredKey { number, bytes });
        self.older_log_keys.push(before);
        self
    }

    /// Without the log's older keys.
    pub(crate) fn without_older_log_keys(mut self) -> Self {
        self.older_log_keys.clear();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_of_a_log_have_the_same_number() {
        let mut secrets = Secrets::new(String::new(), [0; 32]);
        for _ in 0..300_u16 {
            secrets = secrets.with_log_key([1; 32]);
            let mut numbers: Vec<u8> = secrets.older_log_keys.iter().map(|key| key.number).collect();
            numbers.push(secrets.log_key.number);
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), secrets.older_log_keys.len() + 1);
        }
        assert_eq!(secrets.older_log_keys.len(), 255);
        let secrets = secrets.without_older_log_keys().with_log_key([2; 32]);
        assert_eq!(secrets.unfinished_log_key().map(|key| key.number()), Some(secrets.log_key.number));
    }
}
