//! Our own profile: what is set, which number it has, and when it is signed and published anew.

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::directory::profile::{DraftError, ProfileDraft};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::wire::account::Purposes;
use crate::wire::boxes::OpenBox;
use crate::wire::reach::Reach;
use crate::wire::record::{Profile, ProfileRecord};
use crate::wire::signed::Signed;

/// Our own profile.
pub const OWN_PROFILE: Table<Published> = Table::new(TableId::OwnProfile, 2);
/// The id of its only row.
pub const OWN_PROFILE_ID: &[u8] = b"profile";

/// The stored state of our own profile.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Published {
    draft: ProfileDraft,
    seq: u64,
    issued: Option<Time>,
}

/// What a profile says beside the draft: how the business can be written to.
#[derive(Clone, Copy, Debug)]
pub struct Says<'a> {
    /// Where its devices are.
    pub reach: &'a [Reach],
    /// The encoded bundle of the device that signs.
    pub bundle: &'a [u8],
    /// Its inboxes at mailboxes.
    pub mailboxes: &'a [OpenBox],
}

impl Published {
    /// A profile that was never published, of a draft that can be.
    pub fn new(draft: ProfileDraft) -> Result<Self, DraftError> {
        Ok(Self { draft: draft.checked()?, seq: 0, issued: None })
    }

    /// Sets what the business says from the next publication on, which is due at once.
    pub fn set(&mut self, draft: ProfileDraft) -> Result<(), DraftError> {
        self.draft = draft.checked()?;
        self.issued = None;
        Ok(())
    }

    /// Raises the number to one that was seen elsewhere, for example in the DHT after a restore.
    pub fn raise(&mut self, seen: u64) {
        self.seq = self.seq.max(seen);
    }

    /// What the business says.
    pub const fn draft(&self) -> &ProfileDraft {
        &self.draft
    }

    /// The number of the last publication; 0 before the first.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// When the profile must be signed and published again: at once where it never was, or where the draft
    /// changed, else [`limits::REPUBLISH_AFTER`] after the last time. New addresses, devices or prekeys are
    /// the caller's reasons to do it sooner.
    pub fn due(&self) -> Time {
        self.issued.map_or(Time::EPOCH, |issued| issued.plus(limits::REPUBLISH_AFTER))
    }

    /// Signs the profile under the next number, which is higher than every one before and not under the
    /// clock, and with a fresh time, so that no DHT node takes it for the one it has.
    ///
    /// Where the record would be too large, addresses are left out, the last of each device and mailbox first. The log is
    /// in the record once; a bundle should not repeat it. Nothing changes where this fails.
    pub fn sign(
        &mut self,
        keys: &DeviceKeys,
        log: &AccountLog,
        says: &Says<'_>,
        now: Time,
    ) -> Result<Vec<u8>, PublishError> {
        let signer = keys.id();
        log.device(&signer, Purposes::PROFILE).ok_or(PublishError::Signer)?;
        let seq = self.seq.saturating_add(1).max(now.as_millis());
        let mut size = 0;
        for addresses in (1..=limits::ADDRESSES_MAX).rev() {
            let profile = self.profile(log, seq, says, addresses, now);
            let payload = profile.encode();
            let readable = Profile::decode(&payload).is_ok();
            let profile = Signed::new(keys.signing(), label::PROFILE, payload);
            let bytes = ProfileRecord { log: log.carried(), signer, profile }.encode();
            if bytes.len() <= limits::PROFILE_MAX {
                // What nobody could read is never signed into the world.
                if !readable {
                    return Err(PublishError::Bounds);
                }
                self.seq = seq;
                self.issued = Some(now);
                return Ok(bytes);
            }
            size = bytes.len();
        }
        Err(PublishError::TooLarge(size))
    }

    fn profile(&self, log: &AccountLog, seq: u64, says: &Says<'_>, addresses: usize, now: Time) -> Profile {
        let Says { reach, bundle, mailboxes } = says;
        let draft = self.draft.clone();
        let known = |reach: &&Reach| log.devices().any(|device| device.id == reach.device());
        Profile {
            account: log.account(),
            seq,
            issued: now,
            expires: now.plus(limits::PROFILE_LIFE),
            log_head: log.head(),
            name: draft.name,
            about: draft.about,
            categories: draft.categories,
            country: draft.country,
            region: draft.region,
            languages: draft.languages,
            website: draft.website,
            hours: draft.hours,
            plans: draft.plans,
            reach: reach.iter().filter(known).map(|reach| reach.clone().with_addresses(addresses)).collect(),
            bundle: bundle.to_vec(),
            mailboxes: mailboxes.iter().filter_map(|open| open.clone().with_addresses(addresses)).collect(),
            payees: draft.payees,
            listings: draft.listings,
        }
    }
}

