//! The wall clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::time::Time;

/// The time now. A clock before 1970 reads as the epoch.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
