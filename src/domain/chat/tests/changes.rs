//! Changes of messages: which one holds, whatever comes first, and what is kept for messages that aren't here.

use core::time::Duration;

use proptest::prelude::*;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::base::said_limits;
use crate::base::time::Time;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::conversation::{self, Changed};
use crate::domain::chat::names::{self, EARLY};
use crate::domain::chat::timeline::{self, Body, Entry, From, NewEntry, PAGES};
use crate::store::memory::NOTHING;
use crate::store::table::Rows as _;
use crate::store::tx::Tx;
use crate::wire::said::change::Change;
use crate::wire::said::edit::Edit;
use crate::wire::said::location::Location;
use crate::wire::said::message::Said;
use crate::wire::said::reaction::Reaction;
use crate::wire::said::target::Target;

const WITH: AccountId = AccountId::new([1; 32]);
const NOW: Time = Time::from_millis(1_700_000_000_000);

const fn id(byte: u8) -> MessageId {
    MessageId::new([byte; 16])
}

fn text(text: &str) -> Body {
    Body::Said(Said::Text(text.into()))
}

fn theirs(byte: u8, body: Body) -> NewEntry {
    let from = From::Them { device: DeviceId::new([2; 32]), seq: u64::from(byte) };
    NewEntry { sent_at: NOW, id: id(byte), from, body, reply: None }
}

fn edit(target: u8, revision: u32, text: &str, by: u8) -> Made {
    let change = Change::Edit(Edit { id: id(target), text: text.into(), revision });
    Made { by: Side::Theirs, id: id(by), sent_at: NOW, change }
}

fn reaction(side: Side, target: u8, revision: u32, emoji: &str, by: u8) -> Made {
    // The message is theirs.
    let target = Target { id: id(target), yours: side == Side::Ours };
    let change = Change::Reaction(Reaction { target, emoji: emoji.into(), revision });
    Made { by: side, id: id(by), sent_at: NOW, change }
}

fn deletion(target: u8, by: u8) -> Made {
    Made { by: Side::Theirs, id: id(by), sent_at: NOW, change: Change::Deletion(id(target)) }
}

fn entry(tx: &Tx<'_>, position: u64) -> Entry {
    timeline::since(tx, &WITH, position, 1).pop().unwrap()
}

#[test]
fn a_change_is_done_to_its_authors_message_and_to_no_other_that_has_its_id() {
    let tx = Tx::new(&NOTHING);
    let ours = NewEntry { from: From::Us { seq: 1 }, ..theirs(7, text("ours")) };
    conversation::file(&tx, &WITH, ours, NOW);
    conversation::file(&tx, &WITH, theirs(7, text("theirs")), NOW);
    assert_eq!(conversation::change(&tx, &WITH, &edit(7, 1, "edited", 1), NOW), Changed::At(1));
    assert_eq!((entry(&tx, 0).body, entry(&tx, 1).body), (text("ours"), text("edited")));
    assert_eq!(conversation::change(&tx, &WITH, &deletion(7, 2), NOW), Changed::At(1));
    assert_eq!((entry(&tx, 0).body, entry(&tx, 1).body), (text("ours"), Body::Deleted { at: NOW }));
    let other = AccountId::new([9; 32]);
    assert_eq!(conversation::change(&tx, &other, &deletion(7, 3), NOW), Changed::Waits, "nor elsewhere");
    assert_eq!(entry(&tx, 0).body, text("ours"));
}

