//! Noticing that the machine slept, or that its clock was set.
//!
//! While a machine sleeps, the running clock of some systems stands still and that of others goes on, but the timer
//! that it would have woken is late.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::base::limits::{WAKE_INTERVAL, WAKE_JUMP};

/// Both clocks, as they stood at the last look.
pub(crate) struct Wake {
    wall: SystemTime,
    running: Instant,
}

impl Wake {
    /// Begins to look.
    pub(crate) const fn new(wall: SystemTime, running: Instant) -> Self {
        Self { wall, running }
    }

    /// When the next look is due.
    pub(crate) fn due(&self) -> Instant {
        self.running + WAKE_INTERVAL
    }

    /// Looks; whether the machine slept or its clock was set since the last look.
    pub(crate) fn look(&mut self, wall: SystemTime, running: Instant) -> bool {
        let ran = running.saturating_duration_since(self.running);
        let drift = match wall.duration_since(self.wall) {
            Ok(passed) => passed.abs_diff(ran),
            Err(back) => back.duration() + ran,
        };
        let late = ran.saturating_sub(WAKE_INTERVAL);
        (self.wall, self.running) = (wall, running);
        drift >= WAKE_JUMP || late >= WAKE_JUMP + Duration::from_secs(15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn looks(wall: i64, running: Duration) -> bool {
        let (begun, now) = (SystemTime::UNIX_EPOCH + 1_000 * HOUR, Instant::now());
        let passed = Duration::from_secs(wall.unsigned_abs());
        let then = if wall < 0 { begun - passed } else { begun + passed };
        let mut wake = Wake::new(begun, now);
        let seen = wake.look(then, now + running);
        assert!(!wake.look(then + WAKE_INTERVAL, now + running + WAKE_INTERVAL), "it is noticed once");
        seen
    }

    #[test]
    fn sleep_is_noticed_whether_or_not_the_running_clock_stood_still() {
        assert!(looks(3_600, WAKE_INTERVAL));
        assert!(looks(3_600, HOUR));
    }

    #[test]
    fn a_clock_that_was_set_back_or_forward_is_noticed() {
        assert!(looks(-600, WAKE_INTERVAL));
        assert!(looks(60, WAKE_INTERVAL));
    }

    #[test]
    fn a_busy_machine_does_not_sleep() {
        assert!(!looks(30, WAKE_INTERVAL));
        assert!(!looks(45, Duration::from_secs(45)));
        assert!(!looks(33, WAKE_INTERVAL));
    }
}
