//! Mailboxes in small worlds: people who are never on at once, and mailboxes that fail them.

use core::time::Duration;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind::Person;
use crate::base::time::Time;
use crate::domain::chat::delivery::State;
use crate::domain::identity::invite;
use crate::domain::mailbox::host::Rules;
use crate::domain::mailbox::queue::PREKEYS;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, NewMailbox, Outcome};
use crate::engine::mailbox_view;
use crate::engine::view::EntryView;
use crate::sim::mail::Malice;
use crate::sim::tests::{MINUTE, history, say, texts};
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};
use crate::wire::invite::Invite;
use crate::wire::mail::{Command as Asked, Request};
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::prekeys::one_time_expiry;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
pub(super) const ANA: usize = 0;
pub(super) const BENTO: usize = 1;

/// Two people who don't know each other, and so many mailboxes.
pub(super) fn town(seed: u64, mailboxes: usize) -> World {
    let mut world = World::new(seed, &vec![Person; 2 + mailboxes]);
    for mailbox in 2..2 + mailboxes {
        world.peers[mailbox].serve_mail(Rules::default());
    }
    world.run(MINUTE);
    world
}

fn place(world: &World, mailbox: usize) -> PeerAddress {
    PeerAddress::new(world.peers[mailbox].key.clone(), vec!["/memory/1".into()]).unwrap()
}

pub(super) fn takes_on(world: &mut World, peer: usize, mailbox: usize) {
    let wanted = NewMailbox { at: place(world, mailbox), token: None, receipt: None };
    let answer = world.ask(peer, Command::AddMailbox(Box::new(wanted)));
    assert!(matches!(answer, Some(Ok(Outcome::Done))), "{answer:?}");
}

pub(super) fn invited_by(world: &mut World, peer: usize) -> Invite {
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(peer, Command::Invite) else {
        panic!("no invite");
    };
    invite::decode(&text).unwrap()
}

/// Ana has the mailboxes and invites Bento, who accepts while she is off.
fn strangers(seed: u64, mailboxes: usize) -> (World, AccountId, AccountId) {
    let mut world = town(seed, mailboxes);
    for mailbox in 2..2 + mailboxes {
        takes_on(&mut world, ANA, mailbox);
    }
    world.run(MINUTE);
    let invite = invited_by(&mut world, ANA);
    world.stop(ANA);
    assert!(world.ask(BENTO, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    let (ana, bento) = (world.peers[ANA].account(), world.peers[BENTO].account());
    (world, ana, bento)
}

/// Ana and Bento take turns, so often, and are never on at once. It begins with Bento, who is on.
pub(super) fn turns(world: &mut World, count: usize) {
    for _ in 0..count {
        world.run(3 * MINUTE);
        world.stop(BENTO);
        world.start(ANA);
        world.run(3 * MINUTE);
        world.stop(ANA);
        world.start(BENTO);
    }
    world.run(3 * MINUTE);
}

/// The same where they know each other already.
pub(super) fn friends(seed: u64, mailboxes: usize) -> (World, AccountId, AccountId) {
    let (mut world, ana, bento) = strangers(seed, mailboxes);
    turns(&mut world, 2);
    (world, ana, bento)
}

pub(super) fn states(world: &World, peer: usize, with: &AccountId) -> Vec<Option<State>> {
    let ours = |entry: &&EntryView| entry.direction == "out";
    history(world, peer, with).iter().filter(ours).map(|entry| entry.state).collect()
}

#[test]
fn a_newcomer_writes_first_to_somebody_who_is_off_and_they_talk_without_ever_being_on_at_once() {
    let (mut world, ana, bento) = strangers(1, 3);
    assert!(say(&mut world, BENTO, ana, "oi") && say(&mut world, BENTO, ana, "sou eu"));
    turns(&mut world, 1);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Stored); 2], "Ana has only the first flight yet");
    turns(&mut world, 1);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Delivered); 2]);
    world.stop(BENTO);
    world.start(ANA);
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["oi", "sou eu"]);
    assert!(say(&mut world, ANA, bento, "oi Bento"));
    world.run(3 * MINUTE);
    assert_eq!(states(&world, ANA, &bento), [Some(State::Stored)]);
    world.stop(ANA);
    world.start(BENTO);
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), ["oi Bento"]);
    world.stop(BENTO);
    world.start(ANA);
    world.run(3 * MINUTE);
    assert_eq!(states(&world, ANA, &bento), [Some(State::Delivered)]);
}

