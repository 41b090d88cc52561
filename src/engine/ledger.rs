//! Pure queries about charging: subscriptions, invoices and receipts as screens and files show them.

use std::sync::Arc;

use serde::Serialize;

use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::entitlement::{State, stand};
use crate::domain::billing::export::{self, Expect, ReceiptFile};
use crate::domain::billing::history::History;
use crate::domain::billing::notes::CreditNotes;
use crate::domain::billing::payment::proves;
use crate::domain::billing::rail::request;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::identity::address;
use crate::domain::identity::contact::Contact;
use crate::domain::identity::{moved, own};
use crate::engine::commerce::{RECEIPTS, SUBSCRIPTIONS, Subscription, contact_of, history};
use crate::store::table::Rows;
use crate::wire::billing::{Credit, CreditNote, Event, Invoice, Receipt};
use crate::wire::decode::is_line;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::{Payee, Rail};

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
    /// The plan, under the terms in force.
    pub plan: Plan,
    /// Other terms that were announced, and that the subscriber hasn't answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub announced: Vec<Announced>,
    /// What it entitles to now.
    pub state: State,
    /// Whether that is access.
    pub access: bool,
    /// From when on another state holds.
    pub until: Option<Time>,
    /// When it was asked for.
    pub since: Time,
}

/// Other terms of a plan, as they were announced.
#[derive(Clone, Debug, Serialize)]
pub struct Announced {
    /// The announcement, to be named when it is answered.
    pub id: Digest,
    /// The terms.
    pub plan: Plan,
    /// From when on they would be in force.
    pub effective: Time,
}

/// A way to pay an invoice.
#[derive(Clone, Debug, Serialize)]
pub struct PayView {
    /// By which rail.
    pub rail: Rail,
    /// Who is paid, where that is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What the payer's bank or wallet reads; of a manual payment, what to do.
    pub text: String,
    /// How much a receipt for such a payment proves.
    pub trust: &'static str,
}

/// What the payer said about a payment.
#[derive(Clone, Debug, Serialize)]
pub struct ClaimView {
    /// By which rail.
    pub rail: Rail,
    /// The proof or reference, in hexadecimal.
    pub proof: String,
    /// The same as text, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it was said.
    pub at: Time,
    /// Alone it proves nothing, but for the preimage of a Lightning invoice: that proves that it was paid, also where no
    /// receipt could be issued for it any more.
    pub trust: &'static str,
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
    /// The same with what a bank or a wallet reads.
    pub pay: Vec<PayView>,
    /// What the payer said about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimView>,
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
    /// What of it went back, in minor units.
    pub refunded_minor: i64,
    /// Credit notes about it that count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credit_notes: Vec<NoteView>,
    /// Whether it was signed a second time, as a JWS.
    pub jws: bool,
}

/// A credit note.
#[derive(Clone, Debug, Serialize)]
pub struct NoteView {
    /// Its id.
    pub id: Digest,
    /// Refund or revocation.
    pub credit: Credit,
    /// How much went back.
    pub amount: Money,
    /// From when on the receipt gives no access.
    pub access_ends: Time,
    /// Why.
    pub reason: String,
}

