//! The golden vectors of prekeys and handshakes (`docs/vectors/`), which an independent model made.

use serde_json::Value;

use crate::base::id::{AccountId, RouteId};
use crate::base::time::Time;
use crate::crypto::golden::{Case, Replay};
use crate::crypto::kem;
use crate::crypto::x25519::KeyPair;
use crate::domain::identity::account::Seed;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::session::chain::Root;
use crate::domain::session::error::SessionError;
use crate::domain::session::one_time::OneTimePool;
use crate::domain::session::pqxdh::{Accepted, Secrets, Transcript, accept_with, agree, initiate};
use crate::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use crate::domain::session::ratchet::Agreed;
use crate::domain::session::seal::{self, Recipient};
use crate::wire::account::Purposes;
use crate::wire::flight::{FirstFlight, SealedFlight};
use crate::wire::prekeys::{SignedBundle, decode_one_time, encode_one_time};

/// What a person's prekey set was made of, in the order that making it asks for.
const SET: [&str; 4] = ["signed prekey", "signed KEM prekey", "seal", "seal KEM"];
/// A handshake's randomness, in the order that it asks for.
const RANDOM: [&str; 6] =
    ["ephemeral", "encapsulation", "ratchet", "header nonce", "seal ephemeral", "seal encapsulation"];

fn prekeys() -> Value {
    serde_json::from_str(include_str!("../../../../docs/vectors/prekeys.json")).unwrap()
}

fn handshakes() -> Value {
    serde_json::from_str(include_str!("../../../../docs/vectors/handshake.json")).unwrap()
}

fn log(account: &AccountId, entries: &[Vec<u8>]) -> AccountLog {
    let entries = entries.iter().map(|entry| decode_one_time(entry).unwrap()).collect();
    AccountLog::verify(*account, entries).unwrap()
}

/// A person of the vectors, who has one device and one set of prekeys.
struct Person {
    log: AccountLog,
    device: DeviceKeys,
    set: PrekeySet,
}

impl Person {
    fn read(case: &Case<'_>) -> Self {
        let key = Seed::from_secret(case.secret("seed")).account();
        assert_eq!(key.id(), AccountId::new(case.array("account")));
        let device = DeviceKeys::derive(&case.secret("device"), &key.id());
        assert_eq!(*device.id().as_bytes(), case.array("device id"));
        let (at, purposes) = (Time::from_millis(case.number("at")), case.number("purposes"));
        let purposes: Purposes = serde_json::from_value(purposes.into()).unwrap();
        let log = log(&key.id(), &case.list("log"));
        assert!(log.devices().eq([&device.certificate(purposes)]));
        assert_eq!(log.carried().iter().map(encode_one_time).collect::<Vec<_>>(), case.list("carried"));
        let mut rng = Replay::of(case, &SET);
        let set = PrekeySet::generate(case.id("set"), at, &mut rng);
        rng.finish();
        Self { log, device, set }
    }

    const fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.device }
    }
}

#[test]
fn bundles_are_those_of_the_model() {
    for case in Case(&prekeys()).cases("bundles") {
        let publisher = Person::read(&case.case("publisher"));
        let (issued, expires) = (case.number("issued"), Time::from_millis(case.number("expires")));
        let (issued, inbox) =
            (Time::from_millis(issued), RouteId::new(case.case("publisher").array("inbox")));
        let encoded = bundle(&publisher.local(), &publisher.set, inbox, issued);
        assert_eq!(SignedBundle::decode(&encoded).unwrap().bundle.unverified(), case.bytes("payload"));
        assert_eq!(encoded, case.bytes("bundle"));
        let verified = VerifiedBundle::verify(&encoded, &publisher.log.account(), issued).unwrap();
        assert_eq!((verified.inbox(), verified.expires()), (inbox, expires));
        let keys = verified.bundle();
        let keys = [keys.signed.to_vec(), keys.signed_kem.clone(), keys.seal.to_vec(), keys.seal_kem.clone()];
        assert_eq!(keys.to_vec(), case.list("public"));
    }
}

#[test]
fn a_bundle_with_more_of_the_log_than_is_carried_is_good() {
    for case in Case(&prekeys()).cases("bundles with more of the log") {
        let (account, now) = (AccountId::new(case.array("account")), Time::from_millis(case.number("now")));
        let verified = VerifiedBundle::verify(&case.bytes("bundle"), &account, now).unwrap();
        assert_eq!(*verified.log(), log(&account, &case.list("log")));
        assert!(verified.log().carried().len() < verified.log().entries().len());
    }
}

