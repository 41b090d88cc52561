//! Charging on one core: receipts issued and verified per second, entitlement, and an audit of many receipts.
//!
//! `cargo bench --bench billing -- [RECEIPTS]`; the audit replays so many (100,000 where nothing is said).
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and ends where it fails"
)]

use std::time::Instant;

use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::billing::audit::{Auditor, BEGINNING, Entry, Keys, Logs, link, verify};
use sigillo::domain::billing::book::Book;
use sigillo::domain::billing::payment::Payment;
use sigillo::domain::billing::calendar::days;
use sigillo::domain::billing::entitlement::entitlement;
use sigillo::domain::billing::history::History;
use sigillo::domain::billing::recorded::Recorded;
use sigillo::domain::billing::subscriber::subscribe;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::sim::random::Random;
use sigillo::wire::account::Purposes;
use sigillo::wire::billing::{Event, Receipt};
use sigillo::wire::plan::{Period, Plan};

const NOW: Time = Time::from_millis(1_801_389_600_000);

struct Party {
    keys: DeviceKeys,
    log: AccountLog,
}

fn party(byte: u8) -> Party {
    let key = Seed::from_secret(Secret::new([byte; 32])).account();
    let keys = DeviceKeys::derive(&Secret::new([byte ^ 0xFF; 32]), &key.id());
    let log = AccountLog::begin(&key, keys.member(&key.id(), Purposes::ALL), NOW.minus(days(400)));
    Party { keys, log }
}

fn plan() -> Plan {
    Plan {
        id: "pro".into(),
        version: 1,
        name: "Pro".into(),
        price: Money { minor: 1_990, currency: "BRL".parse().unwrap() },
        period: Period::Monthly,
        trial_days: 0,
        grace_days: 3,
        hold_days: 30,
    }
}

/// A subscription with its first invoice and receipt.
fn opened(shop: &Party, customer: &Party, rng: &mut Random) -> (Book, Vec<Recorded>) {
    let (issuer, subject) = (shop.log.account(), customer.log.account());
    let request = subscribe(&customer.keys, subject, issuer, plan(), rng, NOW).unwrap();
    let opened = Book::on_subscribe(request.clone(), issuer, &shop.keys, &[plan()], true, NOW);
    let (mut book, _) = opened.unwrap();
    let invoice = book.issue_invoice(&[], &shop.keys, rng, NOW).unwrap();
    let Event::Invoice(asked) = invoice.event() else { unreachable!() };
    let receipt = book.mark_paid(&asked.key, &Payment::manual(), &shop.keys, NOW).unwrap();
    (book, vec![request, invoice, receipt])
}

fn rate(what: &str, count: usize, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    let took = began.elapsed();
    println!(
        "{what}: {count} in {:.3} s, {:.0} per second",
        took.as_secs_f64(),
        count as f64 / took.as_secs_f64()
    );
}

fn main() {
    let receipts: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (shop, customer, mut rng) = (party(1), party(2), Random::new(3));
    let (book, events) = opened(&shop, &customer, &mut rng);
    let logs: Logs = [&shop, &customer].map(|party| (party.log.account(), vec![party.log.clone()])).into();

    const SINGLE: usize = 10_000;
    let Event::Receipt(template) = events[2].event().clone() else { unreachable!() };
    rate("receipts issued, signed once", SINGLE, || {
        for seq in 0..SINGLE as u64 {
            let receipt = Receipt { seq, grace_days: (seq % 300) as u32, ..template.clone() };
            std::hint::black_box(Recorded::sign(&shop.keys, Event::Receipt(receipt)));
        }
    });
    rate("receipts issued, signed twice (JWS)", SINGLE, || {
        for _ in 0..SINGLE {
            std::hint::black_box(events[2].clone().signed_twice(&shop.keys, &shop.log));
        }
    });
    let (once, twice) = (events[2].clone(), events[2].clone().signed_twice(&shop.keys, &shop.log));
    for (what, receipt) in [("once", &once), ("twice (JWS)", &twice)] {
        rate(&format!("receipts verified alone, signed {what}"), SINGLE, || {
            for _ in 0..SINGLE {
                verify(receipt.signed(), &logs, &mut Keys::default()).unwrap();
            }
        });
        let mut keys = Keys::default();
        rate(&format!("receipts verified together, signed {what}"), SINGLE, || {
            for _ in 0..SINGLE {
                verify(receipt.signed(), &logs, &mut keys).unwrap();
            }
        });
    }

    // A history of 10,000 events: one request, and receipts with their invoices.
    let mut many: Vec<Recorded> = book.history().events().cloned().collect();
    let (mut previous, mut start) = (once.id(), template.period_end);
    let Event::Invoice(asked) = events[1].event().clone() else { unreachable!() };
    for seq in 1..5_000_u64 {
        let key = sigillo::wire::invoice_key::InvoiceKey::random(&mut rng);
        let end = start.plus(days(30));
        let invoice =
            sigillo::wire::billing::Invoice { key, period_start: start, period_end: end, ..asked.clone() };
        let receipt =
            Receipt { seq, previous, invoice: key, period_start: start, period_end: end, ..template.clone() };
        many.push(Recorded::sign(&shop.keys, Event::Invoice(invoice)));
        many.push(Recorded::sign(&shop.keys, Event::Receipt(receipt)));
        (previous, start) = (many[many.len() - 1].id(), end);
    }
    let history = History::of(many.iter().cloned()).unwrap();
    let count = history.events().count();
    const TIMES: usize = 20;
    let began = Instant::now();
    for day in 0..TIMES as u32 {
        std::hint::black_box(entitlement(&history, NOW.plus(days(day))));
    }
    println!(
        "entitlement over {count} events: {:.2} ms",
        began.elapsed().as_secs_f64() * 1_000.0 / TIMES as f64
    );

    // An audit of so many receipts, each of a subscription of its own, with its request and invoice.
    let (mut entries, mut before) = (Vec::with_capacity(receipts * 3), BEGINNING);
    for _ in 0..receipts {
        for recorded in opened(&shop, &customer, &mut rng).1 {
            before = link(&before, recorded.signed());
            entries.push(Entry { event: recorded.signed().clone(), link: before });
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    rate(
        &format!("receipts audited strictly on {threads} cores, each with its request and invoice"),
        receipts,
        || {
            let mut auditor = Auditor::default();
            for chunk in entries.chunks(16_384) {
                let part = chunk.len().div_ceil(threads);
                let verified: Vec<_> = std::thread::scope(|scope| {
                    let parts: Vec<_> = chunk
                        .chunks(part)
                        .map(|part| {
                            let logs = &logs;
                            scope.spawn(move || {
                                let mut keys = Keys::default();
                                part.iter()
                                    .map(|entry| verify(&entry.event, logs, &mut keys))
                                    .collect::<Vec<_>>()
                            })
                        })
                        .collect();
                    parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
                });
                for (entry, verified) in chunk.iter().zip(verified) {
                    auditor.take(entry, verified);
                }
            }
            assert_eq!(auditor.summary().first_break, None);
            assert_eq!(auditor.summary().receipts, receipts as u64);
        },
    );
}
