//! Somebody subscribes to a business, gets what they paid for, lapses, loses it, and renews.
//!
//! Every moment is handed in, so that months pass in no time; a node does the same with the wall clock. What is sold
//! here is a channel of letters; `sigillo::domain::billing` decides who gets the next one.

use std::error::Error;

use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::billing::book::Book;
use sigillo::domain::billing::calendar::days;
use sigillo::domain::billing::entitlement::entitlement;
use sigillo::domain::billing::export::{Expect, ReceiptFile, verify};
use sigillo::domain::billing::history::History;
use sigillo::domain::billing::payment::Payment;
use sigillo::domain::billing::recorded::Recorded;
use sigillo::domain::billing::subscriber::subscribe;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::node::identity::system_rng;
use sigillo::wire::account::Purposes;
use sigillo::wire::billing::Event;
use sigillo::wire::plan::{Period, Plan};

/// A letter to a subscriber, if they are entitled to it.
fn letter(history: &History, now: Time) -> String {
    let entitled = entitlement(history, now);
    let gets = if entitled.state.has_access() { "gets the letter" } else { "gets nothing" };
    format!("{}: {:?}, {gets}", &now.to_string()[..10], entitled.state)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = system_rng();
    let now = Time::from_millis(1_801_389_600_000);

    // Two identities. Towards a business, a person has an account that nobody else knows.
    let business = Seed::random(&mut rng).account();
    let person = Seed::random(&mut rng).subjects().towards(&business.id());
    let business_keys = DeviceKeys::derive(&Secret::random(&mut rng), &business.id());
    let person_keys = DeviceKeys::derive(&Secret::random(&mut rng), &person.id());
    let log =
        AccountLog::begin(&business, business_keys.member(&business.id(), Purposes::ALL), now.minus(days(1)));
    let person_log =
        AccountLog::begin(&person, person_keys.member(&person.id(), Purposes::ALL), now.minus(days(1)));

    // The subscriber signs the terms; the business opens its book and asks for the first month.
    let plan = Plan {
        id: "letters".into(),
        version: 1,
        name: "Letters".into(),
        price: Money::parse("5", "EUR".parse()?)?,
        period: Period::Monthly,
        trial_days: 0,
        grace_days: 3,
        hold_days: 30,
    };
    let request = subscribe(&person_keys, person.id(), business.id(), plan.clone(), &mut rng, now)?;
    let (mut book, _) =
        Book::on_subscribe(request.clone(), business.id(), &business_keys, &[plan], false, now)?;
    let mut mine = History::open(request).ok_or("a request opens a history")?;

    let mut pay = |book: &mut Book, mine: &mut History, now: Time| -> Result<ReceiptFile, Box<dyn Error>> {
        let invoice = book.issue_invoice(&[], &business_keys, &mut rng, now)?;
        let Event::Invoice(asked) = invoice.event() else { return Err("no invoice".into()) };
        let receipt = book.mark_paid(&asked.key, &Payment::manual(), &business_keys, now)?;
        // The subscriber believes nothing that the business didn't sign.
        for event in [invoice, receipt.clone()] {
            mine.add(Recorded::verify(event.signed().clone(), &log, now)?)?;
        }
        ReceiptFile::new(&receipt, &log).ok_or_else(|| "no receipt".into())
    };

    println!("{}", letter(&mine, now));
    let receipt = pay(&mut book, &mut mine, now)?;
    println!("{}", letter(&mine, now));
    println!("{}", letter(&mine, now.plus(days(29))));
    println!("{}", letter(&mine, now.plus(days(32))));
    pay(&mut book, &mut mine, now.plus(days(40)))?;
    println!("{}", letter(&mine, now.plus(days(40))));

    // Anybody can check the first receipt, with nothing but the business's address.
    let expect = Expect { issuer: Some(business.id()), subject: Some(person_log.account()), at: Some(now) };
    println!("the first receipt: {}", verify(&receipt, &expect)?.trust);
    Ok(())
}
