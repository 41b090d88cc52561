//! A conversation for the independent model (`docs/vectors/`) to open: it is recorded here, with all randomness.

use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::fixtures::{INBOX, NOW};
use crate::base::time::Time;
use crate::crypto::golden::{Recorder, text};
use crate::crypto::secret::Secret;
use crate::domain::identity::account::Seed;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::session::one_time::OneTimePool;
use crate::domain::session::pqxdh::{accept_with, initiate};
use crate::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use crate::domain::session::ratchet::{OpenError, Session};
use crate::wire::account::Purposes;
use crate::wire::prekeys::encode_one_time;

const STEPS: usize = 200;
const HOUR: u64 = 3_600_000;

type Randomness = Recorder<ChaCha20Rng>;

/// A person of the recording, and how the recording describes it.
struct Person {
    log: AccountLog,
    device: DeviceKeys,
    set: PrekeySet,
    description: Value,
}

impl Person {
    fn new(rng: &mut Randomness) -> Self {
        let key = Seed::from_secret(Secret::random(rng)).account();
        let device = DeviceKeys::derive(&Secret::random(rng), &key.id());
        let log = AccountLog::begin(&key, device.member(&key.id(), Purposes::ALL), NOW);
        let set = PrekeySet::generate(u32::MAX - 1, NOW, rng);
        let entries: Value = log.entries().iter().map(|entry| text(&encode_one_time(entry))).collect();
        let description =
            json!({ "random": rng.take(), "set": set.id, "inbox": text(INBOX.as_bytes()), "log": entries });
        Self { log, device, set, description }
    }

    const fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.device }
    }
}

/// What happens on the way from one side to the other.
struct Recording {
    sides: [Session; 2],
    /// Frames under way to each side: the step that sealed one, and its bytes.
    under_way: [Vec<(usize, Vec<u8>)>; 2],
    steps: Vec<Value>,
    now: Time,
    rng: Randomness,
    chance: ChaCha20Rng,
}

impl Recording {
    /// A number below `bound`; that some are a little likelier doesn't matter here.
    fn below(&mut self, bound: usize) -> usize {
        self.chance.next_u32() as usize % bound
    }

    fn step(&mut self) {
        let side = self.below(2);
        match self.below(8) {
            0..3 => self.seal(side),
            3 => self.now = self.now.plus(core::time::Duration::from_millis(HOUR * self.below(16) as u64)),
            _ if self.under_way[side].is_empty() => self.seal(1 - side),
            _ => self.open(side),
        }
    }

    fn seal(&mut self, side: usize) {
        let content = vec![0x5A; self.below(700)];
        let frame = self.sides[side].seal(&content, self.now, &mut self.rng).unwrap();
        let step = json!({
            "seal": name(side), "now": self.now.as_millis(), "content": text(&content), "random": self.rng.take(),
            "frame": text(&frame),
        });
        self.under_way[1 - side].push((self.steps.len(), frame));
        self.steps.push(step);
    }

    /// Opens what has come, mostly the oldest; sometimes it comes again later.
    fn open(&mut self, side: usize) {
        let index = if self.below(3) > 0 { 0 } else { self.below(self.under_way[side].len()) };
        let (sealed, frame) = self.under_way[side][index].clone();
        if self.below(8) > 0 {
            self.under_way[side].remove(index);
        }
        let now = self.now;
        let mut step = json!({ "open": name(side), "now": now.as_millis(), "frame of": sealed });
        let session = &mut self.sides[side];
        step["outcome"] = match session.open(&frame, now) {
            Ok(opened) => {
                step["content"] = text(&opened.content);
                assert!(session.install(opened.advance));
                step["epoch"] = session.epoch().into();
                "opened".into()
            }
            Err(OpenError::Duplicate) => "duplicate".into(),
            Err(OpenError::Refused) => "refused".into(),
        };
        self.steps.push(step);
    }
}

fn name(side: usize) -> &'static str {
    ["A", "B"][side]
}

/// The recording, always the same.
fn record() -> Value {
    let mut rng = Recorder::new(ChaCha20Rng::from_seed([0x5E; 32]));
    let (a, b) = (Person::new(&mut rng), Person::new(&mut rng));
    let encoded = bundle(&b.local(), &b.set, INBOX, NOW);
    let mut verified = VerifiedBundle::verify(&encoded, &b.log.account(), NOW).unwrap();
    let mut pool = OneTimePool::default();
    let one_time =
        [pool.add_exchange(&b.local(), 5, NOW, &mut rng), pool.add_kem(&b.local(), 6, NOW, &mut rng)];
    one_time.iter().for_each(|prekey| verified.add_one_time(prekey, NOW).unwrap());
    let secrets = rng.take();
    let content = b"The first word";
    let (mine, flight) = initiate(&a.local(), &verified, content, NOW, &mut rng).unwrap();
    let accepted = accept_with(&b.local(), &b.set, &pool, &flight, NOW).unwrap();
    let random = rng.take();
    let mut recording = Recording {
        sides: [mine, accepted.session],
        under_way: [Vec::new(), Vec::new()],
        steps: Vec::new(),
        now: NOW,
        rng,
        chance: ChaCha20Rng::from_seed([0xC4; 32]),
    };
    while recording.steps.len() < STEPS {
        recording.step();
    }
    assert!(recording.sides.iter().all(|session| session.epoch() >= 2), "it goes through epochs");
    json!({
        "A": a.description, "B": b.description, "bundle of B": text(&encoded),
        "one-time prekeys": one_time.map(|prekey| text(&prekey)), "one-time secrets": secrets,
        "now": NOW.as_millis(), "content": text(content), "random": random, "flight": text(&flight),
        "steps": recording.steps,
    })
}

#[test]
fn the_conversation_that_the_model_opened_is_what_this_code_seals() {
    let committed: Value =
        serde_json::from_str(include_str!("../../../../docs/vectors/from-rust.json")).unwrap();
    assert!(record() == committed, "run `just vectors`, and let the model judge what is new");
}

#[test]
#[ignore = "it prints what `just vectors` writes to docs/vectors/from-rust.json"]
fn prints_a_conversation_for_the_model() {
    println!("\n{}", record());
}
