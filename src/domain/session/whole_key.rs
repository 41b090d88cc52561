//! The exchange of one epoch with whole ML-KEM-768 keys and ciphertexts, proven by a chain of MACs.

use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base::id::Digest;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::{Label, hkdf_sha256, hmac_sha256, label};
use crate::crypto::kem::{self, PrivateKey};
use crate::crypto::secret::Secret;
use crate::domain::session::chain::split;
use crate::domain::session::epoch::{Agreed, Epochs, Suite};

/// The post-quantum ratchet of this version.
pub(super) type Quantum = Epochs<WholeKey>;

const PROOF_LEN: usize = 32;

/// Bytes of a slot that isn't empty, its kind aside: a key or a ciphertext, filled up with zeros to the length of a
/// key so that the length doesn't tell which it is, and the proof.
pub(super) const PAYLOAD_LEN: usize = kem::PUBLIC_LEN + PROOF_LEN;

const _: () = assert!(kem::CIPHERTEXT_LEN <= kem::PUBLIC_LEN, "a ciphertext fits where a key fits");

/// The bytes of a key or a ciphertext with their proof.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Payload(Box<[u8; PAYLOAD_LEN]>);

impl Payload {
    /// Takes bytes over as they came.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Box::new(bytes.try_into().ok()?)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    fn new(content: &[u8], proof: &Secret<PROOF_LEN>) -> Self {
        let mut bytes = Box::new([0; PAYLOAD_LEN]);
        bytes.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        bytes[kem::PUBLIC_LEN..].copy_from_slice(proof.expose());
        Self(bytes)
    }

    fn key(&self) -> &[u8] {
        &self.0[..kem::PUBLIC_LEN]
    }

    /// The ciphertext, if only zeros follow it.
    fn ciphertext(&self) -> Option<&[u8]> {
        let (ciphertext, zeros) = self.key().split_at(kem::CIPHERTEXT_LEN);
        zeros.iter().all(|byte| *byte == 0).then_some(ciphertext)
    }

    fn is_proven(&self, expected: &Secret<PROOF_LEN>) -> bool {
        Secret::from_slice(&self.0[kem::PUBLIC_LEN..]).as_ref() == Some(expected)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key or ciphertext]")
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_slice(<&[u8]>::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("payload of another length"))
    }
}

/// ML-KEM-768 (FIPS 203), a key or a ciphertext in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WholeKey;

impl Suite for WholeKey {
    type Seed = Secret<{ kem::SEED_LEN }>;
    type Payload = Payload;
    type Fingerprint = Digest;
    type Authenticator = Secret<32>;
    type Secret = Secret<32>;

    fn seed(rng: &mut dyn CryptoRng) -> Self::Seed {
        Secret::random(rng)
    }

    fn offer(authenticator: &Secret<32>, epoch: u32, seed: &Self::Seed) -> Payload {
        let key = PrivateKey::from_seed(seed).public();
        Payload::new(&key, &proof(label::EPOCH_KEY, authenticator, epoch, &key))
    }

    fn is_offer(authenticator: &Secret<32>, epoch: u32, offer: &Payload) -> bool {
        offer.is_proven(&proof(label::EPOCH_KEY, authenticator, epoch, offer.key()))
            && kem::is_public_key(offer.key())
    }

    fn answer(
        authenticator: &Secret<32>,
        epoch: u32,
        offer: &Payload,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Payload, Agreed<Self>)> {
        let (ciphertext, shared) = kem::encapsulate(offer.key(), rng).ok()?;
        let agreed = agree(authenticator, epoch, &shared, offer.key(), &ciphertext);
        let proof = proof(label::EPOCH_CIPHERTEXT, &agreed.authenticator, epoch, &ciphertext);
        Some((Payload::new(&ciphertext, &proof), agreed))
    }

    fn accept(
        authenticator: &Secret<32>,
        epoch: u32,
        seed: &Self::Seed,
        answer: &Payload,
    ) -> Option<Agreed<Self>> {
        let ciphertext = answer.ciphertext()?;
        let private = PrivateKey::from_seed(seed);
        let shared = private.decapsulate(ciphertext).ok()?;
        let agreed = agree(authenticator, epoch, &shared, &private.public(), ciphertext);
        // A forged ciphertext gives a secret all the same (FIPS 203, section 6.3): the proof is what tells.
        let proof = proof(label::EPOCH_CIPHERTEXT, &agreed.authenticator, epoch, ciphertext);
        answer.is_proven(&proof).then_some(agreed)
    }

    fn fingerprint(payload: &Payload) -> Digest {
        Digest::new(sha256(&[payload.as_bytes()]))
    }
}

/// The MAC under which a side shows that it holds the authenticator.
fn proof(label: Label, authenticator: &Secret<32>, epoch: u32, content: &[u8]) -> Secret<PROOF_LEN> {
    hmac_sha256(authenticator.expose(), &[&label.encoded(), &epoch.to_be_bytes(), content])
}

