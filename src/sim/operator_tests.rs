//! Operators are businesses: places with a relay and listings, for those who pay, for as long as they do.

use super::billing_tests::{ANA, DAY, SHOP, done, look, market, open, paid_only, pay, receipts, subscribe};
use super::tests::MINUTE;
use crate::base::charging;
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::time::Time;
use crate::domain::billing::carrier::showing_of;
use crate::domain::billing::credit::Wish;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::search::Query;
use crate::domain::identity::address;
use crate::domain::mailbox::admission::{Admission, NamedPlan};
use crate::domain::mailbox::host::Rules;
use crate::domain::mailbox::queue::QUEUES;
use crate::engine::command::{Command, NewMailbox, Outcome};
use crate::engine::effects::Effect;
use crate::engine::ledger;
use crate::sim::world::World;
use crate::store::table::Rows as _;
use crate::wire::ask::Ask;
use crate::wire::billing::Credit;
use crate::wire::peer::PeerAddress;
use crate::wire::place::challenge;

fn node(world: &World, peer: usize) -> PeerAddress {
    PeerAddress::new(world.peers[peer].key.clone(), vec!["/memory/1".into()]).unwrap()
}

#[test]
fn a_relay_keeps_places_for_those_who_pay_and_tells_others_which_plan_does() {
    let (mut world, shop) = market(600, &[paid_only()]);
    let stranger = world.add_person().unwrap();
    world.peers[SHOP].relay_for(NamedPlan { issuer: shop, plan: "pro".into() });
    let ask = |world: &World, receipt| {
        let relay = Box::new(node(world, SHOP));
        Command::AskPlace { relay, receipt }
    };
    let told = world.ask(ANA, ask(&world, None)).unwrap().unwrap_err().to_string();
    let named = address::encode(&shop);
    assert!(told.contains(&format!("sigillo subscribe {named} pro")), "{told}");
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world);
    let end = receipt.receipt.period_end.plus(3 * DAY);
    let asked = ask(&world, Some(receipt.id));
    let kept = done(&mut world, ANA, asked);
    assert!(matches!(kept, Outcome::PlaceKept { until } if until == end), "{kept:?}");
    let place =
        |world: &World, peer: usize| world.places.get(&(SHOP, world.peers[peer].key.clone())).copied();
    assert!(place(&world, ANA).is_some_and(|until| until.since(end) < MINUTE));
    assert_eq!(place(&world, stranger), None);

    // What Ana shows is of no use to anybody else, whoever it comes from.
    let challenge = challenge(&world.peers[SHOP].key, &world.peers[ANA].key);
    let Outcome::Presented { file } =
        done(&mut world, ANA, Command::Present { receipt: receipt.id, challenge })
    else {
        panic!()
    };
    let body = Ask::Place(showing_of(&file).map(Box::new)).encode();
    let peer = node(&world, SHOP);
    world.carry(stranger, Effect::Ask { query: 1 << 40, peer, body });
    world.run(MINUTE);
    assert_eq!(place(&world, stranger), None);

    // The relay's next run knows its guests; what is taken back, or over, pays for nothing.
    world.places.clear();
    world.crash(SHOP);
    world.run(MINUTE);
    assert!(place(&world, ANA).is_some());
    let key = "AAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let (credit, reason) = (Credit::Revoke, "stolen".to_owned());
    let wish = Wish { key, receipt: receipt.id, credit, minor: None, access_ends: None, reason };
    done(&mut world, SHOP, Command::Credit(Box::new(wish)));
    let asked = ask(&world, Some(receipt.id));
    assert!(world.ask(ANA, asked).unwrap().unwrap_err().to_string().contains("receipt of the plan pro"));
    world.run(45 * DAY);
    world.places.clear();
    world.crash(SHOP);
    world.run(MINUTE);
    assert_eq!(place(&world, ANA), None);
    // A node that keeps no places by receipt says so.
    let nobody = Command::AskPlace { relay: Box::new(node(&world, stranger)), receipt: None };
    assert!(world.ask(ANA, nobody).unwrap().is_err());
}

#[test]
fn a_place_with_a_relay_is_kept_as_long_as_its_plan_is_renewed() {
    let (mut world, shop) = market(605, &[paid_only()]);
    world.peers[SHOP].relay_for(NamedPlan { issuer: shop, plan: "pro".into() });
    subscribe(&mut world, shop, "pro");
    let first = pay(&mut world);
    let relay = Box::new(node(&world, SHOP));
    done(&mut world, ANA, Command::AskPlace { relay, receipt: Some(first.id) });
    let place = |world: &World| world.places[&(SHOP, world.peers[ANA].key.clone())];
    let kept = place(&world);
    // Paid a week early: the next receipt isn't shown before it holds.
    world.run(25 * DAY);
    let second = pay(&mut world);
    assert_eq!(second.receipt.period_start, first.receipt.period_end);
    world.run(DAY);
    assert_eq!(place(&world), kept);
    // The relay is off when it begins to hold, and the node starts anew.
    let hour = 60 * MINUTE;
    world.stop_for(SHOP, first.receipt.period_end.since(world.now) + hour * 2);
    world.run(first.receipt.period_end.since(world.now) + hour);
    world.crash(ANA);
    world.run(4 * hour);
    let until = second.receipt.period_end.plus(3 * DAY);
    assert!(place(&world).since(until) < MINUTE && until.since(place(&world)) < MINUTE);
    // What isn't paid again isn't asked for again.
    let asked = |world: &World| world.places.len();
    let before = (place(&world), asked(&world));
    world.run(60 * DAY);
    assert_eq!((place(&world), asked(&world)), before);
}

