//! Sessions against a reference model, under any order, loss and repetition.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::fixtures::{NOW, pair, rng, row};
use crate::base::limits::{EPOCH_LIFE, EPOCHS_BACK, RECEIVE_CHAINS_MAX, SKIPPED_KEY_LIFE, SPENT_CHAINS_MAX};
use crate::base::time::Time;
use crate::domain::session::ratchet::{OpenError, Session};

/// A frame under way, and where it stands in its sender's chains.
#[derive(Clone)]
struct Sent {
    frame: Vec<u8>,
    content: Vec<u8>,
    chain: usize,
    number: usize,
}

/// One direction: what was sent, and what the receiver is expected to know, in plain sets.
#[derive(Default)]
struct Way {
    sent: Vec<Sent>,
    /// How many messages each chain of the sender has.
    lengths: Vec<usize>,
    /// The epoch that each of them began in.
    epochs: Vec<u32>,
    /// The sender begins a chain with its next message.
    turns: bool,
    /// Chains that the receiver keeps, newest first, with the numbers that have opened.
    kept: Vec<(usize, BTreeSet<usize>)>,
    /// Chains whose every message has opened, newest first.
    spent: Vec<usize>,
}

impl Way {
    fn expect(&self, sent: &Sent) -> Result<Vec<u8>, OpenError> {
        if self.spent.contains(&sent.chain) {
            return Err(OpenError::Duplicate);
        }
        let newest = self.kept.first().map(|(chain, _)| *chain);
        match self.kept.iter().find(|(chain, _)| *chain == sent.chain) {
            Some((_, opened)) if opened.contains(&sent.number) => Err(OpenError::Duplicate),
            Some(_) => Ok(sent.content.clone()),
            None if newest.is_none_or(|newest| sent.chain > newest) => Ok(sent.content.clone()),
            None => Err(OpenError::Refused),
        }
    }

    /// Notes that a frame has opened; true where it began a chain.
    fn note(&mut self, sent: &Sent) -> bool {
        let begins = !self.kept.iter().any(|(chain, _)| *chain == sent.chain);
        if begins {
            self.kept.insert(0, (sent.chain, BTreeSet::new()));
        }
        if let Some((_, opened)) = self.kept.iter_mut().find(|(chain, _)| *chain == sent.chain) {
            opened.insert(sent.number);
        }
        let newest = self.kept[0].0;
        let (lengths, spent) = (&self.lengths, &mut self.spent);
        self.kept.retain(|(chain, opened)| {
            let finished = *chain != newest && opened.len() == lengths[*chain];
            if finished {
                spent.insert(0, *chain);
            }
            !finished
        });
        self.kept.truncate(RECEIVE_CHAINS_MAX);
        self.spent.truncate(SPENT_CHAINS_MAX);
        begins
    }

    /// Notes that the receiver is in this epoch.
    fn forget(&mut self, epoch: u32) {
        let epochs = &self.epochs;
        self.kept.retain(|(chain, _)| epochs[*chain] + EPOCHS_BACK >= epoch);
    }
}

#[derive(Clone, Debug)]
enum Event {
    Send(bool),
    /// From which side, and which of its frames: near the end of the list, where order matters most.
    Deliver(bool, usize),
    /// A new epoch is due.
    Wait,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        any::<bool>().prop_map(Event::Send),
        (any::<bool>(), 0..12usize).prop_map(|(side, back)| Event::Deliver(side, back)),
        (any::<bool>(), 0..2usize).prop_map(|(side, back)| Event::Deliver(side, back)),
        (any::<bool>(), 0..2usize).prop_map(|(side, back)| Event::Deliver(side, back)),
        Just(Event::Wait),
    ];
    prop::collection::vec(event, 1..240)
}

struct World {
    sides: [Session; 2],
    ways: [Way; 2],
    now: Time,
    rng: chacha20::ChaCha20Rng,
}

impl World {
    fn new() -> Self {
        let (alice, bob) = pair(1);
        // Alice's first frame came with the flight.
        let hers =
            Way { lengths: vec![1], epochs: vec![0], kept: vec![(0, BTreeSet::from([0]))], ..Way::default() };
        Self {
            sides: [alice, bob],
            ways: [hers, Way { turns: true, ..Way::default() }],
            now: NOW,
            rng: rng(9),
        }
    }

