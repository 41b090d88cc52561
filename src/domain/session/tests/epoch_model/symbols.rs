//! Symbols in the place of ML-KEM: what was made of what, as numbers that nobody can take apart.

use core::convert::Infallible;

use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};

use crate::domain::session::epoch::{Agreed, Suite};

/// Cryptography that can't be broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::domain::session::tests) struct Symbols;

/// What proves payloads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::domain::session::tests) struct Authenticator {
    term: u64,
    /// A seeded mistake: nobody looks at proofs.
    unread: bool,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::domain::session::tests) enum Payload {
    /// A public key, which is the number of its private one.
    Key { key: u64, proof: u64 },
    /// A ciphertext to a public key.
    Ciphertext { to: u64, made: u64, proof: u64 },
}

/// Randomness: numbers one after the other, so that none comes twice.
pub(in crate::domain::session::tests) struct Fresh(pub(in crate::domain::session::tests) u64);

impl Authenticator {
    pub(in crate::domain::session::tests) const fn new(unread: bool) -> Self {
        Self { term: 1, unread }
    }
}

impl TryRng for Fresh {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 += 1;
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("symbols are drawn as numbers")
    }
}

impl TryCryptoRng for Fresh {}

/// A number that stands for several.
pub(in crate::domain::session::tests) fn term(parts: &[u64]) -> u64 {
    parts.iter().fold(7, |sum, part| (sum ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29))
}

/// The proof of a payload: of these very values, in this epoch, by whoever knows the authenticator.
fn proof(authenticator: u64, epoch: u32, values: &[u64]) -> u64 {
    term(&[authenticator, u64::from(epoch), term(values)])
}

fn agreed(authenticator: &Authenticator, epoch: u32, key: u64, made: u64) -> Agreed<Symbols> {
    let known = term(&[authenticator.term, u64::from(epoch), key, made]);
    let authenticator = Authenticator { term: term(&[known, 1]), ..*authenticator };
    Agreed { authenticator, secret: term(&[known, 2]) }
}

impl Suite for Symbols {
    type Seed = u64;
    type Payload = Payload;
    type Fingerprint = Payload;
    type Authenticator = Authenticator;
    type Secret = u64;

    fn seed(rng: &mut dyn CryptoRng) -> u64 {
        rng.next_u64()
    }

    fn offer(authenticator: &Authenticator, epoch: u32, seed: &u64) -> Payload {
        Payload::Key { key: *seed, proof: proof(authenticator.term, epoch, &[*seed]) }
    }

    fn is_offer(authenticator: &Authenticator, epoch: u32, offer: &Payload) -> bool {
        let Payload::Key { key, .. } = offer else { return false };
        authenticator.unread || *offer == Self::offer(authenticator, epoch, key)
    }

    fn answer(
        authenticator: &Authenticator,
        epoch: u32,
        offer: &Payload,
        rng: &mut dyn CryptoRng,
    ) -> Option<(Payload, Agreed<Self>)> {
        let Payload::Key { key, .. } = offer else { return None };
        let made = rng.next_u64();
        let agreed = agreed(authenticator, epoch, *key, made);
        let proof = proof(agreed.authenticator.term, epoch, &[*key, made]);
        Some((Payload::Ciphertext { to: *key, made, proof }, agreed))
    }

    fn accept(
        authenticator: &Authenticator,
        epoch: u32,
        seed: &u64,
        answer: &Payload,
    ) -> Option<Agreed<Self>> {
        let Payload::Ciphertext { to, made, proof: given } = answer else { return None };
        let agreed = agreed(authenticator, epoch, *seed, *made);
        let expected = proof(agreed.authenticator.term, epoch, &[*to, *made]);
        (authenticator.unread || to == seed && *given == expected).then_some(agreed)
    }

    fn fingerprint(payload: &Payload) -> Payload {
        payload.clone()
    }
}
