//! The events of charging, as they are signed.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::money::Money;
use crate::base::time::Time;
use crate::crypto::kdf::{Label, label};
use crate::wire::decode::{Malformed, array, message, required};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::{Payee, Rail, TrustClass};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// The wish to subscribe, under terms that the subscriber signs whole. Its digest is the subscription's id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Subscribe {
    /// The business.
    pub issuer: AccountId,
    /// The subscriber, as this business knows them.
    pub subject: AccountId,
    /// The terms.
    pub plan: Plan,
    /// Random, so that no two subscriptions are the same.
    pub nonce: [u8; 16],
    /// When it was signed.
    pub issued_at: Time,
}

/// Which subscription an event of it belongs to, and under which terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Terms {
    /// The business.
    pub issuer: AccountId,
    /// The subscriber, as this business knows them.
    pub subject: AccountId,
    /// The digest of the [`Subscribe`].
    pub subscription: Digest,
    /// The plan's id.
    pub plan: String,
    /// The hash of its terms.
    pub plan_hash: Digest,
}

/// The grant of a free trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrialGrant {
    /// For which subscription.
    pub terms: Terms,
    /// From when on (inclusive).
    pub start: Time,
    /// Until when (exclusive).
    pub end: Time,
    /// When it was signed.
    pub issued_at: Time,
}

/// A request to pay for one period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Invoice {
    /// For which subscription.
    pub terms: Terms,
    /// What it is known by.
    pub key: InvoiceKey,
    /// The period as it would be if paid in time: its start (inclusive). The receipt tells the period that holds.
    pub period_start: Time,
    /// Its end (exclusive).
    pub period_end: Time,
    /// What is to be paid.
    pub amount: Money,
    /// How it may be paid; at least one.
    pub rails: Vec<Rail>,
    /// Whom to pay by these rails; manual may be without one.
    pub payees: Vec<Payee>,
    /// The plan change that it is for, if it is for one.
    pub change: Option<Digest>,
    /// From when on it can no longer be paid.
    pub expires: Time,
    /// When it was signed.
    pub issued_at: Time,
}

/// A tax contained in a receipt's amount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tax {
    /// What it is called.
    pub name: String,
    /// Its rate in hundredths of a per cent.
    pub basis_points: u32,
    /// How much it is, in minor units of the receipt's currency.
    pub minor: i64,
}

/// The issuer's word that a period is paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Receipt {
    /// For which subscription.
    pub terms: Terms,
    /// The invoice that was paid.
    pub invoice: InvoiceKey,
    /// 0 for a subscription's first receipt, then one more each.
    pub seq: u64,
    /// The former receipt's id; zeros in the first.
    pub previous: Digest,
    /// When the period begins (inclusive).
    pub period_start: Time,
    /// When it ends (exclusive).
    pub period_end: Time,
    /// Days of access after it.
    pub grace_days: u32,
    /// What was paid.
    pub amount: Money,
    /// Taxes in it, together no more than it.
    pub tax: Vec<Tax>,
    /// How it was paid.
    pub rail: Rail,
    /// How much that proves: as much as the rail can, and by Lightning more with evidence.
    pub trust_class: TrustClass,
    /// SHA-256 of what was shown as evidence, if anything was.
    pub evidence_hash: Option<Digest>,
    /// When it was signed.
    pub issued_at: Time,
    /// The device that signs.
    pub key: DeviceId,
}

/// From when on a cancellation takes access away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhen {
    /// At the end of what is paid for.
    AtPeriodEnd,
    /// At once.
    Now,
}

/// The subscriber's cancellation; it needs nobody's consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CancelIntent {
    /// The business.
    pub issuer: AccountId,
    /// The subscriber, as this business knows them.
    pub subject: AccountId,
    /// The digest of the [`Subscribe`].
    pub subscription: Digest,
    /// From when on.
    pub when: CancelWhen,
    /// When it was signed.
    pub issued_at: Time,
}

/// Which subscription of whom an event belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Parties {
    /// The business.
    pub issuer: AccountId,
    /// The subscriber, as this business knows them.
    pub subject: AccountId,
    /// The digest of the [`Subscribe`].
    pub subscription: Digest,
}

