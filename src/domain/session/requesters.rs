//! How often one requester is given one-time prekeys.

use std::collections::BTreeMap;

use crate::base::limits;
use crate::base::time::Time;

/// A bucket for each requester of one kind, at most [`limits::ONE_TIME_REQUESTERS_MAX`].
///
/// They are soft, on purpose: nobody outside can make the node forget them, since only the node's own restart does, and
/// what they guard is bounded by the stored [`crate::domain::session::pool::Pool`] too. A stored row for each request
/// would cost the one who is asked more than the one who asks.
#[derive(Debug)]
pub struct Requesters<K> {
    buckets: BTreeMap<K, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u32,
    /// Since when `left` is what it is, less what has come back; when it last moved.
    since: Time,
}

impl<K> Default for Requesters<K> {
    fn default() -> Self {
        Self { buckets: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Requesters<K> {
    /// Whether a requester may be given a pair now.
    pub fn may(&mut self, who: &K, now: Time) -> bool {
        self.buckets.get_mut(who).is_none_or(|bucket| {
            bucket.come_back(now);
            bucket.left > 0
        })
    }

    /// A requester was given a pair.
    pub fn given(&mut self, who: &K, now: Time) {
        if !self.buckets.contains_key(who) && self.buckets.len() >= limits::ONE_TIME_REQUESTERS_MAX {
            let oldest =
                self.buckets.iter().min_by_key(|(_, bucket)| bucket.since).map(|(who, _)| who.clone());
            oldest.map(|who| self.buckets.remove(&who));
        }
        let full = Bucket { left: limits::ONE_TIME_BUCKET, since: now };
        let bucket = self.buckets.entry(who.clone()).or_insert(full);
        bucket.come_back(now);
        bucket.left = bucket.left.saturating_sub(1);
    }
}

impl Bucket {
    fn come_back(&mut self, now: Time) {
        let pace = limits::ONE_TIME_BUCKET_PACE;
        let back = now.since(self.since).as_millis() / pace.as_millis();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if self.left.saturating_add(back) >= limits::ONE_TIME_BUCKET {
            (self.left, self.since) = (limits::ONE_TIME_BUCKET, now);
        } else {
            self.left += back;
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
    fn only_so_many_are_told_apart_and_the_one_that_asked_least_recently_is_forgotten() {
        let mut requesters = Requesters::default();
        for who in 0..=limits::ONE_TIME_REQUESTERS_MAX as u32 {
            let _ = given(&mut requesters, who, NOW.plus(core::time::Duration::from_millis(u64::from(who))));
        }
        assert_eq!(requesters.buckets.len(), limits::ONE_TIME_REQUESTERS_MAX);
        assert!(!requesters.buckets.contains_key(&0) && requesters.buckets.contains_key(&1));
    }
}
