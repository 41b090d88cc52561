//! Linking a device: the new one offers its keys, one that holds the identity key lets it in.
//!
//! The offer goes from screen to camera. The answer is sealed to one-time keys of the offer (X25519 and ML-KEM-768)
//! with the offer's token as salt: to open or to forge it takes both exchanges broken and a look at the screen.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::base::id::{AccountId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::aead::{self, NONCE_LEN, XNONCE_LEN};
use crate::crypto::ed25519::{self, Signature};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::kem::{self, PrivateKey};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::{self, KeyPair};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::Purposes;
use crate::wire::link::{LinkGrant, LinkOffer};
use crate::wire::reach::Reach;

/// The version byte of today's grants.
pub const VERSION: u8 = 1;
const KEM_AT: usize = 1 + x25519::PUBLIC_LEN;
const FRONT_LEN: usize = KEM_AT + kem::CIPHERTEXT_LEN;

/// A new device's side: what it offered, and the one-time keys that open the answer. Wiped when dropped.
#[derive(Clone, Debug)]
pub struct PendingLink {
    offer: LinkOffer,
    keys: DeviceKeys,
    exchange: KeyPair,
    kem: Secret<{ kem::SEED_LEN }>,
    agreed: Option<AccountId>,
}

/// What a grant says, all of it verified.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The grant itself.
    pub grant: LinkGrant,
    /// The account's log, the new device in it.
    pub log: AccountLog,
}

