//! The life of prekeys in a running node, and the attacks on it.

use core::time::Duration;
use std::collections::BTreeSet;

use super::{MINUTE, friends, history, is_remade, say, texts};
use crate::base::id::{AccountId, ContactToken, RouteId};
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::invite;
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::session::pool::{Claim, Pool};
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::rows::{ONE_TIME, PEERS, POOLS, PREKEYS, REPLAYS, ROUTES, Route, SESSIONS};
use crate::engine::command::{Command, Outcome};
use crate::engine::effects::Effect;
use crate::engine::input::Input;
use crate::sim::random::Random;
use crate::sim::world::World;
use crate::store::table::{Reader, Row, Rows, Table};
use crate::store::tx::Tx;
use crate::wire::ask::{Answer, Ask, WorkDone, WorkWanted, prekey_work};
use crate::wire::invite::Invite;
use crate::wire::origin::Prefix;
use crate::wire::peer::{LinkId, PeerKey};
use crate::wire::prekeys::{OneTimePrekey, OneTimePublic, decode_one_time};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn rows<T: Row>(world: &World, peer: usize, table: &Table<T>) -> usize {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).scan(table, &table.all()).len()
}

fn pool(world: &World, peer: usize) -> Option<Pool> {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).copy(&POOLS, world.peers[peer].account().as_bytes())
}

fn invite(world: &mut World, peer: usize) -> Invite {
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(peer, Command::Invite) else {
        panic!("no invite");
    };
    invite::decode(&text).unwrap()
}

fn accept(world: &mut World, peer: usize, invite: Invite) {
    assert!(world.ask(peer, Command::Accept { invite, name: None }).unwrap().is_ok());
}

/// The route of the first flights to a node.
fn inbox(world: &World, peer: usize) -> RouteId {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).row(&ACCOUNTS, world.peers[peer].account().as_bytes()).unwrap().inbox
}

/// The route on which a contact writes to a node.
fn pair_route(world: &World, peer: usize, from: &AccountId) -> RouteId {
    let safe = world.peers[peer].disk.safe();
    let routes = Reader::new(&safe).scan(&ROUTES, &ROUTES.all());
    let mut of = routes
        .into_iter()
        .filter(|(_, route)| matches!(&**route, Route::Pair { contact, .. } if contact == from));
    RouteId::from_slice(&of.next().unwrap().0.id).unwrap()
}

fn stranger(number: u16) -> PeerKey {
    let mut bytes = vec![0xEE; 38];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    PeerKey::new(bytes).unwrap()
}

/// What somebody was given: a bundle that holds, and the ids and keys of one-time prekeys, or what they cost.
#[derive(PartialEq, Eq, Debug)]
struct Given {
    one_time: Vec<(u32, Vec<u8>)>,
    work: Option<WorkWanted>,
}

/// Who asks, from which network.
#[derive(Clone)]
struct Asker {
    peer: PeerKey,
    from: Option<Prefix>,
}

fn somebody(number: u16) -> Asker {
    let [a, b] = number.to_be_bytes();
    Asker { peer: stranger(number), from: Some(Prefix::V4([9, a, b])) }
}

fn question(ask: Ask, Asker { peer, from }: Asker) -> Input {
    Input::Asked { ask: 1, peer, from, body: ask.encode() }
}

fn given(effects: Vec<Effect>, account: &AccountId, now: Time) -> Option<Given> {
    let body = effects.into_iter().find_map(|effect| match effect {
        Effect::Answer { body, .. } => Some(body),
        _ => None,
    });
    let Answer::Bundle { bundle, one_time, work, .. } = Answer::decode(&body?).unwrap() else { return None };
    let mut verified = VerifiedBundle::verify(&bundle, account, now).unwrap();
    let read = |bytes: &Vec<u8>| {
        verified.add_one_time(bytes, now).unwrap();
        let prekey = OneTimePrekey::decode(decode_one_time(bytes).unwrap().unverified()).unwrap();
        match prekey.key {
            OneTimePublic::Exchange(key) => (prekey.id, key.to_vec()),
            OneTimePublic::Kem(key) => (prekey.id, key),
        }
    };
    Some(Given { one_time: one_time.iter().map(read).collect(), work })
}

