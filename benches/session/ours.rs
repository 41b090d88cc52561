//! The sessions of this crate.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sigillo::base::id::RouteId;
use sigillo::base::time::Time;
use sigillo::crypto::secret::Secret;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::session::one_time::HandedOut;
use sigillo::domain::session::pqxdh::{accept, accept_with, initiate};
use sigillo::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use sigillo::domain::session::ratchet::Session;
use sigillo::sim::random::Random;
use sigillo::wire::account::Purposes;

use crate::clock::{best, best_of};
use crate::{CONTENT, DEVICES, Figures, REVERSED};

const NOW: Time = Time::from_millis(1_700_000_000_000);

struct Party {
    log: AccountLog,
    keys: DeviceKeys,
}

impl Party {
    fn new(byte: u8) -> Self {
        let key = Seed::from_secret(Secret::new([byte; 32])).account();
        let keys = DeviceKeys::derive(&Secret::new([byte + 1; 32]), &key.id());
        Self { log: AccountLog::begin(&key, keys.member(&key.id(), Purposes::ALL), NOW), keys }
    }

    const fn local(&self) -> Local<'_> {
        Local { log: &self.log, device: &self.keys }
    }
}

/// Two parties, and what one needs to write to the other.
struct World {
    ana: Party,
    bento: Party,
    set: PrekeySet,
    offered: Vec<u8>,
    rng: Random,
}

impl World {
    fn new() -> Self {
        let (ana, bento, mut rng) = (Party::new(1), Party::new(3), Random::new(1));
        let set = PrekeySet::generate(1, NOW, &mut rng);
        let offered = bundle(&bento.local(), &set, RouteId::new([9; 16]), NOW);
        Self { ana, bento, set, offered, rng }
    }

    fn verified(&self) -> VerifiedBundle {
        VerifiedBundle::verify(&self.offered, &self.bento.log.account(), NOW).unwrap()
    }

    fn session(&mut self, remote: &VerifiedBundle) -> (Session, Session) {
        let (from, flight) = initiate(&self.ana.local(), remote, &CONTENT, NOW, &mut self.rng).unwrap();
        (from, accept(&self.bento.local(), &self.set, &flight, NOW).unwrap().session)
    }
}

fn pass(from: &mut Session, to: &mut Session, now: Time, rng: &mut Random) {
    let frame = from.seal(&CONTENT, now, rng).unwrap();
    let opened = to.open(&frame, now).unwrap();
    assert!(to.install(opened.advance));
}

pub(crate) fn figures() -> Figures {
    let mut world = World::new();
    let mut figures = set_up(&mut world);
    figures.extend(messages(&mut world));
    figures.extend(many(&mut world));
    figures
}

fn set_up(world: &mut World) -> Figures {
    let remote = world.verified();
    let verify = best(20, || drop(black_box(world.verified())));
    let bare = best(20, || {
        let (_, flight) = initiate(&world.ana.local(), &remote, &CONTENT, NOW, &mut world.rng).unwrap();
        black_box(accept(&world.bento.local(), &world.set, &flight, NOW).unwrap());
    });
    let whole = best(20, || {
        let mut remote = VerifiedBundle::verify(&world.offered, &world.bento.log.account(), NOW).unwrap();
        let (pair, published) = HandedOut::make(&world.bento.local(), 7, NOW, &mut world.rng);
        published.iter().for_each(|prekey| remote.add_one_time(prekey, NOW).unwrap());
        let (_, flight) = initiate(&world.ana.local(), &remote, &CONTENT, NOW, &mut world.rng).unwrap();
        black_box(accept_with(&world.bento.local(), &world.set, pair.keys(), &flight, NOW).unwrap());
    });
    vec![
        ("a bundle verified, log and keys included", verify),
        ("set-up, both sides, first message included", bare),
        ("as above, bundle verified, one-time pair made and verified", whole),
    ]
}

fn messages(world: &mut World) -> Figures {
    let (mut from, mut to) = world.session(&world.verified());
    let rng = &mut world.rng;
    let row = postcard::to_allocvec(&from).unwrap();
    let seal = best(2_000, || drop(black_box(from.seal(&CONTENT, NOW, rng).unwrap())));
    let (mut from, mut to_open) = (postcard::from_bytes::<Session>(&row).unwrap(), to.clone());
    let open = best_of(2_000, || {
        let frames: Vec<_> = (0..2_000).map(|_| from.seal(&CONTENT, NOW, rng).unwrap()).collect();
        timed(|| frames.iter().for_each(|frame| open(&mut to_open, frame)))
    });
    let mut from: Session = postcard::from_bytes(&row).unwrap();
    let both = best(2_000, || pass(&mut from, &mut to, NOW, rng));
    let turns = best(200, || {
        pass(&mut to, &mut from, NOW, rng);
        pass(&mut from, &mut to, NOW, rng);
    });
    // An epoch is due every day, and takes three messages: a key, its ciphertext, and the first of the new epoch.
    let (mut now, before) = (NOW, from.epoch());
    let epoch = best(20, || {
        for turn in 0..3 {
            now = now.plus(Duration::from_secs(24 * 60 * 60));
            let (sender, receiver) = if turn % 2 == 0 { (&mut to, &mut from) } else { (&mut from, &mut to) };
            pass(sender, receiver, now, rng);
        }
        core::mem::swap(&mut from, &mut to);
    });
    assert!(from.epoch() > before + 9 * 19, "an epoch a round");
    vec![
        ("seal", seal),
        ("open and install", open),
        ("seal, open, install", both),
        ("the same, each message a turn, epochs included", turns / 2.0),
        ("three messages that agree on an epoch and begin it", epoch),
    ]
}

fn many(world: &mut World) -> Figures {
    let remote = world.verified();
    let (from, to) = world.session(&remote);
    let rng = &mut world.rng;
    let reversed =
        best_of(REVERSED as u32 * 50, || (0..50).map(|_| reverse(from.clone(), to.clone(), rng)).sum());
    let mut sessions: Vec<Session> = (0..DEVICES).map(|_| world.session(&remote).0).collect();
    let rng = &mut world.rng;
    let fan_out = best(1, || {
        sessions.iter_mut().for_each(|session| drop(black_box(session.seal(&CONTENT, NOW, rng).unwrap())));
    });
    let stored = best(1, || {
        for session in &mut sessions {
            black_box(session.seal(&CONTENT, NOW, rng).unwrap());
            black_box(postcard::to_allocvec(session).unwrap());
        }
    });
    vec![
        ("open and install, 32 messages in reverse, each", reversed),
        ("1,000 devices: sealed for each", fan_out),
        ("1,000 devices: sealed for each, rows written", stored),
    ]
}

/// How long opening messages in reverse takes.
fn reverse(mut from: Session, mut to: Session, rng: &mut Random) -> Duration {
    let frames: Vec<_> = (0..REVERSED).map(|_| from.seal(&CONTENT, NOW, rng).unwrap()).collect();
    timed(|| frames.iter().rev().for_each(|frame| open(&mut to, frame)))
}

fn open(to: &mut Session, frame: &[u8]) {
    let opened = to.open(frame, NOW).unwrap();
    black_box(&opened.content);
    assert!(to.install(opened.advance));
}

fn timed(call: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    call();
    begun.elapsed()
}
