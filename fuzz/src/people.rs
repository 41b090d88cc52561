//! Accounts with devices, logs and prekeys, the same in every run.

use sigillo::base::id::{DeviceId, RouteId};
use sigillo::base::time::Time;
use sigillo::crypto::ed25519::SigningKey;
use sigillo::crypto::kdf::{hkdf_sha256, label};
use sigillo::crypto::secret::Secret;
use sigillo::domain::identity::account::{AccountKey, Seed};
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::session::one_time::OneTimePool;
use sigillo::domain::session::pqxdh::{accept, initiate};
use sigillo::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use sigillo::domain::session::ratchet::Session;
use sigillo::sim::random::Random;
use sigillo::wire::account::{LogOperation, Purposes};

/// When everything here happens.
pub const NOW: Time = Time::from_millis(1_700_000_000_000);
/// Where first flights go.
pub const INBOX: RouteId = RouteId::new([0x1B; 16]);

/// An account with one device, one set of prekeys and two one-time prekeys.
pub struct Person {
    /// The account.
    pub key: AccountKey,
    /// The key that signs its log.
    pub signing: SigningKey,
    /// The device.
    pub device: DeviceKeys,
    /// The log: a second device was added and revoked.
    pub log: AccountLog,
    /// The prekeys.
    pub set: PrekeySet,
    /// The one-time prekeys: number 1 of each kind.
    pub pool: OneTimePool,
    /// Their published forms.
    pub one_time: [Vec<u8>; 2],
}

impl Person {
    /// The person of a number.
    pub fn new(byte: u8) -> Self {
        let seed = Seed::from_secret(Secret::new([byte; 32]));
        let key = seed.account();
        let signing =
            SigningKey::from_seed(&hkdf_sha256(&[], seed.secret().expose(), &label::ACCOUNT_KEY.encoded()));
        let device = DeviceKeys::derive(&Secret::new([byte ^ 0x80; 32]), &key.id());
        let other = DeviceKeys::derive(&Secret::new([byte ^ 0x40; 32]), &key.id());
        let mut log = AccountLog::begin(&key, device.member(&key.id(), Purposes::ALL), NOW);
        let member = other.member(&key.id(), Purposes::MESSAGE);
        let added = log.append(&key, LogOperation::AddDevice(member), NOW);
        assert_eq!(added, Ok(()));
        assert_eq!(log.append(&key, LogOperation::RevokeDevice(other.id()), NOW), Ok(()));
        let mut rng = Random::new(u64::from(byte));
        let set = PrekeySet::generate(u32::from(byte), NOW, &mut rng);
        let mut pool = OneTimePool::default();
        let local = Local { log: &log, device: &device };
        let one_time = [pool.add_exchange(&local, 1, NOW, &mut rng), pool.add_kem(&local, 1, NOW, &mut rng)];
        Self { key, signing, device, log, set, pool, one_time }
    }

    /// The device speaking for the account.
    pub fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.device }
    }

    /// Its device's id.
    pub fn id(&self) -> DeviceId {
        self.device.id()
    }

    /// Its published prekeys.
    pub fn bundle(&self) -> Vec<u8> {
        bundle(&self.local(), &self.set, INBOX, NOW)
    }

    /// The same, as others verify them.
    pub fn verified(&self) -> VerifiedBundle {
        VerifiedBundle::verify(&self.bundle(), &self.key.id(), NOW).expect("our own bundle holds")
    }
}

/// A session that Alice opened with Bob: her side, his side. Other seeds give other sessions.
pub fn pair(seed: u64) -> (Session, Session) {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let rng = &mut Random::new(seed);
    let (hers, flight) = initiate(&alice.local(), &bob.verified(), b"hello", NOW, rng).expect("a flight");
    (hers, accept(&bob.local(), &bob.set, &flight, NOW).expect("it opens").session)
}