#[test]
fn a_message_is_changed_for_its_time_and_no_longer() {
    let second = Duration::from_secs(1);
    let late = |made: Made, after: Duration, now: Duration| {
        let tx = Tx::new(&NOTHING);
        conversation::file(&tx, &WITH, theirs(1, text("said")), NOW);
        conversation::change(&tx, &WITH, &Made { sent_at: NOW.plus(after), ..made }, NOW.plus(now))
    };
    let edit = |after, now| late(edit(1, 1, "edited", 2), after, now);
    let last = said_limits::EDIT_LIFE + limits::CLOCK_SKEW;
    assert_eq!(edit(last - second, last), Changed::At(0));
    assert_eq!(edit(last, last), Changed::Refused);
    // Whoever sets the clock back is believed as long as a message may be under way.
    let life = said_limits::EDIT_LIFE + limits::MESSAGE_LIFE;
    assert_eq!(edit(second, life - second), Changed::At(0));
    assert_eq!(edit(second, life), Changed::Refused);
    let last = said_limits::DELETION_LIFE + limits::CLOCK_SKEW;
    assert_eq!(late(deletion(1, 2), last - second, last), Changed::At(0));
    assert_eq!(late(deletion(1, 2), last, last), Changed::Refused);
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    assert_eq!(
        late(reaction(Side::Theirs, 1, 1, "👍", 2), year, year),
        Changed::At(0),
        "one may always feel"
    );
}

#[test]
fn only_a_text_is_edited_and_what_was_taken_back_stays_so() {
    let tx = Tx::new(&NOTHING);
    let place = Location { latitude: 0, longitude: 0, name: String::new(), address: String::new() };
    conversation::file(&tx, &WITH, theirs(1, Body::Said(Said::Location(place))), NOW);
    assert_eq!(conversation::change(&tx, &WITH, &edit(1, 1, "edited", 2), NOW), Changed::Refused);
    assert_eq!(conversation::change(&tx, &WITH, &deletion(1, 3), NOW), Changed::At(0));
    for made in [edit(1, 2, "edited", 4), reaction(Side::Ours, 1, 1, "👍", 5), deletion(1, 6)] {
        assert_eq!(conversation::change(&tx, &WITH, &made, NOW), Changed::Old);
    }
    assert_eq!(entry(&tx, 0).body, Body::Deleted { at: NOW });
}

#[test]
fn what_is_known_of_messages_that_never_come_is_bounded_and_what_is_kept_stays() {
    let tx = Tx::new(&NOTHING);
    let many = said_limits::EARLY_MAX as u64 + 3;
    let name = |number: u64| {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        MessageId::new(bytes)
    };
    for number in 0..many {
        let made = Made { change: Change::Deletion(name(number)), ..deletion(0, 1) };
        let now = NOW.plus(Duration::from_secs(number));
        assert_eq!(conversation::change(&tx, &WITH, &made, now), Changed::Waits);
    }
    assert_eq!(tx.scan(&EARLY, &EARLY.of(WITH.as_bytes())).len(), said_limits::EARLY_MAX);
    let file = |number: u64| {
        let entry = NewEntry { id: name(number), ..theirs(1, text("said")) };
        conversation::file(&tx, &WITH, entry, NOW).body
    };
    assert_eq!(file(many - 1), text("said"), "there was no room for this");
    assert_eq!(file(2), Body::Deleted { at: NOW }, "and for this there was");
    assert_eq!(tx.scan(&EARLY, &EARLY.of(WITH.as_bytes())).len(), said_limits::EARLY_MAX - 1);
}

#[test]
fn a_message_is_named_by_the_beginning_of_its_id() {
    let tx = Tx::new(&NOTHING);
    for byte in [0x3f, 0x40, 0xff] {
        conversation::file(&tx, &WITH, theirs(byte, text("said")), NOW);
    }
    let ours = NewEntry { from: From::Us { seq: 1 }, ..theirs(0x40, text("ours")) };
    conversation::file(&tx, &WITH, ours, NOW);
    let named = |beginning: &str| {
        let found = conversation::fitting(&tx, &WITH, beginning).into_iter();
        found.map(|entry| entry.position).collect::<Vec<_>>()
    };
    assert_eq!(named("3f3f"), [0]);
    assert_eq!(named("3F3F3"), [0]);
    assert_eq!(named("4040"), [3, 1], "the latest first");
    assert_eq!(named(&"40".repeat(16)), [3, 1], "and whole");
    assert_eq!(named("ff"), [2]);
    for none in ["3f40", "zz", "ffff0", &"f".repeat(33)] {
        assert!(named(none).is_empty(), "{none}");
    }
    assert_eq!(names::position(&tx, &WITH, Named { side: Side::Ours, id: id(0x40) }), Some(3));
}

