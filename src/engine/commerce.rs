//! Charging: the events of both sides, carried in conversations, kept by subscription, and chained as they come.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, Digest};
use crate::base::time::Time;
use crate::domain::billing::audit;
use crate::domain::billing::entitlement::stand;
use crate::domain::billing::history::History;
use crate::domain::billing::rail::lightning::Bolt11;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::chat::timeline::Body as Line;
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::{CONTACTS, Contact};
use crate::domain::identity::{moved, own};
use crate::engine::command::Refusal;
use crate::engine::event::Event as Shown;
use crate::engine::machine::{Engine, Step};
use crate::engine::reconcile;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::billing::{Event, EventKind, SignedEvent};
use crate::wire::content::Body;
use crate::wire::invoice_key::InvoiceKey;

/// Every event of charging, by its subscription; see [`event_key`].
pub(super) const EVENTS: Table<Recorded> = Table::new(TableId::Events, 2);
/// Subscriptions by their id.
pub(super) const SUBSCRIPTIONS: Table<Subscription> = Table::new(TableId::Subscriptions, 1);
/// The subscription of each invoice, by the invoice's key.
pub(super) const INVOICES: Table<Digest> = Table::new(TableId::Invoices, 1);
/// The subscription of each receipt, by the receipt's id.
pub(super) const RECEIPTS: Table<Digest> = Table::new(TableId::Receipts, 1);
/// The invoice of ours that each BOLT11 invoice was offered for, by its payment hash: who pays one has paid one.
pub(super) const PAYMENT_HASHES: Table<InvoiceKey> = Table::new(TableId::PaymentHashes, 1);
/// The events of the subscriptions that we are the business of, in the order that they were kept in.
pub(super) const JOURNAL: Table<Chained> = Table::new(TableId::BillingJournal, 1);
/// The end of [`JOURNAL`].
pub(super) const JOURNAL_END: Table<JournalEnd> = Table::new(TableId::BillingJournalEnd, 1);
/// The only id of both.
pub(super) const JOURNAL_ID: &[u8] = b"journal";

/// One subscription: who it is with, and when it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) id: Digest,
    /// The other side.
    pub(super) contact: AccountId,
    /// Whether we are the business.
    pub(super) issuer: bool,
    pub(super) at: Time,
}

/// One place of the journal.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Chained {
    pub(super) subscription: Digest,
    pub(super) event: Digest,
    pub(super) link: Digest,
}

/// How far the journal goes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct JournalEnd {
    pub(super) count: u64,
    pub(super) link: Digest,
}

impl Engine {
    /// An event of charging came: verified against its author's log, kept, and acted on. Returns its line.
    pub(super) fn billing_arrived(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        event: &SignedEvent,
    ) -> Option<Line> {
        let logs = moved::logs(step.tx, contact);
        let recorded = Recorded::verify_in_line(event.clone(), &logs, step.now).ok();
        let taken = recorded.filter(|recorded| {
            // A subscription goes on naming the accounts that it was made between.
            let (issuer, subject) = (recorded.event().issuer(), recorded.event().subject());
            let ours = own::current(step.tx, &contact.own);
            let theirs = recorded.kind().is_subscribers();
            let (our_side, their_side) = if theirs { (issuer, subject) } else { (subject, issuer) };
            own::current(step.tx, &our_side) == ours
                && moved::current(step.tx, &their_side) == contact.account
        });
        let taken = taken.and_then(|recorded| match recorded.kind() {
            EventKind::Subscribe => self.subscriber_came(step, contact, recorded),
            _ => self.event_came(step, contact, recorded),
        });
        if taken.is_none() {
            self.counters.refused_events += 1;
        }
        taken.map(|recorded| line(&recorded))
    }

