//! Charging as a business: plans and rails, invoices and their payment, renewals, credit, agreements.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::limits;
use crate::domain::billing::book::{Book, BookError};
use crate::domain::billing::credit::Wish;
use crate::domain::billing::dunning::{Ask, Dunning};
use crate::domain::billing::entitlement::{entitlement, stand};
use crate::domain::billing::history::History;
use crate::domain::billing::payment::{Payment, proves};
use crate::domain::billing::rail::lightning::Bolt11;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::directory::profile::ProfileDraft;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::contact::Contact;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::{address, own};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::commerce::{
    INVOICES, PAYMENT_HASHES, RECEIPTS, SUBSCRIPTIONS, Subscription, contact_of, history, store,
    subscriptions_with,
};
use crate::engine::letter::PaidNotice;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::reconcile;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::wire::billing::{Event, Offer, Receipt};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::{Payee, Rail};

/// How far the asking for a subscription's renewal has come.
const DUNNING: Table<Dunning> = Table::new(TableId::Dunning, 1);
/// What a notice of payment was for, by the key that its sender gave it.
const NOTICES: Table<Notice> = Table::new(TableId::PaidNotices, 1);

/// A notice of payment that was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Notice {
    invoice: InvoiceKey,
    rail: Rail,
    evidence_hash: Option<Digest>,
}

impl Engine {
    /// Offers a plan, in the place of the one of the same id.
    pub(super) fn put_plan(&mut self, step: &Step<'_, '_>, plan: Plan) -> Result<Outcome, Refusal> {
        plan.check().map_err(|error| Refusal::Billing(error.to_string()))?;
        self.change_profile(step, |draft| {
            draft.plans.retain(|old| old.id != plan.id);
            draft.plans.push(plan);
        })
    }

    pub(super) fn remove_plan(&mut self, step: &Step<'_, '_>, id: &str) -> Result<Outcome, Refusal> {
        let mut found = false;
        let outcome = self.change_profile(step, |draft| {
            found = draft.plans.iter().any(|plan| plan.id == id);
            draft.plans.retain(|plan| plan.id != id);
        });
        if found { outcome } else { outcome.and(Err(Refusal::NoSuchPlan(id.to_owned()))) }
    }

    /// Takes money by a rail from now on, in the place of what was said of that rail before.
    pub(super) fn put_payee(&mut self, step: &Step<'_, '_>, payee: Payee) -> Result<Outcome, Refusal> {
        self.change_profile(step, |draft| {
            draft.payees.retain(|old| old.rail != payee.rail);
            draft.payees.push(payee);
            draft.payees.sort_by_key(|payee| payee.rail);
        })
    }

    pub(super) fn remove_payee(&mut self, step: &Step<'_, '_>, rail: Rail) -> Result<Outcome, Refusal> {
        self.change_profile(step, |draft| draft.payees.retain(|payee| payee.rail != rail))
    }

