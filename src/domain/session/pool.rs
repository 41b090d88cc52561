//! How many one-time prekeys an account may still hand out, and to whom.

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::requesters::price_of_pool;
use crate::base::time::Time;

/// What speaks for somebody who asks for prekeys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// A contact that was admitted, or the bearer of an open invite.
    Known,
    /// Nothing.
    Anyone,
}

/// The pool of one account at one source; a stored row.
///
/// It counts pairs and holds no keys: a pair is made when it is handed out (see
/// [`crate::domain::session::one_time::HandedOut`]). The filling is paced and the pairs that nobody has used are
/// bounded, so whoever asks without end gets bundles without one-time prekeys, and the store doesn't grow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pool {
    left: u32,
    filled: Time,
    /// Pairs that are handed out and neither used nor wiped.
    waiting: u32,
}

impl Pool {
    /// A full pool.
    pub const fn full(now: Time) -> Self {
        Self { left: limits::ONE_TIME_POOL, filled: now, waiting: 0 }
    }

    /// Takes a pair out, if there is one for such a claim. The last fifth is for those that are known.
    pub fn take(&mut self, claim: Claim, now: Time) -> bool {
        self.fill(now);
        let reserved = match claim {
            Claim::Known => 0,
            Claim::Anyone => 1,
        };
        let bound = limits::ONE_TIME_WAITING_MAX - reserved * (limits::ONE_TIME_WAITING_MAX / 5);
        let taken = self.left > reserved * limits::ONE_TIME_RESERVE && self.waiting < bound;
        if taken {
            self.left -= 1;
            self.waiting += 1;
        }
        taken
    }

    /// Bits of work that a pair costs somebody for whom nothing speaks; nothing where there is none to be had.
    pub fn price(&mut self, now: Time) -> Option<u32> {
        self.fill(now);
        let bound = limits::ONE_TIME_WAITING_MAX - limits::ONE_TIME_WAITING_MAX / 5;
        price_of_pool(self.left).filter(|_| self.waiting < bound)
    }

    /// Pairs were given to somebody who hands them out in our place.
    pub const fn lend(&mut self, pairs: u32) {
        self.waiting = self.waiting.saturating_add(pairs);
    }

    /// Pairs were used or wiped.
    pub const fn settle(&mut self, pairs: u32) {
        self.waiting = self.waiting.saturating_sub(pairs);
    }

    /// Pairs that are still to be had before it is filled again.
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// Pairs that are handed out and neither used nor wiped.
    pub const fn waiting(&self) -> u32 {
        self.waiting
    }

    fn fill(&mut self, now: Time) {
        // A filling ahead of now is from before the clock was set back, and says nothing.
        let rested = self.filled > now || now.since(self.filled) >= limits::ONE_TIME_FILL_PAUSE;
        if self.left < limits::ONE_TIME_LOW && rested {
            (self.left, self.filled) = (limits::ONE_TIME_POOL, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::mail_limits;

    const NOW: Time = Time::from_millis(1_700_000_000_000);

    fn taken(pool: &mut Pool, claim: Claim, now: Time) -> u32 {
        (0..1_000).filter(|_| pool.take(claim, now)).count() as u32
    }

    #[test]
    fn the_last_fifth_is_for_those_that_are_known() {
        let mut pool = Pool::full(NOW);
        assert_eq!(taken(&mut pool, Claim::Anyone, NOW), 80);
        assert_eq!(taken(&mut pool, Claim::Anyone, NOW), 0);
        assert_eq!(taken(&mut pool, Claim::Known, NOW), 20);
        assert_eq!((pool.left(), pool.waiting()), (0, 100));
    }

    #[test]
    fn a_pair_has_a_price_exactly_when_a_stranger_may_take_it() {
        let mut pool = Pool::full(NOW);
        let mut prices = Vec::new();
        while let Some(price) = pool.price(NOW) {
            prices.push(price);
            assert!(pool.take(Claim::Anyone, NOW));
        }
        assert!(!pool.take(Claim::Anyone, NOW) && prices.is_sorted());
        assert_eq!(
            (prices.len(), prices[0], prices[79]),
            (80, mail_limits::WORK_LEAST, mail_limits::WORK_MOST - 1)
        );
        pool.lend(limits::ONE_TIME_WAITING_MAX);
        assert_eq!(pool.price(NOW.plus(limits::ONE_TIME_FILL_PAUSE)), None, "filled, and too many wait");
        let later = NOW.plus(limits::ONE_TIME_FILL_PAUSE);
        pool.settle(pool.waiting() - (limits::ONE_TIME_WAITING_MAX - limits::ONE_TIME_WAITING_MAX / 5));
        assert_eq!(pool.price(later), None, "the last fifth isn't for strangers");
        pool.settle(1);
        assert!(pool.price(later).is_some());
    }

    #[test]
    fn it_is_filled_when_under_a_quarter_is_left_and_not_too_often() {
        let mut pool = Pool::full(NOW);
        (0..75).for_each(|_| assert!(pool.take(Claim::Anyone, NOW)));
        let later = NOW.plus(limits::ONE_TIME_FILL_PAUSE);
        assert!(pool.take(Claim::Anyone, later));
        assert_eq!(pool.left(), 24, "25 were left: not filled");
        assert!(pool.take(Claim::Anyone, later));
        assert_eq!(pool.left(), 99, "fewer were left: filled before one was taken");
        assert_eq!(taken(&mut pool, Claim::Anyone, later), 79, "and not again at once");
        assert!(pool.take(Claim::Anyone, NOW), "a clock that was set back doesn't keep it empty");
    }

    #[test]
    fn pairs_that_nobody_uses_are_bounded_and_a_fifth_of_that_bound_is_reserved() {
        let mut pool = Pool::full(NOW);
        let hour = |number: u32| NOW.plus(limits::ONE_TIME_FILL_PAUSE * number);
        let anyone: u32 = (0..1_000).map(|number| taken(&mut pool, Claim::Anyone, hour(number))).sum();
        assert_eq!(anyone, limits::ONE_TIME_WAITING_MAX - limits::ONE_TIME_WAITING_MAX / 5);
        let known: u32 = (1_000..2_000).map(|number| taken(&mut pool, Claim::Known, hour(number))).sum();
        assert_eq!(anyone + known, limits::ONE_TIME_WAITING_MAX);
        pool.settle(1);
        assert!(pool.take(Claim::Known, hour(3_000)) && !pool.take(Claim::Known, hour(3_000)));
    }
}
