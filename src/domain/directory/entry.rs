//! Index entries: signed by a business for each of its terms, kept and handed out page by page by others.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::directory::profile::{ProfileError, VerifiedProfile, check_life};
use crate::domain::directory::term;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::{Device, LogEntry, LogOperation, Member, Purposes};
use crate::wire::index::{Facets, IndexEntry, IndexRecord};
use crate::wire::signed::Signed;

/// An index entry that a device of its business signed, and that is valid now.
///
/// The certificate shows that the account added the device, not that it never revoked it: an entry is a hint,
/// and the profile it leads to is verified with the whole log before anything is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedEntry {
    entry: IndexEntry,
    record: IndexRecord,
}

impl VerifiedEntry {
    /// Verifies an entry from anywhere: certificate, purpose, signature, account, facets and time.
    pub fn verify(record: IndexRecord, now: Time) -> Result<Self, ProfileError> {
        // The certificate names the key that it must hold under.
        let account = LogEntry::decode(record.certificate.unverified())?.account;
        let certificate = record.certificate.verify(account.as_bytes(), label::LOG_ENTRY);
        let certificate = LogEntry::decode(certificate.map_err(|_| ProfileError::Signature)?)?;
        let device = device_of(certificate).ok_or(ProfileError::Signer)?;
        let payload = record.entry.verify(device.id.as_bytes(), label::INDEX_ENTRY);
        let entry = IndexEntry::decode(payload.map_err(|_| ProfileError::Signature)?)?;
        let own = Facets::new([term::facet(entry.field, &entry.term)]);
        if entry.account != account || !entry.facets.contain(&own) {
            return Err(ProfileError::OtherAccount);
        }
        check_life(entry.issued, entry.expires, now)?;
        Ok(Self { entry, record })
    }

    /// What it says.
    pub const fn entry(&self) -> &IndexEntry {
        &self.entry
    }

    /// The entry as it travels.
    pub const fn record(&self) -> &IndexRecord {
        &self.record
    }

    /// Where it lies.
    pub fn key(&self) -> [u8; 32] {
        let entry = &self.entry;
        term::index_key(entry.field, &entry.term, term::shard(entry.field, &entry.account))
    }
}

/// Signs an entry for each term of our own profile, of the profile's age and life, and says where each lies.
///
/// The certificate comes from `log`, our own: what a profile carries may begin behind it.
pub fn entries_of(
    profile: &VerifiedProfile,
    log: &AccountLog,
    keys: &DeviceKeys,
) -> Vec<([u8; 32], IndexRecord)> {
    let account = profile.account();
    let Some(certificate) = certificate_of(log, &keys.id()) else {
        return Vec::new();
    };
    let terms = term::terms(profile.profile());
    let facets = term::facets(&terms);
    let sign = |(field, term): (_, String)| {
        let key = term::index_key(field, &term, term::shard(field, &account));
        let (issued, expires) = (profile.profile().issued, profile.profile().expires);
        let entry = IndexEntry { account, field, term, facets: facets.clone(), issued, expires };
        let entry = Signed::new(keys.signing(), label::INDEX_ENTRY, entry.encode());
        (key, IndexRecord { entry, certificate: certificate.clone() })
    };
    terms.into_iter().map(sign).collect()
}

/// The stored row of an entry that we keep for others; at most one for each key and account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HostedEntry {
    /// Whose it is.
    pub account: AccountId,
    /// When it was signed.
    pub issued: Time,
    /// From when on it is dropped.
    pub expires: Time,
    /// The encoded [`IndexRecord`].
    #[serde(with = "serde_bytes")]
    pub record: Vec<u8>,
}

impl HostedEntry {
    /// The row of an entry.
    pub fn of(entry: &VerifiedEntry) -> Self {
        let IndexEntry { account, issued, expires, .. } = entry.entry;
        Self { account, issued, expires, record: entry.record.encode() }
    }

    fn record(&self) -> Option<(IndexRecord, Facets)> {
        let record = IndexRecord::decode(&self.record).ok()?;
        let facets = IndexEntry::decode(record.entry.unverified()).ok()?.facets;
        Some((record, facets))
    }
}

/// What to do with an entry that was offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryOffer {
    /// Keep it in the place of the account's entry that lies there.
    Keep,
    /// Leave the one that lies there, which isn't older.
    Known,
    /// There is no room: nobody else's entry makes way.
    Full,
}

/// Decides on an entry, where `known` is what the same account has under the same key, and `hosted` counts all
/// entries kept.
pub fn decide(entry: &VerifiedEntry, known: Option<&HostedEntry>, hosted: usize) -> EntryOffer {
    match known {
        Some(known) if known.issued >= entry.entry.issued => EntryOffer::Known,
        None if hosted >= limits::INDEX_HOSTED_MAX => EntryOffer::Full,
        _ => EntryOffer::Keep,
    }
}

