//! People with devices, and sessions between them.

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::base::id::RouteId;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::session::pqxdh::{accept, initiate};
use crate::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use crate::domain::session::ratchet::{OpenError, Session};
use crate::wire::account::Purposes;

pub(in crate::domain::session) const NOW: Time = Time::from_millis(1_700_000_000_000);
pub(super) const INBOX: RouteId = RouteId::new([0x1B; 16]);

pub(in crate::domain::session) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// An account with one device and one set of prekeys.
pub(in crate::domain::session) struct Person {
    pub(in crate::domain::session) key: AccountKey,
    pub(in crate::domain::session) device: DeviceKeys,
    pub(in crate::domain::session) log: AccountLog,
    pub(in crate::domain::session) set: PrekeySet,
}

impl Person {
    pub(in crate::domain::session) fn new(byte: u8) -> Self {
        Self::with_purposes(byte, Purposes::ALL)
    }

    pub(in crate::domain::session) fn with_purposes(byte: u8, purposes: Purposes) -> Self {
        let key = Seed::from_secret(Secret::new([byte; 32])).account();
        let device = DeviceKeys::derive(&Secret::new([byte ^ 0x80; 32]), &key.id());
        let log = AccountLog::begin(&key, device.member(&key.id(), purposes), NOW);
        Self { key, device, log, set: PrekeySet::generate(u32::from(byte), NOW, &mut rng(byte)) }
    }

    pub(in crate::domain::session) fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.device }
    }

    pub(in crate::domain::session) fn bundle(&self) -> Vec<u8> {
        bundle(&self.local(), &self.set, INBOX, NOW)
    }

    pub(in crate::domain::session) fn verified(&self) -> VerifiedBundle {
        VerifiedBundle::verify(&self.bundle(), &self.key.id(), NOW).unwrap()
    }
}

/// Alice has written to Bob, and Bob has opened it: her side, his side.
pub(in crate::domain::session) fn pair(seed: u8) -> (Session, Session) {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let (session, flight) = initiate(&alice.local(), &bob.verified(), b"hello", NOW, &mut rng(seed)).unwrap();
    (session, accept(&bob.local(), &bob.set, &flight, NOW).unwrap().session)
}

/// Opens a frame and installs the change.
pub(in crate::domain::session) fn receive(session: &mut Session, frame: &[u8]) -> Result<Vec<u8>, OpenError> {
    let opened = session.open(frame, NOW)?;
    assert!(session.install(opened.advance));
    Ok(opened.content.to_vec())
}

/// The session's row, to see whether anything changed.
pub(in crate::domain::session) fn row(session: &Session) -> Vec<u8> {
    postcard::to_allocvec(session).unwrap()
}
