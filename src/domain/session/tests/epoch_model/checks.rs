//! What holds in every state of the epochs, and that the checker sees it where it doesn't.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model, Property};

use super::side::{Message, Mistake};
use super::symbols::Payload;
use super::world::{Walk, World};
use crate::base::limits;
use crate::domain::session::quantum::Slot;

const SAME_SECRET: &str = "both sides hold the same secret of an epoch";
const ONE_SECRET: &str = "a side never holds two secrets of an epoch";
const NONE_SKIPPED: &str = "no epoch is skipped";
const UNDERSTOOD: &str = "honest messages are understood";
const GOES_ON: &str = "an exchange finishes once messages arrive again";
const ONE_WAY: &str = "one-way traffic never blocks";
const FORGERY: &str = "what is forged without the authenticator changes nothing";
const FAR: &str = "both sides get to the second epoch";
const FORGOT: &str = "a crash forgets something";

/// Round trips within which the next epoch is reached, whatever happened before.
const ROUND_TRIPS: usize = 3;

pub(super) fn properties() -> Vec<Property<Walk>> {
    vec![
        Property::always(SAME_SECRET, |_, world: &World| {
            let [one, other] = &world.parties;
            one.known.iter().all(|(epoch, secret)| {
                other.known.iter().all(|(also, theirs)| epoch != also || secret == theirs)
            })
        }),
        Property::always(ONE_SECRET, |_, world: &World| {
            world.parties.iter().all(|party| {
                let epochs: BTreeSet<u32> = party.known.iter().map(|(epoch, _)| *epoch).collect();
                epochs.len() == party.known.len()
            })
        }),
        Property::always(NONE_SKIPPED, |_, world: &World| {
            world.parties.iter().all(|party| {
                let epochs = party.side.entered.iter().map(|(epoch, _)| *epoch);
                epochs.eq(1..=party.side.epoch())
            }) && world.parties[0].side.epoch().abs_diff(world.parties[1].side.epoch()) <= 1
        }),
        Property::always(UNDERSTOOD, |_, world: &World| world.misunderstood.is_none()),
        Property::always(GOES_ON, |_, world: &World| [true, false].iter().all(|kept| goes_on(world, *kept))),
        Property::always(ONE_WAY, |_, world: &World| [0, 1].iter().all(|from| flows(world, *from))),
        Property::always(FORGERY, |_, world: &World| [0, 1].iter().all(|to| forged_in_vain(world, *to))),
        Property::sometimes(FAR, |_, world: &World| {
            world.parties.iter().all(|party| party.side.epoch() >= 2)
        }),
        Property::sometimes(FORGOT, |_, world: &World| world.forgot),
    ]
}

/// Everything under way is lost, both sides have just committed or crashed, and from now on all goes well.
fn goes_on(world: &World, kept: bool) -> bool {
    if world.misunderstood.is_some() {
        return true;
    }
    let mut world = calm(world, kept);
    let before = world.parties.iter().map(|party| party.side.epoch()).max();
    for from in [0, 1].repeat(ROUND_TRIPS) {
        let message = world.seal(from);
        world.open(1 - from, &message);
    }
    let after = world.parties.iter().map(|party| party.side.epoch()).min();
    world.misunderstood.is_none() && after > before
}

/// One side writes and hears nothing: whatever the first messages carry, and were they lost, the last is understood.
fn flows(world: &World, from: usize) -> bool {
    if world.misunderstood.is_some() {
        return true;
    }
    let mut world = calm(world, true);
    let messages: Vec<Message> = (0..4).map(|_| world.seal(from)).collect();
    let mut lossy = world.clone();
    lossy.open(1 - from, &messages[3]);
    messages.iter().chain([&messages[0]]).for_each(|message| world.open(1 - from, message));
    world.misunderstood.is_none() && lossy.misunderstood.is_none()
}

fn calm(world: &World, kept: bool) -> World {
    let mut calm = world.clone();
    for of in [0, 1] {
        if kept { calm.commit(of) } else { calm.crash(of) }
    }
    calm.under_way.iter_mut().for_each(BTreeSet::clear);
    calm
}

/// Somebody who knows all that ever left, and all keys but the authenticators, puts slots into frames.
fn forged_in_vain(world: &World, to: usize) -> bool {
    let side = &world.parties[to].side;
    let heard: Vec<&Message> = world.under_way.iter().flatten().collect();
    let seen: BTreeSet<&Payload> = heard.iter().filter_map(|message| message.payload()).collect();
    let mut payloads: BTreeSet<Payload> = seen.iter().copied().cloned().collect();
    for payload in &seen {
        let (Payload::Key { key, proof } | Payload::Ciphertext { to: key, proof, .. }) = **payload;
        let proofs = [0, proof];
        payloads.extend(proofs.map(|proof| Payload::Key { key: 666, proof }));
        payloads.extend(proofs.map(|proof| Payload::Ciphertext { to: key, made: 666, proof }));
    }
    payloads.insert(Payload::Key { key: 666, proof: 0 });
    let genuine = |epoch: u32, payload: &Payload| {
        let from_the_other = &world.under_way[to];
        from_the_other.iter().any(|message| message.epoch() == epoch && message.payload() == Some(payload))
    };
    let first = side.epoch().saturating_sub(limits::EPOCHS_BACK);
    (first..=side.epoch() + 1).all(|epoch| {
        payloads.iter().filter(|payload| !genuine(epoch, payload)).all(|payload| {
            let slots = [Slot::Offer(payload.clone()), Slot::Answer(payload.clone())];
            slots.into_iter().all(|slot| !matches!(side.heed(epoch, slot), Ok(Some(_))))
        })
    })
}

/// Every message and crash that the walks of the tests are bounded by.
const WALK: Walk = Walk { messages: 4, crashes: 1, mistake: None };
/// A walk that takes more than a minute.
const LONG_WALK: Walk = Walk { messages: 5, crashes: 1, mistake: None };

/// Walks to the end and returns how many states there were.
fn all_hold(walk: Walk) -> usize {
    let checked = walk.checker().threads(2).spawn_bfs().join();
    checked.assert_properties();
    assert!(checked.is_done());
    println!("{walk:?}: {} states, {} deep", checked.unique_state_count(), checked.max_depth());
    checked.unique_state_count()
}

#[test]
fn no_loss_order_repetition_or_crash_leads_two_sides_apart() {
    assert!(all_hold(WALK) > 40_000, "so many there were when this was written");
}

#[test]
#[ignore = "takes more than a minute: a longer conversation"]
fn nor_does_it_in_a_longer_conversation() {
    assert!(all_hold(LONG_WALK) > 200_000, "so many there were when this was written");
}

#[test]
fn the_checker_finds_every_seeded_mistake() {
    for (mistake, property) in [
        (Mistake::LeavesBeforeCommit, SAME_SECRET),
        (Mistake::AnswersAnew, ONE_SECRET),
        (Mistake::CountsTwice, NONE_SKIPPED),
        (Mistake::AnswererBegins, UNDERSTOOD),
        (Mistake::SaysItOnce, GOES_ON),
        (Mistake::RefusesRepeats, ONE_WAY),
        (Mistake::ProofsUnread, FORGERY),
    ] {
        let walk = Walk { mistake: Some(mistake), messages: 3, ..WALK };
        let found = HasDiscoveries::AllOf([property].into());
        let checked = walk.checker().threads(2).finish_when(found).spawn_bfs().join();
        assert!(checked.discovery(property).is_some(), "{mistake:?} wasn't found");
        println!("{mistake:?}: found within {} states", checked.unique_state_count());
    }
}
