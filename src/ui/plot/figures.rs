//! Numbers as people read them, and what many of them say together.

/// The value that a share of the values doesn't exceed (nearest rank); 0 where there are none. Sorts them.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (share.clamp(0.0, 1.0) * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The cumulative distribution: for each value, the share of all values that don't exceed it, in order. Draw it as
/// steps.
pub fn distribution(values: &[f64]) -> Vec<(f64, f64)> {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let all = values.len() as f64;
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let share = (at + 1) as f64 / all;
        match points.last_mut() {
            Some(last) if last.0 == *value => last.1 = share,
            _ => points.push((*value, share)),
        }
    }
    points
}

/// How many values lie in each of equally wide bins with round edges, at most `most` of them and few more: the
/// lower edge, the upper edge and the count of each.
pub fn bins(values: &[f64], most: usize) -> Vec<(f64, f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Vec::new();
    }
    let width = round_step((high - low).max(f64::MIN_POSITIVE), most.max(1));
    let width = if high > low { width } else { 1.0_f64.max(low.abs() * 0.1) };
    let first = (low / width).floor();
    let count = ((high / width).floor() - first) as usize + 1;
    let mut bins: Vec<(f64, f64, f64)> =
        (0..count).map(|at| ((first + at as f64) * width, (first + at as f64 + 1.0) * width, 0.0)).collect();
    for value in finite() {
        let at = ((value / width).floor() - first) as usize;
        if let Some(bin) = bins.get_mut(at.min(count - 1)) {
            bin.2 += 1.0;
        }
    }
    bins
}

/// The smallest of 1, 2 and 5 times a power of ten that cuts a span into at most so many parts.
pub(super) fn round_step(span: f64, parts: usize) -> f64 {
    let rough = span / parts.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= rough * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A number with three significant digits, or all of its whole part, thousands set apart by commas.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    let decimals = if size == 0.0 || size >= 100.0 || value.fract() == 0.0 {
        0
    } else {
        (2 - size.log10().floor() as i32).clamp(0, 9) as usize
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    grouped(text)
}

/// A number as short as it can be on an axis whose steps are `step`: with k, M, G, T from ten thousand on.
pub(super) fn short(value: f64, step: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let (unit, name) =
        UNITS.into_iter().find(|(unit, _)| value.abs() >= *unit && value.abs() >= 1e4).unwrap_or((1.0, ""));
    let step = (step / unit).max(1e-9);
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{:.decimals$}", value / unit);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{name}", grouped(if text == "-0" { "0" } else { text }))
}

/// A span of time in the largest unit that it is at least one of.
pub fn span(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")];
    let unit = UNITS.into_iter().find(|(unit, _)| seconds.abs() >= *unit * (1.0 - 1e-9));
    match unit {
        Some((unit, name)) => format!("{} {name}", number(seconds / unit)),
        None if seconds == 0.0 => "0".to_owned(),
        None => format!("{} ms", number(seconds * 1_000.0)),
    }
}

/// Digits of the whole part in groups of three.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut spaced = String::with_capacity(text.len() + whole.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    format!("{sign}{spaced}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_there() {
        let mut values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&mut values, share)),
            [1.0, 100.0, 198.0, 200.0]
        );
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn a_distribution_rises_to_one_and_names_no_value_twice() {
        let points = distribution(&[3.0, 1.0, 1.0, f64::NAN, 2.0]);
        assert_eq!(points, [(1.0, 0.5), (2.0, 0.75), (3.0, 1.0)]);
        assert_eq!(distribution(&[]), []);
    }

    #[test]
    fn every_value_lies_in_one_bin_and_edges_are_round() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let bins = bins(&values, 10);
        assert_eq!(bins.iter().map(|bin| bin.2).sum::<f64>(), 101.0);
        assert_eq!((bins[0], bins[10]), ((0.0, 10.0, 10.0), (100.0, 110.0, 1.0)));
        assert_eq!(super::bins(&[7.0, 7.0], 10), [(7.0, 8.0, 2.0)]);
        assert_eq!(super::bins(&[f64::NAN], 10), []);
    }

    #[test]
    fn numbers_are_short_and_exact_enough() {
        assert_eq!([0.0, 12.0, 1_234.0, 1_234_567.0].map(number), ["0", "12", "1,234", "1,234,567"]);
        assert_eq!([0.123_456, 2.5, 99.87, -1_000.4].map(number), ["0.123", "2.5", "99.9", "-1,000"]);
        assert_eq!(
            [(100.0, 50.0), (1e4, 5e3), (2.5e6, 5e5), (1e9, 1e9)].map(|(value, step)| short(value, step)),
            ["100", "10 k", "2.5 M", "1 G"]
        );
        assert_eq!([0.0, 0.02, 1.1].map(|value| short(value, 0.02)), ["0", "0.02", "1.1"]);
        assert_eq!(number(f64::NAN), "–");
        assert_eq!(
            [0.0, 0.02, 1.5, 90.0, 7_200.0, 172_800.0].map(span),
            ["0", "20 ms", "1.5 s", "1.5 min", "2 h", "2 d"]
        );
    }
}
