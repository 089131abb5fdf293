//! SHA-256 digests in the form `sha256:` and 64 digits.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::Error;

const PREFIX: &str = "sha256:";

/// The digest of bytes.
pub(crate) fn of(bytes: &[u8]) -> String {
    text(&Sha256::digest(bytes))
}

/// The digits of a digest that an archive names.
///
/// # Errors
/// When it is not SHA-256's: only these digits may become the name of a file.
pub(crate) fn digits(digest: &str) -> Result<&str, Error> {
    let wrong = || Error::Archive(format!("'{digest}' is not a digest of the form sha256:<64 digits>"));
    digest.strip_prefix(PREFIX).filter(|digits| are_digits(digits)).ok_or_else(wrong)
}

/// Whether a text is the digits of a SHA-256 digest.
pub(crate) fn are_digits(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn text(digest: &[u8]) -> String {
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{digits}")
}

/// Counts and hashes what is read through it.
pub(crate) struct Hashing<R> {
    source: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, hasher: Sha256::new(), bytes: 0 }
    }

    /// Reads what is left and gives the digest and the number of bytes of all that was read.
    pub(crate) fn finish(mut self) -> io::Result<(String, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((text(&self.hasher.finalize()), self.bytes))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}
