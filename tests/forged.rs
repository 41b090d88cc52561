//! Forged, stale and broken records and events, from peers that speak every protocol well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use std::time::Duration;

use common::attacker::{self, Attacker, Persona, at, nonsense};
use common::{Place, addresses, wait_for};
use sigillo::base::id::{AccountId, Digest};
use sigillo::base::kind::AccountKind::{Business, Person};
use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::kdf::label;
use sigillo::domain::billing::export::ReceiptFile;
use sigillo::domain::billing::recorded::Recorded;
use sigillo::domain::billing::subscriber;
use sigillo::domain::directory::entry::entries_of;
use sigillo::domain::directory::profile::{ProfileDraft, VerifiedProfile, dht_keys};
use sigillo::domain::session::prekeys::VerifiedBundle;
use sigillo::engine::command::{Command, Outcome, Refusal};
use sigillo::engine::{hosting, ledger};
use sigillo::node::clock;
use sigillo::node::handle::Node;
use sigillo::sim::random::Random;
use sigillo::wire::ask::{Answer, Ask};
use sigillo::wire::billing::{
    CancelIntent, CancelWhen, Event, EventKind, Invoice, Receipt, SignedEvent, Subscribe, Terms,
};
use sigillo::wire::content::Body;
use sigillo::wire::index::{IndexEntry, IndexRecord, IndexRequest, IndexResponse};
use sigillo::wire::invoice_key::InvoiceKey;
use sigillo::wire::plan::{Period, Plan};
use sigillo::wire::rail::{Rail, TrustClass};
use sigillo::wire::signed::Signed;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn plan() -> Plan {
    Plan {
        id: "daily-bread".into(),
        version: 1,
        name: "Daily bread".into(),
        price: Money::parse("19.90", "BRL".parse().unwrap()).unwrap(),
        period: Period::Monthly,
        trial_days: 0,
        grace_days: 3,
        hold_days: 10,
    }
}

fn draft(name: &str) -> ProfileDraft {
    ProfileDraft { name: name.into(), country: "BR".into(), plans: vec![plan()], ..ProfileDraft::default() }
}

async fn refused_records(node: &Node) -> u64 {
    node.status().await.unwrap().engine.counters.refused_records
}

/// What a look-up by address shows: the names, and how many values were refused.
async fn look_up(node: &Node, account: AccountId) -> Result<(Vec<String>, u32), Refusal> {
    match node.command(Command::Lookup(account)).await? {
        Outcome::Found { businesses, refused, .. } => {
            Ok((businesses.into_iter().map(|found| found.profile.name).collect(), refused))
        }
        other => panic!("{other:?}"),
    }
}

