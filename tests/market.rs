//! A business publishes, a customer finds it, they talk, and it is charged: over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails its test")]

mod common;

use std::collections::BTreeSet;

use common::attacker::{Attacker, Persona, at};
use common::{Place, address_of, addresses, send, texts, wait_for};
use sigillo::base::kind::AccountKind::{Business, Person};
use sigillo::base::limits;
use sigillo::base::money::Money;
use sigillo::domain::billing::export::{self, Expect, Refusal as ReceiptRefusal};
use sigillo::domain::directory::entry::entries_of;
use sigillo::domain::directory::profile::{ProfileDraft, VerifiedProfile, dht_keys};
use sigillo::domain::directory::search::Query;
use sigillo::engine::command::{Command, Outcome, Refusal};
use sigillo::engine::ledger;
use sigillo::engine::view;
use sigillo::node::clock;
use sigillo::node::handle::Node;
use sigillo::wire::ask::{Answer, Ask};
use sigillo::wire::index::{IndexRequest, IndexResponse};
use sigillo::wire::plan::{Period, Plan};

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

fn draft() -> ProfileDraft {
    ProfileDraft {
        name: "Padaria São João".into(),
        about: "Pão quente às seis.".into(),
        categories: vec!["bakery".into()],
        country: "BR".into(),
        region: "BR-SP".into(),
        languages: vec!["pt-BR".into()],
        plans: vec![plan()],
        ..ProfileDraft::default()
    }
}

async fn publish(business: &Node) {
    business.command(Command::SetProfile(Box::new(draft()))).await.unwrap();
    wait_for("the publication", async || match business.command(Command::Publish).await {
        Ok(Outcome::Published { keys_read_back: 2.., index_entries: 1.., .. }) => Some(()),
        _ => None,
    })
    .await;
}