#[test]
fn many_messages_by_mailbox_come_once_and_in_order_in_both_directions() {
    let (mut world, ana, bento) = friends(2, 3);
    let all: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    for text in &all {
        assert!(say(&mut world, BENTO, ana, text));
    }
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    for text in &all {
        assert!(say(&mut world, ANA, bento, text));
    }
    world.run(3 * MINUTE);
    world.stop(ANA);
    world.start(BENTO);
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), all);
    assert_eq!(texts(&history(&world, BENTO, &ana), "in"), all);
    assert!(states(&world, BENTO, &ana).iter().all(|state| *state == Some(State::Delivered)));
}

#[test]
fn with_one_mailbox_its_word_alone_makes_a_message_stored() {
    let (mut world, ana, bento) = friends(3, 1);
    assert!(say(&mut world, BENTO, ana, "uma"));
    world.run(3 * MINUTE);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Stored)]);
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["uma"]);
}

#[test]
fn with_two_of_three_mailboxes_dead_a_message_is_not_called_stored_and_arrives_all_the_same() {
    let (mut world, ana, bento) = friends(4, 3);
    world.stop(2);
    world.stop(3);
    assert!(say(&mut world, BENTO, ana, "por um fio"));
    world.run(5 * MINUTE);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Sent)], "one word isn't two");
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["por um fio"]);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Delivered)]);
}

#[test]
fn a_mailbox_that_forgets_replays_or_alters_costs_nothing_while_another_is_honest() {
    for (seed, malice) in [(5, Malice::Forgets), (6, Malice::Replays), (7, Malice::Alters)] {
        let (mut world, ana, bento) = friends(seed, 2);
        world.mail.malice.insert(2, malice);
        let all: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        for text in &all {
            assert!(say(&mut world, BENTO, ana, text));
        }
        turns(&mut world, 2);
        assert_eq!(texts(&history(&world, ANA, &bento), "in"), all, "{malice:?}");
        assert!(
            states(&world, BENTO, &ana).iter().all(|state| *state == Some(State::Delivered)),
            "{malice:?}"
        );
    }
}

#[test]
fn what_the_only_mailbox_lost_with_its_disk_is_deposited_again_after_an_hour() {
    let (mut world, ana, bento) = friends(8, 1);
    assert!(say(&mut world, BENTO, ana, "perdida"));
    world.run(3 * MINUTE);
    assert_eq!(states(&world, BENTO, &ana), [Some(State::Stored)]);
    world.lose_disk(2);
    // Ana's node makes its queues anew and tells Bento, while both are on for once.
    world.start(ANA);
    world.run(30 * MINUTE);
    world.stop(ANA);
    world.run(2 * HOUR);
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["perdida"]);
    assert!(say(&mut world, BENTO, ana, "e depois"));
    world.run(3 * MINUTE);
    assert_eq!(states(&world, BENTO, &ana).last(), Some(&Some(State::Stored)));
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["perdida", "e depois"]);
}

#[test]
fn a_message_that_a_mailbox_dropped_is_brought_again_without_anybody_asking() {
    let (mut world, ana, bento) = friends(9, 1);
    world.mail.malice.insert(2, Malice::Forgets);
    assert!(say(&mut world, BENTO, ana, "esquecida"));
    turns(&mut world, 1);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), [""; 0]);
    world.mail.malice.clear();
    world.run(2 * HOUR);
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["esquecida"]);
}

