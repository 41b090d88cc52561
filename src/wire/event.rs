//! How the events of charging are encoded, each in the only encoding of what it says.

use prost::Message as _;

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::wire::billing::{
    CancelIntent, CancelWhen, Event, EventKind, Invoice, Rail, Receipt, Subscribe, Tax, Terms, TrialGrant,
};
use crate::wire::decode::{Malformed, array, is_line, list, message, required, time};
use crate::wire::plan::{Plan, currency, minor, money_from_schema, money_to_schema};
use crate::wire::schema;

/// The version of every event's encoding.
const VERSION: u32 = 1;

impl Event {
    /// Which event it is.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Subscribe(_) => EventKind::Subscribe,
            Self::Trial(_) => EventKind::Trial,
            Self::Invoice(_) => EventKind::Invoice,
            Self::Receipt(_) => EventKind::Receipt,
            Self::Cancel(_) => EventKind::Cancel,
        }
    }

    /// The business.
    pub const fn issuer(&self) -> AccountId {
        match self {
            Self::Subscribe(event) => event.issuer,
            Self::Trial(event) => event.terms.issuer,
            Self::Invoice(event) => event.terms.issuer,
            Self::Receipt(event) => event.terms.issuer,
            Self::Cancel(event) => event.issuer,
        }
    }

    /// The subscriber.
    pub const fn subject(&self) -> AccountId {
        match self {
            Self::Subscribe(event) => event.subject,
            Self::Trial(event) => event.terms.subject,
            Self::Invoice(event) => event.terms.subject,
            Self::Receipt(event) => event.terms.subject,
            Self::Cancel(event) => event.subject,
        }
    }

    /// The account whose device must have signed: the subscriber's for what they want, else the business's.
    pub const fn author(&self) -> AccountId {
        match self {
            Self::Subscribe(_) | Self::Cancel(_) => self.subject(),
            Self::Trial(_) | Self::Invoice(_) | Self::Receipt(_) => self.issuer(),
        }
    }

    /// When it was signed.
    pub const fn issued_at(&self) -> Time {
        match self {
            Self::Subscribe(event) => event.issued_at,
            Self::Trial(event) => event.issued_at,
            Self::Invoice(event) => event.issued_at,
            Self::Receipt(event) => event.issued_at,
            Self::Cancel(event) => event.issued_at,
        }
    }

    /// The subscription that it names; none for a [`Subscribe`], whose own digest is the subscription.
    pub const fn subscription(&self) -> Option<Digest> {
        match self {
            Self::Subscribe(_) => None,
            Self::Trial(event) => Some(event.terms.subscription),
            Self::Invoice(event) => Some(event.terms.subscription),
            Self::Receipt(event) => Some(event.terms.subscription),
            Self::Cancel(event) => Some(event.subscription),
        }
    }

    /// The terms that it names, where it names some.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Subscribe(_) | Self::Cancel(_) => None,
            Self::Trial(event) => Some(&event.terms),
            Self::Invoice(event) => Some(&event.terms),
            Self::Receipt(event) => Some(&event.terms),
        }
    }

    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Subscribe(event) => subscribe_to_schema(event).encode_to_vec(),
            Self::Trial(event) => trial_to_schema(event).encode_to_vec(),
            Self::Invoice(event) => invoice_to_schema(event).encode_to_vec(),
            Self::Receipt(event) => receipt_to_schema(event).encode_to_vec(),
            Self::Cancel(event) => cancel_to_schema(event).encode_to_vec(),
        }
    }

    /// Parses a verified payload: every bound, and that it is the only encoding of what it says.
    pub fn decode(kind: EventKind, payload: &[u8]) -> Result<Self, Malformed> {
        let event = match kind {
            EventKind::Subscribe => Self::Subscribe(subscribe_from_schema(bounded(payload)?)?),
            EventKind::Trial => Self::Trial(trial_from_schema(bounded(payload)?)?),
            EventKind::Invoice => Self::Invoice(invoice_from_schema(bounded(payload)?)?),
            EventKind::Receipt => Self::Receipt(receipt_from_schema(bounded(payload)?)?),
            EventKind::Cancel => Self::Cancel(cancel_from_schema(&bounded(payload)?)?),
        };
        if event.encode() == payload { Ok(event) } else { Err(Malformed("not canonical")) }
    }
}

fn bounded<M: prost::Message + Default>(payload: &[u8]) -> Result<M, Malformed> {
    message(payload, limits::EVENT_MAX)
}