#[test]
fn a_page_on_which_messages_grow_is_cut_and_nothing_is_lost_or_moved() {
    let tx = Tx::new(&NOTHING);
    for byte in 0..40 {
        conversation::file(&tx, &WITH, theirs(byte, text("short")), NOW);
    }
    let long = "x".repeat(limits::TEXT_MAX);
    for byte in (0..40).step_by(3) {
        let made = edit(byte, 1, &long, 100 + byte);
        assert_eq!(conversation::change(&tx, &WITH, &made, NOW), Changed::At(u64::from(byte)));
    }
    // What is said next stands at the end.
    conversation::file(&tx, &WITH, theirs(40, text("next")), NOW);
    let all = timeline::since(&tx, &WITH, 0, 100);
    assert_eq!(all.iter().map(|entry| entry.position).collect::<Vec<_>>(), (0..41).collect::<Vec<_>>());
    assert_eq!(timeline::before(&tx, &WITH, u64::MAX, 100), all);
    assert_eq!(all.iter().filter(|entry| entry.body == text(&long)).count(), 14);
    assert_eq!(all.last().unwrap().body, text("next"));
    let pages = tx.scan(&PAGES, &PAGES.of(WITH.as_bytes()));
    assert!(pages.len() > 10);
    for (_, page) in pages {
        assert!(
            PAGES.encode(&page).unwrap().len() < limits::VALUE_MAX,
            "a page that can't be stored ends the node"
        );
    }
}

#[test]
fn what_came_late_takes_its_place_with_what_was_known_of_it() {
    let tx = Tx::new(&NOTHING);
    let device = DeviceId::new([2; 32]);
    let missing = NewEntry { id: id(0), ..theirs(1, Body::Missing) };
    let at = conversation::file(&tx, &WITH, missing, NOW).position;
    assert_eq!(conversation::change(&tx, &WITH, &edit(5, 1, "edited", 9), NOW), Changed::Waits);
    let late = NewEntry { from: From::Them { device, seq: 1 }, ..theirs(5, text("said")) };
    let shown = conversation::replace(&tx, &WITH, at, late, NOW).unwrap();
    assert_eq!((shown.position, &shown.body), (at, &text("edited")));
    assert_eq!(entry(&tx, at), shown);
    assert_eq!(conversation::change(&tx, &WITH, &deletion(5, 10), NOW), Changed::At(at), "and can be named");
}

/// Some changes of one message, with ranks that meet.
fn changes() -> impl Strategy<Value = Vec<Made>> {
    let one = (0..5_u8, 1..4_u32, any::<u8>()).prop_map(|(kind, revision, by)| match kind {
        0 => deletion(1, by),
        1 => reaction(Side::Ours, 1, revision, ["👍", "❤", ""][usize::from(by % 3)], by),
        2 => reaction(Side::Theirs, 1, revision, ["👍", "❤", ""][usize::from(by % 3)], by),
        _ => edit(1, revision, &format!("{revision} {by}"), by),
    });
    // Edits are more frequent than deletions, which end everything.
    prop::collection::vec(one, 1..8)
}

proptest! {
    #[test]
    fn the_same_changes_end_in_the_same_message_in_whatever_order_they_come(
        (made, shuffled) in changes().prop_flat_map(|made| (Just(made.clone()), Just(made).prop_shuffle())),
        early in 0..8_usize,
    ) {
        let end = |made: &[Made], early: usize| {
            let tx = Tx::new(&NOTHING);
            let early = early.min(made.len());
            for one in &made[..early] {
                conversation::change(&tx, &WITH, one, NOW);
            }
            conversation::file(&tx, &WITH, theirs(1, text("said")), NOW);
            for one in &made[early..] {
                conversation::change(&tx, &WITH, one, NOW);
            }
            prop_assert!(tx.scan(&EARLY, &EARLY.all()).is_empty());
            let entry = entry(&tx, 0);
            // When a message was taken back that was taken back twice is told by whichever came first.
            Ok((entry.body, entry.changes))
        };
        prop_assert_eq!(end(&made, 0)?, end(&shuffled, early)?);
    }
}
