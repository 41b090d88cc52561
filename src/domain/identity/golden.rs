//! The golden vectors of identities (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use crate::base::id::{AccountId, DeviceId};
use crate::crypto::golden::Case;
use crate::crypto::kdf::label;
use crate::crypto::{ed25519, ed25519::SigningKey};
use crate::domain::identity::account::Seed;
use crate::domain::identity::address;
use crate::domain::identity::device::DeviceKeys;

fn identities() -> Value {
    serde_json::from_str(include_str!("../../../docs/vectors/identity.json")).unwrap()
}

#[test]
fn seeds_give_the_phrases_accounts_and_addresses_of_the_model() {
    for case in Case(&identities()).cases("identities") {
        let seed = Seed::from_secret(case.secret("seed"));
        assert_eq!(seed.phrase().as_str(), case.text("phrase"));
        assert_eq!(Seed::from_phrase(case.text("phrase")).unwrap().secret(), seed.secret());
        let account = seed.account().id();
        assert_eq!(account, AccountId::new(case.array("account")));
        assert_eq!(SigningKey::from_seed(&case.secret("account key")).public(), *account.as_bytes());
        assert_eq!(address::encode(&account), case.text("address"));
        assert_eq!(address::decode(case.text("address")), Ok(account));
        assert_eq!(address::decode(&case.text("address").to_uppercase()), Ok(account));
        let subject = seed.subjects().towards(&AccountId::new(case.array("business"))).id();
        assert_eq!(subject, AccountId::new(case.array("subject account")));
    }
}

#[test]
fn what_the_model_takes_for_no_address_is_none() {
    for case in Case(&identities()).cases("not addresses") {
        assert!(
            address::decode(case.text("address")).is_err(),
            "{}: {}",
            case.text("reason"),
            case.text("address")
        );
    }
}

#[test]
fn device_keys_are_those_of_the_model() {
    for case in Case(&identities()).cases("devices") {
        let keys = DeviceKeys::derive(&case.secret("secret"), &AccountId::new(case.array("account")));
        assert_eq!(keys.id(), DeviceId::new(case.array("id")));
        assert_eq!(*keys.exchange().public(), case.array("exchange"));
        assert_eq!(SigningKey::from_seed(&case.secret("signing seed")).public(), *keys.id().as_bytes());
    }
}

#[test]
fn signatures_are_those_of_the_model() {
    for case in Case(&identities()).cases("signatures") {
        let labels = [
            ("log entry", label::LOG_ENTRY),
            ("bundle", label::BUNDLE),
            ("one-time prekey", label::ONE_TIME_PREKEY),
        ];
        let (_, label) = labels.into_iter().find(|(name, _)| *name == case.text("label")).unwrap();
        let key = SigningKey::from_seed(&case.secret("seed"));
        assert_eq!(key.public(), case.array("public"));
        let (payload, signature) = (case.bytes("payload"), case.array("signature"));
        assert_eq!(key.sign(label, &payload), signature);
        assert_eq!(ed25519::verify(&key.public(), label, &payload, &signature), Ok(()));
    }
}
