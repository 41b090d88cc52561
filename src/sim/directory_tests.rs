//! What customers find of a business that is off, or whose identity is another by now.

use core::time::Duration;

use super::tests::{MINUTE, history, say, texts};
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::limits;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::address;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::mailbox::boxes::PUBLISHED;
use crate::domain::mailbox::host::Rules;
use crate::domain::mailbox::queue::{MAIL, PREKEYS};
use crate::domain::session::rows::{ONE_TIME, SESSIONS};
use crate::engine::command::{Command, NewMailbox, Outcome};
use crate::engine::forwarding::FORWARDED;
use crate::sim::world::World;
use crate::store::table::{Reader, Row, Rows as _, Table};
use crate::wire::peer::PeerAddress;

const PADARIA: usize = 0;
const ANA: usize = 1;
const MAILBOX: usize = 2;

fn rows<T: Row>(world: &World, peer: usize, table: &Table<T>) -> usize {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).scan(table, &table.all()).len()
}

/// A published business, a person, a mailbox, and two who keep the directory.
fn market(seed: u64) -> (World, AccountId) {
    let mut world = World::new(seed, &[Business, Person, Person, Person, Person]);
    world.peers[MAILBOX].serve_mail(Rules::default());
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(PADARIA, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let account = world.peers[PADARIA].account();
    (world, account)
}

fn takes_on(world: &mut World, peer: usize, mailbox: usize) {
    let at = PeerAddress::new(world.peers[mailbox].key.clone(), vec!["/memory/1".into()]).unwrap();
    let wanted = NewMailbox { at, token: None, receipt: None };
    let answer = world.ask(peer, Command::AddMailbox(Box::new(wanted)));
    assert!(matches!(answer, Some(Ok(Outcome::Done))), "{answer:?}");
    world.run(MINUTE);
}

/// Looks an address up: the address that is shown, and the one that it took the place of.
fn find(world: &mut World, peer: usize, account: AccountId) -> Option<(String, Option<String>)> {
    match world.ask(peer, Command::Lookup(account)).unwrap() {
        Ok(Outcome::Found { mut businesses, .. }) => {
            businesses.pop().map(|business| (business.address, business.former))
        }
        _ => None,
    }
}

fn add(world: &mut World, peer: usize, account: AccountId) -> String {
    match world.ask(peer, Command::Add { account, name: None }).unwrap() {
        Ok(Outcome::Added { address, .. }) => address,
        other => panic!("{other:?}"),
    }
}

/// The only contact of a node, and the account that it had before.
fn contact(world: &World, peer: usize) -> (AccountId, Option<AccountId>) {
    let safe = world.peers[peer].disk.safe();
    let contacts = Reader::new(&safe).scan(&CONTACTS, &CONTACTS.all());
    assert_eq!(contacts.len(), 1);
    (contacts[0].1.account, contacts[0].1.former)
}

/// What the business heard.
fn heard(world: &World) -> Vec<String> {
    let customer = contact(world, PADARIA).0;
    texts(&history(world, PADARIA, &customer), "in")
}

#[test]
fn a_business_that_is_off_is_written_to_first_by_the_mailboxes_that_its_profile_names() {
    let (mut world, padaria) = market(500);
    takes_on(&mut world, PADARIA, MAILBOX);
    let pairs = rows(&world, MAILBOX, &PREKEYS);
    assert_eq!(pairs, 1 + limits::ONE_TIME_POOL as usize);
    world.stop(PADARIA);
    assert_eq!(add(&mut world, ANA, padaria), address::encode(&padaria));
    assert_eq!(rows(&world, ANA, &PUBLISHED), 1);
    assert!(say(&mut world, ANA, padaria, "oi"));
    world.run(5 * MINUTE);
    assert_eq!(rows(&world, MAILBOX, &MAIL), 1, "the first flight waits there");
    assert_eq!(rows(&world, MAILBOX, &PREKEYS), pairs - 1, "to a one-time pair from there");
    assert_eq!(world.puzzles, 2, "one for the pair, one for the flight's place");
    let waiting = limits::ONE_TIME_POOL as usize;
    assert_eq!(rows(&world, PADARIA, &ONE_TIME), waiting);
    world.start(PADARIA);
    world.run(15 * MINUTE);
    assert_eq!(heard(&world), ["oi"]);
    assert_eq!((rows(&world, MAILBOX, &MAIL), rows(&world, PADARIA, &SESSIONS)), (0, 1));
    let customer = contact(&world, PADARIA).0;
    assert!(say(&mut world, PADARIA, customer, "bom dia"));
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, ANA, &padaria), "in"), ["bom dia"]);
}

