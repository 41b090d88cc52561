//! Consents and reports against the golden vectors of the independent model; `docs/vectors/README.md` tells how to read them.

use serde_json::Value;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::time::Time;
use crate::crypto::ed25519::SigningKey;
use crate::crypto::golden::Case;
use crate::crypto::kdf::label;
use crate::domain::consent::dealings::{self, DEALINGS};
use crate::domain::consent::ledger::CONSENTS;
use crate::domain::consent::ledger::tests::{BUSINESS, NOW, Person};
use crate::domain::consent::report::{Filed, REPORTS};
use crate::domain::consent::waiting::{WAITING, Waiting};
use crate::domain::consent::window::{self, OPENINGS, WINDOWS};
use crate::store::memory::NOTHING;
use crate::store::table::Rows as _;
use crate::store::tx::Tx;
use crate::wire::consent::Decline;
use crate::wire::consent::{Consent, Topic};
use crate::wire::report::{Reason, Report};
use crate::wire::signed::Signed;
use crate::wire::template::Answer;

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

#[test]
fn what_is_stored_keeps_its_bytes() {
    let (ana, tx) = (Person::new(2), Tx::new(&NOTHING));
    let message = Answer { id: MessageId::new([3; 16]), seq: 4 };
    window::open(&tx, &BUSINESS, message, NOW);
    window::answered(&tx, &BUSINESS, message, MessageId::new([5; 16]), NOW);
    window::heard(&tx, &BUSINESS, message, NOW);
    dealings::count(&tx, &BUSINESS, Topic::Utility, NOW);
    dealings::drops(&tx, &BUSINESS, Decline::NoConsent, Some(Topic::Marketing), NOW);
    dealings::knock(&tx, &BUSINESS, 700);
    let waiting = Waiting { thread: BUSINESS, device: DeviceId::new([6; 32]), content: vec![7; 3] };
    let report = Report {
        reporter: ana.key.id(),
        about: BUSINESS,
        reason: Reason::Other,
        note: String::new(),
        issued: NOW,
    };
    let opening = tx.get(&OPENINGS, &OPENINGS.key_at(BUSINESS.as_bytes(), 4)).unwrap();
    let rows = [
        CONSENTS.encode(&ana.says(Topic::Utility, true, 1)).unwrap(),
        OPENINGS.encode(&opening).unwrap(),
        WINDOWS.encode(&tx.copy(&WINDOWS, BUSINESS.as_bytes()).unwrap()).unwrap(),
        DEALINGS.encode(&tx.copy(&DEALINGS, BUSINESS.as_bytes()).unwrap()).unwrap(),
        WAITING.encode(&waiting).unwrap(),
        REPORTS.encode(&Filed::sign(&ana.keys, &report)).unwrap(),
    ];
    let digests = rows.map(|row| {
        let digest = crate::base::id::Digest::new(crate::crypto::hash::sha256(&[&row]));
        format!("{} {:.16}", row.len(), digest.to_string())
    });
    assert_eq!(
        digests,
        [
            "190 39f35f333b721613",
            "43 95c443c0eff109be",
            "27 d4d4c352f0a3d4b2",
            "30 a7036a77e35ac76b",
            "71 48fb654a97a84986",
            "179 ce792280b84272f7"
        ]
    );
}