    pub(super) fn change_profile(
        &mut self,
        step: &Step<'_, '_>,
        change: impl FnOnce(&mut ProfileDraft),
    ) -> Result<Outcome, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        let published = step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).ok_or(Refusal::NoProfile)?;
        let mut draft = published.draft().clone();
        change(&mut draft);
        self.set_profile(step, draft)
    }

    /// Our word, as a business, that an invoice was paid. The same invoice gives the same receipt for ever, and the same
    /// notice key stands for the same payment for ever.
    pub(super) fn paid(&mut self, step: &mut Step<'_, '_>, notice: &PaidNotice) -> Result<Outcome, Refusal> {
        let said = Notice {
            invoice: notice.invoice,
            rail: notice.payment.rail,
            evidence_hash: notice.payment.evidence_hash,
        };
        if let Some(key) = &notice.idempotency_key {
            if key.is_empty() || key.len() > charging::NOTICE_KEY_MAX {
                return Err(Refusal::Billing("an idempotency key has 1 to 140 bytes".to_owned()));
            }
            if step.tx.row(&NOTICES, key.as_bytes()).is_some_and(|known| *known != said) {
                let words = "this idempotency key stands for another payment already: nothing was done";
                return Err(Refusal::Billing(words.to_owned()));
            }
        }
        let outcome = self.mark_paid(step, &notice.invoice, &notice.payment)?;
        if let Some(key) = &notice.idempotency_key {
            step.tx.put(&NOTICES, NOTICES.key(key.as_bytes()), said);
        }
        Ok(outcome)
    }

    pub(super) fn mark_paid(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &InvoiceKey,
        payment: &Payment,
    ) -> Result<Outcome, Refusal> {
        let unknown = || Refusal::NoInvoice(key.to_string());
        let subscription = step.tx.copy(&INVOICES, key.as_str().as_bytes()).ok_or_else(unknown)?;
        let (contact, mut book) = self.book(step, &subscription)?;
        let keys = self.device_keys(&contact.own);
        let known = book.history().receipt_of(key).is_some();
        let receipt = book.mark_paid(key, payment, &keys, step.now).map_err(refusal)?;
        let Event::Receipt(said) = receipt.event().clone() else { return Err(unknown()) };
        if !known {
            let logs = own::logs(step.tx, &own::current(step.tx, &contact.own));
            let receipt = match logs.last() {
                Some(log) => receipt.clone().signed_twice(&keys, log),
                None => receipt.clone(),
            };
            self.issue(step, &contact, &receipt)?;
            self.expect_renewal(step, &subscription, book.history());
        }
        let Receipt { amount, terms, .. } = said;
        Ok(Outcome::Receipted { receipt: receipt.id(), amount, subject: address::encode(&terms.subject) })
    }

    /// A further way to pay an open invoice: by Lightning, for the node that our profile names.
    pub(super) fn offer(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &InvoiceKey,
        bolt11: String,
    ) -> Result<Outcome, Refusal> {
        let wrong = |words: &str| Refusal::Billing(words.to_owned());
        let unknown = || Refusal::NoInvoice(key.to_string());
        let subscription = step.tx.copy(&INVOICES, key.as_str().as_bytes()).ok_or_else(unknown)?;
        let (contact, mut book) = self.book(step, &subscription)?;
        let parsed = Bolt11::parse(&bolt11).map_err(|error| wrong(&error.to_string()))?;
        let pinned = self.payees(step).into_iter().find(|payee| payee.rail == Rail::Lightning);
        let pinned =
            pinned.is_some_and(|payee| payee.account == data_encoding::HEXLOWER.encode(&parsed.payee));
        if !pinned {
            return Err(wrong(
                "the BOLT11 invoice is for another node than `sigillo rail` names: name it first",
            ));
        }
        let of = step.tx.row(&PAYMENT_HASHES, &parsed.payment_hash);
        if of.is_some_and(|of| *of != *key) {
            return Err(wrong(
                "the BOLT11 invoice was offered for another invoice already: make one for each of them",
            ));
        }
        if parsed.millisatoshi.is_none() || parsed.expires <= step.now {
            return Err(wrong("the BOLT11 invoice names no amount, or has expired"));
        }
        let payee =
            Payee { rail: Rail::Lightning, account: bolt11, name: String::new(), place: String::new() };
        let invoice = book.history().invoice(key).ok_or_else(unknown)?;
        if step.now >= invoice.expires || book.history().receipt_of(key).is_some() {
            return Err(wrong("the invoice is paid already, or has expired"));
        }
        let keys = self.device_keys(&contact.own);
        let parties = book.history().parties();
        let offer = Event::Offer(Offer { parties, invoice: *key, payee, issued_at: step.now });
        let recorded = Recorded::sign(&keys, offer);
        book.on_event(recorded.clone()).map_err(refusal)?;
        self.issue(step, &contact, &recorded)?;
        Ok(Outcome::Said { id: recorded.id() })
    }

    /// Gives money back, or takes a receipt back.
    pub(super) fn credit(&mut self, step: &mut Step<'_, '_>, wish: &Wish) -> Result<Outcome, Refusal> {
        let none = || Refusal::Billing("there is no such receipt here".to_owned());
        let subscription = step.tx.copy(&RECEIPTS, wish.receipt.as_bytes()).ok_or_else(none)?;
        let (contact, mut book) = self.book(step, &subscription)?;
        let keys = self.device_keys(&contact.own);
        let known = book.clone();
        let note = book.credit(wish, &keys, step.now).map_err(refusal)?;
        self.issue_new(step, &contact, &known, &note)?;
        Ok(Outcome::Said { id: note.id() })
    }

    /// Takes a credit note back.
    pub(super) fn reverse(
        &mut self,
        step: &mut Step<'_, '_>,
        note: &Digest,
        reason: &str,
    ) -> Result<Outcome, Refusal> {
        let all = step.tx.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all()).into_iter().map(|(_, row)| row);
        let mut ours = all.filter(|row| row.issuer);
        let row = ours.find(|row| history(step.tx, &row.id).is_some_and(|h| h.event(note).is_some()));
        let row = row.ok_or_else(|| Refusal::Billing("there is no such credit note here".to_owned()))?;
        let (contact, mut book) = self.book(step, &row.id)?;
        let keys = self.device_keys(&contact.own);
        let known = book.clone();
        let reversal = book.reverse(note, reason, &keys, step.now).map_err(refusal)?;
        self.issue_new(step, &contact, &known, &reversal)?;
        Ok(Outcome::Said { id: reversal.id() })
    }

    /// Announces the terms that a plan is offered under now to all whose terms are older: they may consent.
    pub(super) fn announce_price(&mut self, step: &mut Step<'_, '_>, plan: &str) -> Result<Outcome, Refusal> {
        let offered = self.own_plans(step).into_iter().find(|offered| offered.id == plan);
        let offered = offered.ok_or_else(|| Refusal::NoSuchPlan(plan.to_owned()))?;
        let rows = step.tx.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all());
        let mut told = 0;
        for (_, row) in rows.into_iter().filter(|(_, row)| row.issuer) {
            let Ok((contact, mut book)) = self.book(step, &row.id) else { continue };
            let standing = Standing::of(book.history());
            let over = stand(book.history(), &standing, step.now).is_over();
            let current = standing.last_plan();
            if over || current.id != offered.id || current.version >= offered.version {
                continue;
            }
            let keys = self.device_keys(&contact.own);
            let known = book.clone();
            if let Ok(said) = book.announce(&offered, &keys, step.now) {
                self.issue_new(step, &contact, &known, &said)?;
                told += 1;
            }
        }
        Ok(Outcome::Announced { subscriptions: told })
    }

    /// Somebody subscribes: the trial, if there is one, and the first invoice follow at once.
    pub(super) fn subscriber_came(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        request: Recorded,
    ) -> Option<Recorded> {
        self.may_issue(step).ok()?;
        let id = request.id();
        let mine = subscriptions_with(step.tx, &contact.account);
        if mine.len() >= charging::SUBSCRIPTIONS_MAX || mine.iter().any(|row| row.id == id) {
            return None;
        }
        let offered = self.own_plans(step);
        let Event::Subscribe(wish) = request.event() else { return None };
        let trial_used =
            mine.iter().filter(|row| row.issuer).filter_map(|row| history(step.tx, &row.id)).any(|history| {
                history.request().plan.id == wish.plan.id && history.trials().next().is_some()
            });
        let keys = self.device_keys(&contact.own);
        let opened = Book::on_subscribe(request.clone(), wish.issuer, &keys, &offered, trial_used, step.now);
        let (mut book, trial) = opened.ok()?;
        let row = Subscription { id, contact: contact.account, issuer: true, at: step.now };
        step.tx.put(&SUBSCRIPTIONS, SUBSCRIPTIONS.key(id.as_bytes()), row);
        store(step.tx, &request, true);
        let payees = self.payees(step);
        let invoice = book.issue_invoice(&payees, &keys, step.rng, step.now).ok();
        for event in [trial, invoice].into_iter().flatten() {
            let _ = self.issue(step, contact, &event);
        }
        self.expect_renewal(step, &id, book.history());
        Some(request)
    }

    /// A subscriber said something new about a subscription that we are the business of.
    pub(super) fn subscriber_said(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        history: History,
        said: &Recorded,
    ) {
        let keys = self.device_keys(&contact.own);
        let mut book = Book::new(history);
        match said.event() {
            Event::Evidence(evidence)
                if evidence.rail == Rail::Lightning
                    && proves(book.history(), &evidence.invoice, &evidence.proof) =>
            {
                let hash = Digest::new(crate::crypto::hash::sha256(&[&evidence.proof]));
                let payment =
                    Payment { evidence_hash: Some(hash), proven: true, ..Payment::by(Rail::Lightning) };
                let _ = self.mark_paid(step, &evidence.invoice, &payment);
            }
            Event::PlanChange(change) => {
                let offered = self.own_plans(step);
                let Ok(agreed) = book.agree_to_change(&said.id(), &offered, &keys, step.now) else {
                    self.counters.refused_events += 1;
                    return;
                };
                let _ = self.issue(step, contact, &agreed);
                if change.due().minor > 0 {
                    let payees = self.payees(step);
                    let change = (change, said.id());
                    let invoice = book.issue_change_invoice(change, &payees, &keys, step.rng, step.now);
                    if let Ok(invoice) = invoice {
                        let _ = self.issue(step, contact, &invoice);
                    }
                }
            }
            Event::Pause(_) => {
                if let Ok(agreed) = book.agree_to_pause(&said.id(), &keys, step.now) {
                    let _ = self.issue(step, contact, &agreed);
                    let subscription = book.history().subscription();
                    self.expect_renewal(step, &subscription, book.history());
                }
            }
            _ => {}
        }
    }

    /// What is paid for ends some day: from when on it is asked for more is put on the agenda.
    fn expect_renewal(&mut self, step: &Step<'_, '_>, subscription: &Digest, history: &History) {
        let pauses = Standing::of(history).pauses.iter().map(|pause| pause.until).max();
        let Some(end) = history.coverage_end().map(|end| pauses.map_or(end, |until| until.max(end))) else {
            return;
        };
        let id = subscription.as_bytes();
        let mut dunning =
            step.tx.copy(&DUNNING, id).filter(|known| known.end == end).unwrap_or(Dunning::new(end));
        if dunning.done == 0 {
            // Whoever pays or begins now isn't reminded of days that were before.
            let _ = dunning.catch_up(step.now);
        }
        step.tx.put(&DUNNING, DUNNING.key(id), dunning);
        match dunning.next() {
            Some(next) => self.agenda.set(step.tx, Job::Renew(*subscription), next),
            None => self.agenda.clear(step.tx, &Job::Renew(*subscription)),
        }
    }

    /// A step of the asking is due: the next period's invoice goes out, or the open one once more, byte for byte.
    pub(super) fn renew(&mut self, step: &mut Step<'_, '_>, subscription: &Digest) {
        let id = subscription.as_bytes();
        if !reconcile::may_issue(step.tx) {
            // Nothing is lost of it while a restored business looks for what it had said.
            return self.agenda.set(step.tx, Job::Renew(*subscription), step.now.plus(limits::RETRY_LAST));
        }
        let Ok((contact, mut book)) = self.book(step, subscription) else { return };
        let Some(mut dunning) = step.tx.copy(&DUNNING, id) else {
            let history = book.history().clone();
            return self.expect_renewal(step, subscription, &history);
        };
        let ask = dunning.catch_up(step.now);
        step.tx.put(&DUNNING, DUNNING.key(id), dunning);
        if let Some(next) = dunning.next() {
            self.agenda.set(step.tx, Job::Renew(*subscription), next);
        }
        if ask == Ask::Nothing || entitlement(book.history(), step.now).is_over() {
            return;
        }
        let keys = self.device_keys(&contact.own);
        let payees = self.payees(step);
        let known = book.clone();
        if let Ok(invoice) = book.issue_invoice(&payees, &keys, step.rng, step.now) {
            let _ = if known.history().event(&invoice.id()).is_some() {
                self.resend(step, &contact, &invoice)
            } else {
                self.issue(step, &contact, &invoice)
            };
        }
    }

    /// The book of a subscription that we are the business of.
    fn book(
        &self,
        step: &Step<'_, '_>,
        subscription: &Digest,
    ) -> Result<(std::sync::Arc<Contact>, Book), Refusal> {
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).ok_or(Refusal::NotABusiness)?;
        if !row.issuer {
            return Err(Refusal::NotABusiness);
        }
        let history = history(step.tx, subscription).ok_or(Refusal::Stopping)?;
        contact_of(step.tx, &row).ok_or(Refusal::Stopping)?;
        let contact = self.may_write(step, &row.contact)?;
        Ok((contact, Book::new(history)))
    }

    /// Issues what isn't in the book as it was before.
    fn issue_new(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        known: &Book,
        event: &Recorded,
    ) -> Result<(), Refusal> {
        if known.history().event(&event.id()).is_some() { Ok(()) } else { self.issue(step, contact, event) }
    }

    fn own_plans(&self, step: &Step<'_, '_>) -> Vec<Plan> {
        step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).map(|own| own.draft().plans.clone()).unwrap_or_default()
    }

    fn payees(&self, step: &Step<'_, '_>) -> Vec<Payee> {
        step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).map(|own| own.draft().payees.clone()).unwrap_or_default()
    }

    /// The keys that this business signs with.
    pub(super) fn business_keys(&mut self) -> std::sync::Arc<DeviceKeys> {
        let account = self.account;
        self.device_keys(&account)
    }
}

fn refusal(error: BookError) -> Refusal {
    Refusal::Billing(error.to_string())
}
