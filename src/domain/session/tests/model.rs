//! Sessions against a reference model, under any order, loss and repetition.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::fixtures::{NOW, pair, rng, row};
use crate::base::limits::{RECEIVE_CHAINS_MAX, SPENT_CHAINS_MAX};
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
}

#[derive(Clone, Debug)]
enum Event {
    Send(bool),
    /// From which side, and which of its frames: near the end of the list, where order matters most.
    Deliver(bool, usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        any::<bool>().prop_map(Event::Send),
        (any::<bool>(), 0..12usize).prop_map(|(side, back)| Event::Deliver(side, back)),
        (any::<bool>(), 0..2usize).prop_map(|(side, back)| Event::Deliver(side, back)),
    ];
    prop::collection::vec(event, 1..160)
}

struct World {
    sides: [Session; 2],
    ways: [Way; 2],
    rng: chacha20::ChaCha20Rng,
}

impl World {
    fn new() -> Self {
        let (alice, bob) = pair(1);
        // Alice's first frame came with the flight.
        let hers = Way { lengths: vec![1], kept: vec![(0, BTreeSet::from([0]))], ..Way::default() };
        Self { sides: [alice, bob], ways: [hers, Way { turns: true, ..Way::default() }], rng: rng(9) }
    }

    fn send(&mut self, from: usize) {
        let content = format!("{from} {}", self.ways[from].sent.len()).into_bytes();
        let frame = self.sides[from].seal(&content, NOW, &mut self.rng).unwrap();
        let way = &mut self.ways[from];
        if core::mem::take(&mut way.turns) {
            way.lengths.push(0);
        }
        let chain = way.lengths.len() - 1;
        way.sent.push(Sent { frame, content, chain, number: way.lengths[chain] });
        way.lengths[chain] += 1;
    }

    fn deliver(&mut self, from: usize, back: usize) -> Result<(), TestCaseError> {
        let Some(index) = self.ways[from].sent.len().checked_sub(back + 1) else { return Ok(()) };
        let sent = self.ways[from].sent[index].clone();
        let receiver = &mut self.sides[1 - from];
        let before = row(receiver);
        let opened = receiver.open(&sent.frame, NOW);
        prop_assert_eq!(row(receiver), before, "opening changes nothing");
        let content = opened.as_ref().map(|opened| opened.content.to_vec()).map_err(|error| *error);
        prop_assert_eq!(&content, &self.ways[from].expect(&sent));
        if let Ok(opened) = opened {
            prop_assert!(!opened.rolled_back);
            prop_assert!(receiver.install(opened.advance));
            if self.ways[from].note(&sent) {
                self.ways[1 - from].turns = true;
            }
        }
        // A row that was stored and read back is the same session.
        let stored = row(receiver);
        *receiver = postcard::from_bytes(&stored).unwrap();
        prop_assert_eq!(row(receiver), stored);
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
            }
        }
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
