//! How many newcomers a business takes in.

use crate::base::consent_limits;
use crate::base::time::Time;

/// How many newcomers a business took in lately. Soft, on purpose: nobody outside can make the node forget it.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    taken: u32,
    since: Time,
}

impl Newcomers {
    /// Whether one more may come now.
    pub(super) fn may_come(&mut self, now: Time) -> bool {
        // Where the clock was set back the wait begins anew.
        self.since = self.since.min(now);
        let back = now.since(self.since).as_millis() / consent_limits::NEWCOMERS_PACE.as_millis();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if back >= self.taken {
            (self.taken, self.since) = (0, now);
        } else {
            self.taken -= back;
            self.since = self.since.plus(consent_limits::NEWCOMERS_PACE * back);
        }
        let may = self.taken < consent_limits::NEWCOMERS_BURST;
        self.taken += u32::from(may);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_come_in_a_burst_and_then_at_a_pace() {
        let mut newcomers = Newcomers::default();
        let now = Time::from_millis(1_700_000_000_000);
        let mut come = |now: Time| (0..10_000).filter(|_| newcomers.may_come(now)).count();
        assert_eq!(come(now), consent_limits::NEWCOMERS_BURST as usize);
        assert_eq!(come(now.plus(consent_limits::NEWCOMERS_PACE * 3)), 3);
        assert_eq!(come(now), 0, "a clock that is set back gives nothing");
        assert_eq!(come(now.plus(consent_limits::NEWCOMERS_PACE)), 1);
        assert_eq!(
            come(now.plus(consent_limits::NEWCOMERS_PACE * (consent_limits::NEWCOMERS_BURST * 2))),
            consent_limits::NEWCOMERS_BURST as usize
        );
    }
}
