//! What a business may say in its profile, and when a profile of somebody else is believed.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::billing::rail::request;
use crate::domain::billing::rail::unusable::Unusable;
use crate::domain::directory::term;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::wire::account::Purposes;
use crate::wire::decode::Malformed;
use crate::wire::index::Field;
use crate::wire::plan::{Plan, PlanError};
use crate::wire::rail::Payee;
use crate::wire::record::{self, Listing, Profile, ProfileRecord};

/// What a business sets; everything but the name may be left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field is documented in `wire::record::Profile`")]
pub struct ProfileDraft {
    pub name: String,
    pub about: String,
    pub categories: Vec<String>,
    pub country: String,
    pub region: String,
    pub languages: Vec<String>,
    pub website: String,
    pub hours: String,
    pub plans: Vec<Plan>,
    pub payees: Vec<Payee>,
    pub listings: Vec<Listing>,
}

impl ProfileDraft {
    /// The draft without the spaces that stand around its texts, if a profile can be made of it.
    pub fn checked(mut self) -> Result<Self, DraftError> {
        let lists = self.categories.iter_mut().chain(&mut self.languages);
        let texts = [&mut self.name, &mut self.about, &mut self.country, &mut self.region];
        let more = [&mut self.website, &mut self.hours];
        for text in texts.into_iter().chain(more).chain(lists) {
            *text = text.trim().to_owned();
        }
        self.check().map(|()| self)
    }

    fn check(&self) -> Result<(), DraftError> {
        let ensure = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
        ensure(record::is_name(&self.name), DraftError::Name)?;
        ensure(record::is_about(&self.about), DraftError::About)?;
        ensure(self.categories.len() <= limits::CATEGORIES_MAX, DraftError::Categories)?;
        let findable = |text: &String| record::is_term(text) && term::term(Field::Category, text).is_some();
        ensure(self.categories.iter().all(findable), DraftError::Categories)?;
        ensure(self.country.is_empty() || record::is_country(&self.country), DraftError::Country)?;
        ensure(self.region.is_empty() || record::is_term(&self.region), DraftError::Region)?;
        ensure(self.languages.len() <= limits::LANGUAGES_MAX, DraftError::Languages)?;
        ensure(self.languages.iter().all(|tag| record::is_language(tag)), DraftError::Languages)?;
        ensure(self.website.is_empty() || record::is_website(&self.website), DraftError::Website)?;
        ensure(record::is_hours(&self.hours), DraftError::Hours)?;
        ensure(self.plans.len() <= limits::PLANS_MAX, DraftError::Plans)?;
        ensure(!record::has_twins(self.plans.iter().map(|plan| &plan.id)), DraftError::Plans)?;
        self.plans.iter().try_for_each(|plan| plan.check())?;
        ensure(self.listings.len() <= charging::LISTINGS_MAX, DraftError::Listings)?;
        let ascending = self.payees.windows(2).all(|pair| pair[0].rail < pair[1].rail);
        ensure(ascending, DraftError::Payees)?;
        Ok(self.payees.iter().try_for_each(request::check)?)
    }
}

/// Why a draft can't be published, and what to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DraftError {
    /// The name.
    #[error("give a name: one line of 1 to {} bytes", limits::NAME_MAX)]
    Name,
    /// The description.
    #[error("shorten the description to {} bytes, without control characters", limits::ABOUT_MAX)]
    About,
    /// The categories.
    #[error(
        "give at most {} categories, each with a word in it and at most {} bytes long",
        limits::CATEGORIES_MAX,
        limits::TERM_MAX
    )]
    Categories,
    /// The country.
    #[error("give the country as two capital letters (ISO 3166), such as BR or IN, or leave it out")]
    Country,
    /// The region.
    #[error("give the region as a code such as BR-SP or a name of at most {} bytes", limits::TERM_MAX)]
    Region,
    /// The languages.
    #[error("give at most {} languages as tags such as pt or pt-BR", limits::LANGUAGES_MAX)]
    Languages,
    /// The website.
    #[error("begin the website with https:// and keep it under {} bytes", limits::LINE_MAX)]
    Website,
    /// The hours.
    #[error("shorten the opening hours to {} bytes", limits::LINE_MAX)]
    Hours,
    /// Too many plans, or two of one id.
    #[error("offer at most {} plans, each with an id of its own", limits::PLANS_MAX)]
    Plans,
    /// One plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Two payees of one rail.
    #[error("name one payee for each rail, in the order of the rails")]
    Payees,
    /// One payee.
    #[error(transparent)]
    Payee(#[from] Unusable),
    /// Too many listings.
    #[error("carry at most {} receipts of operators", charging::LISTINGS_MAX)]
    Listings,
}

