//! Prekeys: the keys that a device publishes so that others can write to it while it is away.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, PrekeySource, RouteId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::crypto::kem::{self, PrivateKey};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::{self, KeyPair};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::session::error::SessionError;
use crate::wire::account::{Device, Purposes};
use crate::wire::prekeys::{Bundle, OneTimePrekey, OneTimePublic, SignedBundle, decode_one_time};
use crate::wire::signed::Signed;

/// The private halves of one set of prekeys; a stored row.
///
/// A set is replaced every [`limits::PREKEY_ROTATION`] and kept, with the replay digests of its first flights,
/// for [`limits::PREKEY_LIFE`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrekeySet {
    /// The set's id, which flights name in the clear. Never used again by this device.
    pub id: u32,
    /// When it was made.
    pub created: Time,
    signed: KeyPair,
    signed_kem: Secret<{ kem::SEED_LEN }>,
    seal: KeyPair,
    seal_kem: Secret<{ kem::SEED_LEN }>,
}

impl PrekeySet {
    /// A fresh set.
    pub fn generate(id: u32, now: Time, rng: &mut dyn CryptoRng) -> Self {
        Self {
            id,
            created: now,
            signed: KeyPair::random(rng),
            signed_kem: Secret::random(rng),
            seal: KeyPair::random(rng),
            seal_kem: Secret::random(rng),
        }
    }

    /// Whether the set is past its life and must be wiped.
    pub fn is_dead(&self, now: Time) -> bool {
        now.since(self.created) > limits::PREKEY_LIFE
    }

    pub(super) const fn signed(&self) -> &KeyPair {
        &self.signed
    }

    pub(super) fn signed_kem(&self) -> PrivateKey {
        PrivateKey::from_seed(&self.signed_kem)
    }

    pub(super) const fn seal(&self) -> &KeyPair {
        &self.seal
    }

    pub(super) fn seal_kem(&self) -> PrivateKey {
        PrivateKey::from_seed(&self.seal_kem)
    }
}

/// One own device speaking for one own account.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// The account's log.
    pub log: &'a AccountLog,
    /// The device's keys.
    pub device: &'a DeviceKeys,
}

impl Local<'_> {
    /// The device's certificate as it stands in the log.
    pub(super) fn certificate(&self) -> Result<&Device, SessionError> {
        let device = self.log.device(&self.device.id(), Purposes::MESSAGE).ok_or(SessionError::NotOurs)?;
        if device.exchange == *self.device.exchange().public() {
            Ok(device)
        } else {
            Err(SessionError::NotOurs)
        }
    }
}

/// The encoded bundle of a prekey set: the account's log, and the public keys signed by the device.
///
/// It expires after [`limits::BUNDLE_AGE_MAX`], and is accepted by others as long as it has at most
/// [`limits::BUNDLE_MAX`] bytes; the part of the log that is
/// carried along always fits.
pub fn bundle(local: &Local<'_>, set: &PrekeySet, inbox: RouteId, now: Time) -> Vec<u8> {
    let bundle = Bundle {
        account: local.log.account(),
        device: local.device.id(),
        inbox,
        set: set.id,
        issued: now,
        expires: now.plus(limits::BUNDLE_AGE_MAX),
        signed: *set.signed.public(),
        signed_kem: set.signed_kem().public(),
        seal: *set.seal.public(),
        seal_kem: set.seal_kem().public(),
    };
    let signed = Signed::new(local.device.signing(), label::BUNDLE, bundle.encode());
    SignedBundle { log: local.log.carried(), bundle: signed }.encode()
}

/// Another device's bundle: its log, its signature, its ages and its keys have been checked.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    bundle: Bundle,
    log: AccountLog,
    certificate: Device,
    one_time: Option<(u32, [u8; x25519::PUBLIC_LEN])>,
    one_time_kem: Option<(u32, Vec<u8>)>,
}

