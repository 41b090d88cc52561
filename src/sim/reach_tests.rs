//! How often a node tries to reach whoever isn't there: a telephone's battery pays for it.

use core::time::Duration;

use crate::engine::input::Input;
use crate::engine::mailbox_view;
use crate::sim::mail_tests::{ANA, BENTO, friends};
use crate::sim::tests::{MINUTE, say};
use crate::sim::world::World;
use crate::store::table::Reader;

const HOUR: Duration = Duration::from_secs(3_600);

/// How often Ana couldn't connect to a node while this went on.
fn in_vain(world: &mut World, peer: usize, goes_on: impl FnOnce(&mut World)) -> u64 {
    let key = (ANA, world.peers[peer].key.clone());
    let before = world.vain.get(&key).copied().unwrap_or(0);
    goes_on(world);
    world.vain.get(&key).copied().unwrap_or(0) - before
}

/// Of how many of its mailboxes Ana knows that they are there.
fn answering(world: &World) -> usize {
    let safe = world.peers[ANA].disk.safe();
    let ours = mailbox_view::mail(&Reader::new(&safe)).mailboxes;
    ours.iter().filter(|mailbox| mailbox.trouble.is_none()).count()
}

#[test]
fn one_mailbox_that_is_gone_is_tried_less_and_less_and_found_within_ten_minutes_of_its_return() {
    let (mut world, _, _) = friends(40, 3);
    world.start(ANA);
    world.run(MINUTE);
    assert_eq!(answering(&world), 3);
    world.stop(2);
    // After 1, 2, 4 and 8 minutes, and then every 10; nobody else has to do with it.
    let tried = in_vain(&mut world, 2, |world| world.run(12 * HOUR));
    assert!((70..=80).contains(&tried), "{tried}");
    assert_eq!(answering(&world), 2);
    world.start(2);
    world.run(11 * MINUTE);
    assert_eq!(answering(&world), 3);
}

#[test]
fn while_no_mailbox_is_there_each_is_tried_every_minute() {
    let (mut world, _, _) = friends(41, 2);
    world.start(ANA);
    world.run(MINUTE);
    let each = [2, 3].map(|mailbox| {
        let other = 5 - mailbox;
        world.stop(other);
        let tried = in_vain(&mut world, mailbox, |world| {
            world.stop(mailbox);
            world.run(HOUR);
        });
        [2, 3].into_iter().for_each(|back| world.start(back));
        world.run(2 * MINUTE);
        assert_eq!(answering(&world), 2, "both are found again within two minutes");
        tried
    });
    assert!(each.iter().all(|tried| (40..=65).contains(tried)), "{each:?}");
}

#[test]
fn on_another_network_a_lost_mailbox_is_tried_at_once() {
    let (mut world, _, _) = friends(42, 3);
    world.start(ANA);
    world.run(MINUTE);
    world.stop(2);
    world.run(5 * HOUR + 3 * MINUTE);
    world.start(2);
    world.run(Duration::from_secs(1));
    assert_eq!(answering(&world), 2);
    world.hand(ANA, Input::Listening(vec!["/memory/elsewhere".into()]));
    world.run(Duration::from_secs(5));
    assert_eq!(answering(&world), 3);
}

#[test]
fn whose_mailboxes_keep_all_that_waits_is_tried_when_it_is_brought_again_and_others_every_ten_minutes() {
    let tried = [0, 2].map(|mailboxes| {
        let (mut world, _, bento) = friends(43, mailboxes);
        world.start(ANA);
        world.run(3 * MINUTE);
        world.stop(BENTO);
        assert!(say(&mut world, ANA, bento, "até logo"));
        world.run(10 * MINUTE);
        in_vain(&mut world, BENTO, |world| world.run(12 * HOUR))
    });
    assert!((65..=75).contains(&tried[0]) && (5..=12).contains(&tried[1]), "{tried:?}");
}