/// A profile that its business signed, that is valid now, and whose account log holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedProfile {
    profile: Profile,
    log: AccountLog,
    signer: DeviceId,
    digest: Digest,
    bytes: Vec<u8>,
}

impl VerifiedProfile {
    /// Verifies a record from anywhere: size, only encoding, log, signer, signature, account and time.
    pub fn verify(bytes: &[u8], now: Time) -> Result<Self, ProfileError> {
        if bytes.len() > limits::PROFILE_MAX {
            return Err(ProfileError::TooLarge);
        }
        let record = ProfileRecord::decode(bytes)?;
        // The account is read before the signature is checked: it names the key that everything must hold under.
        let account = Profile::decode(record.profile.unverified())?.account;
        let log = AccountLog::verify(account, record.log)?;
        if log.successor().is_some() {
            return Err(ProfileError::Succession);
        }
        log.device(&record.signer, Purposes::PROFILE).ok_or(ProfileError::Signer)?;
        let payload = record.profile.verify(record.signer.as_bytes(), label::PROFILE);
        let profile = Profile::decode(payload.map_err(|_| ProfileError::Signature)?)?;
        let all_devices = profile.reach.iter().all(|reach| is_device(&log, reach.device()));
        if profile.log_head != log.head() || !all_devices {
            return Err(ProfileError::OtherLog);
        }
        check_life(profile.issued, profile.expires, now)?;
        let digest = record.profile.digest();
        Ok(Self { profile, log, signer: record.signer, digest, bytes: bytes.to_vec() })
    }

    /// What the business says.
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whose profile it is.
    pub const fn account(&self) -> AccountId {
        self.profile.account
    }

    /// The account's log as it stood when the profile was signed.
    pub const fn log(&self) -> &AccountLog {
        &self.log
    }

    /// The device that signed, to which the bundle belongs.
    pub const fn signer(&self) -> DeviceId {
        self.signer
    }

    /// SHA-256 of the signed payload.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The record, as it lies in the DHT.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether something signed at `issued` and ending at `expires` counts at `now`.
pub(super) fn check_life(issued: Time, expires: Time, now: Time) -> Result<(), ProfileError> {
    if issued > now.plus(limits::CLOCK_SKEW) {
        Err(ProfileError::Future)
    } else if expires <= now {
        Err(ProfileError::Expired)
    } else if expires <= issued || expires.since(issued) > limits::PROFILE_LIFE {
        Err(ProfileError::TooLong)
    } else {
        Ok(())
    }
}

fn is_device(log: &AccountLog, id: DeviceId) -> bool {
    log.devices().any(|device| device.id == id)
}

/// The keys that an account's profile lies under in the DHT.
pub fn dht_keys(account: &AccountId) -> [[u8; 32]; limits::PROFILE_KEYS as usize] {
    core::array::from_fn(|i| {
        let number = u8::try_from(i).unwrap_or(u8::MAX);
        sha256(&[&label::PROFILE_KEY.with(&[account.as_bytes(), &[number]])])
    })
}

/// Whether a record about an account may lie under `key`.
pub fn record_matches_key(key: &[u8], account: &AccountId) -> bool {
    dht_keys(account).iter().any(|known| known == key)
}

/// Why a record isn't believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProfileError {
    /// More bytes than a record may have.
    #[error("the record is too large")]
    TooLarge,
    /// It doesn't parse, is out of bounds, or isn't in its only encoding.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The account's log doesn't hold.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log doesn't let the signer sign profiles.
    #[error("the device that signed may not sign profiles for this account")]
    Signer,
    /// The signature doesn't hold.
    #[error("the signature doesn't hold")]
    Signature,
    /// The profile was signed over another log, or names devices or mailboxes that aren't the account's.
    #[error("the profile belongs to another account log")]
    OtherLog,
    /// It was signed later than now.
    #[error("the profile is from the future")]
    Future,
    /// It no longer counts.
    #[error("the profile has expired")]
    Expired,
    /// Its life is longer than allowed, or ends before it begins.
    #[error("the profile's life is too long")]
    TooLong,
    /// The account is over, or the logs that end one account after the other don't hold.
    #[error("the account is over, or what says so doesn't hold")]
    Succession,
    /// It lies under a key that isn't its own.
    #[error("the profile is another account's")]
    OtherAccount,
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::id::SendId;
    use crate::domain::directory::fixture::{Business, NOW, padaria};
    use crate::wire::account::LogOperation;
    use crate::wire::boxes::OpenBox;
    use crate::wire::peer::{PeerAddress, PeerKey};
    use crate::wire::reach::Reach;
    use crate::wire::signed::Signed;

