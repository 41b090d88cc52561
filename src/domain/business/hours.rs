//! Opening hours in a time zone: a strict part of OpenStreetMap's `opening_hours`.
//!
//! ```text
//! hours = "24/7" | rule { ";" rule }
//! rule  = [ days " " ] ( times | "off" )
//! days  = day [ "-" day ] { "," day [ "-" day ] }       day  = Mo Tu We Th Fr Sa Su
//! times = HH:MM "-" HH:MM { "," HH:MM "-" HH:MM }       until 24:00, or past midnight where the end is the smaller
//! ```
//!
//! A rule without days is for all of them. Of two rules for one day the later holds alone.

use jiff::civil;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::base::desk_limits as limits;
use crate::base::time::{Time, minutes};

const DAY: u16 = 24 * 60;
const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
/// The furthest from UTC that any place is, in minutes.
const OFFSET_MAX: i32 = 14 * 60;

/// From a minute of a day (inclusive) until another one (exclusive), which may be the next day's.
type Span = (u16, u16);

/// When a business is open, by its own clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours {
    /// From Monday on.
    week: [Vec<Span>; 7],
    zone: TimeZone,
}

impl Hours {
    /// Reads hours and the zone that they are in: a name of the time zone database, such as `America/Sao_Paulo`, or a
    /// distance from UTC, such as `-03:00`.
    ///
    /// # Errors
    /// What isn't understood.
    pub fn parse(hours: &str, zone: &str) -> Result<Self, HoursError> {
        if hours.len() > limits::HOURS_MAX {
            return Err(HoursError::Long);
        }
        let zone = parse_zone(zone)?;
        let mut week: [Vec<Span>; 7] = Default::default();
        if hours.trim() == "24/7" {
            week.fill(vec![(0, DAY)]);
            return Ok(Self { week, zone });
        }
        for rule in hours.split(';').map(str::trim) {
            let (days, spans) = parse_rule(rule).ok_or_else(|| HoursError::Rule(rule.to_owned()))?;
            for (day, spans_of_day) in week.iter_mut().enumerate() {
                if days[day] {
                    spans_of_day.clone_from(&spans);
                }
            }
        }
        Ok(Self { week, zone })
    }

    /// Whether it is open now.
    pub fn is_open(&self, now: Time) -> bool {
        let Some(local) = self.local(now) else { return false };
        let minute = minute_of(local.time());
        let today = day_of(local.date());
        let yesterday = (today + 6) % 7;
        let within = |(from, until): &Span, minute: u16| *from <= minute && minute < *until;
        self.week[today].iter().any(|span| within(span, minute))
            || self.week[yesterday].iter().any(|span| within(span, minute + DAY))
    }

    /// When it opens next, after `now`; none where it never does within nine days.
    pub fn opens_after(&self, now: Time) -> Option<Time> {
        const LOOK: i64 = 9;
        let today = self.local(now)?.date();
        (-1..LOOK).find_map(|ahead| {
            let date = today.checked_add(jiff::Span::new().days(ahead)).ok()?;
            let starts = self.week[day_of(date)].iter().filter_map(|(from, _)| self.moment(date, *from));
            starts.filter(|at| *at > now).min()
        })
    }

    fn local(&self, now: Time) -> Option<civil::DateTime> {
        let millis = i64::try_from(now.as_millis()).ok()?;
        let timestamp = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(self.zone.to_datetime(timestamp))
    }

    /// The moment of a minute of a day. One that a clock set forward leaves out is the same so much later.
    fn moment(&self, date: civil::Date, minute: u16) -> Option<Time> {
        let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let timestamp = self.zone.to_timestamp(date.at(hour, minute, 0, 0)).ok()?;
        u64::try_from(timestamp.as_millisecond()).ok().map(Time::from_millis)
    }
}