/// Asks a node for prekeys, and waits until its answer may leave.
fn ask(world: &mut World, route: RouteId, token: Option<ContactToken>, asker: Asker) -> Option<Given> {
    put(world, Ask::Bundle { route, token, work: None }, asker)
}

fn put(world: &mut World, ask: Ask, asker: Asker) -> Option<Given> {
    let (now, mut rng) = (world.now, Random::new(now_seed(world)));
    let node = &mut world.peers[0];
    while node.disk.waiting() > 0 {
        let _ = node.sync();
    }
    node.handle(now, vec![question(ask, asker)], &mut rng);
    let account = node.account();
    given(node.sync(), &account, now)
}

/// Does the work that a node wants for a pair.
fn solve(world: &World, asker: &Asker, wanted: &WorkWanted) -> WorkDone {
    let puzzle = prekey_work(&world.peers[0].key, &asker.peer, &wanted.challenge, wanted.bits);
    WorkDone { challenge: wanted.challenge, work: puzzle.solve() }
}

/// Shows work for a pair; how many pairs it brought.
fn pay(world: &mut World, route: RouteId, done: WorkDone, asker: Asker) -> usize {
    let ask = Ask::Bundle { route, token: None, work: Some(done) };
    put(world, ask, asker).unwrap().one_time.len() / 2
}

/// Asks as a stranger does who works for what it gets; how many pairs that brought.
fn buy(world: &mut World, route: RouteId, asker: &Asker) -> usize {
    let first = ask(world, route, None, asker.clone()).unwrap();
    assert!(first.one_time.is_empty(), "nothing for nothing");
    let Some(wanted) = first.work else { return 0 };
    let done = solve(world, asker, &wanted);
    pay(world, route, done, asker.clone())
}

/// Another seed for each question.
fn now_seed(world: &World) -> u64 {
    rows(world, 0, &ONE_TIME) as u64 + world.now.as_millis()
}

/// Gives a node first flights, or whatever else, on a link; how many of them it refused.
fn frame(world: &mut World, frame: &[u8]) -> usize {
    let (now, peer) = (world.now, stranger(9));
    let node = &mut world.peers[0];
    while node.disk.waiting() > 0 {
        let _ = node.sync();
    }
    let input = Input::Frames { link: LinkId::new(77_777), peer, first: 0, frames: vec![frame.to_vec()] };
    node.handle(now, vec![input], &mut Random::new(1));
    node.sync().iter().filter(|effect| matches!(effect, Effect::Refuse { .. })).count()
}

/// The first flights that were sent to a node.
fn flights(world: &World, to: usize) -> Vec<Vec<u8>> {
    let is_flight = |frame: &[u8]| frame.len() == RouteId::LEN + limits::FIRST_FLIGHT_LEN;
    let sent = world.sent.iter().filter(|(_, at, frame)| *at == to && is_flight(frame));
    sent.map(|(_, _, frame)| frame.clone()).collect()
}

