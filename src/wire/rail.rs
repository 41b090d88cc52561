//! How money moves: rails, whom to pay by them, and how much a payment by them proves.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::limits;
use crate::wire::decode::{Malformed, is_line, list};
use crate::wire::schema;

/// How money moves. Only what is listed here is offered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rail {
    /// By whatever means the two agreed on; the issuer marks it paid.
    Manual,
    /// Brazil's Pix, by a static BR Code.
    Pix,
    /// India's UPI, by a link.
    Upi,
    /// A SEPA credit transfer, by an EPC code.
    Sepa,
    /// Bitcoin over Lightning, by a BOLT11 invoice.
    Lightning,
}

impl Rail {
    /// All rails, in their order.
    pub const ALL: [Self; 5] = [Self::Manual, Self::Pix, Self::Upi, Self::Sepa, Self::Lightning];

    /// How much a payment by this rail proves, with or without evidence that was verified.
    pub const fn trust_class(self, proven: bool) -> TrustClass {
        match self {
            Self::Lightning if proven => TrustClass::A,
            _ => TrustClass::B,
        }
    }

    /// What the rail is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Pix => "pix",
            Self::Upi => "upi",
            Self::Sepa => "sepa",
            Self::Lightning => "lightning",
        }
    }

    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Manual => 1,
            Self::Pix => 2,
            Self::Upi => 3,
            Self::Sepa => 4,
            Self::Lightning => 5,
        }
    }

    pub(crate) fn from_number(number: u32) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|rail| rail.number() == number).ok_or(Malformed("an unknown rail"))
    }
}

/// How much a receipt's payment is proven. What the payer alone claims (class C) makes no receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TrustClass {
    /// Cryptographic: whoever has the evidence can check that the money moved.
    A,
    /// Attested by the payee.
    B,
}

impl TrustClass {
    /// The class in words, shown wherever a receipt is shown.
    pub const fn words(self) -> &'static str {
        match self {
            Self::A => "proven by cryptography (class A)",
            Self::B => "attested by the payee (class B)",
        }
    }

    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::A => 1,
            Self::B => 2,
        }
    }

    pub(crate) const fn from_number(number: u32) -> Result<Self, Malformed> {
        match number {
            1 => Ok(Self::A),
            2 => Ok(Self::B),
            _ => Err(Malformed("an unknown trust class")),
        }
    }
}

/// Whom to pay by a rail. Bounded lines; whether a rail can use them, `domain::billing::rail` knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payee {
    /// By which rail.
    pub rail: Rail,
    /// Manual: what to do. Pix: the key. UPI: the payment address. SEPA: the IBAN. Lightning: a BOLT11 invoice; where
    /// a business says by what it takes money at all, its node's public key as hexadecimal digits.
    pub account: String,
    /// Who is paid.
    #[serde(default)]
    pub name: String,
    /// Pix: the city. SEPA: the BIC, or empty.
    #[serde(default)]
    pub place: String,
}

impl Payee {
    /// Whether everything is within its bounds.
    pub fn is_bounded(&self) -> bool {
        let most =
            if self.rail == Rail::Lightning { charging::PAYEE_MAX } else { charging::PAYEE_ACCOUNT_MAX };
        !self.account.is_empty()
            && is_line(&self.account, most)
            && is_line(&self.name, limits::NAME_MAX)
            && is_line(&self.place, limits::TERM_MAX)
    }

    pub(crate) fn to_schema(&self) -> schema::Payee {
        schema::Payee {
            rail: self.rail.number(),
            account: self.account.clone(),
            name: self.name.clone(),
            place: self.place.clone(),
        }
    }

    pub(crate) fn from_schema(payee: schema::Payee) -> Result<Self, Malformed> {
        let rail = Rail::from_number(payee.rail)?;
        let payee = Self { rail, account: payee.account, name: payee.name, place: payee.place };
        if payee.is_bounded() { Ok(payee) } else { Err(Malformed("not a payee")) }
    }

    /// A list of payees, by rail, none twice.
    pub(crate) fn list(payees: Vec<schema::Payee>) -> Result<Vec<Self>, Malformed> {
        let payees = list(payees, charging::RAILS_MAX, Self::from_schema)?;
        let ascending = payees.windows(2).all(|pair| pair[0].rail < pair[1].rail);
        if ascending { Ok(payees) } else { Err(Malformed("payees that can't be")) }
    }
}
