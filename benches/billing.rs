//! Charging on one core: receipts issued and verified per second, entitlement, and an audit of many receipts.
//!
//! `cargo bench --bench billing -- [RECEIPTS]`; the audit replays so many (100,000 where nothing is said).
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and ends where it fails"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sigillo::base::money::Money;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::billing::audit::{Auditor, BEGINNING, Checked, Entry, Keys, link};
use sigillo::domain::billing::book::Book;
use sigillo::domain::billing::calendar::days;
use sigillo::domain::billing::entitlement::entitlement;
use sigillo::domain::billing::history::History;
use sigillo::domain::billing::ledger_file::{EventLine, FileAuditor, Head, Read, SignedEnd};
use sigillo::domain::billing::logs::{Line, Logs};
use sigillo::domain::billing::payment::Payment;
use sigillo::domain::billing::recorded::Recorded;
use sigillo::domain::billing::subscriber::subscribe;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::sim::random::Random;
use sigillo::wire::account::Purposes;
use sigillo::wire::billing::{Event, Invoice, Receipt};
use sigillo::wire::invoice_key::InvoiceKey;
use sigillo::wire::plan::{Period, Plan};

const NOW: Time = Time::from_millis(1_801_389_600_000);
/// Operations of one kind that are timed together.
const SINGLE: usize = 10_000;
/// Months that a customer of the audited ledger has paid.
const MONTHS: u64 = 12;
/// Events that are verified at once.
const PART: usize = 4_096;

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

/// So many months more: an invoice and a receipt each.
fn renewed(shop: &Party, events: &mut Vec<Recorded>, months: u64, rng: &mut Random) {
    let (Event::Invoice(asked), Event::Receipt(paid)) =
        (events[1].event().clone(), events[2].event().clone())
    else {
        unreachable!()
    };
    let (mut previous, mut start) = (events[2].id(), paid.period_end);
    for seq in 1..months {
        let (key, end) = (InvoiceKey::random(rng), start.plus(days(30)));
        let invoice = Invoice { key, period_start: start, period_end: end, ..asked.clone() };
        let receipt =
            Receipt { seq, previous, invoice: key, period_start: start, period_end: end, ..paid.clone() };
        events.push(Recorded::sign(&shop.keys, Event::Invoice(invoice)));
        let receipt = Recorded::sign(&shop.keys, Event::Receipt(receipt));
        (previous, start) = (receipt.id(), end);
        events.push(receipt);
    }
}

fn say(what: &str, count: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    println!("{what}: {count} in {seconds:.3} s, {:.0} per second", count as f64 / seconds);
}

fn rate(what: &str, count: usize, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    say(what, count, began.elapsed());
}

fn signatures(shop: &Party, logs: &Logs, receipt: &Recorded) {
    let Event::Receipt(template) = receipt.event().clone() else { unreachable!() };
    rate("receipts issued, signed once", SINGLE, || {
        for seq in 0..SINGLE as u64 {
            let receipt = Receipt { seq, grace_days: (seq % 300) as u32, ..template.clone() };
            black_box(Recorded::sign(&shop.keys, Event::Receipt(receipt)));
        }
    });
    rate("receipts issued, signed once more (JWS)", SINGLE, || {
        for _ in 0..SINGLE {
            black_box(receipt.clone().signed_twice(&shop.keys, &shop.log));
        }
    });
    let twice = receipt.clone().signed_twice(&shop.keys, &shop.log);
    for (what, receipt) in [("once", receipt), ("twice", &twice)] {
        rate(&format!("receipts verified single, signed {what}"), SINGLE, || {
            for _ in 0..SINGLE {
                Checked::new(receipt.signed(), logs, &mut Keys::default()).verdict().unwrap();
            }
        });
        let mut keys = Keys::default();
        rate(&format!("receipts verified in a batch of one key, signed {what}"), SINGLE, || {
            for _ in 0..SINGLE {
                Checked::new(receipt.signed(), logs, &mut keys).verdict().unwrap();
            }
        });
    }
}

