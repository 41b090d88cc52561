//! Charging as a subscriber: subscribing, leaving, changing, pausing, saying what was paid, showing receipts.

use crate::base::charging;
use crate::base::id::{AccountId, Digest};
use crate::base::time::Time;
use crate::domain::billing::agreement;
use crate::domain::billing::entitlement::entitlement;
use crate::domain::billing::history::History;
use crate::domain::billing::rail::lightning::Bolt11;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::shown;
use crate::domain::billing::subscriber;
use crate::domain::directory::found::FOUND;
use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::{address, moved, own};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::commerce::{
    EVENTS, INVOICES, RECEIPTS, SUBSCRIPTIONS, Subscription, contact_of, event_key, history,
};
use crate::engine::ledger;
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::billing::{CancelWhen, Event};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::Rail;

impl Engine {
    /// Asks a business, whose profile was just fetched, for a subscription.
    pub(super) fn subscribe_to(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        plan: &str,
    ) -> Result<Outcome, Refusal> {
        let offered = offered(step, contact, plan)?;
        if let Some((_, history)) = self.live(step, &contact.account, plan) {
            let state = entitlement(&history, step.now).state.words();
            return Err(Refusal::Billing(format!(
                "there is a subscription to {plan} already: it is {state}"
            )));
        }
        let keys = self.device_keys(&contact.own);
        let subject = own::current(step.tx, &contact.own);
        let request = subscriber::subscribe(&keys, subject, contact.account, offered, step.rng, step.now);
        let request = request.map_err(|error| Refusal::Billing(error.to_string()))?;
        let id = request.id();
        let row = Subscription { id, contact: contact.account, issuer: false, at: step.now };
        self.issue(step, contact, &request)?;
        step.tx.put(&SUBSCRIPTIONS, SUBSCRIPTIONS.key(id.as_bytes()), row);
        Ok(Outcome::Subscribed { id })
    }

    /// Asks a business, whose profile was just fetched, for another plan in the place of one.
    pub(super) fn change_plan(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        plan: &str,
        to: &str,
    ) -> Result<Outcome, Refusal> {
        let to = offered(step, contact, to)?;
        let history = self.ours(step, &contact.account, plan)?;
        let change = agreement::propose_change(&history, to, step.now);
        let change = change.map_err(|error| Refusal::Billing(error.to_string()))?;
        let (at, due) = (change.at, change.due());
        let id = self.sign(step, contact, Event::PlanChange(change))?;
        Ok(Outcome::ChangeAsked { id, at, due })
    }

