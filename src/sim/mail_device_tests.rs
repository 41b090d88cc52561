//! Several devices of one person that are never on at once: what they leave for each other at mailboxes.

use super::device_tests::linked;
use super::mail_tests::{ANA, BENTO, friends, takes_on};
use super::tests::{MINUTE, history, say, texts};
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::mailbox::owner::{OWN_QUEUES, Purpose};
use crate::engine::command::Command;
use crate::sim::mail::Malice;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};

#[test]
fn what_is_said_and_read_on_one_device_reaches_the_other_though_they_are_never_on_at_once() {
    let (mut world, ana, bento) = friends(31, 3);
    world.start(ANA);
    world.run(MINUTE);
    let (second, _) = linked(&mut world, ANA);
    for mailbox in 2..5 {
        takes_on(&mut world, second, mailbox);
    }
    world.run(5 * MINUTE);
    world.stop(second);
    world.run(MINUTE);
    assert!(say(&mut world, BENTO, ana, "one") && say(&mut world, ANA, bento, "two"));
    world.run(3 * MINUTE);
    world.stop(ANA);
    world.stop(BENTO);
    world.start(second);
    world.run(3 * MINUTE);
    let there = history(&world, second, &bento);
    assert_eq!(texts(&there, "in").last().unwrap(), "one");
    assert_eq!(texts(&there, "out").last().unwrap(), "two", "what the first device said");
    // And back; the first device hears too that its copy arrived.
    assert!(say(&mut world, second, bento, "three"));
    world.run(3 * MINUTE);
    world.stop(second);
    world.start(ANA);
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, ANA, &bento), "out"), ["two", "three"]);
    let safe = world.peers[ANA].disk.safe();
    assert!(
        Reader::new(&safe).scan(&OUTBOX, &OUTBOX.all()).is_empty(),
        "the first device knows that all arrived"
    );
}

#[test]
fn what_came_late_is_on_a_new_device_too_in_the_place_that_was_told_as_missing() {
    let (mut world, ana, bento) = friends(33, 1);
    world.mail.malice.insert(2, Malice::Forgets);
    assert!(say(&mut world, BENTO, ana, "late"));
    world.run(MINUTE);
    world.mail.malice.clear();
    assert!(say(&mut world, BENTO, ana, "behind it"));
    world.run(MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    world.run(3 * MINUTE);
    let (second, _) = linked(&mut world, ANA);
    world.run(3 * MINUTE);
    let told = |world: &World, peer| texts(&history(world, peer, &bento), "in");
    assert_eq!(told(&world, ANA), ["Missing", "behind it"]);
    assert_eq!(told(&world, second), ["Missing", "behind it"]);
    world.start(BENTO);
    world.run(3 * MINUTE);
    for peer in [ANA, second] {
        assert_eq!(told(&world, peer), ["late", "behind it"], "on {peer}");
    }
}

#[test]
fn a_device_that_was_revoked_has_no_key_to_a_queue_that_our_devices_use() {
    let (mut world, ana, _) = friends(32, 1);
    world.start(ANA);
    world.run(MINUTE);
    let (_, second) = linked(&mut world, ANA);
    let (_, third) = linked(&mut world, ANA);
    world.run(10 * MINUTE);
    let ours = |world: &World| {
        let safe = world.peers[ANA].disk.safe();
        let all = Reader::new(&safe).scan(&OWN_QUEUES, &OWN_QUEUES.all());
        let all = all.iter().filter(|(_, queue)| queue.replaced.is_none());
        let writers = all.filter_map(|(_, queue)| match &queue.purpose {
            Purpose::Pair { contact, writer, .. } if *contact == ana => Some(writer.clone()),
            _ => None,
        });
        writers.collect::<Vec<_>>()
    };
    let before = ours(&world);
    assert_eq!(before.len(), 1);
    assert!(world.ask(ANA, Command::RevokeDevice(second)).unwrap().is_ok());
    world.run(5 * MINUTE);
    let after = ours(&world);
    assert!(after.len() == 1 && after != before, "the device that is left has another one");
    assert!(world.ask(ANA, Command::RevokeDevice(third)).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert!(ours(&world).is_empty(), "for no other device there is none");
}
