//! How fast requests may come.

use tokio::time::{Duration, Instant};

use crate::base::api_limits as limits;

/// A bucket that fills at a steady rate (GCRA): what matters is when it would be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    full_at: Option<Instant>,
}

impl Pace {
    /// Takes one, if there is one: `rate` a second in the long run, and those of
    /// [`limits::RATE_BURST_SECONDS`] at once.
    pub(super) fn take(&mut self, now: Instant, rate: u32) -> bool {
        let step = Duration::from_secs(1) / rate.max(1);
        let depth = Duration::from_secs(limits::RATE_BURST_SECONDS.into()).max(step);
        let full_at = self.full_at.unwrap_or(now).max(now) + step;
        let taken = full_at <= now + depth;
        if taken {
            self.full_at = Some(full_at);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let (begin, mut pace) = (Instant::now(), Pace::default());
        let burst = 10 * limits::RATE_BURST_SECONDS;
        assert!((0..burst).all(|_| pace.take(begin, 10)));
        assert!(!pace.take(begin, 10));
        let later = begin + Duration::from_millis(100);
        assert!(pace.take(later, 10) && !pace.take(later, 10), "one comes back in a tenth of a second");
        let much_later = begin + Duration::from_secs(1_000);
        let taken = (0..1_000).filter(|_| pace.take(much_later, 10)).count();
        assert_eq!(taken, burst as usize, "no more is saved up than a burst");
    }
}
