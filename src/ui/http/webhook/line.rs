//! Which event a webhook is sent next: in order in each conversation, with pauses that grow, and not for ever.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::api_limits as limits;
use crate::base::time::Time;

/// Failures in a row after which the receiver is left alone for a while, whatever conversation comes next.
const PATIENCE: u32 = 3;

/// An event that couldn't be delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::ui::http) struct Dead {
    pub(super) died: Time,
    pub(super) tries: u32,
    /// What was in the way the last time.
    pub(super) why: String,
    /// When the event happened.
    pub(super) at: Time,
    /// The event, as JSON.
    pub(super) json: String,
}

/// An event that waits to be tried, or tried again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::ui::http) struct Waiting {
    /// Whatever comes later in this conversation waits behind it.
    pub(super) conversation: String,
    pub(super) tries: u32,
    /// When it was tried first, or was to be.
    pub(super) since: Time,
    /// When it is to be tried next.
    pub(super) due: Time,
    /// When it happened and what, where the log of events doesn't have it.
    pub(super) letter: Option<(Time, String)>,
}

impl Waiting {
    /// An event that is tried for the first time.
    pub(super) const fn fresh(conversation: String, now: Time, letter: Option<(Time, String)>) -> Self {
        Self { conversation, tries: 0, since: now, due: now, letter }
    }

    /// A dead letter that is to be tried again. It waits for nothing and nothing waits for it: its conversation has
    /// gone on.
    pub(super) fn revived(number: u64, dead: &Dead, now: Time) -> Self {
        let letter = Some((dead.at, dead.json.clone()));
        Self { conversation: format!("replay {number}"), tries: 0, since: now, due: now, letter }
    }
}

/// The pause after so many failures.
fn pause(failures: u32) -> Duration {
    let doubled = limits::WEBHOOK_RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20));
    doubled.min(limits::WEBHOOK_RETRY_LAST)
}

/// What waits for one receiver.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: BTreeMap<u64, Waiting>,
    /// Failures since the receiver last took something.
    failures: u32,
    /// Until then the receiver is left alone.
    rest_until: Time,
}

/// What came of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It is tried again.
    Again(Waiting),
    /// It isn't: it was tried for long enough.
    Dead,
}