    /// Ends a subscription of ours, when what is paid for ends or at once. It needs nobody's consent: it counts here at
    /// once also where the business is blocked, which then isn't told. Asking again sends the same bytes again.
    pub(super) fn cancel(
        &mut self,
        step: &mut Step<'_, '_>,
        issuer: &AccountId,
        plan: &str,
        when: CancelWhen,
    ) -> Result<Outcome, Refusal> {
        let contact = moved::contact(step.tx, issuer).filter(|contact| !contact.is_ourselves());
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(issuer)))?;
        let told = self.may_write(step, issuer).is_ok();
        let history = self.ours(step, &contact.account, plan)?;
        let known = history.events().find(|recorded| match recorded.event() {
            Event::Cancel(cancel) => cancel.when == when || cancel.when == CancelWhen::Now,
            _ => false,
        });
        if let Some(known) = known {
            return if told { self.resend(step, &contact, known) } else { Ok(()) }.map(|()| Outcome::Done);
        }
        let keys = self.device_keys(&contact.own);
        let event = subscriber::cancel(&history, &keys, when, step.now);
        if told {
            self.issue(step, &contact, &event)?;
        } else {
            self.keep_event(step, &contact, &event, false);
        }
        Ok(Outcome::Done)
    }

    /// Asks to stop for a while when what is paid for ends.
    pub(super) fn pause(
        &mut self,
        step: &mut Step<'_, '_>,
        issuer: &AccountId,
        plan: &str,
        until: Time,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, issuer)?;
        let history = self.ours(step, issuer, plan)?;
        let event = agreement::propose_pause(&history, until, step.now);
        let event = event.map_err(|error| Refusal::Billing(error.to_string()))?;
        self.sign(step, &contact, event).map(|id| Outcome::Said { id })
    }

    /// Our answer to another price.
    pub(super) fn answer_price(
        &mut self,
        step: &mut Step<'_, '_>,
        change: &Digest,
        agrees: bool,
    ) -> Result<Outcome, Refusal> {
        let all = step.tx.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all()).into_iter().map(|(_, row)| row);
        let mut ours = all.filter(|row| !row.issuer);
        let row = ours.find(|row| step.tx.get(&EVENTS, &event_key(&row.id, change)).is_some());
        let row = row.ok_or_else(|| Refusal::Billing("there is no such price change here".to_owned()))?;
        let contact = self.may_write(step, &row.contact)?;
        let history = history(step.tx, &row.id).ok_or(Refusal::Stopping)?;
        let event = agreement::consent(&history, change, agrees, step.now);
        let event = event.map_err(|error| Refusal::Billing(error.to_string()))?;
        self.sign(step, &contact, event).map(|id| Outcome::Said { id })
    }

    /// Our word, with proof where the rail has one, that an invoice is paid.
    pub(super) fn say_paid(
        &mut self,
        step: &mut Step<'_, '_>,
        key: &InvoiceKey,
        rail: Rail,
        proof: Vec<u8>,
    ) -> Result<Outcome, Refusal> {
        let unknown = || Refusal::NoInvoice(key.to_string());
        let subscription = step.tx.copy(&INVOICES, key.as_str().as_bytes()).ok_or_else(unknown)?;
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).ok_or_else(unknown)?;
        if row.issuer {
            return Err(Refusal::Billing("this is an invoice of yours: mark it paid".to_owned()));
        }
        if proof.len() > charging::EVIDENCE_MAX || (rail == Rail::Lightning && proof.len() != 32) {
            return Err(Refusal::Billing(
                "evidence has at most 256 bytes; of Lightning it is the preimage, 64 hexadecimal digits"
                    .to_owned(),
            ));
        }
        let contact = self.may_write(step, &row.contact)?;
        let history = history(step.tx, &subscription).ok_or_else(unknown)?;
        let keys = self.device_keys(&contact.own);
        let said = subscriber::evidence(&history, &keys, *key, rail, proof, step.now);
        self.issue(step, &contact, &said)?;
        Ok(Outcome::Said { id: said.id() })
    }

    /// A receipt of ours as a file, with our answer to a challenge.
    pub(super) fn present(
        &mut self,
        step: &Step<'_, '_>,
        receipt: &Digest,
        challenge: &str,
    ) -> Result<Outcome, Refusal> {
        if !shown::is_challenge(challenge) {
            return Err(Refusal::Billing("a challenge is one line of 1 to 140 bytes".to_owned()));
        }
        let none = || Refusal::Billing("there is no such receipt of yours here".to_owned());
        let subscription = step.tx.copy(&RECEIPTS, receipt.as_bytes()).ok_or_else(none)?;
        let row = step.tx.row(&SUBSCRIPTIONS, subscription.as_bytes()).filter(|row| !row.issuer);
        let contact = row.and_then(|row| contact_of(step.tx, &row)).ok_or_else(none)?;
        let mut file = ledger::receipt_file(step.tx, receipt).ok_or_else(none)?;
        let keys = self.device_keys(&contact.own);
        let line = own::logs(step.tx, &own::current(step.tx, &contact.own));
        let subject = history(step.tx, &subscription).map(|history| history.request().subject);
        let from = line.iter().position(|log| Some(log.account()) == subject).unwrap_or_default();
        file.shown = Some(shown::present(*receipt, challenge, &keys, &line[from..], step.now));
        Ok(Outcome::Presented { file: Box::new(file) })
    }

    /// Whether what a business says can be believed of it: a Lightning invoice must be for the node that its profile
    /// names, so that nobody who holds its keys for a while sends the money elsewhere unseen.
    pub(super) fn is_believable(&self, step: &Step<'_, '_>, contact: &Contact, event: &Recorded) -> bool {
        let Event::Offer(offer) = event.event() else { return true };
        if offer.payee.rail != Rail::Lightning {
            return true;
        }
        let Ok(invoice) = Bolt11::parse(&offer.payee.account) else { return false };
        let profile = step.tx.copy(&FOUND, contact.account.as_bytes()).and_then(|floor| floor.record);
        // The profile as it was last seen: it may have expired since.
        let record = profile.and_then(|bytes| crate::wire::record::ProfileRecord::decode(&bytes).ok());
        let profile =
            record.and_then(|record| crate::wire::record::Profile::decode(record.profile.unverified()).ok());
        let Some(profile) = profile else { return false };
        let pinned = profile.payees.iter().find(|payee| payee.rail == Rail::Lightning);
        pinned.is_some_and(|payee| payee.account == data_encoding::HEXLOWER.encode(&invoice.payee))
    }

    /// Signs, keeps and sends an event of ours.
    fn sign(&mut self, step: &mut Step<'_, '_>, contact: &Contact, event: Event) -> Result<Digest, Refusal> {
        let keys = self.device_keys(&contact.own);
        let recorded = Recorded::sign(&keys, event);
        self.issue(step, contact, &recorded)?;
        Ok(recorded.id())
    }

    /// The subscription of ours to a plan.
    fn ours(&self, step: &Step<'_, '_>, issuer: &AccountId, plan: &str) -> Result<History, Refusal> {
        self.live(step, issuer, plan)
            .map(|(_, history)| history)
            .ok_or_else(|| Refusal::NoSubscription(plan.to_owned()))
    }
}

/// A plan as the business offers it in its profile.
fn offered(step: &Step<'_, '_>, contact: &Contact, plan: &str) -> Result<Plan, Refusal> {
    let profile = step.tx.copy(&FOUND, contact.account.as_bytes()).and_then(|floor| floor.record);
    let profile = profile.and_then(|record| VerifiedProfile::verify(&record, step.now).ok());
    let plans = profile.as_ref().map(|profile| profile.profile().plans.as_slice()).unwrap_or_default();
    let found = plans.iter().find(|offered| offered.id == plan);
    found.cloned().ok_or_else(|| Refusal::NoSuchPlan(plan.to_owned()))
}
