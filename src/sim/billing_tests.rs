//! Charging between nodes: renewals, rails, changes, credit, and the books, through restarts and with clocks that differ.

use core::time::Duration;

use super::tests::MINUTE;
use crate::base::id::AccountId;
use crate::base::kind::AccountKind::{Business, Person};
use crate::base::money::Money;
use crate::domain::billing::audit::{Checked, Keys, Summary};
use crate::domain::billing::credit::Wish;
use crate::domain::billing::entitlement::State;
use crate::domain::billing::export::{Along, Expect, verify_with};
use crate::domain::billing::jws;
use crate::domain::billing::payment::Payment;
use crate::domain::billing::rail::lightning::tests::{NODE, made};
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::identity::address;
use crate::engine::books;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::ledger::{self, InvoiceView, ReceiptView, SubscriptionView};
use crate::engine::letter::PaidNotice;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows};
use crate::wire::billing::Credit;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::plan::tests::plan;
use crate::wire::rail::{Payee, Rail, TrustClass};

pub(super) const DAY: Duration = Duration::from_secs(86_400);
pub(super) const SHOP: usize = 0;
pub(super) const ANA: usize = 1;

pub(super) fn paid_only() -> Plan {
    Plan { trial_days: 0, ..plan() }
}

/// A shop that offers plans, and a customer.
pub(super) fn market(seed: u64, plans: &[Plan]) -> (World, AccountId) {
    let mut world = World::new(seed, &[Business, Person]);
    let draft = ProfileDraft { name: "Padaria".into(), ..ProfileDraft::default() };
    done(&mut world, SHOP, Command::SetProfile(Box::new(draft)));
    for plan in plans {
        done(&mut world, SHOP, Command::PutPlan(plan.clone()));
    }
    world.run(MINUTE);
    let shop = world.peers[SHOP].account();
    (world, shop)
}

pub(super) fn done(world: &mut World, peer: usize, command: Command) -> Outcome {
    world.ask(peer, command).unwrap().unwrap()
}

pub(super) fn subscribe(world: &mut World, shop: AccountId, plan: &str) {
    done(world, ANA, Command::Subscribe { issuer: shop, plan: plan.into() });
    world.run(MINUTE);
}

