//! What holds while a device is being linked: nothing that is said meanwhile is missing on it.

use core::time::Duration;

use super::consent_tests::knocked;
use super::device_tests::{all, linked, offer};
use super::tests::{MINUTE, friends, history, say, texts};
use crate::base::id::{AccountId, SessionId};
use crate::base::limits;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Sealed, Unsettled};
use crate::domain::identity::invite;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::view;
use crate::sim::world::{Faults, World};
use crate::store::table::Reader;
use crate::store::tx::Tx;

/// Each of these says something to whom it is paired with, and time passes.
fn speak(world: &mut World, who: &[(usize, AccountId)], round: usize) {
    for (peer, to) in who {
        assert!(say(world, *peer, *to, &format!("{peer}:{round:03}")));
    }
    world.run(Duration::from_millis(20));
}

/// Both have the same of everybody, each once and in the order of who said it.
fn have_the_same(world: &World, peers: [usize; 2], with: &AccountId, seed: u64) {
    let [one, other] = peers.map(|peer| {
        let shown = all(world, peer, with);
        for sender in 0..9 {
            let prefix = format!("{sender}:");
            let of: Vec<&String> = shown.iter().filter(|text| text.starts_with(&prefix)).collect();
            assert!(of.is_sorted_by(|one, next| one < next), "seed {seed}: {peer} has {of:?}");
        }
        let mut shown = shown;
        shown.sort();
        shown
    });
    assert_eq!(one, other, "seed {seed}");
}

/// Ana links a device while Bento, and a device that she has already, go on speaking. Her identity changes in this round
/// after that.
fn linking(seed: u64, faults: Faults, rotated: Option<usize>) {
    let (mut world, ana, bento) = friends(seed);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    world.set_distances(Duration::from_millis(5), Duration::from_millis(300), Duration::from_secs(5));
    world.faults = faults;
    let who = [(0, bento), (1, ana), (second, bento)];
    let (new, offer) = offer(&mut world);
    (0..10).for_each(|round| speak(&mut world, &who, round));
    world.command(0, Command::LinkDevice(Box::new(offer)));
    let mut round = 10;
    while round < 400 && world.peers[new].account() != ana {
        speak(&mut world, &who, round);
        world.command(new, Command::JoinAccount(ana));
        round += 1;
    }
    assert_eq!(world.peers[new].account(), ana, "seed {seed}");
    for after in 0..60 {
        if rotated == Some(after) {
            rotate_once_the_device_has_come(&mut world);
        }
        speak(&mut world, &who, round);
        round += 1;
    }
    world.faults = Faults::default();
    world.run(90 * MINUTE);
    assert_eq!(all(&world, 0, &bento).len(), 3 * round, "seed {seed}");
    have_the_same(&world, [0, new], &bento, seed);
    have_the_same(&world, [0, second], &bento, seed);
}

/// A device that was let in and hasn't come yet holds it back.
fn rotate_once_the_device_has_come(world: &mut World) {
    for _ in 0..1_000 {
        let ticket = world.rotate(0);
        world.run(Duration::from_millis(20));
        let answer = world.peers[0].answers.iter().find(|(known, _)| *known == ticket);
        match &answer.unwrap().1 {
            Ok(_) => return,
            Err(refusal) => assert!(matches!(refusal, Refusal::Identity(_)), "{refusal}"),
        }
    }
    panic!("the device never came");
}

#[test]
fn what_is_said_while_a_device_is_being_linked_is_on_it_once_and_in_order() {
    (700..704).for_each(|seed| linking(seed, Faults::default(), None));
}

#[test]
fn nothing_that_goes_wrong_keeps_it_from_there() {
    (710..714)
        .for_each(|seed| linking(seed, Faults { broken: 10, repeated: 20, reordered: 20, crashes: 0 }, None));
}

#[test]
fn a_new_identity_takes_nothing_from_there_and_repeats_nothing() {
    let found = [(829, 2), (769, 5)];
    for (seed, rotated) in
        [(760, 1), (761, 2), (762, 3), (763, 4), (764, 5), (765, 10), (766, 15), (767, 20), (768, 40)]
            .into_iter()
            .chain(found)
    {
        linking(seed, Faults::default(), Some(rotated));
        linking(seed, Faults { broken: 10, repeated: 20, reordered: 20, crashes: 0 }, Some(rotated));
    }
}

