//! The wall clock, read in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::base::time::Time;

/// The time now. A clock before 1970 reads as the epoch.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The clock that a node goes by: the machine's, unless a laboratory has moved it. Clones move together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds ahead of the machine's; behind it where negative.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// What it shows.
    pub fn now(&self) -> Time {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_millis(ahead.unsigned_abs());
        if ahead < 0 { now().minus(by) } else { now().plus(by) }
    }

    /// Moves it to so many milliseconds ahead of the machine's, or behind it.
    pub(super) fn set_ahead(&self, millis: i64) {
        self.ahead.store(millis, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_moved_goes_on_from_there_and_another_does_not() {
        let (moved, other) = (Clock::default(), Clock::default());
        let day = 24 * 3_600_000_u64;
        for (ahead, least, most) in [(30, 30, 31), (-30, 0, 0)] {
            moved.set_ahead(ahead * i64::try_from(day).unwrap());
            let passed = moved.clone().now().since(now()).as_millis();
            let (least, most) = (u128::from(least * day), u128::from(most * day));
            assert!((least.saturating_sub(1_000)..=most).contains(&passed), "{passed}");
        }
        assert!(now().since(moved.now()) > Duration::from_secs(29 * 24 * 3_600));
        assert!(other.now().since(now()) < Duration::from_secs(60));
    }
}
