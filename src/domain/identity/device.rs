//! The private keys of this device, one set for each account it speaks for.

use crate::base::id::{AccountId, DeviceId};
use crate::crypto::ed25519::{Signature, SigningKey};
use crate::crypto::kdf::{Label, hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::wire::account::{Device, Member, Purposes};

/// The keys with which this device speaks for one account.
///
/// They follow from the device's own secret, which no recovery phrase brings back: a restored identity is a new
/// device, and no two devices ever share a ratchet.
#[derive(Clone, Debug)]
pub struct DeviceKeys {
    signing: SigningKey,
    exchange: KeyPair,
}

impl DeviceKeys {
    /// The keys of the device with this secret, for `account`. A device that is linked makes them before it knows whose
    /// it will be: for 32 random bytes in the place of the account's id, new for each offer.
    pub fn derive(device: &Secret<32>, account: &AccountId) -> Self {
        let key = |label: Label| hkdf_sha256(&[], device.expose(), &label.with(&[account.as_bytes()]));
        Self {
            signing: SigningKey::from_seed(&key(label::DEVICE_SIGNING)),
            exchange: KeyPair::from_secret(key(label::DEVICE_EXCHANGE)),
        }
    }

    /// The device's id: its public signing key.
    pub fn id(&self) -> DeviceId {
        DeviceId::new(self.signing.public())
    }

    /// Signs the daily work.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The X25519 identity key (DIK).
    pub const fn exchange(&self) -> &KeyPair {
        &self.exchange
    }

    /// The certificate to be put into an account's log.
    pub fn certificate(&self, purposes: Purposes) -> Device {
        Device { id: self.id(), exchange: *self.exchange.public(), purposes }
    }

    /// The certificate, with this device's word that it speaks for `account`.
    pub fn member(&self, account: &AccountId, purposes: Purposes) -> Member {
        let device = self.certificate(purposes);
        Member { consent: self.consent(account, &device), device, former: 0 }
    }

    /// This device's word that it, with this certificate, speaks for `account`.
    pub fn consent(&self, account: &AccountId, device: &Device) -> Signature {
        Signature::new(self.signing.sign(label::DEVICE_CONSENT, &Member::consent_payload(account, device)))
    }
}