async fn found(customer: &Node, query: Query) -> Vec<String> {
    match customer.command(Command::Find(query)).await {
        Ok(Outcome::Found { businesses, .. }) => businesses.into_iter().map(|found| found.address).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_knows_only_a_bootstrap_address_finds_talks_subscribes_and_holds_a_receipt() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let shop_place = Place::new(Business, &bootstrap);
    let shop = shop_place.start().await;
    addresses(&shop).await;
    publish(&shop).await;
    let customer_place = Place::new(Person, &bootstrap);
    let customer = customer_place.start().await;
    addresses(&customer).await;

    let here = address_of(&shop.account());
    let by = |words: &str, category: Option<&str>, country: Option<&str>, region: Option<&str>| Query {
        words: words.into(),
        category: category.map(str::to_owned),
        country: country.map(str::to_owned),
        region: region.map(str::to_owned),
        ..Query::default()
    };
    wait_for("the business", async || {
        (found(&customer, by("padaria sao joao", None, None, None)).await == [here.clone()]).then_some(())
    })
    .await;
    assert_eq!(found(&customer, by("", Some("Bakery"), None, None)).await, std::slice::from_ref(&here));
    assert_eq!(found(&customer, by("", None, Some("BR"), None)).await, std::slice::from_ref(&here));
    assert_eq!(found(&customer, by("", None, None, Some("BR-SP"))).await, std::slice::from_ref(&here));
    assert!(found(&customer, by("padaria", None, Some("IN"), None)).await.is_empty());
    assert!(found(&customer, by("farmacia", None, None, None)).await.is_empty());
    let nobody = customer.command(Command::Lookup(customer.account())).await;
    assert!(matches!(nobody, Err(Refusal::NotFound(_))), "a person is not listed");

    let added = customer.command(Command::Add { account: shop.account(), name: None }).await.unwrap();
    assert!(matches!(added, Outcome::Added { name, .. } if name == "Padaria São João"));
    send(&customer, shop.account(), "Bom dia! Tem pão?").await.unwrap();
    let subject = wait_for("the customer", async || {
        let contacts = shop.view(|rows| view::contacts(rows)).await.unwrap();
        contacts.into_iter().next()
    })
    .await;
    let known_as = sigillo::domain::identity::address::decode(&subject.address).unwrap();
    assert_ne!(known_as, customer.account(), "a business never sees a person's own account");
    wait_for("the question", async || {
        (texts(&shop, known_as, "in").await == ["Bom dia! Tem pão?"]).then_some(())
    })
    .await;
    send(&shop, known_as, "Temos!").await.unwrap();
    wait_for("the answer", async || {
        (texts(&customer, shop.account(), "in").await == ["Temos!"]).then_some(())
    })
    .await;

    let issuer = shop.account();
    let unknown = customer.command(Command::Subscribe { issuer, plan: "gold".into() }).await;
    assert_eq!(unknown.unwrap_err(), Refusal::NoSuchPlan("gold".into()));
    customer.command(Command::Subscribe { issuer, plan: "daily-bread".into() }).await.unwrap();
    let invoice = wait_for("the invoice", async || {
        let now = clock::now();
        customer.view(move |rows| ledger::invoices(rows, now)).await.unwrap().into_iter().next()
    })
    .await;
    assert_eq!((invoice.amount, invoice.state), (plan().price, "open"));
    let key = invoice.key.parse().unwrap();
    let Outcome::Receipted { receipt, .. } = shop.command(Command::MarkPaid(key)).await.unwrap() else {
        panic!("no receipt");
    };
    let Outcome::Receipted { receipt: again, .. } = shop.command(Command::MarkPaid(key)).await.unwrap()
    else {
        panic!("no receipt");
    };
    assert_eq!(receipt, again, "the same invoice gives the same receipt for ever");
    let file = wait_for("the receipt", async || {
        customer.view(move |rows| ledger::receipt_file(rows, &receipt)).await.unwrap()
    })
    .await;
    for node in [&hub, &shop, &customer] {
        node.shutdown().await.unwrap();
    }

    let expect = Expect { issuer: Some(issuer), subject: Some(known_as), at: Some(clock::now()) };
    assert_eq!(export::verify(&file, &expect).unwrap().id, receipt);
    let other = Expect { subject: Some(issuer), ..expect };
    assert!(matches!(export::verify(&file, &other), Err(ReceiptRefusal::Subject { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_changes_while_it_is_published_is_published_as_it_stands_at_last() {
    // Alone at first: there is nobody to ask, and answers come at once, to publications that are over.
    let alone_place = Place::new(Business, &[]);
    let alone = alone_place.start().await;
    addresses(&alone).await;
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let shop_place = Place::new(Business, &bootstrap);
    let shop = shop_place.start().await;
    addresses(&shop).await;
    for number in 0..40 {
        for node in [&alone, &shop] {
            let name = format!("Padaria {number}");
            let draft = ProfileDraft { name, ..draft() };
            node.command(Command::SetProfile(Box::new(draft))).await.unwrap();
        }
    }
    assert!(matches!(alone.command(Command::Publish).await, Err(Refusal::NoPeers)));
    wait_for("the publication", async || shop.command(Command::Publish).await.ok()).await;
    let customer_place = Place::new(Person, &bootstrap);
    let customer = customer_place.start().await;
    wait_for("the last name", async || match customer.command(Command::Lookup(shop.account())).await {
        Ok(Outcome::Found { businesses, .. }) => (businesses[0].profile.name == "Padaria 39").then_some(()),
        _ => None,
    })
    .await;
}

/// Publishes a business of the category at a hub: its index entries, and its profile if it is more than a squatter.
async fn list(peer: &mut Attacker, hub: &Node, business: &Persona, squatter: bool) {
    let draft = ProfileDraft {
        name: format!("Shop {}", address_of(&business.id())),
        categories: vec!["bakery".into()],
        country: "BR".into(),
        ..ProfileDraft::default()
    };
    let record = business.record(draft, 0, clock::now());
    let profile = VerifiedProfile::verify(&record, clock::now()).unwrap();
    let entries = entries_of(&profile, &business.log, &business.device);
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    let ask = Ask::Index(IndexRequest::Put(entries).encode()).encode();
    let answer = Answer::decode(&peer.ask(&at(hub).await, ask).await.unwrap()).unwrap();
    let Answer::Index(answer) = answer else { panic!("{answer:?}") };
    assert!(matches!(IndexResponse::decode(&answer), Ok(IndexResponse::Stored(1..))));
    if !squatter {
        peer.put(dht_keys(&business.id())[0], record).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_past_squatters_and_its_pages_show_every_business_once() {
    let hub_place = Place::directory_server();
    let hub = hub_place.start().await;
    let bootstrap = addresses(&hub).await;
    let mut peer = Attacker::new(9, false, &bootstrap).await;
    let mut genuine = BTreeSet::new();
    for number in 0..3 * limits::FIND_MAX as u64 {
        let business = Persona::new(100 + number);
        // Two of three have entries in the index and no profile.
        list(&mut peer, &hub, &business, number % 3 > 0).await;
        if number % 3 == 0 {
            genuine.insert(address_of(&business.id()));
        }
    }
    for number in 0..5 {
        let business = Persona::new(1_000 + number);
        list(&mut peer, &hub, &business, false).await;
        genuine.insert(address_of(&business.id()));
    }
    wait_for("the records", async || {
        (hub.status().await.unwrap().network.unwrap().records == genuine.len()).then_some(())
    })
    .await;

    let customer_place = Place::new(Person, &bootstrap);
    let customer = customer_place.start().await;
    addresses(&customer).await;
    let mut query = Query { category: Some("bakery".into()), ..Query::default() };
    let mut shown = Vec::new();
    let mut pages = 0;
    loop {
        let found = wait_for("the index", async || customer.command(Command::Find(query.clone())).await.ok());
        let Outcome::Found { businesses, next, .. } = found.await else { panic!("nothing found") };
        assert!(businesses.len() <= limits::FIND_MAX);
        shown.extend(businesses.into_iter().map(|found| found.address));
        pages += 1;
        match next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    assert!(pages >= 2, "more than one search shows");
    assert_eq!(shown.len(), genuine.len(), "none is shown twice");
    assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), genuine);
}