#[test]
fn one_time_prekeys_are_those_of_the_model() {
    let file = prekeys();
    let publisher = Case(&file).cases("bundles")[0];
    let (person, now) =
        (Person::read(&publisher.case("publisher")), Time::from_millis(publisher.number("issued")));
    let mut verified =
        VerifiedBundle::verify(&publisher.bytes("bundle"), &person.log.account(), now).unwrap();
    for case in Case(&file).cases("one-time prekeys") {
        let (id, mut pool, mut rng) = (case.id("id"), OneTimePool::default(), Replay::of(&case, &["secret"]));
        let made = match case.number("kind") {
            5 => pool.add_exchange(&person.local(), id, now, &mut rng),
            6 => pool.add_kem(&person.local(), id, now, &mut rng),
            other => panic!("no kind of a one-time prekey: {other}"),
        };
        assert_eq!(made, case.bytes("prekey"));
        verified.add_one_time(&made, now).unwrap();
    }
    let keys = [verified.one_time().unwrap().1.to_vec(), verified.one_time_kem().unwrap().1.clone()];
    assert_eq!(
        keys.to_vec(),
        Case(&file).cases("one-time prekeys").iter().map(|case| case.bytes("public")).collect::<Vec<_>>()
    );
}

#[test]
fn bundles_and_one_time_prekeys_that_the_model_refuses_are_refused() {
    let file = prekeys();
    for case in Case(&file).cases("refused bundles") {
        let (account, now) = (AccountId::new(case.array("account")), Time::from_millis(case.number("now")));
        let verified = VerifiedBundle::verify(&case.bytes("bundle"), &account, now);
        assert!(verified.is_err(), "{}", case.text("reason"));
    }
    let good = Case(&file).cases("bundles")[0];
    let account = AccountId::new(good.case("publisher").array("account"));
    let issued = Time::from_millis(good.number("issued"));
    let mut verified = VerifiedBundle::verify(&good.bytes("bundle"), &account, issued).unwrap();
    for case in Case(&file).cases("refused one-time prekeys") {
        let added = verified.add_one_time(&case.bytes("prekey"), Time::from_millis(case.number("now")));
        assert!(added.is_err(), "{}", case.text("reason"));
        assert!(verified.one_time().is_none() && verified.one_time_kem().is_none());
    }
}

/// A case of the handshake's vectors: A, B, and B's one-time prekeys.
struct Handshake<'a> {
    case: Case<'a>,
    a: Person,
    b: Person,
    pool: OneTimePool,
    bundle: VerifiedBundle,
    now: Time,
}

impl<'a> Handshake<'a> {
    fn read(case: Case<'a>) -> Self {
        let (a, b) = (Person::read(&case.case("A")), Person::read(&case.case("B")));
        let (now, mut pool, random) =
            (Time::from_millis(case.number("now")), OneTimePool::default(), case.case("random"));
        let account = b.log.account();
        let mut bundle = VerifiedBundle::verify(&case.bytes("bundle of B"), &account, now).unwrap();
        if case.has("one-time id") {
            let mut rng = Replay::of(&random, &["one-time prekey"]);
            let made = pool.add_exchange(&b.local(), case.id("one-time id"), now, &mut rng);
            bundle.add_one_time(&made, now).unwrap();
        }
        if case.has("one-time KEM id") {
            let mut rng = Replay::of(&random, &["one-time KEM prekey"]);
            let made = pool.add_kem(&b.local(), case.id("one-time KEM id"), now, &mut rng);
            bundle.add_one_time(&made, now).unwrap();
        }
        Self { case, a, b, pool, bundle, now }
    }

    fn accept(&self, flight: &[u8], now: Time) -> Result<Accepted, SessionError> {
        accept_with(&self.b.local(), &self.b.set, &self.pool, flight, now)
    }

    /// The secrets and the transcript, put together from the vector's parts.
    fn agreed(&self) -> Agreed {
        let (case, secrets) = (&self.case, self.case.list("DH"));
        let secret = |place: usize| crate::crypto::secret::Secret::from_slice(&secrets[place]).unwrap();
        let ephemeral = KeyPair::from_secret(case.case("random").secret("ephemeral"));
        let his = self.bundle.bundle();
        let kem_key = self.bundle.one_time_kem().map_or(&his.signed_kem, |(_, key)| key);
        let transcript = Transcript {
            initiator: (self.a.log.account(), self.a.log.devices().next().unwrap()),
            responder: (self.b.log.account(), self.b.log.devices().next().unwrap()),
            ephemeral: ephemeral.public(),
            signed: (his.set, &his.signed),
            one_time: self.bundle.one_time().map(|(id, key)| (*id, key)),
            kem_one_time: self.bundle.one_time_kem().map(|(id, _)| *id),
            kem_key,
            ciphertext: &case.bytes("CT"),
            expires: self.now.plus(crate::base::limits::FIRST_FLIGHT_LIFE),
        };
        assert_eq!(transcript.hash().to_vec(), case.bytes("transcript"));
        let secrets = Secrets {
            identities: secret(0),
            identity_signed: secret(1),
            ephemeral_identity: secret(2),
            ephemeral_signed: secret(3),
            one_time: secrets.get(4).map(|_| secret(4)),
            quantum: case.secret("SS"),
        };
        agree(&secrets, &transcript)
    }
}