/// Changes a node's disk behind its back.
fn change(world: &mut World, peer: usize, change: impl FnOnce(&Tx<'_>)) {
    let disk = &mut world.peers[peer].disk;
    assert_eq!(disk.waiting(), 0);
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        change(&tx);
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
}

#[test]
fn a_first_flight_uses_a_one_time_pair_that_is_gone_with_the_commit_that_stores_its_session() {
    let mut world = World::new(1, &[Person, Person]);
    world.run(MINUTE);
    let invite = invite(&mut world, 0);
    world.leave(0);
    accept(&mut world, 1, invite);
    world.run(MINUTE);
    assert_eq!((rows(&world, 0, &ONE_TIME), rows(&world, 0, &SESSIONS)), (1, 0), "handed out, not used");
    assert_eq!(pool(&world, 0).map(|pool| (pool.left(), pool.waiting())), Some((99, 1)));
    world.come_back();
    while rows(&world, 0, &SESSIONS) == 0 {
        assert_eq!(rows(&world, 0, &ONE_TIME), 1, "as long as there is no session");
        world.run(Duration::from_millis(1));
    }
    assert_eq!((rows(&world, 0, &ONE_TIME), rows(&world, 0, &REPLAYS)), (0, 1));
    assert_eq!(pool(&world, 0).map(|pool| (pool.left(), pool.waiting())), Some((99, 0)));
}

#[test]
fn one_time_prekey_depletion_leaves_everybody_a_bundle_and_those_that_are_known_a_pair() {
    let (mut world, ..) = friends(2);
    let contact = world.peers[1].account();
    let (route, open) = (pair_route(&world, 0, &contact), invite(&mut world, 0));
    let inbox = inbox(&world, 0);
    // A person's inbox gives strangers nothing at all.
    assert_eq!(ask(&mut world, inbox, None, somebody(0)), None);
    assert_eq!(ask(&mut world, inbox, Some(ContactToken::new([7; 16])), somebody(0)), None);
    for claim in [(route, None), (open.inbox, Some(open.token))] {
        let mut pairs = || ask(&mut world, claim.0, claim.1, somebody(0)).unwrap().one_time.len();
        let counts: Vec<_> = (0..8).map(|_| pairs()).collect();
        assert_eq!(counts, [2, 2, 2, 2, 2, 2, 0, 0], "six pairs, then the signed prekeys alone");
    }
    world.now = world.now.plus(limits::ONE_TIME_BUCKET_PACE);
    assert_eq!(ask(&mut world, route, None, somebody(0)).unwrap().one_time.len(), 2, "one has come back");
    assert_eq!(ask(&mut world, route, None, somebody(0)).unwrap().one_time.len(), 0);
}

#[test]
fn one_time_prekey_depletion_by_any_number_of_strangers_spares_a_fifth_of_a_business_s_pool() {
    let mut world = World::new(3, &[Business, Person]);
    world.run(MINUTE);
    let (inbox, open) = (inbox(&world, 0), invite(&mut world, 0));
    let price = |world: &mut World, number| {
        ask(world, inbox, None, somebody(number)).unwrap().work.map(|wanted| wanted.bits)
    };
    assert_eq!(price(&mut world, 0), Some(mail_limits::WORK_LEAST));
    // However many names they have, each pair costs them work, and the more the fewer are left.
    for number in 0..24 {
        assert_eq!(buy(&mut world, inbox, &somebody(number)), 1);
    }
    assert_eq!(price(&mut world, 99), Some(mail_limits::WORK_LEAST + 3));
    // The last ones would take a while: they are taken as if it had been done.
    let account = world.peers[0].account();
    let taken = |pool: &mut Pool, now| {
        while pool.left() > limits::ONE_TIME_RESERVE && pool.take(Claim::Anyone, now) {}
    };
    let now = world.now;
    change(&mut world, 0, |tx| {
        tx.edit(&POOLS, &POOLS.key(account.as_bytes()), |pool| taken(pool, now));
    });
    let nothing = ask(&mut world, inbox, None, somebody(0)).unwrap();
    assert_eq!(
        nothing,
        Given { one_time: Vec::new(), work: None },
        "the bundle serves, and no work would help"
    );
    let known = ask(&mut world, inbox, Some(open.token), somebody(0)).unwrap();
    assert_eq!((known.one_time.len(), known.work), (2, None), "the bearer of an invite still gets one");
    // A restart makes the node forget who asked, but not how much it gave.
    let (now, mut rng) = (world.now, Random::new(5));
    world.peers[0].crash(now, &mut rng);
    assert_eq!(buy(&mut world, inbox, &somebody(0)), 0);
    world.now = world.now.plus(limits::ONE_TIME_FILL_PAUSE);
    assert_eq!(buy(&mut world, inbox, &somebody(0)), 1, "filled again");
}

#[test]
fn prekey_work_that_is_missing_wrong_stale_repeated_or_another_s_lowers_to_the_last_resort() {
    let mut world = World::new(13, &[Business, Person]);
    world.run(MINUTE);
    let inbox = inbox(&world, 0);
    let (asker, other) = (somebody(1), somebody(2));
    let wanted =
        |world: &mut World, asker: &Asker| ask(world, inbox, None, asker.clone()).unwrap().work.unwrap();
    let challenge = wanted(&mut world, &asker);
    let done = solve(&world, &asker, &challenge);
    let before = pool(&world, 0);
    assert_eq!(pay(&mut world, inbox, WorkDone { work: done.work + 1, ..done }, asker.clone()), 0, "wrong");
    assert_eq!(pay(&mut world, inbox, done, other.clone()), 0, "another's");
    let moved = Asker { from: other.from, ..asker.clone() };
    assert_eq!(pay(&mut world, inbox, done, moved), 0, "from another network");
    assert_eq!(pool(&world, 0), before, "nothing was taken for any of that");
    assert_eq!(pay(&mut world, inbox, done, asker.clone()), 1);
    assert_eq!(pay(&mut world, inbox, done, asker.clone()), 0, "repeated");
    let stale = wanted(&mut world, &asker);
    let done = solve(&world, &asker, &stale);
    world.now = world.now.plus(limits::CHALLENGE_LIFE + Duration::from_millis(1));
    assert_eq!(pay(&mut world, inbox, done, asker.clone()), 0, "stale");
    let earlier = wanted(&mut world, &asker);
    let done = solve(&world, &asker, &earlier);
    let (now, mut rng) = (world.now, Random::new(5));
    world.peers[0].crash(now, &mut rng);
    assert_eq!(pay(&mut world, inbox, done, asker.clone()), 0, "of the run before");
    assert_eq!(buy(&mut world, inbox, &asker), 1);
}

#[test]
fn a_busy_network_pays_more_for_prekeys_and_is_never_refused_and_bearers_of_invites_never_pay() {
    let mut world = World::new(14, &[Business, Person]);
    world.run(MINUTE);
    let (inbox, open) = (inbox(&world, 0), invite(&mut world, 0));
    let town = |number: u16| Asker { from: somebody(0).from, ..somebody(number) };
    for number in 0..limits::ONE_TIME_BUCKET as u16 {
        assert_eq!(buy(&mut world, inbox, &town(number)), 1);
    }
    let price = |world: &mut World, asker: Asker| {
        ask(world, inbox, None, asker).unwrap().work.map(|wanted| wanted.bits)
    };
    assert_eq!(price(&mut world, town(70)), Some(mail_limits::WORK_LEAST + 1), "whatever it calls itself");
    assert_eq!(price(&mut world, somebody(70)), Some(mail_limits::WORK_LEAST), "from another network");
    assert_eq!(buy(&mut world, inbox, &town(71)), 1, "dearer, not refused");
    let bearer = ask(&mut world, inbox, Some(open.token), town(72)).unwrap();
    assert_eq!((bearer.one_time.len(), bearer.work), (2, None));
}

#[test]
fn one_time_prekey_double_hand_out_does_not_happen_whatever_the_random_source_and_the_disk_do() {
    let (mut world, ..) = friends(4);
    let contact = world.peers[1].account();
    let route = pair_route(&world, 0, &contact);
    let (now, account) = (world.now, world.peers[0].account());
    let node = &mut world.peers[0];
    let mut all = Vec::new();
    for _ in 0..3 {
        // The same random numbers each time: the id that they give first is taken, and another one is drawn.
        let asked = vec![question(bare(route), somebody(0)), question(bare(route), somebody(1))];
        node.handle(now, asked, &mut Random::new(9));
        assert!(rows_seen(node) > all.len(), "staged");
        for effect in node.sync() {
            all.extend(given(vec![effect], &account, now).map(|given| given.one_time));
        }
    }
    assert_eq!(all.len(), 6);
    let ids: BTreeSet<u32> = all.iter().flatten().map(|(id, _)| *id).collect();
    let keys: BTreeSet<&Vec<u8>> = all.iter().flatten().map(|(_, key)| key).collect();
    assert_eq!((ids.len(), keys.len()), (6, 12), "{ids:?}");
    // What the disk doesn't have yet, nobody was given: after a crash nothing of it leaves.
    world.now = world.now.plus(DAY);
    let (now, node) = (world.now, &mut world.peers[0]);
    node.handle(now, vec![question(bare(route), somebody(0))], &mut Random::new(10));
    node.crash(now, &mut Random::new(11));
    let mut left = Vec::new();
    while node.disk.waiting() > 0 {
        left.extend(node.sync());
    }
    assert!(!left.iter().any(|effect| matches!(effect, Effect::Answer { .. })));
    assert_eq!(rows(&world, 0, &ONE_TIME), 6);
}

fn bare(route: RouteId) -> Ask {
    Ask::Bundle { route, token: None, work: None }
}

fn rows_seen(node: &crate::sim::peer::Peer) -> usize {
    let seen = node.disk.seen();
    Reader::new(&seen).scan(&ONE_TIME, &ONE_TIME.all()).len()
}

#[test]
fn first_flight_replay_with_and_without_one_time_prekeys_opens_nothing_twice() {
    for exhausted in [false, true] {
        let mut world = World::new(5, &[Person, Person]);
        world.run(MINUTE);
        let invite = invite(&mut world, 0);
        if exhausted {
            (0..6).for_each(|_| drop(ask(&mut world, invite.inbox, Some(invite.token), somebody(0))));
        }
        accept(&mut world, 1, invite);
        world.run(MINUTE);
        let bento = world.peers[1].account();
        assert_eq!(rows(&world, 0, &ONE_TIME), if exhausted { 6 } else { 0 });
        let flight = flights(&world, 0).remove(0);
        let before = (rows(&world, 0, &SESSIONS), rows(&world, 0, &REPLAYS));
        assert_eq!(before, (1, 1));
        for wait in [Duration::ZERO, DAY] {
            world.run(wait);
            // Taken, not refused: an honest sender who repeats itself has nothing to heal.
            assert_eq!(frame(&mut world, &flight), 0);
        }
        world.run(limits::FIRST_FLIGHT_LIFE);
        assert_eq!(frame(&mut world, &flight), 1, "past its expiry, however often it was sent");
        assert_eq!((rows(&world, 0, &SESSIONS), rows(&world, 0, &REPLAYS)), before);
        assert!(history(&world, 0, &bento).is_empty());
    }
}

#[test]
fn a_flight_to_a_one_time_pair_that_is_gone_is_refused_and_healed_by_a_new_bundle() {
    let mut world = World::new(6, &[Person, Person]);
    world.run(MINUTE);
    let (ana, bento) = (world.peers[0].account(), world.peers[1].account());
    let invite = invite(&mut world, 0);
    world.leave(0);
    accept(&mut world, 1, invite);
    assert!(say(&mut world, 1, ana, "are you there?"));
    world.run(MINUTE);
    assert_eq!(rows(&world, 0, &ONE_TIME), 1);
    change(&mut world, 0, |tx| {
        tx.scan(&ONE_TIME, &ONE_TIME.all()).into_iter().for_each(|(key, _)| tx.delete(&ONE_TIME, key));
    });
    world.come_back();
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["are you there?"]);
    assert!(is_remade(&world, 1, &ana), "by a new session");
    assert!(say(&mut world, 0, bento, "now I am"));
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["now I am"]);
    assert_eq!(rows(&world, 0, &ONE_TIME), 0);
}

