//! Whole simulated lives, and the bugs that the oracle finds in them.

use core::time::Duration;

use crate::base::id::AccountId;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::domain::chat::timeline::{Body, PAGES};
use crate::domain::mailbox::queue::QUEUES;
use crate::domain::session::rows::PREKEYS;
use crate::engine::input::Input;
use crate::sim::bug::Bug;
use crate::sim::mail::Malice;
use crate::sim::run::{Report, Run, Scenario};
use crate::sim::script::Fate;
use crate::sim::workload::Workload;
use crate::sim::world::World;
use crate::store::table::Rows as _;
use crate::store::tx::Tx;

fn live(scenario: Scenario) -> Report {
    let mut run = Run::new(scenario).unwrap();
    while run.day() {}
    run.finish()
}

fn small(seed: u64, workload: Workload) -> Scenario {
    Scenario { seed, nodes: 5, days: 2, workload }
}

#[test]
fn every_workload_holds_every_rule() {
    // How much a small world leaves at mailboxes is a matter of chance: together they leave enough.
    let mut kept = 0;
    for (seed, workload) in
        [Workload::Chat, Workload::Business, Workload::Asleep, Workload::Mixed].into_iter().enumerate()
    {
        let report = live(small(seed as u64 + 1, workload));
        assert_eq!(report.violations, Vec::<String>::new(), "{report:#?}");
        assert!(report.messages > 20 && report.shown > 0 && report.changed > 0, "{report:#?}");
        kept += report.kept;
    }
    assert!(kept > 40, "{kept}");
}

#[test]
fn a_shop_that_answers_by_itself_keeps_every_rule() {
    let mut run = Run::new(Scenario { seed: 21, nodes: 8, days: 4, workload: Workload::Business }).unwrap();
    while run.day() {}
    let by_itself = run.oracle.by_itself;
    let report = run.finish();
    assert_eq!(report.violations, Vec::<String>::new(), "{report:#?}");
    assert!(by_itself > 10 && report.messages > by_itself, "{by_itself} of {}", report.messages);
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let (one, other) = (live(small(7, Workload::Mixed)), live(small(7, Workload::Mixed)));
    assert_eq!(one, other);
    assert_ne!(one.trace, live(small(8, Workload::Mixed)).trace);
}

/// What the oracle finds in a life in which something is wrong, either from its beginning or at its end.
fn found(
    workload: Workload,
    wrong: impl FnOnce(&mut World),
    at_the_end: impl FnOnce(&mut World),
) -> Vec<String> {
    let mut run = Run::new(small(9, workload)).unwrap();
    wrong(&mut run.world);
    while run.day() {}
    run.quiet();
    at_the_end(&mut run.world);
    let _ = run.oracle.judge(&run.world);
    run.oracle.violations
}

fn nothing(_: &mut World) {}

fn has(found: &[String], words: &str) -> bool {
    found.iter().any(|violation| violation.contains(words))
}

