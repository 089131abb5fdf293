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

    /// With a new key for the log; the ones so far are kept as older ones.
    pub(crate) fn with_log_key(mut self, bytes: [u8; 32]) -> Self {
        let mut number = self.log_key.number.wrapping_add(1);
        while self.older_log_keys.iter().any(|old| old.number == number) {
            number = number.wrapping_add(1);
        }
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
