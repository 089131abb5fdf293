//! One file's cipher: AES-256-GCM under a key derived from the owner's key and the file's random salt.
//!
//! Every file has a salt of 32 random bytes, so no two files share a key; inside a file each nonce number is used
//! once. A file whose tail was cut or lost is never appended to again, so a number never comes back with other bytes.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;
use crate::key::Key;

/// Length of a file's salt, in bytes.
pub(crate) const SALT: usize = 32;
/// Length of the authentication tag, in bytes.
pub(crate) const TAG: usize = 16;

/// The nonce number that seals a file's header.
pub(crate) const HEADER_NONCE: u64 = u64::MAX;

pub(crate) struct Cipher {
    key: LessSafeKey,
}

impl Cipher {
    pub(crate) fn derive(key: &Key, salt: &[u8; SALT]) -> Result<Self, Error> {
        let extracted = Salt::new(HKDF_SHA256, salt).extract(key.bytes());
        let derived = extracted
            .expand(&[b"skep log file 1"], &AES_256_GCM)
            .map_err(|_| Error::Crypto("the file's key could not be derived"))?;
        Ok(Self { key: LessSafeKey::new(UnboundKey::from(derived)) })
    }

    /// Encrypts `bytes` in place and answers with the tag, which also covers `header`.
    pub(crate) fn seal(&self, number: u64, header: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG], Error> {
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(number), Aad::from(header), bytes)
            .map_err(|_| Error::Crypto("a record could not be encrypted"))?;
        tag.as_ref().try_into().map_err(|_| Error::Crypto("a tag has a strange length"))
    }

    /// Decrypts `bytes` (ciphertext and tag); `None` when they, the header or the number are not what was sealed.
    pub(crate) fn open(&self, number: u64, header: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let mut plain = bytes.to_vec();
        let length = self.key.open_in_place(nonce(number), Aad::from(header), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

pub(crate) fn random_salt() -> Result<[u8; SALT], Error> {
    let mut salt = [0; SALT];
    SystemRandom::new().fill(&mut salt).map_err(|_| Error::Crypto("no random numbers from the kernel"))?;
    Ok(salt)
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}