#[test]
fn a_session_that_may_not_be_healed_yet_is_healed_once_it_may_though_nothing_more_is_said() {
    let mut world = World::new(16, &[Person, Person]);
    world.run(MINUTE);
    let (ana, bento) = (world.peers[0].account(), world.peers[1].account());
    let invite = invite(&mut world, 0);
    world.leave(0);
    accept(&mut world, 1, invite);
    assert!(say(&mut world, 1, ana, "are you there?"));
    world.run(MINUTE);
    change(&mut world, 0, |tx| {
        tx.scan(&ONE_TIME, &ONE_TIME.all()).into_iter().for_each(|(key, _)| tx.delete(&ONE_TIME, key));
    });
    // He has made one to heal another just now.
    let (now, device) =
        (world.now, Reader::new(&world.peers[1].disk.safe()).scan(&PEERS, &PEERS.all()).remove(0).0);
    change(&mut world, 1, |tx| {
        assert_eq!(tx.edit(&PEERS, &device, |peer| peer.heals.push(now)), Some(()));
    });
    world.come_back();
    world.run(limits::HEAL_INTERVAL - 2 * MINUTE);
    assert!(texts(&history(&world, 0, &bento), "in").is_empty() && !is_remade(&world, 1, &ana));
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["are you there?"]);
    assert!(is_remade(&world, 1, &ana));
}

