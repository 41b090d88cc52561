//! Bundles that lie: about their account, their age, their keys.

use core::time::Duration;

use super::fixtures::{INBOX, NOW, Person, rng};
use crate::base::id::{AccountId, PrekeySource};
use crate::base::limits;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::kdf::label;
use crate::domain::session::error::SessionError;
use crate::domain::session::one_time::OneTimePool;
use crate::domain::session::pqxdh::{accept, initiate};
use crate::domain::session::prekeys::{VerifiedBundle, bundle};
use crate::wire::account::{LogOperation, Member, Purposes};
use crate::wire::prekeys::{Bundle, OneTimePrekey, SignedBundle, decode_one_time, encode_one_time};
use crate::wire::signed::Signed;

fn verify(bytes: &[u8], account: &AccountId) -> Result<VerifiedBundle, SessionError> {
    VerifiedBundle::verify(bytes, account, NOW)
}

fn refusal(bytes: &[u8], account: &AccountId) -> SessionError {
    verify(bytes, account).unwrap_err()
}

/// The person's bundle, changed before it is signed by `key`.
fn changed(person: &Person, key: &SigningKey, change: impl FnOnce(&mut Bundle)) -> Vec<u8> {
    let mut signed = SignedBundle::decode(&person.bundle()).unwrap();
    let mut bundle = Bundle::decode(signed.bundle.unverified()).unwrap();
    change(&mut bundle);
    signed.bundle = Signed::new(key, label::BUNDLE, bundle.encode());
    signed.encode()
}

#[test]
fn a_bundle_names_its_device_and_inbox_and_is_small() {
    let bob = Person::new(2);
    let verified = bob.verified();
    assert_eq!((verified.account(), verified.device()), (bob.key.id(), bob.device.id()));
    assert_eq!((verified.inbox(), verified.log()), (INBOX, &bob.log));
    assert_eq!((verified.issued(), verified.expires()), (NOW, NOW.plus(limits::BUNDLE_AGE_MAX)));
    assert!(bob.bundle().len() < 3 * 1024, "{}", bob.bundle().len());
}

#[test]
fn a_bundle_with_a_log_of_a_full_account_is_within_its_bound() {
    let mut bob = Person::new(2);
    for byte in 0..7 {
        let device = Person::new(100 + byte).device.member(&bob.key.id(), Purposes::ALL);
        bob.log.append(&bob.key, LogOperation::AddDevice(device), NOW).unwrap();
    }
    assert_eq!(bob.log.devices().len(), limits::DEVICES_MAX);
    assert!(verify(&bob.bundle(), &bob.key.id()).is_ok());
}

#[test]
fn the_bundle_of_another_account_is_refused() {
    let (bob, mallory) = (Person::new(2), Person::new(3));
    assert_eq!(refusal(&mallory.bundle(), &bob.key.id()), SessionError::Untrusted);
    // Mallory signs keys in Bob's name, beside either log.
    let forged = changed(&mallory, mallory.device.signing(), |bundle| bundle.account = bob.key.id());
    assert_eq!(refusal(&forged, &bob.key.id()), SessionError::Untrusted);
    assert_eq!(refusal(&forged, &mallory.key.id()), SessionError::Untrusted);
    let mut mixed = SignedBundle::decode(&forged).unwrap();
    mixed.log = bob.log.carried();
    assert_eq!(refusal(&mixed.encode(), &bob.key.id()), SessionError::Untrusted, "a device not in the log");
    let forged = changed(&bob, mallory.device.signing(), |_| ());
    assert_eq!(refusal(&forged, &bob.key.id()), SessionError::Untrusted, "another's signature");
}