/// Why our profile can't be published.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublishError {
    /// This device may not sign profiles.
    #[error("this device may not sign the account's profile: publish from the primary device")]
    Signer,
    /// The bundle or the reach is out of bounds: a bug of the caller.
    #[error("the profile's bundle or addresses are out of bounds")]
    Bounds,
    /// Even without most addresses.
    #[error("the profile has {0} bytes, {max} are allowed: shorten its texts or offer fewer plans", max = limits::PROFILE_MAX)]
    TooLarge(usize),
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::id::DeviceId;
    use crate::domain::directory::fixture::{Business, NOW, padaria};
    use crate::domain::directory::profile::VerifiedProfile;

    fn sign(published: &mut Published, business: &Business, now: Time) -> VerifiedProfile {
        let reach = [business.reach(2)];
        let says = Says { reach: &reach, bundle: &[1; 3_200], mailboxes: &[] };
        let bytes = published.sign(&business.keys, &business.log, &says, now).unwrap();
        VerifiedProfile::verify(&bytes, now).unwrap()
    }

    #[test]
    fn every_publication_has_a_higher_number_and_a_fresh_time() {
        let business = Business::new(1);
        let mut published = Published::new(padaria()).unwrap();
        let first = sign(&mut published, &business, NOW);
        assert_eq!(first.profile().seq, NOW.as_millis());
        // At the same moment, and with a clock that was set back.
        let second = sign(&mut published, &business, NOW);
        let third = sign(&mut published, &business, NOW.minus(Duration::from_secs(60)));
        assert_eq!(
            [second.profile().seq, third.profile().seq],
            [first.profile().seq + 1, first.profile().seq + 2]
        );
        published.raise(limits::SUCCESSION_SEQ - 3);
        assert_eq!(sign(&mut published, &business, NOW).profile().seq, limits::SUCCESSION_SEQ - 2);
        assert_ne!(first.bytes(), second.bytes());
    }

    #[test]
    fn a_profile_is_due_at_once_then_after_twelve_hours_and_when_it_changes() {
        let business = Business::new(1);
        let mut published = Published::new(padaria()).unwrap();
        assert!(published.due() <= NOW);
        sign(&mut published, &business, NOW);
        assert_eq!(published.due(), NOW.plus(limits::REPUBLISH_AFTER));
        assert!(published.set(ProfileDraft::default()).is_err());
        assert_eq!(published.due(), NOW.plus(limits::REPUBLISH_AFTER), "a refused draft changes nothing");
        published.set(padaria()).unwrap();
        assert!(published.due() <= NOW);
        let stored = postcard::to_stdvec(&published).unwrap();
        assert_eq!(postcard::from_bytes::<Published>(&stored).unwrap(), published);
    }

    #[test]
    fn addresses_make_way_before_a_record_is_too_large() {
        let business = Business::new(1);
        let long = format!("/dns4/{}/tcp/443", "x".repeat(230));
        let reach = [Reach::new(business.keys.id(), vec![1; 38], vec![long; 8]).unwrap()];
        let mut published = Published::new(padaria()).unwrap();
        let says = Says { reach: &reach, bundle: &[1; 6_100], mailboxes: &[] };
        let bytes = published.sign(&business.keys, &business.log, &says, NOW).unwrap();
        assert!(bytes.len() <= limits::PROFILE_MAX);
        let kept = VerifiedProfile::verify(&bytes, NOW).unwrap().profile().reach[0].addresses().len();
        assert!((1..8).contains(&kept), "{kept}");
    }

    #[test]
    fn what_cannot_be_published_leaves_the_number_alone() {
        let business = Business::new(1);
        let mut published = Published::new(padaria()).unwrap();
        let mut sign = |keys: &DeviceKeys, reach: &[Reach], bundle: usize| {
            let says = Says { reach, bundle: &vec![1; bundle], mailboxes: &[] };
            published.sign(keys, &business.log, &says, NOW).map(|_| ())
        };
        assert_eq!(sign(&Business::new(2).keys, &[], 1), Err(PublishError::Signer));
        assert_eq!(sign(&business.keys, &[], limits::BUNDLE_MAX + 1), Err(PublishError::Bounds));
        let twice = [business.reach(1), business.reach(1)];
        assert_eq!(sign(&business.keys, &twice, 1), Err(PublishError::Bounds));
        // A device that isn't in the log is left out, rather than making the record invalid.
        let stranger = Reach::new(DeviceId::new([9; 32]), vec![1], Vec::new()).unwrap();
        assert_eq!(sign(&business.keys, &[stranger], 1), Ok(()));
        let mut large = Published::new(ProfileDraft { about: "x".repeat(500), ..padaria() }).unwrap();
        let plans = (0..8).map(|i| crate::wire::plan::Plan {
            id: format!("{i:032}"),
            name: "x".repeat(80),
            ..crate::wire::plan::tests::plan()
        });
        large.set(ProfileDraft { plans: plans.collect(), about: "x".repeat(500), ..padaria() }).unwrap();
        let mut long = Business::new(1);
        for byte in 10..17 {
            let keys = DeviceKeys::derive(&crate::crypto::secret::Secret::new([byte; 32]), &long.key.id());
            let add =
                crate::wire::account::LogOperation::AddDevice(keys.member(&long.key.id(), Purposes::MESSAGE));
            long.log.append(&long.key, add, NOW).unwrap();
        }
        let says = Says { reach: &[], bundle: &[1; limits::BUNDLE_MAX], mailboxes: &[] };
        let refused = large.sign(&long.keys, &long.log, &says, NOW);
        assert!(matches!(refused, Err(PublishError::TooLarge(size)) if size > limits::PROFILE_MAX));
        assert_eq!(large.seq(), 0);
    }
}
