//! Published vectors beside those of `vectors`: RFC 4231, 5869 and 9106, and NIST's ACVP for FIPS 203.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use serde_json::Value;

use crate::crypto::golden::{Case, Replay};
use crate::crypto::kdf::tests::hex;
use crate::crypto::kdf::{hkdf_sha256, hmac_sha256};
use crate::crypto::password::{self, Cost};
use crate::crypto::secret::Secret;
use crate::crypto::{CryptoError, kem};

#[test]
fn rfc_4231_holds() {
    let counting: Vec<u8> = (1..=25).collect();
    let long: &[u8] = b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
    let vectors: [(&[u8], &[u8], &str); 5] = [
        (&[0x0B; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (&[0xAA; 20], &[0xDD; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counting, &[0xCD; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            &[0xAA; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (&[0xAA; 131], long, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ];
    for (key, message, tag) in vectors {
        assert_eq!(hmac_sha256(key, &[message]).expose().to_vec(), hex(tag));
    }
}

#[test]
fn rfc_5869_test_cases_2_and_3_hold() {
    let range = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    let second: Secret<82> = hkdf_sha256(&range(0x60, 0xAF), &range(0, 0x4F), &range(0xB0, 0xFF));
    let expected = "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87";
    assert_eq!(second.expose().to_vec(), hex(expected));
    let third: Secret<42> = hkdf_sha256(&[], &[0x0B; 22], &[]);
    let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
    assert_eq!(third.expose().to_vec(), hex(expected));
}

/// RFC 9106, section 5.3, whose secret and associated data the keystore has no use for.
#[test]
fn rfc_9106_holds_for_argon2id() {
    let mut parameters = ParamsBuilder::new();
    parameters.m_cost(32).t_cost(3).p_cost(4).output_len(32);
    let parameters = parameters.data(AssociatedData::new(&[4; 12]).unwrap()).build().unwrap();
    let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, parameters).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    assert_eq!(tag.to_vec(), hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
}

#[test]
fn keys_of_passphrases_are_those_of_another_implementation() {
    let file: Value = serde_json::from_str(include_str!("../../docs/vectors/passphrase.json")).unwrap();
    for case in Case(&file).cases("passphrases") {
        let cost = Cost { memory_kib: case.id("memory"), passes: case.id("passes"), lanes: case.id("lanes") };
        let key = password::derive(case.text("passphrase").as_bytes(), &case.array("salt"), cost);
        assert_eq!(key, Ok(case.secret("key")));
    }
}

#[test]
fn the_acvp_vectors_of_ml_kem_768_hold() {
    let file: Value =
        serde_json::from_str(include_str!("../../docs/vectors/published/ml-kem-768-acvp.json")).unwrap();
    for case in Case(&file).cases("key generation") {
        let seed = Secret::from_slice(&[case.bytes("d"), case.bytes("z")].concat()).unwrap();
        assert_eq!(kem::PrivateKey::from_seed(&seed).public(), case.bytes("ek"), "{}", case.number("tcId"));
    }
    for case in Case(&file).cases("encapsulation") {
        let mut rng = Replay::of(&case, &["m"]);
        let (ciphertext, secret) = kem::encapsulate(&case.bytes("ek"), &mut rng).unwrap();
        rng.finish();
        assert_eq!(ciphertext, case.bytes("c"), "{}", case.number("tcId"));
        assert_eq!(secret, case.secret("k"), "{}", case.number("tcId"));
        let cut = kem::encapsulate(&case.bytes("ek")[1..], &mut Replay::new(&[&[0; 32]]));
        assert_eq!(cut.map(|_| ()), Err(CryptoError));
    }
}