fn entitlements(shop: &Party, mut events: Vec<Recorded>, rng: &mut Random) {
    renewed(shop, &mut events, 5_000, rng);
    let history = History::of(events).unwrap();
    const TIMES: u32 = 20;
    let began = Instant::now();
    for day in 0..TIMES {
        black_box(entitlement(&history, NOW.plus(days(day))));
    }
    let millis = began.elapsed().as_secs_f64() * 1_000.0 / f64::from(TIMES);
    println!("entitlement over {} events: {millis:.2} ms", history.events().count());
}

/// What each core does with its part, in the order of the items.
fn on_all_cores<T: Sync, R: Send>(
    keys: &mut [Keys],
    items: &[T],
    one: impl Fn(&T, &mut Keys) -> R + Sync,
) -> Vec<R> {
    let (part, one) = (items.len().div_ceil(keys.len()).max(1), &one);
    std::thread::scope(|scope| {
        let parts = items.chunks(part).zip(keys);
        let parts: Vec<_> = parts
            .map(|(part, keys)| {
                scope.spawn(move || part.iter().map(|item| one(item, keys)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// An audit of so many receipts, signed twice, each with its invoice, of customers who have paid for a year; first as rows
/// of a store, then as the lines of a file. They are made in parts, so that the memory doesn't count.
fn audits(shop: &Party, customer: &Party, logs: &Logs, receipts: usize, rng: &mut Random) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut keys: Vec<Keys> = (0..threads).map(|_| Keys::default()).collect();
    let head = Head::new(shop.log.account(), logs);
    let mut file = FileAuditor::begin(&head.written().unwrap(), Some(&shop.log.account())).unwrap();
    let (mut stored, mut before, mut made) = (Auditor::of(&shop.log.account(), logs), BEGINNING, 0_u64);
    let (mut took, mut took_lines) = (Duration::ZERO, Duration::ZERO);
    let mut waiting: Vec<Entry> = Vec::new();
    let mut flush = |waiting: &mut Vec<Entry>| {
        let began = Instant::now();
        let checked = on_all_cores(&mut keys, waiting, |entry, keys| Checked::new(&entry.event, logs, keys));
        for (entry, checked) in waiting.iter().zip(checked) {
            stored.take(&entry.link, checked);
        }
        took += began.elapsed();
        let lines: Vec<String> = waiting.iter().map(|entry| EventLine::new(entry).written()).collect();
        let began = Instant::now();
        for read in on_all_cores(&mut keys, &lines, |line, keys| Read::new(line, logs, keys)) {
            file.take(read).unwrap();
        }
        took_lines += began.elapsed();
        waiting.clear();
    };
    let mut count = 0;
    while count < receipts {
        let mut events = opened(shop, customer, rng).1;
        renewed(shop, &mut events, MONTHS, rng);
        for recorded in events {
            let is_receipt = matches!(recorded.event(), Event::Receipt(_));
            count += usize::from(is_receipt);
            let recorded = if is_receipt { recorded.signed_twice(&shop.keys, &shop.log) } else { recorded };
            before = link(&before, recorded.signed());
            made += 1;
            waiting.push(Entry { event: recorded.signed().clone(), link: before });
            if waiting.len() == PART {
                flush(&mut waiting);
            }
        }
    }
    flush(&mut waiting);
    file.take(Read::End(Box::new(SignedEnd::sign(&head, made, before, &shop.keys, NOW)))).unwrap();
    let summary = stored.summary().clone();
    assert_eq!((summary.first_break.as_ref(), summary.receipts), (None, count as u64));
    assert_eq!(file.finish().unwrap().summary, summary);
    let what = format!("receipts audited strictly on {threads} cores, each signed twice, with its invoice");
    say(&format!("{what}, as stored"), count, took);
    say(&format!("{what}, as a file"), count, took_lines);
}

fn main() {
    let receipts: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (shop, customer, mut rng) = (party(1), party(2), Random::new(3));
    let events = opened(&shop, &customer, &mut rng).1;
    let line = |party: &Party| (party.log.account(), Line::new(vec![party.log.clone()], Vec::new()).unwrap());
    let logs: Logs = [&shop, &customer].map(line).into_iter().collect();
    signatures(&shop, &logs, &events[2]);
    entitlements(&shop, events, &mut rng);
    audits(&shop, &customer, &logs, receipts, &mut rng);
}