/// A page of the entries under one key: those that still count, have all of `wanted`, and whose account comes
/// after `cursor`. `rows` come in the order of their accounts; the cursor of the next page comes with the page
/// if there is one.
pub fn page(
    rows: impl IntoIterator<Item = HostedEntry>,
    cursor: Option<AccountId>,
    wanted: &Facets,
    now: Time,
) -> (Vec<IndexRecord>, Option<AccountId>) {
    let mut entries = Vec::new();
    let mut last = None;
    let after = rows.into_iter().filter(|row| cursor.is_none_or(|cursor| row.account > cursor));
    for row in after.filter(|row| row.expires > now) {
        let Some((record, facets)) = row.record() else { continue };
        if !facets.contain(wanted) {
            continue;
        }
        if entries.len() == limits::INDEX_PAGE {
            return (entries, last);
        }
        last = Some(row.account);
        entries.push(record);
    }
    (entries, None)
}

/// The latest entry that added the device; it is short, unlike a snapshot.
fn certificate_of(log: &AccountLog, device: &DeviceId) -> Option<Signed> {
    let adds = |entry: &Signed| {
        let added = LogEntry::decode(entry.unverified()).ok().and_then(device_of);
        added.is_some_and(|added| added.id == *device)
    };
    log.entries().into_iter().rfind(adds)
}

