//! A business's profile and the DHT record that carries it.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::wire::account::{LogHead, log_from_schema, log_to_schema};
use crate::wire::binary;
use crate::wire::boxes::OpenBox;
use crate::wire::decode::{Malformed, array, is_line, is_text, list, message, required, text, time};
use crate::wire::plan::Plan;
use crate::wire::rail::Payee;
use crate::wire::reach::Reach;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What a business publishes about itself. Empty texts are not given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Whose profile it is.
    pub account: AccountId,
    /// The highest one counts; below [`limits::SUCCESSION_SEQ`].
    pub seq: u64,
    /// When it was signed.
    pub issued: Time,
    /// From when on it no longer counts; at most [`limits::PROFILE_LIFE`] after its issue.
    pub expires: Time,
    /// The head of the account log that the record carries.
    pub log_head: LogHead,
    /// What the business is called; never empty.
    pub name: String,
    /// What it does; may have several lines.
    pub about: String,
    /// In its own words, at most [`limits::CATEGORIES_MAX`].
    pub categories: Vec<String>,
    /// ISO 3166-1 alpha-2, in capitals.
    pub country: String,
    /// An ISO 3166-2 code such as `BR-SP`, or a place's name.
    pub region: String,
    /// BCP 47 tags, at most [`limits::LANGUAGES_MAX`].
    pub languages: Vec<String>,
    /// An `https://` or `http://` address.
    pub website: String,
    /// Opening hours; may have several lines.
    pub hours: String,
    /// What one can subscribe to, at most [`limits::PLANS_MAX`], no two of one id.
    pub plans: Vec<Plan>,
    /// By which rails it takes money, by rail; of Lightning its node's public key.
    pub payees: Vec<Payee>,
    /// Receipts of operators that list it, at most [`charging::LISTINGS_MAX`].
    pub listings: Vec<Listing>,
    /// Where its devices can be reached, at most [`limits::DEVICES_MAX`], no device twice.
    pub reach: Vec<Reach>,
    /// The encoded bundle of prekeys of the device that signs; empty where there is none.
    #[serde(with = "binary")]
    pub bundle: Vec<u8>,
    /// Inboxes that take first flights and hand out prekeys while no device is there, at most
    /// [`limits::MAILBOXES_MAX`], no mailbox twice.
    pub mailboxes: Vec<OpenBox>,
}

impl Profile {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::Profile {
            account: self.account.as_bytes().to_vec(),
            seq: self.seq,
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
            log_head: Some(self.log_head.to_schema()),
            name: self.name.clone(),
            about: self.about.clone(),
            categories: self.categories.clone(),
            country: self.country.clone(),
            region: self.region.clone(),
            languages: self.languages.clone(),
            website: self.website.clone(),
            hours: self.hours.clone(),
            plans: self.plans.iter().map(Plan::to_schema).collect(),
            reach: self.reach.iter().map(Reach::to_schema).collect(),
            bundle: self.bundle.clone(),
            mailboxes: self.mailboxes.iter().map(OpenBox::to_schema).collect(),
            payees: self.payees.iter().map(Payee::to_schema).collect(),
            listings: self.listings.iter().map(Listing::to_schema).collect(),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload. Every bound is checked, and that the payload is the only encoding of what it
    /// says; times, the log and the signature are not this function's matter.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let profile: schema::Profile = message(payload, limits::PROFILE_MAX)?;
        let profile = Self {
            account: AccountId::new(array(&profile.account)?),
            seq: profile.seq,
            issued: time(profile.issued),
            expires: time(profile.expires),
            log_head: LogHead::from_schema(&required(profile.log_head)?)?,
            name: checked(profile.name, is_name)?,
            about: text(profile.about, limits::ABOUT_MAX)?,
            categories: list(profile.categories, limits::CATEGORIES_MAX, |text| checked(text, is_term))?,
            country: checked(profile.country, |text| text.is_empty() || is_country(text))?,
            region: checked(profile.region, |text| text.is_empty() || is_term(text))?,
            languages: list(profile.languages, limits::LANGUAGES_MAX, |text| checked(text, is_language))?,
            website: checked(profile.website, |text| text.is_empty() || is_website(text))?,
            hours: text(profile.hours, limits::LINE_MAX)?,
            plans: list(profile.plans, limits::PLANS_MAX, Plan::from_schema)?,
            reach: list(profile.reach, limits::DEVICES_MAX, Reach::from_schema)?,
            bundle: profile.bundle,
            mailboxes: list(profile.mailboxes, limits::MAILBOXES_MAX, OpenBox::from_schema)?,
            payees: Payee::list(profile.payees)?,
            listings: list(profile.listings, charging::LISTINGS_MAX, Listing::from_schema)?,
        };
        if profile.seq >= limits::SUCCESSION_SEQ {
            return Err(Malformed("a statement's number"));
        }
        let plans = profile.plans.iter().map(|plan| plan.id.as_str());
        let mailboxes = profile.mailboxes.iter().map(|open| open.at.peer());
        if has_twins(plans) || has_twins(profile.reach.iter().map(Reach::device)) || has_twins(mailboxes) {
            return Err(Malformed("a plan, a device or a mailbox twice"));
        }
        if profile.bundle.len() > limits::BUNDLE_MAX {
            return Err(Malformed("too large"));
        }
        if profile.encode() == payload { Ok(profile) } else { Err(Malformed("not canonical")) }
    }
}