#[test]
fn what_comes_late_and_is_not_for_the_eye_leaves_nothing_that_is_shown_as_missing() {
    let (mut world, ana, bento) = friends(19, 1);
    let newcomer = world.add_person().unwrap();
    world.peers[newcomer].serve_mail(Rules::default());
    // What Bento's node says of his new mailbox is lost on its way.
    world.mail.malice.insert(2, Malice::Forgets);
    takes_on(&mut world, BENTO, newcomer);
    world.run(3 * MINUTE);
    world.mail.malice.clear();
    assert!(say(&mut world, BENTO, ana, "depois"));
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    world.run(3 * MINUTE);
    let unread = |world: &World| {
        let safe = world.peers[ANA].disk.safe();
        crate::engine::view::conversations(&Reader::new(&safe)).first().map(|row| row.unread)
    };
    let gaps = |world: &World| {
        let all = history(world, ANA, &bento);
        all.iter().filter(|entry| matches!(entry.body, BodyView::Missing)).count()
    };
    let missing = gaps(&world);
    assert!(missing > 0);
    assert_eq!(unread(&world), Some(missing as u64 + 1));
    world.start(BENTO);
    world.run(HOUR);
    assert_eq!((gaps(&world), unread(&world)), (0, Some(1)));
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["depois"]);
}

#[test]
fn a_new_device_learns_by_mailbox_where_its_numbers_begin_and_shows_nothing_older_as_missing() {
    let (mut world, ana, bento) = friends(21, 1);
    world.start(ANA);
    for text in ["um", "dois", "tres"] {
        assert!(say(&mut world, BENTO, ana, text));
    }
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["um", "dois", "tres"]);
    // Ana comes back on another device and opens a session. Nobody can connect to it.
    world.restore(ANA);
    world.run(MINUTE);
    takes_on(&mut world, ANA, 2);
    world.leave(ANA);
    let invite = invited_by(&mut world, BENTO);
    assert!(world.ask(ANA, Command::Accept { invite, name: Some("Bento".into()) }).unwrap().is_ok());
    world.run(3 * MINUTE);
    assert!(say(&mut world, BENTO, ana, "quatro"));
    world.run(10 * MINUTE);
    let all = history(&world, ANA, &bento);
    assert_eq!(texts(&all, "in"), ["quatro"]);
    assert!(!all.iter().any(|entry| matches!(entry.body, BodyView::Missing)), "{all:#?}");
}

#[test]
fn a_device_that_was_lost_behind_a_gap_leaves_its_successor_nothing_missing() {
    // It has gone on waiting for what is late, and then it has shown it as missing, when it is lost.
    for (span, inherited) in [(MINUTE / 2, &["perdida", "depois"][..]), (3 * MINUTE, &["perdida"])] {
        let (mut world, ana, bento) = friends(31, 1);
        world.mail.malice.insert(2, Malice::Forgets);
        assert!(say(&mut world, BENTO, ana, "perdida"));
        world.run(MINUTE);
        world.mail.malice.clear();
        assert!(say(&mut world, BENTO, ana, "depois"));
        world.run(MINUTE);
        world.stop(BENTO);
        world.start(ANA);
        world.run(span);
        let gap = |world: &World| {
            history(world, ANA, &bento).iter().any(|entry| matches!(entry.body, BodyView::Missing))
        };
        assert_eq!(gap(&world), inherited.len() == 1);
        world.stop(ANA);
        world.start(BENTO);
        world.run(3 * MINUTE);
        world.restore(ANA);
        world.run(MINUTE);
        takes_on(&mut world, ANA, 2);
        let invite = invited_by(&mut world, BENTO);
        assert!(world.ask(ANA, Command::Accept { invite, name: Some("Bento".into()) }).unwrap().is_ok());
        world.run(3 * MINUTE);
        assert!(say(&mut world, BENTO, ana, "por fim"));
        world.run(10 * MINUTE);
        let all = history(&world, ANA, &bento);
        assert_eq!(texts(&all, "in"), [inherited, &["por fim"]].concat());
        assert!(!gap(&world), "{all:#?}");
        let told = states(&world, BENTO, &ana);
        assert!(told.iter().all(|state| *state == Some(State::Delivered)), "{told:?}");
    }
}