#[test]
fn a_flight_whose_expiry_passed_under_way_is_refused_and_healed_by_a_new_bundle() {
    let (mut world, ana, bento) = friends(7);
    // Bento makes a new session, as he does to heal one, and can't deliver its first flight.
    let device = Reader::new(&world.peers[1].disk.safe()).scan(&PEERS, &PEERS.all()).remove(0).0;
    change(&mut world, 1, |tx| {
        let dropped = tx.edit(&PEERS, &device, |peer| peer.archive_active());
        assert_eq!(dropped, Some(Vec::new()));
    });
    world.leave(0);
    assert!(say(&mut world, 1, ana, "late"));
    world.run(15 * DAY);
    assert_eq!(rows(&world, 0, &ONE_TIME), 1, "the flight waits");
    let before = flights(&world, 0).len();
    world.come_back();
    world.run(30 * MINUTE);
    assert_eq!(flights(&world, 0).len(), before + 2, "the old flight, refused, and a new one");
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["late"]);
    assert!(is_remade(&world, 1, &ana));
}

#[test]
fn prekey_id_reuse_does_not_happen_and_a_guessed_id_uses_nothing_up() {
    let (mut world, ..) = friends(8);
    let ana = world.peers[0].account();
    let number = |world: &World| {
        let safe = world.peers[0].disk.safe();
        let sets = Reader::new(&safe).scan(&PREKEYS, &PREKEYS.of(ana.as_bytes()));
        sets.iter().map(|(_, set)| set.id).collect::<Vec<_>>()
    };
    assert_eq!(number(&world), [1]);
    world.run(40 * DAY);
    let numbers = number(&world);
    assert!(!numbers.contains(&1) && *numbers.last().unwrap() >= 20, "{numbers:?}");
    world.crash(0);
    world.run(2 * DAY);
    assert_eq!(*number(&world).last().unwrap(), numbers.last().unwrap() + 1, "counted on after a crash");
    // A flight to a set that is gone, and one to a pair that it doesn't own, change nothing.
    let flight = flights(&world, 0).remove(0);
    let contact = world.peers[1].account();
    let route = pair_route(&world, 0, &contact);
    assert_eq!(ask(&mut world, route, None, somebody(0)).unwrap().one_time.len(), 2);
    assert_eq!(frame(&mut world, &flight), 1);
    assert_eq!(rows(&world, 0, &ONE_TIME), 1);
}

