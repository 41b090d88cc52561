//! The hours in which a person isn't to be disturbed.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::{Time, minutes};
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

const QUIET: Table<Quiet> = Table::new(TableId::Meta, 1);
const DAY: u16 = 24 * 60;
/// The furthest from UTC that any place is.
const OFFSET_MAX: u16 = 14 * 60;

/// Hours of every day, by the person's clock: from a minute of the day (inclusive) until another one (exclusive), which
/// may be the next day's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quiet {
    from: u16,
    until: u16,
    zone: Zone,
}

/// How many minutes a person's clock is ahead of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Zone(i16);

impl Quiet {
    /// Hours as `22:00-07:00`, in a zone.
    ///
    /// # Errors
    /// Where the text is something else, or the hours are none or all.
    pub fn parse(hours: &str, zone: Zone) -> Result<Self, QuietError> {
        let (from, until) = hours.split_once('-').ok_or(QuietError::Hours)?;
        let (from, until) = (minutes(from, DAY - 1), minutes(until, DAY - 1));
        match (from, until) {
            (Some(from), Some(until)) if from != until => Ok(Self { from, until, zone }),
            _ => Err(QuietError::Hours),
        }
    }

    /// The hours, as [`Quiet::parse`] reads them.
    pub fn hours(&self) -> String {
        format!("{}-{}", clock(self.from), clock(self.until))
    }

    /// The zone.
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// When they end, where `now` is in them.
    pub fn ends(&self, now: Time) -> Option<Time> {
        let minutes = now.as_secs() / 60;
        let local = minutes.saturating_add_signed(i64::from(self.zone.0)) % u64::from(DAY);
        let local = u16::try_from(local).unwrap_or(0);
        let length = (self.until + DAY - self.from) % DAY;
        let passed = (local + DAY - self.from) % DAY;
        let left = length.checked_sub(passed).filter(|left| *left > 0)?;
        Some(
            Time::from_millis(minutes.saturating_mul(60_000)).plus(Duration::from_secs(u64::from(left) * 60)),
        )
    }
}

impl FromStr for Zone {
    type Err = QuietError;

    /// Reads `+HH:MM` or `-HH:MM`.
    fn from_str(text: &str) -> Result<Self, QuietError> {
        let (sign, rest) = match text.as_bytes().first() {
            Some(b'+') => (1, &text[1..]),
            Some(b'-') => (-1, &text[1..]),
            _ => return Err(QuietError::Zone),
        };
        let offset = minutes(rest, OFFSET_MAX).and_then(|minutes| i16::try_from(minutes).ok());
        offset.map(|offset| Self(sign * offset)).ok_or(QuietError::Zone)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "{sign}{}", clock(self.0.unsigned_abs()))
    }
}

/// Why hours can't be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QuietError {
    /// The hours.
    #[error("hours are written as 22:00-07:00, and are not the whole day")]
    Hours,
    /// The zone.
    #[error("a zone is written as its distance from UTC, such as -03:00")]
    Zone,
}

/// The person's quiet hours, where there are some.
pub fn get(rows: &impl Rows) -> Option<Quiet> {
    rows.get(&QUIET, &key()).map(|quiet| *quiet)
}

/// Sets or ends them.
pub fn set(tx: &Tx<'_>, quiet: Option<Quiet>) {
    match quiet {
        Some(quiet) => tx.put(&QUIET, key(), quiet),
        None => tx.delete(&QUIET, key()),
    }
}

fn key() -> Key {
    QUIET.key(b"quiet hours")
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of 2027-01-15 in UTC.
    fn at(hours: u64, minutes: u64) -> Time {
        Time::from_millis(1_799_971_200_000).plus(Duration::from_secs(hours * 3_600 + minutes * 60))
    }

    #[test]
    fn quiet_hours_are_by_the_persons_clock_and_go_past_midnight() {
        let night = Quiet::parse("22:00-07:00", "-03:00".parse().unwrap()).unwrap();
        assert_eq!(night.ends(at(0, 59)), None, "21:59 there");
        assert_eq!(night.ends(at(1, 0)), Some(at(10, 0)), "22:00 there, until 7:00");
        assert_eq!(night.ends(at(9, 59)), Some(at(10, 0)));
        assert_eq!(night.ends(at(10, 0)), None);
        let noon = Quiet::parse("12:30-13:00", "+05:30".parse().unwrap()).unwrap();
        assert_eq!(noon.ends(at(7, 10).plus(Duration::from_secs(59))), Some(at(7, 30)));
        assert_eq!(noon.ends(at(7, 30)), None);
        assert_eq!(
            Quiet::parse("22:00-07:00", Zone(0)).unwrap().ends(Time::from_millis(u64::MAX)).is_some(),
            {
                let minute = u64::MAX / 60_000 % 1_440;
                !(420..1_320).contains(&minute)
            }
        );
    }

    #[test]
    fn hours_and_zones_read_back_and_nonsense_is_refused() {
        let quiet = Quiet::parse("22:15-07:05", "+05:45".parse().unwrap()).unwrap();
        assert_eq!((quiet.hours().as_str(), quiet.zone().to_string().as_str()), ("22:15-07:05", "+05:45"));
        for wrong in
            ["22:00", "22:00-22:00", "24:00-07:00", "7:00-09:00", "22:60-07:00", "a-b", "22:00-07:00-"]
        {
            assert_eq!(Quiet::parse(wrong, Zone(0)), Err(QuietError::Hours), "{wrong}");
        }
        for wrong in ["03:00", "+3:00", "+14:01", "UTC", "", "-", "é3:00"] {
            assert_eq!(wrong.parse::<Zone>(), Err(QuietError::Zone), "{wrong}");
        }
    }
}
