//! Axes: how values become places, and which of them are named.

use super::figures::{round_step, short, span};

/// Parts that ticks cut an axis into, about.
const PARTS: usize = 6;

/// One axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    pub(super) label: String,
    kind: Kind,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Linear,
    Log,
    Time,
}

impl Axis {
    /// An axis on which equal distances are equal differences.
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), kind: Kind::Linear, low: None, high: None }
    }

    /// An axis on which equal distances are equal factors. Values that aren't above zero can't be shown on it.
    pub fn log(label: &str) -> Self {
        Self { kind: Kind::Log, ..Self::linear(label) }
    }

    /// An axis of seconds, named as days, hours, minutes, seconds and milliseconds.
    pub fn time(label: &str) -> Self {
        Self { kind: Kind::Time, ..Self::linear(label) }
    }

    /// The same, beginning at or before a value, whatever is shown.
    #[must_use]
    pub const fn from(mut self, low: f64) -> Self {
        self.low = Some(low);
        self
    }

    /// The same, ending at or after a value, whatever is shown.
    #[must_use]
    pub const fn to(mut self, high: f64) -> Self {
        self.high = Some(high);
        self
    }

    /// The scale on which all these values, and what was asked for, have a place.
    pub(super) fn fit(&self, values: impl Iterator<Item = f64>) -> Scale {
        let kind = self.kind;
        let can_show = |value: &f64| value.is_finite() && (kind != Kind::Log || *value > 0.0);
        let all = values.chain(self.low).chain(self.high).filter(can_show);
        let (low, high) =
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low <= high { (low, high) } else { (1.0, 10.0) };
        match kind {
            Kind::Log => Scale::log(low, high),
            Kind::Linear | Kind::Time => Scale::even(kind, low, high),
        }
    }
}

/// An axis that knows its ends.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
    step: f64,
}

/// A value that is named on an axis.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) text: String,
}

impl Scale {
    /// From a round value to a round value; from zero where that wastes less than half of the axis.
    fn even(kind: Kind, low: f64, high: f64) -> Self {
        let low = if low > 0.0 && (low < high / 2.0 || low == high) { 0.0 } else { low };
        let high = if high > low { high } else { low + 1.0 };
        let step = if kind == Kind::Time { time_step(high - low) } else { round_step(high - low, PARTS) };
        let low = (low / step + 1e-9).floor() * step;
        // Time ends when it ends.
        let high = if kind == Kind::Time { high } else { (high / step - 1e-9).ceil() * step };
        Self { kind, low, high, step }
    }

    /// From one of 1, 2 and 5 times a power of ten to another one.
    fn log(low: f64, high: f64) -> Self {
        let power = |value: f64| 10_f64.powf((value.log10() + 1e-9).floor());
        let (under, over) = (power(low), power(high));
        let low =
            [5.0, 2.0, 1.0].into_iter().map(|digit| digit * under).find(|edge| *edge <= low * (1.0 + 1e-9));
        let high =
            [1.0, 2.0, 5.0].into_iter().map(|digit| digit * over).find(|edge| *edge >= high * (1.0 - 1e-9));
        let low = low.unwrap_or(under);
        let high = high.unwrap_or(10.0 * over);
        Self { kind: Kind::Log, low, high: if high > low { high } else { 10.0 * low }, step: 1.0 }
    }

    /// Where a value lies between the ends, which are 0 and 1; nothing for one that has no place here.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = match self.kind {
            Kind::Log if value <= 0.0 => return None,
            Kind::Log => (value / self.low).log10() / (self.high / self.low).log10(),
            Kind::Linear | Kind::Time => (value - self.low) / (self.high - self.low),
        };
        place.is_finite().then(|| place.clamp(0.0, 1.0))
    }

    /// Where what grows from nothing begins: at zero, or at the end that is nearest to it.
    pub(super) fn ground(&self) -> f64 {
        if self.kind == Kind::Log { 0.0 } else { self.place(0.0).unwrap_or(0.0) }
    }

    /// The values that are named.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        match self.kind {
            Kind::Log => self.log_ticks(),
            Kind::Linear | Kind::Time => {
                let parts = ((self.high - self.low) / self.step + 1e-9).floor() as usize;
                let at = |part: usize| self.low + part as f64 * self.step;
                let text = |at: f64| if self.kind == Kind::Time { span(at) } else { short(at, self.step) };
                (0..=parts).map(at).map(|at| Tick { at, text: text(at) }).collect()
            }
        }
    }

    fn log_ticks(&self) -> Vec<Tick> {
        let decades = (self.high / self.low).log10();
        let digits: &[f64] = match decades {
            few if few <= 1.01 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            some if some <= 3.01 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let stride = (decades / (PARTS + 3) as f64).ceil().max(1.0) as usize;
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let powers = (first..=last).step_by(stride).map(|power| 10_f64.powi(power));
        let values = powers.flat_map(|power| digits.iter().map(move |digit| digit * power));
        let inside = |at: &f64| *at >= self.low * (1.0 - 1e-9) && *at <= self.high * (1.0 + 1e-9);
        values.filter(inside).map(|at| Tick { at, text: short(at, at) }).collect()
    }
}