/// The KEM's secret enters the chain of authenticators together with everything it was agreed by.
fn agree(
    authenticator: &Secret<32>,
    epoch: u32,
    shared: &Secret<32>,
    key: &[u8],
    ciphertext: &[u8],
) -> Agreed<WholeKey> {
    let info = label::EPOCH.with(&[&epoch.to_be_bytes(), &sha256(&[key]), &sha256(&[ciphertext])]);
    let keys: Secret<64> = hkdf_sha256(authenticator.expose(), shared.expose(), &info);
    let [authenticator, secret] = split(&keys);
    Agreed { authenticator, secret }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::tests::fixtures::rng;

    const AUTHENTICATOR: Secret<32> = Secret::new([1; 32]);

    fn offer(byte: u8) -> (Secret<64>, Payload) {
        let seed = Secret::new([byte; 64]);
        let offer = WholeKey::offer(&AUTHENTICATOR, 1, &seed);
        (seed, offer)
    }

    #[test]
    fn an_answered_offer_gives_both_sides_the_same_secrets() {
        let (seed, offer) = offer(2);
        assert!(WholeKey::is_offer(&AUTHENTICATOR, 1, &offer));
        let (answer, theirs) = WholeKey::answer(&AUTHENTICATOR, 1, &offer, &mut rng(3)).unwrap();
        assert_eq!(WholeKey::accept(&AUTHENTICATOR, 1, &seed, &answer), Some(theirs.clone()));
        assert!(theirs.secret != theirs.authenticator && theirs.authenticator != AUTHENTICATOR);
    }

    #[test]
    fn an_offer_or_answer_of_another_epoch_or_session_is_not_proven() {
        let (seed, offer) = offer(2);
        let other = Secret::new([9; 32]);
        assert!(!WholeKey::is_offer(&AUTHENTICATOR, 2, &offer));
        assert!(!WholeKey::is_offer(&other, 1, &offer));
        let (answer, _) = WholeKey::answer(&AUTHENTICATOR, 1, &offer, &mut rng(3)).unwrap();
        assert_eq!(WholeKey::accept(&AUTHENTICATOR, 2, &seed, &answer), None);
        assert_eq!(WholeKey::accept(&other, 1, &seed, &answer), None);
        assert_eq!(WholeKey::accept(&AUTHENTICATOR, 1, &Secret::new([7; 64]), &answer), None);
    }

    #[test]
    fn a_key_that_is_proven_but_fails_the_key_check_is_refused() {
        // A coefficient that isn't reduced (FIPS 203, section 7.2).
        let (_, good) = offer(2);
        let mut key = good.key().to_vec();
        key[..3].fill(0xFF);
        let payload = Payload::new(&key, &proof(label::EPOCH_KEY, &AUTHENTICATOR, 1, &key));
        assert!(!WholeKey::is_offer(&AUTHENTICATOR, 1, &payload));
    }

    #[test]
    fn a_ciphertext_with_anything_behind_it_is_refused() {
        let (seed, offer) = offer(2);
        let (answer, _) = WholeKey::answer(&AUTHENTICATOR, 1, &offer, &mut rng(3)).unwrap();
        for position in kem::CIPHERTEXT_LEN..kem::PUBLIC_LEN {
            let mut bytes = answer.as_bytes().to_vec();
            bytes[position] = 1;
            let changed = Payload::from_slice(&bytes).unwrap();
            assert_eq!(WholeKey::accept(&AUTHENTICATOR, 1, &seed, &changed), None);
        }
    }

    #[test]
    fn kem_re_encapsulation_of_a_known_secret_agrees_on_something_else() {
        let shared = Secret::new([5; 32]);
        let agreed = |epoch, key: &[u8], ciphertext: &[u8]| {
            agree(&AUTHENTICATOR, epoch, &shared, key, ciphertext).secret
        };
        let secret = agreed(1, b"key", b"ciphertext");
        assert_ne!(agreed(1, b"another key", b"ciphertext"), secret);
        assert_ne!(agreed(1, b"key", b"another ciphertext"), secret);
        assert_ne!(agreed(2, b"key", b"ciphertext"), secret);
    }

    #[test]
    fn a_payload_reads_back_and_prints_nothing() {
        let (_, offer) = offer(2);
        let stored = postcard::to_allocvec(&offer).unwrap();
        assert_eq!(stored.len(), PAYLOAD_LEN + 2);
        assert_eq!(postcard::from_bytes::<Payload>(&stored).unwrap(), offer);
        assert!(postcard::from_bytes::<Payload>(&stored[..stored.len() - 1]).is_err());
        assert_eq!(format!("{offer:?}"), "[key or ciphertext]");
    }
}