#[test]
fn space_at_a_mailbox_is_paid_for_as_long_as_its_plan_is_renewed() {
    let (mut world, shop) = market(607, &[paid_only()]);
    let admission = Admission::Receipt(NamedPlan { issuer: shop, plan: "pro".into() });
    world.peers[SHOP].serve_mail(Rules { admission, ..Rules::default() });
    world.run(MINUTE);
    let wanted = |world: &World, receipt| {
        Command::AddMailbox(Box::new(NewMailbox { at: node(world, SHOP), token: None, receipt }))
    };
    let asked = wanted(&world, None);
    let refused = world.ask(ANA, asked).unwrap().unwrap_err().to_string();
    assert!(refused.contains("wants a receipt of the plan pro"), "{refused}");
    subscribe(&mut world, shop, "pro");
    let first = pay(&mut world);
    let shown =
        look(&world, ANA, |rows| ledger::receipt_file(rows, &first.id)).and_then(|file| file.to_shown());
    let asked = wanted(&world, shown);
    done(&mut world, ANA, asked);
    let paid = |world: &World| -> Vec<Option<Time>> {
        look(world, SHOP, |rows| {
            rows.scan(&QUEUES, &QUEUES.all()).iter().map(|(_, queue)| queue.paid).collect()
        })
    };
    assert!(!paid(&world).is_empty());
    assert!(paid(&world).iter().all(|until| *until == Some(first.receipt.period_end)), "{:?}", paid(&world));
    world.run(25 * DAY);
    let second = pay(&mut world);
    world.run(10 * DAY);
    assert!(paid(&world).contains(&Some(second.receipt.period_end)), "{:?}", paid(&world));
}

#[test]
fn a_mailbox_takes_no_receipt_that_its_own_business_took_back() {
    let (mut world, shop) = market(608, &[paid_only()]);
    let admission = Admission::Receipt(NamedPlan { issuer: shop, plan: "pro".into() });
    world.peers[SHOP].serve_mail(Rules { admission, ..Rules::default() });
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world);
    let shown =
        look(&world, ANA, |rows| ledger::receipt_file(rows, &receipt.id)).and_then(|file| file.to_shown());
    let key = "AAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let (credit, reason) = (Credit::Revoke, "stolen".to_owned());
    let wish = Wish { key, receipt: receipt.id, credit, minor: None, access_ends: None, reason };
    done(&mut world, SHOP, Command::Credit(Box::new(wish)));
    let at = node(&world, SHOP);
    let asked = Command::AddMailbox(Box::new(NewMailbox { at, token: None, receipt: shown }));
    let refused = world.ask(ANA, asked).unwrap().unwrap_err().to_string();
    assert!(refused.contains("wants a receipt of the plan pro"), "{refused}");
}

#[test]
fn a_search_by_operator_finds_whom_it_lists_while_that_is_paid_for() {
    let mut world = World::new(610, &[Business, Person, Business, Business]);
    let (operator, bakery, other) = (SHOP, 2, 3);
    for (peer, name) in [(operator, "Market"), (bakery, "Padaria"), (other, "Padaria")] {
        let draft = ProfileDraft {
            name: name.into(),
            categories: vec!["Bakery".into()],
            country: "BR".into(),
            ..ProfileDraft::default()
        };
        done(&mut world, peer, Command::SetProfile(Box::new(draft)));
    }
    done(&mut world, operator, Command::PutPlan(paid_only()));
    world.run(10 * MINUTE);
    let market = world.peers[operator].account();
    done(&mut world, bakery, Command::Subscribe { issuer: market, plan: "pro".into() });
    world.run(MINUTE);
    let key = open(&world).key.parse().unwrap();
    done(&mut world, operator, Command::MarkPaid(key));
    world.run(MINUTE);
    let receipt = receipts(&world, bakery).remove(0).id;
    assert!(world.ask(other, Command::SetListings(vec![receipt])).unwrap().is_err(), "it isn't theirs");
    done(&mut world, bakery, Command::SetListings(vec![receipt]));
    world.run(10 * MINUTE);
    let find = |world: &mut World, listed_by| {
        done(world, ANA, Command::Lookup(market));
        let query = Query {
            category: Some("Bakery".into()),
            country: Some("BR".into()),
            listed_by,
            ..Query::default()
        };
        let Outcome::Found { businesses, .. } = done(world, ANA, Command::Find(query)) else { panic!() };
        businesses.into_iter().map(|found| found.address).collect::<Vec<_>>()
    };
    assert_eq!(find(&mut world, None).len(), 3);
    let listed = [address::encode(&world.peers[bakery].account())];
    assert_eq!(find(&mut world, Some(market)), listed);
    // Renewed in time, it is carried on by itself.
    world.run(25 * DAY);
    let key = open(&world).key.parse().unwrap();
    done(&mut world, operator, Command::MarkPaid(key));
    world.run(20 * DAY);
    assert_eq!(find(&mut world, Some(market)), listed);
    let third = vec![receipt; charging::LISTINGS_MAX + 1];
    assert!(world.ask(bakery, Command::SetListings(third)).unwrap().is_err(), "listings are bounded");
    world.run(45 * DAY);
    assert_eq!(find(&mut world, Some(market)), [""; 0], "the listing is no longer paid for");
}
