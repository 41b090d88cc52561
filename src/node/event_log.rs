//! The event log: what the screens are told, numbered and kept for a while, in the batch that it came of.
//!
//! Whoever reads it by number misses nothing over a crash: an event is in the log exactly if what it tells of is in the
//! store. While nobody wants the log, events aren't kept, and the first one that isn't is noted; when somebody does, a
//! gap says so. Whatever else is lost (too old, too many, too large) is told as a gap as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::base::api_limits as limits;
use crate::base::time::Time;
use crate::engine::event::Event;
use crate::store::key::TableId;
use crate::store::snapshot::Fault;
use crate::store::table::{Rows, Table};
use crate::store::tx::{Batch, Tx};

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logged {
    /// When it was decided on.
    pub at: Time,
    /// The event, as JSON.
    pub json: String,
}

/// Where the log stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct State {
    /// The first number that is kept.
    first: u64,
    /// The number of the next event. Numbers begin with 1.
    next: u64,
    /// Whether events weren't kept since the last one that was.
    missed: bool,
}

const LOG: Table<Logged> = Table::new(TableId::EventLog, 1);
const STATE: Table<State> = Table::new(TableId::EventLogState, 1);
/// Both tables have one id.
const ID: &[u8] = b"";
/// What stands for events that aren't there.
const GAP: &str = r#"{"event":"gap"}"#;

/// What a reader gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Events between what the reader has and the first below that are no longer there; none where there is no such.
    pub lost: Option<core::ops::Range<u64>>,
    /// Events with their numbers, in order.
    pub events: Vec<(u64, Logged)>,
}

/// The events after number `after`, at most `limit`.
pub fn after(rows: &impl Rows, after: u64, limit: usize) -> Page {
    let from = after.saturating_add(1);
    let Some(state) = rows.row(&STATE, ID) else {
        // Whoever has a number has it from another log: from here on it goes by the numbers of this one.
        return Page { lost: (after > 0).then_some(1..1), events: Vec::new() };
    };
    if from > state.next {
        // From another log, too, or from one that was set back: everything here is new to the reader.
        let mut page = kept(rows, &state, 1, limit);
        page.lost = Some(1..state.first.max(1));
        return page;
    }
    kept(rows, &state, from, limit)
}

fn kept(rows: &impl Rows, state: &State, from: u64, limit: usize) -> Page {
    let first = from.max(state.first);
    let found = rows.scan(&LOG, &LOG.of(ID).from(first).until(state.next).limit(limit));
    let numbered = found.into_iter().filter_map(|(key, event)| Some((key.position()?, (*event).clone())));
    Page { lost: (from < first).then_some(from..first), events: numbered.collect() }
}

/// The numbers of events that name one of these.
pub fn naming(rows: &impl Rows, names: &[String]) -> Vec<u64> {
    let mut numbers = Vec::new();
    let Some(state) = rows.row(&STATE, ID) else { return numbers };
    let mut from = state.first;
    while from < state.next {
        let page = rows.scan(&LOG, &LOG.of(ID).from(from).until(state.next).limit(limits::EVENT_LOG_PAGE));
        let Some(last) = page.last().and_then(|(key, _)| key.position()) else { break };
        let named = page.iter().filter(|(_, event)| names.iter().any(|name| event.json.contains(name)));
        numbers.extend(named.filter_map(|(key, _)| key.position()));
        from = last + 1;
    }
    numbers
}

/// Puts a gap in the place of events.
pub fn blot(tx: &Tx<'_>, numbers: &[u64]) {
    for number in numbers {
        tx.edit(&LOG, &LOG.key_at(ID, *number), |event| event.json = GAP.to_owned());
    }
}

/// The number of the last event; 0 where there is none.
pub fn last(rows: &impl Rows) -> u64 {
    rows.row(&STATE, ID).map_or(0, |state| state.next - 1)
}

