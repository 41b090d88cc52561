//! What holds in every small world, whatever goes wrong in it.

use core::time::Duration;
use std::collections::BTreeSet;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind::Person;
use crate::base::limits;
use crate::domain::chat::delivery::State;
use crate::domain::chat::timeline::Notice;
use crate::domain::identity::{address, invite};
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome};
use crate::engine::view::{self, EntryView};
use crate::sim::world::{Faults, World};
use crate::store::table::Reader;

mod apart;
mod backup;
mod heard;
mod lives;
mod prekeys;
mod rest;
mod rollback;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Two persons who are contacts.
pub(super) fn friends(seed: u64) -> (World, AccountId, AccountId) {
    let mut world = World::new(seed, &[Person, Person]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(1, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    world.run(MINUTE);
    let (ana, bento) = (world.peers[0].account(), world.peers[1].account());
    (world, ana, bento)
}

pub(super) fn history(world: &World, peer: usize, with: &AccountId) -> Vec<EntryView> {
    let safe = world.peers[peer].disk.safe();
    let entries = view::history(&Reader::new(&safe), with, None, 10_000);
    entries.into_iter().filter(|entry| !matches!(entry.body, BodyView::Notice { .. })).collect()
}

/// Whether a session had to be made anew.
fn is_remade(world: &World, peer: usize, with: &AccountId) -> bool {
    let safe = world.peers[peer].disk.safe();
    let entries = view::history(&Reader::new(&safe), with, None, 10_000);
    let remade = BodyView::Notice { notice: Notice::SessionRemade };
    entries.iter().any(|entry| entry.body == remade)
}

pub(super) fn texts(entries: &[EntryView], direction: &str) -> Vec<String> {
    let texts = entries.iter().filter(|entry| entry.direction == direction).map(|entry| match &entry.body {
        BodyView::Text { text } => text.clone(),
        other => format!("{other:?}"),
    });
    texts.collect()
}

pub(super) fn say(world: &mut World, peer: usize, to: AccountId, text: &str) -> bool {
    matches!(world.ask(peer, Command::Send { to, text: text.into() }), Some(Ok(_)))
}

#[test]
fn writing_much_to_somebody_who_is_away_does_not_put_off_the_next_attempt() {
    let (mut world, ana, bento) = friends(3);
    world.leave(1);
    let all: Vec<String> = (1..=8).map(|number| number.to_string()).collect();
    for text in &all {
        assert!(say(&mut world, 0, bento, text));
        world.run(Duration::from_millis(100));
    }
    world.come_back();
    world.run(Duration::from_secs(5));
    assert_eq!(texts(&history(&world, 1, &ana), "in"), all);
}

#[test]
fn messages_lost_with_their_link_by_the_hundred_come_again_in_the_same_session() {
    let (mut world, ana, bento) = friends(5);
    let all: Vec<String> = (1..=900).map(|number| number.to_string()).collect();
    for text in &all {
        world.command(0, Command::Send { to: bento, text: text.clone() });
    }
    // They have left, and none has arrived.
    let before = world.sent.len();
    while world.sent.len() < before + limits::FLIGHT_WINDOW - 10 {
        world.run(Duration::from_millis(1));
    }
    world.crash(1);
    world.run(5 * MINUTE);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), all);
    assert!(!is_remade(&world, 0, &bento) && !is_remade(&world, 1, &ana));
}

#[test]
fn a_name_that_looks_like_the_address_of_somebody_else_names_nobody() {
    let (mut world, ana, bento) = friends(6);
    let addresses = [ana, bento].map(|account| address::encode(&account));
    assert!(world.ask(1, Command::Rename { contact: ana, name: addresses[1][..20].into() }).unwrap().is_ok());
    let safe = world.peers[1].disk.safe();
    let rows = Reader::new(&safe);
    assert_eq!(view::resolve(&rows, &addresses[0][..20].to_uppercase()), Ok(ana));
    assert_eq!(view::resolve(&rows, &addresses[1][..20]), Err(0));
    assert_eq!(view::resolve(&rows, &addresses[0][..11]), Err(0), "too short to name anybody");
}

