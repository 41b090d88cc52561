//! Delivery from one device to another, walked by a model checker through loss, repetition, reordering and crashes.
//!
//! The marks of both sides are the real ones, over real rows; what the engine does around them is said again here in
//! a few lines: keep and seal once, send in order on a link, file in order, hold what comes early, show a gap after
//! the patience, let what comes late take its place, acknowledge, and forget only what was acknowledged.

use core::hash::{Hash, Hasher};
use std::collections::{BTreeMap, BTreeSet};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::base::id::DeviceId;
use crate::domain::chat::delivery::{Delivery, State};
use crate::domain::chat::incoming::{self, Arrival, HELD};
use crate::store::key::{Key, Value};
use crate::store::snapshot::{Fault, Scan, Snapshot};
use crate::store::table::Reader;
use crate::store::tx::Tx;
use crate::wire::content::Ack;

const SENDER: DeviceId = DeviceId::new([1; 32]);

/// A mistake that the checker has to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mistake {
    AcknowledgesBeforeCommit,
    DropsLate,
    FilesEarly,
    FilesTwice,
    ForgetsGaps,
    SealsAnew,
    SendsOnlyOnce,
}

/// How far the walk goes.
#[derive(Clone, Copy, Debug)]
struct Walk {
    messages: u64,
    breaks: u8,
    mistake: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct Frame {
    seq: u64,
    /// Which sealing made it: a session opens each once.
    sealing: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Answer {
    /// The next hop's word.
    Taken(u64),
    /// The device's word: delivered, beyond; and how things stood.
    Ack(u64, Vec<(u64, u64)>),
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Sender {
    written: u64,
    sealings: u64,
    /// What is unsettled, with its frame once it was sealed.
    outbox: BTreeMap<u64, Option<Frame>>,
    marks: Delivery,
    /// Soft: the next to go out on this link.
    next: u64,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Receiver {
    rows: BTreeMap<Key, Value>,
    /// Sealings that the session has opened.
    opened: BTreeSet<u64>,
    /// The number of each entry, and whether it is more than a gap.
    shown: Vec<(u64, bool)>,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct World {
    sender: Sender,
    receiver: Receiver,
    /// On the link there: frames may overtake each other and come twice. On the way back: the same.
    there: BTreeSet<Frame>,
    back: BTreeSet<Answer>,
    breaks: u8,
    /// Every frame that ever left.
    left: BTreeSet<Frame>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    /// Something is written and, because a link is up, sent.
    Write,
    /// A frame arrives; it stays under way, so that it can come again.
    Arrive(usize),
    /// A frame arrives, and the receiver crashes before its rows are safe.
    ArriveInVain(usize),
    /// An answer arrives.
    Answer(usize),
    /// The patience with a gap is over.
    Patience,
    /// The link breaks, or the sender crashes: what is under way is lost; a new link comes up.
    Break,
}

struct Disk<'a>(&'a BTreeMap<Key, Value>);

impl Snapshot for Disk<'_> {
    fn get(&self, key: &Key) -> Option<Value> {
        self.0.get(key).cloned()
    }
    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let of = |key: &Key| {
            key.table == scan.table && scan.id.as_ref().is_none_or(|id| **id == *key.id) && scan.matches(key)
        };
        let mut rows: Vec<_> = self
            .0
            .iter()
            .filter(|(key, _)| of(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        scan.arrange(&mut rows);
        rows
    }
    fn fault(&self) -> Option<Fault> {
        None
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { sender, receiver, there, back, breaks, left } = self;
        (sender.written, sender.sealings, &sender.outbox, sender.next).hash(state);
        (sender.marks.sent, sender.marks.delivered, &sender.marks.beyond).hash(state);
        receiver.rows.iter().for_each(|(key, value)| (key, &value[..]).hash(state));
        (&receiver.opened, &receiver.shown, there, back, breaks, left).hash(state);
    }
}

impl Receiver {
    /// One transaction over its rows, which ends committed.
    fn change<R>(&mut self, work: impl FnOnce(&Tx<'_>, &mut Vec<(u64, bool)>) -> R) -> R {
        let disk = Disk(&self.rows);
        let tx = Tx::new(&disk);
        let result = work(&tx, &mut self.shown);
        let (changes, _) = tx.finish(1).unwrap().into_parts();
        for (key, value) in changes {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        result
    }

    /// As `engine/inbound.rs` does: open, arrive, file what follows.
    fn take(&mut self, frame: Frame, mistake: Option<Mistake>) {
        if !self.opened.insert(frame.sealing) && mistake != Some(Mistake::FilesTwice) {
            return;
        }
        self.change(|tx, shown| match (incoming::arrival(tx, &SENDER, frame.seq), mistake) {
            (Arrival::Repeated, Some(Mistake::FilesTwice)) => shown.push((frame.seq, true)),
            (Arrival::Early, Some(Mistake::FilesEarly)) => shown.push((frame.seq, true)),
            (Arrival::Next, _) => {
                file(tx, shown, frame.seq);
                file_held(tx, shown);
            }
            (Arrival::Early, _) => incoming::hold(tx, &SENDER, frame.seq, vec![frame.seq as u8]),
            (Arrival::Late(position), _) => {
                incoming::found(tx, &SENDER, frame.seq);
                shown[position as usize].1 = mistake != Some(Mistake::DropsLate);
            }
            (Arrival::Repeated | Arrival::TooEarly | Arrival::Astray, _) => {}
        });
    }

    fn has_gap(&mut self) -> bool {
        self.change(|tx, _| incoming::first_held(tx, &SENDER).is_some())
    }

    fn give_up_gap(&mut self) {
        self.change(|tx, shown| {
            incoming::give_up_gap(tx, &SENDER, |seq| {
                shown.push((seq, false));
                shown.len() as u64 - 1
            });
            file_held(tx, shown);
        });
    }

    fn answer(&self) -> Answer {
        let ack = incoming::acknowledgement(&Reader::new(&Disk(&self.rows)), &SENDER);
        Answer::Ack(ack.delivered, ack.beyond)
    }

    /// Whether it has a content, shown or waiting.
    fn has(&self, seq: u64) -> bool {
        let waits = self.rows.contains_key(&HELD.key_at(SENDER.as_bytes(), seq));
        waits || self.shown.contains(&(seq, true))
    }
}

fn file(tx: &Tx<'_>, shown: &mut Vec<(u64, bool)>, seq: u64) {
    incoming::edit(tx, &SENDER, |row| row.filed += 1);
    shown.push((seq, true));
}

fn file_held(tx: &Tx<'_>, shown: &mut Vec<(u64, bool)>) {
    while let Some(content) = incoming::take_held(tx, &SENDER) {
        file(tx, shown, u64::from(content[0]));
    }
}

impl World {
    /// As `engine/outbound.rs` does: what isn't sealed is sealed and kept, and all goes out in order.
    fn serve(&mut self, mistake: Option<Mistake>) {
        let sender = &mut self.sender;
        for (seq, frame) in sender.outbox.range_mut(sender.next..) {
            if frame.is_none() || mistake == Some(Mistake::SealsAnew) {
                sender.sealings += 1;
                *frame = Some(Frame { seq: *seq, sealing: sender.sealings });
            }
            self.there.extend(*frame);
            self.left.extend(*frame);
            sender.next = seq + 1;
        }
    }

    fn write(&mut self, mistake: Option<Mistake>) {
        self.sender.written += 1;
        self.sender.outbox.insert(self.sender.written, None);
        self.serve(mistake);
    }

    fn arrive(&mut self, frame: Frame, mistake: Option<Mistake>) {
        self.receiver.take(frame, mistake);
        self.back.extend([Answer::Taken(frame.seq), self.receiver.answer()]);
    }

    fn answered(&mut self, answer: Answer, mistake: Option<Mistake>) {
        let sender = &mut self.sender;
        match answer {
            Answer::Taken(seq) => {
                sender.marks.took(seq);
            }
            Answer::Ack(delivered, beyond) => {
                let ack = Ack { delivered, beyond, read: 0, declined: Vec::new() };
                let progress = sender.marks.acknowledge(&ack, sender.written);
                let highest = ack.beyond.last().map_or(0, |(_, until)| until - 1);
                let forgets = |seq: &u64| mistake == Some(Mistake::ForgetsGaps) && *seq <= highest;
                sender.outbox.retain(|seq, _| !progress.settled.contains(seq) && !forgets(seq));
            }
        }
    }

    fn break_link(&mut self, mistake: Option<Mistake>) {
        self.there.clear();
        self.back.clear();
        if mistake != Some(Mistake::SendsOnlyOnce) {
            self.sender.next = 0;
        }
        self.serve(mistake);
        // Whatever the sender isn't known to have been told is said on the new link.
        self.back.insert(self.receiver.answer());
    }

    /// From here on nothing goes wrong: everything is shown, and known to be.
    fn ends_well(&self, mistake: Option<Mistake>) -> bool {
        let mut world = self.clone();
        world.break_link(mistake);
        for frame in world.there.clone() {
            world.arrive(frame, mistake);
        }
        for answer in world.back.clone() {
            world.answered(answer, mistake);
        }
        let all = world.sender.written;
        let shown: Vec<(u64, bool)> = (1..=all).map(|seq| (seq, true)).collect();
        world.receiver.shown == shown && world.sender.outbox.is_empty() && world.sender.marks.delivered == all
    }
}

impl Model for Walk {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.sender.written < self.messages {
            events.push(Event::Write);
        }
        events.extend((0..world.there.len()).map(Event::Arrive));
        events.extend((0..world.back.len()).map(Event::Answer));
        if world.receiver.clone().has_gap() {
            events.push(Event::Patience);
        }
        if world.breaks < self.breaks {
            events.push(Event::Break);
            events.extend((0..world.there.len()).map(Event::ArriveInVain));
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Write => next.write(self.mistake),
            Event::Arrive(index) => next.arrive(*world.there.iter().nth(index)?, self.mistake),
            Event::ArriveInVain(index) => {
                next.breaks += 1;
                next.arrive(*world.there.iter().nth(index)?, self.mistake);
                let answers = core::mem::take(&mut next.back);
                next.receiver = world.receiver.clone();
                next.break_link(self.mistake);
                if self.mistake == Some(Mistake::AcknowledgesBeforeCommit) {
                    next.back.extend(answers);
                }
            }
            Event::Answer(index) => next.answered(world.back.iter().nth(index)?.clone(), self.mistake),
            Event::Patience => {
                next.receiver.give_up_gap();
                next.back.insert(next.receiver.answer());
            }
            Event::Break => {
                next.breaks += 1;
                next.break_link(self.mistake);
            }
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |_, world: &World| {
                let numbers: BTreeSet<u64> = world.receiver.shown.iter().map(|(seq, _)| *seq).collect();
                numbers.len() == world.receiver.shown.len()
            }),
            Property::always(ORDER, |_, world: &World| {
                world.receiver.shown.is_sorted_by_key(|(seq, _)| *seq)
            }),
            Property::always(TRUE_WORD, |_, world: &World| {
                let said = |seq: &u64| world.sender.marks.state(*seq) >= State::Delivered;
                (1..=world.sender.written).filter(said).all(|seq| world.receiver.has(seq))
            }),
            Property::always(KEPT, |_, world: &World| {
                let kept = |seq| world.sender.outbox.contains_key(&seq) || world.receiver.has(seq);
                (1..=world.sender.written).all(kept)
            }),
            Property::always(SEALED_ONCE, |_, world: &World| {
                let numbers: BTreeSet<u64> = world.left.iter().map(|frame| frame.seq).collect();
                numbers.len() == world.left.len()
            }),
            Property::always(ENDS_WELL, |walk: &Self, world: &World| world.ends_well(walk.mistake)),
            Property::sometimes(LATE, |_, world: &World| world.receiver.shown.iter().any(|(_, full)| !full)),
            Property::sometimes(APART, |_, world: &World| !world.sender.marks.beyond.is_empty()),
        ]
    }
}

const ONCE: &str = "every content is shown once";
const ORDER: &str = "contents are shown in their order";
const TRUE_WORD: &str = "nothing is called delivered that the other side hasn't kept";
const KEPT: &str = "nothing is on neither side";
const SEALED_ONCE: &str = "a content is sealed once in a session";
const ENDS_WELL: &str = "once nothing goes wrong any more, everything is shown and known to be";
const LATE: &str = "something is shown as missing";
const APART: &str = "something is acknowledged behind a gap";

const WALK: Walk = Walk { messages: 4, breaks: 2, mistake: None };

#[test]
fn no_loss_order_repetition_or_crash_shows_anything_twice_out_of_order_or_not_at_all() {
    let checked = WALK.checker().threads(2).spawn_bfs().join();
    println!("{WALK:?}: {} states, {} deep", checked.unique_state_count(), checked.max_depth());
    checked.assert_properties();
    assert!(checked.is_done());
}

#[test]
fn the_checker_finds_every_mistake_in_delivery() {
    for (mistake, property) in [
        (Mistake::FilesTwice, ONCE),
        (Mistake::FilesEarly, ORDER),
        (Mistake::AcknowledgesBeforeCommit, TRUE_WORD),
        (Mistake::ForgetsGaps, KEPT),
        (Mistake::SealsAnew, SEALED_ONCE),
        (Mistake::DropsLate, ENDS_WELL),
        (Mistake::SendsOnlyOnce, ENDS_WELL),
    ] {
        let walk = Walk { mistake: Some(mistake), messages: 3, ..WALK };
        let found = HasDiscoveries::AllOf([property].into());
        let checked = walk.checker().threads(2).finish_when(found).spawn_bfs().join();
        assert!(checked.discovery(property).is_some(), "{mistake:?} wasn't found");
        println!("{mistake:?}: found within {} states", checked.unique_state_count());
    }
}
