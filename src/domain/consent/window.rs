//! Which messages of a person may still be answered, as the person's node and the business's each know it.

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::{AccountId, MessageId};
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::store::tx::Tx;
use crate::wire::template::Answer;

/// At a person's node: its messages to a business, by the account under which that was known first, at their number.
pub const OPENINGS: Table<Opening> = Table::new(TableId::Openings, 1);
/// At a business's node: the last messages of a customer, newest first, by the account under which they were known first.
pub const WINDOWS: Table<Vec<Window>> = Table::new(TableId::Windows, 1);

/// A message of ours that a business may answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// Its id.
    pub id: MessageId,
    /// When the business said that it has it.
    pub arrived: Option<Time>,
    /// The answers that were taken.
    pub answers: Vec<MessageId>,
}

/// A message of a customer's that we may answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    id: MessageId,
    seq: u64,
    since: Time,
    answers: usize,
}

/// We say something to a business, under this number: it may answer. What is past its life, or too long ago, is
/// forgotten, a little more each time than comes.
pub fn open(tx: &Tx<'_>, thread: &AccountId, message: Answer, now: Time) {
    let arrived = (message.seq == 0).then_some(now);
    let opening = Opening { id: message.id, arrived, answers: Vec::new() };
    for (key, row) in tx.scan(&OPENINGS, &OPENINGS.of(thread.as_bytes()).limit(2)) {
        let old = key.position().is_some_and(|seq| seq + consent_limits::OPENINGS_MAX <= message.seq);
        if old || row.arrived.is_some_and(|at| at.plus(consent_limits::ANSWER_LIFE) < now) {
            tx.delete(&OPENINGS, key);
        }
    }
    tx.put(&OPENINGS, OPENINGS.key_at(thread.as_bytes(), message.seq), opening);
}

/// The business says that it has our message: from now on its time runs.
pub fn arrived(tx: &Tx<'_>, thread: &AccountId, seq: u64, now: Time) {
    let key = OPENINGS.key_at(thread.as_bytes(), seq);
    if tx.with(&OPENINGS, &key, |opening| opening.arrived.is_none()) == Some(true) {
        tx.edit(&OPENINGS, &key, |opening| opening.arrived = Some(now));
    }
}

/// An answer was taken. Whoever answers has the message, whatever else was heard.
pub fn answered(tx: &Tx<'_>, thread: &AccountId, message: Answer, answer: MessageId, now: Time) {
    tx.edit(&OPENINGS, &OPENINGS.key_at(thread.as_bytes(), message.seq), |opening| {
        opening.arrived = opening.arrived.or(Some(now));
        opening.answers.push(answer);
    });
}

/// A customer says something: we may answer.
pub fn heard(tx: &Tx<'_>, thread: &AccountId, message: Answer, now: Time) {
    let window = Window { id: message.id, seq: message.seq, since: now, answers: 0 };
    let key = WINDOWS.key(thread.as_bytes());
    let edited = tx.edit(&WINDOWS, &key, |windows| {
        windows.insert(0, window.clone());
        windows.truncate(consent_limits::WINDOWS_MAX);
    });
    if edited.is_none() {
        tx.put(&WINDOWS, key, vec![window]);
    }
}

/// The customer's newest message that may still be answered now. It counts as answered once more.
pub fn answer(tx: &Tx<'_>, thread: &AccountId, now: Time) -> Option<Answer> {
    let key = WINDOWS.key(thread.as_bytes());
    let is_open = |window: &Window| {
        now < window.since.plus(consent_limits::SERVICE_WINDOW)
            && window.answers < consent_limits::ANSWERS_MAX
    };
    let at = tx.with(&WINDOWS, &key, |windows| windows.iter().position(is_open)).flatten()?;
    tx.edit(&WINDOWS, &key, |windows| {
        let window = windows.get_mut(at)?;
        window.answers += 1;
        Some(Answer { id: window.id, seq: window.seq })
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::ledger::tests::{BUSINESS, NOW};
    use crate::store::memory::NOTHING;

    fn message(seq: u64) -> Answer {
        Answer { id: MessageId::new([u8::try_from(seq % 256).unwrap(); 16]), seq }
    }

    #[test]
    fn a_business_answers_the_newest_message_that_still_opens_the_window() {
        let tx = Tx::new(&NOTHING);
        assert_eq!(answer(&tx, &BUSINESS, NOW), None);
        let later = NOW.plus(consent_limits::SERVICE_WINDOW / 2);
        heard(&tx, &BUSINESS, message(3), NOW);
        heard(&tx, &BUSINESS, message(4), later);
        for _ in 0..consent_limits::ANSWERS_MAX {
            assert_eq!(answer(&tx, &BUSINESS, later), Some(message(4)));
        }
        assert_eq!(
            answer(&tx, &BUSINESS, later),
            Some(message(3)),
            "the newer one was answered often enough"
        );
        assert_eq!(answer(&tx, &BUSINESS, NOW.plus(consent_limits::SERVICE_WINDOW)), None);
        for seq in 10..100 {
            heard(&tx, &BUSINESS, message(seq), later);
        }
        assert_eq!(tx.row(&WINDOWS, BUSINESS.as_bytes()).unwrap().len(), consent_limits::WINDOWS_MAX);
    }

    #[test]
    fn a_person_remembers_what_it_said_within_bounds_and_from_when_on_its_time_runs() {
        let tx = Tx::new(&NOTHING);
        let kept = || tx.scan(&OPENINGS, &OPENINGS.of(BUSINESS.as_bytes()));
        let places = || kept().iter().filter_map(|(key, _)| key.position()).collect::<Vec<_>>();
        (1..=40).for_each(|seq| open(&tx, &BUSINESS, message(seq), NOW));
        (1..=30).for_each(|more| open(&tx, &BUSINESS, message(consent_limits::OPENINGS_MAX + more), NOW));
        let last = consent_limits::OPENINGS_MAX + 30;
        assert!(
            places().iter().all(|seq| seq + consent_limits::OPENINGS_MAX > last),
            "no more than that remain"
        );
        assert_eq!(places().len(), 40, "and no fewer");
        let get = || tx.get(&OPENINGS, &OPENINGS.key_at(BUSINESS.as_bytes(), last)).unwrap();
        assert_eq!(get().arrived, None);
        arrived(&tx, &BUSINESS, last, NOW);
        arrived(&tx, &BUSINESS, last, NOW.plus(consent_limits::SERVICE_WINDOW));
        assert_eq!(get().arrived, Some(NOW), "the first word counts");
        answered(&tx, &BUSINESS, message(last), MessageId::new([1; 16]), NOW);
        assert_eq!(get().answers.len(), 1);
        (31..=34).for_each(|seq| arrived(&tx, &BUSINESS, seq, NOW));
        let late = NOW.plus(consent_limits::ANSWER_LIFE * 2);
        (31..=33).for_each(|more| open(&tx, &BUSINESS, message(consent_limits::OPENINGS_MAX + more), late));
        assert_eq!(places()[0], 35, "what is past its life goes");
    }
}