#[test]
fn a_business_and_a_customer_that_are_never_on_at_once_talk_by_their_mailboxes() {
    let (mut world, padaria) = market(501);
    takes_on(&mut world, PADARIA, MAILBOX);
    takes_on(&mut world, ANA, MAILBOX);
    world.stop(PADARIA);
    let _ = add(&mut world, ANA, padaria);
    assert!(say(&mut world, ANA, padaria, "oi"));
    for _ in 0..3 {
        world.run(3 * MINUTE);
        world.stop(ANA);
        world.start(PADARIA);
        world.run(3 * MINUTE);
        world.stop(PADARIA);
        world.start(ANA);
    }
    world.start(PADARIA);
    assert_eq!(heard(&world), ["oi"]);
}

#[test]
fn a_business_whose_mailbox_is_dead_is_written_to_by_the_prekeys_of_its_profile() {
    let (mut world, padaria) = market(502);
    takes_on(&mut world, PADARIA, MAILBOX);
    world.stop(PADARIA);
    world.stop(MAILBOX);
    let _ = add(&mut world, ANA, padaria);
    assert!(say(&mut world, ANA, padaria, "oi"));
    world.run(5 * MINUTE);
    world.start(PADARIA);
    world.run(15 * MINUTE);
    assert_eq!(heard(&world), ["oi"]);
}

#[test]
fn a_profile_names_a_mailbox_from_when_it_has_the_inbox_until_the_business_leaves_it() {
    let (mut world, padaria) = market(503);
    let _ = add(&mut world, ANA, padaria);
    assert_eq!(rows(&world, ANA, &PUBLISHED), 0);
    takes_on(&mut world, PADARIA, MAILBOX);
    let _ = add(&mut world, ANA, padaria);
    assert_eq!(rows(&world, ANA, &PUBLISHED), 1);
    let peer = world.peers[MAILBOX].key.clone();
    assert!(world.ask(PADARIA, Command::RemoveMailbox(peer)).unwrap().is_ok());
    world.run(MINUTE);
    let _ = add(&mut world, ANA, padaria);
    assert_eq!(rows(&world, ANA, &PUBLISHED), 0);
}

#[test]
fn a_former_address_of_a_business_leads_to_the_new_one_though_the_business_is_off() {
    let (mut world, old) = market(510);
    world.rotate(PADARIA);
    world.run(MINUTE);
    let new = world.peers[PADARIA].account();
    assert_ne!(new, old);
    world.stop(PADARIA);
    let shown = (address::encode(&new), Some(address::encode(&old)));
    assert_eq!(find(&mut world, ANA, old), Some(shown));
    assert_eq!(find(&mut world, ANA, new), Some((address::encode(&new), None)));
    assert_eq!(add(&mut world, ANA, old), address::encode(&new));
    assert!(say(&mut world, ANA, new, "oi"));
    world.start(PADARIA);
    world.run(15 * MINUTE);
    assert_eq!(heard(&world), ["oi"]);
}

#[test]
fn a_customer_without_a_session_follows_a_business_by_the_directory() {
    let (mut world, old) = market(511);
    let _ = add(&mut world, ANA, old);
    world.run(MINUTE);
    assert_eq!(rows(&world, ANA, &SESSIONS), 0);
    world.stop(ANA);
    world.rotate(PADARIA);
    world.run(MINUTE);
    let new = world.peers[PADARIA].account();
    world.stop(PADARIA);
    world.start(ANA);
    assert_eq!(contact(&world, ANA), (old, None));
    assert!(say(&mut world, ANA, old, "still there?"));
    world.run(MINUTE);
    assert_eq!(contact(&world, ANA), (new, Some(old)));
    world.start(PADARIA);
    world.run(15 * MINUTE);
    assert_eq!(heard(&world), ["still there?"]);
}

#[test]
fn a_chain_of_rotations_is_followed_to_its_end() {
    let (mut world, first) = market(512);
    let mut accounts = vec![first];
    for _ in 0..3 {
        world.rotate(PADARIA);
        world.run(MINUTE);
        accounts.push(world.peers[PADARIA].account());
    }
    let last = address::encode(accounts.last().unwrap());
    for former in &accounts[..3] {
        assert_eq!(find(&mut world, ANA, *former), Some((last.clone(), Some(address::encode(former)))));
    }
    assert_eq!(rows(&world, PADARIA, &FORWARDED), 3);
}

#[test]
fn a_former_address_is_said_anew_as_long_as_it_is_to_lead_on_and_no_longer() {
    let (mut world, old) = market(513);
    world.rotate(PADARIA);
    world.run(MINUTE);
    let new = address::encode(&world.peers[PADARIA].account());
    // Longer than one statement counts.
    world.run(limits::PROFILE_LIFE + limits::REPUBLISH_AFTER);
    assert_eq!(find(&mut world, ANA, old).unwrap().0, new);
    world.now = world.now.plus(limits::SUCCESSION_LIFE);
    world.run(limits::PROFILE_LIFE + Duration::from_secs(1));
    assert_eq!(rows(&world, PADARIA, &FORWARDED), 0);
    assert_eq!(find(&mut world, ANA, old), None);
}
