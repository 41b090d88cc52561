//! What holds where an identity is put in the place of another.

use core::time::Duration;

use super::device_tests::{all, devices_of, four, linked, notices};
use super::tests::{MINUTE, friends, history, say, texts};
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::domain::billing::export::{self, Expect, ReceiptFile};
use crate::domain::chat::timeline::Notice;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::invite;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::ledger;
use crate::engine::view;
use crate::sim::world::{Faults, World};
use crate::store::table::{Reader, Rows as _};
use crate::wire::invoice_key::InvoiceKey;

/// The only contact of a node: its account, and the one that it had before.
fn contact(world: &World, peer: usize) -> (AccountId, Option<AccountId>) {
    let safe = world.peers[peer].disk.safe();
    let reader = Reader::new(&safe);
    let rows = reader.scan(&CONTACTS, &CONTACTS.all());
    let contacts: Vec<_> = rows.iter().filter(|(_, contact)| !contact.is_ourselves()).collect();
    assert_eq!(contacts.len(), 1);
    (contacts[0].1.account, contacts[0].1.former)
}

#[test]
fn a_contact_follows_to_the_new_address_with_all_that_was_said_and_the_sessions() {
    let (mut world, ana, bento) = friends(200);
    assert!(say(&mut world, 0, bento, "one") && say(&mut world, 1, ana, "uno"));
    world.run(MINUTE);
    world.rotate(0);
    assert!(say(&mut world, 1, ana, "dos"), "written before the news came");
    world.run(MINUTE);
    let new = world.peers[0].account();
    assert_ne!(new, ana);
    assert_eq!(contact(&world, 1), (new, Some(ana)));
    assert!(say(&mut world, 0, bento, "two") && say(&mut world, 1, new, "tres"));
    assert!(say(&mut world, 1, ana, "cuatro"), "the former address still means her");
    world.run(MINUTE);
    assert_eq!(texts(&history(&world, 1, &new), "in"), ["one", "two"]);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["uno", "dos", "tres", "cuatro"]);
    assert_eq!(notices(&world, 1, &new), [Notice::IdentityRotated], "and no session was made anew");
    assert!(notices(&world, 0, &bento).is_empty());
    let safe = [0, 1].map(|peer| world.peers[peer].disk.safe());
    let numbers = [(0, bento), (1, new)]
        .map(|(peer, with)| view::safety_number(&Reader::new(&safe[peer]), &with).unwrap().1.digits);
    assert_eq!(numbers[0], numbers[1], "both compare the new key");
}

#[test]
fn a_key_that_was_compared_is_held_back_after_the_change_until_the_person_decides() {
    let (mut world, ana, bento) = friends(201);
    assert!(world.ask(1, Command::Verify(ana)).unwrap().is_ok());
    assert!(say(&mut world, 0, bento, "one"));
    world.run(MINUTE);
    world.rotate(0);
    world.run(MINUTE);
    let new = world.peers[0].account();
    let refused = world.ask(1, Command::Send { to: new, text: "?".into() }).unwrap().unwrap_err();
    assert!(matches!(refused, Refusal::KeyChanged(_)));
    assert!(say(&mut world, 0, bento, "two"));
    world.run(MINUTE);
    let entries = history(&world, 1, &new);
    assert_eq!(texts(&entries, "in"), ["one", "two"]);
    assert_eq!(entries.iter().map(|entry| entry.key_changed).collect::<Vec<_>>(), [false, true]);
    assert!(world.ask(1, Command::Verify(new)).unwrap().is_ok());
    assert!(say(&mut world, 1, new, "it is really you"));
    world.run(5 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["it is really you"]);
}

#[test]
fn who_was_away_learns_it_later_whoever_writes_first() {
    for first in [0, 1] {
        let (mut world, ana, bento) = friends(210 + first as u64);
        assert!(say(&mut world, 0, bento, "one"));
        world.run(MINUTE);
        world.leave(1);
        world.rotate(0);
        // Longer than what is kept for somebody who is away.
        world.now = world.now.plus(31 * 24 * 60 * MINUTE);
        world.run(MINUTE);
        world.come_back();
        let new = world.peers[0].account();
        if first == 0 {
            assert!(say(&mut world, 0, bento, "two"));
        } else {
            assert!(say(&mut world, 1, ana, "are you there?"));
        }
        world.run(30 * MINUTE);
        assert!(say(&mut world, 0, bento, "three") && say(&mut world, 1, ana, "yes"));
        world.run(30 * MINUTE);
        assert_eq!(contact(&world, 1), (new, Some(ana)), "{first}");
        assert_eq!(texts(&history(&world, 1, &new), "in").last().unwrap(), "three");
        assert_eq!(texts(&history(&world, 0, &bento), "in").last().unwrap(), "yes");
    }
}

