//! What holds where people have several devices.

use core::time::Duration;

use super::tests::{MINUTE, friends, history, say, texts};
use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::crypto::secret::Secret;
use crate::domain::chat::timeline::Notice;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::link_offer;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::view;
use crate::sim::world::{Faults, World};
use crate::store::table::{Reader, Rows as _};
use crate::wire::link::LinkOffer;

/// The offer of a new device, and its index.
pub(super) fn offer(world: &mut World) -> (usize, LinkOffer) {
    let new = world.add_device().unwrap();
    world.run(Duration::from_secs(1));
    (new, offer_of(world, new))
}

fn offer_of(world: &mut World, new: usize) -> LinkOffer {
    let Some(Ok(Outcome::LinkOffered { code, .. })) = world.ask(new, Command::OfferDevice) else {
        panic!("no offer");
    };
    link_offer::decode(&code).unwrap()
}

pub(super) fn link(world: &mut World, primary: usize, offer: LinkOffer) -> Result<DeviceId, Refusal> {
    match world.ask(primary, Command::LinkDevice(Box::new(offer))).unwrap()? {
        Outcome::Linked { device, .. } => Ok(device),
        other => panic!("{other:?}"),
    }
}

/// Links a new device to the account of the node `primary`; its index and its id.
pub(super) fn linked(world: &mut World, primary: usize) -> (usize, DeviceId) {
    let (new, offer) = offer(world);
    let device = link(world, primary, offer).unwrap();
    let account = world.peers[primary].account();
    assert!(world.peers[new].shown.iter().any(|event| matches!(event, Event::LinkGranted { .. })));
    assert!(world.ask(new, Command::JoinAccount(account)).unwrap().is_ok());
    assert_eq!(world.peers[new].account(), account);
    (new, device)
}

pub(super) fn devices_of(world: &World, peer: usize, account: &AccountId) -> usize {
    let safe = world.peers[peer].disk.safe();
    let reader = Reader::new(&safe);
    match reader.row(&CONTACTS, account.as_bytes()).filter(|contact| !contact.is_ourselves()) {
        Some(contact) => contact.devices().count(),
        None => reader.row(&ACCOUNTS, account.as_bytes()).unwrap().log.devices().len(),
    }
}

pub(super) fn all(world: &World, peer: usize, with: &AccountId) -> Vec<String> {
    let entries = history(world, peer, with);
    texts(&entries, "in").into_iter().chain(texts(&entries, "out")).collect()
}

pub(super) fn notices(world: &World, peer: usize, with: &AccountId) -> Vec<Notice> {
    let safe = world.peers[peer].disk.safe();
    let entries = view::history(&Reader::new(&safe), with, None, 10_000);
    let notice = |body: &BodyView| if let BodyView::Notice { notice } = body { Some(*notice) } else { None };
    entries.iter().filter_map(|entry| notice(&entry.body)).collect()
}

/// Ana with the devices 0 and 2, Bento with 1 and 3.
pub(super) fn four(seed: u64) -> (World, AccountId, AccountId) {
    let (mut world, ana, bento) = friends(seed);
    linked(&mut world, 0);
    world.run(MINUTE);
    linked(&mut world, 1);
    world.run(5 * MINUTE);
    (world, ana, bento)
}

