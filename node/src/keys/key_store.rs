use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skep_identity::KeyEncryptionKey;
use skep_manager::LogKey;
use skep_runtime::Env;
use thiserror::Error;

use super::key_file::KeyFile;
use super::secrets::Secrets;
use super::stored::{Content, Stored};

/// The member's keys cannot be had, or not be kept as they should be.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// They wait for the unlock key.
    #[error("this node's keys are locked: run \"skep swarm unlock\" on it")]
    Locked,
    /// There is no file.
    #[error("this node's keys in {} are gone; let the node leave (\"skep swarm leave --force\") and join again", path.display())]
    Missing {
        /// Where they should be.
        path: PathBuf,
    },
    /// The file cannot be understood.
    #[error("this node's keys in {} cannot be read ({reason}); they are of another version of skep, or damaged", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk refuses.
    #[error("this node's keys in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The machine cannot encrypt.
    #[error("this node's keys could not be encrypted")]
    Crypto,
}

/// The member's secrets. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct KeyStore {
    inner: Arc<Mutex<Inner>>,
    env: Env,
}

#[derive(Debug)]
struct Inner {
    file: KeyFile,
    state: State,
}

#[derive(Debug)]
enum State {
    /// This node is no member.
    Absent,
    Locked(Stored),
    Open {
        secrets: Secrets,
        /// What the file is locked with.
        lock: Option<KeyEncryptionKey>,
    },
}

impl KeyStore {
    /// Reads the file, if there is one.
    pub(crate) fn open(path: PathBuf, env: Env) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.clone(), source };
        let file = KeyFile::open(path.clone()).map_err(failed)?;
        let state = match file.read().map_err(failed)? {
            None => State::Absent,
            Some(bytes) => {
                let unreadable = |reason| KeyError::Unreadable { path: path.clone(), reason };
                State::of(Stored::read(&bytes).map_err(unreadable)?)
            }
        };
        Ok(Self { inner: Arc::new(Mutex::new(Inner { file, state })), env })
    }

    /// Whether the unlock key is needed.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self.lock().state, State::Locked(_))
    }

    /// What it holds.
    pub(crate) fn secrets(&self) -> Result<Secrets, KeyError> {
        let inner = self.lock();
        match &inner.state {
            State::Open { secrets, .. } => Ok(secrets.clone()),
            State::Locked(_) => Err(KeyError::Locked),
            State::Absent => Err(inner.missing()),
        }
    }

    /// Keeps a new member's secrets, in place of all that was there.
    pub(crate) fn create(&self, secrets: Secrets, lock: Option<KeyEncryptionKey>) -> Result<(), KeyError> {
        self.lock().keep(secrets, lock, &self.env)
    }

    /// Unlocks it in memory; false, and nothing has changed, when the key is the wrong one.
    pub(crate) fn unlock(&self, key: &KeyEncryptionKey) -> bool {
        let mut inner = self.lock();
        let State::Locked(stored) = &inner.state else { return true };
        let Some(secrets) = stored.opened(key) else { return false };
        inner.state = State::Open { secrets, lock: Some(key.clone()) };
        true
    }

    /// Keeps them as the swarm wants: locked with this key, or in the clear. A log whose key was in the clear gets a new one,
    /// see [`KeyStore::unfinished_log_key`].
    pub(crate) fn follow(&self, wanted: Option<KeyEncryptionKey>) -> Result<(), KeyError> {
        let mut inner = self.lock();
        let State::Open { secrets, lock } = &inner.state else { return Ok(()) };
        if *lock == wanted {
            return Ok(());
        }
        let exposed = lock.is_none() && wanted.is_some();
        let secrets = secrets.clone();
        let secrets = if exposed { secrets.with_log_key(self.env.random().bytes()) } else { secrets };
        tracing::info!(locked = wanted.is_some(), "this node's keys are kept in another way from now on");
        inner.keep(secrets, wanted, &self.env)
    }

    /// The key that the whole log is to be sealed with, while some of it may still need an older one.
    pub(crate) fn unfinished_log_key(&self) -> Option<LogKey> {
        match &self.lock().state {
            State::Open { secrets, .. } => secrets.unfinished_log_key(),
            _ => None,
        }
    }

    /// The whole log is sealed with its newest key: the older ones are forgotten.
    pub(crate) fn forget_older_log_keys(&self) -> Result<(), KeyError> {
        let mut inner = self.lock();
        let State::Open { secrets, lock } = &inner.state else { return Ok(()) };
        let (secrets, lock) = (secrets.clone().without_older_log_keys(), lock.clone());
        inner.keep(secrets, lock, &self.env)
    }

    /// The node is a worker and has no log any more: its keys are in the clear. Nothing is written when they are.
    pub(crate) fn settle_for_worker(&self) -> Result<(), KeyError> {
        let mut inner = self.lock();
        let State::Open { secrets, lock: Some(_) } = &inner.state else { return Ok(()) };
        let secrets = secrets.clone().without_older_log_keys();
        inner.keep(secrets, None, &self.env)
    }

    /// The node is no member any more.
    pub(crate) fn forget(&self) -> Result<(), KeyError> {
        let mut inner = self.lock();
        inner.state = State::Absent;
        inner.file.remove().map_err(|source| inner.failed(source))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(stored: Stored) -> Self {
        match stored.content {
            Content::Clear(secrets) => Self::Open { secrets, lock: None },
            Content::Locked(_) => Self::Locked(stored),
        }
    }
}

impl Inner {
    /// The file first: what is in memory is on disk.
    fn keep(&mut self, secrets: Secrets, lock: Option<KeyEncryptionKey>, env: &Env) -> Result<(), KeyError> {
        let stored = match &lock {
            None => Some(Stored::clear(secrets.clone())),
            Some(key) => Stored::locked(&secrets, key, env.random().bytes()),
        };
        let bytes = stored.ok_or(KeyError::Crypto)?.bytes();
        let bytes = bytes.map_err(|reason| self.failed(io::Error::other(reason)))?;
        self.file.write(&bytes).map_err(|source| self.failed(source))?;
        self.state = State::Open { secrets, lock };
        Ok(())
    }

    fn failed(&self, source: io::Error) -> KeyError {
        KeyError::File { path: self.file.path().to_owned(), source }
    }

    fn missing(&self) -> KeyError {
        KeyError::Missing { path: self.file.path().to_owned() }
    }
}
