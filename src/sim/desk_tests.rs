//! A shop's front desk, whatever the network and the power do.

use core::time::Duration;

use super::tests::{MINUTE, history, say, texts};
use crate::base::desk_limits as limits;
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::domain::business::bot::Bot;
use crate::domain::business::desk::{Change, Filter, Status};
use crate::domain::business::quick::Quick;
use crate::domain::business::reception::{Greeting, OpenHours, Reception};
use crate::domain::business::template::Definition;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::address;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, TemplateWish};
use crate::engine::desk_view::{self, CaseView};
use crate::engine::event::Event;
use crate::engine::view;
use crate::sim::world::{Faults, World};
use crate::sim::{altered, shopkeeper};
use crate::store::table::Reader;
use crate::wire::consent::Topic;
use crate::wire::template::Variable;

const HOUR: Duration = Duration::from_secs(3_600);
const SHOP: usize = 0;
const ANA: usize = 1;

fn look<T>(world: &World, peer: usize, look: impl FnOnce(&Reader<'_>) -> T) -> T {
    let safe = world.peers[peer].disk.safe();
    look(&Reader::new(&safe))
}

/// Asks the shop's desk.
fn ask(world: &mut World, command: DeskCommand) -> Result<Outcome, Refusal> {
    world.ask(SHOP, Command::Desk(command)).unwrap()
}

/// A shop, and Ana, who knows it and hasn't said anything yet.
fn shop(seed: u64) -> (World, AccountId) {
    let mut world = World::new(seed, &[Business, Person, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(SHOP, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let shop = world.peers[SHOP].account();
    assert!(world.ask(ANA, Command::Add { account: shop, name: None }).unwrap().is_ok());
    (world, shop)
}

fn with_bot(world: &mut World, bot: Bot) {
    ask(world, DeskCommand::SetBot(Some(Box::new(bot)))).unwrap();
}

/// The only customer of the shop.
fn customer(world: &World) -> AccountId {
    let contacts = look(world, SHOP, |rows| view::contacts(rows));
    assert_eq!(contacts.len(), 1);
    address::decode(&contacts[0].address).unwrap()
}

fn case(world: &World) -> CaseView {
    let (ana, now) = (customer(world), world.now);
    look(world, SHOP, |rows| desk_view::case(rows, &ana, now)).unwrap()
}

fn set(world: &mut World, status: Status) {
    let (with, change) = (customer(world), Change { status: Some(status), ..Change::default() });
    ask(world, DeskCommand::Change { with, change }).unwrap();
}

/// What Ana says and then sees of the shop that she hasn't seen before.
fn hears(world: &mut World, shop: &AccountId, text: &str) -> Vec<String> {
    let before = theirs(world, shop).len();
    assert!(say(world, ANA, *shop, text));
    world.run(MINUTE);
    theirs(world, shop).split_off(before)
}

/// What Ana sees of the shop: of a menu its text.
fn theirs(world: &World, shop: &AccountId) -> Vec<String> {
    let entries = history(world, ANA, shop).into_iter().filter(|entry| entry.direction == "in");
    entries.filter_map(|entry| altered::words(&entry.body)).collect()
}

#[test]
fn a_bot_answers_each_message_once_over_losses_repetitions_and_power_cuts() {
    let (mut world, shop) = shop(1);
    with_bot(&mut world, shopkeeper::bot());
    world.faults = Faults { broken: 10, repeated: 30, reordered: 30, ..Faults::default() };
    for number in 0..20 {
        world.command(ANA, Command::Send { to: shop, text: format!("{number} bread") });
        world.run(Duration::from_millis(300));
        if number % 4 == 0 {
            world.crash(SHOP);
        }
    }
    world.faults = Faults::default();
    world.run(6 * HOUR);
    let said = texts(&history(&world, ANA, &shop), "out");
    assert_eq!(said.len(), 20);
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), vec!["by itself: rye"; 20]);
    let here = history(&world, SHOP, &customer(&world));
    for pair in here
        .iter()
        .filter(|entry| entry.direction != "out" || entry.state.is_some())
        .collect::<Vec<_>>()
        .chunks(2)
    {
        assert_eq!((pair[0].direction, pair[1].direction), ("in", "out"), "each answer follows its question");
    }
    assert_eq!((case(&world).status, case(&world).person), (Status::Pending, false));
}

#[test]
fn who_comes_is_greeted_and_told_at_night_that_nobody_is_there() {
    let (mut world, shop) = shop(2);
    let hours = OpenHours { hours: "Mo-Su 08:00-18:00".into(), zone: "+00:00".into() };
    let greeting = Greeting { text: "welcome".into(), again_after_days: Some(3) };
    let reception = Reception { hours: Some(hours), greeting: Some(greeting), away: Some("asleep".into()) };
    ask(&mut world, DeskCommand::SetReception(Box::new(reception.clone()))).unwrap();
    let until = |world: &mut World, hour: u64| {
        let passed = world.now.as_secs() % 86_400;
        world.run(Duration::from_secs((hour * 3_600 + 86_400 - passed) % 86_400));
    };
    until(&mut world, 12);
    assert_eq!(hears(&mut world, &shop, "oi"), ["welcome"]);
    assert_eq!(hears(&mut world, &shop, "still there?"), [""; 0]);
    until(&mut world, 20);
    assert_eq!(hears(&mut world, &shop, "bread?"), ["asleep"]);
    world.crash(SHOP);
    assert_eq!(hears(&mut world, &shop, "bread!"), [""; 0], "it was said");
    until(&mut world, 9);
    assert_eq!(hears(&mut world, &shop, "morning"), [""; 0]);
    world.run(3 * 24 * HOUR);
    until(&mut world, 12);
    assert_eq!(hears(&mut world, &shop, "it's me again"), ["welcome"]);
    assert_eq!(case(&world).status, Status::Open);
    let wrong = Reception { away: Some(String::new()), ..reception };
    assert!(matches!(
        ask(&mut world, DeskCommand::SetReception(Box::new(wrong))),
        Err(Refusal::Desk("desk", _))
    ));
}

#[test]
fn a_person_takes_over_and_the_bot_comes_back_when_it_is_done_or_after_hours() {
    let (mut world, shop) = shop(3);
    with_bot(&mut world, shopkeeper::bot());
    assert_eq!(hears(&mut world, &shop, "oi"), ["by itself: what?"]);
    assert_eq!(case(&world).status, Status::Pending);
    // A row of the menu, and then one by its number.
    let menu = history(&world, ANA, &shop).into_iter().rfind(|entry| entry.direction == "in").unwrap();
    let BodyView::Menu(shown) = &menu.body else { panic!("{menu:?}") };
    let row = shown.buttons[0].id.clone();
    assert_eq!((row.as_str(), shown.buttons[1].title.as_str()), ("main.1", "yes"));
    assert!(world.ask(ANA, Command::Choose { to: shop, menu: menu.id, row }).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!(theirs(&world, &shop).last().unwrap(), "by itself: at nine\n\nby itself: what?");
    assert_eq!(hears(&mut world, &shop, "2"), ["by itself: a person"]);
    let taken = case(&world);
    assert_eq!((taken.status, taken.labels, taken.person), (Status::Open, vec!["person".to_owned()], true));
    world.crash(SHOP);
    assert_eq!(hears(&mut world, &shop, "bread"), [""; 0]);
    set(&mut world, Status::Done);
    assert!(!case(&world).person);
    assert_eq!(hears(&mut world, &shop, "bread"), ["by itself: rye"]);
    assert_eq!(case(&world).status, Status::Pending, "what is done is taken up again");
    // By hand, a person takes over too.
    let ana = customer(&world);
    set(&mut world, Status::Open);
    assert!(say(&mut world, SHOP, ana, "it's me, Bia"));
    world.run(MINUTE);
    assert_eq!((case(&world).status, case(&world).person), (Status::Pending, true));
    assert_eq!(hears(&mut world, &shop, "bread"), [""; 0]);
    assert_eq!(case(&world).status, Status::Open);
    world.run(2 * HOUR);
    assert_eq!(hears(&mut world, &shop, "bread"), ["by itself: rye"]);
    ask(&mut world, DeskCommand::SetBot(None)).unwrap();
    assert_eq!(hears(&mut world, &shop, "bread"), [""; 0]);
}

#[test]
fn shops_do_not_answer_shops_by_themselves() {
    let mut world = World::new(4, &[Business, Business]);
    for peer in [0, 1] {
        let draft = ProfileDraft { name: format!("Shop {peer}"), ..ProfileDraft::default() };
        assert!(world.ask(peer, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
        let bot = Command::Desk(DeskCommand::SetBot(Some(Box::new(shopkeeper::bot()))));
        assert!(world.ask(peer, bot).unwrap().is_ok());
        let reception = Command::Desk(DeskCommand::SetReception(Box::new(shopkeeper::reception())));
        assert!(world.ask(peer, reception).unwrap().is_ok());
    }
    world.run(MINUTE);
    let shops = [world.peers[0].account(), world.peers[1].account()];
    assert!(world.ask(1, Command::Add { account: shops[0], name: None }).unwrap().is_ok());
    assert!(say(&mut world, 1, shops[0], "bread"));
    world.run(HOUR);
    assert_eq!(texts(&history(&world, 1, &shops[0]), "in"), [""; 0]);
    let now = world.now;
    let opened = look(&world, 0, |rows| desk_view::case(rows, &shops[1], now)).unwrap();
    assert_eq!(opened.status, Status::Open, "a person of the shop may answer");
}

#[test]
fn a_program_that_answers_the_bot_without_end_is_left_to_a_person() {
    let (mut world, shop) = shop(5);
    with_bot(&mut world, shopkeeper::bot());
    const MOST: u32 = limits::AUTOMATIC_SPANS[0].1;
    let mut answers = 0;
    for _ in 0..2 * MOST {
        answers += hears(&mut world, &shop, "bread").len();
    }
    assert_eq!(answers, MOST as usize);
    let left = case(&world);
    assert_eq!((left.status, left.labels, left.person), (Status::Open, vec!["loop".to_owned()], true));
    world.run(48 * HOUR);
    assert_eq!(hears(&mut world, &shop, "bread"), [""; 0], "time alone doesn't begin it again");
    set(&mut world, Status::Done);
    assert_eq!(hears(&mut world, &shop, "bread").len(), 1);
}

#[test]
fn a_template_leaves_only_if_everything_in_it_is_right() {
    let (mut world, shop) = shop(6);
    let definition: Definition = serde_json::from_value(serde_json::json!({
        "name": "ready", "category": "utility", "variables": { "what": "text", "cost": "money" },
        "languages": { "en": { "body": "{{what}} is ready: {{cost}}" } },
    }))
    .unwrap();
    ask(&mut world, DeskCommand::PutTemplate(Box::new(definition.clone()))).unwrap();
    assert!(say(&mut world, ANA, shop, "oi"));
    world.run(25 * HOUR);
    let consent = Command::Consent { to: shop, topics: vec![Topic::Utility], days: Some(30) };
    assert!(world.ask(ANA, consent).unwrap().is_ok());
    world.run(MINUTE);
    let to = customer(&world);
    let send = |world: &mut World, language: &str, version, pairs: &[(&str, &str)]| {
        let variables = pairs
            .iter()
            .map(|(name, value)| Variable { name: (*name).into(), value: (*value).into() })
            .collect();
        let wish = TemplateWish { name: "ready".into(), version, language: language.into(), variables };
        let answer = ask(world, DeskCommand::SendTemplate { to, wish });
        world.run(MINUTE);
        answer.map(drop).map_err(|refusal| refusal.to_string())
    };
    let good = [("what", "Rye"), ("cost", "BRL 4.5")];
    let refused = [
        send(&mut world, "en", None, &good[..1]),
        send(&mut world, "en", None, &[good[0], ("cost", "4.50")]),
        send(&mut world, "en", None, &[good[0], good[1], ("more", "x")]),
        send(&mut world, "pt", None, &good),
        send(&mut world, "en", Some(2), &good),
    ];
    let words = refused.map(|one| one.unwrap_err());
    assert_eq!(words[0], "the variable cost is missing: it is an amount, such as BRL 19.90");
    assert_eq!(words[1], "the variable cost is an amount, such as BRL 19.90");
    assert_eq!(words[2], "the template has no variable more");
    assert_eq!(words[3], "the template has no words in `pt`: it has them in en");
    assert_eq!(words[4], "there is no template ready, version 2");
    assert_eq!(texts(&history(&world, SHOP, &to), "out"), [""; 0], "nothing left");
    assert_eq!(send(&mut world, "en", None, &good), Ok(()));
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), ["Rye is ready: BRL 4.50"]);
    assert!(ask(&mut world, DeskCommand::RemoveTemplate("ready".into())).is_ok());
    assert_eq!(send(&mut world, "en", None, &good).unwrap_err(), "there is no template ready");
    assert!(matches!(
        world.ask(ANA, Command::Desk(DeskCommand::PutTemplate(Box::new(definition)))).unwrap(),
        Err(Refusal::NotABusiness)
    ));
}

#[test]
fn the_desk_keeps_what_was_said_of_a_conversation_and_shows_that_it_changed() {
    let (mut world, shop) = shop(7);
    assert_eq!(hears(&mut world, &shop, "oi"), [""; 0]);
    let with = customer(&world);
    world.peers[SHOP].shown.clear();
    let change = Change {
        status: Some(Status::Pending),
        agent: Some("Bia".into()),
        label: vec!["bread".into()],
        unlabel: Vec::new(),
    };
    ask(&mut world, DeskCommand::Change { with, change: change.clone() }).unwrap();
    ask(&mut world, DeskCommand::Change { with, change }).unwrap();
    let told = world.peers[SHOP].shown.iter().filter(|event| matches!(event, Event::Desk { .. })).count();
    assert_eq!(told, 1, "the same again is no news");
    ask(&mut world, DeskCommand::Note { with, by: "Bia".into(), text: "likes rye".into() }).unwrap();
    let quick = Quick { name: "ready".into(), text: "{{what}} is ready".into() };
    ask(&mut world, DeskCommand::PutQuick(quick)).unwrap();
    let variables = vec![Variable { name: "what".into(), value: "Rye".into() }];
    ask(&mut world, DeskCommand::SendQuick { to: with, name: "ready".into(), variables }).unwrap();
    world.crash(SHOP);
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, ANA, &shop), "in"), ["Rye is ready"], "the note isn't sent");
    let kept = case(&world);
    assert_eq!((kept.assigned.as_deref(), kept.notes, kept.unread), (Some("Bia"), 1, 1));
    let mine =
        Filter { agent: Some("Bia".into()), label: Some("bread".into()), status: Some(Status::Pending) };
    let now = world.now;
    let listed = look(&world, SHOP, |rows| desk_view::cases(rows, &mine, (None, 10, false), now));
    assert_eq!((listed.0.len(), listed.1), (1, None));
    assert_eq!(hears(&mut world, &shop, "thanks"), [""; 0]);
    let reopened = case(&world);
    assert_eq!((reopened.status, reopened.labels), (Status::Open, vec!["bread".to_owned()]));
    let wrong = [
        DeskCommand::Note { with, by: String::new(), text: " ".into() },
        DeskCommand::Change { with, change: Change { label: vec!["\n".into()], ..Change::default() } },
        DeskCommand::SendQuick { to: with, name: "ready".into(), variables: Vec::new() },
        DeskCommand::SendQuick { to: with, name: "none".into(), variables: Vec::new() },
        DeskCommand::RemoveQuick("none".into()),
        DeskCommand::RemoveItem("none".into()),
    ];
    for command in wrong {
        assert!(ask(&mut world, command).is_err());
    }
}
