//! Proof of work: what a number is worth, and the search for one that is worth enough.

use crate::base::mail_limits;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::Label;

/// A search for a number under which a SHA-256 begins with so many zero bits.
///
/// It is found by trying, `2^bits` times on average; it is checked by trying once. Whoever wants it found hands it to
/// the driver: nothing else waits for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Puzzle {
    preimage: Vec<u8>,
    bits: u32,
}

impl Puzzle {
    /// The search for `bits` zero bits, at most [`mail_limits::WORK_MOST`], over what is proven under a label.
    pub fn new(label: Label, payload: &[u8], bits: u32) -> Self {
        Self { preimage: label.with(&[payload]), bits: bits.min(mail_limits::WORK_MOST) }
    }

    /// The bits that are searched for.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// Zero bits that a number shows, counted in the first 8 bytes.
    pub fn worth(&self, work: u64) -> u32 {
        let digest = sha256(&[&self.preimage, &work.to_be_bytes()]);
        let front = digest.iter().take(8).fold(0u64, |front, byte| front << 8 | u64::from(*byte));
        front.leading_zeros()
    }

    /// Whether a number is worth enough.
    pub fn is_solved_by(&self, work: u64) -> bool {
        self.worth(work) >= self.bits
    }

    /// The least number that is worth enough. Takes a while: up to a second for [`mail_limits::WORK_MOST`] bits.
    pub fn solve(&self) -> u64 {
        (0..).find(|work| self.is_solved_by(*work)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::label;

    #[test]
    fn the_least_number_that_is_worth_enough_is_found_and_counts_for_this_search_alone() {
        let puzzle = Puzzle::new(label::PREKEY_WORK, &[1; 32], 10);
        let work = puzzle.solve();
        assert!(puzzle.is_solved_by(work) && !(0..work).any(|less| puzzle.is_solved_by(less)));
        for other in [
            Puzzle::new(label::PREKEY_WORK, &[2; 32], 10),
            Puzzle::new(label::MAILBOX_WORK, &[1; 32], 10),
            Puzzle::new(label::PREKEY_WORK, &[1; 33], 10),
        ] {
            assert!(!other.is_solved_by(work));
        }
        assert_eq!(Puzzle::new(label::PREKEY_WORK, &[], 64).bits(), mail_limits::WORK_MOST);
        assert_eq!(work, GOLDEN_WORK);
    }

    /// From a reckoning in another language.
    const GOLDEN_WORK: u64 = 589;
}
