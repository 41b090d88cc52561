//! An identity that was brought back, and what others have of its log.

use super::{MINUTE, friends, history, say, texts};
use crate::base::id::{AccountId, DeviceId, RouteId};
use crate::base::kind::AccountKind::{Business, Person};
use crate::crypto::ed25519::Signature;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::domain::chat::timeline::Notice;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::account::Seed;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::invite;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::input::Input;
use crate::sim::device_tests::{devices_of, linked, notices};
use crate::sim::random::Random;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};
use crate::store::tx::Tx;
use crate::wire::account::Purposes;
use crate::wire::ask::{Answer, Ask, LogAsked};
use crate::wire::invite::Invite;
use crate::wire::peer::PeerKey;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const ANA: usize = 0;
const BENTO: usize = 1;

fn invited(world: &mut World, peer: usize) -> Invite {
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(peer, Command::Invite) else {
        panic!("no invite");
    };
    invite::decode(&text).unwrap()
}

fn accept(world: &mut World, peer: usize, invite: Invite) -> Result<(), Refusal> {
    world.ask(peer, Command::Accept { invite, name: None }).unwrap().map(|_| ())
}

/// The number of the last entry that was found.
fn reconcile(world: &mut World, peer: usize, from: Option<Invite>) -> Result<u64, Refusal> {
    match world.ask(peer, Command::Reconcile { force: false, from: from.map(Box::new) }).unwrap()? {
        Outcome::Reconciled { seq } => Ok(seq),
        other => panic!("{other:?}"),
    }
}

fn own_log(world: &World, peer: usize) -> AccountLog {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).row(&ACCOUNTS, world.peers[peer].account().as_bytes()).unwrap().log.clone()
}

fn pinned(world: &World, peer: usize, account: &AccountId) -> AccountLog {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).row(&CONTACTS, account.as_bytes()).unwrap().log.clone().unwrap()
}

fn is_forked(world: &World, peer: usize, account: &AccountId) -> bool {
    let safe = world.peers[peer].disk.safe();
    Reader::new(&safe).row(&CONTACTS, account.as_bytes()).unwrap().forked_at.is_some()
}

#[test]
fn a_restored_person_goes_on_from_the_log_that_a_contact_has_and_says_nothing_before() {
    let (mut world, ana, bento) = friends(400);
    let (second, _) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    assert!(say(&mut world, ANA, bento, "before"));
    world.run(MINUTE);
    let before = own_log(&world, ANA).head();
    world.restore_to_ask(ANA);
    world.run(MINUTE);
    let invite = invited(&mut world, BENTO);
    assert_eq!(world.ask(ANA, Command::Invite).unwrap().unwrap_err(), Refusal::Unreconciled);
    assert_eq!(accept(&mut world, ANA, invite.clone()), Err(Refusal::Unreconciled));
    assert!(matches!(reconcile(&mut world, ANA, None), Err(Refusal::Identity(_))), "it knows nobody");
    let found = reconcile(&mut world, ANA, Some(invite.clone()));
    assert_eq!(found, Ok(before.seq));
    let log = own_log(&world, ANA);
    assert_eq!(log.hash_at(before.seq), Some(before.hash), "the new log goes on from the old one");
    assert_eq!(log.devices().len(), 1, "and has none of its devices");
    assert!(accept(&mut world, ANA, invite).is_ok());
    assert!(say(&mut world, ANA, bento, "after"));
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["before", "after"]);
    assert_eq!(pinned(&world, BENTO, &ana).head(), log.head());
    assert!(!is_forked(&world, BENTO, &ana));
    assert_eq!(notices(&world, BENTO, &ana).last(), Some(&Notice::IdentityRestored));
    // The other device of before speaks for her no more.
    assert!(say(&mut world, second, bento, "from the telephone that she lost"));
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["before", "after"]);
}

#[test]
fn another_device_of_hers_tells_a_restored_person_her_log() {
    let (mut world, _, _) = friends(401);
    let (second, _) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    let before = own_log(&world, ANA).head();
    world.restore_to_ask(ANA);
    world.run(MINUTE);
    let invite = invited(&mut world, second);
    assert_eq!(reconcile(&mut world, ANA, Some(invite)), Ok(before.seq));
    assert_eq!(own_log(&world, ANA).hash_at(before.seq), Some(before.hash));
}

