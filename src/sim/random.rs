//! Randomness that follows from a seed.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use crate::crypto::hash::sha256;

/// A stream of bytes from SHA-256 in counter mode: slow, and the same on every machine. Only for simulations.
#[derive(Clone, Debug)]
pub struct Random {
    seed: [u8; 32],
    counter: u64,
}

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed: sha256(&[b"simulation", &seed.to_be_bytes()]), counter: 0 }
    }

    /// A number below `bound`, which is at least 1. The bias is far below what a simulation could notice.
    pub fn below(&mut self, bound: u64) -> u64 {
        let Ok(number) = self.try_next_u64();
        number % bound.max(1)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn block(&mut self) -> [u8; 32] {
        self.counter += 1;
        sha256(&[&self.seed, &self.counter.to_be_bytes()])
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number & u64::from(u32::MAX)) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let block = self.block();
        Ok(block.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        for chunk in into.chunks_mut(32) {
            let block = self.block();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// The simulation's keys protect nothing.
impl TryCryptoRng for Random {}
