//! What sealing, opening and setting up a session cost, beside the bare primitives in the same run.
//!
//! `cargo bench` prints microseconds and how many bare AEAD seals each operation costs: compare the ratios.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::time::Instant;

use sigillo::base::id::RouteId;
use sigillo::base::time::Time;
use sigillo::crypto::aead;
use sigillo::crypto::secret::Secret;
use sigillo::domain::identity::account::Seed;
use sigillo::domain::identity::device::DeviceKeys;
use sigillo::domain::identity::log::AccountLog;
use sigillo::domain::session::pqxdh::{accept, initiate};
use sigillo::domain::session::prekeys::{Local, PrekeySet, VerifiedBundle, bundle};
use sigillo::sim::random::Random;
use sigillo::wire::account::Purposes;

const NOW: Time = Time::from_millis(1_700_000_000_000);
const CONTENT: [u8; 200] = [0x5A; 200];

/// Microseconds of one call: the best of several rounds, because noise only ever adds.
fn best(calls: u32, mut call: impl FnMut()) -> f64 {
    let round = || {
        let begun = Instant::now();
        (0..calls).for_each(|_| call());
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
    };
    std::iter::repeat_with(round).take(7).fold(f64::INFINITY, f64::min)
}

fn party(byte: u8) -> (AccountLog, DeviceKeys) {
    let key = Seed::from_secret(Secret::new([byte; 32])).account();
    let keys = DeviceKeys::derive(&Secret::new([byte + 1; 32]), &key.id());
    (AccountLog::begin(&key, keys.certificate(Purposes::ALL), NOW), keys)
}

fn main() {
    let mut rng = Random::new(1);
    let ((ana_log, ana), (bento_log, bento)) = (party(1), party(3));
    let (ana, bento) = (Local { log: &ana_log, device: &ana }, Local { log: &bento_log, device: &bento });
    let set = PrekeySet::generate(1, NOW, &mut rng);
    let offered = bundle(&bento, &set, RouteId::new([9; 16]), NOW);

    let key = Secret::new([7; 32]);
    let bare = best(2_000, || {
        let mut buffer = CONTENT.to_vec();
        aead::seal(&key, &[0; aead::NONCE_LEN], &[], black_box(&mut buffer)).unwrap();
    });
    let set_up = best(20, || {
        let remote = VerifiedBundle::verify(&offered, &bento_log.account(), NOW).unwrap();
        let (_, flight) = initiate(&ana, &remote, &CONTENT, NOW, &mut rng).unwrap();
        black_box(accept(&bento, &set, &flight, NOW).unwrap());
    });
    let remote = VerifiedBundle::verify(&offered, &bento_log.account(), NOW).unwrap();
    let (mut from, flight) = initiate(&ana, &remote, &CONTENT, NOW, &mut rng).unwrap();
    let mut to = accept(&bento, &set, &flight, NOW).unwrap().session;
    let seal = best(2_000, || {
        black_box(from.clone().seal(&CONTENT, NOW, &mut rng).unwrap());
    });
    let both = best(2_000, || {
        let frame = from.seal(&CONTENT, NOW, &mut rng).unwrap();
        let opened = to.open(&frame, NOW).unwrap();
        assert!(to.install(opened.advance));
    });
    println!("{:<44}{:>10} {:>10}", "200-byte content, one core", "us", "bare seals");
    for (name, micros) in [
        ("ChaCha20-Poly1305 seal, bare", bare),
        ("session: copy and seal", seal),
        ("session: seal, open, install", both),
        ("set-up, both sides, bundle verified", set_up),
    ] {
        println!("{name:<44}{micros:>10.2} {:>10.1}", micros / bare);
    }
}