/// Her first device's clock was a day ahead when it made her log; it went right later, and so does the new one's.
fn made_by_a_wrong_clock(seed: u64) -> (World, AccountId, AccountId) {
    let mut world = World::new(seed, &[Person, Person]);
    world.run(MINUTE);
    world.set_clock(ANA, DAY);
    world.restore(ANA);
    world.run(MINUTE);
    world.set_clock(ANA, 0);
    let invite = invited(&mut world, BENTO);
    assert!(accept(&mut world, ANA, invite).is_ok());
    let (ana, bento) = (world.peers[ANA].account(), world.peers[BENTO].account());
    assert!(say(&mut world, ANA, bento, "before"));
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["before"]);
    (world, ana, bento)
}

#[test]
fn a_wrong_clock_makes_no_second_story_of_a_restored_identity_that_asked() {
    for asks in [true, false] {
        let (mut world, ana, bento) = made_by_a_wrong_clock(402);
        if asks {
            world.restore_to_ask(ANA);
        } else {
            world.restore(ANA);
        }
        world.run(MINUTE);
        let invite = invited(&mut world, BENTO);
        if asks {
            assert!(reconcile(&mut world, ANA, Some(invite.clone())).is_ok());
        }
        assert!(accept(&mut world, ANA, invite).is_ok());
        assert!(say(&mut world, ANA, bento, "after"));
        world.run(15 * MINUTE);
        let heard = texts(&history(&world, BENTO, &ana), "in");
        let expected: &[&str] = if asks { &["before", "after"] } else { &["before"] };
        assert_eq!(heard, expected, "she asked: {asks}");
    }
}

/// Puts an older log in the place of an account's own, as a disk that was set back would.
fn set_back(world: &mut World, peer: usize, log: AccountLog) {
    let disk = &mut world.peers[peer].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        let key = ACCOUNTS.key(log.account().as_bytes());
        assert!(tx.edit(&ACCOUNTS, &key, |own| own.log = log).is_some());
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
    world.crash(peer);
}

#[test]
fn two_logs_of_one_account_are_noticed_by_whoever_hears_of_both() {
    let (mut world, ana, bento) = friends(410);
    let before = own_log(&world, ANA);
    let (second, _) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    let head = pinned(&world, BENTO, &ana).head();
    assert_eq!(own_log(&world, ANA).head(), head);
    // The key signs another entry of that number.
    world.stop(second);
    set_back(&mut world, ANA, before);
    linked(&mut world, ANA);
    let other = own_log(&world, ANA).head();
    assert!(other.seq == head.seq && other.hash != head.hash);
    assert!(!is_forked(&world, BENTO, &ana) && world.peers[BENTO].counters().forked_logs == 0);
    assert!(say(&mut world, ANA, bento, "hello"));
    world.run(5 * MINUTE);
    assert!(is_forked(&world, BENTO, &ana) && world.peers[BENTO].counters().forked_logs > 0);
    let seen = notices(&world, BENTO, &ana);
    assert_eq!(seen.iter().filter(|notice| **notice == Notice::LogsContradict).count(), 1, "{seen:?}");
    assert_eq!(pinned(&world, BENTO, &ana).head(), head, "what was pinned stands");
}

#[test]
fn who_restores_an_identity_that_is_over_is_told_who_took_its_place() {
    let (mut world, ana, _) = friends(403);
    world.rotate(ANA);
    world.run(15 * MINUTE);
    let heir = world.peers[ANA].account();
    assert_ne!(heir, ana);
    // From the words of before.
    world.restore_to_ask(ANA);
    world.run(MINUTE);
    assert_eq!(world.peers[ANA].account(), ana);
    let invite = invited(&mut world, BENTO);
    let Err(Refusal::Identity(words)) = reconcile(&mut world, ANA, Some(invite.clone())) else {
        panic!("it goes on");
    };
    assert!(words.contains(&crate::domain::identity::address::encode(&heir)), "{words}");
    assert_eq!(accept(&mut world, ANA, invite), Err(Refusal::Unreconciled));
}

