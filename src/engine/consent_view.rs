//! Pure queries about consent: what is given, what was dropped, when it is quiet, and all of it as a file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::domain::consent::dealings::{DEALINGS, Dropped};
use crate::domain::consent::export::{ConsentFile, Statement};
use crate::domain::consent::ledger::{self, CONSENTS, Given, is_in_force};
use crate::domain::consent::quiet;
use crate::domain::consent::report;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact};
use crate::domain::identity::{moved, own};
use crate::store::table::Rows;
use crate::wire::consent::{Decline, Topic};

/// The last word on one topic, ours to a business or a customer's to us.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentView {
    /// The other side's address.
    pub with: String,
    /// What they are called here.
    pub name: String,
    /// `person` where it is ours, else `business`.
    pub we_are: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// Whether it was granted; otherwise it was taken back.
    pub granted: bool,
    /// Whether it holds now.
    pub in_force: bool,
    /// When it was signed.
    pub issued: Time,
    /// Until when it holds, where it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// Its number.
    pub seq: u64,
}

/// Texts of one business that were dropped for one cause.
#[derive(Clone, Debug, Serialize)]
pub struct DroppedView {
    /// The business's address.
    pub with: String,
    /// What it is called here.
    pub name: String,
    /// Why.
    pub cause: Decline,
    /// The category of their template, where they had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Topic>,
    /// How many.
    pub count: u64,
    /// When the first one was.
    pub first: Time,
    /// When the last one was.
    pub last: Time,
}

/// The hours in which the person isn't to be disturbed.
#[derive(Clone, Debug, Serialize)]
pub struct QuietView {
    /// As `22:00-07:00`; none where there are none.
    pub hours: Option<String>,
    /// How far the person's clock is from UTC, as `-03:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// When they end, if they are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// The last word on each topic: with one contact, or with all, by name.
pub fn consents(rows: &impl Rows, with: Option<&AccountId>, now: Time) -> Vec<ConsentView> {
    let mut last: BTreeMap<(AccountId, Topic), (String, &'static str, Given)> = BTreeMap::new();
    let given: Vec<_> = match with.and_then(|with| moved::contact(rows, with)) {
        Some(contact) => ledger::all(rows, &contact.thread),
        None if with.is_some() => Vec::new(),
        None => rows.scan(&CONSENTS, &CONSENTS.all()).into_iter().map(|(_, given)| given).collect(),
    };
    for given in given {
        let consent = given.consent();
        let (contact, we_are) = match moved::contact(rows, &consent.business) {
            Some(contact) => (Some(contact), "person"),
            None => (moved::contact(rows, &consent.person), "business"),
        };
        let Some(contact) = contact else { continue };
        let key = (contact.account, consent.topic);
        if last.get(&key).is_none_or(|(_, _, known)| known.consent().seq < consent.seq) {
            last.insert(key, (contact.name.clone(), we_are, Given::clone(&given)));
        }
    }
    let view = |((account, topic), (name, we_are, given)): ((AccountId, Topic), (String, _, Given))| {
        let consent = given.consent();
        ConsentView {
            with: address::encode(&account),
            name,
            we_are,
            topic,
            granted: consent.granted,
            in_force: is_in_force(consent, now),
            issued: consent.issued,
            expires: consent.granted.then_some(consent.expires),
            seq: consent.seq,
        }
    };
    let mut views: Vec<_> = last.into_iter().map(view).collect();
    views.sort_by(|one, other| {
        (&one.name, &one.with, one.topic).cmp(&(&other.name, &other.with, other.topic))
    });
    views
}

/// What was dropped, the latest first.
pub fn dropped(rows: &impl Rows) -> Vec<DroppedView> {
    let mut views = Vec::new();
    for (_, contact) in rows.scan(&CONTACTS, &CONTACTS.all()) {
        if let Some(dealings) =
            rows.row(&DEALINGS, contact.thread.as_bytes()).filter(|_| contact.is_held_to_rules())
        {
            views.extend(dealings.dropped().iter().map(|dropped| dropped_view(&contact, dropped)));
        }
    }
    views.sort_by_key(|view| (core::cmp::Reverse(view.last), view.with.clone(), view.cause, view.category));
    views
}

fn dropped_view(contact: &Contact, dropped: &Dropped) -> DroppedView {
    let Dropped { cause, category, count, first, last } = *dropped;
    let (with, name) = (address::encode(&contact.account), contact.name.clone());
    DroppedView { with, name, cause, category, count, first, last }
}

/// The person's quiet hours.
pub fn quiet_hours(rows: &impl Rows, now: Time) -> QuietView {
    let quiet = quiet::get(rows);
    QuietView {
        hours: quiet.map(|quiet| quiet.hours()),
        zone: quiet.map(|quiet| quiet.zone().to_string()),
        until: quiet.and_then(|quiet| quiet.ends(now)),
    }
}

/// All that was signed between us and a contact, as a file that proves itself; with what we have against them only
/// where it is asked for.
pub fn file(rows: &impl Rows, with: &AccountId, with_reports: bool) -> Option<ConsentFile> {
    let contact = moved::contact(rows, with).filter(|contact| !contact.is_ourselves())?;
    let given = ledger::all(rows, &contact.thread);
    let filed = if with_reports { report::all(rows, &contact.thread) } else { Vec::new() };
    let ours = given.first().is_none_or(|given| moved::contact(rows, &given.consent().person).is_none());
    let (line, superseded) = if ours {
        (own::logs(rows, &own::current(rows, &contact.own)), Vec::new())
    } else {
        (moved::logs(rows, &contact), moved::superseded(rows, &contact.account))
    };
    let reports = filed.iter().map(|filed| Statement::new(filed.signer, &filed.signed)).collect();
    Some(ConsentFile::new(given.iter().map(|given| given.signed()), reports, &line, &superseded))
}
