//! Who was brought back from a backup, where mailboxes lie between.

use core::time::Duration;

use super::mail_tests::{ANA, BENTO, friends, invited_by, states, takes_on, town, turns};
use super::tests::{MINUTE, history, say, texts};
use crate::domain::chat::delivery::State;
use crate::domain::mailbox::owner::{OWN_QUEUES, Purpose};
use crate::engine::command::Command;
use crate::engine::view;
use crate::sim::disk::Disk;
use crate::sim::world::World;
use crate::store::key::TableId;
use crate::store::table::{Reader, Rows as _};

/// How many inboxes Ana has at mailboxes.
fn inboxes(world: &World) -> usize {
    let safe = world.peers[ANA].disk.safe();
    let all = Reader::new(&safe).scan(&OWN_QUEUES, &OWN_QUEUES.all());
    all.iter().filter(|(_, queue)| matches!(queue.purpose, Purpose::Inbox { .. })).count()
}

#[test]
fn who_was_brought_back_from_a_backup_is_understood_by_mailbox_too() {
    let (mut world, ana, bento) = friends(40, 2);
    assert!(say(&mut world, BENTO, ana, "one"));
    turns(&mut world, 1);
    world.stop(BENTO);
    world.start(ANA);
    world.run(MINUTE);
    assert!(say(&mut world, ANA, bento, "uno"));
    world.run(3 * MINUTE);
    let backup = world.back_up(ANA);
    // "uno" is at the mailbox, and is brought there again; "dos" is known to Bento alone.
    assert!(say(&mut world, ANA, bento, "dos"));
    world.run(3 * MINUTE);
    world.bring_back(ANA, backup);
    world.run(3 * MINUTE);
    assert!(say(&mut world, ANA, bento, "tres"));
    world.run(3 * MINUTE);
    world.stop(ANA);
    world.start(BENTO);
    turns(&mut world, 3);
    assert!(say(&mut world, BENTO, ana, "two"));
    turns(&mut world, 3);
    // The mailbox had "dos" still: it comes behind what was said since, and once.
    let mut heard = texts(&history(&world, BENTO, &ana), "in");
    heard.sort();
    assert_eq!(heard, ["dos", "tres", "uno"]);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["one", "two"]);
    world.stop(BENTO);
    world.start(ANA);
    world.run(3 * MINUTE);
    assert_eq!(states(&world, ANA, &bento), [Some(State::Delivered); 2]);
}

#[test]
fn a_mailbox_that_was_brought_back_from_a_backup_gives_no_frame_a_number_that_its_reader_has_passed() {
    let (mut world, ana, bento) = friends(41, 1);
    let mailbox = 2;
    let backup = world.back_up(mailbox);
    // Bento is off; what Ana's contact says meanwhile goes by her mailbox.
    for number in 0..10 {
        assert!(say(&mut world, BENTO, ana, &format!("before {number}")));
    }
    turns(&mut world, 2);
    world.bring_back(mailbox, backup);
    world.run(MINUTE);
    for number in 0..3 {
        assert!(say(&mut world, BENTO, ana, &format!("after {number}")));
    }
    turns(&mut world, 4);
    let heard = texts(&history(&world, ANA, &bento), "in");
    let before = (0..10).map(|number| format!("before {number}"));
    let all: Vec<String> = before.chain((0..3).map(|number| format!("after {number}"))).collect();
    assert_eq!(heard, all);
}

#[test]
fn a_newcomer_who_writes_by_mailbox_to_somebody_brought_back_from_a_backup_is_understood() {
    let mut world = town(42, 1);
    takes_on(&mut world, ANA, 2);
    world.run(MINUTE);
    let backup = world.back_up(ANA);
    world.run(MINUTE);
    world.bring_back(ANA, backup);
    world.run(Duration::from_secs(30 * 60));
    assert_eq!(inboxes(&world), 1, "the mailbox has let go of the former one, and of the pairs in it");
    let invite = invited_by(&mut world, ANA);
    world.stop(ANA);
    assert!(world.ask(BENTO, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    let (ana, bento) = (world.peers[ANA].account(), world.peers[BENTO].account());
    assert!(say(&mut world, BENTO, ana, "oi"));
    turns(&mut world, 2);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Delivered)]);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["oi"]);
}

#[test]
fn who_was_brought_back_and_reached_no_mailbox_before_it_was_off_again_still_reads_the_former_inbox() {
    let mut world = town(43, 1);
    let mailbox = 2;
    takes_on(&mut world, ANA, mailbox);
    world.run(MINUTE);
    let invite = invited_by(&mut world, ANA);
    let backup = world.back_up(ANA);
    world.stop(ANA);
    // There are no pairs for Bento's first flight: their halves aren't in a store that was brought back.
    let mut rows = world.back_up(mailbox);
    rows.retain(|key, _| key.table != TableId::MailPrekeys || key.position() == Some(0));
    world.stop(mailbox);
    world.peers[mailbox].disk = Disk::of(rows);
    world.start(mailbox);
    world.run(MINUTE);
    assert!(world.ask(BENTO, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    let bento = world.peers[BENTO].account();
    world.run(5 * MINUTE);
    world.stop(BENTO);
    world.stop(mailbox);
    world.bring_back(ANA, backup);
    world.run(MINUTE);
    world.stop(ANA);
    world.start(mailbox);
    world.run(30 * MINUTE);
    world.start(ANA);
    world.run(5 * MINUTE);
    let safe = world.peers[ANA].disk.safe();
    assert!(view::contact(&Reader::new(&safe), &bento).is_some(), "what waited in it was read");
    drop(safe);
    world.run(30 * MINUTE);
    assert_eq!(inboxes(&world), 1, "and then it went");
}