#[test]
fn a_linked_device_knows_contacts_and_what_was_said_and_hears_and_speaks_like_the_first() {
    let (mut world, ana, bento) = friends(60);
    for number in 0..300 {
        assert!(say(&mut world, 0, bento, &format!("ana {number}")));
        assert!(say(&mut world, 1, ana, &format!("bento {number}")));
    }
    world.run(MINUTE);
    let before = all(&world, 0, &bento);
    let (new, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert_eq!(all(&world, new, &bento), before, "what was said before");
    let safe = world.peers[new].disk.safe();
    let contacts = view::contacts(&Reader::new(&safe));
    assert_eq!(contacts.iter().map(|contact| contact.name.as_str()).collect::<Vec<_>>().len(), 1);
    drop(safe);
    assert!(say(&mut world, 1, ana, "to both of you"));
    assert!(say(&mut world, 0, bento, "from the first"));
    world.run(MINUTE);
    assert!(say(&mut world, new, bento, "from the second"));
    world.run(MINUTE);
    for peer in [0, new] {
        let entries = history(&world, peer, &bento);
        assert_eq!(texts(&entries, "in").last().unwrap(), "to both of you", "on {peer}");
        let said = texts(&entries, "out");
        assert_eq!(said[said.len() - 2..], ["from the first", "from the second"], "on {peer}");
    }
    let heard = texts(&history(&world, 1, &ana), "in");
    assert_eq!(heard[heard.len() - 2..], ["from the first", "from the second"]);
    assert_eq!(
        notices(&world, 1, &ana),
        [Notice::DeviceAdded],
        "Bento is shown that Ana has one more device"
    );
}

/// Whatever goes wrong, each text is on each device once, and in the order of who said it.
fn story(seed: u64, faults: Faults) {
    let (mut world, ana, bento) = four(seed);
    assert_eq!((devices_of(&world, 3, &ana), devices_of(&world, 2, &bento)), (2, 2), "seed {seed}");
    world.faults = faults;
    let mut accepted = vec![Vec::new(); 4];
    for round in 0..20 {
        for (peer, to) in [(0, bento), (1, ana), (2, bento), (3, ana)] {
            let text = format!("{peer}:{round}");
            if say(&mut world, peer, to, &text) {
                accepted[peer].push(text);
            }
        }
        world.run(Duration::from_millis(20));
    }
    world.faults = Faults::default();
    world.run(90 * MINUTE);
    for (reader, with) in [(0, bento), (1, ana), (2, bento), (3, ana)] {
        let shown = all(&world, reader, &with);
        for (sender, said) in accepted.iter().enumerate() {
            let prefix = format!("{sender}:");
            let of: Vec<&String> = shown.iter().filter(|text| text.starts_with(&prefix)).collect();
            let numbers: Vec<u32> = of.iter().map(|text| text[2..].parse().unwrap()).collect();
            assert!(
                numbers.is_sorted_by(|one, other| one < other),
                "seed {seed}: {reader} sees those of {sender} twice or out of order: {of:?}"
            );
            let missing: Vec<_> = said.iter().filter(|text| !of.contains(text)).collect();
            assert!(missing.is_empty(), "seed {seed}: {reader} never saw {missing:?} of {sender}");
        }
    }
}

#[test]
fn everything_said_arrives_once_on_each_device_in_the_order_of_who_said_it() {
    story(61, Faults::default());
}

#[test]
fn everything_arrives_once_on_each_device_whatever_goes_wrong_on_the_way() {
    for seed in 62..66 {
        story(seed, Faults { broken: 10, repeated: 20, reordered: 20, crashes: 3 });
    }
}

#[test]
fn a_revoked_device_gets_nothing_from_the_next_message_on_and_is_not_heard() {
    let (mut world, ana, bento) = friends(70);
    let (lost, device) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert!(say(&mut world, lost, bento, "still mine"));
    world.run(MINUTE);
    assert!(world.ask(0, Command::RevokeDevice(device)).unwrap().is_ok());
    let since = world.sent.len();
    // Bento learns it before the next message, whichever comes first.
    assert!(say(&mut world, 0, bento, "I lost my telephone"));
    world.run(MINUTE);
    assert!(say(&mut world, 1, ana, "what a pity") && say(&mut world, 0, bento, "never mind"));
    world.run(MINUTE);
    let to_lost: Vec<_> = world.sent[since..].iter().filter(|(_, to, _)| *to == lost).collect();
    assert!(to_lost.is_empty(), "nothing is sealed for it any more");
    assert!(all(&world, lost, &bento).iter().all(|text| text != "what a pity" && text != "never mind"));
    let dropped = world.peers[1].counters();
    say(&mut world, lost, bento, "it is me, Ana");
    world.run(5 * MINUTE);
    assert_eq!(
        texts(&history(&world, 1, &ana), "in"),
        ["still mine", "I lost my telephone", "never mind"],
        "and nothing of it is heard"
    );
    let refused = world.peers[1].counters();
    assert!(
        refused.undecryptable + refused.unknown_route > dropped.undecryptable + dropped.unknown_route,
        "its frames came and were dropped"
    );
    assert_eq!(devices_of(&world, 1, &ana), 1);
    assert_eq!(notices(&world, 1, &ana), [Notice::DeviceAdded, Notice::DeviceRevoked]);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["what a pity"]);
}

