//! The key that the owner gives.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A 32-byte key with a number. The number is written into every file, so that a node with several keys (rotation) can
/// tell which one a file needs. It is not secret.
#[derive(Clone)]
pub struct Key {
    number: u8,
    bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl Key {
    /// A key with its number.
    #[must_use]
    pub fn new(number: u8, bytes: [u8; 32]) -> Self {
        Self { number, bytes: Arc::new(Zeroizing::new(bytes)) }
    }

    /// The key's number.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(number {})", self.number)
    }
}