#[test]
fn queues_that_a_mailbox_tells_of_are_asked_for_every_six_hours_and_the_inbox_every_half_hour() {
    let (mut world, _, _) = friends(20, 1);
    world.start(ANA);
    world.run(HOUR);
    let before = world.mail.said.len();
    world.run(12 * HOUR);
    let mut asked = std::collections::BTreeMap::new();
    for (from, _, message) in &world.mail.said[before..] {
        let (request, command) = Request::decode(message).unwrap();
        if *from == ANA && matches!(command, Asked::Subscribe) {
            *asked.entry(request.queue).or_insert(0) += 1;
        }
    }
    let mut counts: Vec<i32> = asked.into_values().collect();
    counts.sort_unstable();
    assert!(matches!(counts[..], [1..=3, 23..=26]), "{counts:?}");
}

/// When each pair of one-time prekeys at a mailbox expires.
fn expiries(world: &World, mailbox: usize) -> Vec<Time> {
    let safe = world.peers[mailbox].disk.safe();
    let rows = Reader::new(&safe).scan(&PREKEYS, &PREKEYS.all());
    let pairs = rows.into_iter().filter(|(key, _)| key.position() != Some(0));
    pairs.map(|(_, pair)| one_time_expiry(&pair[0]).unwrap()).collect()
}

#[test]
fn pairs_of_prekeys_that_expired_at_a_mailbox_are_replaced_there() {
    let (mut world, ..) = strangers(22, 1);
    world.start(ANA);
    world.run(HOUR);
    let pairs = expiries(&world, 2).len();
    assert!(pairs > 90, "{pairs}");
    world.run(15 * DAY);
    let now = world.now;
    let left = expiries(&world, 2);
    assert!(left.len() > 90 && left.iter().all(|expires| *expires > now), "{left:?} at {now:?}");
}

#[test]
fn nobody_is_taken_for_dishonest_because_a_mailbox_kept_prekeys_for_too_long_or_a_clock_is_wrong() {
    const HOUR_AHEAD: i64 = 3_600_000;
    let (mut world, ..) = strangers(23, 1);
    let newcomer = world.add_person().unwrap();
    world.start(ANA);
    world.run(HOUR + 13 * DAY);
    let invite = invited_by(&mut world, ANA);
    world.stop(ANA);
    // The pairs expire within the hour by which the newcomer's clock is wrong.
    world.run(DAY - 2 * HOUR);
    world.set_clock(newcomer, HOUR_AHEAD);
    let asked = world.mail.said.len();
    assert!(world.ask(newcomer, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    world.run(HOUR);
    let is_question = |(from, _, message): &(usize, usize, Vec<u8>)| {
        *from == newcomer && matches!(Request::decode(message), Ok((_, Asked::GetPrekeys { .. })))
    };
    assert!(world.mail.said[asked..].iter().any(is_question));
    assert_eq!(world.peers[newcomer].counters().malformed, 0);
}

#[test]
fn moving_to_another_mailbox_in_the_middle_of_a_conversation_loses_nothing() {
    let (mut world, ana, bento) = friends(10, 2);
    let mut all = Vec::new();
    let mut speak = |world: &mut World, text: &str| {
        assert!(say(world, BENTO, ana, text));
        all.push(text.to_owned());
    };
    // Ana moves out of mailbox 2 into a new one, 4, while messages of Bento wait in the old ones.
    let newcomer = world.add_person().unwrap();
    world.peers[newcomer].serve_mail(Rules::default());
    speak(&mut world, "antes");
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    takes_on(&mut world, ANA, newcomer);
    let leaves = world.peers[2].key.clone();
    assert!(world.ask(ANA, Command::RemoveMailbox(leaves)).unwrap().is_ok());
    world.stop(ANA);
    world.start(BENTO);
    speak(&mut world, "para a caixa velha");
    turns(&mut world, 1);
    speak(&mut world, "durante");
    turns(&mut world, 3);
    speak(&mut world, "depois");
    let before = world.mail.said.len();
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), all);
    let deposits = |world: &World, to: usize| {
        let to = move |(from, at, message): &&(usize, usize, Vec<u8>)| {
            *from == BENTO && *at == to && matches!(Request::decode(message), Ok((_, Asked::Send { .. })))
        };
        world.mail.said[before..].iter().filter(to).count()
    };
    assert_eq!(deposits(&world, 2), 0, "nobody deposits where Ana no longer is");
    assert!(deposits(&world, newcomer) > 0);
    // Once everything that could still come there is past its life, nothing of Ana's is left there.
    world.stop(BENTO);
    world.run(40 * DAY);
    world.start(ANA);
    world.run(DAY);
    let safe = world.peers[2].disk.safe();
    let kept = mailbox_view::mail(&Reader::new(&safe)).hosted;
    let safe = world.peers[ANA].disk.safe();
    let ours = mailbox_view::mail(&Reader::new(&safe)).mailboxes;
    let bentos = kept.queues;
    assert!(ours.iter().all(|mailbox| *mailbox.at.peer() != world.peers[2].key) && bentos <= 4, "{kept:?}");
}