    const MILLI: Duration = Duration::from_millis(1);

    fn verify(bytes: &[u8]) -> Result<VerifiedProfile, ProfileError> {
        VerifiedProfile::verify(bytes, NOW)
    }

    /// The padaria's profile, changed and signed.
    fn signed(change: impl FnOnce(&mut Profile)) -> Result<VerifiedProfile, ProfileError> {
        let business = Business::new(1);
        let mut profile = business.profile(padaria(), 5, NOW);
        change(&mut profile);
        verify(&business.seal(profile.encode()).encode())
    }

    #[test]
    fn a_profile_reads_back_and_its_bytes_and_keys_stay_as_they_are() {
        let business = Business::new(1);
        let verified = business.verified(5);
        assert_eq!(*verified.profile(), business.profile(padaria(), 5, NOW));
        assert_eq!((verified.account(), verified.signer()), (business.key.id(), business.keys.id()));
        assert_eq!(verified.bytes().len(), 790);
        assert_eq!(
            verified.digest().to_string(),
            "882ddf8b5ae4f4fe428dd7bcc7426fdfa733525f702f80889bc737870d648cfe"
        );
        let key = Digest::new(dht_keys(&verified.account())[2]).to_string();
        assert_eq!(key, "1862c096d740905d68c98177c5d1419beeb8c0f65f14cccb2315b805f2a68302");
    }

    #[test]
    fn no_byte_of_a_record_can_be_changed_added_or_left_out() {
        let record = Business::new(1).record(5, NOW);
        for position in 0..record.len() {
            for flip in [0x01, 0x80] {
                let mut changed = record.clone();
                changed[position] ^= flip;
                assert!(verify(&changed).is_err(), "byte {position}");
            }
            assert!(verify(&record[..position]).is_err());
        }
        for more in [&[0][..], &[0x20, 1], &[0x12, 0]] {
            assert!(verify(&[record.as_slice(), more].concat()).is_err());
        }
    }

    #[test]
    fn only_the_one_encoding_of_a_payload_is_a_profile() {
        let business = Business::new(1);
        let payload = business.profile(padaria(), 5, NOW).encode();
        let sealed = |payload: Vec<u8>| verify(&business.seal(payload).encode()).unwrap_err();
        assert!(matches!(
            sealed([payload.clone(), vec![0x88, 0x01, 1]].concat()),
            ProfileError::Malformed(_)
        ));
        // The number as a varint with a needless zero group.
        let at = 34;
        assert_eq!(payload[at..at + 2], [0x10, 5]);
        let padded = [&payload[..at], &[0x10, 0x85, 0x00], &payload[at + 2..]].concat();
        assert!(matches!(sealed(padded), ProfileError::Malformed(Malformed("not canonical"))));
    }