/// A further way to pay an open invoice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Offer {
    /// Of which subscription.
    pub parties: Parties,
    /// The invoice.
    pub invoice: InvoiceKey,
    /// Whom to pay.
    pub payee: Payee,
    /// When it was signed.
    pub issued_at: Time,
}

/// The payer's word, and perhaps proof, that an invoice was paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Evidence {
    /// Of which subscription.
    pub parties: Parties,
    /// The invoice.
    pub invoice: InvoiceKey,
    /// By which rail.
    pub rail: Rail,
    /// Lightning: the preimage. Else the payment's own reference.
    pub proof: Vec<u8>,
    /// When it was signed.
    pub issued_at: Time,
}

/// What a credit note does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// Money goes back.
    Refund,
    /// The receipt is taken back.
    Revoke,
}

/// Money given back, or a receipt taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CreditNote {
    /// Of which subscription.
    pub parties: Parties,
    /// What it is known by: the same key gives the same note for ever.
    pub key: InvoiceKey,
    /// The receipt.
    pub receipt: Digest,
    /// Which of the two.
    pub credit: Credit,
    /// How much goes back; may be nothing.
    pub amount: Money,
    /// From when on the receipt gives no access.
    pub access_ends: Time,
    /// Why.
    pub reason: String,
    /// When it was signed.
    pub issued_at: Time,
}

/// A credit note that no longer counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CreditNoteReversed {
    /// Of which subscription.
    pub parties: Parties,
    /// The note.
    pub note: Digest,
    /// Why.
    pub reason: String,
    /// When it was signed.
    pub issued_at: Time,
}

/// The subscriber's wish for another plan. It counts once the issuer has agreed, and, where money is due, been paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanChange {
    /// Of which subscription.
    pub parties: Parties,
    /// The hash of the terms that are left.
    pub from: Digest,
    /// The terms that are wished for.
    pub to: Plan,
    /// From when on.
    pub at: Time,
    /// When what is paid for ends; not before `at`.
    pub until: Time,
    /// What of the paid periods isn't used.
    pub credit: Money,
    /// What the rest of them costs under the other terms.
    pub charge: Money,
    /// When it was signed.
    pub issued_at: Time,
}

impl PlanChange {
    /// What is to be paid for it: the charge less the credit, never less than nothing.
    pub const fn due(&self) -> Money {
        let minor = self.charge.minor.saturating_sub(self.credit.minor);
        Money { minor: if minor < 0 { 0 } else { minor }, currency: self.charge.currency }
    }
}

/// An answer to an event of the other side: the issuer's agreement or the subscriber's consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answer {
    /// Of which subscription.
    pub parties: Parties,
    /// The event.
    pub event: Digest,
    /// Yes or no.
    pub agrees: bool,
    /// When it was signed.
    pub issued_at: Time,
}

/// The issuer's wish for other terms of the same plan. It counts once the subscriber has consented.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PriceChange {
    /// Of which subscription.
    pub parties: Parties,
    /// The hash of the terms that are left.
    pub from: Digest,
    /// The terms that are wished for: the same plan in a later version.
    pub to: Plan,
    /// From when on; at least [`charging::PRICE_NOTICE`] after it was signed.
    pub effective: Time,
    /// When it was signed.
    pub issued_at: Time,
}

/// The subscriber's wish to stop for a while when what is paid for ends. It counts once the issuer has agreed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pause {
    /// Of which subscription.
    pub parties: Parties,
    /// Until when.
    pub until: Time,
    /// When it was signed.
    pub issued_at: Time,
}

/// Any event of charging.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each event is documented where it is defined")]
pub enum Event {
    Subscribe(Subscribe),
    Trial(TrialGrant),
    Invoice(Invoice),
    Receipt(Receipt),
    Cancel(CancelIntent),
    Offer(Offer),
    Evidence(Evidence),
    CreditNote(CreditNote),
    CreditReversed(CreditNoteReversed),
    PlanChange(PlanChange),
    Agreement(Answer),
    PriceChange(PriceChange),
    Consent(Answer),
    Pause(Pause),
}