#[test]
fn a_bundle_of_a_device_that_is_revoked_or_not_for_messages_is_refused() {
    let mut bob = Person::new(2);
    let published = bob.bundle();
    let other = Person::new(9).device;
    bob.log
        .append(&bob.key, LogOperation::AddDevice(other.member(&bob.key.id(), Purposes::ALL)), NOW)
        .unwrap();
    bob.log.append(&bob.key, LogOperation::RevokeDevice(bob.device.id()), NOW).unwrap();
    assert!(verify(&published, &bob.key.id()).is_ok(), "before the revocation is known");
    assert_eq!(refusal(&bob.bundle(), &bob.key.id()), SessionError::Untrusted);
    let receipts_only = Person::with_purposes(4, Purposes::RECEIPT);
    assert_eq!(refusal(&receipts_only.bundle(), &receipts_only.key.id()), SessionError::Untrusted);
    let written = initiate(&receipts_only.local(), &Person::new(2).verified(), b"", NOW, &mut rng(1));
    assert_eq!(written.unwrap_err(), SessionError::NotOurs);
}

#[test]
fn a_bundle_that_is_too_old_from_the_future_or_too_long_lived_is_refused() {
    let bob = Person::new(2);
    let bytes = bob.bundle();
    let at = |now| VerifiedBundle::verify(&bytes, &bob.key.id(), now).map(|_| ());
    let end = NOW.plus(limits::BUNDLE_AGE_MAX);
    assert_eq!(at(end.minus(Duration::from_millis(1))), Ok(()));
    assert_eq!(at(end), Err(SessionError::Expired));
    assert_eq!(at(NOW.minus(limits::CLOCK_SKEW)), Ok(()));
    assert_eq!(at(NOW.minus(limits::CLOCK_SKEW + Duration::from_millis(1))), Err(SessionError::Future));
    let immortal =
        changed(&bob, bob.device.signing(), |bundle| bundle.expires = end.plus(Duration::from_secs(1)));
    assert_eq!(refusal(&immortal, &bob.key.id()), SessionError::Malformed);
    let late = initiate(&Person::new(1).local(), &bob.verified(), b"", end, &mut rng(1));
    assert_eq!(late.unwrap_err(), SessionError::Expired, "verified in time, used too late");
}

#[test]
fn a_prekey_set_lives_for_thirty_days_and_not_a_moment_longer() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let days = NOW.plus(Duration::from_secs(30 * 24 * 60 * 60));
    assert!(!bob.set.is_dead(NOW) && !bob.set.is_dead(days));
    assert!(bob.set.is_dead(days.plus(Duration::from_millis(1))));
    // A flight to it that was begun as late as can be, from a bundle that was signed as late as can be.
    let late = NOW.plus(Duration::from_secs(2 * 24 * 60 * 60));
    let bytes = bundle(&bob.local(), &bob.set, INBOX, late);
    let begun = late.plus(limits::BUNDLE_AGE_MAX).minus(Duration::from_millis(1));
    let verified = VerifiedBundle::verify(&bytes, &bob.key.id(), begun).unwrap();
    let (_, flight) = initiate(&alice.local(), &verified, b"", begun, &mut rng(1)).unwrap();
    let arrived = begun.plus(limits::FIRST_FLIGHT_LIFE).minus(Duration::from_millis(1));
    assert!(accept(&bob.local(), &bob.set, &flight, arrived).is_ok());
}

#[test]
fn keys_of_low_order_are_refused() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let one = core::array::from_fn(|index| u8::from(index == 0));
    for low in [[0; 32], one] {
        for change in
            [|bundle: &mut Bundle, key| bundle.signed = key, |bundle: &mut Bundle, key| bundle.seal = key]
        {
            let bytes = changed(&bob, bob.device.signing(), |bundle| change(bundle, low));
            let verified = verify(&bytes, &bob.key.id()).unwrap();
            let refused = initiate(&alice.local(), &verified, b"hello", NOW, &mut rng(1));
            assert_eq!(refused.unwrap_err(), SessionError::Refused);
        }
    }
}

#[test]
fn a_device_whose_identity_key_is_of_low_order_is_refused_in_both_roles() {
    let (alice, mut mallory) = (Person::new(1), Person::new(3));
    let mut weak = mallory.device.certificate(Purposes::ALL);
    weak.exchange = [0; 32];
    let consent = mallory.device.consent(&mallory.key.id(), &weak);
    let weak = Member { device: weak, consent, former: 0 };
    mallory.log = crate::domain::identity::log::AccountLog::begin(&mallory.key, weak, NOW);
    let verified = verify(&mallory.bundle(), &mallory.key.id()).unwrap();
    let refused = initiate(&alice.local(), &verified, b"", NOW, &mut rng(1));
    assert_eq!(refused.unwrap_err(), SessionError::Refused);
    let refused = initiate(&mallory.local(), &alice.verified(), b"", NOW, &mut rng(1));
    assert_eq!(refused.unwrap_err(), SessionError::NotOurs, "the certificate isn't that of the keys");
}

