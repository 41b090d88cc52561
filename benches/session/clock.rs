//! Measures: the best of several rounds, because noise only ever adds.

use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

/// Microseconds of one call, of `calls` in a round.
pub(crate) fn best(calls: u32, mut call: impl FnMut()) -> f64 {
    best_of(calls, || {
        let begun = Instant::now();
        (0..calls).for_each(|_| call());
        begun.elapsed()
    })
}

/// Microseconds of one of `operations`, whose time `round` tells: what it prepares for them isn't counted.
pub(crate) fn best_of(operations: u32, round: impl FnMut() -> Duration) -> f64 {
    let rounds = std::iter::repeat_with(round).take(ROUNDS).map(|time| time.as_secs_f64());
    rounds.fold(f64::INFINITY, f64::min) * 1e6 / f64::from(operations)
}
