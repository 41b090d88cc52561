//! What is left of a contact that was erased, and that both can begin anew.

use core::time::Duration;

use super::device_tests::{devices_of, linked};
use super::mail_tests::{self, ANA, BENTO, turns};
use super::tests::{MINUTE, friends, history, say, texts};
use crate::base::id::AccountId;
use crate::domain::chat::delivery::State;
use crate::domain::chat::names::NAMES;
use crate::domain::identity::contact::{CONTACTS, Standing};
use crate::domain::identity::invite;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::view;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The tables of a node in which something names this account or a device of it, but for what is everybody's.
fn named(world: &World, peer: usize, of: &[Vec<u8>], texts: &[&str]) -> Vec<String> {
    let rows = world.back_up(peer);
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let names = |bytes: &[u8]| {
        of.iter().any(|id| has(bytes, id)) || texts.iter().any(|text| has(bytes, text.as_bytes()))
    };
    let found = rows.iter().filter(|(key, value)| names(&key.id) || names(value));
    let mut tables: Vec<String> = found.map(|(key, _)| format!("{:?}", key.table)).collect();
    tables.dedup();
    tables
}

fn ids(world: &World, peer: usize, account: &AccountId) -> Vec<Vec<u8>> {
    let safe = world.peers[peer].disk.safe();
    let contact = Reader::new(&safe).row(&CONTACTS, account.as_bytes()).unwrap();
    let devices = contact.devices().map(|device| device.as_bytes().to_vec());
    devices.chain([account.as_bytes().to_vec()]).collect()
}

#[test]
fn nothing_of_a_contact_is_left_and_both_can_begin_anew() {
    let (mut world, ana, bento) = friends(90);
    for number in 0..40 {
        assert!(say(&mut world, 0, bento, &format!("secret {number}")));
        assert!(say(&mut world, 1, ana, &format!("private {number}")));
    }
    world.run(MINUTE);
    let ids = ids(&world, 0, &bento);
    assert!(!named(&world, 0, &ids, &["secret", "private"]).is_empty());
    assert!(!Reader::new(&world.peers[0].disk.safe()).scan(&NAMES, &NAMES.all()).is_empty());
    // Something is still under way to him.
    world.stop(1);
    assert!(say(&mut world, 0, bento, "secret, not delivered"));
    world.run(MINUTE);
    let erased = world.ask(0, Command::Erase(bento));
    let Some(Ok(Outcome::Erased { entries, subscriptions, .. })) = erased else { panic!("{erased:?}") };
    assert_eq!((entries, subscriptions), (81, 0));
    assert_eq!(named(&world, 0, &ids, &["secret", "private"]), Vec::<String>::new());
    assert!(Reader::new(&world.peers[0].disk.safe()).scan(&NAMES, &NAMES.all()).is_empty());
    assert!(matches!(world.ask(0, Command::Erase(bento)), Some(Err(Refusal::NotAContact(_)))));
    assert!(!say(&mut world, 0, bento, "to nobody"));
    // He still has her, and writes: he is somebody who asks.
    world.start(1);
    world.run(MINUTE);
    assert!(say(&mut world, 1, ana, "are you there?"));
    world.run(HOUR);
    assert_eq!(texts(&history(&world, 1, &ana), "in").len(), 40, "what was erased doesn't leave any more");
    // She invites him again, and everything that is said from then on arrives, in both directions.
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(1, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(HOUR);
    let standing = {
        let safe = world.peers[0].disk.safe();
        view::contact(&Reader::new(&safe), &bento).unwrap().standing
    };
    assert_eq!(standing, Standing::Accepted);
    for number in 0..5 {
        assert!(say(&mut world, 0, bento, &format!("anew {number}")));
        assert!(say(&mut world, 1, ana, &format!("again {number}")));
    }
    world.run(HOUR);
    let heard = texts(&history(&world, 1, &ana), "in");
    let anew: Vec<String> = (0..5).map(|number| format!("anew {number}")).collect();
    assert_eq!(heard[40..], anew);
    let entries = history(&world, 0, &bento);
    let states: Vec<_> = entries.iter().filter_map(|entry| entry.state).collect();
    assert_eq!(states, [State::Delivered; 5]);
    let again = texts(&entries, "in");
    let said: Vec<String> = (0..5).map(|number| format!("again {number}")).collect();
    assert_eq!(again[again.len() - 5..], said);
    assert!(
        !again.iter().any(|text| text.starts_with("private")),
        "what was erased doesn't come back: {again:?}"
    );
}

#[test]
fn nothing_is_left_of_devices_that_were_revoked_before() {
    let (mut world, ana, bento) = friends(91);
    let (second, device) = linked(&mut world, 1);
    world.run(5 * MINUTE);
    assert!(say(&mut world, 0, bento, "secret") && say(&mut world, second, ana, "private"));
    world.run(MINUTE);
    let ids = ids(&world, 0, &bento);
    assert!(ids.contains(&device.as_bytes().to_vec()));
    assert!(world.ask(1, Command::RevokeDevice(device)).unwrap().is_ok());
    assert!(say(&mut world, 1, ana, "one of mine was stolen"));
    world.run(5 * MINUTE);
    assert_eq!(devices_of(&world, 0, &bento), 1);
    world.stop(1);
    assert!(world.ask(0, Command::Erase(bento)).unwrap().is_ok());
    assert_eq!(named(&world, 0, &ids, &["secret", "private", "stolen"]), Vec::<String>::new());
}

#[test]
fn who_was_erased_and_writes_again_asks_as_any_stranger_does_and_is_seen_to_say_what() {
    for together in [true, false] {
        let (mut world, ana, bento) = mail_tests::friends(93 + u64::from(together), 1);
        world.start(ANA);
        world.run(MINUTE);
        for number in 0..20 {
            assert!(say(&mut world, BENTO, ana, &format!("private {number}")));
        }
        world.run(5 * MINUTE);
        assert!(world.ask(ANA, Command::Erase(bento)).unwrap().is_ok());
        let standing = |world: &World| {
            let safe = world.peers[ANA].disk.safe();
            view::contact(&Reader::new(&safe), &bento).map(|contact| contact.standing)
        };
        if !together {
            world.stop(ANA);
        }
        assert!(say(&mut world, BENTO, ana, "are you there?"));
        if !together {
            turns(&mut world, 3);
            assert_eq!(standing(&world), None, "the queue where they deposit isn't read any more");
            world.start(ANA);
        }
        world.run(HOUR);
        assert_eq!(standing(&world), Some(Standing::Requested));
        assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["are you there?"]);
        assert!(world.ask(ANA, Command::Admit(bento)).unwrap().is_ok());
        world.run(HOUR);
        assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["are you there?"], "and nothing of before");
    }
}
