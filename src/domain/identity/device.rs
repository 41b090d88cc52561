//! The private keys of this device, one set for each account it speaks for.

use crate::base::id::{AccountId, DeviceId};
use crate::crypto::ed25519::SigningKey;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::wire::account::{Device, Purposes};

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
    /// The keys of the device with this secret, for `account`.
    pub fn derive(device: &Secret<32>, account: &AccountId) -> Self {
        Self::with(device, account.as_bytes())
    }

    /// The keys with which a device that is linked speaks for the account that takes it in: made before the device
    /// knows whose it will be, so that no account goes into them. Towards businesses it uses [`DeviceKeys::derive`].
    pub fn for_linking(device: &Secret<32>) -> Self {
        Self::with(device, &[])
    }

    fn with(device: &Secret<32>, account: &[u8]) -> Self {
        let key =
            |label: crate::crypto::kdf::Label| hkdf_sha256(&[], device.expose(), &label.with(&[account]));
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

    /// The certificate to be put into the account's log.
    pub fn certificate(&self, purposes: Purposes) -> Device {
        Device { id: self.id(), exchange: *self.exchange.public(), purposes }
    }
}