impl PendingLink {
    /// Offers the device with these keys, made for this offer alone, to be reached at `peer` and `addresses`.
    ///
    /// # Errors
    /// [`LinkError::Offer`] where peer or addresses are out of bounds.
    pub fn new(
        keys: DeviceKeys,
        purposes: Purposes,
        peer: Vec<u8>,
        addresses: Vec<String>,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, LinkError> {
        let exchange = KeyPair::random(rng);
        let kem = Secret::random(rng);
        let offer = LinkOffer {
            device: keys.certificate(purposes),
            exchange: *exchange.public(),
            kem_hash: Digest::new(sha256(&[&PrivateKey::from_seed(&kem).public()])),
            token: Secret::random(rng),
            expires: now.plus(limits::LINK_OFFER_LIFE),
            reach: Reach::new(keys.id(), peer, addresses).ok_or(LinkError::Offer)?,
        };
        Ok(Self { offer, keys, exchange, kem, agreed: None })
    }

    /// The device's word that it is the account's that asks for it, which `asked` names ([`hidden_account`]). The keys of
    /// an offer are made for it and agree once: with the first account that proves to have seen it.
    ///
    /// # Errors
    /// [`LinkError::Refused`] where it isn't by somebody who has seen the offer, or another account asked before.
    pub fn agree(&mut self, asked: &[u8]) -> Result<Signature, LinkError> {
        let account = shown_account(&self.offer, asked).ok_or(LinkError::Refused)?;
        if *self.agreed.get_or_insert(account) != account {
            return Err(LinkError::Refused);
        }
        Ok(self.keys.consent(&account, &self.offer.device))
    }

    /// What is to be shown.
    pub const fn offer(&self) -> &LinkOffer {
        &self.offer
    }

    /// The ML-KEM-768 key of the offer, to be told to whoever proves to have seen the offer's token.
    pub fn kem_key(&self) -> Vec<u8> {
        PrivateKey::from_seed(&self.kem).public()
    }

    /// Opens the answer of at most [`limits::LINK_GRANT_MAX`] bytes, and verifies that it lets this device in. Whose
    /// device it is then, a person must see: the account's address is to be shown before it is used.
    ///
    /// # Errors
    /// [`LinkError::Expired`] once the offer's time is over, [`LinkError::Refused`] for everything else.
    pub fn accept(&self, grant: &[u8], now: Time) -> Result<Linked, LinkError> {
        if self.offer.expires <= now {
            return Err(LinkError::Expired);
        }
        let inside = self.unseal(grant)?;
        let grant = LinkGrant::decode(&inside).map_err(|_| LinkError::Refused)?;
        let log = AccountLog::verify(grant.account, grant.log.clone()).map_err(|_| LinkError::Refused)?;
        if lets_in(&log, &self.offer, &grant.primary) {
            Ok(Linked { grant, log })
        } else {
            Err(LinkError::Refused)
        }
    }

    fn unseal(&self, grant: &[u8]) -> Result<Zeroizing<Vec<u8>>, LinkError> {
        if grant.len() > limits::LINK_GRANT_MAX || grant.first() != Some(&VERSION) {
            return Err(LinkError::Refused);
        }
        let (front, sealed) = grant.split_at_checked(FRONT_LEN).ok_or(LinkError::Refused)?;
        let ephemeral = front[1..KEM_AT].try_into().map_err(|_| LinkError::Refused)?;
        let classical = self.exchange.exchange(ephemeral).map_err(|_| LinkError::Refused)?;
        let private = PrivateKey::from_seed(&self.kem);
        let quantum = private.decapsulate(&front[KEM_AT..]).map_err(|_| LinkError::Refused)?;
        let (key, nonce) = derive(&self.offer, &classical, &quantum, front);
        let mut inside = Zeroizing::new(sealed.to_vec());
        aead::open(&key, &nonce, front, &mut inside).map_err(|_| LinkError::Refused)?;
        Ok(inside)
    }
}

/// The account that asks for an offer's device, hidden from all who haven't seen the offer.
pub fn hidden_account(offer: &LinkOffer, account: &AccountId, rng: &mut dyn CryptoRng) -> Vec<u8> {
    let mut nonce = [0; XNONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let mut sealed = account.as_bytes().to_vec();
    // Can't fail: 32 bytes are far from the cipher's bound.
    let _ = aead::seal_random(&account_key(offer), &nonce, &[], &mut sealed);
    [&nonce[..], &sealed].concat()
}

fn shown_account(offer: &LinkOffer, asked: &[u8]) -> Option<AccountId> {
    let (nonce, sealed) = asked.split_first_chunk::<XNONCE_LEN>()?;
    let mut account = sealed.to_vec();
    aead::open_random(&account_key(offer), nonce, &[], &mut account).ok()?;
    let account: [u8; 32] = account.try_into().ok()?;
    ed25519::is_public_key(&account).then_some(AccountId::new(account))
}

fn account_key(offer: &LinkOffer) -> Secret<32> {
    let offered = Zeroizing::new(offer.encode());
    hkdf_sha256(&[], offer.token.expose(), &label::LINK_ACCOUNT.with(&[&sha256(&[&offered])]))
}

/// Seals the answer to an offer whose ML-KEM-768 key is `kem_key`. The grant's log has the offered device already:
/// [`AccountLog::append`] with the offer's certificate and the device's word, by the identity key.
///
/// # Errors
/// [`LinkError::Expired`] where the offer's time is over, [`LinkError::Offer`] where its life is too long or the KEM
/// key isn't the one that was offered, [`LinkError::Refused`] where the log doesn't name both devices.
pub fn grant(
    offer: &LinkOffer,
    kem_key: &[u8],
    grant: &LinkGrant,
    now: Time,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, LinkError> {
    if offer.expires <= now {
        return Err(LinkError::Expired);
    }
    let latest = now.plus(limits::LINK_OFFER_LIFE).plus(limits::CLOCK_SKEW);
    if offer.expires > latest || Digest::new(sha256(&[kem_key])) != offer.kem_hash {
        return Err(LinkError::Offer);
    }
    let log = AccountLog::verify(grant.account, grant.log.clone()).map_err(|_| LinkError::Refused)?;
    if !lets_in(&log, offer, &grant.primary) {
        return Err(LinkError::Refused);
    }
    let ephemeral = KeyPair::random(rng);
    let classical = ephemeral.exchange(&offer.exchange).map_err(|_| LinkError::Offer)?;
    let (ciphertext, quantum) = kem::encapsulate(kem_key, rng).map_err(|_| LinkError::Offer)?;
    let mut sealed = [&[VERSION][..], ephemeral.public(), &ciphertext].concat();
    let (key, nonce) = derive(offer, &classical, &quantum, &sealed);
    let mut inside = grant.encode();
    aead::seal(&key, &nonce, &sealed, &mut inside).map_err(|_| LinkError::Refused)?;
    sealed.extend_from_slice(&inside);
    if sealed.len() > limits::LINK_GRANT_MAX { Err(LinkError::Refused) } else { Ok(sealed) }
}

/// Whether the log has the offered device exactly as offered, and another device that grants.
fn lets_in(log: &AccountLog, offer: &LinkOffer, primary: &Reach) -> bool {
    log.devices().any(|device| *device == offer.device)
        && primary.device() != offer.device.id
        && log.device(&primary.device(), Purposes::MESSAGE).is_some()
}

/// Key and nonce serve once: both exchanges are with one-time keys, and bound to the whole offer.
fn derive(
    offer: &LinkOffer,
    classical: &Secret<32>,
    quantum: &Secret<32>,
    front: &[u8],
) -> (Secret<32>, [u8; NONCE_LEN]) {
    let mut input = Zeroizing::new([0; 64]);
    input[..32].copy_from_slice(classical.expose());
    input[32..].copy_from_slice(quantum.expose());
    let offered = Zeroizing::new(offer.encode());
    let info = label::LINK_GRANT.with(&[&sha256(&[&offered]), &sha256(&[front])]);
    let keys: Secret<{ 32 + NONCE_LEN }> = hkdf_sha256(offer.token.expose(), &*input, &info);
    let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; NONCE_LEN]);
    key.copy_from_slice(&keys.expose()[..32]);
    nonce.copy_from_slice(&keys.expose()[32..]);
    (Secret::new(*key), nonce)
}

/// Why a device isn't linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LinkError {
    /// The offer's time is over.
    #[error("the code has expired: make another one on the new device")]
    Expired,
    /// The offer is out of bounds, or its key is another one.
    #[error("the device's code isn't what the device says: make another one on the new device")]
    Offer,
    /// The answer isn't for this offer, or doesn't let the device in.
    #[error("the answer doesn't let this device in: try again from the beginning")]
    Refused,
}