#[test]
fn an_offer_that_expired_or_was_altered_links_nothing() {
    let (mut world, ana, _) = friends(80);
    let (new, good) = offer(&mut world);
    let mut other_key = good.clone();
    other_key.exchange = [9; 32];
    let mut other_token = good.clone();
    other_token.token = Secret::new([9; 16]);
    let mut grander = good.clone();
    grander.device.purposes = crate::wire::account::Purposes::ALL;
    let mut later = good.clone();
    later.expires = world.now.plus(limits::LINK_OFFER_LIFE * 2);
    for bent in [other_key, other_token, grander, later] {
        assert!(matches!(link(&mut world, 0, bent), Err(Refusal::Link(_))));
    }
    world.run(limits::LINK_OFFER_LIFE);
    assert!(matches!(link(&mut world, 0, good), Err(Refusal::Link(_))), "expired");
    assert_eq!(devices_of(&world, 0, &ana), 1, "nobody was let in");
    assert!(world.peers[new].shown.is_empty(), "and nobody was asked");
    assert!(matches!(world.ask(new, Command::JoinAccount(ana)), Some(Err(Refusal::Link(_)))));
    // A new one is good.
    let again = offer_of(&mut world, new);
    assert!(link(&mut world, 0, again).is_ok());
    assert_eq!(devices_of(&world, 0, &ana), 2);
}

#[test]
fn a_device_that_belongs_to_nobody_says_and_hears_nothing() {
    let (mut world, ana, bento) = friends(81);
    let (new, offered) = offer(&mut world);
    assert_eq!(world.ask(new, Command::Invite).unwrap().unwrap_err(), Refusal::NotLinked);
    assert_eq!(
        world.ask(new, Command::Send { to: bento, text: "?".into() }).unwrap().unwrap_err(),
        Refusal::NotLinked
    );
    link(&mut world, 0, offered).unwrap();
    // Another account can't have it, and the first one only with the person's word.
    assert!(world.ask(new, Command::JoinAccount(bento)).unwrap().is_err());
    assert_eq!(world.ask(new, Command::Invite).unwrap().unwrap_err(), Refusal::NotLinked);
    assert!(world.ask(new, Command::JoinAccount(ana)).unwrap().is_ok());
    assert_eq!(world.ask(new, Command::OfferDevice).unwrap().unwrap_err(), Refusal::AlreadyLinked);
    let (_, third) = offer(&mut world);
    assert_eq!(link(&mut world, new, third).unwrap_err(), Refusal::NotPrimary);
    assert_eq!(
        world.ask(new, Command::RevokeDevice(DeviceId::new([1; 32]))).unwrap().unwrap_err(),
        Refusal::NotPrimary
    );
}

