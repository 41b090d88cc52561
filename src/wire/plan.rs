//! A plan: the terms under which a business lets people subscribe.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::limits;
use crate::base::money::Money;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::wire::decode::{Malformed, is_line, required};
use crate::wire::schema;

/// How long a paid period is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// A calendar month.
    Monthly,
    /// Twelve of them.
    Annual,
}

impl Period {
    /// Calendar months.
    pub const fn months(self) -> u32 {
        match self {
            Self::Monthly => 1,
            Self::Annual => 12,
        }
    }
}

/// The terms of a subscription. Changed terms are a new version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Its name for programs: `a-z`, `0-9` and `-`.
    pub id: String,
    /// 1 for the first terms, more for later ones.
    pub version: u32,
    /// Its name for people.
    pub name: String,
    /// What one period costs; more than nothing.
    pub price: Money,
    /// How long a period is.
    pub period: Period,
    /// Days of free trial before the first payment.
    pub trial_days: u32,
    /// Days of access after a period that wasn't renewed.
    pub grace_days: u32,
    /// Days without access after that, in which paying restores the subscription.
    pub hold_days: u32,
}

impl Plan {
    /// Whether the terms are within their bounds.
    pub fn check(&self) -> Result<(), PlanError> {
        if !is_plan_id(&self.id) {
            return Err(PlanError::Id);
        }
        if self.version == 0 {
            return Err(PlanError::Version);
        }
        if self.name.is_empty() || !is_line(&self.name, limits::NAME_MAX) {
            return Err(PlanError::Name);
        }
        if self.price.minor <= 0 {
            return Err(PlanError::Price);
        }
        let days = [self.trial_days, self.grace_days, self.hold_days];
        if days.iter().any(|days| *days > charging::PLAN_DAYS_MAX) { Err(PlanError::Days) } else { Ok(()) }
    }

    /// SHA-256 over the label and the encoded terms: what events name the terms by.
    pub fn hash(&self) -> Digest {
        Digest::new(sha256(&[&label::PLAN_HASH.with(&[&self.to_schema().encode_to_vec()])]))
    }

    pub(crate) fn to_schema(&self) -> schema::Plan {
        schema::Plan {
            id: self.id.clone(),
            version: self.version,
            name: self.name.clone(),
            price: Some(money_to_schema(&self.price)),
            period: match self.period {
                Period::Monthly => 1,
                Period::Annual => 2,
            },
            trial_days: self.trial_days,
            grace_days: self.grace_days,
            hold_days: self.hold_days,
        }
    }

    pub(crate) fn from_schema(plan: schema::Plan) -> Result<Self, Malformed> {
        let plan = Self {
            id: plan.id,
            version: plan.version,
            name: plan.name,
            price: money_from_schema(required(plan.price)?)?,
            period: match plan.period {
                1 => Period::Monthly,
                2 => Period::Annual,
                _ => return Err(Malformed("an unknown period")),
            },
            trial_days: plan.trial_days,
            grace_days: plan.grace_days,
            hold_days: plan.hold_days,
        };
        plan.check().map_err(|_| Malformed("not a plan"))?;
        Ok(plan)
    }
}

/// Whether the text can be a plan's id.
pub fn is_plan_id(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=charging::PLAN_ID_MAX).contains(&text.len()) && text.bytes().all(known)
}

/// Why terms aren't a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// The id.
    #[error("a plan's id is 1 to 32 characters of a-z, 0-9 and -")]
    Id,
    /// The version.
    #[error("a plan's version begins with 1 and goes up whenever its terms change")]
    Version,
    /// The name.
    #[error("a plan's name is one line of 1 to 80 bytes")]
    Name,
    /// The price.
    #[error("a plan's price is more than zero")]
    Price,
    /// Trial, grace or hold.
    #[error("a plan's trial, grace and hold are at most 366 days each")]
    Days,
}

pub(crate) fn money_to_schema(money: &Money) -> schema::Money {
    schema::Money { minor: money.minor.unsigned_abs(), currency: money.currency.code().to_owned() }
}

pub(crate) fn money_from_schema(money: schema::Money) -> Result<Money, Malformed> {
    Ok(Money { minor: minor(money.minor)?, currency: currency(&money.currency)? })
}

pub(crate) fn minor(minor: u64) -> Result<i64, Malformed> {
    i64::try_from(minor).map_err(|_| Malformed("too much money"))
}

pub(crate) fn currency(code: &str) -> Result<crate::base::money::Currency, Malformed> {
    code.parse().map_err(|_| Malformed("not a currency"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan of BRL 19.90 a month with trial, grace and hold.
    pub(crate) fn plan() -> Plan {
        Plan {
            id: "pro".into(),
            version: 1,
            name: "Pro".into(),
            price: Money::parse("19.90", "BRL".parse().unwrap()).unwrap(),
            period: Period::Monthly,
            trial_days: 14,
            grace_days: 3,
            hold_days: 30,
        }
    }

    #[test]
    fn terms_out_of_bounds_are_refused_with_what_to_do() {
        let with = |change: fn(&mut Plan)| {
            let mut plan = plan();
            change(&mut plan);
            plan.check().map(|()| Plan::from_schema(plan.to_schema()).unwrap())
        };
        assert_eq!(with(|_| ()), Ok(plan()));
        assert_eq!(with(|plan| plan.id = "Pro".into()), Err(PlanError::Id));
        assert_eq!(with(|plan| plan.id = String::new()), Err(PlanError::Id));
        assert_eq!(with(|plan| plan.version = 0), Err(PlanError::Version));
        assert_eq!(with(|plan| plan.name = "two\nlines".into()), Err(PlanError::Name));
        assert_eq!(with(|plan| plan.price.minor = 0), Err(PlanError::Price));
        assert_eq!(with(|plan| plan.hold_days = 367), Err(PlanError::Days));
    }

    #[test]
    fn every_term_changes_the_hash() {
        let changes: [fn(&mut Plan); 8] = [
            |plan| plan.id.push('x'),
            |plan| plan.version = 2,
            |plan| plan.name.push('x'),
            |plan| plan.price.minor += 1,
            |plan| plan.period = Period::Annual,
            |plan| plan.trial_days += 1,
            |plan| plan.grace_days += 1,
            |plan| plan.hold_days += 1,
        ];
        let mut hashes: Vec<Digest> = vec![plan().hash()];
        for change in changes {
            let mut plan = plan();
            change(&mut plan);
            hashes.push(plan.hash());
        }
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 9);
    }
}
