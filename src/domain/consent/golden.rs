//! Consents and reports against the golden vectors of the independent model; `docs/vectors/README.md` tells how to read them.

use serde_json::Value;

use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::golden::Case;
use crate::crypto::kdf::label;
use crate::wire::consent::{Consent, Topic};
use crate::wire::report::{Reason, Report};
use crate::wire::signed::Signed;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../docs/vectors/consent.json")).unwrap()
}

#[test]
fn consents_are_those_of_the_model() {
    let file = vectors();
    let mut count = 0;
    for case in Case(&file).cases("consents") {
        let topic = Topic::ALL.into_iter().find(|topic| topic.name() == case.text("topic")).unwrap();
        let consent = Consent {
            business: AccountId::new(case.array("business")),
            person: AccountId::new(case.array("person")),
            topic,
            granted: case.0["granted"] == true,
            seq: case.number("seq"),
            issued: Time::from_millis(case.number("issued")),
            expires: Time::from_millis(case.number("expires")),
        };
        assert_eq!(consent.encode(), case.bytes("payload"));
        assert_eq!(Consent::decode(&case.bytes("payload")), Ok(consent));
        let key = SigningKey::from_seed(&case.secret("signing seed"));
        let signed = Signed::new(&key, label::CONSENT, case.bytes("payload"));
        assert_eq!(crate::wire::document::SignedDocument::new(&signed).signature, case.bytes("signature"));
        count += 1;
    }
    for case in Case(&file).cases("refused") {
        assert!(Consent::decode(&case.bytes("payload")).is_err(), "{}", case.text("reason"));
        count += 1;
    }
    assert!(count > 8);
}

#[test]
fn reports_are_those_of_the_model() {
    for case in Case(&vectors()).cases("reports") {
        let report = Report {
            reporter: AccountId::new(case.array("reporter")),
            about: AccountId::new(case.array("about")),
            reason: Reason::Fraud,
            note: case.text("note").to_owned(),
            issued: Time::from_millis(case.number("issued")),
        };
        assert_eq!(report.encode(), case.bytes("payload"));
        let key = SigningKey::from_seed(&case.secret("signing seed"));
        let signed = Signed::new(&key, label::REPORT, case.bytes("payload"));
        assert_eq!(crate::wire::document::SignedDocument::new(&signed).signature, case.bytes("signature"));
    }
}
