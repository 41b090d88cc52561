//! What a message can be, between whole nodes: answered, changed, chosen from, of a kind that isn't known.

use core::time::Duration;

use super::consent_tests::{ANA, SHOP, customer};
use super::device_tests::linked;
use super::tests::{MINUTE, friends, history, say, texts};
use crate::base::id::{AccountId, MessageId};
use crate::base::money::Money;
use crate::base::said_limits;
use crate::domain::business::catalog::Item;
use crate::domain::business::display::{self, Display};
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::outbox::{OUTBOX, Unsettled};
use crate::domain::chat::timeline::Cause;
use crate::engine::body_view::{BodyView, ReactionView};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, Image};
use crate::engine::event::Event;
use crate::engine::letter::{Letter, OrderWish};
use crate::engine::view::{self, EntryView};
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};
use crate::store::tx::Tx;
use crate::wire::said::location::Location;
use crate::wire::said::menu::{Menu, Row};
use crate::wire::said::message::Said;
use crate::wire::said::order::Order;
use crate::wire::said::place_request::PlaceRequest;

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn tell(
    world: &mut World,
    peer: usize,
    to: AccountId,
    said: Said,
    reply: Option<Named>,
) -> MessageId {
    let letter = Letter { said, reply, template: None };
    queued(world.ask(peer, Command::Say { to, letter: Box::new(letter) }))
}

fn text(world: &mut World, peer: usize, to: AccountId, text: &str) -> MessageId {
    tell(world, peer, to, Said::Text(text.into()), None)
}

pub(super) fn queued(answer: Option<Result<Outcome, Refusal>>) -> MessageId {
    match answer {
        Some(Ok(Outcome::Queued { id, .. })) => id,
        other => panic!("{other:?}"),
    }
}

fn react(world: &mut World, peer: usize, with: AccountId, message: Named, emoji: &str) -> MessageId {
    queued(world.ask(peer, Command::React { with, message, emoji: emoji.into() }))
}

fn edit(world: &mut World, peer: usize, with: AccountId, message: MessageId, text: &str) {
    queued(world.ask(peer, Command::Edit { with, message, text: text.into() }));
}

pub(super) fn delete(world: &mut World, peer: usize, with: AccountId, message: MessageId) {
    queued(world.ask(peer, Command::Delete { with, message }));
}

const fn ours(id: MessageId) -> Named {
    Named { side: Side::Ours, id }
}

const fn theirs(id: MessageId) -> Named {
    Named { side: Side::Theirs, id }
}

pub(super) fn shown(world: &World, peer: usize, with: &AccountId, id: MessageId) -> EntryView {
    let found = history(world, peer, with).into_iter().find(|entry| entry.id == id);
    found.unwrap_or_else(|| panic!("node {peer} doesn't show {id}"))
}

fn felt(entry: &EntryView) -> Vec<(&'static str, &str)> {
    entry.reactions.iter().map(|ReactionView { by, emoji }| (*by, emoji.as_str())).collect()
}

fn search(world: &World, peer: usize, with: &AccountId, words: &str) -> usize {
    let safe = world.peers[peer].disk.safe();
    view::search(&Reader::new(&safe), with, words, None, 10).0.len()
}

fn menu() -> Said {
    let row = |id: &str, title: &str| Row { id: id.into(), title: title.into(), about: String::new() };
    let buttons = vec![row("rye", "Rye bread"), row("wheat", "Wheat bread")];
    Said::Menu(Menu { text: "Which bread?".into(), buttons, ..Menu::default() })
}