#[test]
fn private_halves_and_what_is_remembered_of_flights_are_wiped_after_thirty_days() {
    let (mut world, ..) = friends(9);
    let ana = world.peers[0].account();
    let contact = world.peers[1].account();
    let route = pair_route(&world, 0, &contact);
    assert_eq!(ask(&mut world, route, None, somebody(0)).unwrap().one_time.len(), 2);
    let made = world.now;
    let oldest = |world: &World| {
        let safe = world.peers[0].disk.safe();
        let sets = Reader::new(&safe).scan(&PREKEYS, &PREKEYS.of(ana.as_bytes()));
        (sets.iter().map(|(_, set)| set.created).min().unwrap(), sets.len())
    };
    let first = oldest(&world).0;
    world.run(limits::PREKEY_LIFE - made.since(first) - MINUTE);
    assert_eq!(oldest(&world), (first, 15), "one for each two days");
    assert_eq!((rows(&world, 0, &ONE_TIME), rows(&world, 0, &REPLAYS)), (1, 1));
    world.run(limits::PREKEY_SWEEP + 2 * MINUTE);
    assert!(oldest(&world).0 > first, "the first set is gone");
    assert_eq!(rows(&world, 0, &REPLAYS), 0, "and what came to it");
    world.run(limits::PREKEY_SWEEP);
    assert_eq!(rows(&world, 0, &ONE_TIME), 0, "and the pair that nobody used");
    assert_eq!(pool(&world, 0).map(|pool| pool.waiting()), Some(0));
}

