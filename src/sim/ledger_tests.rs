//! A business's books as they are stored, between nodes: tampering, restored identities, contradictions, and whom receipts tell of.

use std::collections::BTreeSet;

use super::billing_tests::{
    ANA, DAY, SHOP, audit, audited, done, look, market, open, paid_only, pay, receipts, subscribe,
};
use super::tests::MINUTE;
use crate::base::id::{AccountId, Digest};
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::money::Money;
use crate::domain::billing::audit::{Reason, Summary};
use crate::domain::billing::credit::Wish;
use crate::domain::billing::export::{self, Expect};
use crate::domain::billing::payment::Payment;
use crate::domain::billing::recorded::Recorded;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::address;
use crate::engine::books;
use crate::engine::command::{Command, Outcome};
use crate::engine::ledger;
use crate::engine::letter::PaidNotice;
use crate::sim::world::World;
use crate::store::key::{Key, TableId, Value};
use crate::store::memory::Memory;
use crate::store::snapshot::Snapshot as _;
use crate::store::table::{Reader, Rows as _, Table};
use crate::store::tx::Tx;
use crate::wire::billing::Credit;
use crate::wire::plan::Plan;
use crate::wire::plan::tests::plan;
use crate::wire::rail::Rail;

/// Tables that a ledger is made of.
const LEDGER: [TableId; 6] = [
    TableId::Events,
    TableId::Subscriptions,
    TableId::Invoices,
    TableId::Receipts,
    TableId::BillingJournal,
    TableId::BillingJournalEnd,
];

/// A copy of a node's store, to be tampered with.
fn copied(world: &World, peer: usize) -> Memory {
    let disk = &world.peers[peer].disk;
    let safe = disk.safe();
    Memory::of(disk.keys().filter_map(|key| Some((key.clone(), safe.get(key)?))))
}

/// What an audit of the copy comes to; none where a row of it can't be read.
fn audit_of(copy: &Memory, shop: &AccountId) -> Option<Summary> {
    let reader = Reader::new(copy);
    let summary = audited(&reader, shop);
    reader.finish().ok().map(|()| summary)
}

fn is_sound(copy: &Memory, shop: &AccountId) -> bool {
    audit_of(copy, shop).is_some_and(|summary| summary.first_break.is_none())
}

/// Two customers' subscriptions, a renewal and a refund.
fn busy() -> (World, AccountId) {
    let (mut world, shop) = market(700, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world).id;
    let wish = Wish {
        key: "AAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        receipt,
        credit: Credit::Refund,
        minor: Some(90),
        access_ends: Some(world.now.plus(300 * DAY)),
        reason: "stale".into(),
    };
    done(&mut world, SHOP, Command::Credit(Box::new(wish)));
    world.run(25 * DAY);
    pay(&mut world);
    let bento = world.add_person().unwrap();
    done(&mut world, bento, Command::Subscribe { issuer: shop, plan: "pro".into() });
    world.run(MINUTE);
    pay(&mut world);
    (world, shop)
}

#[test]
fn no_stored_row_of_a_ledger_can_be_changed_left_out_exchanged_or_put_in() {
    let (world, shop) = busy();
    let whole = copied(&world, SHOP);
    assert!(is_sound(&whole, &shop), "{:?}", audit_of(&whole, &shop));
    let rows: Vec<(Key, Value)> = whole
        .rows
        .iter()
        .filter(|(key, _)| LEDGER.contains(&key.table))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let tables: BTreeSet<TableId> = rows.iter().map(|(key, _)| key.table).collect();
    assert_eq!(tables.len(), LEDGER.len());
    for (place, (key, value)) in rows.iter().enumerate() {
        let mut without = whole.clone();
        without.rows.remove(key);
        assert!(!is_sound(&without, &shop), "without {key:?}");
        for position in (0..value.len()).step_by(if key.table == TableId::Events { 11 } else { 1 }) {
            let mut bytes = value.to_vec();
            bytes[position] ^= 1 << (position % 8);
            // When a subscription was heard of is the row's last field: a convenience that nothing hangs on.
            if key.table == TableId::Subscriptions && position > 1 + 32 + 32 {
                continue;
            }
            let mut changed = whole.clone();
            changed.rows.insert(key.clone(), Value::new(bytes));
            assert!(!is_sound(&changed, &shop), "byte {position} of {key:?}");
        }
        let others = rows.iter().enumerate().filter(|(at, _)| *at != place);
        if let Some((_, (_, other))) =
            others.clone().find(|(_, (other, bytes))| other.table == key.table && bytes != value)
        {
            let mut exchanged = whole.clone();
            exchanged.rows.insert(key.clone(), other.clone());
            assert!(!is_sound(&exchanged, &shop), "another row's value at {key:?}");
        }
        // Under the id of a subscription or of a journal that isn't there nobody ever looks; there is room behind the end.
        let (mut id, mut order) = (key.id.to_vec(), key.order.to_vec());
        match key.table {
            TableId::Events | TableId::BillingJournalEnd => continue,
            TableId::BillingJournal => order = 1_000_u64.to_be_bytes().to_vec(),
            _ => id[0] ^= 1,
        }
        let mut more = whole.clone();
        more.rows.insert(Key::under(key.table, &id, &order), value.clone());
        assert!(!is_sound(&more, &shop), "a copy of {key:?} under another id");
    }
}

