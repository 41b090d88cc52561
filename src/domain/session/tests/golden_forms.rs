//! The golden vectors of padding and envelopes (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use crate::base::id::RouteId;
use crate::crypto::golden::Case;
use crate::domain::session::padding::{pad, unpad};
use crate::wire::envelope::Envelope;

fn length(case: &Case<'_>, name: &str) -> usize {
    case.number(name).try_into().unwrap()
}

#[test]
fn padding_is_that_of_the_model() {
    let file: Value = serde_json::from_str(include_str!("../../../../docs/vectors/padding.json")).unwrap();
    for case in Case(&file).cases("contents") {
        let content = vec![0xA5; length(&case, "length")];
        let mut padded = pad(&content).unwrap();
        assert_eq!(padded.len(), length(&case, "bucket"));
        assert!(padded.starts_with(&content) && padded.ends_with(&case.bytes("tail")));
        unpad(&mut padded).unwrap();
        assert_eq!(*padded, content);
    }
    for long in Case(&file).get("too long").as_array().unwrap() {
        assert!(pad(&vec![0xA5; usize::try_from(long.as_u64().unwrap()).unwrap()]).is_none());
    }
    for case in Case(&file).cases("refused") {
        assert_eq!(unpad(&mut case.bytes("padded")), None, "{}", case.text("reason"));
    }
}

#[test]
fn envelopes_are_those_of_the_model() {
    let file: Value = serde_json::from_str(include_str!("../../../../docs/vectors/envelope.json")).unwrap();
    for case in Case(&file).cases("envelopes") {
        let body = case.bytes("body");
        let envelope = Envelope { route: RouteId::new(case.array("route")), body: &body };
        assert_eq!(envelope.encode(), case.bytes("envelope"));
        assert_eq!(Envelope::parse(&case.bytes("envelope")), Ok(envelope));
    }
    for case in Case(&file).cases("refused lengths") {
        assert!(Envelope::parse(&vec![0; length(&case, "length")]).is_err());
    }
    assert!(Envelope::parse(&vec![0; 24_576]).is_ok());
}
