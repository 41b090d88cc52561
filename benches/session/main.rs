//! What sealing, opening and setting up a session cost, beside Olm (vodozemac) and the bare primitives in one run.
//!
//! `cargo bench --bench session` prints microseconds on one core; compare the ratios.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

mod clock;
mod olm;
mod ours;
mod primitives;

/// What is sealed everywhere.
const CONTENT: [u8; 200] = [0x5A; 200];
/// How many messages overtake the first one, where they come in reverse: fewer than Olm keeps keys of (40).
const REVERSED: usize = 32;
/// Devices that one content is sealed for.
const DEVICES: usize = 1_000;

/// Operations by name, in microseconds.
type Figures = Vec<(&'static str, f64)>;

fn main() {
    let ours = ours::figures();
    let theirs = olm::figures();
    println!("{:<58}{:>10} {:>10} {:>8}", "200-byte content, one core, us", "sigillo", "Olm", "ratio");
    for (name, micros) in &ours {
        let other = theirs.iter().find(|(other, _)| other == name);
        match other {
            Some((_, other)) => println!("{name:<58}{micros:>10.2} {other:>10.2} {:>8.2}", other / micros),
            None => println!("{name:<58}{micros:>10.2}"),
        }
    }
    println!("\n{:<58}{:>10}", "the primitives beneath, us", "");
    for (name, micros) in primitives::figures() {
        println!("{name:<58}{micros:>10.2}");
    }
}