#[test]
fn a_message_is_answered_felt_about_edited_and_taken_back_on_both_sides() {
    let (mut world, ana, bento) = friends(300);
    let first = text(&mut world, 0, bento, "tomorow at nine?");
    world.run(MINUTE);
    let answer = tell(&mut world, 1, ana, Said::Text("yes".into()), Some(theirs(first)));
    react(&mut world, 1, ana, theirs(first), "👍");
    world.run(MINUTE);
    edit(&mut world, 0, bento, first, "tomorrow at ten?");
    react(&mut world, 0, bento, ours(first), "🥯");
    world.run(MINUTE);
    for (peer, with, sides) in [(0, bento, ["out", "in"]), (1, ana, ["in", "out"])] {
        let entry = shown(&world, peer, &with, first);
        assert_eq!(entry.body, BodyView::Text { text: "tomorrow at ten?".into() });
        assert!(entry.edited_at.is_some() && entry.unchanged.is_none());
        let mut both = vec![(sides[0], "🥯"), (sides[1], "👍")];
        both.sort_by_key(|(by, _)| *by == "in");
        assert_eq!(felt(&entry), both, "on {peer}");
        let reply = shown(&world, peer, &with, answer).reply_to.unwrap();
        assert_eq!((reply.id, reply.direction), (first, sides[0]));
        assert_eq!(reply.text.as_deref(), Some("tomorrow at ten?"), "a quote is what stands there now");
        assert_eq!((search(&world, peer, &with, "tomorow"), search(&world, peer, &with, "ten")), (0, 1));
    }
    let changed = |peer: usize| {
        let shown = world.peers[peer].shown.iter();
        shown.filter(|event| matches!(event, Event::Changed { .. })).count()
    };
    assert_eq!((changed(0), changed(1)), (3, 3), "a reaction of his, an edit and a reaction of hers");
    react(&mut world, 1, ana, theirs(first), "");
    world.run(MINUTE);
    assert_eq!(felt(&shown(&world, 0, &bento, first)), [("out", "🥯")]);
    delete(&mut world, 0, bento, first);
    world.run(MINUTE);
    for (peer, with) in [(0, bento), (1, ana)] {
        let entry = shown(&world, peer, &with, first);
        assert!(matches!(entry.body, BodyView::Deleted { .. }) && entry.reactions.is_empty());
        assert_eq!(shown(&world, peer, &with, answer).reply_to.unwrap().text, None);
        assert_eq!(search(&world, peer, &with, "ten"), 0, "and nothing finds it");
        assert_eq!(history(&world, peer, &with).len(), 2, "changes are no lines");
    }
}

#[test]
fn only_the_author_changes_a_message_and_only_for_its_time() {
    let (mut world, ana, bento) = friends(301);
    let said = text(&mut world, 0, bento, "said");
    world.run(MINUTE);
    let refusal =
        |world: &mut World, peer: usize, command: Command| world.ask(peer, command).unwrap().unwrap_err();
    let edit_of = |with: AccountId| Command::Edit { with, message: said, text: "x".into() };
    assert!(matches!(refusal(&mut world, 1, edit_of(ana)), Refusal::NoSuchMessage));
    assert!(matches!(
        refusal(&mut world, 1, Command::Delete { with: ana, message: said }),
        Refusal::NoSuchMessage
    ));
    let place = Location { latitude: 1, longitude: 2, name: String::new(), address: String::new() };
    let place = tell(&mut world, 0, bento, Said::Location(place), None);
    let of_place = Command::Edit { with: bento, message: place, text: "x".into() };
    assert!(matches!(refusal(&mut world, 0, of_place), Refusal::Said(_)));
    let word = Command::React { with: bento, message: ours(said), emoji: "ok".into() };
    assert!(matches!(refusal(&mut world, 0, word), Refusal::Said(_)));
    assert!(matches!(
        refusal(
            &mut world,
            0,
            Command::Say {
                to: bento,
                letter: Box::new(Letter { said: menu(), reply: None, template: None })
            }
        ),
        Refusal::NotABusiness
    ));
    world.run(said_limits::EDIT_LIFE);
    assert!(matches!(refusal(&mut world, 0, edit_of(bento)), Refusal::TooLate(24)));
    delete(&mut world, 0, bento, said);
    world.run(MINUTE);
    assert!(matches!(shown(&world, 1, &ana, said).body, BodyView::Deleted { .. }));
    world.run(said_limits::DELETION_LIFE);
    let late = refusal(&mut world, 0, Command::Delete { with: bento, message: place });
    assert!(matches!(late, Refusal::TooLate(48)));
}

#[test]
fn a_reaction_that_comes_before_its_message_waits_for_it() {
    let (mut world, ana, bento) = friends(302);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    // Her second device hears nothing, so that it doesn't know what she says on the first.
    world.stop(second);
    let said = text(&mut world, 0, bento, "said on the first");
    world.run(MINUTE);
    react(&mut world, 1, ana, theirs(said), "👍");
    world.run(MINUTE);
    assert_eq!(felt(&shown(&world, 0, &bento, said)), [("in", "👍")]);
    // Bento's reaction finds it first: her first device is off.
    world.stop(0);
    world.start(second);
    world.run(10 * MINUTE);
    assert!(history(&world, second, &bento).iter().all(|entry| entry.id != said));
    world.start(0);
    world.run(10 * MINUTE);
    assert_eq!(felt(&shown(&world, second, &bento, said)), [("in", "👍")]);
}

