//! Where paid periods begin and end: half-open, in UTC, with an anchor day that clamps to short months.

use core::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::base::time::Time;
use crate::wire::plan::Period;

/// The border between the periods `number - 1` and `number` of a subscription that was anchored at `anchor`;
/// border 0 is the anchor itself. None beyond the calendar's last year.
///
/// The day of the month is the anchor's, or the month's last where it is shorter: from 31 January come 28 or 29
/// February, 31 March, 30 April. The time of day is the anchor's.
pub fn border(anchor: Time, period: Period, number: u32) -> Option<Time> {
    let millis = i64::try_from(anchor.as_millis()).ok()?;
    let moment = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(millis).ok()?);
    let months = i64::from(period.months()).checked_mul(i64::from(number))?;
    let moved = moment.checked_add(Span::new().try_months(months).ok()?).ok()?;
    let moved = moved.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
    u64::try_from(moved).ok().map(Time::from_millis)
}

/// So many days of 24 hours.
pub const fn days(count: u32) -> Duration {
    Duration::from_secs(count as u64 * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Days since the epoch of a civil date, counted year by year and month by month.
    fn days_of(year: u64, month: u64, day: u64) -> u64 {
        let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
        let months: u64 = (1..month).map(|month| length(year, month)).sum();
        years + months + day - 1
    }

    fn is_leap(year: u64) -> bool {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    }

    fn length(year: u64, month: u64) -> u64 {
        match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn at(year: u64, month: u64, day: u64, millis: u64) -> Time {
        Time::from_millis(days_of(year, month, day) * 86_400_000 + millis)
    }

    #[test]
    fn month_ends_clamp_and_come_back() {
        let borders = |anchor: Time, count: u32| -> Vec<String> {
            let border = |n| border(anchor, Period::Monthly, n).unwrap().to_string()[..10].to_owned();
            (0..count).map(border).collect()
        };
        assert_eq!(
            borders(at(2027, 1, 31, 0), 6),
            ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31", "2027-06-30"]
        );
        assert_eq!(borders(at(2028, 1, 30, 0), 3), ["2028-01-30", "2028-02-29", "2028-03-30"]);
        assert_eq!(borders(at(2026, 12, 31, 0), 3), ["2026-12-31", "2027-01-31", "2027-02-28"]);
        let annual = |n| border(at(2028, 2, 29, 5), Period::Annual, n).unwrap();
        assert_eq!([annual(1), annual(4)], [at(2029, 2, 28, 5), at(2032, 2, 29, 5)]);
        assert_eq!(border(at(2027, 1, 1, 0), Period::Annual, u32::MAX), None);
        assert_eq!(border(Time::from_millis(u64::MAX), Period::Monthly, 1), None);
    }

    proptest! {
        #[test]
        fn borders_agree_with_an_unrelated_calendar(
            anchor in 0_u64..5_000_000_000_000, number in 0_u32..400, annual: bool,
        ) {
            let period = if annual { Period::Annual } else { Period::Monthly };
            let moment = chrono::DateTime::from_timestamp_millis(anchor as i64).unwrap();
            let moved = moment.checked_add_months(chrono::Months::new(number * period.months())).unwrap();
            let expected = Time::from_millis(moved.timestamp_millis() as u64);
            prop_assert_eq!(border(Time::from_millis(anchor), period, number), Some(expected));
        }

        #[test]
        fn borders_agree_with_a_calendar_counted_by_hand(
            year in 1971_u64..2150, month in 1_u64..=12, day in 1_u64..=31, millis in 0_u64..86_400_000,
            number in 0_u32..400, annual: bool,
        ) {
            let anchor = at(year, month, day.min(length(year, month)), millis);
            let period = if annual { Period::Annual } else { Period::Monthly };
            let moved = month - 1 + u64::from(number * period.months());
            let (to_year, to_month) = (year + moved / 12, moved % 12 + 1);
            let to_day = day.min(length(year, month)).min(length(to_year, to_month));
            prop_assert_eq!(border(anchor, period, number), Some(at(to_year, to_month, to_day, millis)));
        }
    }
}