/// The number of the first event that is kept; that of the next one where none is.
pub fn first_kept(rows: &impl Rows) -> u64 {
    rows.row(&STATE, ID).map_or(0, |state| state.first)
}

/// The number of the first event that isn't older than [`limits::EVENT_LOG_LIFE`].
pub fn first_alive(rows: &impl Rows, now: Time) -> u64 {
    let Some(state) = rows.row(&STATE, ID) else { return 0 };
    let oldest = now.minus(limits::EVENT_LOG_LIFE);
    let (mut low, mut high) = (state.first, state.next);
    while low < high {
        let middle = low + (high - low) / 2;
        match rows.get(&LOG, &LOG.key_at(ID, middle)) {
            Some(event) if event.at >= oldest => high = middle,
            _ => low = middle + 1,
        }
    }
    low
}

/// The writing side, which the driver has.
pub(super) struct EventLog {
    state: Option<State>,
    /// Whether somebody wants it.
    wanted: Arc<AtomicBool>,
    durable: Arc<watch::Sender<u64>>,
    /// Up to where is to be forgotten.
    forget: u64,
}

impl EventLog {
    /// Where it stands.
    pub(super) fn load(rows: &impl Rows) -> Self {
        let state = rows.row(&STATE, ID).map(|state| *state);
        let (durable, _) = watch::channel(state.map_or(0, |state| state.next - 1));
        // It goes on where it was kept last, from the first event on: whoever starts the node ends it if nobody wants it.
        let wanted = Arc::new(AtomicBool::new(state.is_some_and(|state| !state.missed)));
        Self { state, wanted, durable: Arc::new(durable), forget: 0 }
    }

    /// The switch that turns it on, and the number of the last event that is on the disk.
    pub(super) fn handles(&self) -> (Arc<AtomicBool>, watch::Receiver<u64>) {
        (Arc::clone(&self.wanted), self.durable.subscribe())
    }

    /// Adds events to the batch that they are of.
    pub(super) fn record<'e>(
        &mut self,
        now: Time,
        events: impl Iterator<Item = &'e Event>,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let mut events = events.peekable();
        if events.peek().is_none() {
            return Ok(());
        }
        if !self.wanted.load(Ordering::Relaxed) {
            // Written once: an ordinary node's events cost nothing.
            if let Some(state) = self.state.as_mut().filter(|state| !state.missed) {
                state.missed = true;
                batch.put(&STATE, STATE.key(ID), state)?;
            }
            return Ok(());
        }
        let mut state = self.state.unwrap_or(State { first: 1, next: 1, missed: false });
        if core::mem::take(&mut state.missed) {
            append(&mut state, batch, now, GAP.to_owned())?;
        }
        for event in events {
            let json = serde_json::to_string(event).map_err(|error| Fault(error.to_string()))?;
            let fits = json.len() <= limits::EVENT_LOG_ENTRY_MAX;
            append(&mut state, batch, now, if fits { json } else { GAP.to_owned() })?;
        }
        batch.put(&STATE, STATE.key(ID), &state)?;
        self.state = Some(state);
        Ok(())
    }

    /// Forgets the events before a number, some of them with each batch.
    pub(super) fn forget(&mut self, before: u64, batch: &mut Batch) -> Result<(), Fault> {
        let Some(state) = self.state.as_mut() else { return Ok(()) };
        self.forget = self.forget.max(before).min(state.next);
        if self.forget <= state.first {
            return Ok(());
        }
        let page = limits::EVENT_LOG_PAGE as u64;
        let until = self.forget.min(state.first.saturating_add(page));
        for number in state.first..until {
            batch.delete(LOG.key_at(ID, number));
        }
        state.first = until;
        batch.put(&STATE, STATE.key(ID), state)
    }

    /// To be called once the batch is durable: whoever waits for events may read them.
    pub(super) fn announcement(&self) -> impl FnOnce() + Send + use<> {
        let (durable, last) = (Arc::clone(&self.durable), self.state.map_or(0, |state| state.next - 1));
        move || {
            durable.send_if_modified(|known| core::mem::replace(known, last) != last);
        }
    }
}