/// Which event it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[repr(u8)]
#[expect(missing_docs, reason = "each event is documented where it is defined")]
pub enum EventKind {
    Subscribe = 1,
    Trial = 2,
    Invoice = 3,
    Receipt = 4,
    Cancel = 5,
    Offer = 6,
    Evidence = 7,
    CreditNote = 8,
    CreditReversed = 9,
    PlanChange = 10,
    Agreement = 11,
    PriceChange = 12,
    Consent = 13,
    Pause = 14,
}

impl EventKind {
    /// All kinds, by their numbers.
    pub const ALL: [Self; 14] = [
        Self::Subscribe,
        Self::Trial,
        Self::Invoice,
        Self::Receipt,
        Self::Cancel,
        Self::Offer,
        Self::Evidence,
        Self::CreditNote,
        Self::CreditReversed,
        Self::PlanChange,
        Self::Agreement,
        Self::PriceChange,
        Self::Consent,
        Self::Pause,
    ];

    /// The label that such an event is signed under.
    pub const fn label(self) -> Label {
        match self {
            Self::Subscribe => label::SUBSCRIBE,
            Self::Trial => label::TRIAL,
            Self::Invoice => label::INVOICE,
            Self::Receipt => label::RECEIPT,
            Self::Cancel => label::CANCEL,
            Self::Offer => label::OFFER,
            Self::Evidence => label::EVIDENCE,
            Self::CreditNote => label::CREDIT_NOTE,
            Self::CreditReversed => label::CREDIT_REVERSED,
            Self::PlanChange => label::PLAN_CHANGE,
            Self::Agreement => label::AGREEMENT,
            Self::PriceChange => label::PRICE_CHANGE,
            Self::Consent => label::PRICE_CONSENT,
            Self::Pause => label::PAUSE,
        }
    }

    /// Whether the subscriber signs such an event; else the business does.
    pub const fn is_subscribers(self) -> bool {
        matches!(
            self,
            Self::Subscribe | Self::Cancel | Self::Evidence | Self::PlanChange | Self::Consent | Self::Pause
        )
    }

    /// What it is called, for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Trial => "trial",
            Self::Invoice => "invoice",
            Self::Receipt => "receipt",
            Self::Cancel => "cancel",
            Self::Offer => "offer",
            Self::Evidence => "evidence",
            Self::CreditNote => "credit_note",
            Self::CreditReversed => "credit_reversed",
            Self::PlanChange => "plan_change",
            Self::Agreement => "agreement",
            Self::PriceChange => "price_change",
            Self::Consent => "consent",
            Self::Pause => "pause",
        }
    }

    /// The kind of a number; none where there is no such.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// An event as it travels: which one, who signed, and the signed payload. Nothing is verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignedEvent {
    /// Which event.
    pub kind: EventKind,
    /// The device that signed.
    pub signer: DeviceId,
    /// The payload and the signature.
    pub signed: Signed,
    /// Of a receipt, the same facts signed once more as a JWS, where that was made.
    pub jws: Option<String>,
}

impl SignedEvent {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        schema::SignedEvent {
            kind: self.kind as u32,
            signer: self.signer.as_bytes().to_vec(),
            signed: Some(self.signed.to_schema()),
            jws: self.jws.clone().unwrap_or_default(),
        }
        .encode_to_vec()
    }

    /// Parses an event whose payload has at most [`charging::EVENT_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let event: schema::SignedEvent = message(bytes, charging::EVENT_MAX + charging::JWS_MAX + 128)?;
        let kind = EventKind::from_number(event.kind).ok_or(Malformed("an unknown event"))?;
        let jws = Some(event.jws).filter(|jws| !jws.is_empty());
        if jws.as_ref().is_some_and(|jws| kind != EventKind::Receipt || jws.len() > charging::JWS_MAX) {
            return Err(Malformed("a second signature that can't be"));
        }
        Ok(Self {
            kind,
            signer: DeviceId::new(array(&event.signer)?),
            signed: Signed::from_schema(required(event.signed)?, charging::EVENT_MAX)?,
            jws,
        })
    }
}