#[test]
fn a_handshake_agrees_on_the_keys_of_the_model() {
    for case in Case(&handshakes()).cases("flights") {
        let agreed = Handshake::read(case).agreed();
        let stored = |root: &Root| postcard::to_allocvec(root).unwrap();
        assert_eq!(stored(&agreed.root), stored(&Root::new(case.secret("RK"), case.secret("QR"))));
        assert_eq!(agreed.authenticator, case.secret("AK"));
        assert_eq!(agreed.initiator_header, case.secret("HK_A"));
        assert_eq!(agreed.responder_header, case.secret("HK_B"));
        assert_eq!(*agreed.id.as_bytes(), case.array("session id"));
        assert_eq!(*agreed.binding.as_bytes(), case.array("binding"));
        assert_eq!(*agreed.to_initiator.as_bytes(), case.array("route to A"));
        assert_eq!(*agreed.to_responder.as_bytes(), case.array("route to B"));
    }
}

#[test]
fn first_flights_are_those_of_the_model_and_open() {
    for case in Case(&handshakes()).cases("flights") {
        let handshake = Handshake::read(case);
        let mut rng = Replay::of(&case.case("random"), &RANDOM);
        let content = case.bytes("content");
        let (session, flight) =
            initiate(&handshake.a.local(), &handshake.bundle, &content, handshake.now, &mut rng).unwrap();
        rng.finish();
        assert_eq!(flight, case.bytes("flight"), "{}", case.text("name"));
        let accepted = handshake.accept(&flight, handshake.now).unwrap();
        assert_eq!(*accepted.content, content);
        assert_eq!(*accepted.replay.as_bytes(), case.array("replay digest"));
        for session in [&session, &accepted.session] {
            assert_eq!(*session.id().as_bytes(), case.array("session id"));
        }
        assert_eq!(*session.send_route().as_bytes(), case.array("route to B"));
        assert_eq!(*accepted.session.send_route().as_bytes(), case.array("route to A"));
    }
}

#[test]
fn the_seal_is_that_of_the_model_and_opens() {
    for case in Case(&handshakes()).cases("flights") {
        let to = Handshake::read(case).b;
        let (account, device, kem) = (to.log.account(), to.device.id(), to.set.seal_kem());
        let public = kem.public();
        let recipient =
            Recipient { account: &account, device: &device, exchange: to.set.seal().public(), kem: &public };
        let message = case.bytes("FirstFlight");
        let mut inside = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
        inside.extend_from_slice(&message);
        inside.resize(crate::wire::flight::INSIDE_LEN, 0);
        let mut rng = Replay::of(&case.case("random"), &RANDOM[4..]);
        let sealed = seal::seal(recipient, to.set.id, inside.clone().into(), &mut rng).unwrap();
        rng.finish();
        assert_eq!(sealed, case.bytes("flight"));
        let opened = seal::open(recipient, to.set.seal(), &kem, &SealedFlight::parse(&sealed).unwrap());
        assert_eq!(*opened.unwrap(), inside);
        let flight = FirstFlight::decode(&inside).unwrap();
        assert_eq!(flight.ciphertext.len(), kem::CIPHERTEXT_LEN);
        assert_eq!(flight.encode().unwrap(), inside, "one encoding");
    }
}

#[test]
fn first_flights_that_the_model_refuses_are_refused() {
    let file = handshakes();
    let named = |name: &str| {
        let found = Case(&file).cases("flights").into_iter().find(|case| case.text("name") == name);
        Handshake::read(found.unwrap())
    };
    for case in Case(&file).cases("refused") {
        let (to, now) = (named(case.text("to")), Time::from_millis(case.number("now")));
        let accepted = to.accept(&case.bytes("flight"), now);
        assert_eq!(accepted.map(|_| ()), Err(SessionError::Refused), "{}", case.text("reason"));
    }
    for case in Case(&file).cases("refused changes") {
        let to = named(case.text("to"));
        let mut flight = to.case.bytes("flight");
        flight[usize::try_from(case.number("at")).unwrap()] ^= case.bytes("xor")[0];
        let accepted = to.accept(&flight, to.now).map(|_| ());
        assert_eq!(accepted, Err(SessionError::Refused), "{}", case.text("reason"));
    }
}