impl VerifiedBundle {
    /// Verifies a bundle of at most [`limits::BUNDLE_MAX`] bytes that is said to be of `account`.
    pub fn verify(bytes: &[u8], account: &AccountId, now: Time) -> Result<Self, SessionError> {
        let SignedBundle { log, bundle: signed } =
            SignedBundle::decode(bytes).map_err(|_| SessionError::Malformed)?;
        // Only the device's id is believed from this, to find the key that verifies the rest.
        let bundle = Bundle::decode(signed.unverified()).map_err(|_| SessionError::Malformed)?;
        let log = AccountLog::verify(*account, log).map_err(|_| SessionError::Untrusted)?;
        let certificate =
            log.device(&bundle.device, Purposes::MESSAGE).ok_or(SessionError::Untrusted)?.clone();
        let verified = signed.verify(bundle.device.as_bytes(), label::BUNDLE);
        if verified.is_err() || bundle.account != *account {
            return Err(SessionError::Untrusted);
        }
        check_age(bundle.issued, bundle.expires, now)?;
        Ok(Self { bundle, log, certificate, one_time: None, one_time_kem: None })
    }

    /// Takes a one-time prekey of the same device along (its published form), for the next handshake only. It must be
    /// one that the device hands out itself.
    pub fn add_one_time(&mut self, bytes: &[u8], now: Time) -> Result<(), SessionError> {
        self.add_one_time_from(None, bytes, now)
    }

    /// The same for one that was got from `source` in the device's place.
    ///
    /// # Errors
    /// As [`VerifiedBundle::add_one_time`].
    pub fn add_one_time_from(
        &mut self,
        source: Option<PrekeySource>,
        bytes: &[u8],
        now: Time,
    ) -> Result<(), SessionError> {
        let signed = decode_one_time(bytes).map_err(|_| SessionError::Malformed)?;
        let payload = signed
            .verify(self.bundle.device.as_bytes(), label::ONE_TIME_PREKEY)
            .map_err(|_| SessionError::Untrusted)?;
        let prekey = OneTimePrekey::decode(payload).map_err(|_| SessionError::Malformed)?;
        let ours = prekey.account == self.bundle.account && prekey.device == self.bundle.device;
        if !ours || prekey.source != source {
            return Err(SessionError::Untrusted);
        }
        check_age(prekey.issued, prekey.expires, now)?;
        match prekey.key {
            OneTimePublic::Exchange(key) => self.one_time = Some((prekey.id, key)),
            OneTimePublic::Kem(key) => self.one_time_kem = Some((prekey.id, key)),
        }
        Ok(())
    }

    /// The account.
    pub const fn account(&self) -> AccountId {
        self.bundle.account
    }

    /// The device.
    pub const fn device(&self) -> DeviceId {
        self.bundle.device
    }

    /// What a first flight to the device begins with.
    pub const fn inbox(&self) -> RouteId {
        self.bundle.inbox
    }

    /// The account's log, as the bundle brought it.
    pub const fn log(&self) -> &AccountLog {
        &self.log
    }

    /// When the bundle was signed: of two bundles of one device, the later one counts.
    pub const fn issued(&self) -> Time {
        self.bundle.issued
    }

    /// From when on the bundle is refused.
    pub const fn expires(&self) -> Time {
        self.bundle.expires
    }

    pub(super) const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(super) const fn certificate(&self) -> &Device {
        &self.certificate
    }

    pub(super) const fn one_time(&self) -> Option<&(u32, [u8; x25519::PUBLIC_LEN])> {
        self.one_time.as_ref()
    }

    pub(super) const fn one_time_kem(&self) -> Option<&(u32, Vec<u8>)> {
        self.one_time_kem.as_ref()
    }
}

fn check_age(issued: Time, expires: Time, now: Time) -> Result<(), SessionError> {
    if issued > now.plus(limits::CLOCK_SKEW) {
        Err(SessionError::Future)
    } else if expires > issued.plus(limits::BUNDLE_AGE_MAX) {
        Err(SessionError::Malformed)
    } else if expires <= now {
        Err(SessionError::Expired)
    } else {
        Ok(())
    }
}