#[test]
fn the_other_devices_of_both_follow_and_a_new_one_is_given_what_was_changed() {
    let (mut world, ana, bento) = friends(303);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let said = text(&mut world, 0, bento, "on the first");
    let place = Location { latitude: -235_505_200, longitude: 7, name: "Sé".into(), address: String::new() };
    let place = tell(&mut world, 1, ana, Said::Location(place), None);
    let gone = text(&mut world, 0, bento, "gone");
    world.run(MINUTE);
    // She edits on the one what she said on the other.
    edit(&mut world, second, bento, said, "on the second");
    react(&mut world, second, bento, theirs(place), "❤️");
    delete(&mut world, 0, bento, gone);
    let answer = tell(&mut world, second, bento, Said::Text("there?".into()), Some(theirs(place)));
    world.run(MINUTE);
    let (third, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    for (peer, with) in [(0, bento), (second, bento), (third, bento), (1, ana)] {
        let (entry, where_) = (shown(&world, peer, &with, said), shown(&world, peer, &with, place));
        assert_eq!(entry.body, BodyView::Text { text: "on the second".into() }, "on {peer}");
        assert!(entry.edited_at.is_some());
        assert!(matches!(&where_.body, BodyView::Location(place) if place.name == "Sé"));
        assert_eq!(felt(&where_), [(if peer == 1 { "in" } else { "out" }, "❤️")], "on {peer}");
        assert!(matches!(shown(&world, peer, &with, gone).body, BodyView::Deleted { .. }));
        let reply = shown(&world, peer, &with, answer).reply_to.unwrap();
        assert_eq!((reply.id, reply.direction), (place, if peer == 1 { "out" } else { "in" }));
    }
    // What is changed from now on reaches the third one, too.
    edit(&mut world, third, bento, said, "on the third");
    react(&mut world, 1, ana, theirs(said), "👍");
    world.run(MINUTE);
    for (peer, with) in [(0, bento), (second, bento), (third, bento), (1, ana)] {
        let entry = shown(&world, peer, &with, said);
        assert_eq!(entry.body, BodyView::Text { text: "on the third".into() }, "on {peer}");
        assert_eq!(entry.reactions.len(), 1, "on {peer}");
    }
}

#[test]
fn two_devices_that_edit_at_once_come_to_the_same_text_everywhere() {
    let (mut world, ana, bento) = friends(304);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let said = text(&mut world, 0, bento, "said");
    world.run(MINUTE);
    world.part([second]);
    edit(&mut world, 0, bento, said, "by the first");
    edit(&mut world, second, bento, said, "by the second");
    world.run(MINUTE);
    world.part([]);
    world.run(30 * MINUTE);
    let looks =
        [(0, bento), (second, bento), (1, ana)].map(|(peer, with)| shown(&world, peer, &with, said).body);
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:?}");
    assert_ne!(looks[0], BodyView::Text { text: "said".into() });
}

#[test]
fn a_menu_is_chosen_from_and_the_choice_opens_the_window() {
    let (mut world, shop, ana) = customer(305);
    let asked = tell(&mut world, SHOP, ana, menu(), None);
    world.run(25 * HOUR);
    assert!(say(&mut world, SHOP, ana, "too late"));
    world.run(MINUTE);
    assert_eq!(history(&world, SHOP, &ana).last().unwrap().cause, Some(Cause::OutsideWindow));
    let wrong = world.ask(ANA, Command::Choose { to: shop, menu: asked, row: "cake".into() });
    assert!(matches!(wrong, Some(Err(Refusal::Said(words))) if words.contains("rye, wheat")));
    let chosen = queued(world.ask(ANA, Command::Choose { to: shop, menu: asked, row: "rye".into() }));
    world.run(MINUTE);
    let choice = BodyView::Choice { menu: asked, row: "rye".into(), text: "Rye bread".into() };
    for (peer, with) in [(SHOP, ana), (ANA, shop)] {
        assert_eq!(shown(&world, peer, &with, chosen).body, choice);
    }
    assert!(say(&mut world, SHOP, ana, "a rye bread it is"));
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, ANA, &shop), "in").last().unwrap(), "a rye bread it is");
}

