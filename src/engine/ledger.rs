//! Pure queries about charging: subscriptions, invoices and receipts as screens and files show them.

use std::sync::Arc;

use serde::Serialize;

use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::entitlement::{State, entitlement};
use crate::domain::billing::export::{self, Expect, ReceiptFile};
use crate::domain::billing::history::History;
use crate::domain::identity::address;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::{moved, own};
use crate::engine::commerce::{RECEIPTS, SUBSCRIPTIONS, Subscription, contact_of, history};
use crate::store::table::Rows;
use crate::wire::billing::{Rail, Receipt, TrustClass};
use crate::wire::plan::Plan;

/// One subscription, ours or a customer's.
#[derive(Clone, Debug, Serialize)]
pub struct SubscriptionView {
    /// Its id.
    pub id: Digest,
    /// The other side's address.
    pub with: String,
    /// What they are called here.
    pub name: String,
    /// `issuer` where we are the business, else `subscriber`.
    pub we_are: &'static str,
    /// The plan, as it was signed.
    pub plan: Plan,
    /// What it entitles to now.
    pub state: State,
    /// Whether that is access.
    pub access: bool,
    /// From when on another state holds.
    pub until: Option<Time>,
    /// When it was asked for.
    pub since: Time,
}

/// One invoice.
#[derive(Clone, Debug, Serialize)]
pub struct InvoiceView {
    /// What it is known by.
    pub key: String,
    /// The other side's address.
    pub with: String,
    /// What they are called here.
    pub name: String,
    /// `issuer` where we are the business, else `subscriber`.
    pub we_are: &'static str,
    /// The plan's id.
    pub plan: String,
    /// What is to be paid.
    pub amount: Money,
    /// The period it would pay for.
    pub period_start: Time,
    /// Its end (exclusive).
    pub period_end: Time,
    /// How it may be paid.
    pub rails: Vec<Rail>,
    /// From when on it can no longer be paid.
    pub expires: Time,
    /// `open`, `paid` or `expired`.
    pub state: &'static str,
    /// The receipt, if it is paid.
    pub receipt: Option<Digest>,
}

/// One receipt.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptView {
    /// SHA-256 of what was signed.
    pub id: Digest,
    /// The other side's address.
    pub with: String,
    /// What they are called here.
    pub name: String,
    /// `issuer` where we are the business, else `subscriber`.
    pub we_are: &'static str,
    /// What it says.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// How much it proves that money moved.
    pub trust: &'static str,
    /// Whether another, different receipt of the same number is known: the issuer contradicts itself.
    pub contradicted: bool,
}

/// All subscriptions, the latest first.
pub fn subscriptions(rows: &impl Rows, now: Time) -> Vec<SubscriptionView> {
    all(rows).map(|(row, contact, history)| subscription(&row, &contact, &history, now)).collect()
}

/// All invoices, the latest first.
pub fn invoices(rows: &impl Rows, now: Time) -> Vec<InvoiceView> {
    let mut invoices: Vec<(Time, InvoiceView)> = Vec::new();
    for (row, contact, history) in all(rows) {
        for (invoice, _) in history.invoices() {
            let receipt = history.receipt_of(&invoice.key).map(|(_, recorded)| recorded.id());
            let state = match receipt {
                Some(_) => "paid",
                None if now >= invoice.expires => "expired",
                None => "open",
            };
            let view = InvoiceView {
                key: invoice.key.to_string(),
                with: address::encode(&row.contact),
                name: contact.name.clone(),
                we_are: role(&row),
                plan: invoice.terms.plan.clone(),
                amount: invoice.amount,
                period_start: invoice.period_start,
                period_end: invoice.period_end,
                rails: invoice.rails.clone(),
                expires: invoice.expires,
                state,
                receipt,
            };
            invoices.push((invoice.issued_at, view));
        }
    }
    invoices.sort_by_key(|(at, view)| (core::cmp::Reverse(*at), view.key.clone()));
    invoices.into_iter().map(|(_, view)| view).collect()
}

/// All receipts, the latest first.
pub fn receipts(rows: &impl Rows) -> Vec<ReceiptView> {
    let mut receipts: Vec<ReceiptView> = Vec::new();
    for (row, contact, history) in all(rows) {
        let contradicted: Vec<Digest> =
            history.equivocations().into_iter().flat_map(|(one, other)| [one, other]).collect();
        for (receipt, recorded) in history.receipts() {
            let id = recorded.id();
            receipts.push(ReceiptView {
                id,
                with: address::encode(&row.contact),
                name: contact.name.clone(),
                we_are: role(&row),
                receipt: receipt.clone(),
                trust: trust(receipt.trust_class),
                contradicted: contradicted.contains(&id),
            });
        }
    }
    receipts.sort_by_key(|view| (core::cmp::Reverse(view.receipt.issued_at), view.id));
    receipts
}

/// The receipt as a file that proves itself, with its issuer's account log.
pub fn receipt_file(rows: &impl Rows, id: &Digest) -> Option<ReceiptFile> {
    let subscription = rows.row(&RECEIPTS, id.as_bytes())?;
    let row = rows.row(&SUBSCRIPTIONS, subscription.as_bytes())?;
    let contact = contact_of(rows, &row)?;
    let history = history(rows, &subscription)?;
    let recorded = history.receipts().into_iter().find(|(_, recorded)| recorded.id() == *id)?.1.clone();
    let logs = if row.issuer {
        own::logs(rows, &own::current(rows, &contact.own))
    } else {
        moved::logs(rows, &contact)
    };
    // Signed before its issuer was restored, it holds by the log of then.
    let former = moved::superseded(rows, &recorded.event().issuer()).into_iter().rev().map(|log| vec![log]);
    let files =
        core::iter::once(logs).chain(former).filter_map(|logs| ReceiptFile::in_line(&recorded, &logs));
    let mut files: Vec<_> = files.collect();
    let holds = |file: &ReceiptFile| export::verify(file, &Expect::default()).is_ok();
    let first = files.iter().position(holds).unwrap_or_default();
    (!files.is_empty()).then(|| files.swap_remove(first))
}

fn all(rows: &impl Rows) -> impl Iterator<Item = (Arc<Subscription>, Arc<Contact>, History)> {
    let mut all: Vec<_> =
        rows.scan(&SUBSCRIPTIONS, &SUBSCRIPTIONS.all()).into_iter().map(|(_, row)| row).collect();
    all.sort_by_key(|row| (core::cmp::Reverse(row.at), row.id));
    all.into_iter().filter_map(move |row| {
        let contact = contact_of(rows, &row)?;
        let history = history(rows, &row.id)?;
        Some((row, contact, history))
    })
}

fn subscription(row: &Subscription, contact: &Contact, history: &History, now: Time) -> SubscriptionView {
    let entitled = entitlement(history, now);
    SubscriptionView {
        id: row.id,
        with: address::encode(&row.contact),
        name: contact.name.clone(),
        we_are: role(row),
        plan: history.request().plan.clone(),
        state: entitled.state,
        access: entitled.state.has_access(),
        until: entitled.until,
        since: row.at,
    }
}

const fn role(row: &Subscription) -> &'static str {
    if row.issuer { "issuer" } else { "subscriber" }
}

/// A trust class in words, shown wherever a receipt is shown.
const fn trust(class: TrustClass) -> &'static str {
    match class {
        TrustClass::B => "attested by the payee",
    }
}
