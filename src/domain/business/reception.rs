//! What a business says by itself: a greeting to who comes, and that nobody is there out of hours.

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::time::Time;
use crate::domain::business::hours::{Hours, HoursError};
use crate::domain::business::seat::Seat;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::decode::is_text;

const RECEPTION: Table<Reception> = Table::new(TableId::Meta, 1);

/// What a business says by itself, and when it is open.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reception {
    /// When it is open; always where nothing is said.
    pub hours: Option<OpenHours>,
    /// What is said to who comes.
    pub greeting: Option<Greeting>,
    /// What is said out of hours.
    pub away: Option<String>,
}

/// Opening hours, as [`Hours::parse`] reads them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenHours {
    /// The hours.
    pub hours: String,
    /// The time zone that they are in.
    pub zone: String,
}

/// A greeting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Greeting {
    /// What is said.
    pub text: String,
    /// After so many days of a customer's silence it is said again; once only where nothing is said.
    pub again_after_days: Option<u32>,
}

impl Reception {
    /// Whether everything is within its bounds and understood.
    ///
    /// # Errors
    /// The first thing that isn't.
    pub fn check(&self) -> Result<(), ReceptionError> {
        if let Some(open) = &self.hours {
            Hours::parse(&open.hours, &open.zone)?;
        }
        let texts = self.greeting.iter().map(|greeting| &greeting.text).chain(&self.away);
        if !texts.into_iter().all(|text| is_said(text)) {
            return Err(ReceptionError::Text);
        }
        let days = self.greeting.as_ref().and_then(|greeting| greeting.again_after_days);
        if days.is_some_and(|days| !(1..=limits::GREETING_DAYS_MAX).contains(&days)) {
            return Err(ReceptionError::Days);
        }
        Ok(())
    }
}

/// Whether the text can be said by itself: not empty, and not too long.
pub fn is_said(text: &str) -> bool {
    !text.trim().is_empty() && is_text(text, limits::RECEPTION_TEXT_MAX)
}

/// A reception whose hours are understood.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    hours: Option<Hours>,
    greeting: Option<Greeting>,
    away: Option<String>,
}

impl From<Reception> for Ready {
    fn from(reception: Reception) -> Self {
        let parsed = reception.hours.and_then(|open| Hours::parse(&open.hours, &open.zone).ok());
        Self { hours: parsed, greeting: reception.greeting, away: reception.away }
    }
}

impl Ready {
    /// What is said to a customer who speaks now, because of who they are: a greeting to whoever speaks for the first
    /// time, or after a long silence.
    pub fn greets(&self, seat: &Seat, now: Time) -> Option<&str> {
        let greeting = self.greeting.as_ref()?;
        let silence = seat.heard.map(|heard| now.since(heard).as_secs() / (24 * 60 * 60));
        let is_due = match (silence, greeting.again_after_days) {
            (None, _) => true,
            (Some(silence), Some(days)) => silence >= u64::from(days),
            (Some(_), None) => false,
        };
        is_due.then_some(greeting.text.as_str())
    }

    /// That nobody is there, once to each customer in each closed time.
    pub fn excuses(&self, seat: &mut Seat, now: Time) -> Option<&str> {
        let (hours, away) = (self.hours.as_ref()?, self.away.as_ref()?);
        if hours.is_open(now) {
            return None;
        }
        // It was told in this very time unless it opened since.
        let told = seat.excused.is_some_and(|at| hours.opens_after(at).is_none_or(|opens| opens > now));
        if told {
            return None;
        }
        seat.excused = Some(now);
        Some(away)
    }

    /// Whether it is open now, and when it opens next; nothing where there are no hours.
    pub fn opening(&self, now: Time) -> Option<(bool, Option<Time>)> {
        self.hours.as_ref().map(|hours| (hours.is_open(now), hours.opens_after(now)))
    }
}

/// What the business says by itself.
pub fn get(rows: &impl Rows) -> Reception {
    rows.get(&RECEPTION, &key()).map(|reception| Reception::clone(&reception)).unwrap_or_default()
}

/// Sets it.
pub fn set(tx: &Tx<'_>, reception: Reception) {
    tx.put(&RECEPTION, key(), reception);
}

