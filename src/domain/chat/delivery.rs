//! How far our messages got at one device of a contact: sent, delivered, read, each backed by the word it names.

use serde::{Deserialize, Serialize};

use crate::base::id::DeviceId;
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::chat::runs::united;
use crate::domain::chat::void;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::wire::content::{Ack, BEYOND_MAX};

/// Marks by the contact's device.
pub const DELIVERY: Table<Delivery> = Table::new(TableId::Delivery, 1);

/// How far our messages got at one device.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Delivery {
    /// The next hop's word: it took everything up to this sequence number.
    pub sent: u64,
    /// The device's word: everything up to this one arrived.
    pub delivered: u64,
    /// The device's word: these runs arrived too; half-open, in order, apart from one another.
    pub beyond: Vec<(u64, u64)>,
    /// The device's word: a person saw everything up to this one.
    pub read: u64,
}

/// The state of a message of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Kept here until it can leave.
    Queued,
    /// The next hop has it.
    Sent,
    /// Two of the recipient's mailboxes keep it, or the only one where there is but one.
    Stored,
    /// It is on the recipient's disk.
    Delivered,
    /// A person saw it.
    Read,
    /// Given up; the cause stands with it.
    Failed,
}

/// What an acknowledgement changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Sequence numbers that are settled now: nothing of them need be kept for this device.
    pub settled: Vec<u64>,
    /// Whether any mark moved.
    pub moved: bool,
}

impl Delivery {
    /// The next hop took everything up to `seq`; whether that's news.
    pub fn took(&mut self, seq: u64) -> bool {
        let news = seq > self.sent;
        self.sent = self.sent.max(seq);
        news
    }

    /// Takes an acknowledgement in, as far as it speaks of messages that exist: `last` is the last sequence number
    /// that we used. Marks never go back.
    pub fn acknowledge(&mut self, ack: &Ack, last: u64) -> Progress {
        let before = self.clone();
        let mut runs = vec![(1, ack.delivered.min(last) + 1), (1, self.delivered + 1)];
        runs.extend(self.beyond.iter().copied());
        runs.extend(ack.beyond.iter().map(|(from, until)| ((*from).max(1), (*until).min(last + 1))));
        let mut runs = united(runs);
        if runs.first().is_some_and(|(from, _)| *from == 1) {
            self.delivered = runs.remove(0).1 - 1;
        }
        runs.truncate(BEYOND_MAX);
        self.beyond = runs;
        self.read = ack.read.min(self.delivered).max(self.read);
        let highest = self.beyond.last().map_or(self.delivered, |(_, until)| until - 1);
        self.sent = self.sent.max(highest);
        Progress { settled: self.settled_since(&before), moved: *self != before }
    }

    /// The same where some numbers are void: what is said of them says nothing, and they are passed over at once where
    /// the device has passed them over.
    pub fn acknowledge_over(&mut self, ack: &Ack, last: u64, voids: &[(u64, u64)]) -> Progress {
        let ack = void::strip(ack, voids);
        let mut progress = Progress::default();
        for (from, until) in void::ahead(voids, self.delivered) {
            if ack.delivered < until - 1 {
                break;
            }
            let before = Ack { delivered: from - 1, beyond: Vec::new(), ..ack.clone() };
            progress.settled.extend(self.acknowledge(&before, from - 1).settled);
            self.delivered = until - 1;
            self.beyond.retain(|(_, end)| *end > until);
            progress.moved = true;
        }
        let rest = self.acknowledge(&ack, last);
        progress.settled.extend(rest.settled);
        progress.moved |= rest.moved;
        progress
    }

    /// The sequence numbers that arrived according to these marks, and not according to the earlier ones.
    fn settled_since(&self, earlier: &Self) -> Vec<u64> {
        let first = core::iter::once((earlier.delivered + 1, self.delivered + 1));
        let runs = first.chain(self.beyond.iter().copied());
        runs.flat_map(|(from, until)| from..until).filter(|seq| !earlier.arrived(*seq)).collect()
    }

    fn arrived(&self, seq: u64) -> bool {
        seq <= self.delivered || self.beyond.iter().any(|(from, until)| (*from..*until).contains(&seq))
    }