    fn event_came(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        event: Recorded,
    ) -> Option<Recorded> {
        let subscription = event.event().subscription()?;
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes())?;
        let mut history = history(step.tx, &subscription).filter(|_| row.contact == contact.account)?;
        let believable =
            row.issuer || history.is_asked_for(event.event()) && self.is_believable(step, contact, &event);
        if !believable {
            return None;
        }
        let known = history.event(&event.id()).is_some();
        if let Event::Invoice(invoice) = event.event()
            && !row.issuer
            && leads_elsewhere(step.tx, &invoice.key, &subscription)
        {
            return None;
        }
        if !known && !history.may_say(&event) {
            return None;
        }
        let new = history.add(event.clone()).ok()?;
        if new {
            store(step.tx, &event, row.issuer);
            self.show_event(contact, &event);
            if row.issuer {
                self.subscriber_said(step, contact, history, &event);
            } else if let Event::Receipt(receipt) = event.event() {
                self.receipt_came(step, receipt);
            }
        }
        Some(event)
    }

    /// Keeps an event of ours and sends it. Whatever this node signs about money leaves through here: what must hold
    /// before anything is issued is asked for in [`Engine::may_issue`].
    pub(super) fn issue(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        event: &Recorded,
    ) -> Result<(), Refusal> {
        let issuer = !event.kind().is_subscribers();
        if issuer {
            self.may_issue(step)?;
        }
        // What can't be sent isn't kept either: else the other side would never hear of it.
        self.resend(step, contact, event)?;
        self.keep_event(step, contact, event, issuer);
        Ok(())
    }

    /// Keeps an event of ours that isn't sent, or was.
    pub(super) fn keep_event(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        event: &Recorded,
        issuer: bool,
    ) {
        store(step.tx, event, issuer);
        self.show_event(contact, event);
    }

    /// The one place that decides whether this node may issue anything as a business.
    pub(super) fn may_issue(&self, step: &Step<'_, '_>) -> Result<(), Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        reconcile::must_be(step.tx)
    }

    /// Sends an event that is kept, the same bytes as ever.
    pub(super) fn resend(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        event: &Recorded,
    ) -> Result<(), Refusal> {
        self.say(step, contact, Body::Billing(event.signed().clone()), Some(line(event))).map(|_| ())
    }

    fn show_event(&mut self, contact: &Contact, event: &Recorded) {
        let with = Address(contact.account);
        self.show(match event.event() {
            Event::Invoice(invoice) => Shown::Invoice { with, key: invoice.key.to_string() },
            Event::Receipt(_) => Shown::Receipt { with, id: event.id().to_string() },
            Event::Subscribe(_) | Event::Trial(_) | Event::Cancel(_) => return,
            _ => Shown::Charging { with, what: event.kind().word(), id: event.id().to_string() },
        });
    }

    /// The subscription of ours to a plan of a business that isn't over yet: expired, refunded and revoked ones are. One
    /// that is to the plan now goes before one that only began with it.
    pub(super) fn live(
        &self,
        step: &Step<'_, '_>,
        issuer: &AccountId,
        plan: &str,
    ) -> Option<(Arc<Subscription>, History)> {
        let with = subscriptions_with(step.tx, issuer).into_iter().filter(|row| !row.issuer);
        let of_plan = with.filter_map(|row| {
            let history = history(step.tx, &row.id)?;
            let standing = Standing::of(&history);
            let (now, asked) = (&standing.plan_at(step.now).id, &history.request().plan.id);
            let fits = now == plan || asked == plan;
            let lives = fits && !stand(&history, &standing, step.now).is_over();
            let other = now != plan;
            lives.then_some((other, row, history))
        });
        of_plan.min_by_key(|(other, row, _)| (*other, row.id)).map(|(_, row, history)| (row, history))
    }
}

/// The other side of subscriptions has another account now.
pub(super) fn contact_moved(tx: &Tx<'_>, old: &AccountId, new: AccountId) {
    for row in subscriptions_with(tx, old) {
        tx.edit(&SUBSCRIPTIONS, &SUBSCRIPTIONS.key(row.id.as_bytes()), |row| row.contact = new);
    }
}

/// All events of a subscription.
pub(super) fn history(rows: &impl Rows, subscription: &Digest) -> Option<History> {
    let events = rows.scan(&EVENTS, &EVENTS.of(subscription.as_bytes()));
    History::of(events.into_iter().map(|(_, event)| Arc::unwrap_or_clone(event)))
}

/// The contact that a subscription is with.
pub(super) fn contact_of(rows: &impl Rows, row: &Subscription) -> Option<Arc<Contact>> {
    rows.row(&CONTACTS, row.contact.as_bytes())
}

