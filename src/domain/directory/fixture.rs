//! A business for tests.

use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::crypto::secret::Secret;
use crate::domain::directory::profile::{ProfileDraft, VerifiedProfile};
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::Purposes;
use crate::wire::plan;
use crate::wire::reach::Reach;
use crate::wire::record::{Profile, ProfileRecord};
use crate::wire::signed::Signed;

pub(super) const NOW: Time = Time::from_millis(1_700_000_000_000);

pub(super) struct Business {
    pub(super) key: AccountKey,
    pub(super) keys: DeviceKeys,
    pub(super) log: AccountLog,
}

impl Business {
    pub(super) fn new(byte: u8) -> Self {
        Self::with_purposes(byte, Purposes::ALL)
    }

    pub(super) fn with_purposes(byte: u8, purposes: Purposes) -> Self {
        let key = Seed::from_secret(Secret::new([byte; 32])).account();
        let keys = DeviceKeys::derive(&Secret::new([byte ^ 0xFF; 32]), &key.id());
        let log = AccountLog::begin(&key, keys.member(&key.id(), purposes), NOW);
        Self { key, keys, log }
    }

    pub(super) fn reach(&self, addresses: usize) -> Reach {
        let address = |i: usize| format!("/ip4/203.0.113.{i}/udp/4001/quic-v1");
        Reach::new(self.keys.id(), vec![7; 38], (0..addresses).map(address).collect()).unwrap()
    }

    /// A profile of number `seq`, valid at `now`.
    pub(super) fn profile(&self, draft: ProfileDraft, seq: u64, now: Time) -> Profile {
        Profile {
            account: self.key.id(),
            seq,
            issued: now,
            expires: now.plus(crate::base::limits::PROFILE_LIFE),
            log_head: self.log.head(),
            name: draft.name,
            about: draft.about,
            categories: draft.categories,
            country: draft.country,
            region: draft.region,
            languages: draft.languages,
            website: draft.website,
            hours: draft.hours,
            plans: draft.plans,
            reach: vec![self.reach(1)],
            payees: draft.payees,
            listings: draft.listings,
            bundle: vec![0xB0; 16],
            mailboxes: Vec::new(),
        }
    }

    /// Signs anything as a profile.
    pub(super) fn seal(&self, payload: Vec<u8>) -> ProfileRecord {
        ProfileRecord {
            log: self.log.carried(),
            signer: self.keys.id(),
            profile: Signed::new(self.keys.signing(), label::PROFILE, payload),
        }
    }

    pub(super) fn record(&self, seq: u64, now: Time) -> Vec<u8> {
        self.seal(self.profile(padaria(), seq, now).encode()).encode()
    }

    pub(super) fn verified(&self, seq: u64) -> VerifiedProfile {
        VerifiedProfile::verify(&self.record(seq, NOW), NOW).unwrap()
    }
}

pub(super) fn padaria() -> ProfileDraft {
    ProfileDraft {
        name: "Padaria São João".into(),
        about: "Pão fresco.\nTodo dia.".into(),
        categories: vec!["Bakery".into(), "Coffee Shop".into()],
        country: "BR".into(),
        region: "BR-SP".into(),
        languages: vec!["pt-BR".into(), "en".into()],
        website: "https://padaria.example".into(),
        hours: "Mo-Sa 06:00-20:00".into(),
        plans: vec![plan::tests::plan()],
        payees: Vec::new(),
        listings: Vec::new(),
    }
}
