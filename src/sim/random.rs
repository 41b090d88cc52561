//! Randomness that follows from a seed.

use core::convert::Infallible;
use core::time::Duration;

use rand_core::{TryCryptoRng, TryRng};

use crate::crypto::hash::sha256;

/// A stream of bytes from SHA-256 in counter mode: the same on every machine. Only for simulations.
#[derive(Clone, Debug)]
pub struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    /// Bytes of the block that were given.
    given: usize,
}

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let seed = sha256(&[b"simulation", &seed.to_be_bytes()]);
        Self { seed, counter: 0, block: [0; 32], given: 32 }
    }

    /// Another stream, which follows from this one and doesn't disturb it.
    pub fn branch(&self, name: &[u8]) -> Self {
        Self { seed: sha256(&[&self.seed, b"branch", name]), counter: 0, block: [0; 32], given: 32 }
    }

    /// A number below `bound`, which is at least 1. The bias is far below what a simulation could notice.
    pub fn below(&mut self, bound: u64) -> u64 {
        let Ok(number) = self.try_next_u64();
        number % bound.max(1)
    }

    /// An index into something that has `length` parts.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        // Where nothing can happen, nothing is drawn: what never goes wrong costs nothing.
        percent > 0 && self.below(100) < percent
    }

    /// A span from nothing to twice `mean`, so that `mean` is its mean.
    pub fn about(&mut self, mean: Duration) -> Duration {
        let millis = u64::try_from(mean.as_millis()).unwrap_or(u64::MAX / 4);
        Duration::from_millis(1 + self.below(millis.saturating_mul(2)))
    }

    fn next_block(&mut self) {
        self.counter += 1;
        self.block = sha256(&[&self.seed, &self.counter.to_be_bytes()]);
        self.given = 0;
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number & u64::from(u32::MAX)) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        let mut rest = into;
        while !rest.is_empty() {
            if self.given == self.block.len() {
                self.next_block();
            }
            let count = rest.len().min(self.block.len() - self.given);
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&self.block[self.given..][..count]);
            self.given += count;
            rest = later;
        }
        Ok(())
    }
}

/// The simulation's keys protect nothing.
impl TryCryptoRng for Random {}