#[test]
fn who_lost_the_session_learns_it_from_the_answer_about_prekeys() {
    let (mut world, ana, bento) = friends(220);
    assert!(say(&mut world, 0, bento, "one") && say(&mut world, 1, ana, "uno"));
    world.run(MINUTE);
    world.leave(1);
    world.rotate(0);
    world.run(MINUTE);
    // Bento comes back with a disk that has forgotten everything, but has an invite of the former account.
    world.come_back();
    world.restore(1);
    world.run(MINUTE);
    let Some(Ok(Outcome::Invited { invite: text, .. })) = world.ask(0, Command::Invite) else {
        panic!("no invite");
    };
    let mut old = invite::decode(&text).unwrap();
    let safe = world.peers[0].disk.safe();
    let row = Reader::new(&safe).row(&ACCOUNTS, ana.as_bytes()).unwrap();
    drop(safe);
    (old.account, old.inbox) = (ana, row.inbox);
    assert!(world.ask(1, Command::Accept { invite: old, name: Some("Ana".into()) }).unwrap().is_ok());
    assert!(say(&mut world, 1, ana, "I lost my telephone"));
    world.run(30 * MINUTE);
    assert_eq!(contact(&world, 1), (world.peers[0].account(), Some(ana)));
    assert_eq!(texts(&history(&world, 0, &bento), "in"), ["uno", "I lost my telephone"]);
}

#[test]
fn all_devices_follow_and_contacts_hear_each_of_them() {
    let (mut world, ana, bento) = four(230);
    for (peer, to) in [(0, bento), (2, bento), (1, ana), (3, ana)] {
        assert!(say(&mut world, peer, to, &format!("{peer}:a")));
    }
    world.run(MINUTE);
    world.rotate(0);
    world.run(5 * MINUTE);
    let new = world.peers[0].account();
    assert_eq!(world.peers[2].account(), new, "the other device speaks for the new account");
    assert_eq!((devices_of(&world, 1, &new), devices_of(&world, 2, &new)), (2, 2));
    for (peer, to) in [(0, bento), (2, bento), (1, new), (3, new)] {
        assert!(say(&mut world, peer, to, &format!("{peer}:b")));
    }
    world.run(30 * MINUTE);
    for (peer, with) in [(0, bento), (1, new), (2, bento), (3, new)] {
        let mut seen = all(&world, peer, &with);
        seen.sort();
        assert_eq!(seen, ["0:a", "0:b", "1:a", "1:b", "2:a", "2:b", "3:a", "3:b"], "on {peer}");
    }
    // Each is still itself after a start, and one that is linked now is linked to the new account.
    for peer in 0..4 {
        world.crash(peer);
    }
    world.run(MINUTE);
    assert_eq!([0, 2].map(|peer| world.peers[peer].account()), [new, new]);
    let (third, _) = linked(&mut world, 0);
    world.run(30 * MINUTE);
    assert_eq!(all(&world, third, &bento).len(), 8, "with what was said before the change");
    assert!(say(&mut world, third, bento, "from the third"));
    world.run(5 * MINUTE);
    assert!(all(&world, 1, &new).contains(&"from the third".to_owned()));
}

/// Messages go both ways while identities change, and things go wrong.
fn story(seed: u64, faults: Faults) {
    let (mut world, ana, bento) = friends(seed);
    world.faults = faults;
    let mut accepted = [Vec::new(), Vec::new()];
    for round in 0..40 {
        for (peer, to) in [(0, bento), (1, ana)] {
            let text = format!("{peer}:{round}");
            if say(&mut world, peer, to, &text) {
                accepted[peer].push(text);
            }
        }
        match round {
            10 | 25 => drop(world.rotate(0)),
            18 => drop(world.rotate(1)),
            _ => {}
        }
        world.run(Duration::from_millis(20));
    }
    world.faults = Faults::default();
    world.run(90 * MINUTE);
    for (peer, own_view, their_view) in [(0, bento, ana), (1, ana, bento)] {
        let (ours, theirs) = (history(&world, peer, &own_view), history(&world, 1 - peer, &their_view));
        let arrived = texts(&theirs, "in");
        assert_eq!(arrived, texts(&ours, "out"), "seed {seed}: lost, repeated or out of order");
        let missing: Vec<_> = accepted[peer].iter().filter(|text| !arrived.contains(text)).collect();
        assert!(missing.is_empty(), "seed {seed}: accepted and never shown: {missing:?}");
        assert_eq!(contact(&world, peer).0, world.peers[1 - peer].account(), "seed {seed}");
    }
}