#[test]
fn what_a_business_changes_is_judged_like_what_it_says_but_for_what_it_takes_back() {
    let (mut world, shop, ana) = customer(306);
    let offer = text(&mut world, SHOP, ana, "your bread is ready");
    let asked = text(&mut world, ANA, shop, "thanks");
    world.run(MINUTE);
    react(&mut world, SHOP, ana, theirs(asked), "👍");
    edit(&mut world, SHOP, ana, offer, "your bread is ready now");
    world.run(MINUTE);
    assert_eq!(felt(&shown(&world, ANA, &shop, asked)), [("in", "👍")], "within the window");
    assert_eq!(
        shown(&world, ANA, &shop, offer).body,
        BodyView::Text { text: "your bread is ready now".into() }
    );
    // What she feels opens no window.
    world.run(23 * HOUR);
    react(&mut world, ANA, shop, theirs(offer), "❤️");
    edit(&mut world, ANA, shop, asked, "thank you");
    world.run(HOUR);
    assert_eq!(felt(&shown(&world, SHOP, &ana, offer)), [("in", "❤️")]);
    let dropped = world.peers[ANA].counters().not_allowed;
    let late = asked_after(&mut world, ana);
    edit(&mut world, SHOP, ana, late, "buy!");
    world.run(MINUTE);
    assert_eq!(world.peers[ANA].counters().not_allowed, dropped + 2, "the text and its edit");
    react(&mut world, SHOP, ana, theirs(asked), "🥯");
    world.run(MINUTE);
    assert_eq!(felt(&shown(&world, ANA, &shop, asked)), [("in", "👍")], "nothing new outside the window");
    let told = shown(&world, SHOP, &ana, asked);
    assert_eq!(told.unchanged, Some(Cause::OutsideWindow), "and the shop is told so");
    react(&mut world, SHOP, ana, theirs(asked), "");
    delete(&mut world, SHOP, ana, offer);
    world.run(MINUTE);
    assert!(felt(&shown(&world, ANA, &shop, asked)).is_empty(), "but it may always be taken back");
    assert!(matches!(shown(&world, ANA, &shop, offer).body, BodyView::Deleted { .. }));
}

/// A text of the shop's that is outside the window.
fn asked_after(world: &mut World, ana: AccountId) -> MessageId {
    let id = text(world, SHOP, ana, "buy");
    world.run(MINUTE);
    id
}

#[test]
fn reactions_of_a_business_count_as_answers() {
    let (mut world, shop, ana) = customer(307);
    let asked = text(&mut world, ANA, shop, "hello?");
    world.run(MINUTE);
    // Both her messages are open: twice as many answers, and no more.
    for round in 0..2 * crate::base::consent_limits::ANSWERS_MAX {
        react(&mut world, SHOP, ana, theirs(asked), if round % 2 == 0 { "👍" } else { "❤️" });
        world.run(SECOND);
    }
    assert_eq!(world.peers[ANA].counters().not_allowed, 0);
    react(&mut world, SHOP, ana, theirs(asked), "🥯");
    world.run(MINUTE);
    assert_eq!(world.peers[ANA].counters().not_allowed, 1);
    assert_eq!(felt(&shown(&world, ANA, &shop, asked)), [("in", "❤️")]);
}

#[test]
fn a_message_of_a_later_version_is_shown_as_such_acknowledged_and_kept_for_one_that_knows_it() {
    let (mut world, ana, bento) = friends(308);
    world.stop(1);
    let said = text(&mut world, 0, bento, "from the future");
    assert!(say(&mut world, 0, bento, "and after it"));
    world.stop(0);
    rewrite(&mut world, 0, "from the future");
    world.start(0);
    world.start(1);
    world.run(10 * MINUTE);
    let all = history(&world, 1, &ana);
    assert_eq!(all.len(), 2, "nothing is missing: {all:?}");
    assert_eq!((all[0].id, &all[0].body), (said, &BodyView::Unknown { number: 200 }));
    let counters = world.peers[1].counters();
    assert_eq!((counters.unknown_kinds, counters.malformed), (1, 0));
    let state = shown(&world, 0, &bento, said).state;
    assert_eq!(state, Some(crate::domain::chat::delivery::State::Delivered));
    // It is a message like any other: it can be felt about, and taken back by its author.
    react(&mut world, 1, ana, theirs(said), "👍");
    delete(&mut world, 0, bento, said);
    world.run(MINUTE);
    assert!(matches!(shown(&world, 1, &ana, said).body, BodyView::Deleted { .. }));
}