#[test]
fn an_invite_makes_two_people_contacts_and_they_talk_both_ways() {
    let (mut world, ana, bento) = friends(1);
    assert!(say(&mut world, 0, bento, "oi Bento"));
    assert!(say(&mut world, 1, ana, "oi Ana"));
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["oi Ana"]);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["oi Bento"]);
    let delivered = |entries: Vec<EntryView>| {
        entries.iter().filter(|entry| entry.direction == "out").all(|e| e.state == Some(State::Delivered))
    };
    assert!(delivered(history(&world, 0, &bento)) && delivered(history(&world, 1, &ana)));
    assert!(world.ask(1, Command::MarkRead(ana, None)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(history(&world, 0, &bento)[0].state, Some(State::Read));
}

#[test]
fn what_is_read_up_to_a_message_leaves_unread_what_came_after_it() {
    let (mut world, ana, bento) = friends(310);
    for text in ["one", "two", "three"] {
        assert!(say(&mut world, 0, bento, text));
        world.run(MINUTE);
    }
    let unread = |world: &World| {
        let safe = world.peers[1].disk.safe();
        view::conversations(&Reader::new(&safe))[0].unread
    };
    let states = |world: &World| -> Vec<State> {
        history(world, 0, &bento).into_iter().filter_map(|entry| entry.state).collect()
    };
    let place = |world: &World, text: &str| {
        let entries = history(world, 1, &ana).into_iter();
        let is_it = |entry: &EntryView| entry.body == BodyView::Text { text: text.into() };
        entries.filter(is_it).map(|entry| entry.position).next().unwrap()
    };
    let read = |world: &mut World, text: &str| {
        let upto = Some(place(world, text));
        assert!(world.ask(1, Command::MarkRead(ana, upto)).unwrap().is_ok());
        world.run(MINUTE);
    };
    assert_eq!(unread(&world), 3);
    read(&mut world, "two");
    assert_eq!((unread(&world), states(&world)), (1, vec![State::Read, State::Read, State::Delivered]));
    read(&mut world, "one");
    assert_eq!((unread(&world), states(&world)), (1, vec![State::Read, State::Read, State::Delivered]));
    assert!(say(&mut world, 0, bento, "four"));
    world.run(MINUTE);
    assert_eq!(unread(&world), 2);
    read(&mut world, "four");
    assert_eq!((unread(&world), states(&world)), (0, vec![State::Read; 4]));
}

#[test]
fn no_frame_on_the_wire_shows_what_was_said() {
    let (mut world, ana, bento) = friends(2);
    let secret = "the vault opens at nine, tell nobody";
    assert!(say(&mut world, 0, bento, secret) && say(&mut world, 1, ana, secret));
    world.run(MINUTE);
    assert!(world.sent.len() > 3);
    for (_, _, frame) in &world.sent {
        assert!(!frame.windows(12).any(|window| secret.as_bytes().windows(12).any(|part| part == window)));
    }
}

#[test]
fn an_invite_is_good_for_one_person_only() {
    let mut world = World::new(3, &[Person, Person, Person]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    for peer in [1, 2] {
        let invite = invite::decode(&text).unwrap();
        assert!(world.ask(peer, Command::Accept { invite, name: None }).unwrap().is_ok());
        world.run(MINUTE);
    }
    let safe = world.peers[0].disk.safe();
    assert_eq!(view::contacts(&Reader::new(&safe)).len(), 1, "the token was used up");
}

#[test]
fn a_restored_identity_talks_again_with_those_who_knew_it() {
    let (mut world, ana, bento) = friends(4);
    assert!(say(&mut world, 0, bento, "before") && say(&mut world, 1, ana, "before, too"));
    world.run(MINUTE);
    world.restore(0);
    assert!(say(&mut world, 1, ana, "are you there?"));
    world.run(MINUTE);
    assert_eq!(world.peers[0].account(), ana, "the phrase brings the same identity back");
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(1, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(0, Command::Accept { invite, name: None }).unwrap().is_ok());
    assert!(say(&mut world, 0, bento, "on a new telephone"));
    world.run(30 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["are you there?"]);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["before", "on a new telephone"]);
    let settled =
        |entries: Vec<EntryView>| entries.iter().all(|e| e.state.is_none_or(|s| s >= State::Delivered));
    assert!(settled(history(&world, 1, &ana)) && settled(history(&world, 0, &bento)));
}

/// Whatever breaks, what was accepted is shown once, in order, and each state is backed by the other side's disk.
fn story(seed: u64, faults: Faults) {
    let (mut world, ana, bento) = friends(seed);
    world.faults = faults;
    let mut accepted = [Vec::new(), Vec::new()];
    for round in 0..40 {
        for (peer, to) in [(0, bento), (1, ana)] {
            let text = format!("{peer}:{round}");
            if say(&mut world, peer, to, &text) {
                accepted[peer].push(text);
            }
        }
        world.run(Duration::from_millis(20));
    }
    world.faults = Faults::default();
    world.run(90 * MINUTE);
    for (peer, other, own_view, their_view) in [(0, 1, bento, ana), (1, 0, ana, bento)] {
        let (ours, theirs) = (history(&world, peer, &own_view), history(&world, other, &their_view));
        assert!(!is_remade(&world, peer, &own_view), "seed {seed}: a session was broken");
        let arrived = texts(&theirs, "in");
        let unique: BTreeSet<&String> = arrived.iter().collect();
        assert_eq!(unique.len(), arrived.len(), "seed {seed}: something is shown twice: {arrived:?}");
        assert_eq!(arrived, texts(&ours, "out"), "seed {seed}: lost, or out of order");
        // A command whose answer was lost in a crash may have been stored or not; one that was answered was stored.
        let missing: Vec<_> = accepted[peer].iter().filter(|text| !unique.contains(text)).collect();
        assert!(missing.is_empty(), "seed {seed}: accepted and never shown: {missing:?}");
        let behind: Vec<_> =
            ours.iter().filter(|e| e.direction == "out" && e.state != Some(State::Delivered)).collect();
        assert!(behind.is_empty(), "seed {seed}: not delivered: {behind:?}");
    }
}

#[test]
fn nothing_is_lost_repeated_or_out_of_order_when_links_break() {
    for seed in 10..16 {
        story(seed, Faults { broken: 15, ..Faults::default() });
    }
}

#[test]
fn nothing_is_lost_repeated_or_out_of_order_when_frames_come_twice_and_late() {
    for seed in 20..26 {
        story(seed, Faults { repeated: 30, reordered: 30, ..Faults::default() });
    }
}

#[test]
fn nothing_is_lost_repeated_or_out_of_order_when_nodes_crash_and_forget_the_unsynced() {
    for seed in 30..36 {
        story(seed, Faults { crashes: 4, ..Faults::default() });
    }
}

#[test]
fn nothing_is_lost_repeated_or_out_of_order_when_everything_goes_wrong_at_once() {
    for seed in 40..50 {
        story(seed, Faults { broken: 10, repeated: 20, reordered: 20, crashes: 3 });
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let tell = || {
        let (mut world, _, bento) = friends(7);
        world.faults = Faults { broken: 10, repeated: 20, reordered: 20, crashes: 3 };
        (0..10).for_each(|i| {
            say(&mut world, 0, bento, &i.to_string());
        });
        world.run(10 * MINUTE);
        world.sent
    };
    assert_eq!(tell(), tell());
}

#[test]
fn a_node_that_is_off_stays_off_whatever_happens_to_its_clock_and_disk() {
    let (mut world, ana, _) = friends(3);
    assert!(say(&mut world, 1, ana, "good night"));
    world.stop(1);
    let starts = world.peers[1].starts;
    world.peers[1].full_until = world.now.plus(60 * MINUTE);
    world.set_clock(1, 60 * 60 * 1_000);
    world.command(1, Command::Invite);
    world.run(48 * 60 * MINUTE);
    assert!(!world.peers[1].on);
    assert_eq!(world.peers[1].starts, starts, "nothing that it did failed it, since it did nothing");
    assert_eq!(world.peers[1].disk.waiting(), 0);
}
