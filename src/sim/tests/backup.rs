//! A node that was brought back from a backup, while those whom it wrote to went on.

use core::time::Duration;

use super::{MINUTE, friends, history, say, texts};
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::limits;
use crate::domain::chat::delivery::State;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::session::rows::SESSIONS;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::view::EntryView;
use crate::sim::device_tests::{all, four};
use crate::sim::world::{Faults, World};
use crate::store::table::{Reader, Rows as _};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How many entries are shown as missing.
fn missing(world: &World, peer: usize, with: &AccountId) -> usize {
    history(world, peer, with).iter().filter(|entry| entry.body == BodyView::Missing).count()
}

/// The texts that came.
fn said(world: &World, peer: usize, with: &AccountId) -> Vec<String> {
    let mut entries = history(world, peer, with);
    entries.retain(|entry| entry.body != BodyView::Missing);
    texts(&entries, "in")
}

fn states(world: &World, peer: usize, with: &AccountId) -> Vec<State> {
    history(world, peer, with).iter().filter_map(|entry: &EntryView| entry.state).collect()
}

/// How much was sealed in all sessions of a node.
fn sealed(world: &World, peer: usize) -> Vec<(Vec<u8>, u64)> {
    let safe = world.peers[peer].disk.safe();
    let rows = Reader::new(&safe).scan(&SESSIONS, &SESSIONS.all());
    rows.iter().map(|(key, session)| (key.id.to_vec(), u64::from(session.sealed()))).collect()
}

#[test]
fn nothing_is_sent_twice_nothing_new_is_lost_and_no_session_of_before_seals() {
    let (mut world, ana, bento) = friends(80);
    assert!(say(&mut world, 0, bento, "one") && say(&mut world, 1, ana, "uno"));
    world.run(MINUTE);
    let backup = world.back_up(0);
    let before = sealed(&world, 0);
    for number in 0..20 {
        assert!(say(&mut world, 0, bento, &format!("since {number}")));
        assert!(say(&mut world, 1, ana, &format!("desde {number}")));
    }
    world.run(MINUTE);
    world.bring_back(0, backup);
    assert_eq!(texts(&history(&world, 0, &bento), "out"), ["one"], "what came since isn't in it");
    // The first word is the other side's, in a session that went on without us; then ours.
    assert!(say(&mut world, 1, ana, "hello?"));
    world.run(MINUTE);
    assert!(say(&mut world, 0, bento, "here again"));
    assert!(say(&mut world, 0, bento, "and again"));
    world.run(HOUR);
    let heard = texts(&history(&world, 1, &ana), "in");
    let since: Vec<String> = (0..20).map(|number| format!("since {number}")).collect();
    assert_eq!(heard, [&["one".to_owned()][..], &since, &["here again".into(), "and again".into()]].concat());
    assert_eq!(missing(&world, 1, &ana), 0, "the numbers that were passed over aren't waited for");
    assert_eq!(said(&world, 0, &bento), ["uno", "hello?"]);
    assert_eq!(missing(&world, 0, &bento), 20, "what came to the life before is shown as missing");
    assert_eq!(states(&world, 0, &bento), [State::Delivered; 3]);
    assert_eq!(states(&world, 1, &ana), [State::Delivered; 22]);
    for (id, count) in &before {
        let now = sealed(&world, 0).into_iter().find(|(known, _)| known == id);
        assert!(now.is_none_or(|(_, now)| now == *count), "a session of before sealed");
    }
}

#[test]
fn what_waited_in_the_backup_is_sent_and_shown_once_whether_it_had_arrived_or_not() {
    for arrives in [true, false] {
        let (mut world, ana, bento) = friends(81);
        assert!(say(&mut world, 0, bento, "before"));
        world.run(MINUTE);
        world.stop(1);
        assert!(say(&mut world, 0, bento, "waits"));
        let backup = world.back_up(0);
        if arrives {
            world.start(1);
            world.run(HOUR);
            assert!(say(&mut world, 0, bento, "since"));
            world.run(MINUTE);
        } else {
            world.start(1);
        }
        world.bring_back(0, backup);
        assert!(say(&mut world, 0, bento, "after"));
        world.run(HOUR);
        let since: &[&str] = if arrives { &["since"] } else { &[] };
        assert_eq!(
            texts(&history(&world, 1, &ana), "in"),
            [&["before", "waits"][..], since, &["after"]].concat()
        );
        assert_eq!(states(&world, 0, &bento), [State::Delivered; 3]);
        assert_eq!(missing(&world, 1, &ana), 0);
    }
}