#[test]
fn what_was_to_begin_a_session_that_another_took_the_place_of_keeps_no_device_from_following() {
    let (mut world, ana, bento) = friends(770);
    let (second, device) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    // Both opened one at the same time, and the first device's flight was never wanted.
    let stale = Unsettled {
        content: Vec::new(),
        frame: Some(Sealed { session: SessionId::new([9; 32]), frame: Vec::new() }),
        position: None,
        expires: world.now.plus(limits::FIRST_FLIGHT_LIFE),
        deposit: Deposit::default(),
    };
    let disk = &mut world.peers[0].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        tx.put(&OUTBOX, OUTBOX.key_at(device.as_bytes(), 0), stale);
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
    rotate_once_the_device_has_come(&mut world);
    world.run(5 * MINUTE);
    let heir = world.peers[0].account();
    assert!(heir != ana && world.peers[second].account() == heir, "the device follows");
    assert!(say(&mut world, second, bento, "it is us"));
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, 1, &heir), "in"), ["it is us"]);
}

#[test]
fn what_waited_since_before_a_device_was_linked_is_on_it_too_with_its_changes() {
    let (mut world, ana, bento) = friends(720);
    world.leave(1);
    let waiting: Vec<String> = (0..5).map(|number| format!("1:{number:03}")).collect();
    let mut ids = Vec::new();
    for text in &waiting {
        let Some(Ok(Outcome::Queued { id, .. })) =
            world.ask(1, Command::Send { to: ana, text: text.clone() })
        else {
            panic!("not taken");
        };
        ids.push(id);
    }
    let edited = Command::Edit { with: ana, message: ids[4], text: "1:999".into() };
    assert!(world.ask(1, edited).unwrap().is_ok());
    let (new, _) = linked(&mut world, 0);
    world.run(MINUTE);
    world.come_back();
    world.run(5 * MINUTE);
    assert!(say(&mut world, 1, ana, "and now?"));
    world.run(5 * MINUTE);
    let expected = ["1:000", "1:001", "1:002", "1:003", "1:999", "and now?"];
    for peer in [0, new] {
        assert_eq!(texts(&history(&world, peer, &bento), "in"), expected, "on {peer}");
    }
}

#[test]
fn a_stranger_is_heard_on_a_new_device_as_on_the_first() {
    let (mut world, host, _, knocker) = knocked(730);
    let stranger = world.peers[knocker].account();
    assert!(say(&mut world, knocker, host, "8:000"));
    world.run(MINUTE);
    let (new, _) = linked(&mut world, 0);
    for number in 1..8 {
        assert!(say(&mut world, knocker, host, &format!("8:{number:03}")));
        world.run(MINUTE);
    }
    have_the_same(&world, [0, new], &stranger, 730);
    assert!(world.ask(0, Command::Admit(stranger)).unwrap().is_ok());
    for number in 8..30 {
        assert!(say(&mut world, knocker, host, &format!("8:{number:03}")));
    }
    world.run(30 * MINUTE);
    have_the_same(&world, [0, new], &stranger, 730);
    assert_eq!(texts(&history(&world, new, &stranger), "in").len(), 30);
}

#[test]
fn what_another_device_makes_of_contacts_meanwhile_is_so_on_the_new_one() {
    let (mut world, ana, bento) = friends(770);
    let (second, _) = linked(&mut world, 0);
    let carla = world.add_person().unwrap();
    world.run(5 * MINUTE);
    // The second device hears nothing of a third one, and goes on with Carla alone.
    world.part([second, carla]);
    let (third, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert!(world.ask(second, Command::Rename { contact: bento, name: "Bento M.".into() }).unwrap().is_ok());
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(carla, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(second, Command::Accept { invite, name: Some("Carla".into()) }).unwrap().is_ok());
    world.run(MINUTE);
    let carlas = world.peers[carla].account();
    for round in 0..3 {
        speak(&mut world, &[(second, carlas), (carla, ana)], round);
        world.run(MINUTE);
    }
    world.part([]);
    world.run(90 * MINUTE);
    let named = |world: &World, peer: usize| {
        let safe = world.peers[peer].disk.safe();
        let mut names: Vec<String> =
            view::contacts(&Reader::new(&safe)).into_iter().map(|contact| contact.name).collect();
        names.sort();
        names
    };
    for peer in [0, second, third] {
        assert_eq!(named(&world, peer), ["Bento M.", "Carla"], "on {peer}");
    }
    for peer in [0, third] {
        have_the_same(&world, [second, peer], &carlas, 770);
    }
    assert!(world.ask(third, Command::Send { to: carlas, text: "from the third".into() }).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert!(all(&world, carla, &ana).contains(&"from the third".to_owned()));
}
