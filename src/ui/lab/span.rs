//! Spans of time as people write them: `250ms`, `5s`, `2m`, `3h`, `25d`.

use core::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::base::limits;

/// A span of time in a scenario, at most [`limits::LAB_SPAN_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span(pub Duration);

/// The units, and the milliseconds of each; `ms` before the others, which it ends like.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 24 * 3_600_000)];

impl Span {
    /// Reads a whole number and its unit.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (number, millis) =
            UNITS.iter().find_map(|(unit, millis)| Some((text.strip_suffix(unit)?, millis)))?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = plain.then(|| number.parse().ok()).flatten()?;
        let span = Duration::from_millis(number.checked_mul(*millis)?);
        (span <= limits::LAB_SPAN_MAX).then_some(Self(span))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a span of time such as \"250ms\", \"5s\", \"2m\", \"3h\" or \"25d\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                Span::read(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let whole = |(_, unit): &&(&str, u64)| millis % unit == 0 && millis >= *unit;
        let (unit, of) = UNITS.iter().rev().find(whole).unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", millis / of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_whole_number_and_a_unit_and_read_back() {
        for text in ["250ms", "5s", "2m", "3h", "25d", "0ms"] {
            assert_eq!(Span::read(text).unwrap().to_string(), text);
        }
        for wrong in ["", "5", "s", "-1s", "1.5s", "5 s", "+5s", "99999999999999999999s", "4000d", "5w"] {
            assert_eq!(Span::read(wrong), None, "{wrong}");
        }
    }
}