#[test]
fn nothing_is_lost_or_repeated_while_both_identities_change() {
    story(240, Faults::default());
}

#[test]
fn nothing_is_lost_or_repeated_while_identities_change_whatever_goes_wrong() {
    for seed in 241..247 {
        story(seed, Faults { broken: 10, repeated: 20, reordered: 20, crashes: 3 });
    }
}

#[test]
fn a_crash_at_any_moment_leaves_the_old_identity_or_the_new_one_whole() {
    let mut seen = [false, false];
    for wait in 0..12 {
        let (mut world, ana, bento) = friends(260);
        assert!(say(&mut world, 0, bento, "before"));
        world.run(MINUTE);
        world.rotate(0);
        world.run(Duration::from_millis(wait));
        world.crash(0);
        world.run(MINUTE);
        let now = world.peers[0].account();
        seen[usize::from(now != ana)] = true;
        let safe = world.peers[0].disk.safe();
        let reader = Reader::new(&safe);
        let old = reader.row(&ACCOUNTS, ana.as_bytes()).unwrap();
        assert_eq!(old.log.successor(), (now != ana).then_some(now), "{wait}");
        assert!(reader.row(&ACCOUNTS, now.as_bytes()).unwrap().log.devices().len() > 0);
        drop(reader);
        drop(safe);
        assert!(say(&mut world, 0, bento, "after") && say(&mut world, 1, ana, "answer"));
        world.run(30 * MINUTE);
        assert_eq!(texts(&history(&world, 1, &now), "in"), ["before", "after"], "{wait}");
        assert_eq!(texts(&history(&world, 0, &bento), "in"), ["answer"], "{wait}");
    }
    assert_eq!(seen, [true, true], "the crashes fell on both sides of the commit");
}

#[test]
fn a_device_that_has_no_recovery_phrase_rotates_nothing() {
    let (mut world, ana, _) = friends(270);
    let (second, _) = linked(&mut world, 0);
    world.run(MINUTE);
    let ticket = world.rotate(second);
    world.run(MINUTE);
    let answer = world.peers[second].answers.iter().find(|(known, _)| *known == ticket);
    assert_eq!(answer.unwrap().1.as_ref().unwrap_err(), &Refusal::NotPrimary);
    assert_eq!(world.peers[second].account(), ana);
}