/// Everything that a mailbox was sent, as far as it can read it: queue ids, sizes, and nothing of what it is about.
#[test]
fn what_reaches_a_mailbox_names_nobody_no_session_and_no_text() {
    let (mut world, ana, bento) = friends(11, 1);
    assert!(say(&mut world, BENTO, ana, "quinze homens em cima do morto"));
    turns(&mut world, 2);
    let secrets: Vec<Vec<u8>> =
        vec![ana.as_bytes().to_vec(), bento.as_bytes().to_vec(), b"quinze homens".to_vec()];
    let routes: Vec<Vec<u8>> = {
        let routes = |peer: usize| {
            let safe = world.peers[peer].disk.safe();
            let rows = Reader::new(&safe);
            use crate::domain::session::rows::ROUTES;
            rows.scan(&ROUTES, &ROUTES.all()).into_iter().map(|(key, _)| key.id.to_vec()).collect::<Vec<_>>()
        };
        [routes(ANA), routes(BENTO)].concat()
    };
    let mut sizes = std::collections::BTreeSet::new();
    let mut deposits = 0;
    for (_, _, message) in &world.mail.said {
        let holds =
            |needle: &Vec<u8>| message.windows(needle.len()).any(|window| window == needle.as_slice());
        let (_, command) = Request::decode(message).unwrap();
        // Prekeys are what their owner publishes there, under its own name: they are for strangers to find.
        if matches!(command, Asked::PutPrekeys { .. }) {
            continue;
        }
        assert!(!secrets.iter().any(holds) && !routes.iter().any(holds), "{command:?}");
        if let Asked::Send { frame, .. } = command {
            deposits += 1;
            sizes.insert(frame.len());
        }
    }
    assert!(deposits > 4);
    let buckets = crate::base::limits::PADDING_BUCKETS;
    let fits = |size: usize| {
        let of = |header: usize| buckets.iter().any(|bucket| size == 16 + 28 + header + bucket + 16);
        size == crate::base::limits::FIRST_FLIGHT_LEN || of(69) || of(1_285)
    };
    assert!(sizes.iter().all(|size| fits(*size)), "{sizes:?}");
}

#[test]
fn who_is_told_of_a_new_identity_by_mailbox_follows_and_nothing_said_around_it_is_lost() {
    let (mut world, ana, bento) = friends(16, 2);
    assert!(say(&mut world, BENTO, ana, "antes"));
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    world.run(MINUTE);
    world.rotate(ANA);
    world.run(MINUTE);
    let heir = world.peers[ANA].account();
    assert_ne!(heir, ana);
    // Behind the news in one queue: it is fetched in one go.
    for text in ["um", "dois", "tres"] {
        assert!(say(&mut world, ANA, bento, text));
    }
    world.run(3 * MINUTE);
    world.stop(ANA);
    world.start(BENTO);
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, BENTO, &heir), "in"), ["um", "dois", "tres"]);
    assert!(say(&mut world, BENTO, heir, "depois"));
    world.run(3 * MINUTE);
    assert_eq!(states(&world, BENTO, &heir).last(), Some(&Some(State::Stored)));
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["antes", "depois"]);
    assert_eq!(states(&world, ANA, &bento), [Some(State::Delivered); 3]);
    assert_eq!(states(&world, BENTO, &heir), [Some(State::Delivered); 2]);
}