pub(super) fn look<T>(world: &World, peer: usize, look: impl FnOnce(&Reader<'_>) -> T) -> T {
    let safe = world.peers[peer].disk.safe();
    let reader = Reader::new(&safe);
    let seen = look(&reader);
    reader.finish().unwrap();
    seen
}

pub(super) fn invoices(world: &World, peer: usize) -> Vec<InvoiceView> {
    look(world, peer, |rows| ledger::invoices(rows, world.now))
}

pub(super) fn receipts(world: &World, peer: usize) -> Vec<ReceiptView> {
    look(world, peer, |rows| ledger::receipts(rows))
}

pub(super) fn subscription(world: &World, peer: usize) -> SubscriptionView {
    look(world, peer, |rows| ledger::subscriptions(rows, world.now)).remove(0)
}

pub(super) fn open(world: &World) -> InvoiceView {
    let mut open: Vec<_> = invoices(world, SHOP).into_iter().filter(|one| one.state == "open").collect();
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

pub(super) fn pay(world: &mut World) -> ReceiptView {
    let key = open(world).key.parse().unwrap();
    done(world, SHOP, Command::MarkPaid(key));
    world.run(MINUTE);
    receipts(world, ANA).remove(0)
}

pub(super) fn audit(world: &World) -> Summary {
    let shop = world.peers[SHOP].account();
    look(world, SHOP, |rows| audited(rows, &shop))
}

pub(super) fn audited(rows: &impl Rows, shop: &AccountId) -> Summary {
    let mut keys = Keys::default();
    books::audit(rows, shop, |entries, logs| {
        entries.iter().map(|entry| Checked::new(&entry.event, logs, &mut keys)).collect()
    })
}

#[test]
fn a_renewal_is_asked_for_once_through_crashes_and_a_month_off() {
    for off in [false, true] {
        let (mut world, shop) = market(500 + u64::from(off), &[paid_only()]);
        world.set_clock(ANA, 4 * 60_000);
        subscribe(&mut world, shop, "pro");
        let first = pay(&mut world);
        if off {
            world.stop_for(SHOP, 40 * DAY);
        }
        for _ in 0..45 {
            world.run(DAY);
            if !off {
                world.crash(SHOP);
            }
        }
        let renewals: Vec<_> =
            invoices(&world, SHOP).into_iter().filter(|invoice| invoice.receipt.is_none()).collect();
        assert_eq!(renewals.len(), 1, "off {off}: {renewals:?}");
        assert_eq!(subscription(&world, SHOP).state, State::OnHold);
        assert_eq!(invoices(&world, ANA).len(), 2, "and the customer has the same ones");
        // Paying restores: the new period begins now, since the old one is over for longer than its grace.
        let second = pay(&mut world);
        assert!(second.receipt.period_start > first.receipt.period_end);
        assert_eq!(second.receipt.seq, 1);
        assert_eq!([SHOP, ANA].map(|peer| subscription(&world, peer).state), [State::Active; 2]);
        assert_eq!(audit(&world).first_break, None);
    }
}

#[test]
fn reminders_resend_the_same_invoice() {
    let (mut world, shop) = market(510, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    pay(&mut world);
    let sayings = |world: &World| {
        let history = super::tests::history(world, ANA, &shop);
        let said = history.iter().filter_map(|entry| match &entry.body {
            crate::engine::body_view::BodyView::Billing { event: "invoice", id, .. } => Some(id.clone()),
            _ => None,
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(sayings(&world).len(), 1);
    // T-7, T-3, T, T+3 and T+7 of a period of 28 to 31 days.
    world.run(40 * DAY);
    let said = sayings(&world);
    assert_eq!(said.len(), 6, "{said:?}");
    assert!(said[1..].windows(2).all(|pair| pair[0] == pair[1]), "the same bytes");
    world.run(40 * DAY);
    assert_eq!(sayings(&world).len(), 6, "and then no more");
}

#[test]
fn lightning_pays_by_itself_and_only_with_the_preimage_of_the_pinned_node() {
    let (mut world, shop) = market(520, &[paid_only()]);
    let payee = |account: &str| Payee {
        rail: Rail::Lightning,
        account: account.into(),
        name: String::new(),
        place: String::new(),
    };
    let key: InvoiceKey = "ABCDEFGHIJKLMNOPQRST".parse().unwrap();
    let offer = |world: &World, key| Command::OfferLightning {
        invoice: key,
        bolt11: made("lnbcrt10u", &[7; 32], world.now.as_secs(), 86_400),
    };
    assert!(matches!(world.ask(SHOP, offer(&world, key)).unwrap(), Err(Refusal::NoInvoice(_))));
    let other = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    done(&mut world, SHOP, Command::PutPayee(payee(other)));
    world.run(10 * MINUTE);
    subscribe(&mut world, shop, "pro");
    let key = open(&world).key.parse().unwrap();
    let refused = world.ask(SHOP, offer(&world, key)).unwrap();
    assert!(refused.is_err(), "another node than the profile names");
    done(&mut world, SHOP, Command::PutPayee(payee(NODE)));
    world.run(10 * MINUTE);
    // The customer looks at the profile, which pins the node.
    done(&mut world, ANA, Command::Lookup(shop));
    let offered = offer(&world, key);
    done(&mut world, SHOP, offered);
    world.run(MINUTE);
    let ways = &invoices(&world, ANA)[0].pay;
    assert!(
        ways.iter().any(|way| way.rail == Rail::Lightning && way.text.starts_with("LNBCRT10U")),
        "{ways:?}"
    );
    let say =
        |preimage: u8| Command::SayPaid { invoice: key, rail: Rail::Lightning, proof: vec![preimage; 32] };
    done(&mut world, ANA, say(8));
    world.run(MINUTE);
    assert!(receipts(&world, ANA).is_empty(), "another preimage proves nothing");
    assert_eq!(open(&world).claims[0].trust, "claimed by the payer (class C)");
    done(&mut world, ANA, say(7));
    world.run(MINUTE);
    let receipt = receipts(&world, ANA).remove(0);
    assert_eq!((receipt.receipt.rail, receipt.receipt.trust_class), (Rail::Lightning, TrustClass::A));
    assert_eq!(receipt.trust, "proven by cryptography (class A)");
    assert_eq!(subscription(&world, ANA).state, State::Active);
    done(&mut world, ANA, say(7));
    world.run(MINUTE);
    assert_eq!(receipts(&world, SHOP).len(), 1, "said twice is paid once");
    assert_eq!(audit(&world).first_break, None);
}

#[test]
fn a_bolt11_invoice_is_offered_for_one_invoice_and_no_other() {
    let (mut world, shop) = market(525, &[paid_only(), Plan { id: "basic".into(), ..paid_only() }]);
    let payee =
        Payee { rail: Rail::Lightning, account: NODE.into(), name: String::new(), place: String::new() };
    done(&mut world, SHOP, Command::PutPayee(payee));
    world.run(10 * MINUTE);
    ["pro", "basic"].into_iter().for_each(|plan| subscribe(&mut world, shop, plan));
    let keys: Vec<InvoiceKey> =
        invoices(&world, SHOP).iter().map(|invoice| invoice.key.parse().unwrap()).collect();
    let now = world.now.as_secs();
    let offer = |world: &mut World, invoice: InvoiceKey, hrp: &str, preimage: u8| {
        let bolt11 = made(hrp, &[preimage; 32], now, 86_400);
        world.ask(SHOP, Command::OfferLightning { invoice, bolt11 }).unwrap()
    };
    assert!(offer(&mut world, keys[0], "lnbcrt10u", 7).is_ok());
    world.crash(SHOP);
    world.run(MINUTE);
    let twice = offer(&mut world, keys[1], "lnbcrt10u", 7);
    assert!(matches!(twice, Err(Refusal::Billing(_))), "who pays it once would have paid both: {twice:?}");
    let other = offer(&mut world, keys[1], "lnbcrt20u", 7);
    assert!(matches!(other, Err(Refusal::Billing(_))), "its preimage would prove both: {other:?}");
    assert!(offer(&mut world, keys[0], "lnbcrt10u", 7).is_ok(), "once more for the same invoice");
    assert!(offer(&mut world, keys[1], "lnbcrt10u", 8).is_ok());
}

#[test]
fn a_cancellation_counts_without_the_business() {
    let (mut world, shop) = market(530, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    pay(&mut world);
    world.stop(SHOP);
    done(&mut world, ANA, Command::Cancel { issuer: shop, plan: "pro".into() });
    world.run(MINUTE);
    assert_eq!(subscription(&world, ANA).state, State::Canceling);
    done(&mut world, ANA, Command::CancelNow { issuer: shop, plan: "pro".into() });
    assert_eq!(subscription(&world, ANA).state, State::Expired);
    world.run(DAY);
    world.start(SHOP);
    world.run(180 * MINUTE);
    assert_eq!(subscription(&world, SHOP).state, State::Expired);
    world.run(60 * DAY);
    assert_eq!(invoices(&world, SHOP).len(), 1, "nothing more is asked for");
    // Whoever comes back has no second trial, and begins anew.
    subscribe(&mut world, shop, "pro");
    assert_eq!(subscription(&world, ANA).state, State::Pending);
}

#[test]
fn a_subscription_at_a_business_that_is_blocked_can_be_cancelled() {
    let (mut world, shop) = market(535, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    pay(&mut world);
    done(&mut world, ANA, Command::Block(shop));
    done(&mut world, ANA, Command::Cancel { issuer: shop, plan: "pro".into() });
    world.run(MINUTE);
    assert_eq!([ANA, SHOP].map(|peer| subscription(&world, peer).state), [State::Canceling, State::Active]);
    // Cancelled again once it is heard again, the business learns of it: the same cancellation, not another.
    done(&mut world, ANA, Command::Unblock(shop));
    done(&mut world, ANA, Command::Cancel { issuer: shop, plan: "pro".into() });
    world.run(MINUTE);
    assert_eq!([ANA, SHOP].map(|peer| subscription(&world, peer).state), [State::Canceling; 2]);
    assert_eq!(audit(&world).events, 4, "request, invoice, receipt, cancellation");
}

#[test]
fn whoever_was_refunded_or_revoked_may_subscribe_again() {
    let (mut world, shop) = market(545, &[paid_only()]);
    for credit in [Credit::Refund, Credit::Revoke] {
        subscribe(&mut world, shop, "pro");
        let again = world.ask(ANA, Command::Subscribe { issuer: shop, plan: "pro".into() }).unwrap();
        let refused = again.unwrap_err().to_string();
        assert!(refused.ends_with("already: it is pending"), "{refused}");
        let receipt = pay(&mut world).id;
        let key = InvoiceKey::random(&mut world.rng);
        let wish = Wish { key, receipt, credit, minor: None, access_ends: None, reason: "closed".into() };
        done(&mut world, SHOP, Command::Credit(Box::new(wish)));
        world.run(MINUTE);
    }
    subscribe(&mut world, shop, "pro");
    let states = look(&world, ANA, |rows| ledger::subscriptions(rows, world.now));
    let states: Vec<State> = states.iter().map(|one| one.state).collect();
    assert_eq!(states, [State::Pending, State::Revoked, State::Refunded]);
}

#[test]
fn two_businesses_that_subscribe_to_each_other_keep_their_sides_apart() {
    let mut world = World::new(546, &[Business, Business]);
    for peer in [0, 1] {
        let draft = ProfileDraft { name: "Loja".into(), ..ProfileDraft::default() };
        done(&mut world, peer, Command::SetProfile(Box::new(draft)));
        done(&mut world, peer, Command::PutPlan(paid_only()));
    }
    world.run(10 * MINUTE);
    let accounts = [0, 1].map(|peer| world.peers[peer].account());
    for (peer, other) in [(0, accounts[1]), (1, accounts[0])] {
        done(&mut world, peer, Command::Subscribe { issuer: other, plan: "pro".into() });
        world.run(MINUTE);
    }
    // Each of the two finds its own, whichever of them the store has first.
    for (peer, other) in [(0, accounts[1]), (1, accounts[0])] {
        done(&mut world, peer, Command::CancelNow { issuer: other, plan: "pro".into() });
    }
    world.run(MINUTE);
    for peer in [0, 1] {
        let all = look(&world, peer, |rows| ledger::subscriptions(rows, world.now));
        assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [State::Expired; 2]);
    }
}

#[test]
fn a_customer_is_erased_once_the_subscription_is_over_and_the_books_stay_whole() {
    let (mut world, shop) = market(530, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world);
    let ana = address::decode(&receipts(&world, SHOP)[0].with).unwrap();
    done(&mut world, ANA, Command::Send { to: shop, text: "a secret".into() });
    done(&mut world, SHOP, Command::Rename { contact: ana, name: "Ana of the mill".into() });
    world.run(MINUTE);
    assert!(
        matches!(world.ask(SHOP, Command::Erase(ana)), Some(Err(Refusal::Billing(_)))),
        "it gives access"
    );
    done(&mut world, ANA, Command::Cancel { issuer: shop, plan: "pro".into() });
    world.run(40 * DAY);
    let before = audit(&world);
    let erased = done(&mut world, SHOP, Command::Erase(ana));
    assert!(matches!(erased, Outcome::Erased { subscriptions: 1, .. }), "{erased:?}");
    let left = world.back_up(SHOP);
    for secret in ["a secret", "Ana of the mill"] {
        let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!left.values().any(|value| has(value)), "{secret}");
    }
    let kept = receipts(&world, SHOP);
    assert_eq!((kept.len(), kept[0].id), (1, receipt.id), "receipts are still to be had");
    assert_eq!(invoices(&world, SHOP).len(), 1);
    assert_eq!((before.events, audit(&world).first_break), (audit(&world).events, None));
    // She may come back, and pays anew.
    world.crash(SHOP);
    done(&mut world, ANA, Command::Send { to: shop, text: "me again".into() });
    world.run(60 * MINUTE);
    subscribe(&mut world, shop, "pro");
    world.run(60 * MINUTE);
    pay(&mut world);
    assert_eq!((receipts(&world, SHOP).len(), audit(&world).first_break), (2, None));
}

#[test]
fn a_trial_is_given_once_for_each_plan() {
    let (mut world, shop) = market(540, &[plan()]);
    subscribe(&mut world, shop, "pro");
    assert_eq!(subscription(&world, ANA).state, State::Trialing);
    done(&mut world, ANA, Command::CancelNow { issuer: shop, plan: "pro".into() });
    world.run(MINUTE);
    subscribe(&mut world, shop, "pro");
    let states: Vec<State> = look(&world, ANA, |rows| ledger::subscriptions(rows, world.now))
        .iter()
        .map(|one| one.state)
        .collect();
    assert_eq!(states, [State::Pending, State::Expired]);
}

#[test]
fn a_dearer_plan_is_paid_for_to_the_second_and_a_price_only_changes_with_consent() {
    let gold = Plan { id: "gold".into(), price: Money { minor: 3_990, ..plan().price }, ..paid_only() };
    let (mut world, shop) = market(550, &[paid_only(), gold.clone()]);
    world.set_clock(ANA, -120_000);
    subscribe(&mut world, shop, "pro");
    pay(&mut world);
    world.run(10 * DAY);
    let wish = Command::ChangePlan { issuer: shop, plan: "pro".into(), to: "gold".into() };
    let Outcome::ChangeAsked { due, .. } = done(&mut world, ANA, wish) else { panic!() };
    world.run(MINUTE);
    assert!(due.minor > 0 && due.minor < 2_000);
    assert_eq!(open(&world).amount, due, "both sides come to the same");
    assert_eq!(subscription(&world, ANA).plan.id, "pro", "not before it is paid");
    pay(&mut world);
    assert_eq!([SHOP, ANA].map(|peer| subscription(&world, peer).plan.id), ["gold", "gold"]);
    // The price goes up, for those who consent.
    let dearer = Plan { version: 2, price: Money { minor: 4_990, ..plan().price }, ..gold };
    done(&mut world, SHOP, Command::PutPlan(dearer));
    let announced = done(&mut world, SHOP, Command::AnnouncePrice("gold".into()));
    assert!(matches!(announced, Outcome::Announced { subscriptions: 1 }));
    world.run(MINUTE);
    let change = subscription(&world, ANA).announced[0].id;
    world.run(15 * DAY);
    assert_eq!(open(&world).amount.minor, 3_990, "nobody consented");
    done(&mut world, ANA, Command::AnswerPrice { change, agrees: true });
    pay(&mut world);
    world.run(30 * DAY);
    assert_eq!(open(&world).amount.minor, 4_990);
    assert_eq!(audit(&world).first_break, None);
    assert_eq!(world.peers[SHOP].counters().refused_events + world.peers[ANA].counters().refused_events, 0);
    // It was answered, for ever.
    let again = world.ask(ANA, Command::AnswerPrice { change, agrees: false }).unwrap();
    assert!(again.unwrap_err().to_string().contains("answered already"));
}

#[test]
fn money_goes_back_once_and_the_books_say_so() {
    let (mut world, shop) = market(560, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world);
    let wish = |key: &str, credit, minor| Wish {
        key: key.parse().unwrap(),
        receipt: receipt.id,
        credit,
        minor,
        access_ends: None,
        reason: "the oven broke".into(),
    };
    let refund = wish("AAAAAAAAAAAAAAAAAAAA", Credit::Refund, Some(500));
    let Outcome::Said { id: note } = done(&mut world, SHOP, Command::Credit(Box::new(refund.clone()))) else {
        panic!()
    };
    let Outcome::Said { id: again } = done(&mut world, SHOP, Command::Credit(Box::new(refund))) else {
        panic!()
    };
    assert_eq!(note, again);
    let over = wish("BBBBBBBBBBBBBBBBBBBB", Credit::Refund, Some(1_491));
    assert!(world.ask(SHOP, Command::Credit(Box::new(over))).unwrap().is_err());
    assert!(
        world
            .ask(ANA, Command::Credit(Box::new(wish("CCCCCCCCCCCCCCCCCCCC", Credit::Revoke, None))))
            .unwrap()
            .is_err()
    );
    world.run(MINUTE);
    assert_eq!(subscription(&world, ANA).state, State::Refunded);
    assert_eq!(receipts(&world, ANA)[0].credit_notes[0].reason, "the oven broke");
    done(&mut world, SHOP, Command::ReverseCredit { note, reason: "it works".into() });
    world.run(MINUTE);
    assert_eq!(subscription(&world, ANA).state, State::Active);
    done(&mut world, SHOP, Command::Credit(Box::new(wish("DDDDDDDDDDDDDDDDDDDD", Credit::Refund, Some(90)))));
    let seen = look(&world, SHOP, |rows| books::books(rows, world.now));
    assert_eq!(seen.revenue.len(), 1);
    let line = &seen.revenue[0];
    assert_eq!((line.receipts, line.gross_minor, line.refunded_minor, line.net_minor), (1, 1_990, 90, 1_900));
    assert_eq!((seen.subscribers[0].churned, seen.contradictions), (1, 0));
    assert_eq!(audit(&world).first_break, None);
}

#[test]
fn a_receipt_is_signed_twice_and_shown_by_its_subject() {
    let (mut world, shop) = market(570, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let receipt = pay(&mut world);
    assert!(receipt.jws);
    let challenge = "door 3, 18:00".to_owned();
    let present = Command::Present { receipt: receipt.id, challenge: challenge.clone() };
    let Outcome::Presented { file } = done(&mut world, ANA, present.clone()) else { panic!() };
    assert!(jws::read(file.jws.as_ref().unwrap()).is_ok());
    let expect = Expect { issuer: Some(shop), at: Some(world.now), ..Expect::default() };
    let shown = |challenge| verify_with(&file, &expect, &Along { notes: None, challenge: Some(challenge) });
    assert!(shown(&challenge).unwrap().shown);
    assert!(shown("door 4").is_err());
    assert!(world.ask(SHOP, present).unwrap().is_err(), "the business can't show its customer's receipt");
}

#[test]
fn a_providers_notice_counts_once_for_its_key() {
    let (mut world, shop) = market(580, &[paid_only()]);
    subscribe(&mut world, shop, "pro");
    let key: InvoiceKey = open(&world).key.parse().unwrap();
    let notice = |invoice, rail| {
        let payment = Payment::by(rail);
        Command::Paid(Box::new(PaidNotice { invoice, payment, idempotency_key: Some("evt_1".into()) }))
    };
    let first = format!("{:?}", done(&mut world, SHOP, notice(key, Rail::Manual)));
    world.crash(SHOP);
    world.run(MINUTE);
    assert_eq!(format!("{:?}", done(&mut world, SHOP, notice(key, Rail::Manual))), first);
    let other = world.ask(SHOP, notice(key, Rail::Pix)).unwrap();
    assert!(matches!(other, Err(Refusal::Billing(_))), "{other:?}");
    world.run(25 * DAY);
    let next = open(&world).key.parse().unwrap();
    assert!(world.ask(SHOP, notice(next, Rail::Manual)).unwrap().is_err(), "the key stands for another");
    assert_eq!(receipts(&world, SHOP).len(), 1);
}

#[test]
fn rails_are_offered_in_their_own_currency() {
    let (mut world, shop) = market(590, &[paid_only()]);
    let pix = Payee {
        rail: Rail::Pix,
        account: "pix@padaria.example".into(),
        name: "Padaria".into(),
        place: "Recife".into(),
    };
    let upi = Payee {
        rail: Rail::Upi,
        account: "padaria@okbank".into(),
        name: "Padaria".into(),
        place: String::new(),
    };
    for payee in [upi, pix] {
        done(&mut world, SHOP, Command::PutPayee(payee));
    }
    world.run(10 * MINUTE);
    subscribe(&mut world, shop, "pro");
    let invoice = invoices(&world, ANA).remove(0);
    assert_eq!(invoice.rails, [Rail::Manual, Rail::Pix], "rupees aren't reais");
    let text = &invoice.pay[0].text;
    assert!(text.contains(&invoice.key) && text.contains("540519.90"), "{text}");
}