#[test]
fn a_backup_can_be_brought_back_again_and_again_over_a_bad_network() {
    let (mut world, ana, bento) = friends(82);
    world.faults = Faults { broken: 5, repeated: 20, reordered: 40, ..Faults::default() };
    let backup = world.back_up(0);
    let mut said = Vec::new();
    // Of the sessions that are made each time the other side keeps so many, the first one among them.
    for life in 0..limits::ARCHIVED_SESSIONS_MAX {
        for number in 0..10 {
            let text = format!("{life}:{number}");
            assert!(say(&mut world, 0, bento, &text));
            said.push(text);
            world.run(Duration::from_millis(20));
        }
        world.run(HOUR);
        // Each time from the copy that was made of the life before, or from the first one of all.
        let again = if life % 2 == 0 { world.back_up(0) } else { backup.clone() };
        world.bring_back(0, again);
        world.run(MINUTE);
    }
    world.faults = Faults::default();
    world.run(2 * HOUR);
    assert!(say(&mut world, 0, bento, "at last"));
    world.run(HOUR);
    said.push("at last".into());
    assert_eq!(texts(&history(&world, 1, &ana), "in"), said);
}

#[test]
fn whoever_went_on_in_a_session_that_the_backup_doesnt_know_is_heard_without_a_word_from_here() {
    let (mut world, ana, bento) = friends(85);
    assert!(say(&mut world, 0, bento, "one") && say(&mut world, 1, ana, "uno"));
    world.run(MINUTE);
    let backup = world.back_up(0);
    // A life between makes another session, in which Bento goes on.
    let between = world.back_up(0);
    world.bring_back(0, between);
    assert!(say(&mut world, 0, bento, "two"));
    world.run(MINUTE);
    assert!(say(&mut world, 1, ana, "dos"));
    world.run(MINUTE);
    assert_eq!(said(&world, 0, &bento), ["uno", "dos"]);
    world.bring_back(0, backup);
    assert!(say(&mut world, 1, ana, "tres"));
    world.run(HOUR);
    assert_eq!(said(&world, 0, &bento), ["uno", "tres"]);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["one", "two"]);
    assert_eq!(states(&world, 1, &ana), [State::Delivered; 3]);
}

#[test]
fn the_other_devices_of_both_sides_go_on_too() {
    let (mut world, ana, bento) = four(83);
    assert!(say(&mut world, 0, bento, "zero"));
    world.run(MINUTE);
    let backup = world.back_up(0);
    for text in ["one", "two"] {
        assert!(say(&mut world, 0, bento, text));
        world.run(MINUTE);
    }
    world.bring_back(0, backup);
    world.run(MINUTE);
    assert!(say(&mut world, 0, bento, "three"));
    assert!(say(&mut world, 1, ana, "four"));
    assert!(say(&mut world, 3, ana, "five"));
    world.run(3 * HOUR);
    for peer in [1, 3] {
        let shown = texts(&history(&world, peer, &ana), "in");
        assert_eq!(shown, ["zero", "one", "two", "three"], "on {peer}");
    }
    let mut sibling = all(&world, 2, &bento);
    sibling.sort();
    assert_eq!(sibling, ["five", "four", "one", "three", "two", "zero"], "Ana's other device has it all");
    let mut here = all(&world, 0, &bento);
    here.sort();
    assert_eq!(here, ["five", "four", "three", "zero"]);
}

#[test]
fn a_business_says_and_issues_nothing_before_it_knows_what_it_had_published() {
    let mut world = World::new(84, &[Business, Person, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft.clone()))).unwrap().is_ok());
    world.run(MINUTE);
    let backup = world.back_up(0);
    // It publishes anew, under a higher number.
    let draft = ProfileDraft { hours: "Mo-Sa".into(), ..draft };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let published = world.ask(0, Command::Publish).unwrap();
    let Ok(Outcome::Published { seq: known, .. }) = published else { panic!("{published:?}") };
    world.bring_back(0, backup);
    world.run(MINUTE);
    assert!(matches!(world.ask(0, Command::Publish), Some(Err(Refusal::Unreconciled))));
    assert!(matches!(
        world.ask(0, Command::Reconcile { force: false, from: None }),
        Some(Ok(Outcome::Reconciled { .. }))
    ));
    world.run(MINUTE);
    let published = world.ask(0, Command::Publish).unwrap();
    let Ok(Outcome::Published { seq, .. }) = published else { panic!("{published:?}") };
    assert!(seq > known, "{seq} after {known}");
}
