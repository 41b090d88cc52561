//! What is still to arrive at each device: the content, and once it was sealed the very frame.

use serde::{Deserialize, Serialize};

use crate::base::id::{SendId, SessionId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::Table;

/// Unsettled contents by recipient, at their sequence number. The recipient is a device, or an account none of
/// whose devices is known yet. A device's row at 0 is the first flight of its newest session.
pub const OUTBOX: Table<Unsettled> = Table::new(TableId::Outbox, 2);

/// A content that the recipient hasn't acknowledged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unsettled {
    /// The content in the clear (the disk seals the row), to be sealed again should the session be lost.
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// The frame, sealed once: every retry in its session sends these bytes.
    pub frame: Option<Sealed>,
    /// Its entry in the timeline, if it has one.
    pub position: Option<u64>,
    /// Given up at this time.
    pub expires: Time,
    /// How far it got at the recipient's mailboxes.
    pub deposit: Deposit,
}

/// How far a frame got at the recipient's mailboxes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Deposit {
    /// When it was last brought there.
    pub at: Option<Time>,
    /// How often it was brought again because no acknowledgement came.
    pub rounds: u8,
    /// The queues whose mailboxes have said since then that they keep it.
    pub words: Vec<SendId>,
    /// Whether as many have said so, at some time, as it takes to be stored; see [`mail_limits::STORED_WORDS`].
    pub stored: bool,
    /// Whether the recipient asked for it again.
    pub wanted: bool,
}

impl Deposit {
    /// Whether it is to be brought to the mailboxes now, which have these queues.
    pub fn is_due(&self, queues: &[SendId], now: Time) -> bool {
        let Some(at) = self.at else { return true };
        let waited = now.since(at);
        let missing = queues.iter().any(|queue| !self.words.contains(queue));
        self.wanted || missing && waited >= limits::RETRY_LAST || self.again(now)
    }

    /// Whether the time has come to bring it again even to those who keep it.
    fn again(&self, now: Time) -> bool {
        self.next().is_some_and(|next| next <= now)
    }

    /// When it is brought again even to those who keep it.
    pub fn next(&self) -> Option<Time> {
        let pause = mail_limits::REDEPOSITS.get(usize::from(self.rounds));
        self.at.zip(pause).map(|(at, pause)| at.plus(*pause))
    }

    /// It is brought there now.
    pub fn begin(&mut self, now: Time) {
        if self.wanted || self.again(now) {
            self.words.clear();
            self.rounds = self.rounds.saturating_add(u8::from(!self.wanted));
            self.wanted = false;
        }
        self.at = Some(now);
    }

    /// The mailbox of a queue says that it keeps it; these are the queues that there are now, each at another mailbox.
    /// Whether it is stored since now. A word for a queue that was replaced may be the same mailbox's.
    pub fn kept(&mut self, queue: SendId, queues: &[SendId]) -> bool {
        if !self.words.contains(&queue) {
            self.words.push(queue);
        }
        let words = self.words.iter().filter(|word| queues.contains(word)).count();
        let enough = words >= mail_limits::STORED_WORDS.min(queues.len().max(1));
        let news = enough && !self.stored;
        self.stored |= enough;
        news
    }
}

/// A frame that left, or may have left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// In which session it was sealed.
    pub session: SessionId,
    /// The route id and what only the recipient can open.
    #[serde(with = "serde_bytes")]
    pub frame: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    const NOW: Time = Time::from_millis(1_700_000_000_000);
    const QUEUES: [SendId; 3] = [SendId::new([1; 16]), SendId::new([2; 16]), SendId::new([3; 16])];
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn two_words_make_a_message_stored_and_one_where_there_is_but_one_mailbox() {
        let mut deposit = Deposit::default();
        assert!(!deposit.kept(QUEUES[0], &QUEUES));
        assert!(!deposit.kept(QUEUES[0], &QUEUES), "the same mailbox twice is one word");
        assert!(deposit.kept(QUEUES[1], &QUEUES) && deposit.stored);
        assert!(!deposit.kept(QUEUES[2], &QUEUES), "no news");
        assert!(Deposit::default().kept(QUEUES[0], &QUEUES[..1]));
    }

    #[test]
    fn a_word_for_a_queue_that_was_replaced_is_no_second_mailbox() {
        let mut deposit = Deposit::default();
        assert!(!deposit.kept(SendId::new([9; 16]), &QUEUES), "of a queue that the recipient has no more");
        assert!(!deposit.kept(QUEUES[0], &QUEUES), "perhaps the same mailbox's, after it was replaced");
        assert!(deposit.kept(QUEUES[1], &QUEUES));
    }

    #[test]
    fn the_same_bytes_are_brought_again_after_one_six_and_twenty_four_hours_and_then_no_more() {
        let mut deposit = Deposit::default();
        assert!(deposit.is_due(&QUEUES, NOW));
        deposit.begin(NOW);
        QUEUES.iter().for_each(|queue| {
            deposit.kept(*queue, &QUEUES);
        });
        let mut at = NOW;
        for hours in [1, 6, 24] {
            let again = at.plus(MINUTE * 60 * hours);
            assert!(!deposit.is_due(&QUEUES, at.plus(MINUTE * (60 * hours - 1))));
            assert!(deposit.is_due(&QUEUES, again));
            deposit.begin(again);
            assert!(deposit.words.is_empty() && deposit.stored, "asked anew, and what was said stays said");
            QUEUES.iter().for_each(|queue| {
                deposit.kept(*queue, &QUEUES);
            });
            at = again;
        }
        assert!(!deposit.is_due(&QUEUES, at.plus(MINUTE * 60 * 24 * 20)));
        deposit.wanted = true;
        assert!(deposit.is_due(&QUEUES, at.plus(MINUTE)), "but where the recipient asks");
    }

    #[test]
    fn a_mailbox_that_did_not_answer_is_tried_again_after_ten_minutes_alone() {
        let mut deposit = Deposit::default();
        deposit.begin(NOW);
        deposit.kept(QUEUES[0], &QUEUES);
        assert!(!deposit.is_due(&QUEUES, NOW.plus(MINUTE * 9)));
        assert!(deposit.is_due(&QUEUES, NOW.plus(MINUTE * 10)));
        deposit.begin(NOW.plus(MINUTE * 10));
        assert_eq!(deposit.words, [QUEUES[0]]);
    }
}