#[test]
fn who_knows_nothing_or_is_off_leaves_a_restored_person_to_decide() {
    let mut world = World::new(404, &[Person, Person]);
    world.run(MINUTE);
    world.restore_to_ask(ANA);
    world.run(MINUTE);
    let invite = invited(&mut world, BENTO);
    assert_eq!(reconcile(&mut world, ANA, Some(invite.clone())), Err(Refusal::NothingFound));
    world.stop(BENTO);
    let off = reconcile(&mut world, ANA, Some(invite.clone()));
    assert!(matches!(&off, Err(Refusal::Identity(words)) if words.contains("reached")), "{off:?}");
    assert_eq!(accept(&mut world, ANA, invite.clone()), Err(Refusal::Unreconciled));
    assert!(world.ask(ANA, Command::Reconcile { force: true, from: None }).unwrap().is_ok());
    assert!(accept(&mut world, ANA, invite).is_ok());
}

#[test]
fn a_backup_learns_from_contacts_which_devices_came_since() {
    let (mut world, ana, bento) = friends(405);
    assert!(say(&mut world, ANA, bento, "hello"));
    world.run(MINUTE);
    let backup = world.back_up(ANA);
    let (second, device) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    assert_eq!(devices_of(&world, BENTO, &ana), 2);
    let head = own_log(&world, ANA).head();
    world.bring_back(ANA, backup);
    world.run(5 * MINUTE);
    assert_eq!(own_log(&world, ANA).devices().len(), 1, "it knows nothing of the other");
    let revoked = world.ask(ANA, Command::RevokeDevice(device)).unwrap().unwrap_err();
    assert_eq!(revoked, Refusal::Unreconciled, "the next entry could be a second one of its number");
    assert_eq!(reconcile(&mut world, ANA, None), Ok(head.seq));
    assert_eq!(own_log(&world, ANA).head(), head);
    assert!(world.ask(ANA, Command::RevokeDevice(device)).unwrap().is_ok());
    world.run(15 * MINUTE);
    assert_eq!((devices_of(&world, BENTO, &ana), is_forked(&world, BENTO, &ana)), (1, false));
    assert!(say(&mut world, second, bento, "from the other"));
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["hello"]);
}

#[test]
fn a_backup_that_asks_nobody_opens_a_generation_and_contradicts_nothing() {
    let (mut world, ana, bento) = friends(406);
    let (second, device) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    let backup = world.back_up(ANA);
    assert!(world.ask(ANA, Command::RevokeDevice(device)).unwrap().is_ok());
    world.run(5 * MINUTE);
    let head = own_log(&world, ANA).head();
    world.bring_back(ANA, backup);
    world.run(5 * MINUTE);
    assert!(world.ask(ANA, Command::Reconcile { force: true, from: None }).unwrap().is_ok());
    let log = own_log(&world, ANA);
    assert!(log.generation() > head.seq && log.devices().len() == 2, "as it was when the backup was made");
    assert!(world.ask(ANA, Command::RevokeDevice(device)).unwrap().is_ok());
    assert!(say(&mut world, ANA, bento, "here again"));
    world.run(15 * MINUTE);
    assert_eq!((devices_of(&world, BENTO, &ana), is_forked(&world, BENTO, &ana)), (1, false));
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["here again"]);
    assert!(!own_log(&world, ANA).devices().any(|one| one.id == world.peers[second].device_towards(&ana)));
}

/// What a node answers to a question for a log.
fn answer(world: &mut World, peer: usize, asker: &PeerKey, asked: LogAsked) -> Answer {
    let (now, mut rng) = (world.now, Random::new(7));
    let node = &mut world.peers[peer];
    while node.disk.waiting() > 0 {
        let _ = node.sync();
    }
    let body = Ask::Log(Box::new(asked)).encode();
    node.handle(now, vec![Input::Asked { ask: 1, peer: asker.clone(), from: None, body }], &mut rng);
    let body = node.sync().into_iter().find_map(|effect| match effect {
        Effect::Answer { body, .. } => Some(body),
        _ => None,
    });
    Answer::decode(&body.unwrap()).unwrap()
}

/// A device that was made of a phrase, and a question of it.
fn question(seed: &Seed, device: u8, world: &World, route: RouteId, asker: &PeerKey) -> LogAsked {
    let account = seed.account().id();
    let keys = DeviceKeys::derive(&Secret::new([device; 32]), &account);
    let log = AccountLog::begin(&seed.account(), keys.member(&account, Purposes::ALL), world.now);
    let payload = LogAsked::payload(&world.peers[BENTO].key, asker, &route, &account);
    let proof = Signature::new(keys.signing().sign(label::LOG_ASK, &payload));
    LogAsked { route, account, log: log.entries(), device: keys.id(), proof }
}

