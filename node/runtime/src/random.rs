//! Random numbers from one generator per node.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

/// A shared generator; a seed makes it repeatable.
#[derive(Clone, Debug)]
pub struct Random {
    generator: Arc<Mutex<StdRng>>,
}

impl Random {
    /// Seeded by the operating system; good enough for keys and tokens.
    pub fn from_system() -> Self {
        Self::new(StdRng::from_os_rng())
    }

    /// Repeatable: the same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Self {
        Self::new(StdRng::seed_from_u64(seed))
    }

    fn new(generator: StdRng) -> Self {
        Self { generator: Arc::new(Mutex::new(generator)) }
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// N random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// The value of a new id: a uuid, version 4.
    pub fn id(&self) -> u128 {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().as_u128()
    }

    /// A number in 0.0 .. 1.0.
    pub fn fraction(&self) -> f64 {
        // 53 bits: what an f64 holds exactly.
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
