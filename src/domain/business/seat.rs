//! Where a customer is with what the business says by itself: when they spoke, where in the bot's tree they are, how
//! much was said.

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::store::tx::Tx;

/// Seats by the account under which the customer was known first.
pub const SEATS: Table<Seat> = Table::new(TableId::Seats, 1);

/// Where a customer is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// When they last spoke.
    pub heard: Option<Time>,
    /// When they were last told that nobody is there.
    pub excused: Option<Time>,
    /// The node of the bot's tree whose options they were shown, and when.
    pub at: Option<(String, Time)>,
    /// How often in a row the bot didn't understand them.
    pub misses: u32,
    /// Whether a person looks after them, so that the bot is silent.
    pub person: Option<Person>,
    /// For each of [`limits::AUTOMATIC_SPANS`] when it began, and how much was said by itself in it.
    counted: [(Time, u32); 2],
}

/// A person looks after a customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Person {
    /// Until then, or until the conversation is done.
    Until(Time),
    /// Until the conversation is done.
    UntilDone,
}

impl Seat {
    /// Whether a person looks after the customer now.
    pub fn has_person(&self, now: Time) -> bool {
        match self.person {
            None => false,
            Some(Person::Until(until)) => now < until,
            Some(Person::UntilDone) => true,
        }
    }

    /// A person takes over: where the customer was in the tree is forgotten.
    pub fn hand_over(&mut self, person: Person) {
        // Who waits for somebody to be done waits on.
        if self.person != Some(Person::UntilDone) {
            self.person = Some(person);
        }
        (self.at, self.misses) = (None, 0);
    }

    /// The conversation is done: the bot may speak again.
    pub fn release(&mut self) {
        (self.person, self.at, self.misses) = (None, None, 0);
    }

    /// Whether one more message may be said by itself now.
    pub fn may_be_answered(&self, now: Time) -> bool {
        let mut spans = self.counted.iter().zip(limits::AUTOMATIC_SPANS);
        spans.all(|((from, counted), (span, most))| now.since(*from) >= span || *counted < most)
    }

    /// A message is said by itself now.
    pub fn count(&mut self, now: Time) {
        for ((from, counted), (span, _)) in self.counted.iter_mut().zip(limits::AUTOMATIC_SPANS) {
            if now.since(*from) >= span {
                (*from, *counted) = (now, 0);
            }
            *counted = counted.saturating_add(1);
        }
    }
}

/// Changes a customer's seat, which is made where there is none.
pub fn edit<R>(tx: &Tx<'_>, thread: &AccountId, change: impl FnOnce(&mut Seat) -> R) -> Option<R> {
    let key = SEATS.key(thread.as_bytes());
    if tx.with(&SEATS, &key, |_| ()).is_none() {
        tx.put(&SEATS, key.clone(), Seat::default());
    }
    tx.edit(&SEATS, &key, change)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    #[test]
    fn so_much_is_said_in_an_hour_and_in_a_day_and_then_no_more() {
        let [(hour, in_hour), (day, in_day)] = limits::AUTOMATIC_SPANS;
        let (mut seat, mut now, mut said) = (Seat::default(), NOW, 0);
        while said < in_day {
            let begun = said;
            while seat.may_be_answered(now) {
                seat.count(now);
                said += 1;
            }
            assert_eq!(said - begun, in_hour.min(in_day - begun));
            assert!(!seat.may_be_answered(now.plus(hour / 2)));
            now = now.plus(hour);
        }
        assert_eq!(said, in_day);
        assert!(!seat.may_be_answered(now) && seat.may_be_answered(NOW.plus(day)));
    }

    #[test]
    fn a_person_looks_after_a_customer_until_then_or_until_it_is_done() {
        let mut seat = Seat { at: Some(("main".into(), NOW)), misses: 2, ..Seat::default() };
        let until = NOW.plus(limits::AUTOMATIC_SPANS[0].0);
        seat.hand_over(Person::Until(until));
        assert!(seat.at.is_none() && seat.has_person(NOW) && !seat.has_person(until));
        seat.hand_over(Person::UntilDone);
        seat.hand_over(Person::Until(until));
        assert!(seat.has_person(until));
        seat.release();
        assert!(!seat.has_person(NOW));
    }
}
