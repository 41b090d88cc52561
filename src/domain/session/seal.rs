//! The seal of a first flight: hybrid, to keys that are used for nothing else.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::base::id::{AccountId, DeviceId};
use crate::crypto::aead::{self, NONCE_LEN};
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{hkdf_sha256, label};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::{self, KeyPair};
use crate::crypto::{CryptoError, kem};
use crate::wire::flight::SealedFlight;

/// To whom, and to which public keys, a flight is sealed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipient<'a> {
    pub(super) account: &'a AccountId,
    pub(super) device: &'a DeviceId,
    pub(super) exchange: &'a [u8; x25519::PUBLIC_LEN],
    pub(super) kem: &'a [u8],
}

/// Seals the inside of a flight to the recipient's prekey set number `set`; returns the whole flight.
pub(super) fn seal(
    to: Recipient<'_>,
    set: u32,
    mut inside: Zeroizing<Vec<u8>>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let ephemeral = KeyPair::random(rng);
    let (ciphertext, quantum) = kem::encapsulate(to.kem, rng)?;
    let classical = ephemeral.exchange(to.exchange)?;
    let mut flight = SealedFlight::front(set, ephemeral.public(), &ciphertext);
    let (key, nonce) = derive(&classical, &quantum, &flight, to);
    aead::seal(&key, &nonce, &flight, &mut inside)?;
    flight.extend_from_slice(&inside);
    Ok(flight)
}

/// Opens the seal with the private halves; `to` names their public ones.
pub(super) fn open(
    to: Recipient<'_>,
    exchange: &KeyPair,
    kem: &kem::PrivateKey,
    flight: &SealedFlight<'_>,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let classical = exchange.exchange(flight.exchange)?;
    let quantum = kem.decapsulate(flight.ciphertext)?;
    let (key, nonce) = derive(&classical, &quantum, flight.front, to);
    let mut inside = Zeroizing::new(flight.sealed.to_vec());
    aead::open(&key, &nonce, flight.front, &mut inside)?;
    Ok(inside)
}

/// The front holds the ephemeral key and the ciphertext, so that the key is bound to both (as in X-Wing) and to
/// the recipient and its keys.
fn derive(
    classical: &Secret<32>,
    quantum: &Secret<32>,
    front: &[u8],
    to: Recipient<'_>,
) -> (Secret<32>, [u8; NONCE_LEN]) {
    let mut input = Zeroizing::new([0; 64]);
    input[..32].copy_from_slice(classical.expose());
    input[32..].copy_from_slice(quantum.expose());
    let info = label::SEAL.with(&[
        &sha256(&[front]),
        to.account.as_bytes(),
        to.device.as_bytes(),
        to.exchange,
        &sha256(&[to.kem]),
    ]);
    let keys: Secret<{ 32 + NONCE_LEN }> = hkdf_sha256(&[], &*input, &info);
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&keys.expose()[32..]);
    let [key] = crate::domain::session::chain::split(&keys);
    (key, nonce)
}