fn subscribe_to_schema(event: &Subscribe) -> schema::Subscribe {
    schema::Subscribe {
        version: VERSION,
        issuer: event.issuer.as_bytes().to_vec(),
        subject: event.subject.as_bytes().to_vec(),
        plan: Some(event.plan.to_schema()),
        nonce: event.nonce.to_vec(),
        issued_at: event.issued_at.as_millis(),
    }
}

fn subscribe_from_schema(event: schema::Subscribe) -> Result<Subscribe, Malformed> {
    version(event.version)?;
    Ok(Subscribe {
        issuer: account(&event.issuer)?,
        subject: account(&event.subject)?,
        plan: Plan::from_schema(required(event.plan)?)?,
        nonce: array(&event.nonce)?,
        issued_at: time(event.issued_at),
    })
}

fn trial_to_schema(event: &TrialGrant) -> schema::TrialGrant {
    schema::TrialGrant {
        version: VERSION,
        issuer: event.terms.issuer.as_bytes().to_vec(),
        subject: event.terms.subject.as_bytes().to_vec(),
        subscription: event.terms.subscription.as_bytes().to_vec(),
        plan: event.terms.plan.clone(),
        plan_hash: event.terms.plan_hash.as_bytes().to_vec(),
        start: event.start.as_millis(),
        end: event.end.as_millis(),
        issued_at: event.issued_at.as_millis(),
    }
}

fn trial_from_schema(event: schema::TrialGrant) -> Result<TrialGrant, Malformed> {
    version(event.version)?;
    let (start, end) = period(event.start, event.end)?;
    Ok(TrialGrant {
        terms: terms(&event.issuer, &event.subject, &event.subscription, event.plan, &event.plan_hash)?,
        start,
        end,
        issued_at: time(event.issued_at),
    })
}

fn invoice_to_schema(event: &Invoice) -> schema::Invoice {
    schema::Invoice {
        version: VERSION,
        issuer: event.terms.issuer.as_bytes().to_vec(),
        subject: event.terms.subject.as_bytes().to_vec(),
        subscription: event.terms.subscription.as_bytes().to_vec(),
        plan: event.terms.plan.clone(),
        plan_hash: event.terms.plan_hash.as_bytes().to_vec(),
        key: event.key.as_str().to_owned(),
        period_start: event.period_start.as_millis(),
        period_end: event.period_end.as_millis(),
        amount: Some(money_to_schema(&event.amount)),
        rails: event.rails.iter().map(|rail| rail.number()).collect(),
        expires: event.expires.as_millis(),
        issued_at: event.issued_at.as_millis(),
    }
}

fn invoice_from_schema(event: schema::Invoice) -> Result<Invoice, Malformed> {
    version(event.version)?;
    let (period_start, period_end) = period(event.period_start, event.period_end)?;
    let rails = list(event.rails, limits::RAILS_MAX, Rail::from_number)?;
    if rails.is_empty() || rails.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Malformed("rails that can't be"));
    }
    Ok(Invoice {
        terms: terms(&event.issuer, &event.subject, &event.subscription, event.plan, &event.plan_hash)?,
        key: event.key.parse()?,
        period_start,
        period_end,
        amount: money_from_schema(required(event.amount)?)?,
        rails,
        expires: time(event.expires),
        issued_at: time(event.issued_at),
    })
}

fn receipt_to_schema(event: &Receipt) -> schema::Receipt {
    schema::Receipt {
        version: VERSION,
        issuer: event.terms.issuer.as_bytes().to_vec(),
        subject: event.terms.subject.as_bytes().to_vec(),
        subscription: event.terms.subscription.as_bytes().to_vec(),
        plan: event.terms.plan.clone(),
        plan_hash: event.terms.plan_hash.as_bytes().to_vec(),
        invoice: event.invoice.as_str().to_owned(),
        seq: event.seq,
        previous: event.previous.as_bytes().to_vec(),
        period_start: event.period_start.as_millis(),
        period_end: event.period_end.as_millis(),
        grace_days: event.grace_days,
        amount_minor: event.amount.minor.unsigned_abs(),
        currency: event.amount.currency.code().to_owned(),
        tax: event.tax.iter().map(tax_to_schema).collect(),
        rail: event.rail.number(),
        trust_class: event.trust_class.number(),
        evidence_hash: event.evidence_hash.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default(),
        issued_at: event.issued_at.as_millis(),
        key: event.key.as_bytes().to_vec(),
    }
}

