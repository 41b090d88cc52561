//! What a person's node lets businesses and strangers write, whatever they try.

use core::time::Duration;

use super::device_tests::{devices_of, linked};
use super::tests::{MINUTE, history, say, texts};
use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::limits;
use crate::domain::chat::delivery::State;
use crate::domain::chat::timeline::Cause;
use crate::domain::consent::export::{self, Expect};
use crate::domain::consent::ledger;
use crate::domain::consent::quiet::Quiet;
use crate::domain::consent::waiting::WAITING;
use crate::domain::consent::window::OPENINGS;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::contact::Standing;
use crate::domain::identity::invite;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::consent_view::{self, DroppedView};
use crate::engine::event::Event;
use crate::engine::view::{self, EntryView};
use crate::sim::bounds;
use crate::sim::world::{Faults, World};
use crate::store::table::{Reader, Row, Rows as _, Table};
use crate::wire::consent::{Decline, Topic};
use crate::wire::report::Reason;
use crate::wire::template::{Template, Variable};

const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const SHOP: usize = 0;
pub(super) const ANA: usize = 1;

/// A shop, and Ana, who has written to it; the accounts by which they know one another.
pub(super) fn customer(seed: u64) -> (World, AccountId, AccountId) {
    let mut world = World::new(seed, &[Business, Person, Person, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(SHOP, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let shop = world.peers[SHOP].account();
    assert!(world.ask(ANA, Command::Add { account: shop, name: None }).unwrap().is_ok());
    assert!(say(&mut world, ANA, shop, "oi"));
    world.run(MINUTE);
    let ana = only_contact(&world, SHOP);
    (world, shop, ana)
}

/// Somebody whose invite two people take up at once: it serves one of them, the other one is a stranger who knocks.
/// The host's account, the guest and the knocker.
pub(super) fn knocked(seed: u64) -> (World, AccountId, usize, usize) {
    let mut world = World::new(seed, &[Person, Person, Person]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    for peer in [1, 2] {
        world.command(peer, Command::Accept { invite: invite.clone(), name: None });
    }
    world.run(MINUTE);
    let standing = |peer: usize| {
        let account = world.peers[peer].account();
        look(&world, 0, |rows| view::contact(rows, &account)).unwrap().standing
    };
    let (guest, knocker) = if standing(1) == Standing::Accepted { (1, 2) } else { (2, 1) };
    assert_eq!([standing(guest), standing(knocker)], [Standing::Accepted, Standing::Requested]);
    let host = world.peers[0].account();
    (world, host, guest, knocker)
}

fn look<T>(world: &World, peer: usize, look: impl FnOnce(&Reader<'_>) -> T) -> T {
    let safe = world.peers[peer].disk.safe();
    look(&Reader::new(&safe))
}

fn only_contact(world: &World, peer: usize) -> AccountId {
    let contacts = look(world, peer, |rows| view::contacts(rows));
    assert_eq!(contacts.len(), 1);
    crate::domain::identity::address::decode(&contacts[0].address).unwrap()
}

fn count<T: Row>(world: &World, peer: usize, table: &Table<T>) -> usize {
    look(world, peer, |rows| rows.scan(table, &table.all()).len())
}

fn dropped(world: &World, peer: usize) -> Vec<(Decline, Option<Topic>, u64)> {
    let all: Vec<DroppedView> = look(world, peer, |rows| consent_view::dropped(rows));
    let mut all: Vec<_> = all.into_iter().map(|one| (one.cause, one.category, one.count)).collect();
    all.sort_unstable();
    all
}

fn by_template(world: &mut World, to: AccountId, text: &str, category: Topic) {
    let template = Template {
        name: "news".into(),
        version: 1,
        language: "pt-BR".into(),
        category,
        variables: vec![Variable { name: "what".into(), value: text.into() }],
    };
    let command = Command::SendByTemplate { to, text: text.into(), template: Box::new(template) };
    assert!(matches!(world.ask(SHOP, command), Some(Ok(Outcome::Queued { .. }))));
    world.run(MINUTE);
}

/// What became of our last message.
fn last(world: &World, peer: usize, with: &AccountId) -> (Option<State>, Option<Cause>) {
    let ours = |entry: &&EntryView| entry.direction == "out";
    let entries = history(world, peer, with);
    entries.iter().rfind(ours).map(|entry| (entry.state, entry.cause)).unwrap()
}

/// How far the shop's last messages got.
fn states(world: &World, with: &AccountId, many: usize) -> Vec<State> {
    let entries = history(world, SHOP, with);
    let mut states: Vec<State> = entries.iter().filter_map(|entry| entry.state).collect();
    states.split_off(states.len() - many)
}

const fn failed(cause: Cause) -> (Option<State>, Option<Cause>) {
    (Some(State::Failed), Some(cause))
}

const DELIVERED: (Option<State>, Option<Cause>) = (Some(State::Delivered), None);

fn consents(world: &mut World, to: AccountId, topics: &[Topic], days: Option<u32>) {
    let answer = world.ask(ANA, Command::Consent { to, topics: topics.to_vec(), days });
    assert!(matches!(answer, Some(Ok(_))), "{answer:?}");
    world.run(MINUTE);
}

#[test]
fn a_business_is_answered_for_by_the_newest_message_and_outside_the_window_it_needs_a_consent() {
    let (mut world, shop, ana) = customer(1);
    assert!(say(&mut world, SHOP, ana, "oi Ana"));
    world.run(23 * HOUR);
    assert!(say(&mut world, SHOP, ana, "still here"));
    world.run(MINUTE);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    world.run(2 * HOUR);
    assert!(say(&mut world, SHOP, ana, "buy!"));
    world.run(MINUTE);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::OutsideWindow));
    by_template(&mut world, ana, "your bread is out", Topic::Utility);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::NoConsent));
    consents(&mut world, shop, &[Topic::Utility], Some(30));
    by_template(&mut world, ana, "your bread is out again", Topic::Utility);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    by_template(&mut world, ana, "cake!", Topic::Marketing);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::NoConsent));
    // What she takes back ends at once, also for a shop that hasn't heard of it.
    consents(&mut world, shop, &[], None);
    by_template(&mut world, ana, "one more", Topic::Utility);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::NoConsent));
    assert!(say(&mut world, ANA, shop, "two loaves"));
    world.run(MINUTE);
    assert!(say(&mut world, SHOP, ana, "of course"));
    world.run(MINUTE);
    let shown = ["oi Ana", "still here", "your bread is out again", "of course"];
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), shown);
    assert_eq!(
        dropped(&world, ANA),
        [
            (Decline::OutsideWindow, None, 1),
            (Decline::NoConsent, Some(Topic::Utility), 2),
            (Decline::NoConsent, Some(Topic::Marketing), 1)
        ]
    );
    assert_eq!(world.peers[ANA].counters().not_allowed, 4);
}

