//! Stop-watches and quantiles.

use std::time::{Duration, Instant};

/// Runs from when it is made.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Timer(Instant);

impl Timer {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the monotonic clock")]
    pub(in crate::ui) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since it was started.
    pub(in crate::ui) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The same in milliseconds.
    pub(in crate::ui) fn millis(self) -> f64 {
        self.elapsed().as_secs_f64() * 1_000.0
    }
}

/// The value below which `share` (0 to 1) of the values lie; 0 for none.
pub(in crate::ui) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (share * last as f64).round() as usize;
    values.get(index.min(last)).copied().unwrap_or(0.0)
}