#[test]
fn what_somebody_has_of_a_log_is_told_to_that_accounts_devices_alone() {
    let (mut world, ana, _) = friends(407);
    let seed = world.peers[ANA].seed().unwrap();
    let route = invited(&mut world, BENTO).inbox;
    world.run(MINUTE);
    let asker = world.peers[ANA].key.clone();
    let good = question(&seed, 9, &world, route, &asker);
    let held = Answer::Log(pinned(&world, BENTO, &ana).entries());
    assert_eq!(answer(&mut world, BENTO, &asker, good.clone()), held, "what is spoilt below was good");
    let other = world.peers[BENTO].key.clone();
    let wrong = [
        ("replayed by another peer", other, good.clone()),
        ("on another route", asker.clone(), LogAsked { route: RouteId::new([9; 16]), ..good.clone() }),
        ("without a log", asker.clone(), LogAsked { log: Vec::new(), ..good.clone() }),
        ("not signed", asker.clone(), LogAsked { proof: Signature::new([9; 64]), ..good.clone() }),
        (
            "by a device that isn't in it",
            asker.clone(),
            LogAsked { device: DeviceId::new([9; 32]), ..good.clone() },
        ),
        ("about somebody else", asker.clone(), {
            let theirs = question(&Seed::from_secret(Secret::new([5; 32])), 9, &world, route, &asker);
            LogAsked { account: ana, ..theirs }
        }),
        ("by an account that isn't known", asker.clone(), {
            question(&Seed::from_secret(Secret::new([5; 32])), 9, &world, route, &asker)
        }),
    ];
    for (why, peer, asked) in wrong {
        assert_eq!(answer(&mut world, BENTO, &peer, asked), Answer::Nothing, "{why}");
    }
    assert!(world.ask(BENTO, Command::Block(ana)).unwrap().is_ok());
    assert_eq!(answer(&mut world, BENTO, &asker, good), Answer::Nothing, "by somebody who is blocked");
}

#[test]
fn a_device_that_was_taken_out_is_not_told_what_came_after() {
    let (mut world, ana, _) = friends(408);
    let (second, device) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    let route = invited(&mut world, BENTO).inbox;
    let (asker, keys) = (world.peers[second].key.clone(), world.peers[second].keys_towards(&ana));
    let payload = LogAsked::payload(&world.peers[BENTO].key, &asker, &route, &ana);
    let proof = Signature::new(keys.signing().sign(label::LOG_ASK, &payload));
    let log = own_log(&world, second).entries();
    let asked = LogAsked { route, account: ana, log, device, proof };
    assert!(matches!(answer(&mut world, BENTO, &asker, asked.clone()), Answer::Log(_)));
    assert!(world.ask(ANA, Command::RevokeDevice(device)).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert_eq!(devices_of(&world, BENTO, &ana), 1);
    assert_eq!(answer(&mut world, BENTO, &asker, asked), Answer::Nothing);
}

#[test]
fn a_business_learns_from_no_log_which_person_its_customer_is() {
    let mut world = World::new(409, &[Business, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let shop = world.peers[0].account();
    assert!(world.ask(1, Command::Add { account: shop, name: None }).unwrap().is_ok());
    assert!(say(&mut world, 1, shop, "good morning"));
    world.run(5 * MINUTE);
    let seed = world.peers[0].seed().unwrap();
    let asker = world.peers[0].key.clone();
    // The inbox by which people know her, which the shop found somewhere; and the one by which it knows her itself.
    let inboxes = {
        let safe = world.peers[1].disk.safe();
        let rows = Reader::new(&safe).scan(&ACCOUNTS, &ACCOUNTS.all());
        let of = |subject: bool| {
            rows.iter()
                .find(|(_, own)| own.subject_of.is_some() == subject)
                .map(|(_, own)| own.inbox)
                .unwrap()
        };
        [of(false), of(true)]
    };
    let [main, subject] = inboxes.map(|route| {
        let asked = question(&seed, 9, &world, route, &asker);
        answer(&mut world, 1, &asker, asked)
    });
    assert_eq!(main, Answer::Nothing, "as if it weren't known");
    assert!(matches!(subject, Answer::Log(_)));
}