    #[test]
    fn a_profile_counts_from_its_issue_to_its_expiry_and_no_longer_than_two_days() {
        let times = |issued: Time, expires: Time| {
            signed(|profile| (profile.issued, profile.expires) = (issued, expires)).map(|_| ()).err()
        };
        let (skew, life) = (limits::CLOCK_SKEW, limits::PROFILE_LIFE);
        assert_eq!(times(NOW, NOW.plus(life)), None);
        assert_eq!(times(NOW.plus(skew), NOW.plus(skew + life)), None);
        assert_eq!(times(NOW.plus(skew + MILLI), NOW.plus(life)), Some(ProfileError::Future));
        assert_eq!(times(NOW.minus(life), NOW), Some(ProfileError::Expired));
        assert_eq!(times(NOW.minus(life - MILLI), NOW.plus(MILLI)), None);
        assert_eq!(times(NOW, NOW.plus(life + MILLI)), Some(ProfileError::TooLong));
        assert_eq!(times(NOW.plus(MILLI + MILLI), NOW.plus(MILLI)), Some(ProfileError::TooLong));
    }

    #[test]
    fn another_accounts_key_log_or_device_is_refused() {
        let (one, other) = (Business::new(1), Business::new(2));
        let payload = one.profile(padaria(), 5, NOW).encode();
        // Signed by another's device.
        let mut record = one.seal(payload.clone());
        record.signer = other.keys.id();
        assert_eq!(verify(&record.encode()), Err(ProfileError::Signer));
        record = other.seal(payload.clone());
        assert_eq!(verify(&record.encode()), Err(ProfileError::Log(LogError::Signature)));
        record.log = one.log.carried();
        record.signer = one.keys.id();
        assert_eq!(verify(&record.encode()), Err(ProfileError::Signature));
        // Signed for something else.
        let mut record = one.seal(payload.clone());
        record.profile = Signed::new(one.keys.signing(), label::INDEX_ENTRY, payload);
        assert_eq!(verify(&record.encode()), Err(ProfileError::Signature));
        // Reached at a device that isn't the account's.
        let stranger = Reach::new(other.keys.id(), vec![1], Vec::new()).unwrap();
        assert_eq!(signed(|profile| profile.reach.push(stranger)), Err(ProfileError::OtherLog));
    }

    #[test]
    fn a_profile_names_at_most_three_mailboxes_none_twice() {
        let business = Business::new(1);
        let open = |byte: u8, addresses: usize| OpenBox {
            at: PeerAddress::new(
                PeerKey::new(vec![byte; 38]).unwrap(),
                vec![format!("/dns4/{}", "x".repeat(100)); addresses],
            )
            .unwrap(),
            send: SendId::new([byte; 16]),
        };
        let with = |business: &Business, mailboxes: Vec<OpenBox>| {
            let profile = Profile { mailboxes, ..business.profile(padaria(), 5, NOW) };
            verify(&business.seal(profile.encode()).encode())
        };
        let all: Vec<_> = (1..=3).map(|byte| open(byte, 3)).collect();
        assert_eq!(with(&business, all.clone()).unwrap().profile().mailboxes, all);
        let malformed = |mailboxes| matches!(with(&business, mailboxes), Err(ProfileError::Malformed(_)));
        assert!(malformed(vec![open(1, 1), open(1, 2)]), "one twice");
        assert!(malformed(vec![open(1, 4)]), "too many addresses");
        assert!(malformed([all, vec![open(4, 1)]].concat()), "too many");
    }

    #[test]
    fn a_device_signs_only_with_the_purpose_and_while_it_is_in_the_log() {
        let receipts_only = Business::with_purposes(1, Purposes::RECEIPT);
        assert_eq!(verify(&receipts_only.record(5, NOW)), Err(ProfileError::Signer));
        let mut revoked = Business::new(1);
        let before = revoked.log.clone();
        revoked.log.append(&revoked.key, LogOperation::RevokeDevice(revoked.keys.id()), NOW).unwrap();
        assert_eq!(verify(&revoked.record(5, NOW)), Err(ProfileError::Signer));
        // Who keeps the record can't leave the revocation out of a log that the profile was signed over.
        let mut record = revoked.seal(revoked.profile(padaria(), 5, NOW).encode());
        record.log = before.carried();
        assert_eq!(verify(&record.encode()), Err(ProfileError::OtherLog));
    }