    /// The state of the message `seq` at this device.
    pub fn state(&self, seq: u64) -> State {
        if seq <= self.read {
            State::Read
        } else if self.arrived(seq) {
            State::Delivered
        } else if seq <= self.sent {
            State::Sent
        } else {
            State::Queued
        }
    }
}

/// The state of the message `seq` at a contact: the best of its devices.
pub fn state_at(rows: &impl Rows, devices: impl Iterator<Item = DeviceId>, seq: u64) -> State {
    let state = |device: DeviceId| {
        let marks = rows.row(&DELIVERY, device.as_bytes());
        let told = marks.map_or(State::Queued, |marks| marks.state(seq));
        if told >= State::Delivered { told } else { told.max(deposited(rows, &device, seq)) }
    };
    devices.map(state).max().unwrap_or(State::Queued)
}

/// The state of the message `seq` by the word of a device's mailboxes.
fn deposited(rows: &impl Rows, device: &DeviceId, seq: u64) -> State {
    match rows.get(&OUTBOX, &OUTBOX.key_at(device.as_bytes(), seq)) {
        Some(row) if row.deposit.stored => State::Stored,
        Some(row) if !row.deposit.words.is_empty() => State::Sent,
        _ => State::Queued,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(delivered: u64, beyond: &[(u64, u64)], read: u64) -> Ack {
        Ack { delivered, beyond: beyond.to_vec(), read, declined: Vec::new() }
    }

    #[test]
    fn marks_follow_acknowledgements_and_never_go_back() {
        let mut marks = Delivery::default();
        marks.took(4);
        assert_eq!(marks.acknowledge(&ack(2, &[(4, 5)], 1), 5).settled, [1, 2, 4]);
        let states: Vec<State> = (1..=5).map(|seq| marks.state(seq)).collect();
        assert_eq!(states, [State::Read, State::Delivered, State::Sent, State::Delivered, State::Queued]);
        assert_eq!(marks.acknowledge(&ack(1, &[], 0), 5), Progress::default(), "old news");
        assert_eq!(marks.acknowledge(&ack(4, &[], 0), 5).settled, [3]);
        assert!(marks.beyond.is_empty());
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_sent_marks_nothing() {
        let mut marks = Delivery::default();
        marks.acknowledge(&ack(u64::MAX, &[(7, u64::MAX), (9, 3)], u64::MAX), 2);
        assert_eq!((marks.delivered, marks.read, marks.beyond.len()), (2, 2, 0));
        assert_eq!(marks.state(3), State::Queued);
    }

    #[test]
    fn void_numbers_are_passed_over_and_never_settled() {
        const FAR: u64 = 1 << 32;
        let voids = [(11, FAR)];
        let mut marks = Delivery { sent: 8, delivered: 8, ..Delivery::default() };
        let over = |marks: &mut Delivery, ack: &Ack| marks.acknowledge_over(ack, FAR + 2, &voids);
        // It has what another life of this store sent.
        assert_eq!(over(&mut marks, &ack(13, &[(15, 16), (FAR, FAR + 1)], 12)).settled, [9, 10, FAR]);
        assert_eq!((marks.delivered, marks.read), (10, 10));
        assert_eq!(over(&mut marks, &ack(FAR, &[], 13)).settled, [0; 0], "it passed them over");
        assert_eq!(
            (marks.delivered, marks.state(FAR), marks.state(FAR + 1)),
            (FAR, State::Delivered, State::Queued)
        );
        assert_eq!(over(&mut marks, &ack(FAR + 2, &[], FAR + 2)).settled, [FAR + 1, FAR + 2]);
        assert_eq!((marks.read, marks.beyond.len()), (FAR + 2, 0));
        // All at once.
        let mut marks = Delivery { delivered: 8, ..Delivery::default() };
        assert_eq!(over(&mut marks, &ack(FAR + 1, &[], 0)).settled, [9, 10, FAR, FAR + 1]);
    }

    #[test]
    fn nothing_is_read_that_was_not_delivered() {
        let mut marks = Delivery::default();
        marks.acknowledge(&ack(1, &[(3, 4)], 3), 3);
        assert_eq!(
            (marks.state(1), marks.state(2), marks.state(3)),
            (State::Read, State::Sent, State::Delivered)
        );
    }
}
