//! This node's keys for encrypted networks, and the file that they survive the daemon in.
//!
//! The file lies in the directory for what a restart of the machine may lose: a daemon that comes back is known to the others
//! at once, whether or not a manager can be reached, and a machine that comes back has a new key.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use skep_model::TunnelKey;
use skep_model::limits::{TUNNEL_KEY_FORMER_LIFE, TUNNEL_KEY_LIFE};

use super::own_key::OwnKey;
use crate::{NetworkError, Result};

/// The present key, and the one before it while that still counts.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    present: OwnKey,
    former: Option<OwnKey>,
}

impl Keys {
    /// Reads the keys of a former daemon, or makes one.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let path = directory.join("tunnel-keys");
        let mut known = read(&path)?.into_iter();
        if let Some(present) = known.next() {
            return Ok(Self { path, present, former: known.next() });
        }
        let keys = Self { path, present: fresh()?, former: None };
        keys.write()?;
        Ok(keys)
    }

    /// The key that the node tells managers.
    pub(super) fn present(&self) -> TunnelKey {
        self.present.public
    }

    /// That key with its secret half.
    pub(super) fn newest(&self) -> &OwnKey {
        &self.present
    }

    /// The key before it, while that counts.
    pub(super) fn former(&self) -> Option<&OwnKey> {
        self.former.as_ref()
    }

    /// All that count, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &OwnKey> {
        std::iter::once(&self.present).chain(&self.former)
    }

    /// Whether it is time for a new one. The others must have the present one: there is room for one former key alone.
    pub(super) fn is_old(&self, known: Option<TunnelKey>) -> bool {
        known == Some(self.present()) && age(&self.present) >= TUNNEL_KEY_LIFE.as_secs()
    }

    /// Makes a new key; it is on disk before anybody hears of it. The former key is then the one that the others know.
    pub(super) fn rotate(&mut self, known: Option<TunnelKey>) -> Result<()> {
        let before = std::mem::replace(&mut self.present, fresh()?);
        let kept = self.former.take().filter(|key| Some(key.public) == known);
        self.former = Some(kept.unwrap_or(before));
        self.write()
    }

    /// Whether the former key has counted for long enough, whoever still uses it. While managers do not know the present one,
    /// nobody else does.
    pub(super) fn former_is_over(&self, known: Option<TunnelKey>) -> bool {
        known == Some(self.present()) && age(&self.present) >= TUNNEL_KEY_FORMER_LIFE.as_secs()
    }

    /// Forgets the former key.
    pub(super) fn forget_former(&mut self) -> Result<()> {
        self.former = None;
        self.write()
    }

    fn write(&self) -> Result<()> {
        let line = |key: &OwnKey| format!("{} {}\n", key.made, hex(key.secret().as_bytes()));
        let text: String = self.all().map(line).collect();
        let beside = self.path.with_extension("new");
        let failure = |source| file("write", &beside, source);
        // Left by a daemon that died here, perhaps.
        if let Err(source) = fs::remove_file(&beside)
            && source.kind() != ErrorKind::NotFound
        {
            return Err(file("remove", &beside, source));
        }
        let mut target =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failure)?;
        target.write_all(text.as_bytes()).and_then(|()| target.sync_all()).map_err(failure)?;
        fs::rename(&beside, &self.path).map_err(|source| file("write", &self.path, source))
    }
}

fn fresh() -> Result<OwnKey> {
    let path = Path::new("/dev/urandom");
    let failure = |source| file("read", path, source);
    let mut secret = [0; 32];
    fs::File::open(path).and_then(|mut source| source.read_exact(&mut secret)).map_err(failure)?;
    Ok(OwnKey::new(secret, now()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn age(key: &OwnKey) -> u64 {
    now().saturating_sub(key.made)
}

/// What is in the file, the newest key first; a file that makes no sense holds none.
fn read(path: &Path) -> Result<Vec<OwnKey>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let keys: Option<Vec<OwnKey>> = text.lines().map(key_of).collect();
            if keys.is_none() {
                tracing::warn!(path = %path.display(), "the keys for encrypted networks cannot be read: making a new one");
            }
            Ok(keys.unwrap_or_default())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(file("read", path, source)),
    }
}

fn key_of(line: &str) -> Option<OwnKey> {
    let (made, digits) = line.split_once(' ')?;
    Some(OwnKey::new(unhex(digits)?, made.parse().ok()?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let bytes: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

fn file(action: &'static str, path: &Path, source: std::io::Error) -> NetworkError {
    NetworkError::File { action, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn keys_survive_the_daemon_and_nobody_else_may_read_them() {
        let directory = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(directory.path()).unwrap();
        let first = keys.present();
        assert_eq!(Keys::open(directory.path()).unwrap().present(), first);
        keys.rotate(Some(first)).unwrap();
        keys.rotate(Some(first)).unwrap();
        assert_ne!(keys.present(), first);
        let again = Keys::open(directory.path()).unwrap();
        assert_eq!(again.all().map(|key| key.public).collect::<Vec<_>>(), [keys.present(), first]);
        let mode = fs::metadata(directory.path().join("tunnel-keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        keys.forget_former().unwrap();
        assert_eq!(Keys::open(directory.path()).unwrap().all().count(), 1);
        fs::write(directory.path().join("tunnel-keys"), "nonsense").unwrap();
        assert_ne!(Keys::open(directory.path()).unwrap().present(), keys.present());
    }

    #[test]
    fn a_key_grows_old_once_the_others_know_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(directory.path()).unwrap();
        let known = Some(keys.present());
        assert!(!keys.is_old(known) && !keys.former_is_over(known));
        keys.present.made -= TUNNEL_KEY_LIFE.as_secs();
        assert!(keys.is_old(known) && keys.former_is_over(known));
        assert!(!keys.is_old(None) && !keys.former_is_over(None), "managers cannot be reached");
    }
}
