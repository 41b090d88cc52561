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
    /// When the span began in which what is said by itself is counted.
    counted_from: Time,
    /// How much was said in it.
    counted: u32,
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

    /// How many texts more may be said by themselves now.
    pub fn allowance(&self, now: Time) -> u32 {
        if now.since(self.counted_from) >= limits::AUTOMATIC_SPAN {
            limits::AUTOMATIC_MAX
        } else {
            limits::AUTOMATIC_MAX.saturating_sub(self.counted)
        }
    }

    /// So many texts are said by themselves now.
    pub fn count(&mut self, texts: u32, now: Time) {
        if now.since(self.counted_from) >= limits::AUTOMATIC_SPAN {
            (self.counted_from, self.counted) = (now, 0);
        }
        self.counted = self.counted.saturating_add(texts);
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
    fn so_much_is_said_in_an_hour_and_then_no_more() {
        let mut seat = Seat::default();
        assert_eq!(seat.allowance(NOW), limits::AUTOMATIC_MAX);
        seat.count(2, NOW);
        seat.count(limits::AUTOMATIC_MAX, NOW.plus(limits::AUTOMATIC_SPAN / 2));
        assert_eq!(seat.allowance(NOW.plus(limits::AUTOMATIC_SPAN / 2)), 0);
        let later = NOW.plus(limits::AUTOMATIC_SPAN);
        assert_eq!(seat.allowance(later), limits::AUTOMATIC_MAX);
        seat.count(1, later);
        assert_eq!(seat.allowance(later), limits::AUTOMATIC_MAX - 1);
    }

    #[test]
    fn a_person_looks_after_a_customer_until_then_or_until_it_is_done() {
        let mut seat = Seat { at: Some(("main".into(), NOW)), misses: 2, ..Seat::default() };
        let until = NOW.plus(limits::AUTOMATIC_SPAN);
        seat.hand_over(Person::Until(until));
        assert!(seat.at.is_none() && seat.has_person(NOW) && !seat.has_person(until));
        seat.hand_over(Person::UntilDone);
        seat.hand_over(Person::Until(until));
        assert!(seat.has_person(until));
        seat.release();
        assert!(!seat.has_person(NOW));
    }
}