/// Records that may never be shown as those of `genuine`, where `record` is its newest.
fn forgeries(
    genuine: &Persona,
    other: &Persona,
    record: &[u8],
    issued: Time,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random::new(5);
    let fake = || draft("Forged");
    let mut all = vec![
        ("nothing", Vec::new()),
        ("nonsense", nonsense(&mut random, 700)),
        ("too much nonsense", nonsense(&mut random, 8 * 1024)),
        ("half of it", record[..record.len() / 2].to_vec()),
        ("more than it", [record, b"\x20\x01"].concat()),
        ("another's", other.record(fake(), 0, issued)),
        ("expired", genuine.record(fake(), 0, issued.minus(3 * DAY))),
        ("from the future", genuine.record(fake(), 0, issued.plus(DAY))),
        ("too long a life", genuine.resigned(record, |profile| profile.expires = issued.plus(10 * DAY))),
        ("stale", genuine.record(fake(), 0, issued.minus(HOUR))),
        ("a second of the same number", genuine.resigned(record, |profile| profile.name = "Forged".into())),
        ("another's signature", {
            let mut profile = VerifiedProfile::verify(record, clock::now()).unwrap().profile().clone();
            profile.name = "Forged".into();
            profile.seq += 1;
            let profile = Signed::new(other.device.signing(), label::PROFILE, profile.encode());
            let log = genuine.log.carried();
            sigillo::wire::record::ProfileRecord { log, signer: genuine.device.id(), profile }.encode()
        }),
    ];
    for position in (0..record.len()).step_by(record.len() / 20) {
        let mut flipped = record.to_vec();
        flipped[position] ^= 1;
        all.push(("a flipped bit", flipped));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_records_are_neither_kept_nor_served_nor_shown() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let mut eve = Attacker::new(66, false, &bootstrap).await;
    let (genuine, other, unknown) = (Persona::new(1), Persona::new(2), Persona::new(3));
    let issued = clock::now();
    let record = genuine.record(draft("Padaria"), 0, issued);
    let keys = dht_keys(&genuine.id());
    for key in keys {
        wait_for("the directory", async || (eve.put(key, record.clone()).await > 0).then_some(())).await;
    }
    let records = async || hub.status().await.unwrap().network.unwrap().records;
    wait_for("the records", async || (records().await == 3).then_some(())).await;

    let before = refused_records(&hub).await;
    let forgeries = forgeries(&genuine, &other, &record, issued);
    let mut refused = 0;
    for (index, (what, forged)) in forgeries.iter().enumerate() {
        eve.put(keys[index % keys.len()], forged.clone()).await;
        refused += 1;
        wait_for(what, async || (refused_records(&hub).await - before >= refused).then_some(())).await;
    }
    // A genuine record under another's key, and under none.
    for key in [dht_keys(&unknown.id())[0], [7; 32]] {
        eve.put(key, record.clone()).await;
        refused += 1;
        wait_for("a wrong key", async || (refused_records(&hub).await - before >= refused).then_some(()))
            .await;
    }
    assert_eq!(refused_records(&hub).await - before, refused);
    assert_eq!(records().await, 3);
    assert_eq!(hub.view(|rows| hosting::kept(rows).records).await.unwrap(), 3);
    for key in keys {
        assert_eq!(eve.get(key).await, std::slice::from_ref(&record));
    }

    let customer_place = Place::new(Person, &bootstrap);
    let customer = customer_place.start().await;
    let shown = wait_for("the look-up", async || look_up(&customer, genuine.id()).await.ok()).await;
    assert_eq!(shown, (vec!["Padaria".to_owned()], 0));
    assert!(matches!(look_up(&customer, unknown.id()).await, Err(Refusal::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lies_shows_nobody_a_forged_or_stale_profile() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let honest = addresses(&hub).await;
    let liar = Attacker::new(66, true, &honest).await;
    let mut publisher = Attacker::new(67, false, &honest).await;
    let (genuine, other, unknown) = (Persona::new(1), Persona::new(2), Persona::new(3));
    let issued = clock::now();
    let record = genuine.record(draft("Padaria"), 0, issued);
    let keys = dht_keys(&genuine.id());
    for key in keys {
        wait_for("the directory", async || (publisher.put(key, record.clone()).await > 0).then_some(()))
            .await;
    }
    for key in keys {
        wait_for("the record", async || (publisher.get(key).await.contains(&record)).then_some(())).await;
    }

    let both = [honest, liar.bootstrap()].concat();
    let mut forgeries = forgeries(&genuine, &other, &record, issued);
    // Two of one number are both the business's own word: whoever has seen neither takes one of them.
    forgeries.retain(|(what, _)| *what != "a second of the same number");
    for lies in forgeries.chunks(keys.len()) {
        for (key, (_, lie)) in keys.iter().zip(lies) {
            liar.keep(*key, lie.clone()).await;
        }
        // Somebody who has never seen the business, each time.
        let customer_place = Place::new(Person, &both);
        let customer = customer_place.start().await;
        wait_for("both servers", async || {
            let status = customer.status().await.unwrap().network.unwrap();
            (status.routing >= 2).then_some(())
        })
        .await;
        let (names, refused) = look_up(&customer, genuine.id()).await.unwrap();
        let lied: Vec<&str> = lies.iter().map(|(what, _)| *what).collect();
        assert_eq!(names, ["Padaria"], "the customer was lied to: {lied:?}");
        assert!(refused > 0, "nobody noticed: {lied:?}");
        assert!(refused_records(&customer).await > 0);
        // Who exists only in lies doesn't exist.
        for key in dht_keys(&unknown.id()) {
            liar.keep(key, lies[0].1.clone()).await;
        }
        assert!(matches!(look_up(&customer, unknown.id()).await, Err(Refusal::NotFound(_))));
        customer.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_index_entries_are_not_kept() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let here = at(&hub).await;
    let mut eve = Attacker::new(66, false, &[]).await;
    let (genuine, other) = (Persona::new(1), Persona::new(2));
    let now = clock::now();
    let entries = |persona: &Persona, at: Time| {
        let record = persona.record(draft("Padaria"), 0, at);
        entries_of(&VerifiedProfile::verify(&record, at).unwrap(), &persona.log, &persona.device)
    };
    let (key, good) = entries(&genuine, now).remove(0);
    let resigned = |change: fn(&mut IndexEntry)| {
        let mut entry = IndexEntry::decode(good.entry.unverified()).unwrap();
        change(&mut entry);
        Signed::new(genuine.device.signing(), label::INDEX_ENTRY, entry.encode())
    };
    let certificate = good.certificate.clone();
    let of = |entry: Signed| IndexRecord { entry, certificate: certificate.clone() };
    let others = entries(&other, now).remove(0).1;
    let stolen = Signed::new(other.device.signing(), label::INDEX_ENTRY, good.entry.unverified().to_vec());
    let mislabelled = Signed::new(genuine.device.signing(), label::PROFILE, good.entry.unverified().to_vec());
    let forged = [
        of(stolen),
        of(mislabelled),
        of(others.entry.clone()),
        IndexRecord { entry: good.entry.clone(), certificate: others.certificate.clone() },
        of(Signed::new(genuine.device.signing(), label::INDEX_ENTRY, b"nonsense".to_vec())),
        of(resigned(|entry| entry.account = AccountId::new([7; 32]))),
        of(resigned(|entry| entry.issued = clock::now().plus(DAY))),
        of(resigned(|entry| entry.expires = clock::now().plus(30 * DAY))),
        of(resigned(|entry| entry.expires = clock::now().minus(HOUR))),
        entries(&genuine, now.minus(3 * DAY)).remove(0).1,
    ];
    let count = forged.len() as u64;
    let put = |records: Vec<IndexRecord>| Ask::Index(IndexRequest::Put(records).encode()).encode();
    let before = refused_records(&hub).await;
    let mut stored = async |records| {
        let answer = eve.ask(&here, put(records)).await.unwrap();
        let Ok(Answer::Index(answer)) = Answer::decode(&answer) else { panic!("no answer") };
        IndexResponse::decode(&answer).unwrap()
    };
    assert_eq!(stored(forged.to_vec()).await, IndexResponse::Stored(0));
    assert_eq!(refused_records(&hub).await - before, count);
    assert_eq!(hub.view(|rows| hosting::kept(rows).entries).await.unwrap(), 0);
    assert_eq!(
        stored([forged.as_slice(), std::slice::from_ref(&good)].concat()).await,
        IndexResponse::Stored(1)
    );
    let get = IndexRequest::Get { key, cursor: None, facets: Default::default() };
    let answer = eve.ask(&here, Ask::Index(get.encode()).encode()).await.unwrap();
    let Ok(Answer::Index(page)) = Answer::decode(&answer) else { panic!("no answer") };
    assert_eq!(IndexResponse::decode(&page), Ok(IndexResponse::Page { entries: vec![good], next: None }));
}

/// A published business, and a customer whose subscription is paid.
async fn market() -> (Vec<Place>, [Node; 3], Digest) {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let (shop_place, customer_place) = (Place::new(Business, &bootstrap), Place::new(Person, &bootstrap));
    let (shop, customer) = (shop_place.start().await, customer_place.start().await);
    addresses(&shop).await;
    shop.command(Command::SetProfile(Box::new(draft("Padaria")))).await.unwrap();
    wait_for("the publication", async || shop.command(Command::Publish).await.ok()).await;
    let issuer = shop.account();
    let subscribed = wait_for("the subscription", async || {
        let subscribe = Command::Subscribe { issuer, plan: "daily-bread".into() };
        customer.command(subscribe).await.ok()
    });
    let Outcome::Subscribed { id } = subscribed.await else { panic!("not subscribed") };
    let invoice = wait_for("the invoice", async || {
        let now = clock::now();
        customer.view(move |rows| ledger::invoices(rows, now)).await.unwrap().pop()
    });
    shop.command(Command::MarkPaid(invoice.await.key.parse().unwrap())).await.unwrap();
    wait_for("the receipt", async || customer.view(|rows| ledger::receipts(rows)).await.unwrap().pop()).await;
    (vec![hub_place, shop_place, customer_place], [hub, shop, customer], id)
}

async fn refused_events(node: &Node) -> u64 {
    node.status().await.unwrap().engine.counters.refused_events
}

/// How many subscriptions, invoices and receipts a node knows.
async fn books(node: &Node) -> [usize; 3] {
    let now = clock::now();
    let count = move |rows: &sigillo::store::table::Reader<'_>| {
        let (subscriptions, invoices) = (ledger::subscriptions(rows, now), ledger::invoices(rows, now));
        [subscriptions.len(), invoices.len(), ledger::receipts(rows).len()]
    };
    node.view(count).await.unwrap()
}

fn terms(issuer: AccountId, subject: AccountId, subscription: Digest) -> Terms {
    Terms { issuer, subject, subscription, plan: plan().id, plan_hash: plan().hash() }
}

fn invoice(terms: Terms) -> Event {
    let (start, key) = (clock::now(), InvoiceKey::random(&mut Random::new(8)));
    Event::Invoice(Invoice {
        terms,
        key,
        period_start: start,
        period_end: start.plus(30 * DAY),
        amount: plan().price,
        rails: vec![Rail::Manual],
        payees: Vec::new(),
        change: None,
        expires: start.plus(23 * HOUR),
        issued_at: start,
    })
}

fn receipt(terms: Terms, signer: &Persona, key: InvoiceKey) -> Event {
    let start = clock::now();
    Event::Receipt(Receipt {
        terms,
        invoice: key,
        seq: 0,
        previous: Digest::new([0; 32]),
        period_start: start,
        period_end: start.plus(30 * DAY),
        grace_days: 3,
        amount: plan().price,
        tax: Vec::new(),
        rail: Rail::Manual,
        trust_class: TrustClass::B,
        evidence_hash: None,
        issued_at: start,
        key: signer.device.id(),
    })
}

fn signed(by: &Persona, event: Event) -> SignedEvent {
    Recorded::sign(&by.device, event).signed().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_who_sends_forged_anothers_or_repeated_events_changes_nothing() {
    let (_places, [hub, shop, customer], victims) = market().await;
    let mut eve = Attacker::new(66, false, &addresses(&hub).await).await;
    let (me, other) = (Persona::new(1), Persona::new(2));
    let profile = eve.profile(&shop.account()).await;
    let bundle = VerifiedBundle::verify(&profile.profile().bundle, &shop.account(), clock::now()).unwrap();
    let (issuer, now) = (shop.account(), clock::now());
    let wish = |issuer, subject, plan| {
        Event::Subscribe(Subscribe { issuer, subject, plan, nonce: [1; 16], issued_at: now })
    };
    let mut rng = Random::new(9);
    let good = subscriber::subscribe(&me.device, me.id(), issuer, plan(), &mut rng, now).unwrap();
    let good = good.signed().clone();
    let cheaper = Plan { price: Money::parse("0.01", "BRL".parse().unwrap()).unwrap(), ..plan() };
    let late =
        Subscribe { issuer, subject: me.id(), plan: plan(), nonce: [2; 16], issued_at: now.plus(HOUR) };
    let cancel = |subscription| {
        let (subject, when) = (me.id(), CancelWhen::Now);
        Event::Cancel(CancelIntent { issuer, subject, subscription, when, issued_at: now })
    };
    let mine = |issuer, subject, subscription| terms(issuer, subject, subscription);
    let key = InvoiceKey::random(&mut rng);
    let payload = good.signed.unverified().to_vec();
    let by_other = Signed::new(other.device.signing(), EventKind::Subscribe.label(), payload.clone());
    let nonsense = Signed::new(me.device.signing(), EventKind::Subscribe.label(), b"nonsense".to_vec());
    let bad = [
        signed(&other, wish(issuer, other.id(), plan())),
        signed(&me, wish(issuer, other.id(), plan())),
        signed(&me, wish(other.id(), me.id(), plan())),
        signed(&me, wish(issuer, me.id(), cheaper)),
        signed(&me, wish(issuer, me.id(), Plan { id: "gold".into(), ..plan() })),
        signed(&me, Event::Subscribe(late)),
        SignedEvent { signed: by_other.clone(), ..good.clone() },
        SignedEvent { signed: by_other, signer: other.device.id(), ..good.clone() },
        SignedEvent { signed: nonsense, ..good.clone() },
        SignedEvent { kind: EventKind::Receipt, ..good.clone() },
        SignedEvent { kind: EventKind::Cancel, ..good.clone() },
        signed(&me, cancel(victims)),
        signed(&me, cancel(Digest::new([5; 32]))),
        signed(&me, invoice(mine(me.id(), issuer, victims))),
        signed(&me, invoice(mine(issuer, me.id(), victims))),
        signed(&me, receipt(mine(me.id(), issuer, victims), &me, key)),
        signed(&me, receipt(mine(issuer, me.id(), victims), &me, key)),
    ];
    let (before, books_before) = (refused_events(&shop).await, books(&shop).await);
    let here = at(&shop).await;
    let peer = eve.handle.local().clone();
    let hello = me.introduced(me.content(0, Body::Hello { first: 1, void: Vec::new() }), "", &peer, None);
    let (mut session, flight) = eve.flight(&me, &bundle, &hello);
    let mut frames = vec![flight];
    let mut seq = 0;
    let mut say = |eve: &mut Attacker, event: &SignedEvent| {
        seq += 1;
        eve.frame(&mut session, &me.content(seq, Body::Billing(event.clone())).encode())
    };
    frames.extend(bad.iter().map(|event| say(&mut eve, event)));
    assert_eq!(eve.volley(&here, frames).await, [] as [u64; 0]);
    assert_eq!(refused_events(&shop).await - before, bad.len() as u64);
    assert_eq!(books(&shop).await, books_before);

    let good_twice = vec![say(&mut eve, &good), say(&mut eve, &good)];
    eve.volley(&here, good_twice).await;
    assert_eq!(refused_events(&shop).await - before, bad.len() as u64 + 1, "the same wish counts once");
    let [subscriptions, invoices, receipts] = books_before;
    assert_eq!(books(&shop).await, [subscriptions + 1, invoices + 1, receipts]);
    assert_eq!(books(&customer).await, books_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_believes_no_invoice_or_receipt_but_those_of_its_own_business() {
    let (_places, [_hub, shop, customer], subscription) = market().await;
    let mut eve = Attacker::new(66, false, &[]).await;
    let me = Persona::new(1);
    let receipt_id = customer.view(|rows| ledger::receipts(rows)).await.unwrap()[0].id;
    let file: ReceiptFile =
        customer.view(move |rows| ledger::receipt_file(rows, &receipt_id)).await.unwrap().unwrap();
    // Eve is a contact of the customer, by invite, and knows its shop's true receipt.
    let invited = attacker::invite(&customer).await;
    let bundle = eve.bundle(&invited).await;
    let peer = eve.handle.local().clone();
    let hello = me.introduced(
        me.content(0, Body::Hello { first: 1, void: Vec::new() }),
        "Eve",
        &peer,
        Some(invited.token),
    );
    let (mut session, flight) = eve.flight(&me, &bundle, &hello);
    let (theirs, key) = (customer.account(), InvoiceKey::random(&mut Random::new(8)));
    let true_receipt = SignedEvent {
        kind: EventKind::Receipt,
        signer: file.signer,
        signed: file.receipt.signed(2048).unwrap(),
        jws: file.jws.clone(),
    };
    let events = [
        true_receipt,
        signed(&me, invoice(terms(me.id(), theirs, subscription))),
        signed(&me, invoice(terms(shop.account(), theirs, subscription))),
        signed(&me, receipt(terms(me.id(), theirs, subscription), &me, key)),
        signed(&me, receipt(terms(shop.account(), theirs, subscription), &me, key)),
        signed(&me, invoice(terms(me.id(), theirs, Digest::new([4; 32])))),
    ];
    let (before, books_before) = (refused_events(&customer).await, books(&customer).await);
    let mut frames = vec![flight];
    for (seq, event) in (1..).zip(&events) {
        frames.push(eve.frame(&mut session, &me.content(seq, Body::Billing(event.clone())).encode()));
    }
    eve.volley(&at(&customer).await, frames).await;
    assert_eq!(refused_events(&customer).await - before, events.len() as u64);
    assert_eq!(books(&customer).await, books_before);
}
