//! The events of charging, as they are signed.

use core::fmt;
use core::str::FromStr;

use prost::Message as _;
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::crypto::kdf::{Label, label};
use crate::wire::decode::{Malformed, array, message, required};
use crate::wire::plan::Plan;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// How money moves. Only what is listed here is offered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rail {
    /// By whatever means the two agreed on; the issuer marks it paid.
    Manual,
}

impl Rail {
    /// How much a payment by this rail proves.
    pub const fn trust_class(self) -> TrustClass {
        match self {
            Self::Manual => TrustClass::B,
        }
    }

    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Manual => 1,
        }
    }

    pub(crate) fn from_number(number: u32) -> Result<Self, Malformed> {
        if number == 1 { Ok(Self::Manual) } else { Err(Malformed("an unknown rail")) }
    }
}

/// How much a receipt's payment is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TrustClass {
    /// Attested by the payee.
    B,
}

impl TrustClass {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::B => 2,
        }
    }
}

/// What an invoice is known by: 20 characters of `A-Z2-7` from 100 random bits, which fit the reference fields
/// of the common rails.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceKey([u8; Self::LEN]);

impl InvoiceKey {
    /// Characters.
    pub const LEN: usize = 20;

    /// A fresh key.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut key = [0; Self::LEN];
        rng.fill_bytes(&mut key);
        // 32 divides 256, so that the lowest five bits of a uniform byte are uniform.
        Self(key.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for InvoiceKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let key: [u8; Self::LEN] = array(text.as_bytes())?;
        let known = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
        if key.iter().all(known) { Ok(Self(key)) } else { Err(Malformed("not an invoice key")) }
    }
}

impl fmt::Display for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for InvoiceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for InvoiceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

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
    /// How much that proves; follows from the rail.
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
}

impl EventKind {
    /// The label that such an event is signed under.
    pub const fn label(self) -> Label {
        match self {
            Self::Subscribe => label::SUBSCRIBE,
            Self::Trial => label::TRIAL,
            Self::Invoice => label::INVOICE,
            Self::Receipt => label::RECEIPT,
            Self::Cancel => label::CANCEL,
        }
    }

    const fn from_number(number: u32) -> Result<Self, Malformed> {
        Ok(match number {
            1 => Self::Subscribe,
            2 => Self::Trial,
            3 => Self::Invoice,
            4 => Self::Receipt,
            5 => Self::Cancel,
            _ => return Err(Malformed("an unknown event")),
        })
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
}

impl SignedEvent {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        schema::SignedEvent {
            kind: self.kind as u32,
            signer: self.signer.as_bytes().to_vec(),
            signed: Some(self.signed.to_schema()),
        }
        .encode_to_vec()
    }

    /// Parses an event whose payload has at most [`limits::EVENT_MAX`] bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let event: schema::SignedEvent = message(bytes, limits::EVENT_MAX + 128)?;
        Ok(Self {
            kind: EventKind::from_number(event.kind)?,
            signer: DeviceId::new(array(&event.signer)?),
            signed: Signed::from_schema(required(event.signed)?, limits::EVENT_MAX)?,
        })
    }
}
