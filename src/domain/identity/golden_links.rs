//! The golden vectors of safety numbers and links (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use super::golden_logs::entries;
use crate::base::id::{AccountId, DeviceId};
use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::crypto::golden::{Case, Replay};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::link::{LinkError, PendingLink, grant, hidden_account};
use crate::domain::identity::link_offer;
use crate::domain::identity::safety_number::SafetyNumber;
use crate::wire::link::LinkGrant;
use crate::wire::reach::Reach;

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers() -> Value {
    file(include_str!("../../../docs/vectors/safety.json"))
}

fn links() -> Value {
    file(include_str!("../../../docs/vectors/link.json"))
}

fn number(case: &Case<'_>) -> SafetyNumber {
    SafetyNumber::of(&AccountId::new(case.array("own")), &AccountId::new(case.array("other")))
}

#[test]
fn safety_numbers_are_those_of_the_model() {
    for case in Case(&numbers()).cases("numbers") {
        let number = number(&case);
        assert_eq!(number.digits(), case.text("number"));
        assert_eq!(number.qr(), case.text("own code"));
        assert_eq!(number.matches(case.text("other code")), Ok(true));
        assert_eq!(number.matches(case.text("number")), Ok(true));
        assert_eq!(number.matches(case.text("own code")), Ok(false));
    }
}

#[test]
fn codes_that_the_model_refuses_never_match() {
    let file = numbers();
    for case in Case(&file).cases("other codes") {
        assert_eq!(number(&case).matches(case.text("code")), Ok(false));
    }
    for case in Case(&file).cases("not codes") {
        assert!(number(&case).matches(case.text("code")).is_err(), "{}", case.text("reason"));
    }
}

/// A case of the links: the new device's side, what it is to be granted, and the clock.
struct Link<'a> {
    case: Case<'a>,
    pending: PendingLink,
    grant: LinkGrant,
    now: Time,
}

impl<'a> Link<'a> {
    fn read(case: Case<'a>) -> Self {
        let (random, now) = (case.case("random"), Time::from_millis(case.number("now")));
        let keys = DeviceKeys::derive(&random.secret("device"), &AccountId::new(random.array("keys of")));
        assert_eq!(*keys.id().as_bytes(), case.array("device id"));
        assert_eq!(*keys.exchange().public(), case.array("device exchange"));
        let mut rng = Replay::of(&random, &["exchange", "KEM", "token"]);
        let purposes = serde_json::from_value(case.get("purposes").clone()).unwrap();
        let peer = case.bytes("peer");
        let pending = PendingLink::new(keys, purposes, peer, addresses(&case), now, &mut rng).unwrap();
        rng.finish();
        let primary = case.case("primary");
        let device = DeviceId::new(primary.array("device"));
        let grant = LinkGrant {
            account: AccountId::new(case.array("account")),
            kind: [AccountKind::Person, AccountKind::Business][usize::try_from(case.number("kind")).unwrap()],
            name: case.text("display name").into(),
            log: entries(&case.list("log")).unwrap(),
            primary: Reach::new(device, primary.bytes("peer"), addresses(&primary)).unwrap(),
            bundle: case.bytes("bundle"),
        };
        Self { case, pending, grant, now }
    }

    /// The answer to the offer of a text, as it would be made at `now`.
    fn answer(&self, offer: &str, now: Time) -> Option<Vec<u8>> {
        let offer = link_offer::decode(offer).ok()?;
        let mut rng = Replay::of(&self.case.case("random"), &["ephemeral", "encapsulation"]);
        let answer = grant(&offer, &self.case.bytes("KEM key"), &self.grant, now, &mut rng).ok()?;
        rng.finish();
        Some(answer)
    }
}

fn addresses(case: &Case<'_>) -> Vec<String> {
    serde_json::from_value(case.get("addresses").clone()).unwrap()
}

#[test]
fn offers_and_answers_of_links_are_those_of_the_model() {
    for case in Case(&links()).cases("links") {
        let link = Link::read(case);
        assert_eq!(link.pending.offer().encode(), case.bytes("LinkOffer"));
        assert_eq!(link.pending.kem_key(), case.bytes("KEM key"));
        let text = link_offer::encode(link.pending.offer());
        assert_eq!(text, case.text("text"));
        assert_eq!(*link.grant.encode(), case.bytes("LinkGrant"));
        let answer = link.answer(&text, link.now).unwrap();
        assert_eq!(answer, case.bytes("answer"));
        let linked = link.pending.accept(&answer, link.now).unwrap();
        assert_eq!(linked.grant, link.grant);
        let mut rng = Replay::of(&link.case.case("random"), &["ask nonce"]);
        let asked = hidden_account(link.pending.offer(), &link.grant.account, &mut rng);
        rng.finish();
        assert_eq!(asked, link.case.bytes("asked"));
        let consent = link.pending.clone().agree(&asked).unwrap();
        assert_eq!(*consent.as_bytes(), link.case.array("consent"));
    }
}

#[test]
fn offers_and_answers_that_the_model_refuses_are_refused() {
    let file = links();
    let link = Link::read(Case(&file).cases("links")[0]);
    for case in Case(&file).cases("refused offers") {
        let answer = link.answer(case.text("text"), Time::from_millis(case.number("now")));
        assert_eq!(answer, None, "{}", case.text("reason"));
    }
    for case in Case(&file).cases("refused answers") {
        let accepted = link.pending.accept(&case.bytes("answer"), link.now).map(|linked| linked.grant);
        assert_eq!(accepted, Err(LinkError::Refused), "{}", case.text("reason"));
    }
}
