//! Olm sessions as vodozemac makes them: without post-quantum secrets, header encryption and padding.

use std::hint::black_box;
use std::time::{Duration, Instant};

use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig};

use crate::clock::{best, best_of};
use crate::{CONTENT, DEVICES, Figures, REVERSED};

/// Two accounts; the one that is written to has a fallback key, which serves any number of sessions.
struct World {
    ana: Account,
    bento: Account,
}

impl World {
    fn new() -> Self {
        let (ana, mut bento) = (Account::new(), Account::new());
        bento.generate_fallback_key();
        Self { ana, bento }
    }

    fn outbound(&self) -> Session {
        let key = *self.bento.fallback_key().values().next().unwrap();
        self.ana
            .create_outbound_session(SessionConfig::version_1(), self.bento.curve25519_key(), key)
            .unwrap()
    }

    fn inbound(&mut self, from: &mut Session) -> Session {
        let OlmMessage::PreKey(message) = from.encrypt(CONTENT).unwrap() else { unreachable!() };
        let config = SessionConfig::version_1();
        self.bento.create_inbound_session(config, self.ana.curve25519_key(), &message).unwrap().session
    }

    /// Sessions that have a round trip behind them, so that messages aren't prekey messages any more.
    fn session(&mut self) -> (Session, Session) {
        let mut from = self.outbound();
        let mut to = self.inbound(&mut from);
        pass(&mut to, &mut from);
        pass(&mut from, &mut to);
        (from, to)
    }
}

fn copy(session: &Session) -> Session {
    Session::from_pickle(session.pickle())
}

fn pass(from: &mut Session, to: &mut Session) {
    black_box(to.decrypt(&travelled(from.encrypt(CONTENT).unwrap())).unwrap());
}

/// A message as bytes and back, as ours always are.
fn travelled(message: OlmMessage) -> OlmMessage {
    let (kind, bytes) = message.to_parts();
    OlmMessage::from_parts(kind, &bytes).unwrap()
}

pub(crate) fn figures() -> Figures {
    let mut world = World::new();
    let set_up = best(20, || {
        let mut from = world.outbound();
        black_box(world.inbound(&mut from));
    });
    let (mut from, mut to) = world.session();
    let mut only_seals = copy(&from);
    let seal = best(2_000, || drop(black_box(only_seals.encrypt(CONTENT).unwrap().to_parts())));
    let (mut sender, mut reader) = (copy(&from), copy(&to));
    let open = best_of(2_000, || {
        let sealed: Vec<_> = (0..2_000).map(|_| sender.encrypt(CONTENT).unwrap().to_parts()).collect();
        let begun = Instant::now();
        for (kind, bytes) in &sealed {
            black_box(reader.decrypt(&OlmMessage::from_parts(*kind, bytes).unwrap()).unwrap());
        }
        begun.elapsed()
    });
    let both = best(2_000, || pass(&mut from, &mut to));
    let turns = best(200, || {
        pass(&mut to, &mut from);
        pass(&mut from, &mut to);
    });
    let reversed = best_of(REVERSED as u32 * 50, || (0..50).map(|_| reverse(copy(&from), copy(&to))).sum());
    let mut sessions: Vec<Session> = (0..DEVICES).map(|_| world.session().0).collect();
    let fan_out = best(1, || {
        for session in &mut sessions {
            black_box(session.encrypt(CONTENT).unwrap().to_parts());
        }
    });
    vec![
        ("set-up, both sides, first message included", set_up),
        ("seal", seal),
        ("open and install", open),
        ("seal, open, install", both),
        ("the same, each message a turn, epochs included", turns / 2.0),
        ("open and install, 32 messages in reverse, each", reversed),
        ("1,000 devices: sealed for each", fan_out),
    ]
}

/// How long opening messages in reverse takes.
fn reverse(mut from: Session, mut to: Session) -> Duration {
    let sealed: Vec<_> = (0..REVERSED).map(|_| travelled(from.encrypt(CONTENT).unwrap())).collect();
    let begun = Instant::now();
    for message in sealed.iter().rev() {
        black_box(to.decrypt(message).unwrap());
    }
    begun.elapsed()
}