/// Reads a time zone, as [`Hours::parse`] does.
///
/// # Errors
/// Where there is no such zone.
pub fn parse_zone(text: &str) -> Result<TimeZone, HoursError> {
    let unknown = || HoursError::Zone(text.chars().take(limits::ZONE_MAX).collect());
    if text.starts_with(['+', '-']) {
        return offset(text).ok_or_else(unknown).map(TimeZone::fixed);
    }
    if text.is_empty() || text.len() > limits::ZONE_MAX {
        return Err(unknown());
    }
    TimeZoneDatabase::bundled().get(text).map_err(|_| unknown())
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = text.split_at_checked(1)?;
    let minutes = i32::from(minutes(rest, DAY)?);
    let minutes = if sign == "-" { -minutes } else { minutes };
    (minutes.abs() <= OFFSET_MAX).then(|| Offset::from_seconds(minutes * 60).ok()).flatten()
}

fn parse_rule(rule: &str) -> Option<([bool; 7], Vec<Span>)> {
    let (days, times) = match rule.split_once(' ') {
        Some((days, times)) => (parse_days(days)?, times.trim_start()),
        None => ([true; 7], rule),
    };
    if times == "off" {
        return Some((days, Vec::new()));
    }
    let spans = times.split(',').map(parse_span).collect::<Option<Vec<Span>>>()?;
    (spans.len() <= limits::SPANS_MAX).then_some((days, spans))
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // Sa-Mo goes over the week's end.
        for step in 0..=(last + 7 - first) % 7 {
            days[(first + step) % 7] = true;
        }
    }
    Some(days)
}

fn parse_span(text: &str) -> Option<Span> {
    let (from, until) = text.trim().split_once('-')?;
    let (from, until) = (minutes(from, DAY)?, minutes(until, DAY)?);
    match (from, until) {
        (DAY, _) => None,
        (from, until) if from == until => None,
        (from, until) if from < until => Some((from, until)),
        (from, until) => Some((from, until + DAY)),
    }
}

fn minute_of(time: civil::Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

fn day_of(date: civil::Date) -> usize {
    usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())
}

