//! Charging: the events of both sides, carried in conversations and kept by subscription.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::book::{Book, Payment};
use crate::domain::billing::entitlement::entitlement;
use crate::domain::billing::history::History;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::subscriber;
use crate::domain::chat::timeline::Body as Line;
use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::identity::address::{self, Address};
use crate::domain::identity::contact::{CONTACTS, Contact};
use crate::domain::identity::{moved, own};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::event::Event as Shown;
use crate::engine::lookups::FOUND;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::publish::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::engine::reconcile;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::billing::{CancelWhen, Event, EventKind, InvoiceKey, SignedEvent};
use crate::wire::content::Body;
use crate::wire::plan::Plan;

/// Every event of charging, by its subscription; see [`event_key`].
const EVENTS: Table<Recorded> = Table::new(TableId::Events, 1);
/// Subscriptions by their id.
pub(super) const SUBSCRIPTIONS: Table<Subscription> = Table::new(TableId::Subscriptions, 1);
/// The subscription of each invoice, by the invoice's key.
const INVOICES: Table<Digest> = Table::new(TableId::Invoices, 1);
/// The subscription of each receipt, by the receipt's id.
pub(super) const RECEIPTS: Table<Digest> = Table::new(TableId::Receipts, 1);

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

/// Subscriptions that one subscriber may ask for.
const SUBSCRIPTIONS_MAX: usize = 64;

impl Engine {
    /// Offers a plan, in the place of the one of the same id.
    pub(super) fn put_plan(&mut self, step: &Step<'_, '_>, plan: Plan) -> Result<Outcome, Refusal> {
        plan.check().map_err(|error| Refusal::Billing(error.to_string()))?;
        self.change_plans(step, |plans| {
            plans.retain(|old| old.id != plan.id);
            plans.push(plan);
        })
    }

    pub(super) fn remove_plan(&mut self, step: &Step<'_, '_>, id: &str) -> Result<Outcome, Refusal> {
        let mut found = false;
        let outcome = self.change_plans(step, |plans| {
            found = plans.iter().any(|plan| plan.id == id);
            plans.retain(|plan| plan.id != id);
        });
        if found { outcome } else { outcome.and(Err(Refusal::NoSuchPlan(id.to_owned()))) }
    }

