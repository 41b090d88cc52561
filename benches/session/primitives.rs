//! The primitives that a frame is made of, as this crate calls them.

use std::hint::black_box;

use sigillo::crypto::aead;
use sigillo::crypto::hash::sha256;
use sigillo::crypto::kdf::{HmacKey, extract_sha256, hkdf_sha256};
use sigillo::crypto::kem::{self, PrivateKey};
use sigillo::crypto::secret::Secret;
use sigillo::crypto::x25519::KeyPair;
use sigillo::sim::random::Random;

use crate::clock::best;
use crate::{CONTENT, Figures};

/// Bytes of a header without a payload, of a padded content, and of what stands before the body.
const HEADER: [u8; 53] = [1; 53];
const PADDED: [u8; 512] = [2; 512];
const FRONT: [u8; 97] = [3; 97];

pub(crate) fn figures() -> Figures {
    let key = Secret::new([7; 32]);
    let mac = HmacKey::new(key.expose());
    let mut rng = Random::new(1);
    let (pair, other) = (KeyPair::random(&mut rng), KeyPair::random(&mut rng));
    let seed = Secret::random(&mut rng);
    let private = PrivateKey::from_seed(&seed);
    let public = private.public();
    let (ciphertext, _) = kem::encapsulate(&public, &mut rng).unwrap();
    let sealed = |content: &[u8]| {
        let mut buffer = content.to_vec();
        aead::seal(&key, &[0; aead::NONCE_LEN], &[], black_box(&mut buffer)).unwrap();
    };
    vec![
        ("ChaCha20-Poly1305 seal, 200 bytes", best(2_000, || sealed(&CONTENT))),
        ("ChaCha20-Poly1305 seal, 512 bytes (a padded content)", best(2_000, || sealed(&PADDED))),
        (
            "XChaCha20-Poly1305 seal, 53 bytes (a header)",
            best(2_000, || {
                let mut buffer = HEADER.to_vec();
                aead::seal_random(&key, &[0; aead::XNONCE_LEN], &[], black_box(&mut buffer)).unwrap();
            }),
        ),
        (
            "SHA-256, 97 bytes (what stands before a body)",
            best(2_000, || black_box(sha256(&[&FRONT])).fill(0)),
        ),
        ("HMAC-SHA-256, key prepared", best(2_000, || drop(black_box(HmacKey::new(key.expose()))))),
        ("HMAC-SHA-256, one byte under a prepared key", best(2_000, || drop(black_box(mac.tag(&[&[1]]))))),
        ("HKDF-Extract, 32 bytes", best(2_000, || drop(black_box(extract_sha256(&key, &key))))),
        ("HKDF-SHA-256, 96 bytes (a root step)", best(2_000, || drop(black_box(root(&key))))),
        ("X25519 exchange", best(200, || drop(black_box(pair.exchange(other.public()))))),
        ("ML-KEM-768 key from its seed", best(200, || drop(black_box(PrivateKey::from_seed(&seed))))),
        (
            "ML-KEM-768 encapsulation, key checked",
            best(200, || drop(black_box(kem::encapsulate(&public, &mut rng)))),
        ),
        ("ML-KEM-768 decapsulation", best(200, || drop(black_box(private.decapsulate(&ciphertext))))),
    ]
}

fn root(key: &Secret<32>) -> Secret<96> {
    hkdf_sha256(key.expose(), key.expose(), b"root")
}
