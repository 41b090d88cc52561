//! What a change of plans in the middle of paid periods costs, to the second; both sides compute it.

use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::calendar::border;
use crate::wire::plan::Plan;

/// A paid period, and what was paid for it, less what of that was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PaidPeriod {
    /// When it begins (inclusive).
    pub start: Time,
    /// When it ends (exclusive).
    pub end: Time,
    /// What was paid, in minor units.
    pub minor: i64,
}

/// `floor(minor * rem / period)`: what of a paid period isn't used at `at`.
pub fn credit(paid: &PaidPeriod, at: Time) -> i64 {
    let (rest, whole) = rest(paid, at);
    share(paid.minor, rest, whole).0
}

/// `ceil(price * rem / period)`: what the rest of a paid period costs under another plan, whose own period is counted
/// from where the paid one began.
pub fn charge(paid: &PaidPeriod, to: &Plan, at: Time) -> i64 {
    let (rest, _) = rest(paid, at);
    let end = border(paid.start, to.period, 1).unwrap_or(paid.end);
    let whole = end.as_secs().saturating_sub(paid.start.as_secs());
    let (floor, exact) = share(to.price.minor, rest, whole);
    if exact { floor } else { floor.saturating_add(1) }
}

/// What is due for leaving paid periods for another plan at `at`: credit and charge of all of them, in the plan's
/// currency. None where the change would give money back, or there is too much of it.
pub fn due(paid: &[PaidPeriod], to: &Plan, at: Time) -> Option<(Money, Money)> {
    let sum = |part: &dyn Fn(&PaidPeriod) -> i64| {
        paid.iter().try_fold(0_i64, |sum, period| sum.checked_add(part(period)))
    };
    let currency = to.price.currency;
    let credit = Money { minor: sum(&|period| credit(period, at))?, currency };
    let charge = Money { minor: sum(&|period| charge(period, to, at))?, currency };
    (credit.minor <= charge.minor).then_some((credit, charge))
}

/// Seconds that are left at `at`, and all of them.
fn rest(paid: &PaidPeriod, at: Time) -> (u64, u64) {
    let rest = paid.end.as_secs().saturating_sub(at.max(paid.start).as_secs());
    (rest, paid.end.as_secs().saturating_sub(paid.start.as_secs()))
}

/// `minor * rest / whole`, rounded down, and whether that is exact. Rounded once.
fn share(minor: i64, rest: u64, whole: u64) -> (i64, bool) {
    if whole == 0 {
        return (0, true);
    }
    let product = i128::from(minor) * i128::from(rest);
    let (share, left) = (product / i128::from(whole), product % i128::from(whole));
    (i64::try_from(share).unwrap_or(i64::MAX), left == 0)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::billing::fixture::NOW;
    use crate::wire::plan::tests::plan;

    fn month(minor: i64) -> PaidPeriod {
        PaidPeriod { start: NOW, end: border(NOW, plan().period, 1).unwrap(), minor }
    }

    fn dearer(minor: i64) -> Plan {
        Plan { price: Money { minor, ..plan().price }, ..plan() }
    }

    #[test]
    fn half_a_month_costs_half_and_odd_cents_round_against_the_payer_once() {
        let paid = month(1_990);
        let half = NOW.plus(Duration::from_secs(14 * 86_400));
        assert_eq!((credit(&paid, half), charge(&paid, &dearer(2_990), half)), (995, 1_495));
        let odd = half.plus(Duration::from_secs(1));
        // 1990 * 1209599 / 2419200 is 994.9992; 2990 times the same 1494.9988.
        assert_eq!((credit(&paid, odd), charge(&paid, &dearer(2_990), odd)), (994, 1_495));
        assert_eq!(credit(&paid, paid.end), 0);
        assert_eq!(charge(&paid, &dearer(2_990), paid.end), 0);
        assert_eq!(due(&[paid], &dearer(1_000), half), None, "no money comes back by a change");
    }

    #[test]
    fn a_year_is_counted_from_where_the_month_began() {
        let yearly = Plan { period: crate::wire::plan::Period::Annual, ..dearer(36_500) };
        // 28 days of a year of 365.
        assert_eq!(charge(&month(1_990), &yearly, NOW), 2_800);
    }

    proptest! {
        #[test]
        fn credits_and_charges_stay_within_what_they_are_parts_of(
            minor in 0_i64..=i64::MAX, price in 1_i64..=i64::MAX, second in 0_u64..3_000_000,
        ) {
            let (paid, at) = (month(minor), NOW.plus(Duration::from_secs(second)));
            let (given, asked) = (credit(&paid, at), charge(&paid, &dearer(price), at));
            prop_assert!((0..=minor).contains(&given));
            prop_assert!((0..=price).contains(&asked));
            // What is used and what isn't make the whole, but for less than one minor unit.
            let used = PaidPeriod { end: at.max(paid.start).min(paid.end), ..paid };
            let (used, whole) = (used.end.as_secs() - used.start.as_secs(), paid.end.as_secs() - paid.start.as_secs());
            let exact = i128::from(minor) * i128::from(whole - used);
            prop_assert!(i128::from(given) * i128::from(whole) <= exact);
            prop_assert!((i128::from(given) + 1) * i128::from(whole) > exact);
        }
    }
}