    fn change_plans(
        &mut self,
        step: &Step<'_, '_>,
        change: impl FnOnce(&mut Vec<Plan>),
    ) -> Result<Outcome, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        let published = step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).ok_or(Refusal::NoProfile)?;
        let mut draft = published.draft().clone();
        change(&mut draft.plans);
        self.set_profile(step, draft)
    }

    /// Asks a business, whose profile was just fetched, for a subscription.
    pub(super) fn subscribe_to(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        plan: &str,
    ) -> Result<Outcome, Refusal> {
        if self.is_business() {
            return Err(Refusal::NotAPerson);
        }
        let profile = step.tx.copy(&FOUND, contact.account.as_bytes()).and_then(|floor| floor.record);
        let profile = profile.and_then(|record| VerifiedProfile::verify(&record, step.now).ok());
        let offered = profile.as_ref().map(|profile| profile.profile().plans.as_slice()).unwrap_or_default();
        let offered = offered.iter().find(|offered| offered.id == plan);
        let offered = offered.ok_or_else(|| Refusal::NoSuchPlan(plan.to_owned()))?.clone();
        if let Some((_, history)) = self.live(step, &contact.account, plan) {
            let state = entitlement(&history, step.now).state;
            return Err(Refusal::Billing(format!(
                "there is a subscription to {plan} already: it is {state:?}"
            )));
        }
        let keys = self.device_keys(&contact.own);
        let subject = own::current(step.tx, &contact.own);
        let request = subscriber::subscribe(&keys, subject, contact.account, offered, step.rng, step.now);
        let request = request.map_err(|error| Refusal::Billing(error.to_string()))?;
        let id = request.id();
        let row = Subscription { id, contact: contact.account, issuer: false, at: step.now };
        step.tx.put(&SUBSCRIPTIONS, SUBSCRIPTIONS.key(id.as_bytes()), row);
        self.issue(step, contact, &request)?;
        Ok(Outcome::Subscribed { id })
    }

    /// Ends a subscription of ours when what is paid for ends.
    pub(super) fn cancel(
        &mut self,
        step: &mut Step<'_, '_>,
        issuer: &AccountId,
        plan: &str,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, issuer)?;
        let live = self.live(step, issuer, plan).filter(|(row, _)| !row.issuer);
        let (_, history) = live.ok_or_else(|| Refusal::NoSubscription(plan.to_owned()))?;
        if history.cancels().next().is_some() {
            return Ok(Outcome::Done);
        }
        let keys = self.device_keys(&contact.own);
        let event = subscriber::cancel(&history, &keys, CancelWhen::AtPeriodEnd, step.now);
        self.issue(step, &contact, &event)?;
        Ok(Outcome::Done)
    }

    /// Our word, as a business, that an invoice was paid. The same invoice gives the same receipt for ever.
    pub(super) fn mark_paid(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &InvoiceKey,
    ) -> Result<Outcome, Refusal> {
        reconcile::must_be(step.tx)?;
        let unknown = || Refusal::NoInvoice(key.to_string());
        let subscription = step.tx.copy(&INVOICES, key.as_str().as_bytes()).ok_or_else(unknown)?;
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).ok_or_else(unknown)?;
        if !row.issuer {
            return Err(Refusal::NotABusiness);
        }
        let history = history(step.tx, &subscription).ok_or_else(unknown)?;
        let contact = self.may_write(step, &row.contact)?;
        let keys = self.device_keys(&contact.own);
        let mut book = Book::new(history);
        let known = book.history().receipt_of(key).is_some();
        let receipt = book.mark_paid(key, &Payment::manual(), &keys, step.now);
        let receipt = receipt.map_err(|error| Refusal::Billing(error.to_string()))?;
        let Event::Receipt(said) = receipt.event() else { return Err(unknown()) };
        if !known {
            self.issue(step, &contact, &receipt)?;
            let renewal = said.period_end.minus(limits::RENEWAL_NOTICE).max(step.now);
            self.agenda.set(step.tx, Job::Renew(subscription), renewal);
        }
        Ok(Outcome::Receipted {
            receipt: receipt.id(),
            amount: said.amount,
            subject: address::encode(&said.terms.subject),
        })
    }

    /// A paid period ends soon: the next one's invoice goes out, unless the subscriber has cancelled.
    pub(super) fn renew(&mut self, step: &mut Step<'_, '_>, subscription: &Digest) {
        let Some(row) = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).filter(|row| row.issuer) else {
            return;
        };
        let Some(history) = history(step.tx, subscription) else { return };
        let Ok(contact) = self.may_write(step, &row.contact) else { return };
        let keys = self.device_keys(&contact.own);
        if let Ok(invoice) = Book::new(history).issue_invoice(&keys, step.rng, step.now) {
            let _ = self.issue(step, &contact, &invoice);
        }
    }

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
            let (our_side, their_side) = match recorded.kind() {
                EventKind::Subscribe | EventKind::Cancel => (issuer, subject),
                EventKind::Trial | EventKind::Invoice | EventKind::Receipt => (subject, issuer),
            };
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

    /// Somebody subscribes: the trial, if there is one, and the first invoice follow at once.
    fn subscriber_came(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        request: Recorded,
    ) -> Option<Recorded> {
        if !reconcile::may_issue(step.tx) {
            return None;
        }
        let id = request.id();
        let mine = subscriptions_with(step.tx, &contact.account);
        if mine.len() >= SUBSCRIPTIONS_MAX || mine.iter().any(|row| row.id == id) {
            return None;
        }
        let offered = step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID)?.draft().plans.clone();
        let Event::Subscribe(wish) = request.event() else { return None };
        let trial_used = mine
            .iter()
            .filter_map(|row| history(step.tx, &row.id))
            .any(|history| history.request().plan.id == wish.plan.id && history.trials().next().is_some());
        let keys = self.device_keys(&contact.own);
        let opened = Book::on_subscribe(request.clone(), wish.issuer, &keys, &offered, trial_used, step.now);
        let (mut book, trial) = opened.ok()?;
        let row = Subscription { id, contact: contact.account, issuer: true, at: step.now };
        step.tx.put(&SUBSCRIPTIONS, SUBSCRIPTIONS.key(id.as_bytes()), row);
        store(step.tx, &request);
        let invoice = book.issue_invoice(&keys, step.rng, step.now).ok();
        for event in [trial, invoice].into_iter().flatten() {
            let _ = self.issue(step, contact, &event);
        }
        Some(request)
    }

    fn event_came(&mut self, step: &Step<'_, '_>, contact: &Contact, event: Recorded) -> Option<Recorded> {
        let subscription = event.event().subscription()?;
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes())?;
        let mut history = history(step.tx, &subscription).filter(|_| row.contact == contact.account)?;
        let new = history.add(event.clone()).ok()?;
        if new {
            store(step.tx, &event);
            self.show_event(contact, &event);
        }
        Some(event)
    }

    /// Keeps an event of ours and sends it.
    fn issue(&mut self, step: &mut Step<'_, '_>, contact: &Contact, event: &Recorded) -> Result<(), Refusal> {
        store(step.tx, event);
        self.show_event(contact, event);
        self.say(step, contact, Body::Billing(event.signed().clone()), Some(line(event))).map(|_| ())
    }

    fn show_event(&mut self, contact: &Contact, event: &Recorded) {
        let with = Address(contact.account);
        match event.event() {
            Event::Invoice(invoice) => self.show(Shown::Invoice { with, key: invoice.key.to_string() }),
            Event::Receipt(_) => self.show(Shown::Receipt { with, id: event.id().to_string() }),
            Event::Subscribe(_) | Event::Trial(_) | Event::Cancel(_) => {}
        }
    }

    /// The subscription to a plan that isn't over yet.
    fn live(
        &self,
        step: &Step<'_, '_>,
        contact: &AccountId,
        plan: &str,
    ) -> Option<(Arc<Subscription>, History)> {
        use crate::domain::billing::entitlement::State;
        let with = subscriptions_with(step.tx, contact).into_iter();
        let mut histories = with.filter_map(|row| history(step.tx, &row.id).map(|history| (row, history)));
        histories.find(|(_, history)| {
            history.request().plan.id == plan && entitlement(history, step.now).state != State::Expired
        })
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

fn subscriptions_with(rows: &impl Rows, contact: &AccountId) -> Vec<Arc<Subscription>> {
    let all = rows.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all());
    all.into_iter().map(|(_, row)| row).filter(|row| row.contact == *contact).collect()
}

