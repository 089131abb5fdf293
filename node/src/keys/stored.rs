use std::fmt;

use serde::{Deserialize, Serialize};
use skep_identity::KeyEncryptionKey;

use super::secrets::Secrets;

/// The newest form of the file that is written and read.
const FORMAT: u8 = 1;
/// What is sealed opens as nothing else.
const CONTEXT: &[u8] = b"skep key file 1";

/// What stands in the key file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    format: u8,
    pub(super) content: Content,
}

/// The secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// In the clear.
    Clear(Secrets),
    /// Sealed with the unlock key.
    Locked(Vec<u8>),
}

impl fmt::Debug for Stored {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = matches!(self.content, Content::Locked(_));
        out.debug_struct("Stored").field("locked", &locked).finish_non_exhaustive()
    }
}

impl Stored {
    /// In the clear.
    pub(super) fn clear(secrets: Secrets) -> Self {
        Self { format: FORMAT, content: Content::Clear(secrets) }
    }

    /// Sealed with this key; `salt` is random and new. None when the machine's cryptography refuses.
    pub(super) fn locked(secrets: &Secrets, key: &KeyEncryptionKey, salt: [u8; 32]) -> Option<Self> {
        let plain = serde_json::to_vec(secrets).ok()?;
        let sealed = key.seal(salt, CONTEXT, &plain)?;
        Some(Self { format: FORMAT, content: Content::Locked(sealed) })
    }

    /// The secrets; none when they are sealed with another key, or were changed.
    pub(super) fn opened(&self, key: &KeyEncryptionKey) -> Option<Secrets> {
        match &self.content {
            Content::Clear(secrets) => Some(secrets.clone()),
            Content::Locked(sealed) => {
                let plain = key.open(CONTEXT, sealed)?;
                serde_json::from_slice(&plain).ok()
            }
        }
    }

    /// From the file's bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let stored: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if stored.format > FORMAT {
            return Err(format!("it has format {}, this version reads up to {FORMAT}", stored.format));
        }
        Ok(stored)
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }
}
