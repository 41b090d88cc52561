//! The golden vectors of conversations (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use super::fixtures::{NOW, row};
use crate::base::id::{Digest, RouteId, SessionId};
use crate::base::time::Time;
use crate::crypto::golden::{Case, Replay};
use crate::crypto::x25519::KeyPair;
use crate::domain::session::chain::Root;
use crate::domain::session::ratchet::{Agreed, OpenError, Session};

fn agreed(start: &Case<'_>) -> Agreed {
    Agreed {
        id: SessionId::new(start.array("session id")),
        binding: Digest::new(start.array("binding")),
        root: Root::new(start.secret("RK"), start.secret("QR")),
        authenticator: start.secret("AK"),
        initiator_header: start.secret("HK_A"),
        responder_header: start.secret("HK_B"),
        to_responder: RouteId::new([0; 16]),
        to_initiator: RouteId::new([1; 16]),
    }
}

/// A conversation's two sides; A opened the session.
#[derive(Clone)]
struct Sides {
    a: Session,
    b: Session,
}

impl Sides {
    fn new(start: &Case<'_>) -> Self {
        let signed = KeyPair::from_secret(start.secret("signed prekey"));
        let mut rng = Replay::of(start, &["ratchet key of A"]);
        let a = Session::initiate(agreed(start), *signed.public(), NOW, &mut rng).unwrap();
        rng.finish();
        Self { a, b: Session::respond(agreed(start), signed, NOW) }
    }

    fn of(&mut self, name: &str) -> &mut Session {
        match name {
            "A" => &mut self.a,
            "B" => &mut self.b,
            other => panic!("{other} is no side"),
        }
    }

    /// Makes one step of the vectors.
    fn step(&mut self, step: &Case<'_>, steps: &[Case<'_>], former: &[Self]) {
        let index = |name: &str| usize::try_from(step.number(name)).unwrap();
        if step.has("seal") {
            self.seal(step);
        } else if step.has("open") {
            let sealed = if step.has("frame of") { &steps[index("frame of")] } else { step };
            self.open(step, &sealed.bytes("frame"));
        } else if step.has("lost") {
            for _ in 0..step.number("count") {
                let mut zeros = Replay::new(&[&[0; 128]]);
                self.of(step.text("lost")).seal(b"lost", now(step), &mut zeros).unwrap();
            }
        } else {
            let name = step.text("set back");
            *self.of(name) = former[index("to after")].clone().of(name).clone();
        }
    }

    fn seal(&mut self, step: &Case<'_>) {
        let random = step.case("random");
        // In the order in which sealing asks for them.
        let names = ["ratchet key", "KEM key", "encapsulation", "header nonce"];
        let names: Vec<&str> = names.into_iter().filter(|name| random.has(name)).collect();
        let mut rng = Replay::of(&random, &names);
        let frame = self.of(step.text("seal")).seal(&step.bytes("content"), now(step), &mut rng).unwrap();
        rng.finish();
        assert_eq!(frame, step.bytes("frame"));
    }

    fn open(&mut self, step: &Case<'_>, frame: &[u8]) {
        let session = self.of(step.text("open"));
        let before = row(session);
        let opened = session.open(frame, now(step));
        match step.text("outcome") {
            "opened" => {
                let opened = opened.unwrap();
                assert_eq!(*opened.content, step.bytes("content"));
                assert_eq!(opened.rolled_back, step.get("rolled back").as_bool().unwrap());
                assert!(session.install(opened.advance));
                assert_eq!(session.epoch(), step.id("epoch"));
            }
            "duplicate" => assert_eq!(opened.unwrap_err(), OpenError::Duplicate),
            "refused" => assert_eq!(opened.unwrap_err(), OpenError::Refused, "{}", step.text("reason")),
            other => panic!("{other} is no outcome"),
        }
        assert_eq!(row(session) == before, step.text("outcome") != "opened");
    }
}

fn now(step: &Case<'_>) -> Time {
    Time::from_millis(step.number("now"))
}

#[test]
fn conversations_go_as_with_the_model_byte_for_byte() {
    let file: Value = serde_json::from_str(include_str!("../../../../docs/vectors/ratchet.json")).unwrap();
    for conversation in Case(&file).cases("conversations") {
        let (mut sides, mut former) = (Sides::new(&conversation.case("start")), Vec::new());
        let steps = conversation.cases("steps");
        for (number, step) in steps.iter().enumerate() {
            eprintln!("{}: step {number}", conversation.text("name"));
            sides.step(step, &steps, &former);
            former.push(sides.clone());
        }
    }
}
