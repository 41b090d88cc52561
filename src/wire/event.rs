//! How the events of charging are encoded, each in the only encoding of what it says.

use prost::Message as _;

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::wire::billing::{
    CancelIntent, CancelWhen, Event, EventKind, Invoice, Receipt, Subscribe, Tax, Terms, TrialGrant,
};
use crate::wire::decode::{Malformed, array, is_line, list, message, required, time};
use crate::wire::event_more as more;
use crate::wire::plan::{Plan, currency, minor, money_from_schema, money_to_schema};
use crate::wire::rail::{Payee, Rail, TrustClass};
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
            Self::Offer(_) => EventKind::Offer,
            Self::Evidence(_) => EventKind::Evidence,
            Self::CreditNote(_) => EventKind::CreditNote,
            Self::CreditReversed(_) => EventKind::CreditReversed,
            Self::PlanChange(_) => EventKind::PlanChange,
            Self::Agreement(_) => EventKind::Agreement,
            Self::PriceChange(_) => EventKind::PriceChange,
            Self::Consent(_) => EventKind::Consent,
            Self::Pause(_) => EventKind::Pause,
        }
    }

    /// The business.
    pub const fn issuer(&self) -> AccountId {
        match self {
            Self::Subscribe(event) => event.issuer,
            _ => self.parties().0,
        }
    }

    /// The subscriber.
    pub const fn subject(&self) -> AccountId {
        match self {
            Self::Subscribe(event) => event.subject,
            _ => self.parties().1,
        }
    }

    /// The account whose device must have signed: the subscriber's for what they want, else the business's.
    pub const fn author(&self) -> AccountId {
        if self.kind().is_subscribers() { self.subject() } else { self.issuer() }
    }

    /// When it was signed.
    pub const fn issued_at(&self) -> Time {
        match self {
            Self::Subscribe(event) => event.issued_at,
            Self::Trial(event) => event.issued_at,
            Self::Invoice(event) => event.issued_at,
            Self::Receipt(event) => event.issued_at,
            Self::Cancel(event) => event.issued_at,
            Self::Offer(event) => event.issued_at,
            Self::Evidence(event) => event.issued_at,
            Self::CreditNote(event) => event.issued_at,
            Self::CreditReversed(event) => event.issued_at,
            Self::PlanChange(event) => event.issued_at,
            Self::Agreement(event) | Self::Consent(event) => event.issued_at,
            Self::PriceChange(event) => event.issued_at,
            Self::Pause(event) => event.issued_at,
        }
    }

    /// The subscription that it names; none for a [`Subscribe`], whose own digest is the subscription.
    pub const fn subscription(&self) -> Option<Digest> {
        match self {
            Self::Subscribe(_) => None,
            _ => Some(self.parties().2),
        }
    }

    const fn parties(&self) -> (AccountId, AccountId, Digest) {
        let parties = match self {
            Self::Subscribe(event) => return (event.issuer, event.subject, Digest::new([0; 32])),
            Self::Cancel(event) => return (event.issuer, event.subject, event.subscription),
            Self::Trial(TrialGrant { terms, .. })
            | Self::Invoice(Invoice { terms, .. })
            | Self::Receipt(Receipt { terms, .. }) => {
                return (terms.issuer, terms.subject, terms.subscription);
            }
            Self::Offer(event) => &event.parties,
            Self::Evidence(event) => &event.parties,
            Self::CreditNote(event) => &event.parties,
            Self::CreditReversed(event) => &event.parties,
            Self::PlanChange(event) => &event.parties,
            Self::Agreement(event) | Self::Consent(event) => &event.parties,
            Self::PriceChange(event) => &event.parties,
            Self::Pause(event) => &event.parties,
        };
        (parties.issuer, parties.subject, parties.subscription)
    }

    /// The terms that it names, where it names some.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Trial(event) => Some(&event.terms),
            Self::Invoice(event) => Some(&event.terms),
            Self::Receipt(event) => Some(&event.terms),
            _ => None,
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
            Self::Offer(event) => more::offer(event).encode_to_vec(),
            Self::Evidence(event) => more::evidence(event).encode_to_vec(),
            Self::CreditNote(event) => more::credit_note(event).encode_to_vec(),
            Self::CreditReversed(event) => more::reversal(event).encode_to_vec(),
            Self::PlanChange(event) => more::plan_change(event).encode_to_vec(),
            Self::Agreement(event) | Self::Consent(event) => more::answer(event).encode_to_vec(),
            Self::PriceChange(event) => more::price_change(event).encode_to_vec(),
            Self::Pause(event) => more::pause(event).encode_to_vec(),
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
            EventKind::Offer => Self::Offer(more::read_offer(bounded(payload)?)?),
            EventKind::Evidence => Self::Evidence(more::read_evidence(bounded(payload)?)?),
            EventKind::CreditNote => Self::CreditNote(more::read_credit_note(bounded(payload)?)?),
            EventKind::CreditReversed => Self::CreditReversed(more::read_reversal(bounded(payload)?)?),
            EventKind::PlanChange => Self::PlanChange(more::read_plan_change(bounded(payload)?)?),
            EventKind::Agreement => Self::Agreement(more::read_answer(&bounded(payload)?)?),
            EventKind::PriceChange => Self::PriceChange(more::read_price_change(bounded(payload)?)?),
            EventKind::Consent => Self::Consent(more::read_answer(&bounded(payload)?)?),
            EventKind::Pause => Self::Pause(more::read_pause(&bounded(payload)?)?),
        };
        if event.encode() == payload { Ok(event) } else { Err(Malformed("not canonical")) }
    }
}