/// Stores an event under its subscription, and what leads to it.
fn store(tx: &Tx<'_>, event: &Recorded) {
    let subscription = event.event().subscription().unwrap_or(event.id());
    tx.put(&EVENTS, event_key(&subscription, &event.id()), event.clone());
    match event.event() {
        Event::Invoice(invoice) => {
            tx.put(&INVOICES, INVOICES.key(invoice.key.as_str().as_bytes()), subscription)
        }
        Event::Receipt(_) => tx.put(&RECEIPTS, RECEIPTS.key(event.id().as_bytes()), subscription),
        Event::Subscribe(_) | Event::Trial(_) | Event::Cancel(_) => {}
    }
}

fn event_key(subscription: &Digest, event: &Digest) -> Key {
    Key::under(TableId::Events, subscription.as_bytes(), event.as_bytes())
}

/// An event as a conversation shows it.
fn line(event: &Recorded) -> Line {
    let summary = match event.event() {
        Event::Subscribe(wish) => format!("subscribes to {} ({})", wish.plan.name, wish.plan.price),
        Event::Trial(trial) => format!("free trial until {}", trial.end),
        Event::Invoice(invoice) => format!("invoice {} for {}", invoice.key, invoice.amount),
        Event::Receipt(receipt) => {
            format!("receipt for {}: {} to {}", receipt.amount, receipt.period_start, receipt.period_end)
        }
        Event::Cancel(_) => "cancels the subscription".to_owned(),
    };
    Line::Billing { kind: event.kind() as u32, id: event.id(), summary }
}