fn receipt_from_schema(event: schema::Receipt) -> Result<Receipt, Malformed> {
    version(event.version)?;
    let (period_start, period_end) = period(event.period_start, event.period_end)?;
    let amount = Money { minor: minor(event.amount_minor)?, currency: currency(&event.currency)? };
    let tax = list(event.tax, limits::TAXES_MAX, tax_from_schema)?;
    let rail = Rail::from_number(event.rail)?;
    let previous = Digest::new(array(&event.previous)?);
    if !are_taxes_of(&tax, amount) || event.grace_days > limits::PLAN_DAYS_MAX {
        return Err(Malformed("out of bounds"));
    }
    if event.trust_class != rail.trust_class().number() {
        return Err(Malformed("a trust class that its rail doesn't give"));
    }
    if (event.seq == 0) != (previous == Digest::new([0; 32])) {
        return Err(Malformed("a chain without a beginning"));
    }
    let evidence_hash = match event.evidence_hash.as_slice() {
        [] => None,
        hash => Some(Digest::new(array(hash)?)),
    };
    Ok(Receipt {
        terms: terms(&event.issuer, &event.subject, &event.subscription, event.plan, &event.plan_hash)?,
        invoice: event.invoice.parse()?,
        seq: event.seq,
        previous,
        period_start,
        period_end,
        grace_days: event.grace_days,
        amount,
        tax,
        rail,
        trust_class: rail.trust_class(),
        evidence_hash,
        issued_at: time(event.issued_at),
        key: DeviceId::new(array(&event.key)?),
    })
}

fn cancel_to_schema(event: &CancelIntent) -> schema::CancelIntent {
    schema::CancelIntent {
        version: VERSION,
        issuer: event.issuer.as_bytes().to_vec(),
        subject: event.subject.as_bytes().to_vec(),
        subscription: event.subscription.as_bytes().to_vec(),
        when: match event.when {
            CancelWhen::AtPeriodEnd => 1,
            CancelWhen::Now => 2,
        },
        issued_at: event.issued_at.as_millis(),
    }
}

fn cancel_from_schema(event: &schema::CancelIntent) -> Result<CancelIntent, Malformed> {
    version(event.version)?;
    Ok(CancelIntent {
        issuer: account(&event.issuer)?,
        subject: account(&event.subject)?,
        subscription: Digest::new(array(&event.subscription)?),
        when: match event.when {
            1 => CancelWhen::AtPeriodEnd,
            2 => CancelWhen::Now,
            _ => return Err(Malformed("an unknown moment")),
        },
        issued_at: time(event.issued_at),
    })
}

fn tax_to_schema(tax: &Tax) -> schema::Tax {
    schema::Tax { name: tax.name.clone(), basis_points: tax.basis_points, minor: tax.minor.unsigned_abs() }
}

fn tax_from_schema(tax: schema::Tax) -> Result<Tax, Malformed> {
    Ok(Tax { name: tax.name, basis_points: tax.basis_points, minor: minor(tax.minor)? })
}

/// Whether a receipt over `amount` can name these taxes: few, named, none negative, together no more than it.
pub fn are_taxes_of(taxes: &[Tax], amount: Money) -> bool {
    let named = |tax: &Tax| {
        !tax.name.is_empty()
            && is_line(&tax.name, limits::TERM_MAX)
            && tax.minor >= 0
            && tax.basis_points <= 1_000_000
    };
    let sum = taxes.iter().try_fold(0_i64, |sum, tax| sum.checked_add(tax.minor));
    taxes.len() <= limits::TAXES_MAX && taxes.iter().all(named) && sum.is_some_and(|sum| sum <= amount.minor)
}

fn version(version: u32) -> Result<(), Malformed> {
    if version == VERSION { Ok(()) } else { Err(Malformed("an unknown version")) }
}

fn account(bytes: &[u8]) -> Result<AccountId, Malformed> {
    Ok(AccountId::new(array(bytes)?))
}

fn period(start: u64, end: u64) -> Result<(Time, Time), Malformed> {
    if start < end { Ok((time(start), time(end))) } else { Err(Malformed("an empty period")) }
}

fn terms(
    issuer: &[u8],
    subject: &[u8],
    subscription: &[u8],
    plan: String,
    plan_hash: &[u8],
) -> Result<Terms, Malformed> {
    if plan.is_empty() || plan.len() > limits::PLAN_ID_MAX || !plan.is_ascii() {
        return Err(Malformed("not a plan's id"));
    }
    Ok(Terms {
        issuer: account(issuer)?,
        subject: account(subject)?,
        subscription: Digest::new(array(subscription)?),
        plan,
        plan_hash: Digest::new(array(plan_hash)?),
    })
}