/// Two receipts of one number, each with all it takes to verify it: the proof that their issuer contradicts itself.
#[derive(Clone, Debug, Serialize)]
pub struct Contradiction {
    /// `sigillo-contradiction/1`.
    pub format: &'static str,
    /// The two.
    pub receipts: [ReceiptFile; 2],
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
                pay: ways_to_pay(&history, invoice),
                claims: claims(&history, &invoice.key),
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
        let standing = Standing::of(&history);
        for (receipt, recorded) in history.receipts() {
            let id = recorded.id();
            let counted = standing.receipts.iter().find(|counted| counted.id == id);
            let notes = standing.notes.iter().filter(|(note, _)| note.receipt == id);
            receipts.push(ReceiptView {
                id,
                with: address::encode(&row.contact),
                name: contact.name.clone(),
                we_are: role(&row),
                receipt: receipt.clone(),
                trust: receipt.trust_class.words(),
                contradicted: contradicted.contains(&id),
                refunded_minor: counted.map_or(0, |counted| counted.refunded),
                credit_notes: notes.map(|(note, id)| note_view(note, *id)).collect(),
                jws: recorded.jws().is_some(),
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

/// The credit notes of a receipt's subscription, for whoever verifies it elsewhere.
pub fn credit_notes(rows: &impl Rows, receipt: &Digest, now: Time) -> Option<CreditNotes> {
    let subscription = rows.row(&RECEIPTS, receipt.as_bytes())?;
    Some(CreditNotes::of(&history(rows, &subscription)?, now))
}

/// The proof that a receipt's issuer contradicts itself, if it does.
pub fn contradiction(rows: &impl Rows, receipt: &Digest) -> Option<Contradiction> {
    let subscription = rows.row(&RECEIPTS, receipt.as_bytes())?;
    let pairs = history(rows, &subscription)?.equivocations();
    let (one, other) = pairs.into_iter().find(|(one, other)| one == receipt || other == receipt)?;
    let receipts = [receipt_file(rows, &one)?, receipt_file(rows, &other)?];
    Some(Contradiction { format: "sigillo-contradiction/1", receipts })
}

fn note_view(note: &CreditNote, id: Digest) -> NoteView {
    let CreditNote { credit, amount, access_ends, reason, .. } = note.clone();
    NoteView { id, credit, amount, access_ends, reason }
}

/// The ways to pay an invoice that its text can be made for: those in it, and those that were offered later.
fn ways_to_pay(history: &History, invoice: &Invoice) -> Vec<PayView> {
    let offers = history.events().filter_map(|recorded| match recorded.event() {
        Event::Offer(offer) if offer.invoice == invoice.key => Some(&offer.payee),
        _ => None,
    });
    let way = |payee: &Payee| {
        let text = request::text(payee, invoice.amount, invoice.key.as_str()).ok()?;
        let trust = payee.rail.trust_class(true).words();
        Some(PayView { rail: payee.rail, name: payee.name.clone(), text, trust })
    };
    invoice.payees.iter().chain(offers).filter_map(way).collect()
}

fn claims(history: &History, key: &InvoiceKey) -> Vec<ClaimView> {
    let claim = |recorded: &Recorded| match recorded.event() {
        Event::Evidence(said) if said.invoice == *key => {
            let text = core::str::from_utf8(&said.proof).ok().filter(|text| is_line(text, said.proof.len()));
            Some(ClaimView {
                rail: said.rail,
                proof: data_encoding::HEXLOWER.encode(&said.proof),
                text: text.filter(|text| !text.is_empty()).map(str::to_owned),
                at: said.issued_at,
                trust: if said.rail == Rail::Lightning && proves(history, key, &said.proof) {
                    Rail::Lightning.trust_class(true).words()
                } else {
                    "claimed by the payer (class C)"
                },
            })
        }
        _ => None,
    };
    history.events().filter_map(claim).collect()
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
    let standing = Standing::of(history);
    let entitled = stand(history, &standing, now);
    let announced = history.events().filter_map(|recorded| match recorded.event() {
        Event::PriceChange(change) if !is_answered(history, &recorded.id()) => {
            Some(Announced { id: recorded.id(), plan: change.to.clone(), effective: change.effective })
        }
        _ => None,
    });
    SubscriptionView {
        id: row.id,
        with: address::encode(&row.contact),
        name: contact.name.clone(),
        we_are: role(row),
        plan: standing.plan_at(now).clone(),
        announced: announced.collect(),
        state: entitled.state,
        access: entitled.state.has_access(),
        until: entitled.until,
        since: row.at,
    }
}

const fn role(row: &Subscription) -> &'static str {
    if row.issuer { "issuer" } else { "subscriber" }
}

fn is_answered(history: &History, change: &Digest) -> bool {
    history.events().any(|recorded| matches!(recorded.event(), Event::Consent(said) if said.event == *change))
}