fn append(state: &mut State, batch: &mut Batch, at: Time, json: String) -> Result<(), Fault> {
    batch.put(&LOG, LOG.key_at(ID, state.next), &Logged { at, json })?;
    state.next += 1;
    if state.next - state.first > limits::EVENT_LOG_MAX {
        batch.delete(LOG.key_at(ID, state.first));
        state.first += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use crate::store::table::Reader;

    impl Memory {
        /// What the driver does with a group: record, then store.
        fn decide(&mut self, log: &mut EventLog, now: u64, events: &[Event], forget: u64) {
            let mut batch = Tx::new(&*self).finish(1).unwrap();
            log.record(Time::from_millis(now), events.iter(), &mut batch).unwrap();
            log.forget(forget, &mut batch).unwrap();
            self.store(batch.into_parts().0);
            log.announcement()();
        }

        fn after(&self, number: u64) -> (Option<core::ops::Range<u64>>, Vec<(u64, String)>) {
            let page = after(&Reader::new(self), number, 1_000);
            (page.lost, page.events.into_iter().map(|(number, event)| (number, event.json)).collect())
        }

        fn log(&self) -> EventLog {
            let log = EventLog::load(&Reader::new(self));
            log.wanted.store(true, Ordering::Relaxed);
            log
        }
    }

    fn published(seq: u64) -> Event {
        Event::Published { seq }
    }

    fn json(seq: u64) -> String {
        format!(r#"{{"event":"published","seq":{seq}}}"#)
    }

    #[test]
    fn numbers_go_on_after_a_restart() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        let (_, durable) = log.handles();
        disk.decide(&mut log, 1, &[published(7), published(8)], 0);
        assert_eq!(*durable.borrow(), 2);
        let mut log = disk.log();
        disk.decide(&mut log, 2, &[published(9)], 0);
        assert_eq!(disk.after(1), (None, vec![(2, json(8)), (3, json(9))]));
        assert_eq!(disk.after(3), (None, vec![]));
    }

    #[test]
    fn what_was_not_kept_is_a_gap_and_noted_once() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        disk.decide(&mut log, 1, &[published(1)], 0);
        let mut deaf = EventLog::load(&Reader::new(&disk));
        deaf.handles().0.store(false, Ordering::Relaxed);
        disk.decide(&mut deaf, 2, &[published(2)], 0);
        disk.decide(&mut deaf, 3, &[published(3)], 0);
        let still = EventLog::load(&Reader::new(&disk));
        assert!(!still.wanted.load(Ordering::Relaxed), "it doesn't begin again by itself");
        let mut log = disk.log();
        disk.decide(&mut log, 4, &[published(4)], 0);
        assert_eq!(disk.after(1), (None, vec![(2, GAP.to_owned()), (3, json(4))]));
    }

    #[test]
    fn a_log_that_was_kept_goes_on_with_the_first_event_after_a_restart() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        disk.decide(&mut log, 1, &[published(1)], 0);
        let mut log = EventLog::load(&Reader::new(&disk));
        disk.decide(&mut log, 2, &[published(2)], 0);
        assert_eq!(disk.after(1), (None, vec![(2, json(2))]));
    }

    #[test]
    fn a_log_that_nobody_ever_wanted_writes_nothing() {
        let mut disk = Memory::default();
        let mut deaf = EventLog::load(&Reader::new(&disk));
        disk.decide(&mut deaf, 2, &[published(2)], 0);
        assert!(disk.rows.is_empty());
    }

    #[test]
    fn what_was_forgotten_is_told_as_lost() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        for seq in 1..=10 {
            disk.decide(&mut log, seq * 1_000, &[published(seq)], 0);
        }
        let life = u64::try_from(limits::EVENT_LOG_LIFE.as_millis()).unwrap();
        assert_eq!(first_alive(&Reader::new(&disk), Time::from_millis(life)), 1);
        let alive = first_alive(&Reader::new(&disk), Time::from_millis(life + 4_000));
        assert_eq!(alive, 4);
        disk.decide(&mut log, 11, &[], alive);
        let (lost, events) = disk.after(1);
        assert_eq!((lost, events.len(), events[0].0), (Some(2..4), 7, 4));
        assert_eq!(first_kept(&Reader::new(&disk)), 4);
        assert_eq!(disk.rows.len(), 7 + 1, "the rows are gone, too");
        assert_eq!(first_alive(&Reader::new(&disk), Time::from_millis(2 * life)), 11);
    }

    #[test]
    fn what_is_to_be_forgotten_is_a_page_at_a_time() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        let many = limits::EVENT_LOG_PAGE as u64 + 1;
        for seq in 1..=many {
            disk.decide(&mut log, seq, &[published(seq)], 0);
        }
        disk.decide(&mut log, 1, &[], many + 1);
        assert_eq!(first_kept(&Reader::new(&disk)), many, "whoever has it forgotten looks, and asks again");
        disk.decide(&mut log, 1, &[], many + 1);
        assert_eq!((first_kept(&Reader::new(&disk)), disk.rows.len()), (many + 1, 1));
    }

    #[test]
    fn a_number_of_another_log_gets_everything_and_is_told_so() {
        let mut disk = Memory::default();
        assert_eq!(disk.after(5), (Some(1..1), vec![]));
        assert_eq!(disk.after(0), (None, vec![]), "and isn't told so again");
        let mut log = disk.log();
        disk.decide(&mut log, 1, &[published(1)], 0);
        assert_eq!(disk.after(5), (Some(1..1), vec![(1, json(1))]));
    }

    #[test]
    fn events_that_name_somebody_become_gaps_at_their_places() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        let identity = |address: &str| Event::Identity { address: address.into(), former: String::new() };
        let many = limits::EVENT_LOG_PAGE as u64;
        for number in 0..many {
            disk.decide(
                &mut log,
                number,
                &[identity(if number % 2 == 0 { "sig1ana" } else { "sig1bento" })],
                0,
            );
        }
        disk.decide(&mut log, 1, &[identity("sig1ana")], 0);
        let numbers = naming(&Reader::new(&disk), &["sig1ana".to_owned()]);
        assert_eq!((numbers.len() as u64, numbers.last()), (many / 2 + 1, Some(&(many + 1))));
        let tx = Tx::new(&disk);
        blot(&tx, &numbers);
        blot(&tx, &[many + 9]);
        let changed = tx.finish(1).unwrap().into_parts().0;
        assert_eq!(changed.len(), numbers.len());
        for (key, value) in changed {
            disk.rows.insert(key, value.unwrap());
        }
        let (lost, events) = disk.after(0);
        assert_eq!((lost, events.len() as u64), (None, many + 1), "numbers stay");
        assert_eq!(events[0].1, GAP);
        assert!(
            events[1].1.contains("sig1bento") && events.iter().all(|(_, json)| !json.contains("sig1ana"))
        );
    }

    #[test]
    fn an_event_that_fits_no_row_is_a_gap() {
        let mut disk = Memory::default();
        let mut log = disk.log();
        let large = Event::NotPublished { reason: "\u{1}".repeat(limits::EVENT_LOG_ENTRY_MAX / 6 + 1) };
        disk.decide(&mut log, 1, &[large, published(2)], 0);
        assert_eq!(disk.after(0), (None, vec![(1, GAP.to_owned()), (2, json(2))]));
    }

    #[test]
    fn rows_keep_their_encoding() {
        let logged = LOG.encode(&Logged { at: Time::from_millis(300), json: "{}".into() }).unwrap();
        assert_eq!(logged, [1, 172, 2, 2, b'{', b'}']);
        assert_eq!(STATE.encode(&State { first: 1, next: 2, missed: true }).unwrap(), [1, 1, 2, 1]);
    }
}
