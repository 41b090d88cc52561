//! How often one requester is given one-time prekeys, and what they cost it.

use std::collections::BTreeMap;

use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;

/// A bucket for each requester of one kind, at most [`limits::ONE_TIME_REQUESTERS_MAX`].
///
/// They are soft, on purpose: nobody outside can make the node forget them, since only the node's own restart does, and
/// what they guard is bounded by a stored count too. A stored row for each request would cost the one who is asked more
/// than the one who asks.
#[derive(Debug)]
pub struct Requesters<K> {
    buckets: BTreeMap<K, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    taken: u32,
    /// Since when `taken` is what it is, but for what has come back; when it last moved.
    since: Time,
}

/// The most that a bucket remembers: what makes the price the highest one.
const TAKEN_MAX: u32 = limits::ONE_TIME_BUCKET * (1 + mail_limits::WORK_MOST - mail_limits::WORK_LEAST);

/// Bits of work that a pair costs a stranger where so many are left of a pool: [`mail_limits::WORK_LEAST`] of a full one, more
/// with each that is gone, and nothing at all where only the fifth for those that are known is left: then no work helps.
pub fn price_of_pool(left: u32) -> Option<u32> {
    let open = limits::ONE_TIME_POOL - limits::ONE_TIME_RESERVE;
    let gone = limits::ONE_TIME_POOL.saturating_sub(left);
    let more = (mail_limits::WORK_MOST - mail_limits::WORK_LEAST) * gone.min(open) / open;
    (left > limits::ONE_TIME_RESERVE).then_some(mail_limits::WORK_LEAST + more)
}

impl<K> Default for Requesters<K> {
    fn default() -> Self {
        Self { buckets: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Requesters<K> {
    /// Whether a requester may be given a pair now.
    pub fn may(&mut self, who: &K, now: Time) -> bool {
        self.taken(who, now) < limits::ONE_TIME_BUCKET
    }

    /// Bits of work that a pair costs a requester now: [`mail_limits::WORK_LEAST`] while its bucket has some, then one more
    /// for each bucketful, up to [`mail_limits::WORK_MOST`]. A price never refuses anybody.
    pub fn price(&mut self, who: &K, now: Time) -> u32 {
        let over = (self.taken(who, now) + 1).saturating_sub(limits::ONE_TIME_BUCKET);
        (mail_limits::WORK_LEAST + over.div_ceil(limits::ONE_TIME_BUCKET)).min(mail_limits::WORK_MOST)
    }

    /// A requester was given a pair.
    pub fn given(&mut self, who: &K, now: Time) {
        if !self.buckets.contains_key(who) && self.buckets.len() >= limits::ONE_TIME_REQUESTERS_MAX {
            let oldest =
                self.buckets.iter().min_by_key(|(_, bucket)| bucket.since).map(|(who, _)| who.clone());
            oldest.map(|who| self.buckets.remove(&who));
        }
        let bucket = self.buckets.entry(who.clone()).or_insert(Bucket { taken: 0, since: now });
        bucket.come_back(now);
        bucket.taken = (bucket.taken + 1).min(TAKEN_MAX);
    }

    fn taken(&mut self, who: &K, now: Time) -> u32 {
        self.buckets.get_mut(who).map_or(0, |bucket| {
            bucket.come_back(now);
            bucket.taken
        })
    }
}

impl Bucket {
    fn come_back(&mut self, now: Time) {
        let pace = limits::ONE_TIME_BUCKET_PACE;
        let back = now.since(self.since).as_millis() / pace.as_millis();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if back >= self.taken {
            (self.taken, self.since) = (0, now);
        } else {
            self.taken -= back;
            // Where the clock was set back the wait begins anew.
            self.since = now.min(self.since.plus(pace * back));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_700_000_000_000);

    fn given(requesters: &mut Requesters<u32>, who: u32, now: Time) -> u32 {
        let ask = |_: &u32| {
            let may = requesters.may(&who, now);
            if may {
                requesters.given(&who, now);
            }
            may
        };
        (0..100).filter(ask).count() as u32
    }

    #[test]
    fn a_requester_gets_six_and_one_more_each_ten_minutes() {
        let mut requesters = Requesters::default();
        assert_eq!(given(&mut requesters, 1, NOW), 6);
        assert_eq!(given(&mut requesters, 2, NOW), 6, "each has its own");
        let minutes = |minutes: u32| NOW.plus(limits::ONE_TIME_BUCKET_PACE / 10 * minutes);
        assert_eq!(given(&mut requesters, 1, minutes(9)), 0);
        assert_eq!(given(&mut requesters, 1, minutes(10)), 1);
        assert_eq!(given(&mut requesters, 1, minutes(19)), 0, "looking in between gains nothing");
        assert_eq!(given(&mut requesters, 1, minutes(25)), 1);
        assert_eq!(given(&mut requesters, 1, minutes(30)), 1);
        assert_eq!(given(&mut requesters, 1, minutes(10_000)), 6, "never more than a bucket");
        assert_eq!(given(&mut requesters, 1, NOW), 0, "nor because the clock was set back");
        assert_eq!(given(&mut requesters, 1, minutes(10)), 1);
    }

    #[test]
    fn a_pool_costs_more_the_emptier_it_is_and_its_last_fifth_is_not_to_be_had() {
        let prices: Vec<_> = [100, 99, 92, 60, 28, 21, 20, 0].into_iter().map(price_of_pool).collect();
        let bits = [Some(10), Some(10), Some(11), Some(15), Some(19), Some(19), None, None];
        assert_eq!(prices, bits);
    }

    #[test]
    fn only_so_many_are_told_apart_and_the_one_that_asked_least_recently_is_forgotten() {
        let mut requesters = Requesters::default();
        for who in 0..=limits::ONE_TIME_REQUESTERS_MAX as u32 {
            let _ = given(&mut requesters, who, NOW.plus(core::time::Duration::from_millis(u64::from(who))));
        }
        assert_eq!(requesters.buckets.len(), limits::ONE_TIME_REQUESTERS_MAX);
        assert!(!requesters.buckets.contains_key(&0) && requesters.buckets.contains_key(&1));
    }

    #[test]
    fn the_price_rises_by_a_bit_with_each_bucketful_and_falls_as_pairs_come_back() {
        let mut requesters = Requesters::default();
        let mut prices = Vec::new();
        for _ in 0..100 {
            prices.push(requesters.price(&1, NOW));
            requesters.given(&1, NOW);
        }
        let bucket = limits::ONE_TIME_BUCKET as usize;
        assert!(prices[..bucket].iter().all(|price| *price == mail_limits::WORK_LEAST), "{prices:?}");
        assert_eq!(
            (prices[bucket], prices[2 * bucket]),
            (mail_limits::WORK_LEAST + 1, mail_limits::WORK_LEAST + 2)
        );
        assert_eq!(prices[99], mail_limits::WORK_MOST, "and never more");
        assert_eq!(requesters.price(&2, NOW), mail_limits::WORK_LEAST, "each has its own");
        let later = |pairs: u32| NOW.plus(limits::ONE_TIME_BUCKET_PACE * pairs);
        assert_eq!(requesters.price(&1, later(12)), mail_limits::WORK_MOST - 1);
        assert_eq!(requesters.price(&1, later(TAKEN_MAX)), mail_limits::WORK_LEAST);
    }
}