    fn send(&mut self, from: usize) {
        let content = format!("{from} {}", self.ways[from].sent.len()).into_bytes();
        let frame = self.sides[from].seal(&content, self.now, &mut self.rng).unwrap();
        let way = &mut self.ways[from];
        if core::mem::take(&mut way.turns) {
            way.lengths.push(0);
            way.epochs.push(self.sides[from].epoch());
        }
        let chain = way.lengths.len() - 1;
        way.sent.push(Sent { frame, content, chain, number: way.lengths[chain] });
        way.lengths[chain] += 1;
        // A root step of the sender may have begun an epoch, and with it the end of old chains.
        let epoch = self.sides[from].epoch();
        self.ways[1 - from].forget(epoch);
    }

    fn deliver(&mut self, from: usize, back: usize) -> Result<(), TestCaseError> {
        let Some(index) = self.ways[from].sent.len().checked_sub(back + 1) else { return Ok(()) };
        let sent = self.ways[from].sent[index].clone();
        let receiver = &mut self.sides[1 - from];
        let before = row(receiver);
        let opened = receiver.open(&sent.frame, self.now);
        prop_assert_eq!(row(receiver), before, "opening changes nothing");
        let content = opened.as_ref().map(|opened| opened.content.to_vec()).map_err(|error| *error);
        prop_assert_eq!(&content, &self.ways[from].expect(&sent));
        if let Ok(opened) = opened {
            prop_assert!(!opened.rolled_back);
            prop_assert!(receiver.install(opened.advance));
            if self.ways[from].note(&sent) {
                self.ways[1 - from].turns = true;
                // Whoever opens a chain is in its epoch, neither ahead of nor behind whoever began it.
                prop_assert_eq!(receiver.epoch(), self.ways[from].epochs[sent.chain]);
            }
            self.ways[from].forget(receiver.epoch());
        }
        // A row that was stored and read back is the same session.
        let stored = row(receiver);
        *receiver = postcard::from_bytes(&stored).unwrap();
        prop_assert_eq!(row(receiver), stored);
        let [alice, bob] = self.sides.each_ref().map(Session::epoch);
        prop_assert!(alice.abs_diff(bob) <= 1);
        Ok(())
    }

    /// Sends and delivers both ways, nothing lost, until both sides are in a later epoch than either was.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        let before = self.sides.iter().map(Session::epoch).max().unwrap_or(0);
        for turn in 0..12 {
            self.now = self.now.plus(EPOCH_LIFE);
            self.send(turn % 2);
            self.deliver(turn % 2, 0)?;
        }
        prop_assert!(self.sides.iter().all(|side| side.epoch() > before));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sessions_do_what_the_model_says_under_reorder_loss_and_repetition(events in events()) {
        let mut world = World::new();
        for event in events {
            match event {
                Event::Send(from) => world.send(usize::from(from)),
                Event::Deliver(from, back) => world.deliver(usize::from(from), back)?,
                // The model knows no ages: whatever is late comes within the life of its key.
                Event::Wait => world.now = NOW.plus(SKIPPED_KEY_LIFE / 2).min(world.now.plus(EPOCH_LIFE)),
            }
        }
        // Whatever happened, the epochs go on as soon as messages go both ways again.
        world.settle()?;
    }

    #[test]
    fn epochs_advance_in_conversation_whatever_is_lost(
        rounds in prop::collection::vec((1..4usize, 0..3usize, 1..4usize, 0..3usize), 40..60)
    ) {
        let mut world = World::new();
        let mut advances = 0;
        for (hers, hers_lost, his, his_lost) in rounds {
            let before = world.sides[0].epoch();
            world.now = world.now.plus(EPOCH_LIFE / 8);
            for (from, count, lost) in [(0, hers, hers_lost), (1, his, his_lost)] {
                (0..count).for_each(|_| world.send(from));
                (0..count.saturating_sub(lost)).try_for_each(|back| world.deliver(from, back))?;
            }
            advances += world.sides[0].epoch() - before;
        }
        // Five to seven days of conversation.
        prop_assert!(advances >= 1, "{advances}");
        world.settle()?;
    }

    #[test]
    fn one_way_traffic_goes_on_over_days_though_nothing_comes_back(lost in prop::collection::vec(any::<bool>(), 80)) {
        let mut world = World::new();
        for lost in lost {
            world.now = world.now.plus(EPOCH_LIFE);
            world.send(0);
            if !lost {
                world.deliver(0, 0)?;
            }
        }
        prop_assert_eq!(world.sides.each_ref().map(Session::epoch), [0, 0]);
        world.settle()?;
    }

    #[test]
    fn messages_of_one_way_open_in_any_order(order in Just((0..40usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut world = World::new();
        (0..40).for_each(|_| world.send(0));
        for back in order {
            world.deliver(0, back)?;
        }
        prop_assert_eq!(world.sides[1].skipped(), 0);
        prop_assert_eq!(world.sides[1].opened(), 41);
    }
}
