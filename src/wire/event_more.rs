//! How the events that follow payments and change terms are encoded.

use crate::base::charging;
use crate::base::id::{AccountId, Digest};
use crate::base::money::Money;
use crate::wire::billing::{
    Answer, Credit, CreditNote, CreditNoteReversed, Evidence, Offer, Parties, Pause, PlanChange, PriceChange,
};
use crate::wire::decode::{Malformed, array, line, required, time};
use crate::wire::plan::{Plan, money_from_schema, money_to_schema};
use crate::wire::rail::{Payee, Rail};
use crate::wire::schema;

const VERSION: u32 = 1;

pub(super) fn offer(event: &Offer) -> schema::Offer {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::Offer {
        version: VERSION,
        issuer,
        subject,
        subscription,
        invoice: event.invoice.as_str().to_owned(),
        payee: Some(event.payee.to_schema()),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_offer(event: schema::Offer) -> Result<Offer, Malformed> {
    Ok(Offer {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        invoice: event.invoice.parse()?,
        payee: Payee::from_schema(required(event.payee)?)?,
        issued_at: time(event.issued_at),
    })
}

pub(super) fn evidence(event: &Evidence) -> schema::Evidence {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::Evidence {
        version: VERSION,
        issuer,
        subject,
        subscription,
        invoice: event.invoice.as_str().to_owned(),
        rail: event.rail.number(),
        proof: event.proof.clone(),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_evidence(event: schema::Evidence) -> Result<Evidence, Malformed> {
    if event.proof.len() > charging::EVIDENCE_MAX {
        return Err(Malformed("too much evidence"));
    }
    Ok(Evidence {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        invoice: event.invoice.parse()?,
        rail: Rail::from_number(event.rail)?,
        proof: event.proof,
        issued_at: time(event.issued_at),
    })
}

pub(super) fn credit_note(event: &CreditNote) -> schema::CreditNote {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::CreditNote {
        version: VERSION,
        issuer,
        subject,
        subscription,
        key: event.key.as_str().to_owned(),
        receipt: event.receipt.as_bytes().to_vec(),
        kind: match event.credit {
            Credit::Refund => 1,
            Credit::Revoke => 2,
        },
        amount: Some(money_to_schema(&event.amount)),
        access_ends: event.access_ends.as_millis(),
        reason: event.reason.clone(),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_credit_note(event: schema::CreditNote) -> Result<CreditNote, Malformed> {
    Ok(CreditNote {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        key: event.key.parse()?,
        receipt: Digest::new(array(&event.receipt)?),
        credit: match event.kind {
            1 => Credit::Refund,
            2 => Credit::Revoke,
            _ => return Err(Malformed("an unknown credit")),
        },
        amount: money_from_schema(required(event.amount)?)?,
        access_ends: time(event.access_ends),
        reason: reason(event.reason)?,
        issued_at: time(event.issued_at),
    })
}

pub(super) fn reversal(event: &CreditNoteReversed) -> schema::CreditNoteReversed {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::CreditNoteReversed {
        version: VERSION,
        issuer,
        subject,
        subscription,
        note: event.note.as_bytes().to_vec(),
        reason: event.reason.clone(),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_reversal(event: schema::CreditNoteReversed) -> Result<CreditNoteReversed, Malformed> {
    Ok(CreditNoteReversed {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        note: Digest::new(array(&event.note)?),
        reason: reason(event.reason)?,
        issued_at: time(event.issued_at),
    })
}

pub(super) fn plan_change(event: &PlanChange) -> schema::PlanChange {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::PlanChange {
        version: VERSION,
        issuer,
        subject,
        subscription,
        from: event.from.as_bytes().to_vec(),
        to: Some(event.to.to_schema()),
        at: event.at.as_millis(),
        until: event.until.as_millis(),
        credit: Some(money_to_schema(&event.credit)),
        charge: Some(money_to_schema(&event.charge)),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_plan_change(event: schema::PlanChange) -> Result<PlanChange, Malformed> {
    let money =
        |money: Option<schema::Money>| -> Result<Money, Malformed> { money_from_schema(required(money)?) };
    let change = PlanChange {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        from: Digest::new(array(&event.from)?),
        to: Plan::from_schema(required(event.to)?)?,
        at: time(event.at),
        until: time(event.until),
        credit: money(event.credit)?,
        charge: money(event.charge)?,
        issued_at: time(event.issued_at),
    };
    let one_currency = change.credit.currency == change.charge.currency
        && change.charge.currency == change.to.price.currency;
    if change.until < change.at || !one_currency || change.credit.minor > change.charge.minor {
        return Err(Malformed("a change that can't be"));
    }
    Ok(change)
}

pub(super) fn answer(event: &Answer) -> schema::BillingAnswer {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::BillingAnswer {
        version: VERSION,
        issuer,
        subject,
        subscription,
        event: event.event.as_bytes().to_vec(),
        agrees: event.agrees,
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_answer(event: &schema::BillingAnswer) -> Result<Answer, Malformed> {
    Ok(Answer {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        event: Digest::new(array(&event.event)?),
        agrees: event.agrees,
        issued_at: time(event.issued_at),
    })
}

pub(super) fn price_change(event: &PriceChange) -> schema::PriceChange {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::PriceChange {
        version: VERSION,
        issuer,
        subject,
        subscription,
        from: event.from.as_bytes().to_vec(),
        to: Some(event.to.to_schema()),
        effective: event.effective.as_millis(),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_price_change(event: schema::PriceChange) -> Result<PriceChange, Malformed> {
    let (effective, issued_at) = (time(event.effective), time(event.issued_at));
    if effective < issued_at.plus(charging::PRICE_NOTICE) {
        return Err(Malformed("a price change without notice"));
    }
    Ok(PriceChange {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        from: Digest::new(array(&event.from)?),
        to: Plan::from_schema(required(event.to)?)?,
        effective,
        issued_at,
    })
}

pub(super) fn pause(event: &Pause) -> schema::Pause {
    let (issuer, subject, subscription) = parties(&event.parties);
    schema::Pause {
        version: VERSION,
        issuer,
        subject,
        subscription,
        until: event.until.as_millis(),
        issued_at: event.issued_at.as_millis(),
    }
}

pub(super) fn read_pause(event: &schema::Pause) -> Result<Pause, Malformed> {
    let (until, issued_at) = (time(event.until), time(event.issued_at));
    if until <= issued_at || until > issued_at.plus(charging::PAUSE_MAX) {
        return Err(Malformed("a pause that can't be"));
    }
    Ok(Pause {
        parties: read_parties(event.version, &event.issuer, &event.subject, &event.subscription)?,
        until,
        issued_at,
    })
}

fn parties(parties: &Parties) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let Parties { issuer, subject, subscription } = parties;
    (issuer.as_bytes().to_vec(), subject.as_bytes().to_vec(), subscription.as_bytes().to_vec())
}

fn read_parties(
    version: u32,
    issuer: &[u8],
    subject: &[u8],
    subscription: &[u8],
) -> Result<Parties, Malformed> {
    if version != VERSION {
        return Err(Malformed("an unknown version"));
    }
    Ok(Parties {
        issuer: AccountId::new(array(issuer)?),
        subject: AccountId::new(array(subject)?),
        subscription: Digest::new(array(subscription)?),
    })
}

/// A reason is never empty.
fn reason(reason: String) -> Result<String, Malformed> {
    if reason.is_empty() { Err(Malformed("no reason")) } else { line(reason, charging::REASON_MAX) }
}
