use std::convert::Infallible;

use skep_runtime::sim::Life;

/// The random numbers of the life whose task asks.
#[derive(Debug)]
pub(crate) struct LifeRandom;

impl rand_for_openraft::TryRng for LifeRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        // Outside of every life there is no chance at all.
        Ok(Life::present().map_or(0, |life| life.random().number()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..piece.len()]);
        }
        Ok(())
    }
}