/// Changes a node's disk behind its back.
fn change(world: &mut World, peer: usize, change: impl FnOnce(&Tx<'_>)) {
    let disk = &mut world.peers[peer].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        change(&tx);
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    while disk.sync().is_some() {}
}

/// Two texts of one sender in a conversation of a node, with the page that they are on: changed.
fn change_page(world: &mut World, change_it: impl Fn(&mut Vec<crate::domain::chat::timeline::Entry>)) {
    change(world, 0, |tx| {
        let with: Vec<AccountId> =
            tx.scan(&CONVERSATIONS, &CONVERSATIONS.all()).into_iter().map(|(_, row)| row.with).collect();
        for (key, page) in with.iter().flat_map(|with| tx.scan(&PAGES, &PAGES.of(with.as_bytes()))) {
            let mut page = (*page).clone();
            change_it(&mut page.entries);
            tx.put(&PAGES, key, page);
        }
    });
}

#[test]
fn a_disk_that_calls_safe_what_is_not_is_found_by_what_is_lost_and_by_what_is_said_of_it() {
    let found = found(Workload::Chat, |world| world.peers[1].disk.lies = true, nothing);
    assert!(has(&found, "which no device of"), "{found:#?}");
}

#[test]
fn a_message_that_is_gone_is_found() {
    let gone = |world: &mut World| {
        change_page(world, |entries| entries.retain(|entry| !matches!(entry.body, Body::Said(_))));
    };
    let found = found(Workload::Chat, nothing, gone);
    assert!(has(&found, "is neither shown everywhere nor failed"), "{found:#?}");
}

#[test]
fn a_message_that_is_shown_twice_is_found() {
    let found = found(Workload::Chat, nothing, |world| {
        change_page(world, |entries| {
            let again = entries.last().cloned();
            entries.extend(again);
        });
    });
    assert!(has(&found, "twice"), "{found:#?}");
}

#[test]
fn messages_that_are_shown_in_another_order_are_found() {
    let found = found(Workload::Chat, nothing, |world| {
        change_page(world, |entries| {
            let mut bodies: Vec<_> = entries.iter().map(|entry| (entry.id, entry.body.clone())).collect();
            bodies.reverse();
            for (entry, (id, body)) in entries.iter_mut().zip(bodies) {
                (entry.id, entry.body) = (id, body);
            }
        });
    });
    assert!(has(&found, "out of its order"), "{found:#?}");
}

#[test]
fn a_reaction_that_one_screen_does_not_show_is_found() {
    let found = found(Workload::Chat, nothing, |world| {
        change_page(world, |entries| {
            entries.iter_mut().for_each(|entry| (entry.changes.ours, entry.changes.theirs) = (None, None));
        });
    });
    assert!(has(&found, "is shown in several ways"), "{found:#?}");
}

#[test]
fn a_random_source_that_repeats_itself_is_found_by_the_nonces() {
    let found = found(Workload::Chat, |world| world.peers[0].bug = Some(Bug::FrozenRandom), nothing);
    assert!(has(&found, "sealed two texts under one key and nonce"), "{found:#?}");
}

#[test]
fn a_node_that_nothing_leaves_is_found_by_what_still_waits() {
    let found = found(Workload::Asleep, |world| world.peers[0].bug = Some(Bug::Mute), nothing);
    assert!(has(&found, "is not empty"), "{found:#?}");
}

#[test]
fn a_table_over_its_limit_is_found() {
    let found = found(Workload::Chat, nothing, |world| {
        let own = world.peers[0].account();
        change(world, 0, |tx| {
            let (_, set) = tx.scan(&PREKEYS, &PREKEYS.of(own.as_bytes())).remove(0);
            for number in 1_000..1_070 {
                tx.put(&PREKEYS, PREKEYS.key_at(own.as_bytes(), number), (*set).clone());
            }
        });
    });
    assert!(has(&found, "Prekeys has"), "{found:#?}");
}

/// The only mailbox of a small world that is nothing else.
const KEEPER: usize = 4;

#[test]
fn a_mailbox_that_says_that_it_keeps_what_it_has_not_stored_is_found() {
    let found = found(Workload::Asleep, |world| world.peers[KEEPER].disk.lies = true, nothing);
    assert!(has(&found, "says that it keeps what its disk doesn't have"), "{found:#?}");
}

#[test]
fn a_node_that_calls_stored_what_no_mailbox_has_is_found() {
    let found = found(Workload::Asleep, |world| world.peers[0].bug = Some(Bug::Credulous), nothing);
    assert!(has(&found, "was shown as stored what too few mailboxes"), "{found:#?}");
}

#[test]
fn a_node_that_never_lets_go_at_its_mailbox_is_found_by_what_waits_there() {
    let found = found(Workload::Asleep, |world| world.peers[0].bug = Some(Bug::Hoarder), nothing);
    assert!(has(&found, "something waits for node 0 at mailbox"), "{found:#?}");
}

#[test]
fn a_node_that_lets_go_at_its_mailbox_what_it_has_not_stored_is_found() {
    let found = found(Workload::Asleep, |world| world.peers[0].disk.lies = true, nothing);
    assert!(has(&found, "node 0 lets go at mailbox"), "{found:#?}");
}

#[test]
fn a_node_that_takes_an_honest_one_for_dishonest_is_found() {
    let found = found(Workload::Chat, nothing, |world| {
        let (peer, body) = (world.peers[1].key.clone(), b"no question".to_vec());
        world.hand(0, Input::Asked { ask: 0, peer, from: None, body });
    });
    assert!(has(&found, "node 0 found an honest node dishonest"), "{found:#?}");
}

#[test]
fn a_mailbox_that_counts_wrongly_what_it_keeps_is_found() {
    let found = found(Workload::Asleep, nothing, |world| {
        change(world, KEEPER, |tx| {
            let (key, _) = tx.scan(&QUEUES, &QUEUES.all()).remove(0);
            tx.edit(&QUEUES, &key, |queue| queue.waiting += 1);
        });
    });
    assert!(has(&found, "a queue has (0, 0, 0,"), "{found:#?}");
}

#[test]
fn every_way_in_which_a_mailbox_goes_wrong_is_lived_through() {
    let wrong = [
        (Fate::Turn(Malice::Forgets), "mailboxes that forget"),
        (Fate::Turn(Malice::Drops), "mailboxes that drop"),
        (Fate::Turn(Malice::Replays), "mailboxes that replay"),
        (Fate::Turn(Malice::Alters), "mailboxes that alter"),
        (Fate::Emptied, "mailboxes emptied"),
        (Fate::Off, "mailboxes off for days"),
    ];
    let days = wrong.len() as u32;
    let mut run = Run::new(Scenario { seed: 3, nodes: 5, days, workload: Workload::Asleep }).unwrap();
    for (fate, _) in wrong {
        run.befall(fate);
        run.day();
    }
    let report = run.finish();
    assert_eq!(report.violations, Vec::<String>::new(), "{report:#?}");
    assert!(wrong.iter().all(|(_, name)| report.faults.contains_key(name)), "{report:#?}");
}

#[test]
fn a_life_into_which_anything_comes_from_outside_is_found_by_its_trace() {
    let mut run = Run::new(small(7, Workload::Chat)).unwrap();
    run.world.run(Duration::from_millis(1));
    run.world.peers[0].doomed = true;
    while run.day() {}
    assert_ne!(run.finish().trace, live(small(7, Workload::Chat)).trace);
}
