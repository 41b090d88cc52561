//! When a renewal is asked for, and asked for again: 7 and 3 days before what is paid for ends, when it ends, and 3 and 7
//! days after it.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;

/// How far the asking for one period's end has come: a row, so that it survives whatever happens to the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dunning {
    /// When what is paid for ends.
    pub end: Time,
    /// How many steps are done.
    pub done: u8,
}

/// What is to be done at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Nothing yet.
    Nothing,
    /// Ask for the first time.
    First,
    /// Ask again: a reminder, which resends the invoice as it is.
    Again,
}

impl Dunning {
    /// The asking for a period that ends at `end` begins.
    pub const fn new(end: Time) -> Self {
        Self { end, done: 0 }
    }

    /// When each step is due, in order.
    pub fn steps(&self) -> [Time; 5] {
        let end = self.end;
        [end.minus(charging::RENEWAL_NOTICE), end.minus(days(3)), end, end.plus(days(3)), end.plus(days(7))]
    }

    /// Does every step that is due, in order: whoever was off for a month asks once, not five times.
    pub fn catch_up(&mut self, now: Time) -> Ask {
        let due = self.steps().iter().take_while(|step| **step <= now).count();
        let due = u8::try_from(due).unwrap_or(u8::MAX);
        let ask = match (self.done, due) {
            (done, due) if due <= done => Ask::Nothing,
            (0, _) => Ask::First,
            _ => Ask::Again,
        };
        self.done = self.done.max(due);
        ask
    }

    /// When the next step is due; none after the last.
    pub fn next(&self) -> Option<Time> {
        self.steps().get(usize::from(self.done)).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::billing::fixture::NOW;

    #[test]
    fn it_is_asked_for_once_and_reminded_four_times() {
        let mut dunning = Dunning::new(NOW);
        let mut said = Vec::new();
        while let Some(next) = dunning.next() {
            said.push((next, dunning.catch_up(next)));
        }
        let times = [NOW.minus(days(7)), NOW.minus(days(3)), NOW, NOW.plus(days(3)), NOW.plus(days(7))];
        let asks = [Ask::First, Ask::Again, Ask::Again, Ask::Again, Ask::Again];
        assert_eq!(said, times.into_iter().zip(asks).collect::<Vec<_>>());
        assert_eq!(dunning.catch_up(NOW.plus(days(99))), Ask::Nothing);
    }

    #[test]
    fn a_month_off_asks_once() {
        let mut dunning = Dunning::new(NOW);
        assert_eq!(dunning.catch_up(NOW.plus(days(30))), Ask::First);
        assert_eq!(dunning.next(), None);
        let mut dunning = Dunning { end: NOW, done: 1 };
        assert_eq!(dunning.catch_up(NOW.plus(days(4))), Ask::Again);
        assert_eq!(dunning.next(), Some(NOW.plus(days(7))));
    }

    proptest! {
        #[test]
        fn whenever_it_is_looked_each_step_is_done_once_and_in_order(
            mut looks in proptest::collection::vec(0_u32..40, 1..30),
        ) {
            // The clock may stand still or go back a little.
            let mut dunning = Dunning::new(NOW);
            let mut asked = 0;
            looks.push(40);
            for look in looks {
                let before = dunning.done;
                match dunning.catch_up(NOW.minus(days(20)).plus(days(look))) {
                    Ask::Nothing => prop_assert_eq!(dunning.done, before),
                    Ask::First => { prop_assert_eq!(before, 0); asked += 1; }
                    Ask::Again => prop_assert!(before > 0 && dunning.done > before),
                }
            }
            prop_assert_eq!((asked, dunning.done, dunning.next()), (1, 5, None));
        }
    }
}