#[test]
fn a_consent_expires_by_itself() {
    let (mut world, shop, ana) = customer(2);
    consents(&mut world, shop, &[Topic::Service], Some(3));
    by_template(&mut world, ana, "one", Topic::Service);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    world.run(72 * HOUR);
    by_template(&mut world, ana, "two", Topic::Service);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::NoConsent));
}

#[test]
fn a_business_that_floods_shows_nothing_fills_nothing_and_is_told_why() {
    let (mut world, shop, ana) = customer(3);
    world.run(25 * HOUR);
    let rows = |world: &World| world.peers[ANA].disk.keys().count();
    let before = rows(&world);
    const FLOOD: usize = 1_500;
    for number in 0..FLOOD {
        world.command(SHOP, Command::Send { to: ana, text: format!("buy {number}") });
    }
    world.run(30 * MINUTE);
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), Vec::<String>::new());
    assert_eq!(dropped(&world, ANA), [(Decline::OutsideWindow, None, FLOOD as u64)]);
    assert!(rows(&world) < before + 10, "{} rows more", rows(&world) - before);
    assert_eq!(bounds::exceeded(&world.peers[ANA].disk), Vec::<String>::new());
    let told = history(&world, SHOP, &ana);
    let told: Vec<_> = told.iter().filter(|entry| entry.direction == "out").collect();
    assert_eq!(told.len(), FLOOD);
    assert!(told.iter().all(|entry| entry.cause == Some(Cause::OutsideWindow)), "each of them");
    // A crash forgets nothing of it.
    world.crash(ANA);
    world.run(MINUTE);
    assert_eq!(dropped(&world, ANA), [(Decline::OutsideWindow, None, FLOOD as u64)]);
}