#[test]
fn what_a_customer_signed_before_they_restored_their_identity_goes_on_being_proven() {
    let (mut world, shop) = market(710, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    pay(&mut world);
    world.run(DAY);
    assert_eq!(audit(&world).first_break, None);
    world.restore(ANA);
    world.run(MINUTE);
    // They come back to the business with the same account, from a device that it doesn't know.
    subscribe(&mut world, shop, "pro");
    world.run(10 * MINUTE);
    let summary = audit(&world);
    assert_eq!((summary.first_break, summary.subscriptions), (None, 2));
    let head = look(&world, SHOP, |rows| books::ledger_head(rows, &shop));
    assert_eq!(
        head.logs.iter().map(|line| line.superseded.len()).sum::<usize>(),
        1,
        "the log of then is kept"
    );
    assert!(head.verified_logs().is_some());
    // Without it the request from before would be nobody's.
    let mut copy = copied(&world, SHOP);
    copy.rows.retain(|key, _| key.table != TableId::Superseded);
    let found = audit_of(&copy, &shop).unwrap().first_break.unwrap();
    assert_eq!((found.position, found.reason), (0, Reason::Signer));
}

const EVENTS: Table<Recorded> = Table::new(TableId::Events, 2);
const RECEIPTS: Table<Digest> = Table::new(TableId::Receipts, 1);

/// The shop forgets a receipt, as if its disk were set back.
fn forget_receipt(world: &mut World, id: Digest) {
    let disk = &mut world.peers[SHOP].disk;
    let batch = {
        let seen = disk.seen();
        let tx = Tx::new(&seen);
        let subscription = tx.copy(&RECEIPTS, id.as_bytes()).unwrap();
        tx.delete(&EVENTS, Key::under(TableId::Events, subscription.as_bytes(), id.as_bytes()));
        tx.delete(&RECEIPTS, RECEIPTS.key(id.as_bytes()));
        tx.finish(0).unwrap()
    };
    disk.stage(batch);
    assert!(disk.sync().is_some());
}

#[test]
fn two_receipts_of_one_number_are_kept_shown_and_exported_as_proof() {
    let (mut world, shop) = market(720, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let key = open(&world).key.parse().unwrap();
    let first = pay(&mut world);
    assert!(look(&world, ANA, |rows| ledger::contradiction(rows, &first.id)).is_none());
    forget_receipt(&mut world, first.id);
    let evidence_hash = Some(Digest::new([5; 32]));
    let payment = Payment { evidence_hash, ..Payment::by(Rail::Manual) };
    let notice = PaidNotice { invoice: key, payment, idempotency_key: None };
    done(&mut world, SHOP, Command::Paid(Box::new(notice)));
    world.run(MINUTE);
    let both = receipts(&world, ANA);
    assert_eq!(both.len(), 2);
    assert!(both.iter().all(|one| one.receipt.seq == 0 && one.contradicted));
    for one in &both {
        let proof = look(&world, ANA, |rows| ledger::contradiction(rows, &one.id)).unwrap();
        let json = serde_json::to_value(&proof).unwrap();
        assert_eq!(json["format"], "sigillo-contradiction/1");
        let expect = Expect { issuer: Some(shop), ..Expect::default() };
        let ids = proof.receipts.map(|file| export::verify(&file, &expect).unwrap().id);
        assert_eq!(BTreeSet::from(ids), both.iter().map(|one| one.id).collect());
    }
    // And its own books don't hide it: the chain names an event that isn't there any more.
    assert_eq!(audit(&world).first_break.map(|found| found.reason), Some(Reason::Chain));
}

/// Sixteen bytes each that may mean somebody: not a row of zeros.
fn windows(bytes: &[u8]) -> impl Iterator<Item = [u8; 16]> {
    let all = bytes.windows(16).filter_map(|window| <[u8; 16]>::try_from(window).ok());
    all.filter(|window| window.iter().collect::<BTreeSet<_>>().len() >= 8)
}

#[test]
fn two_businesses_cant_link_a_customer_by_what_they_hold_of_one() {
    let mut world = World::new(730, &[Business, Person, Business]);
    let (bakery, gym) = (SHOP, 2);
    for (peer, name, minor) in [(bakery, "Padaria", 1_990), (gym, "Academia", 9_900)] {
        let draft = ProfileDraft { name: name.into(), ..ProfileDraft::default() };
        done(&mut world, peer, Command::SetProfile(Box::new(draft)));
        let price = Money { minor, ..plan().price };
        done(&mut world, peer, Command::PutPlan(Plan { name: name.into(), price, ..paid_only() }));
    }
    world.run(10 * MINUTE);
    let mut held = Vec::new();
    for peer in [bakery, gym] {
        let issuer = world.peers[peer].account();
        done(&mut world, ANA, Command::Subscribe { issuer, plan: "pro".into() });
        world.run(MINUTE);
        let key = look(&world, peer, |rows| ledger::invoices(rows, world.now))[0].key.parse().unwrap();
        done(&mut world, peer, Command::MarkPaid(key));
        world.run(MINUTE);
        let receipt = receipts(&world, peer).remove(0);
        let shown = Command::Present { receipt: receipt.id, challenge: "at the door".into() };
        let Outcome::Presented { file } = done(&mut world, ANA, shown) else { panic!() };
        let expect = Expect { issuer: Some(issuer), ..Expect::default() };
        let subject = export::verify(&file, &expect).unwrap().receipt.terms.subject;
        assert_eq!(subject, receipt.receipt.terms.subject);
        // All that this business has of its customer: the receipt, what was shown, the ledger with requests and logs.
        let mut bytes = file.receipt.payload.clone();
        let shown = file.shown.as_ref().unwrap();
        bytes.extend(shown.signer.as_bytes());
        bytes.extend(&shown.presentation.signature);
        shown
            .log
            .iter()
            .for_each(|entry| bytes.extend([entry.payload.clone(), entry.signature.clone()].concat()));
        let entries = look(&world, peer, |rows| books::ledger_page(rows, 0, 100));
        entries.iter().flatten().for_each(|entry| bytes.extend(entry.event.encode()));
        held.push((subject, bytes));
    }
    let [(one, its), (other, others)] = held.try_into().unwrap();
    assert_ne!(one, other, "each business knows the customer by another key");
    let ana = world.peers[ANA].account();
    assert!(![one, other].contains(&ana));
    let known: BTreeSet<[u8; 16]> = windows(&its).collect();
    // What is left in common is the form: names of kinds in the second signature, which every receipt of anybody has.
    let common: Vec<[u8; 16]> = windows(&others).filter(|window| known.contains(window)).collect();
    let text = |window: &[u8; 16]| window.iter().filter(|byte| byte.is_ascii_graphic()).count() >= 12;
    assert!(common.iter().all(text), "{:x?}", common.iter().find(|window| !text(window)));
    for secret in [one, other, ana] {
        let written = [secret.as_bytes().to_vec(), address::encode(&secret).into_bytes()];
        let inside = |all: &[u8], part: &[u8]| all.windows(part.len()).any(|window| window == part);
        for (whose, all) in [(one, &its), (other, &others)] {
            assert_eq!(inside(all, &written[0]), secret == whose);
        }
    }
}
