//! Random bytes fetched from their source in larger pieces.

use std::convert::Infallible;

use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes fetched at once: some ten messages need so many.
const PIECE: usize = 512;

/// Hands random bytes on that were fetched from their source in larger pieces, because each call of the system costs
/// more than the bytes. Each byte is handed out once and wiped here, and what is left is wiped with the pool.
///
/// It must not outlive the step that it is made for: whoever copies the process's memory copies what is still to be
/// handed out.
pub(super) struct Pool<R> {
    source: R,
    bytes: Zeroizing<[u8; PIECE]>,
    /// Bytes that were handed out.
    given: usize,
}

impl<R: CryptoRng> Pool<R> {
    /// A pool that fetches nothing before something is asked for.
    pub(super) fn over(source: R) -> Self {
        Self { source, bytes: Zeroizing::new([0; PIECE]), given: PIECE }
    }
}

impl<R: CryptoRng> TryRng for Pool<R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        if into.len() > PIECE {
            self.source.fill_bytes(into);
            return Ok(());
        }
        if into.len() > PIECE - self.given {
            // What is left of the old piece is dropped, so that no value is made of two.
            self.source.fill_bytes(&mut *self.bytes);
            self.given = 0;
        }
        let taken = &mut self.bytes[self.given..][..into.len()];
        into.copy_from_slice(taken);
        taken.zeroize();
        self.given += into.len();
        Ok(())
    }
}

impl<R: CryptoRng> TryCryptoRng for Pool<R> {}

#[cfg(test)]
mod tests {
    use rand_core::Rng as _;

    use super::*;

    /// Bytes that count, and how often they were asked for.
    #[derive(Default)]
    struct Counting {
        next: u8,
        calls: usize,
    }

    impl TryRng for Counting {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(0)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(0)
        }

        fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
            self.calls += 1;
            for byte in into {
                self.next = self.next.wrapping_add(1);
                *byte = self.next;
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Counting {}

    #[test]
    fn every_byte_comes_from_the_source_once_and_is_wiped_here() {
        let mut pool = Pool::over(Counting::default());
        let mut expected = [0; 2 * PIECE];
        Counting::default().fill_bytes(&mut expected);
        let mut given = Vec::new();
        for _ in 0..2 * PIECE / 32 {
            let mut bytes = [0; 32];
            pool.fill_bytes(&mut bytes);
            given.extend_from_slice(&bytes);
            assert!(pool.bytes[..pool.given].iter().all(|byte| *byte == 0));
        }
        assert_eq!((given.as_slice(), pool.source.calls), (&expected[..], 2));
    }

    #[test]
    fn no_value_is_made_of_two_pieces_and_what_is_larger_than_one_is_fetched_as_it_is() {
        let mut pool = Pool::over(Counting::default());
        pool.fill_bytes(&mut [0; PIECE - 1]);
        assert_eq!(pool.next_u64().to_le_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(pool.next_u32().to_le_bytes(), [9, 10, 11, 12]);
        let mut large = [0; PIECE + 1];
        pool.fill_bytes(&mut large);
        assert_eq!((large[0], large[PIECE], pool.source.calls), (1, 1, 3));
        assert_eq!(pool.next_u32().to_le_bytes(), [13, 14, 15, 16]);
    }
}