#[test]
fn what_was_read_on_one_device_is_read_on_the_other() {
    let (mut world, ana, bento) = friends(85);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let unread = |world: &World, peer: usize| {
        let safe = world.peers[peer].disk.safe();
        view::conversations(&Reader::new(&safe))[0].unread
    };
    assert!(say(&mut world, 1, ana, "one") && say(&mut world, 1, ana, "two"));
    world.run(MINUTE);
    assert_eq!([0, second].map(|peer| unread(&world, peer)), [2, 2]);
    assert!(world.ask(second, Command::MarkRead(bento, None)).unwrap().is_ok());
    world.run(MINUTE);
    assert_eq!([0, second].map(|peer| unread(&world, peer)), [0, 0]);
    assert!(say(&mut world, 1, ana, "three"));
    world.run(MINUTE);
    assert_eq!([0, second].map(|peer| unread(&world, peer)), [1, 1], "what came since is unread");
    // Read there before it comes here.
    world.leave(0);
    assert!(say(&mut world, 1, ana, "four"));
    world.run(MINUTE);
    assert!(world.ask(second, Command::MarkRead(bento, None)).unwrap().is_ok());
    world.come_back();
    world.run(30 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in").len(), 4);
    assert_eq!([0, second].map(|peer| unread(&world, peer)), [0, 0]);
}

#[test]
fn three_devices_of_one_account_hear_each_other() {
    let (mut world, ana, bento) = friends(90);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let (third, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert!(
        say(&mut world, second, bento, "from the second") && say(&mut world, third, bento, "from the third")
    );
    assert!(say(&mut world, 1, ana, "to all"));
    world.run(5 * MINUTE);
    for peer in [0, second, third] {
        let entries = history(&world, peer, &bento);
        let mut said = texts(&entries, "out");
        said.sort();
        assert_eq!(said, ["from the second", "from the third"], "on {peer}");
        assert_eq!(texts(&entries, "in"), ["to all"], "on {peer}");
    }
    let mut heard = texts(&history(&world, 1, &ana), "in");
    heard.sort();
    assert_eq!(heard, ["from the second", "from the third"]);
}

#[test]
fn a_contact_made_on_one_device_is_known_on_the_other() {
    let (mut world, ana, _) = friends(91);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let carla = world.add_person().unwrap();
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite, .. })) = world.ask(second, Command::Invite) else {
        panic!("no invite");
    };
    let invite = crate::domain::identity::invite::decode(&invite).unwrap();
    assert!(world.ask(carla, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(5 * MINUTE);
    let account = world.peers[carla].account();
    assert!(say(&mut world, carla, ana, "hello, all of Ana") && say(&mut world, 0, account, "hello Carla"));
    world.run(5 * MINUTE);
    for peer in [0, second] {
        let entries = history(&world, peer, &account);
        assert_eq!(texts(&entries, "in"), ["hello, all of Ana"], "on {peer}");
        assert_eq!(texts(&entries, "out"), ["hello Carla"], "on {peer}");
    }
    assert_eq!(texts(&history(&world, carla, &ana), "in"), ["hello Carla"]);
}

#[test]
fn who_sees_a_head_that_is_further_on_asks_the_device_that_claims_it_for_the_entries() {
    let (mut world, ana, bento) = friends(92);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    let (_, third) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert_eq!(devices_of(&world, 1, &ana), 3);
    world.leave(1);
    assert!(world.ask(0, Command::RevokeDevice(third)).unwrap().is_ok());
    // By then the next attempt of the first device, which has the news for Bento, is minutes away.
    world.run(31 * MINUTE);
    world.come_back();
    let since = world.sent.len();
    assert!(say(&mut world, second, bento, "it is me"));
    world.run(Duration::from_secs(5));
    assert!(world.sent[since..].iter().all(|(from, to, _)| (*from, *to) != (0, 1)));
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["it is me"]);
    assert_eq!(devices_of(&world, 1, &ana), 2, "Bento has asked, and was answered");
    assert_eq!(notices(&world, 1, &ana).last(), Some(&Notice::DeviceRevoked));
}

#[test]
fn a_contact_that_was_restored_is_told_of_every_device_again() {
    let (mut world, ana, bento) = friends(93);
    let (second, _) = linked(&mut world, 0);
    world.run(5 * MINUTE);
    assert!(say(&mut world, second, bento, "before"));
    world.run(MINUTE);
    world.restore(1);
    let Some(Ok(Outcome::Invited { invite, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    let invite = crate::domain::identity::invite::decode(&invite).unwrap();
    assert!(world.ask(1, Command::Accept { invite, name: None }).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert!(say(&mut world, second, bento, "it is me") && say(&mut world, 1, ana, "to both of you"));
    world.run(15 * MINUTE);
    assert_eq!(texts(&history(&world, 1, &ana), "in"), ["it is me"]);
    for peer in [0, second] {
        assert_eq!(texts(&history(&world, peer, &bento), "in"), ["to both of you"], "on {peer}");
    }
}