/// Puts a body that nobody knows in the place of a text that waits in a node's outbox.
fn rewrite(world: &mut World, peer: usize, text: &str) {
    let disk = &mut world.peers[peer].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        for (key, row) in tx.scan(&OUTBOX, &OUTBOX.all()) {
            let at = row.content.windows(text.len()).position(|bytes| bytes == text.as_bytes());
            let Some(at) = at else { continue };
            let mut content = row.content.clone();
            // Field 11 becomes field 200, with the same text in it.
            assert_eq!(content[at - 2], 0x5a);
            content.splice(at - 2..at - 1, [0xc2, 0x0c]);
            tx.put(&OUTBOX, key, Unsettled { content, frame: None, ..(*row).clone() });
        }
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    while disk.sync().is_some() {}
}

#[test]
fn what_is_offered_is_ordered_and_compared_with_what_is_sold_when_it_comes() {
    let (mut world, shop, ana) = customer(320);
    let price = |amount: &str| Money::parse(amount, "BRL".parse().unwrap()).unwrap();
    let sell = |world: &mut World, id: &str, amount: &str| {
        let (name, about) = (id.to_uppercase(), String::new());
        let item = Item { id: id.into(), name, about, price: price(amount) };
        let put = DeskCommand::PutItem { item, image: Image::Keep };
        assert!(world.ask(SHOP, Command::Desk(put)).unwrap().is_ok());
    };
    sell(&mut world, "rye", "19.90");
    sell(&mut world, "oat", "4.50");
    let offer = {
        let safe = world.peers[SHOP].disk.safe();
        display::offer(&Reader::new(&safe), Display::default()).unwrap()
    };
    let said = Said::Offer(Box::new(offer));
    let offered = tell(&mut world, SHOP, ana, said.clone(), None);
    world.run(MINUTE);
    assert!(matches!(shown(&world, ANA, &shop, offered).body, BodyView::Offer(_)));
    sell(&mut world, "oat", "5.00");
    let wish = |id: &str| OrderWish { offer: offered, items: vec![(id.into(), 2)], text: String::new() };
    let order = |world: &mut World, id: &str| world.ask(ANA, Command::Order(shop, Box::new(wish(id))));
    assert!(matches!(order(&mut world, "bun"), Some(Err(Refusal::Said(_)))));
    let [rye, oat] = ["rye", "oat"].map(|id| queued(order(&mut world, id)));
    world.crash(SHOP);
    world.run(2 * MINUTE);
    let found = |peer: usize, with: &AccountId, id: MessageId| match shown(&world, peer, with, id).body {
        BodyView::Order(order) => (order.as_sold, order.items[0].found, order.total.unwrap().minor),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(SHOP, &ana, rye), (Some(true), Some("as_sold"), 3_980));
    assert_eq!(
        found(SHOP, &ana, oat),
        (Some(false), Some("other_price"), 900),
        "at the price that she was shown"
    );
    assert_eq!(found(ANA, &shop, rye), (None, None, 3_980), "her node has no catalog to compare with");
    // Only businesses offer and ask, only an offer is ordered of, and nobody writes an order as they like.
    let letter = |said: Said| Box::new(Letter { said, reply: None, template: None });
    for said in [said, Said::PlaceRequest(PlaceRequest { text: "where?".into() })] {
        let refused = world.ask(ANA, Command::Say { to: shop, letter: letter(said) });
        assert!(matches!(refused, Some(Err(Refusal::NotABusiness))), "{refused:?}");
    }
    let by_hand = Order { offer: offered, items: Vec::new(), text: String::new() };
    let refused = world.ask(ANA, Command::Say { to: shop, letter: letter(Said::Order(Box::new(by_hand))) });
    assert!(matches!(refused, Some(Err(Refusal::Said(_)))), "{refused:?}");
    let of_an_order = OrderWish { offer: rye, ..wish("rye") };
    let refused = world.ask(SHOP, Command::Order(ana, Box::new(of_an_order)));
    assert!(matches!(refused, Some(Err(Refusal::Said(_)))), "{refused:?}");
}