/// A step of whole units of time.
fn time_step(seconds: f64) -> f64 {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    const STEPS: [f64; 18] = [
        10.0,
        15.0,
        30.0,
        MINUTE,
        2.0 * MINUTE,
        5.0 * MINUTE,
        10.0 * MINUTE,
        15.0 * MINUTE,
        30.0 * MINUTE,
        HOUR,
        2.0 * HOUR,
        3.0 * HOUR,
        6.0 * HOUR,
        12.0 * HOUR,
        DAY,
        2.0 * DAY,
        5.0 * DAY,
        10.0 * DAY,
    ];
    let rough = seconds / PARTS as f64;
    if rough <= 5.0 {
        return round_step(seconds, PARTS);
    }
    let step = STEPS.into_iter().find(|step| *step >= rough);
    step.unwrap_or_else(|| DAY * round_step(seconds / DAY, PARTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, values: &[f64]) -> Vec<String> {
        axis.fit(values.iter().copied()).ticks().into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_begin_at_zero_where_that_costs_little() {
        assert_eq!(texts(&Axis::linear(""), &[3.0, 97.0]), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(texts(&Axis::linear(""), &[90.0, 97.0]), ["90", "92", "94", "96", "98"]);
        assert_eq!(texts(&Axis::linear(""), &[-1.0, 1.0]), ["-1", "-0.5", "0", "0.5", "1"]);
        assert_eq!(texts(&Axis::linear("").from(0.0).to(1.0), &[]), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(
            texts(&Axis::linear(""), &[20_000.0, 50_000.0]),
            ["0", "10 k", "20 k", "30 k", "40 k", "50 k"]
        );
    }

    #[test]
    fn log_ticks_are_decades_or_finer_where_there_are_few() {
        assert_eq!(texts(&Axis::log(""), &[10.0, 1e6]), ["10", "100", "1,000", "10 k", "100 k", "1 M"]);
        assert_eq!(texts(&Axis::log(""), &[3.0, 40.0]), ["2", "5", "10", "20", "50"]);
        assert_eq!(texts(&Axis::log(""), &[1.0, 9.0]), ["1", "2", "3", "5", "7", "10"]);
        assert!(texts(&Axis::log(""), &[1e-9, 1e12]).len() <= 12);
    }

    #[test]
    fn time_is_named_in_its_own_units() {
        assert_eq!(texts(&Axis::time(""), &[0.0, 86_400.0]), ["0", "6 h", "12 h", "18 h", "1 d"]);
        assert_eq!(texts(&Axis::time(""), &[0.0, 0.09]), ["0", "20 ms", "40 ms", "60 ms", "80 ms"]);
        assert_eq!(
            texts(&Axis::time(""), &[0.0, 150.0]),
            ["0", "30 s", "1 min", "1.5 min", "2 min", "2.5 min"]
        );
    }

    #[test]
    fn what_has_no_place_is_nowhere_and_no_input_breaks_a_scale() {
        let log = Axis::log("").fit([0.0, -5.0, f64::NAN, 10.0, 1_000.0].into_iter());
        assert_eq!((log.place(0.0), log.place(f64::NAN)), (None, None));
        assert_eq!((log.place(10.0), log.place(1_000.0)), (Some(0.0), Some(1.0)));
        assert!((log.place(100.0).unwrap() - 0.5).abs() < 1e-9);
        for odd in [vec![], vec![0.0], vec![5.0, 5.0], vec![-3.0], vec![f64::INFINITY], vec![1e300, 1e-300]] {
            for axis in [Axis::linear(""), Axis::log(""), Axis::time("")] {
                let scale = axis.fit(odd.iter().copied());
                assert!(
                    (1..=15).contains(&scale.ticks().len()),
                    "{odd:?} {axis:?}: {:?}",
                    scale.ticks().len()
                );
                assert!(scale.ticks().iter().all(|tick| scale.place(tick.at).is_some()), "{odd:?}");
            }
        }
    }
}