/// Why hours can't be set.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HoursError {
    /// Too long.
    #[error("opening hours have at most {max} characters", max = limits::HOURS_MAX)]
    Long,
    /// A rule isn't understood.
    #[error(
        "`{0}` isn't understood: hours are written as `Mo-Fr 08:00-12:00,13:00-18:00; Sa 08:00-12:00; Su off` or `24/7`; \
         holidays, months and weeks aren't known here"
    )]
    Rule(String),
    /// There is no such zone.
    #[error(
        "there is no time zone `{0}`: write one as America/Sao_Paulo or as its distance from UTC, such as -03:00"
    )]
    Zone(String),
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use proptest::prelude::*;

    /// A moment of so many minutes after Monday, 2027-03-01, 0:00 UTC.
    fn at(minutes: i64) -> Time {
        let monday = 1_803_859_200_000_i64;
        Time::from_millis(u64::try_from(monday + minutes * 60_000).unwrap())
    }

    fn hours(text: &str, zone: &str) -> Hours {
        Hours::parse(text, zone).unwrap()
    }

    #[test]
    fn hours_are_by_the_clock_of_their_zone() {
        const HOUR: i64 = 60;
        let bakery = hours("Mo-Sa 06:00-19:00", "America/Sao_Paulo");
        assert!(!bakery.is_open(at(9 * HOUR - 1)) && bakery.is_open(at(9 * HOUR)), "6:00 there is 9:00 UTC");
        assert!(bakery.is_open(at(22 * HOUR - 1)) && !bakery.is_open(at(22 * HOUR)));
        let sunday = 6 * 24 * HOUR;
        assert!(!bakery.is_open(at(sunday + 12 * HOUR)));
        assert_eq!(bakery.opens_after(at(sunday)), Some(at(7 * 24 * HOUR + 9 * HOUR)));
        assert_eq!(bakery.opens_after(at(9 * HOUR)), Some(at(33 * HOUR)), "the next one, not this");
        let kolkata = hours("10:00-11:00", "Asia/Kolkata");
        assert!(kolkata.is_open(at(4 * HOUR + 30)) && !kolkata.is_open(at(5 * HOUR + 30)));
        let same = hours("10:00-11:00", "+05:30");
        assert!(same.is_open(at(4 * HOUR + 30)) && !same.is_open(at(4 * HOUR + 29)));
    }

    #[test]
    fn summer_time_moves_the_hours() {
        let berlin = hours("09:00-17:00", "Europe/Berlin");
        let winter = at(8 * 60);
        assert!(berlin.is_open(winter) && !berlin.is_open(winter.minus(Duration::from_secs(60))));
        // From March 28th on an hour earlier, in UTC.
        let summer = at(28 * 24 * 60 + 7 * 60);
        assert!(berlin.is_open(summer) && !berlin.is_open(summer.minus(Duration::from_secs(60))));
        assert_eq!(berlin.opens_after(at(26 * 24 * 60 + 9 * 60)), Some(at(27 * 24 * 60 + 7 * 60)));
    }

    #[test]
    fn a_bar_is_open_past_midnight_and_the_later_rule_holds_alone() {
        let bar = hours("Fr,Sa 22:00-04:00; Sa 23:00-02:00; Su off", "+00:00");
        let day = |day: i64, hour: i64| at((day * 24 + hour) * 60);
        assert!(bar.is_open(day(4, 22)) && bar.is_open(day(5, 3)) && !bar.is_open(day(5, 4)));
        assert!(!bar.is_open(day(5, 22)) && bar.is_open(day(5, 23)));
        assert!(bar.is_open(day(6, 1)) && !bar.is_open(day(6, 2)), "Saturday's night, on Sunday's off");
        let week_end = hours("Sa-Mo 08:00-24:00", "+00:00");
        assert!(week_end.is_open(day(0, 23)) && !week_end.is_open(day(1, 9)) && week_end.is_open(day(6, 8)));
        assert!(hours("24/7", "-03:00").is_open(day(3, 3)));
        assert_eq!(hours("off", "+00:00").opens_after(day(0, 0)), None);
    }

    #[test]
    fn what_is_no_rule_is_refused_and_named() {
        for wrong in [
            "",
            "Mo",
            "Mo-",
            "Mo 08:00",
            "8:00-12:00",
            "Mo 08:00-25:00",
            "Mo 08:00-08:00",
            "mo 08:00-09:00",
            "Mo 24:00-02:00",
            "PH off",
            "Mo 08:60-09:00",
            "Jan 08:00-09:00",
            "Mo 08:00-09:00;",
            "Mo,08:00-09:00",
            "by appointment",
            "Mo 8-9",
        ] {
            assert!(matches!(Hours::parse(wrong, "+00:00"), Err(HoursError::Rule(_))), "{wrong}");
        }
        for wrong in ["", "Brazil/Nowhere", "+15:00", "03:00", "-3", "é", "../etc", "+é"] {
            assert!(matches!(Hours::parse("24/7", wrong), Err(HoursError::Zone(_))), "{wrong}");
        }
        assert_eq!(Hours::parse(&"x".repeat(201), "+00:00"), Err(HoursError::Long));
    }

    proptest! {
        #[test]
        fn it_opens_when_it_says_so(from in 0_u16..1_440, length in 1_u16..1_439, day in 0_usize..7, now in 0_i64..20_000) {
            let until = (from + length) % 1_440;
            let text = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let rule = format!("{} {}-{}", DAYS[day], text(from), text(until));
            let hours = hours(&rule, "America/Sao_Paulo");
            let opens = hours.opens_after(at(now)).unwrap();
            prop_assert!(opens > at(now) && hours.is_open(opens), "{}", rule);
            if !hours.is_open(at(now)) {
                prop_assert!(!hours.is_open(opens.minus(Duration::from_secs(60))), "{}", rule);
                let between = at(now).plus(opens.since(at(now)) / 2);
                prop_assert!(!hours.is_open(between), "{}", rule);
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[MoTuWe0-9:,; off/-]{0,40}") {
            drop(Hours::parse(&text, "+00:00"));
        }
    }
}
