//! Time as an argument: milliseconds since the Unix epoch, handed in by whoever drives the node.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Pure rooms never read a clock; they are given one of these. Arithmetic saturates, so a hostile far future
/// can't wrap round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// This moment moved into the future by `span`; the last representable moment where that would overflow.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment moved into the past by `span`; the epoch where that would be before it.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// The time that has passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A pause and up to a quarter of it more, as the random number `by` says: so that those who lost somebody in the same
/// moment don't all come back in another.
pub fn spread(pause: Duration, by: u32) -> Duration {
    let parts = pause / 4 / (1 << 16);
    pause + parts * (by >> 16)
}

/// The minutes that `HH:MM` is, two digits each, where they are at most `most`.
pub fn minutes(text: &str, most: u16) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| digits)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let sum = hours * 60 + minutes;
    (minutes < 60 && sum <= most).then_some(sum)
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, to the second: `2026-11-22T16:14:10Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
        match seconds {
            Some(timestamp) => write!(f, "{timestamp}"),
            None => write!(f, "{} ms after 1970", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Time::from_millis(5).minus(Duration::from_secs(1)), Time::EPOCH);
        assert_eq!(Time::from_millis(u64::MAX).plus(Duration::MAX).as_millis(), u64::MAX);
        assert_eq!(Time::EPOCH.since(Time::from_millis(9)), Duration::ZERO);
    }

    #[test]
    fn a_pause_is_spread_over_a_quarter_of_itself() {
        let pause = Duration::from_secs(600);
        assert_eq!(spread(pause, 0), pause);
        assert_eq!(spread(pause, 1 << 31).as_secs_f32().round(), 675.0);
        assert!((Duration::from_secs(749)..=Duration::from_secs(750)).contains(&spread(pause, u32::MAX)));
        assert_eq!(spread(Duration::ZERO, u32::MAX), Duration::ZERO);
    }

    #[test]
    fn minutes_are_two_digits_each_and_no_more_than_they_may_be() {
        assert_eq!((minutes("09:05", 1_440), minutes("24:00", 1_440)), (Some(545), Some(1_440)));
        for wrong in ["", "9:05", "09:5", "09:60", "24:01", "09:05:00", "0a:00", "+9:00", "99:59"] {
            assert_eq!(minutes(wrong, 1_440), None, "{wrong}");
        }
        assert_eq!(minutes("24:00", 1_439), None);
    }

    #[test]
    fn a_moment_prints_as_rfc_3339() {
        assert_eq!(Time::from_millis(1_700_000_000_999).to_string(), "2023-11-14T22:13:20Z");
    }
}
