//! One-time prekeys: private halves that serve one handshake and are then wiped.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::base::id::PrekeySource;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::crypto::kem::{self, PrivateKey};
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::domain::session::prekeys::Local;
use crate::wire::prekeys::{OneTimePrekey, OneTimePublic, encode_one_time};
use crate::wire::signed::Signed;

/// The private halves of one-time prekeys, by id.
///
/// Whoever accepts a handshake removes what it used, in the same commit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OneTimePool {
    exchange: BTreeMap<u32, KeyPair>,
    kem: BTreeMap<u32, Secret<{ kem::SEED_LEN }>>,
}

/// Which one-time prekeys a handshake used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OneTimeUsed {
    /// The X25519 one (OPK).
    pub exchange: Option<u32>,
    /// The ML-KEM-768 one (PQOPK).
    pub kem: Option<u32>,
}

impl OneTimePool {
    /// Makes an X25519 prekey and returns its signed, published form.
    pub fn add_exchange(
        &mut self,
        local: &Local<'_>,
        id: u32,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        self.exchange_for(local, None, id, now, rng)
    }

    fn exchange_for(
        &mut self,
        local: &Local<'_>,
        source: Option<PrekeySource>,
        id: u32,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        let pair = KeyPair::random(rng);
        let public = OneTimePublic::Exchange(*pair.public());
        self.exchange.insert(id, pair);
        publish(local, source, id, public, now)
    }

    /// Makes an ML-KEM-768 prekey and returns its signed, published form.
    pub fn add_kem(&mut self, local: &Local<'_>, id: u32, now: Time, rng: &mut dyn CryptoRng) -> Vec<u8> {
        self.kem_for(local, None, id, now, rng)
    }

    fn kem_for(
        &mut self,
        local: &Local<'_>,
        source: Option<PrekeySource>,
        id: u32,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        let seed = Secret::random(rng);
        let public = OneTimePublic::Kem(PrivateKey::from_seed(&seed).public());
        self.kem.insert(id, seed);
        publish(local, source, id, public, now)
    }

    /// Wipes what a handshake used.
    pub fn remove(&mut self, used: OneTimeUsed) {
        used.exchange.map(|id| self.exchange.remove(&id));
        used.kem.map(|id| self.kem.remove(&id));
    }

    /// Adds the prekeys of another pool.
    pub fn add(&mut self, other: &Self) {
        self.exchange.extend(other.exchange.iter().map(|(id, pair)| (*id, pair.clone())));
        self.kem.extend(other.kem.iter().map(|(id, seed)| (*id, seed.clone())));
    }

    pub(super) fn exchange(&self, id: u32) -> Option<&KeyPair> {
        self.exchange.get(&id)
    }

    pub(super) fn kem(&self, id: u32) -> Option<PrivateKey> {
        self.kem.get(&id).map(PrivateKey::from_seed)
    }
}

/// A pair of one-time prekeys, X25519 and ML-KEM-768 under one id, that somebody was given and nobody has used yet;
/// a stored row of some 160 bytes.
///
/// It is made when it is asked for: a key that doesn't exist yet can't be stolen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandedOut {
    /// When it was made and handed out.
    pub made: Time,
    keys: OneTimePool,
}

impl HandedOut {
    /// Makes a pair; the published forms, which others refuse after [`limits::BUNDLE_AGE_MAX`], come with it.
    pub fn make(local: &Local<'_>, id: u32, now: Time, rng: &mut dyn CryptoRng) -> (Self, Vec<Vec<u8>>) {
        let mut keys = OneTimePool::default();
        let published = vec![keys.add_exchange(local, id, now, rng), keys.add_kem(local, id, now, rng)];
        (Self { made: now, keys }, published)
    }