#[test]
fn a_newcomer_writes_first_to_an_identity_that_took_the_place_of_another_and_is_off() {
    let mut world = town(17, 1);
    takes_on(&mut world, ANA, 2);
    world.run(MINUTE);
    world.rotate(ANA);
    world.run(MINUTE);
    let invite = invited_by(&mut world, ANA);
    let heir = world.peers[ANA].account();
    world.stop(ANA);
    assert!(world.ask(BENTO, Command::Accept { invite, name: Some("Ana".into()) }).unwrap().is_ok());
    assert!(say(&mut world, BENTO, heir, "oi"));
    turns(&mut world, 3);
    assert_eq!(texts(&history(&world, ANA, &world.peers[BENTO].account()), "in"), ["oi"]);
}

#[test]
fn a_first_flight_for_a_former_identity_is_made_anew_once_both_are_on() {
    let (mut world, ana, bento) = strangers(18, 1);
    assert!(say(&mut world, BENTO, ana, "oi"));
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.start(ANA);
    // Before anything is fetched.
    world.rotate(ANA);
    world.run(3 * MINUTE);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), [""; 0]);
    world.start(BENTO);
    world.run(HOUR);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["oi"]);
}

#[test]
fn an_expired_message_has_failed_and_says_why() {
    let (mut world, ana, _) = friends(12, 1);
    assert!(say(&mut world, BENTO, ana, "tarde demais"));
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.run(31 * DAY);
    world.start(BENTO);
    world.run(MINUTE);
    let entry = history(&world, BENTO, &ana).pop().unwrap();
    assert_eq!(entry.state, Some(State::Failed));
    assert_eq!(entry.cause, Some(crate::domain::chat::timeline::Cause::Expired));
}

#[test]
fn a_first_flight_that_expired_is_made_anew_and_what_was_said_goes_with_it() {
    let (mut world, ana, bento) = strangers(13, 1);
    assert!(say(&mut world, BENTO, ana, "oi"));
    // Nobody reads it for as long as a first flight holds.
    world.run(3 * MINUTE);
    world.stop(BENTO);
    world.run(15 * DAY);
    world.start(BENTO);
    turns(&mut world, 3);
    // The invite's ticket is past its life too: work speaks for the second flight, and Ana has to admit Bento.
    world.stop(BENTO);
    world.start(ANA);
    world.run(MINUTE);
    assert!(world.ask(ANA, Command::Admit(bento)).unwrap().is_ok());
    world.run(5 * MINUTE);
    world.stop(ANA);
    world.start(BENTO);
    turns(&mut world, 2);
    assert_eq!(texts(&history(&world, ANA, &bento), "in"), ["oi"]);
}

#[test]
fn the_same_seed_tells_the_same_story_with_mailboxes() {
    let story = |seed: u64| {
        let (mut world, ana, _) = friends(seed, 2);
        assert!(say(&mut world, BENTO, ana, "outra vez"));
        turns(&mut world, 1);
        world.mail.said
    };
    assert_eq!(story(14), story(14));
}

#[test]
fn a_mailbox_that_is_none_is_not_taken_on() {
    let mut world = town(15, 1);
    let stranger = world.add_person().unwrap();
    let wanted = |world: &World, at: usize| {
        Command::AddMailbox(Box::new(NewMailbox { at: place(world, at), token: None, receipt: None }))
    };
    let refused = world.ask(ANA, wanted(&world, stranger));
    assert!(matches!(refused, Some(Err(_))), "{refused:?}");
    let nobody = PeerAddress::new(PeerKey::new(vec![9; 38]).unwrap(), Vec::new()).unwrap();
    let nowhere = NewMailbox { at: nobody, token: None, receipt: None };
    assert!(matches!(world.ask(ANA, Command::AddMailbox(Box::new(nowhere))), Some(Err(_))));
    let safe = world.peers[ANA].disk.safe();
    assert!(mailbox_view::mail(&Reader::new(&safe)).mailboxes.is_empty());
}