#[test]
fn every_flipped_byte_of_a_bundle_is_noticed() {
    let bob = Person::new(2);
    let bytes = bob.bundle();
    for position in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[position] ^= 1;
        assert!(verify(&wrong, &bob.key.id()).is_err(), "byte {position}");
    }
}

#[test]
fn garbage_of_every_length_is_no_bundle() {
    use rand_core::Rng as _;
    for length in (0..400).chain([limits::BUNDLE_MAX, limits::BUNDLE_MAX + 1]) {
        let mut bytes = vec![0; length];
        rng(7).fill_bytes(&mut bytes);
        assert_eq!(refusal(&bytes, &Person::new(2).key.id()), SessionError::Malformed, "{length}");
    }
}

#[test]
fn a_one_time_prekey_of_another_device_or_age_is_refused() {
    let (bob, mallory) = (Person::new(2), Person::new(3));
    let mut pool = OneTimePool::default();
    let mut verified = bob.verified();
    let foreign = pool.add_exchange(&mallory.local(), 1, NOW, &mut rng(1));
    assert_eq!(verified.add_one_time(&foreign, NOW), Err(SessionError::Untrusted));
    // The bundle's signature is no signature of a one-time prekey, whatever it says.
    let bundle = SignedBundle::decode(&bundle(&bob.local(), &bob.set, INBOX, NOW)).unwrap().bundle;
    let confused = crate::wire::prekeys::encode_one_time(&bundle);
    assert!(verified.add_one_time(&confused, NOW).is_err());
    let own = pool.add_kem(&bob.local(), 1, NOW, &mut rng(2));
    assert_eq!(verified.add_one_time(&own, NOW.plus(limits::BUNDLE_AGE_MAX)), Err(SessionError::Expired));
    assert_eq!(verified.add_one_time(&own, NOW), Ok(()));
}

#[test]
fn a_one_time_prekey_must_name_the_account_and_the_device_that_signed_it() {
    let (bob, mallory) = (Person::new(2), Person::new(3));
    let made = OneTimePool::default().add_exchange(&bob.local(), 1, NOW, &mut rng(5));
    let prekey = OneTimePrekey::decode(decode_one_time(&made).unwrap().unverified()).unwrap();
    // Bob's device signs for another of its accounts, or lends its name to another device.
    let naming = |account, device| {
        let prekey = OneTimePrekey { account, device, ..prekey.clone() };
        let signed = Signed::new(bob.device.signing(), label::ONE_TIME_PREKEY, prekey.encode());
        bob.verified().add_one_time(&encode_one_time(&signed), NOW)
    };
    assert_eq!(naming(bob.key.id(), bob.device.id()), Ok(()));
    assert_eq!(naming(mallory.key.id(), bob.device.id()), Err(SessionError::Untrusted));
    assert_eq!(naming(bob.key.id(), mallory.device.id()), Err(SessionError::Untrusted));
}

#[test]
fn a_one_time_prekey_from_another_source_than_the_one_it_is_signed_for_is_refused() {
    let bob = Person::new(2);
    let made = OneTimePool::default().add_exchange(&bob.local(), 1, NOW, &mut rng(5));
    let prekey = OneTimePrekey::decode(decode_one_time(&made).unwrap().unverified()).unwrap();
    let signed = |source| {
        let prekey = OneTimePrekey { source, ..prekey.clone() };
        encode_one_time(&Signed::new(bob.device.signing(), label::ONE_TIME_PREKEY, prekey.encode()))
    };
    let mut verified = bob.verified();
    let mailbox = Some(PrekeySource::new([8; 32]));
    assert_eq!(verified.add_one_time(&signed(mailbox), NOW), Err(SessionError::Untrusted));
    assert_eq!(verified.add_one_time(&signed(None), NOW), Ok(()));
}