#[test]
fn a_sender_is_told_of_every_drop_though_its_texts_came_out_of_order() {
    let (mut world, shop, ana) = customer(12);
    world.run(25 * HOUR);
    world.faults = Faults { broken: 5, repeated: 20, reordered: 40, ..Faults::default() };
    for number in 0..200 {
        world.command(SHOP, Command::Send { to: ana, text: format!("buy {number}") });
        world.run(Duration::from_millis(20));
    }
    world.faults = Faults::default();
    world.run(6 * HOUR);
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), Vec::<String>::new());
    let told = history(&world, SHOP, &ana);
    let causes: Vec<_> =
        told.iter().filter(|entry| entry.direction == "out").map(|entry| entry.cause).collect();
    assert_eq!(causes, vec![Some(Cause::OutsideWindow); 200]);
}

#[test]
fn caps_hold_whatever_was_consented_to() {
    let (mut world, shop, ana) = customer(4);
    consents(&mut world, shop, &Topic::ALL, Some(365));
    for number in 0..consent_limits::TEMPLATES_MAX {
        by_template(&mut world, ana, &number.to_string(), Topic::Utility);
        assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    }
    by_template(&mut world, ana, "too much", Topic::Utility);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::OverCap));
    by_template(&mut world, ana, "1234 is your code", Topic::Authentication);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    for number in 0..consent_limits::MARKETING_MAX {
        by_template(&mut world, ana, &format!("cake {number}"), Topic::Marketing);
        assert_eq!(last(&world, SHOP, &ana), DELIVERED);
        by_template(&mut world, ana, "and another cake", Topic::Marketing);
        assert_eq!(last(&world, SHOP, &ana), failed(Cause::OverCap), "too soon");
        world.run(consent_limits::MARKETING_APART);
    }
    by_template(&mut world, ana, "cake once more", Topic::Marketing);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::OverCap));
    let mut answers = 0;
    assert!(say(&mut world, ANA, shop, "enough"));
    world.run(MINUTE);
    while answers <= consent_limits::ANSWERS_MAX {
        assert!(say(&mut world, SHOP, ana, &format!("sorry {answers}")));
        answers += 1;
    }
    world.run(MINUTE);
    let said = texts(&history(&world, ANA, &shop), "in");
    let sorry = said.iter().filter(|text| text.starts_with("sorry")).count();
    assert_eq!(sorry, consent_limits::ANSWERS_MAX, "the node itself sees that one more can't answer");
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::OutsideWindow));
}