    #[test]
    fn a_record_over_the_limit_is_refused_before_it_is_parsed() {
        let record = Business::new(1).record(5, NOW);
        let long = [record, vec![0; limits::PROFILE_MAX]].concat();
        assert_eq!(verify(&long), Err(ProfileError::TooLarge));
        assert!(signed(|profile| profile.bundle = vec![0; limits::BUNDLE_MAX]).is_ok());
        assert!(signed(|profile| profile.bundle = vec![0; limits::BUNDLE_MAX + 1]).is_err());
        assert!(signed(|profile| profile.categories = vec!["x".into(); 4]).is_err());
        assert!(signed(|profile| profile.name = "\u{202E}evil".into()).is_err());
        assert!(signed(|profile| profile.plans.push(profile.plans[0].clone())).is_err());
    }

    #[test]
    fn a_record_lies_under_its_own_three_keys() {
        let (one, other) = (Business::new(1).verified(5), Business::new(2).verified(5));
        let keys = dht_keys(&one.account());
        assert!(
            keys.iter()
                .all(|key| record_matches_key(key, &one.account())
                    && !record_matches_key(key, &other.account()))
        );
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert!(!record_matches_key(&keys[0][..31], &one.account()));
    }

    #[test]
    fn a_draft_is_trimmed_and_refused_with_what_to_do() {
        let draft = |change: fn(&mut ProfileDraft)| {
            let mut draft = padaria();
            change(&mut draft);
            draft.checked()
        };
        assert_eq!(draft(|draft| draft.name = "  Padaria São João \n".into()), Ok(padaria()));
        assert_eq!(
            ProfileDraft { name: "x".into(), ..ProfileDraft::default() }.checked().map(|_| ()),
            Ok(())
        );
        type Change = fn(&mut ProfileDraft);
        let cases: [(Change, DraftError); 12] = [
            (|draft| draft.name = "  ".into(), DraftError::Name),
            (|draft| draft.about = "x".repeat(501), DraftError::About),
            (|draft| draft.categories = vec!["…".into()], DraftError::Categories),
            (|draft| draft.categories = vec!["x".into(); 4], DraftError::Categories),
            (|draft| draft.country = "Brazil".into(), DraftError::Country),
            (|draft| draft.region = "x".repeat(41), DraftError::Region),
            (|draft| draft.languages = vec!["Portuguese!".into()], DraftError::Languages),
            (|draft| draft.website = "padaria.example".into(), DraftError::Website),
            (|draft| draft.hours = "x".repeat(201), DraftError::Hours),
            (|draft| draft.plans.push(draft.plans[0].clone()), DraftError::Plans),
            (|draft| draft.plans[0].price.minor = 0, DraftError::Plan(PlanError::Price)),
            (|draft| draft.plans[0].id = "PRO".into(), DraftError::Plan(PlanError::Id)),
        ];
        for (change, error) in cases {
            assert_eq!(draft(change), Err(error));
        }
        assert!(DraftError::Country.to_string().contains("BR"));
    }

    #[test]
    fn a_profile_in_json_shows_bytes_as_hexadecimal_and_reads_back() {
        let profile = Business::new(1).profile(padaria(), 5, NOW);
        let json = serde_json::to_string(&profile).unwrap();
        assert!(json.contains(&format!("\"bundle\":\"{}\"", "b0".repeat(16))), "{json}");
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
        let stored = postcard::to_stdvec(&profile).unwrap();
        assert_eq!(postcard::from_bytes::<Profile>(&stored).unwrap(), profile);
        let draft: ProfileDraft = serde_json::from_str(r#"{"name":"Padaria"}"#).unwrap();
        assert_eq!(draft.checked().unwrap().name, "Padaria");
    }
}