#[test]
fn customers_follow_a_business_and_a_business_its_customer() {
    let mut world = World::new(280, &[Business, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    world.run(MINUTE);
    let shop = world.peers[0].account();
    assert!(world.ask(1, Command::Add { account: shop, name: None }).unwrap().is_ok());
    assert!(say(&mut world, 1, shop, "bread"));
    world.run(MINUTE);
    let customer = contact(&world, 0).0;
    assert_ne!(customer, world.peers[1].account(), "a business sees an account of its own");
    world.rotate(0);
    world.rotate(1);
    world.run(5 * MINUTE);
    let (new_shop, new_customer) = (world.peers[0].account(), contact(&world, 0).0);
    assert!(new_customer != customer && new_customer != world.peers[1].account());
    assert_eq!(contact(&world, 1), (new_shop, Some(shop)));
    assert!(say(&mut world, 1, new_shop, "cake") && say(&mut world, 0, new_customer, "gladly"));
    world.run(5 * MINUTE);
    assert_eq!(texts(&history(&world, 0, &new_customer), "in"), ["bread", "cake"]);
    assert_eq!(texts(&history(&world, 1, &new_shop), "in"), ["gladly"]);
}

#[test]
fn a_subscription_goes_on_between_the_identities_that_took_the_place_of_its_own() {
    let mut world = World::new(290, &[Business, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
    let plan = crate::wire::plan::tests::plan();
    assert!(world.ask(0, Command::PutPlan(plan.clone())).unwrap().is_ok());
    world.run(MINUTE);
    let shop = world.peers[0].account();
    let wish = Command::Subscribe { issuer: shop, plan: plan.id.clone() };
    assert!(world.ask(1, wish).unwrap().is_ok());
    world.run(MINUTE);
    let invoices = |world: &World| {
        let safe = world.peers[0].disk.safe();
        ledger::invoices(&Reader::new(&safe), world.now)
    };
    let pay = |world: &mut World| {
        let open = invoices(world).into_iter().find(|invoice| invoice.state == "open").unwrap();
        let paid = world.ask(0, Command::MarkPaid(open.key.parse::<InvoiceKey>().unwrap())).unwrap();
        let Ok(Outcome::Receipted { receipt, .. }) = paid else { panic!("{paid:?}") };
        world.run(MINUTE);
        receipt
    };
    let first = pay(&mut world);
    world.rotate(0);
    world.rotate(1);
    world.run(5 * MINUTE);
    // The next period's invoice comes by itself, seven days before the first one ends, and its receipt after it.
    world.run(Duration::from_secs(62 * 24 * 3_600));
    let second = pay(&mut world);
    for (peer, receipt) in [(0, first), (1, first), (0, second), (1, second)] {
        let safe = world.peers[peer].disk.safe();
        let file = ledger::receipt_file(&Reader::new(&safe), &receipt).unwrap();
        let expect = Expect { issuer: Some(shop), ..Expect::default() };
        assert!(export::verify(&file, &expect).is_ok(), "{peer}");
        let with_the_former_log_alone = ReceiptFile {
            log: file.log.iter().take(file.log.len() - usize::from(receipt == second)).cloned().collect(),
            ..file
        };
        assert_eq!(
            export::verify(&with_the_former_log_alone, &expect).is_ok(),
            receipt == first,
            "what was signed after the key's retirement doesn't hold by it"
        );
    }
    // And it is cancelled by whoever stands where the subscriber stood.
    let issuer = world.peers[0].account();
    assert!(world.ask(1, Command::Cancel { issuer, plan: plan.id }).unwrap().is_ok());
    world.run(5 * MINUTE);
    assert_eq!(world.peers[0].counters().refused_events + world.peers[1].counters().refused_events, 0);
}

#[test]
fn receipts_from_before_a_business_was_restored_hold_after_it() {
    for is_published in [true, false] {
        let mut world = World::new(300, &[Business, Person]);
        let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
        assert!(world.ask(0, Command::SetProfile(Box::new(draft.clone()))).unwrap().is_ok());
        let plan = crate::wire::plan::tests::plan();
        assert!(world.ask(0, Command::PutPlan(plan.clone())).unwrap().is_ok());
        world.run(MINUTE);
        let shop = world.peers[0].account();
        assert!(world.ask(1, Command::Subscribe { issuer: shop, plan: plan.id }).unwrap().is_ok());
        world.run(MINUTE);
        let safe = world.peers[0].disk.safe();
        let open = ledger::invoices(&Reader::new(&safe), world.now).remove(0).key;
        drop(safe);
        let paid = world.ask(0, Command::MarkPaid(open.parse().unwrap())).unwrap();
        let Ok(Outcome::Receipted { receipt, .. }) = paid else { panic!("{paid:?}") };
        world.run(MINUTE);
        if !is_published {
            world.forget_records();
        }
        world.restore(0);
        world.run(MINUTE);
        assert!(world.ask(0, Command::SetProfile(Box::new(draft))).unwrap().is_ok());
        // Until it knows what it said before, it says nothing.
        let publish = world.ask(0, Command::Publish).unwrap();
        assert_eq!(publish.unwrap_err(), Refusal::Unreconciled);
        let looked = world.ask(0, Command::Reconcile { force: false, from: None }).unwrap();
        assert_eq!(looked.is_ok(), is_published, "{looked:?}");
        if !is_published {
            assert!(matches!(looked, Err(Refusal::NothingFound | Refusal::NoPeers)));
            assert_eq!(world.ask(0, Command::Publish).unwrap().unwrap_err(), Refusal::Unreconciled);
            assert!(world.ask(0, Command::Reconcile { force: true, from: None }).unwrap().is_ok());
        }
        world.run(MINUTE);
        assert!(world.ask(1, Command::Add { account: shop, name: None }).unwrap().is_ok());
        world.run(5 * MINUTE);
        let safe = world.peers[1].disk.safe();
        let rows = Reader::new(&safe);
        let log = rows.row(&CONTACTS, shop.as_bytes()).unwrap().log.clone().unwrap();
        assert_eq!(
            log.entries().len() > 1,
            is_published,
            "the new log goes on from what was found, if anything was"
        );
        assert!(rows.row(&CONTACTS, shop.as_bytes()).unwrap().forked_at.is_none());
        let file = ledger::receipt_file(&rows, &receipt).unwrap();
        assert!(export::verify(&file, &Expect { issuer: Some(shop), ..Expect::default() }).is_ok());
    }
}