fn device_of(entry: LogEntry) -> Option<Device> {
    match entry.operation {
        // What the device signs names the account: that is its word.
        LogOperation::Open(Member { device, .. }, _) | LogOperation::AddDevice(Member { device, .. }) => {
            device.purposes.allow(Purposes::PROFILE).then_some(device)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Digest;
    use crate::domain::directory::fixture::{Business, NOW, padaria};
    use crate::domain::directory::profile::ProfileDraft;
    use crate::domain::directory::search::{Query, plan};
    use crate::wire::index::Field;

    fn entry_of(business: &Business, field: Field, term: &str) -> VerifiedEntry {
        let entries = entries_of(&business.verified(5), &business.log, &business.keys);
        let verified = entries.into_iter().map(|(key, record)| {
            let entry = VerifiedEntry::verify(record, NOW).unwrap();
            assert_eq!(entry.key(), key);
            entry
        });
        verified
            .into_iter()
            .find(|entry| (entry.entry.field, entry.entry.term.as_str()) == (field, term))
            .unwrap()
    }

    #[test]
    fn a_profile_is_found_under_its_folded_terms() {
        let business = Business::new(1);
        let entries = entries_of(&business.verified(5), &business.log, &business.keys);
        let terms: Vec<(Field, String)> = entries
            .iter()
            .map(|(_, record)| VerifiedEntry::verify(record.clone(), NOW).unwrap().entry)
            .map(|entry| (entry.field, entry.term))
            .collect();
        let expected = [
            (Field::Category, "bakery"),
            (Field::Category, "coffee-shop"),
            (Field::Country, "br"),
            (Field::Region, "br-sp"),
            (Field::Language, "pt"),
            (Field::Language, "en"),
            (Field::Word, "padaria"),
            (Field::Word, "sao"),
            (Field::Word, "joao"),
            (Field::Word, "bakery"),
            (Field::Word, "coffee"),
            (Field::Word, "shop"),
        ];
        assert_eq!(terms, expected.map(|(field, term)| (field, term.to_owned())));
        let first = Digest::new(crate::crypto::hash::sha256(&[&entries[0].1.encode()]));
        assert_eq!(first.to_string(), "c5d2547d45f608b9b57fad798c701fe0d725bea1ee0a98772474b0a62bb2c891");
    }

    #[test]
    fn the_largest_entry_fits_its_bound() {
        let business = Business::new(1);
        // Each term as long as can be, and as many of them.
        let words =
            |from: u32| (from..from + 20).map(|i| char::from_u32(0x4E00 + i).unwrap().to_string() + " ");
        let mut draft: ProfileDraft = padaria();
        draft.name = words(0).collect::<String>().trim().to_owned();
        draft.categories =
            [100, 200, 300].map(|i| words(i).take(10).collect::<String>().trim().to_owned()).into();
        draft.region = "ж".repeat(20);
        draft.languages = ["pt", "en", "es", "fr", "de", "it", "ja", "zh"].map(Into::into).into();
        let draft = draft.checked().unwrap();
        let record =
            business.seal(business.profile(draft, limits::SUCCESSION_SEQ - 1, NOW).encode()).encode();
        let profile = VerifiedProfile::verify(&record, NOW).unwrap();
        let entries = entries_of(&profile, &business.log, &business.keys);
        assert_eq!(entries.len(), limits::INDEX_TERMS_MAX);
        let largest = entries.iter().map(|(_, record)| record.encode().len()).max().unwrap();
        assert!((540..=limits::INDEX_ENTRY_MAX).contains(&largest), "{largest}");
    }

    #[test]
    fn no_byte_of_an_entry_can_be_changed() {
        let record = entry_of(&Business::new(1), Field::Word, "sao").record().encode();
        let verify = |bytes: &[u8]| {
            VerifiedEntry::verify(IndexRecord::decode(bytes).map_err(ProfileError::Malformed)?, NOW)
        };
        assert!(verify(&record).is_ok());
        for position in 0..record.len() {
            let mut changed = record.clone();
            changed[position] ^= 1;
            assert!(verify(&changed).is_err(), "byte {position}");
        }
        assert!(verify(&[record.as_slice(), &[0x18, 1]].concat()).is_err());
    }

    #[test]
    fn an_entry_needs_a_certified_device_its_own_account_and_a_short_life() {
        let (one, other) = (Business::new(1), Business::new(2));
        let good = entry_of(&one, Field::Word, "sao");
        let resign = |signer: &Business, change: fn(&mut IndexEntry)| {
            let mut entry = good.entry.clone();
            change(&mut entry);
            IndexRecord {
                entry: Signed::new(signer.keys.signing(), label::INDEX_ENTRY, entry.encode()),
                certificate: signer.log.entries()[0].clone(),
            }
        };
        let verify = |record| VerifiedEntry::verify(record, NOW).map(|_| ());
        assert_eq!(verify(resign(&one, |_| ())), Ok(()));
        // Somebody else's device, with its own certificate or with the account's.
        assert_eq!(verify(resign(&other, |_| ())), Err(ProfileError::OtherAccount));
        let borrowed = IndexRecord { certificate: one.log.entries()[0].clone(), ..resign(&other, |_| ()) };
        assert_eq!(verify(borrowed), Err(ProfileError::Signature));
        let unfit = Business::with_purposes(1, Purposes::MESSAGE);
        assert_eq!(verify(resign(&unfit, |_| ())), Err(ProfileError::Signer));
        assert_eq!(verify(resign(&one, |entry| entry.term = "sp".into())), Err(ProfileError::OtherAccount));
        let long = |entry: &mut IndexEntry| entry.expires = NOW.plus(limits::PROFILE_LIFE * 2);
        assert_eq!(verify(resign(&one, long)), Err(ProfileError::TooLong));
        assert_eq!(verify(resign(&one, |entry| entry.expires = NOW)), Err(ProfileError::Expired));
        let later = NOW.plus(limits::PROFILE_LIFE);
        assert_eq!(VerifiedEntry::verify(good.record, later), Err(ProfileError::Expired));
    }

    #[test]
    fn a_node_keeps_the_latest_and_makes_nobody_way() {
        let entry = entry_of(&Business::new(1), Field::Word, "sao");
        let known = HostedEntry::of(&entry);
        let older = HostedEntry { issued: NOW.minus(limits::CLOCK_SKEW), ..known.clone() };
        assert_eq!(decide(&entry, None, 0), EntryOffer::Keep);
        assert_eq!(decide(&entry, Some(&known), 0), EntryOffer::Known);
        assert_eq!(decide(&entry, Some(&older), limits::INDEX_HOSTED_MAX), EntryOffer::Keep);
        assert_eq!(decide(&entry, None, limits::INDEX_HOSTED_MAX), EntryOffer::Full);
        let stored = postcard::to_stdvec(&known).unwrap();
        assert_eq!(postcard::from_bytes::<HostedEntry>(&stored).unwrap(), known);
    }

    #[test]
    fn pages_show_every_entry_once_and_only_what_is_wanted() {
        let mut rows: Vec<HostedEntry> = (1..=50)
            .map(|byte| HostedEntry::of(&entry_of(&Business::new(byte), Field::Word, "sao")))
            .collect();
        rows.sort_by_key(|row| row.account);
        rows[3].expires = NOW;
        let wanted = |country: &str| {
            let query = Query { country: Some(country.into()), ..Query::default() };
            term::facets(&query.terms())
        };
        let (mut cursor, mut sizes, mut accounts) = (None, Vec::new(), Vec::new());
        loop {
            let (entries, next) = page(rows.clone(), cursor, &wanted("BR"), NOW);
            sizes.push(entries.len());
            accounts.extend(
                entries.into_iter().map(|record| VerifiedEntry::verify(record, NOW).unwrap().entry.account),
            );
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(sizes, [20, 20, 9]);
        let expected = rows.iter().filter(|row| row.expires > NOW).map(|row| row.account);
        assert_eq!(accounts, expected.collect::<Vec<_>>());
        assert_eq!(page(rows.clone(), None, &wanted("IN"), NOW), (Vec::new(), None));
        let exact = page(rows[10..30].to_vec(), None, &Facets::default(), NOW);
        assert_eq!((exact.0.len(), exact.1), (20, None), "a full last page has no next");
    }

    #[test]
    fn an_entry_says_no_only_where_the_profile_does_not_match() {
        let entry = entry_of(&Business::new(1), Field::Word, "sao");
        let query = |words: &str, region: &str| Query {
            words: words.into(),
            region: Some(region.into()),
            ..Query::default()
        };
        let may_match = |query: &Query| entry.entry().facets.contain(&plan(query).unwrap().facets);
        assert!(may_match(&query("joao coffee", "BR-SP")));
        assert!(!may_match(&query("joao", "BR-RJ")));
        assert!(!may_match(&query("maria", "BR-SP")));
    }
}
