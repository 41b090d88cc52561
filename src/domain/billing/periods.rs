//! Which period a payment is for: it continues the run of what is paid for, or begins anew.

use crate::base::time::Time;
use crate::domain::billing::calendar::{border, days};
use crate::domain::billing::standing::Standing;

/// The period that a payment made now is for; none beyond the calendar's last year.
pub(super) fn next(standing: &Standing<'_>, now: Time) -> Option<(Time, Time)> {
    let whole = standing.receipts.iter().filter(|counted| counted.cut.is_none());
    let paid_until =
        whole.clone().map(|counted| (counted.receipt.period_end, counted.receipt.grace_days)).max();
    let renewed = paid_until.filter(|(end, grace)| now < end.plus(days(*grace)));
    let Some((start, _)) = renewed else {
        // The first period after a trial begins with the trial's end, if that is still to come.
        let start = standing.trial.map(|trial| trial.end).map_or(now, |end| end.max(now));
        let period = standing.plan_at(start).period;
        return Some((start, border(start, period, 1)?));
    };
    let period = standing.plan_at(start).period;
    // The run of periods that this one continues keeps the day that its first one began on.
    let (mut anchor, mut number) = (start, 0);
    let regular = || whole.clone().filter(|counted| counted.change.is_none()).map(|counted| counted.receipt);
    while let Some(earlier) = regular().find(|receipt| receipt.period_end == anchor) {
        anchor = earlier.period_start;
        number += 1;
    }
    let kept =
        (border(anchor, period, number) == Some(start)).then(|| border(anchor, period, number + 1)).flatten();
    let end = kept.or_else(|| border(start, period, 1))?;
    Some((start, end))
}