impl Line {
    /// What waits, as the store has it.
    pub(super) fn fill(&mut self, waiting: BTreeMap<u64, Waiting>) {
        self.waiting = waiting;
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the receiver is to be left alone.
    pub(super) fn rests(&self, now: Time) -> bool {
        now < self.rest_until
    }

    /// Whether a new event may be tried: it needs room to wait in.
    pub(super) fn takes_more(&self) -> bool {
        self.waiting.len() < limits::WEBHOOK_WAITING_MAX
    }

    /// Whether something of this conversation waits already.
    pub(super) fn holds(&self, conversation: &str) -> bool {
        self.waiting.values().any(|waiting| waiting.conversation == conversation)
    }

    /// The first event of each conversation.
    fn heads(&self) -> impl Iterator<Item = (u64, &Waiting)> {
        let mut seen = BTreeSet::new();
        let heads =
            self.waiting.iter().filter(move |(_, waiting)| seen.insert(waiting.conversation.as_str()));
        heads.map(|(number, waiting)| (*number, waiting))
    }

    /// What is due: the longest due of all that nothing of their conversation stands before.
    pub(super) fn due(&self, now: Time) -> Option<(u64, Waiting)> {
        let due = self.heads().filter(|(_, waiting)| waiting.due <= now);
        due.min_by_key(|(number, waiting)| (waiting.due, *number)).map(|(number, one)| (number, one.clone()))
    }

    /// When there is something to do, if nothing new happens.
    pub(super) fn next(&self) -> Option<Time> {
        self.heads().map(|(_, waiting)| waiting.due).min().map(|due| due.max(self.rest_until))
    }

    /// Until when the receiver is left alone.
    pub(super) const fn rest_until(&self) -> Time {
        self.rest_until
    }

    /// An event that waits behind others of its conversation.
    pub(super) fn join(&mut self, number: u64, conversation: &str, now: Time) -> Waiting {
        let conversation = conversation.to_owned();
        let waiting = Waiting { conversation, tries: 0, since: now, due: now, letter: None };
        self.waiting.insert(number, waiting.clone());
        waiting
    }

    /// The receiver took it.
    pub(super) fn taken(&mut self, number: u64) {
        self.waiting.remove(&number);
        (self.failures, self.rest_until) = (0, Time::EPOCH);
    }

    /// The receiver didn't take it.
    pub(super) fn failed(&mut self, number: u64, mut waiting: Waiting, now: Time) -> After {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= PATIENCE {
            self.rest_until = now.plus(pause(self.failures - PATIENCE + 1));
        }
        if now.since(waiting.since) >= limits::WEBHOOK_LIFE {
            self.waiting.remove(&number);
            return After::Dead;
        }
        waiting.tries = waiting.tries.saturating_add(1);
        waiting.due = now.plus(pause(waiting.tries)).min(waiting.since.plus(limits::WEBHOOK_LIFE));
        self.waiting.insert(number, waiting.clone());
        After::Again(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000_000_000);

    fn fresh(conversation: &str, since: Time) -> Waiting {
        Waiting { conversation: conversation.into(), tries: 0, since, due: since, letter: None }
    }

    #[test]
    fn what_fails_holds_up_its_own_conversation_only() {
        let mut line = Line::default();
        assert!(matches!(line.failed(1, fresh("ana", NOW), NOW), After::Again(_)));
        assert!(line.holds("ana") && !line.holds("bob"));
        line.join(2, "ana", NOW);
        assert!(!line.rests(NOW), "one failure isn't the receiver's end");
        let due = line.next().unwrap();
        assert_eq!(due, NOW.plus(limits::WEBHOOK_RETRY_FIRST));
        assert_eq!(line.due(NOW), None, "the second waits behind the first, due as it is");
        assert_eq!(line.due(due).unwrap().0, 1);
        line.taken(1);
        assert_eq!(line.due(due).unwrap().0, 2);
        line.taken(2);
        assert!(!line.holds("ana") && line.next().is_none());
    }

    #[test]
    fn a_receiver_that_takes_nothing_is_left_alone_until_it_takes_something() {
        let mut line = Line::default();
        for number in 1..=3 {
            assert!(!line.rests(NOW));
            line.failed(number, fresh(&number.to_string(), NOW), NOW);
        }
        assert!(line.rests(NOW) && line.rest_until() == NOW.plus(limits::WEBHOOK_RETRY_FIRST));
        assert!(line.next().unwrap() >= line.rest_until());
        line.taken(1);
        assert!(!line.rests(NOW));
    }

    #[test]
    fn pauses_grow_to_an_hour_and_end_after_seven_days_with_a_dead_letter() {
        let mut line = Line::default();
        let (mut now, mut waiting, mut tries) = (NOW, fresh("ana", NOW), 0);
        loop {
            tries += 1;
            match line.failed(1, waiting, now) {
                After::Again(again) => {
                    let paused = again.due.since(now);
                    assert!(paused <= limits::WEBHOOK_RETRY_LAST, "{paused:?}");
                    (now, waiting) = (again.due, again);
                }
                After::Dead => break,
            }
        }
        assert_eq!(now, NOW.plus(limits::WEBHOOK_LIFE), "the last attempt is at the end of its life");
        assert!((170..200).contains(&tries), "{tries}");
        assert_eq!(line.len(), 0);
    }

    #[test]
    fn there_is_only_so_much_room_to_wait() {
        let mut line = Line::default();
        for number in 0..limits::WEBHOOK_WAITING_MAX as u64 {
            assert!(line.takes_more());
            line.join(number, "ana", NOW);
        }
        assert!(!line.takes_more());
    }

    #[test]
    fn a_revived_letter_waits_for_nobody() {
        let mut line = Line::default();
        let dead = Dead { died: NOW, tries: 9, why: String::new(), at: NOW, json: "{}".into() };
        let both = BTreeMap::from([(1, fresh("ana", NOW)), (5, Waiting::revived(5, &dead, NOW))]);
        line.fill(both);
        assert!(matches!(line.failed(1, fresh("ana", NOW), NOW), After::Again(_)));
        assert_eq!(line.due(NOW).unwrap().0, 5);
    }

    #[test]
    fn a_row_keeps_its_encoding() {
        let letter = Some((Time::from_millis(9), "{}".to_owned()));
        let waiting =
            Waiting { tries: 2, due: Time::from_millis(3), letter, ..fresh("a", Time::from_millis(1)) };
        let expected = [1, b'a', 2, 1, 3, 1, 9, 2, b'{', b'}'];
        assert_eq!(postcard::to_allocvec(&waiting).unwrap(), expected);
    }
}
