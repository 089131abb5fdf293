//! The first bytes of every file: what it is, which key it needs, and a tag that proves the key.
//!
//! ```text
//! 0  magic 8 | 8 format 1 | 9 key number 1 | 10 zero 6 | 16 first index 8 | 24 salt 32 | 56 tag 16 | 72 crc32 4
//! ```
//! Numbers are little endian. The tag is an empty message sealed with the bytes before it as header.

use crate::cipher::{Cipher, HEADER_NONCE, SALT, TAG, random_salt};
use crate::error::Error;
use crate::key::Key;
use crate::keys::Keys;

/// Length of the header in bytes.
pub(crate) const HEADER: usize = 76;
/// Bytes up to and with the key's number.
pub(crate) const KEY_NUMBER_END: usize = 10;
/// The newest format that is written and read.
pub(crate) const FORMAT: u8 = 1;

/// What kind of file a header opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    Segment,
    Sealed,
}

impl Magic {
    fn bytes(self) -> &'static [u8; 8] {
        match self {
            Self::Segment => b"SKEPLOGS",
            Self::Sealed => b"SKEPSEAL",
        }
    }
}

/// Why a header was refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Not all there, or its checksum is wrong.
    Broken(&'static str),
    WrongKey {
        found: u8,
    },
    Format {
        found: u8,
    },
    Crypto(Error),
}

impl Refused {
    /// The error for a file that may not be refused this way.
    pub(crate) fn into_error(self, file: String, keys: &Keys) -> Error {
        match self {
            Self::Broken(reason) => Error::Damaged { file, offset: 0, reason: reason.to_owned() },
            Self::WrongKey { found } => Error::WrongKey { file, found, given: keys.current().number() },
            Self::Format { found } => Error::Format { file, found, supported: FORMAT },
            Self::Crypto(error) => error,
        }
    }
}

/// Writes a header with a fresh salt.
pub(crate) fn create(magic: Magic, key: &Key, first: u64) -> Result<(Vec<u8>, Cipher), Error> {
    let salt = random_salt()?;
    let cipher = Cipher::derive(key, &salt)?;
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(magic.bytes());
    bytes.extend_from_slice(&[FORMAT, key.number(), 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&salt);
    let tag = cipher.seal(HEADER_NONCE, &bytes, &mut [])?;
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    Ok((bytes, cipher))
}

/// The number of the key that a file was sealed with; none when it is no file of ours.
pub(crate) fn key_number(bytes: &[u8; KEY_NUMBER_END]) -> Option<u8> {
    [Magic::Segment, Magic::Sealed].iter().any(|magic| bytes.starts_with(magic.bytes())).then_some(bytes[9])
}

/// Reads a header; answers with the file's cipher, its key's number and its first index.
pub(crate) fn read(magic: Magic, keys: &Keys, bytes: &[u8]) -> Result<(Cipher, u8, u64), Refused> {
    let Some(bytes) = bytes.first_chunk::<HEADER>() else {
        return Err(Refused::Broken("the file ends within its header"));
    };
    let (body, crc) = bytes.split_at(HEADER - 4);
    if crc32fast::hash(body).to_le_bytes() != crc {
        return Err(Refused::Broken("the header's checksum is wrong"));
    }
    if &body[..8] != magic.bytes() {
        return Err(Refused::Broken("this is another kind of file"));
    }
    if body[8] > FORMAT || body[8] == 0 {
        return Err(Refused::Format { found: body[8] });
    }
    let found = body[9];
    let mut first = [0; 8];
    first.copy_from_slice(&body[16..24]);
    let mut salt = [0; SALT];
    salt.copy_from_slice(&body[24..56]);
    let key = keys.find(found).ok_or(Refused::WrongKey { found })?;
    let cipher = Cipher::derive(&key, &salt).map_err(Refused::Crypto)?;
    if cipher.open(HEADER_NONCE, &body[..56], &body[56..56 + TAG]).is_none() {
        return Err(Refused::WrongKey { found });
    }
    Ok((cipher, found, u64::from_le_bytes(first)))
}