    /// Makes a pair that `source` is to hand out in the device's place.
    pub fn make_for(
        source: PrekeySource,
        local: &Local<'_>,
        id: u32,
        now: Time,
        rng: &mut dyn CryptoRng,
    ) -> (Self, Vec<Vec<u8>>) {
        let (mut keys, source) = (OneTimePool::default(), Some(source));
        let published =
            vec![keys.exchange_for(local, source, id, now, rng), keys.kem_for(local, source, id, now, rng)];
        (Self { made: now, keys }, published)
    }

    /// The private halves.
    pub const fn keys(&self) -> &OneTimePool {
        &self.keys
    }

    /// Whether the pair is past its life ([`limits::PREKEY_LIFE`]) and must be wiped.
    pub fn is_dead(&self, now: Time) -> bool {
        now.since(self.made) > limits::PREKEY_LIFE
    }
}

impl OneTimeUsed {
    /// The ids, each once.
    pub fn ids(self) -> impl Iterator<Item = u32> {
        self.exchange.into_iter().chain(self.kem.filter(|id| self.exchange != Some(*id)))
    }
}

fn publish(
    local: &Local<'_>,
    source: Option<PrekeySource>,
    id: u32,
    key: OneTimePublic,
    now: Time,
) -> Vec<u8> {
    let prekey = OneTimePrekey {
        account: local.log.account(),
        device: local.device.id(),
        id,
        issued: now,
        expires: now.plus(limits::BUNDLE_AGE_MAX),
        source,
        key,
    };
    encode_one_time(&Signed::new(local.device.signing(), label::ONE_TIME_PREKEY, prekey.encode()))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::session::pqxdh::{accept_with, initiate};
    use crate::domain::session::tests::fixtures::{NOW, Person, rng};

    #[test]
    fn a_pair_that_was_handed_out_opens_the_flight_that_used_it_from_whatever_pool_it_is_in() {
        let (alice, bob) = (Person::new(1), Person::new(2));
        let (pair, published) = HandedOut::make(&bob.local(), 7, NOW, &mut rng(5));
        let mut verified = bob.verified();
        published.iter().for_each(|prekey| verified.add_one_time(prekey, NOW).unwrap());
        let (_, flight) = initiate(&alice.local(), &verified, b"hello", NOW, &mut rng(1)).unwrap();
        let opens = |pool: &OneTimePool| accept_with(&bob.local(), &bob.set, pool, &flight, NOW).is_ok();
        let mut pool = OneTimePool::default();
        assert!(!opens(&pool));
        pool.add(pair.keys());
        assert!(opens(&pool) && opens(pair.keys()));
        // Both halves are needed, and each is wiped by itself.
        for used in [(Some(7), None), (None, Some(7))] {
            let mut half = pool.clone();
            half.remove(OneTimeUsed { exchange: used.0, kem: used.1 });
            assert!(!opens(&half));
        }
        assert_eq!(pool.exchange.len() + pool.kem.len(), 2);
        pool.remove(OneTimeUsed { exchange: Some(7), kem: Some(7) });
        assert!(pool.exchange.is_empty() && pool.kem.is_empty());
    }

    #[test]
    fn a_pair_lives_for_thirty_days_and_not_a_moment_longer() {
        let (pair, _) = HandedOut::make(&Person::new(2).local(), 7, NOW, &mut rng(5));
        let days = NOW.plus(Duration::from_secs(30 * 24 * 60 * 60));
        assert!(!pair.is_dead(NOW) && !pair.is_dead(days));
        assert!(pair.is_dead(days.plus(Duration::from_millis(1))));
    }

    #[test]
    fn the_ids_of_a_used_pair_are_named_once_each() {
        let ids = |exchange, kem| OneTimeUsed { exchange, kem }.ids().collect::<Vec<_>>();
        assert_eq!(ids(None, None), [0; 0]);
        assert_eq!(ids(Some(0), None), [0]);
        assert_eq!(ids(None, Some(0)), [0]);
        assert_eq!(ids(Some(7), Some(7)), [7]);
        assert_eq!(ids(Some(7), Some(8)), [7, 8]);
    }
}