fn key() -> Key {
    RECEPTION.key(b"reception")
}

/// The row's bytes, for the test that holds them.
#[cfg(test)]
pub(super) fn encoded(reception: &Reception) -> Vec<u8> {
    RECEPTION.encode(reception).unwrap()
}

/// What can't be said by itself.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReceptionError {
    /// The hours or their zone.
    #[error(transparent)]
    Hours(#[from] HoursError),
    /// A text.
    #[error("what is said by itself is a text of 1 to {max} bytes", max = limits::RECEPTION_TEXT_MAX)]
    Text,
    /// The days of silence.
    #[error("a customer is greeted again after 1 to {max} days", max = limits::GREETING_DAYS_MAX)]
    Days,
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    /// Monday, 2027-03-01, 0:00 UTC.
    const MONDAY: Time = Time::from_millis(1_803_859_200_000);

    fn ready(hours: &str, days: Option<u32>) -> Ready {
        let reception = Reception {
            hours: Some(OpenHours { hours: hours.into(), zone: "+00:00".into() }),
            greeting: Some(Greeting { text: "welcome".into(), again_after_days: days }),
            away: Some("asleep".into()),
        };
        reception.check().unwrap();
        reception.into()
    }

    #[test]
    fn who_comes_is_greeted_and_again_after_a_long_silence() {
        let (once, weekly) = (ready("24/7", None), ready("24/7", Some(7)));
        let mut seat = Seat::default();
        assert_eq!(once.greets(&seat, MONDAY), Some("welcome"));
        seat.heard = Some(MONDAY);
        assert_eq!((once.greets(&seat, MONDAY), weekly.greets(&seat, MONDAY)), (None, None));
        let week = MONDAY.plus(HOUR * 24 * 7);
        assert_eq!(weekly.greets(&seat, week.minus(Duration::from_millis(1))), None);
        assert_eq!(weekly.greets(&seat, week), Some("welcome"));
        assert_eq!(once.greets(&seat, week), None);
    }

    #[test]
    fn that_nobody_is_there_is_said_once_in_each_closed_time() {
        let (ready, mut seat) = (ready("Mo-Fr 08:00-18:00", None), Seat::default());
        let mut says = |hour: u32| ready.excuses(&mut seat, MONDAY.plus(HOUR * hour)).is_some();
        assert!(says(1) && !says(2) && !says(7));
        assert!(!says(8) && !says(17), "open");
        assert!(says(18) && !says(24 + 7), "one night");
        let friday = 4 * 24;
        assert!(says(friday + 20) && !says(friday + 48) && !says(friday + 72 + 7), "one week-end");
        assert!(says(7 * 24 + 19));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let good = Reception { away: Some("asleep".into()), ..Reception::default() };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Reception { away: Some(" ".into()), ..good.clone() }.check(), Err(ReceptionError::Text));
        let greeting = |days| Some(Greeting { text: "oi".into(), again_after_days: Some(days) });
        assert_eq!(Reception { greeting: greeting(0), ..good.clone() }.check(), Err(ReceptionError::Days));
        let hours = Some(OpenHours { hours: "sometimes".into(), zone: "+00:00".into() });
        assert!(matches!(Reception { hours, ..good }.check(), Err(ReceptionError::Hours(_))));
    }

    proptest! {
        #[test]
        fn between_two_excuses_it_was_open(steps in proptest::collection::vec(1_u32..40, 1..40)) {
            let (ready, mut seat) = (ready("Mo-Sa 09:00-12:00,14:00-17:00", None), Seat::default());
            let mut now = MONDAY;
            let mut last: Option<Time> = None;
            for step in steps {
                now = now.plus(HOUR * step);
                if ready.excuses(&mut seat, now).is_some() {
                    let (open, _) = ready.opening(now).unwrap();
                    prop_assert!(!open);
                    if let Some(before) = last {
                        let hours = (0..now.since(before).as_secs() / 900).map(|step| before.plus(HOUR / 4 * u32::try_from(step).unwrap()));
                        prop_assert!(hours.into_iter().any(|at| ready.opening(at).unwrap().0));
                    }
                    last = Some(now);
                }
            }
        }
    }
}