pub(super) fn subscriptions_with(rows: &impl Rows, contact: &AccountId) -> Vec<Arc<Subscription>> {
    let all = rows.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all());
    all.into_iter().map(|(_, row)| row).filter(|row| row.contact == *contact).collect()
}

/// Stores an event under its subscription, and what leads to it; what a business keeps is chained.
pub(super) fn store(tx: &Tx<'_>, event: &Recorded, issuer: bool) {
    let subscription = event.event().subscription().unwrap_or(event.id());
    tx.put(&EVENTS, event_key(&subscription, &event.id()), event.clone());
    if issuer {
        let end =
            tx.copy(&JOURNAL_END, JOURNAL_ID).unwrap_or(JournalEnd { count: 0, link: audit::BEGINNING });
        let link = audit::link(&end.link, event.signed());
        let row = Chained { subscription, event: event.id(), link };
        tx.put(&JOURNAL, JOURNAL.key_at(JOURNAL_ID, end.count), row);
        tx.put(&JOURNAL_END, JOURNAL_END.key(JOURNAL_ID), JournalEnd { count: end.count + 1, link });
    }
    match event.event() {
        Event::Invoice(invoice) => {
            tx.put(&INVOICES, INVOICES.key(invoice.key.as_str().as_bytes()), subscription)
        }
        Event::Receipt(_) => tx.put(&RECEIPTS, RECEIPTS.key(event.id().as_bytes()), subscription),
        Event::Offer(offer) if issuer => {
            if let Ok(bolt11) = Bolt11::parse(&offer.payee.account) {
                tx.put(&PAYMENT_HASHES, PAYMENT_HASHES.key(&bolt11.payment_hash), offer.invoice);
            }
        }
        _ => {}
    }
}

/// Whether an invoice's key is that of an invoice of another subscription: no business may take the place of another's.
fn leads_elsewhere(rows: &impl Rows, key: &InvoiceKey, subscription: &Digest) -> bool {
    rows.row(&INVOICES, key.as_str().as_bytes()).is_some_and(|known| *known != *subscription)
}

pub(super) fn event_key(subscription: &Digest, event: &Digest) -> Key {
    Key::under(TableId::Events, subscription.as_bytes(), event.as_bytes())
}

/// An event as a conversation shows it.
fn line(event: &Recorded) -> Line {
    let summary = match event.event() {
        Event::Subscribe(wish) => format!("subscribes to {} ({})", wish.plan.name, wish.plan.price),
        Event::Trial(trial) => format!("free trial until {}", trial.end),
        Event::Invoice(invoice) => format!("invoice {} for {}", invoice.key, invoice.amount),
        Event::Receipt(receipt) => {
            let (start, end, trust) = (receipt.period_start, receipt.period_end, receipt.trust_class.words());
            format!("receipt for {}: {start} to {end}, {trust}", receipt.amount)
        }
        Event::Cancel(_) => "cancels the subscription".to_owned(),
        Event::Offer(offer) => {
            format!("invoice {} can be paid by {}", offer.invoice, offer.payee.rail.word())
        }
        Event::Evidence(said) => {
            format!("says that invoice {} is paid by {}", said.invoice, said.rail.word())
        }
        Event::CreditNote(note) => format!("credit note for {}: {}", note.amount, note.reason),
        Event::CreditReversed(reversal) => format!("a credit note no longer counts: {}", reversal.reason),
        Event::PlanChange(change) => {
            let (credit, charge) = (change.credit, change.charge);
            format!("wants the plan {} from {} on ({charge} less {credit})", change.to.name, change.at)
        }
        Event::Agreement(answer) | Event::Consent(answer) if answer.agrees => "agrees".to_owned(),
        Event::Agreement(_) | Event::Consent(_) => "doesn't agree".to_owned(),
        Event::PriceChange(change) => {
            let (id, price, from) = (event.id(), change.to.price, change.effective);
            format!(
                "announces {price} from {from} on: `sigillo agree {id}` agrees, with `--refuse` it doesn't"
            )
        }
        Event::Pause(pause) => format!("wants to stop for a while, until {}", pause.until),
    };
    Line::Billing { kind: event.kind() as u32, id: event.id(), summary }
}