#[test]
fn in_quiet_hours_news_waits_and_codes_come() {
    let (mut world, shop, ana) = customer(5);
    consents(&mut world, shop, &Topic::ALL, Some(365));
    let minutes = world.now.as_secs() / 60 % 1_440;
    let clock = |minutes: u64| format!("{:02}:{:02}", minutes % 1_440 / 60, minutes % 60);
    let hours = format!("{}-{}", clock(minutes), clock(minutes + 120));
    let quiet = Quiet::parse(&hours, "+00:00".parse().unwrap()).unwrap();
    assert!(world.ask(ANA, Command::SetQuiet(Some(quiet))).unwrap().is_ok());
    by_template(&mut world, ana, "news", Topic::Utility);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED, "that it waits is nobody's business");
    by_template(&mut world, ana, "cake", Topic::Marketing);
    by_template(&mut world, ana, "1234 is your code", Topic::Authentication);
    assert!(say(&mut world, SHOP, ana, "an answer"));
    world.run(MINUTE);
    let shown = |world: &World| texts(&history(world, ANA, &shop), "in");
    assert_eq!(shown(&world), ["1234 is your code", "an answer"]);
    assert_eq!(count(&world, ANA, &WAITING), 2);
    // She reads what there is. What she hasn't seen isn't said to be read, nor what came after it.
    assert!(world.ask(ANA, Command::MarkRead(shop, None)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(states(&world, &ana, 4), [State::Delivered; 4]);
    // Meanwhile she has enough of cake.
    consents(&mut world, shop, &[Topic::Marketing], None);
    world.crash(ANA);
    world.run(2 * HOUR);
    assert_eq!(shown(&world), ["1234 is your code", "an answer", "news"]);
    let unread = look(&world, ANA, |rows| view::conversations(rows)).pop().unwrap().unread;
    assert_eq!(unread, 1, "the one that came out of hiding");
    assert!(world.ask(ANA, Command::MarkRead(shop, None)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(states(&world, &ana, 4), [State::Read; 4]);
    assert_eq!(count(&world, ANA, &WAITING), 0);
    assert_eq!(dropped(&world, ANA), [(Decline::NoConsent, Some(Topic::Marketing), 1)]);
    // Hours that are ended show at once what waited.
    world.run(22 * HOUR - 5 * MINUTE);
    by_template(&mut world, ana, "more news", Topic::Utility);
    assert_eq!(shown(&world).len(), 3);
    assert!(world.ask(ANA, Command::SetQuiet(None)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(shown(&world)[3], "more news");
}

#[test]
fn consents_reach_the_business_and_both_sides_can_prove_them() {
    let (mut world, shop, ana) = customer(6);
    consents(&mut world, shop, &[Topic::Utility, Topic::Marketing], Some(30));
    consents(&mut world, shop, &[Topic::Marketing], None);
    let now = world.now;
    let there = look(&world, SHOP, |rows| consent_view::consents(rows, Some(&ana), now));
    let held: Vec<_> = there.iter().map(|one| (one.topic, one.in_force, one.we_are)).collect();
    assert_eq!(held, [(Topic::Utility, true, "business"), (Topic::Marketing, false, "business")]);
    let expect = Expect { business: Some(shop), person: Some(ana) };
    for (peer, with) in [(SHOP, ana), (ANA, shop)] {
        let file = look(&world, peer, |rows| consent_view::file(rows, &with, true)).unwrap();
        let verdict = export::verify(&file, &expect, now).unwrap();
        assert_eq!((verdict.consents.len(), verdict.in_force.len()), (3, 1), "node {peer}");
    }
    assert_ne!(ana, world.peers[ANA].account(), "under the name that the business knows");
    let refused = world.ask(SHOP, Command::Consent { to: ana, topics: vec![], days: None });
    assert!(matches!(refused, Some(Err(Refusal::NotAPerson))));
}

#[test]
fn a_business_that_was_invited_is_heard_once_and_then_by_the_rules() {
    let mut world = World::new(7, &[Business, Person]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(ANA, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(SHOP, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(MINUTE);
    let (shop, ana) = (world.peers[SHOP].account(), world.peers[ANA].account());
    assert!(say(&mut world, SHOP, ana, "you asked for us"));
    world.run(MINUTE);
    assert_eq!(last(&world, SHOP, &ana), DELIVERED);
    world.run(25 * HOUR);
    assert!(say(&mut world, SHOP, ana, "buy!"));
    world.run(MINUTE);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::OutsideWindow));
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), ["you asked for us"]);
    let contact = look(&world, ANA, |rows| view::contact(rows, &shop)).unwrap();
    assert!(!contact.business, "on its own word it is held to the rules, and no more");
}

/// A shop that took up Ana's invite, and her second device; the accounts by which they know one another.
fn two_devices(seed: u64) -> (World, AccountId, AccountId, usize) {
    let mut world = World::new(seed, &[Business, Person]);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(ANA, Command::Invite) else {
        panic!("no invite");
    };
    let invite = invite::decode(&text).unwrap();
    assert!(world.ask(SHOP, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(MINUTE);
    let (shop, ana) = (world.peers[SHOP].account(), world.peers[ANA].account());
    let (other, _) = linked(&mut world, ANA);
    world.run(5 * MINUTE);
    assert_eq!(devices_of(&world, SHOP, &ana), 2);
    (world, shop, ana, other)
}

#[test]
fn what_one_device_of_a_person_dropped_and_another_one_took_has_not_failed() {
    let (mut world, shop, ana, other) = two_devices(13);
    // A consent is known to the device that it was given on: the other one drops what comes by it.
    consents(&mut world, shop, &[Topic::Utility], Some(30));
    let seen = |world: &World, peer: usize| texts(&history(world, peer, &shop), "in");
    for (number, first) in [ANA, other].into_iter().enumerate() {
        let (text, last_one) = (format!("news {number}"), ANA + other - first);
        world.stop(last_one);
        by_template(&mut world, ana, &text, Topic::Utility);
        let expected = if first == ANA { DELIVERED } else { failed(Cause::NoConsent) };
        assert_eq!(last(&world, SHOP, &ana), expected, "{text}");
        world.start(last_one);
        world.run(HOUR);
        assert_eq!(last(&world, SHOP, &ana), DELIVERED, "{text}: she has it on one device");
        assert_eq!((seen(&world, ANA).last(), seen(&world, other).len()), (Some(&text), 0));
    }
    by_template(&mut world, ana, "cake", Topic::Marketing);
    world.run(HOUR);
    assert_eq!(last(&world, SHOP, &ana), failed(Cause::NoConsent), "neither took it");
}

#[test]
fn a_consent_that_comes_after_a_later_one_is_kept_and_not_told_as_news() {
    let (mut world, shop, ana, other) = two_devices(14);
    let told = |world: &World| -> Vec<bool> {
        let granted = |event: &Event| match event {
            Event::Consent { granted, .. } => Some(*granted),
            _ => None,
        };
        world.peers[SHOP].shown.iter().filter_map(granted).collect()
    };
    world.stop(SHOP);
    let topics = vec![Topic::Utility];
    let grant = Command::Consent { to: shop, topics: topics.clone(), days: Some(30) };
    assert!(world.ask(other, grant).unwrap().is_ok());
    world.stop(other);
    world.run(MINUTE);
    assert!(world.ask(ANA, Command::Consent { to: shop, topics, days: None }).unwrap().is_ok());
    world.start(SHOP);
    world.run(HOUR);
    assert_eq!(told(&world), [false]);
    world.start(other);
    world.run(HOUR);
    let (now, both) = (world.now, look(&world, SHOP, |rows| ledger::all(rows, &ana)));
    assert_eq!(both.len(), 2, "both can be proven");
    assert!(!look(&world, SHOP, |rows| ledger::holds(rows, &ana, Topic::Utility, now)));
    assert_eq!(told(&world), [false], "what she said last holds still");
}

#[test]
fn a_stranger_who_floods_costs_so_much_and_no_more_and_nothing_is_lost_once_admitted() {
    let (mut world, host, _, knocker) = knocked(8);
    let all: Vec<String> = (0..300).map(|number| format!("hello {number}")).collect();
    for text in &all {
        world.command(knocker, Command::Send { to: host, text: text.clone() });
    }
    world.run(3 * HOUR);
    let stranger = world.peers[knocker].account();
    let shown = texts(&history(&world, 0, &stranger), "in");
    assert!(!shown.is_empty() && shown.len() as u64 <= limits::STRANGER_ENTRIES_MAX, "{}", shown.len());
    let opened = world.peers[0].counters().opened;
    world.run(24 * HOUR);
    assert_eq!(world.peers[0].counters().opened, opened, "nothing more is opened");
    assert_eq!(bounds::exceeded(&world.peers[0].disk), Vec::<String>::new());
    assert!(world.ask(0, Command::Admit(stranger)).unwrap().is_ok());
    world.run(HOUR);
    assert_eq!(texts(&history(&world, 0, &stranger), "in"), all);
}

#[test]
fn a_stranger_can_be_refused_and_a_contact_reported_and_nobody_is_told() {
    let (mut world, host, guest, knocker) = knocked(9);
    for peer in [guest, knocker] {
        assert!(say(&mut world, peer, host, "oi"));
    }
    world.run(5 * MINUTE);
    let (friend, stranger) = (world.peers[guest].account(), world.peers[knocker].account());
    assert!(matches!(world.ask(0, Command::Refuse(friend)), Some(Err(Refusal::Consent(_)))));
    assert!(world.ask(0, Command::Refuse(stranger)).unwrap().is_ok());
    let report = Command::Report { contact: friend, reason: Reason::Abuse, note: "threats".into() };
    assert!(world.ask(0, report).unwrap().is_ok());
    for peer in [guest, knocker] {
        assert!(say(&mut world, peer, host, "more"));
    }
    world.run(HOUR);
    for guest in [friend, stranger] {
        assert_eq!(texts(&history(&world, 0, &guest), "in"), ["oi"]);
    }
    let now = world.now;
    let file = look(&world, 0, |rows| consent_view::file(rows, &friend, true)).unwrap();
    let verdict = export::verify(&file, &Expect { business: Some(friend), person: Some(host) }, now).unwrap();
    assert_eq!(verdict.reports[0].note, "threats");
    let quiet = look(&world, 0, |rows| consent_view::file(rows, &friend, false)).unwrap();
    assert!(quiet.reports.is_empty(), "what is said against somebody goes out only where that is asked for");
}

#[test]
fn what_a_person_said_is_remembered_for_as_long_as_it_can_be_answered() {
    let (mut world, shop, _) = customer(10);
    for number in 0..20 {
        assert!(say(&mut world, ANA, shop, &number.to_string()));
    }
    world.run(MINUTE);
    assert_eq!(count(&world, ANA, &OPENINGS), 21);
    world.run(consent_limits::ANSWER_LIFE + HOUR);
    for number in 0..20 {
        assert!(say(&mut world, ANA, shop, &number.to_string()));
    }
    world.run(MINUTE);
    assert_eq!(count(&world, ANA, &OPENINGS), 20);
}

#[test]
fn nothing_is_said_to_a_stranger_before_they_are_admitted() {
    let (mut world, host, _, knocker) = knocked(96);
    assert!(say(&mut world, knocker, host, "let me in"));
    world.run(MINUTE);
    let stranger = world.peers[knocker].account();
    let answer = || Command::Send { to: stranger, text: "who are you?".into() };
    assert!(matches!(world.ask(0, answer()), Some(Err(Refusal::NotAdmitted(_)))));
    world.run(10 * MINUTE);
    assert_eq!(texts(&history(&world, knocker, &host), "in"), Vec::<String>::new());
    assert!(world.ask(0, Command::Admit(stranger)).unwrap().is_ok());
    assert!(world.ask(0, answer()).unwrap().is_ok());
    world.run(10 * MINUTE);
    assert_eq!(texts(&history(&world, knocker, &host), "in"), ["who are you?"]);
}
