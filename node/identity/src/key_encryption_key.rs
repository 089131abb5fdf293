use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use skep_model::UnlockKey;
use thiserror::Error;
use zeroize::Zeroizing;

/// What an unlock key begins with; the digit is its version.
const PREFIX: &str = "SWMKEY-1-";
/// Length of the salt that stands before what is sealed, in bytes.
const SALT: usize = 32;
/// Each salt gives a key of its own, which seals once.
const NONCE: [u8; 12] = [0; 12];

/// Something is no unlock key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "invalid key string: an unlock key is SWMKEY-1- and 43 letters and digits (\"skep swarm unlock-key\" on a manager shows it)"
)]
pub struct MalformedUnlockKey;

/// The key that a swarm's unlock key stands for: it seals other keys.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyEncryptionKey {
    bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyEncryptionKey(..)")
    }
}

impl KeyEncryptionKey {
    /// With these bytes, which have to be random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes: Arc::new(Zeroizing::new(bytes)) }
    }

    /// The key that people write as this unlock key.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(key: &UnlockKey) -> Result<Self, MalformedUnlockKey> {
        let text = key.0.strip_prefix(PREFIX).ok_or(MalformedUnlockKey)?;
        let decoded = Zeroizing::new(STANDARD_NO_PAD.decode(text).map_err(|_| MalformedUnlockKey)?);
        let bytes = <[u8; 32]>::try_from(decoded.as_slice()).map_err(|_| MalformedUnlockKey)?;
        Ok(Self::new(bytes))
    }

    /// How people write it, as Docker Swarm's: `SWMKEY-1-` and base64 without padding.
    pub fn unlock_key(&self) -> UnlockKey {
        UnlockKey(format!("{PREFIX}{}", STANDARD_NO_PAD.encode(self.bytes.as_slice())))
    }

    /// Encrypts and authenticates `plain`, and authenticates `context`, which is needed again to open it. `salt` has to be
    /// random and never used before. None when the machine's cryptography refuses.
    pub fn seal(&self, salt: [u8; 32], context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(NONCE);
        self.cipher(&salt)?.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed).ok()?;
        Some([salt.as_slice(), &sealed].concat())
    }

    /// What was sealed; none when it was sealed with another key, or is not what was sealed with this context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (salt, sealed) = sealed.split_first_chunk::<SALT>()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let length = self.cipher(salt)?.open_in_place(nonce, Aad::from(context), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    fn cipher(&self, salt: &[u8; SALT]) -> Option<LessSafeKey> {
        let extracted = Salt::new(HKDF_SHA256, salt).extract(self.bytes.as_slice());
        let derived = extracted.expand(&[b"skep key encryption 1"], &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlock_key_has_dockers_form() {
        let key = KeyEncryptionKey::new([0xab; 32]);
        let text = key.unlock_key();
        assert_eq!(text.0, format!("SWMKEY-1-{}q6s", "q6ur".repeat(10)));
        assert_eq!(KeyEncryptionKey::parse(&text), Ok(key));
        for bad in ["", "SWMKEY-1-", "SWMKEY-2-q6s", &text.0[1..], &text.0[..51], &format!("{}=", text.0)] {
            assert_eq!(KeyEncryptionKey::parse(&UnlockKey(bad.into())), Err(MalformedUnlockKey), "{bad}");
        }
        assert!(!format!("{:?} {text:?}", KeyEncryptionKey::new([1; 32])).contains("q6"));
    }

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let key = KeyEncryptionKey::new([1; 32]);
        let sealed = key.seal([7; 32], b"context", b"secret").unwrap();
        assert_eq!(key.open(b"context", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open(b"other", &sealed).is_none());
        assert!(KeyEncryptionKey::new([2; 32]).open(b"context", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(key.open(b"context", &flipped).is_none(), "flipped at {at}");
            assert!(key.open(b"context", &sealed[..at]).is_none(), "cut at {at}");
        }
    }
}