#[test]
fn a_node_that_slept_hands_out_no_prekeys_that_should_have_been_replaced() {
    let (mut world, ..) = friends(10);
    let contact = world.peers[1].account();
    let route = pair_route(&world, 0, &contact);
    let before = rows(&world, 0, &PREKEYS);
    // The question comes before the node has noticed how late it is.
    world.now = world.now.plus(5 * DAY);
    assert!(ask(&mut world, route, None, somebody(0)).is_some());
    assert_eq!(rows(&world, 0, &PREKEYS), before + 1);
}

/// A business that is published and has a customer, who knows it from its profile.
fn customer(seed: u64) -> (World, AccountId) {
    let mut world = World::new(seed, &[Business, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let account = world.peers[0].account();
    let added = world.ask(1, Command::Add { account, name: None }).unwrap();
    assert!(added.is_ok(), "{added:?}");
    world.run(MINUTE);
    (world, account)
}

#[test]
fn a_business_is_asked_for_a_one_time_pair_before_the_bundle_of_its_profile_serves() {
    let (mut world, padaria) = customer(11);
    assert_eq!(pool(&world, 0), None, "as long as nobody writes");
    assert!(say(&mut world, 1, padaria, "oi"));
    world.run(MINUTE);
    assert_eq!(pool(&world, 0).map(|pool| (pool.left(), pool.waiting())), Some((99, 0)), "given, and used");
    let heard = |world: &World| {
        let safe = world.peers[0].disk.safe();
        let contact = Reader::new(&safe).scan(&CONTACTS, &CONTACTS.all()).remove(0).1.account;
        texts(&history(world, 0, &contact), "in")
    };
    assert_eq!(heard(&world), ["oi"]);
}

#[test]
fn a_business_whose_one_time_pairs_are_exhausted_is_written_to_all_the_same() {
    let (mut world, padaria) = customer(12);
    world.run(MINUTE);
    let now = world.now;
    change(&mut world, 0, |tx| {
        let mut pool = Pool::full(now);
        while pool.take(Claim::Anyone, now) {}
        tx.put(&POOLS, POOLS.key(padaria.as_bytes()), pool);
    });
    assert_eq!(pool(&world, 0).map(|pool| (pool.left(), pool.waiting())), Some((20, 80)));
    assert!(say(&mut world, 1, padaria, "oi"));
    world.run(MINUTE);
    assert_eq!(rows(&world, 0, &SESSIONS), 1);
    assert_eq!(pool(&world, 0).map(|pool| (pool.left(), pool.waiting())), Some((20, 80)));
}

#[test]
fn a_business_that_never_answers_for_work_is_written_to_by_the_prekeys_that_it_gave_without() {
    let (mut world, padaria) = customer(15);
    // It is asked, tells a price, and is gone before the work is done: what it gave at first serves.
    assert!(say(&mut world, 1, padaria, "oi"));
    let told = |world: &World| world.puzzles > 0;
    while !told(&world) {
        world.run(Duration::from_millis(1));
    }
    world.stop(0);
    world.run(MINUTE);
    assert_eq!(pool(&world, 0), None, "no pair was given");
    world.start(0);
    world.run(5 * MINUTE);
    assert_eq!(rows(&world, 0, &SESSIONS), 1);
    assert_eq!(rows(&world, 0, &ONE_TIME), 0);
    let safe = world.peers[0].disk.safe();
    let contact = Reader::new(&safe).scan(&CONTACTS, &CONTACTS.all()).remove(0).1.account;
    drop(safe);
    assert_eq!(texts(&history(&world, 0, &contact), "in"), ["oi"]);
}