/// A receipt that a business shows in its profile, not verified: whom it pays to be listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listing {
    /// The signed receipt.
    pub receipt: Signed,
    /// The operator's device that signed.
    pub signer: DeviceId,
}

impl Listing {
    fn to_schema(&self) -> schema::Listing {
        schema::Listing { receipt: Some(self.receipt.to_schema()), signer: self.signer.as_bytes().to_vec() }
    }

    fn from_schema(listing: schema::Listing) -> Result<Self, Malformed> {
        Ok(Self {
            receipt: Signed::from_schema(required(listing.receipt)?, charging::EVENT_MAX)?,
            signer: DeviceId::new(array(&listing.signer)?),
        })
    }
}

/// What lies in the DHT: the account's log, which device signed, and the signed profile. Nothing is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileRecord {
    /// The entries of the account's log, oldest first.
    pub log: Vec<Signed>,
    /// The device that signed.
    pub signer: DeviceId,
    /// The signed profile.
    pub profile: Signed,
}

impl ProfileRecord {
    /// The record's bytes.
    pub fn encode(&self) -> Vec<u8> {
        schema::ProfileRecord {
            log: log_to_schema(&self.log),
            signer: self.signer.as_bytes().to_vec(),
            profile: Some(self.profile.to_schema()),
        }
        .encode_to_vec()
    }

    /// Parses a record of at most [`limits::PROFILE_MAX`] bytes, in its only encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let record: schema::ProfileRecord = message(bytes, limits::PROFILE_MAX)?;
        let record = Self {
            log: log_from_schema(record.log)?,
            signer: DeviceId::new(array(&record.signer)?),
            profile: Signed::from_schema(required(record.profile)?, limits::PROFILE_MAX)?,
        };
        if record.encode() == bytes { Ok(record) } else { Err(Malformed("not canonical")) }
    }
}

/// Whether the text can be a business's name.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && is_line(text, limits::NAME_MAX)
}

/// Whether the text can be a description; it may be empty.
pub fn is_about(text: &str) -> bool {
    is_text(text, limits::ABOUT_MAX)
}

/// Whether the text can be a category or a region.
pub fn is_term(text: &str) -> bool {
    !text.is_empty() && is_line(text, limits::TERM_MAX)
}

/// Whether the text has the form of an ISO 3166-1 alpha-2 code.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether the text has the form of a BCP 47 tag: subtags of 1 to 8 letters and digits, joined by `-`, the
/// first of 2 to 8 letters.
pub fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let primary = subtags.next().unwrap_or_default();
    text.len() <= limits::TERM_MAX
        && (2..=8).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Whether the text can be a website: `https://` or `http://` and something without spaces.
pub fn is_website(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    is_line(text, limits::LINE_MAX)
        && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

/// Whether the text can be opening hours; it may be empty.
pub fn is_hours(text: &str) -> bool {
    is_text(text, limits::LINE_MAX)
}

/// Whether two of the things are the same.
pub fn has_twins<T: Ord>(things: impl Iterator<Item = T>) -> bool {
    let mut things: Vec<T> = things.collect();
    things.sort();
    things.windows(2).any(|pair| pair[0] == pair[1])
}

fn checked(text: String, is: impl FnOnce(&str) -> bool) -> Result<String, Malformed> {
    if is(&text) { Ok(text) } else { Err(Malformed("a text that can't be there")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_forms() {
        assert!(is_country("BR") && !is_country("br") && !is_country("BRA") && !is_country("B1"));
        assert!(is_language("pt") && is_language("pt-BR") && is_language("zh-Hant-TW"));
        for bad in ["", "p", "pt_BR", "pt-", "-pt", "p1", "pt-abcdefghi", "português"] {
            assert!(!is_language(bad), "{bad}");
        }
        assert!(is_website("https://example.com/a?b") && is_website("http://x"));
        for bad in ["example.com", "https://", "javascript:alert(1)", "https://a b", "HTTPS://x"] {
            assert!(!is_website(bad), "{bad}");
        }
        assert!(is_name("Padaria São João") && !is_name("") && !is_name(&"x".repeat(81)));
    }
}
