//! First flights from strangers: only the one that was really sealed opens, and only as it was sealed.

use core::time::Duration;

use sigillo::base::id::{AccountId, DeviceId};
use sigillo::base::limits;
use sigillo::crypto::hash::sha256;
use sigillo::crypto::kdf::{hkdf_sha256, label};
use sigillo::crypto::secret::Secret;
use sigillo::crypto::x25519::KeyPair;
use sigillo::crypto::{aead, kem};
use sigillo::domain::session::error::SessionError;
use sigillo::domain::session::pqxdh::{accept_with, flight_prekey_set, initiate};
use sigillo::sim::random::Random;
use sigillo::wire::flight::{FirstFlight, INSIDE_LEN, SealedFlight};
use sigillo::wire::prekeys::{Bundle, SignedBundle};

use crate::bytes::Bytes;
use crate::people::{NOW, Person};

/// What the genuine flights hold.
const CONTENT: &[u8] = b"hello Bob";

struct Start {
    bob: Person,
    /// What anybody can read of Bob's prekeys.
    published: Bundle,
    /// Without and with one-time prekeys.
    genuine: [Vec<u8>; 2],
    /// What an attacker with an account of their own puts into the seal, before it is spoilt.
    inside: FirstFlight,
}

impl Start {
    fn new() -> Self {
        let (alice, bob) = (Person::new(1), Person::new(2));
        let rng = &mut Random::new(5);
        let plain = bob.verified();
        let mut one_time = bob.verified();
        for published in &bob.one_time {
            assert_eq!(one_time.add_one_time(published, NOW), Ok(()));
        }
        let genuine =
            [plain, one_time].map(|to| initiate(&alice.local(), &to, CONTENT, NOW, rng).expect("a flight").1);
        let signed = SignedBundle::decode(&bob.bundle()).expect("a bundle");
        let published = Bundle::decode(signed.bundle.unverified()).expect("a bundle");
        let (ciphertext, _) = kem::encapsulate(&published.signed_kem, rng).expect("a KEM key");
        let frame = crate::people::pair(7).0.seal(CONTENT, NOW, rng).expect("it fits");
        let inside = FirstFlight {
            log: alice.log.entries().to_vec(),
            account: alice.key.id(),
            device: alice.id(),
            ephemeral: *KeyPair::random(rng).public(),
            ciphertext,
            one_time: None,
            one_time_kem: None,
            expires: NOW.plus(Duration::from_secs(3_600)),
            frame,
        };
        Self { bob, published, genuine, inside }
    }
}

/// The target.
pub fn flight(data: &[u8]) {
    thread_local! { static START: Start = Start::new(); }
    START.with(|start| {
        let mut bytes = Bytes::new(data);
        match bytes.below(4) {
            0 => refused(start, bytes.rest()),
            1 => {
                let genuine = &start.genuine[bytes.below(2)];
                let spoilt = bytes.spoilt(genuine);
                if spoilt == *genuine { opens(start, &spoilt) } else { refused(start, &spoilt) }
            }
            // Whatever bytes, sealed as anybody can.
            2 => {
                let mut inside = bytes.rest().to_vec();
                inside.resize(INSIDE_LEN, 0);
                refused(start, &seal(start, inside));
            }
            // A handshake that makes sense but for what the bytes change.
            _ => {
                let inside = FirstFlight {
                    one_time: [None, Some(1), Some(2)][bytes.below(3)],
                    one_time_kem: [None, Some(1), Some(2)][bytes.below(3)],
                    ephemeral: bytes.array().unwrap_or(start.inside.ephemeral),
                    expires: start.inside.expires.plus(Duration::from_millis(bytes.number() >> 1)),
                    account: bytes.array().map_or(start.inside.account, AccountId::new),
                    device: bytes.array().map_or(start.inside.device, DeviceId::new),
                    frame: bytes.spoilt(&start.inside.frame),
                    ..start.inside.clone()
                };
                if let Some(inside) = inside.encode() {
                    refused(start, &seal(start, inside));
                }
            }
        }
    });
}

/// The seal of `docs/protocol.md`, to Bob's published keys, written from that page alone.
fn seal(start: &Start, mut inside: Vec<u8>) -> Vec<u8> {
    let rng = &mut Random::new(9);
    let ephemeral = KeyPair::random(rng);
    let (ciphertext, quantum) = kem::encapsulate(&start.published.seal_kem, rng).expect("a KEM key");
    let classical = ephemeral.exchange(&start.published.seal).expect("an X25519 key");
    let front = SealedFlight::front(start.published.set, ephemeral.public(), &ciphertext);
    let info = label::SEAL.with(&[
        &sha256(&[&front]),
        start.published.account.as_bytes(),
        start.published.device.as_bytes(),
        &start.published.seal,
        &sha256(&[&start.published.seal_kem]),
    ]);
    let input = [classical.expose().as_slice(), quantum.expose()].concat();
    let keys: Secret<44> = hkdf_sha256(&[], &input, &info);
    let (key, nonce) = keys.expose().split_at(32);
    let key = Secret::from_slice(key).expect("32 bytes");
    let nonce = nonce.try_into().expect("12 bytes");
    aead::seal(&key, nonce, &front, &mut inside).expect("it seals");
    let flight = [front, inside].concat();
    assert_eq!(flight.len(), limits::FIRST_FLIGHT_LEN);
    flight
}

fn refused(start: &Start, flight: &[u8]) {
    let Person { set, pool, .. } = &start.bob;
    let _ = flight_prekey_set(flight);
    if start.genuine.iter().any(|genuine| genuine == flight) {
        return;
    }
    let accepted = accept_with(&start.bob.local(), set, pool, flight, NOW);
    assert!(matches!(accepted, Err(SessionError::Refused)), "{accepted:?}");
}

fn opens(start: &Start, flight: &[u8]) {
    let Person { set, pool, .. } = &start.bob;
    let accepted = accept_with(&start.bob.local(), set, pool, flight, NOW).expect("it is genuine");
    assert_eq!(accepted.content.as_slice(), CONTENT);
}

/// A spoilt inside for the samples: what the seal really holds.
pub fn sample_inside() -> Vec<u8> {
    Start::new().inside.encode().expect("it fits")
}

/// A genuine flight for the samples.
pub fn sample_flight() -> Vec<u8> {
    Start::new().genuine[0].clone()
}