fn bounded<M: prost::Message + Default>(payload: &[u8]) -> Result<M, Malformed> {
    message(payload, charging::EVENT_MAX)
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
        payees: event.payees.iter().map(Payee::to_schema).collect(),
        change: event.change.map(|change| change.as_bytes().to_vec()).unwrap_or_default(),
    }
}

fn invoice_from_schema(event: schema::Invoice) -> Result<Invoice, Malformed> {
    version(event.version)?;
    let (period_start, period_end) = period(event.period_start, event.period_end)?;
    let rails = list(event.rails, charging::RAILS_MAX, Rail::from_number)?;
    if rails.is_empty() || rails.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Malformed("rails that can't be"));
    }
    let payees = Payee::list(event.payees)?;
    let has = |rail: &Rail| payees.iter().any(|payee| payee.rail == *rail);
    let others = rails.iter().filter(|rail| **rail != Rail::Manual);
    if !others.clone().all(has) || !payees.iter().all(|payee| rails.contains(&payee.rail)) {
        return Err(Malformed("rails without payees, or payees without rails"));
    }
    Ok(Invoice {
        terms: terms(&event.issuer, &event.subject, &event.subscription, event.plan, &event.plan_hash)?,
        key: event.key.parse()?,
        period_start,
        period_end,
        amount: money_from_schema(required(event.amount)?)?,
        rails,
        payees,
        change: optional(&event.change)?,
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
    let tax = list(event.tax, charging::TAXES_MAX, tax_from_schema)?;
    let rail = Rail::from_number(event.rail)?;
    let previous = Digest::new(array(&event.previous)?);
    if !are_taxes_of(&tax, amount) || event.grace_days > charging::PLAN_DAYS_MAX {
        return Err(Malformed("out of bounds"));
    }
    let trust_class = TrustClass::from_number(event.trust_class)?;
    if trust_class == TrustClass::A && (rail != Rail::Lightning || event.evidence_hash.is_empty()) {
        return Err(Malformed("a trust class that its rail doesn't give"));
    }
    if (event.seq == 0) != (previous == Digest::new([0; 32])) {
        return Err(Malformed("a chain without a beginning"));
    }
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
        trust_class,
        evidence_hash: optional(&event.evidence_hash)?,
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
    taxes.len() <= charging::TAXES_MAX
        && taxes.iter().all(named)
        && sum.is_some_and(|sum| sum <= amount.minor)
}

/// A digest, or nothing.
fn optional(bytes: &[u8]) -> Result<Option<Digest>, Malformed> {
    if bytes.is_empty() { Ok(None) } else { Ok(Some(Digest::new(array(bytes)?))) }
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
    if plan.is_empty() || plan.len() > charging::PLAN_ID_MAX || !plan.is_ascii() {
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
