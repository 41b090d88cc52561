//! Money in minor units of an ISO 4217 currency, never in floats.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Currencies whose minor unit isn't a hundredth, with the number of decimals (ISO 4217).
const UNUSUAL_EXPONENTS: &[(&str, u32)] = &[
    ("BHD", 3),
    ("BIF", 0),
    ("CLF", 4),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("UYW", 4),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

/// An ISO 4217 alphabetic currency code: three capital ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The code, for example `BRL`.
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals the minor unit has (ISO 4217): BRL 2, JPY 0, KWD 3.
    pub fn exponent(&self) -> u32 {
        UNUSUAL_EXPONENTS.iter().find(|(code, _)| *code == self.code()).map_or(2, |(_, exponent)| *exponent)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(MoneyError::Currency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// An amount of money: a count of the currency's minor units, never negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How many minor units (centavos, paise); 0 or more.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal amount such as `19.90`, with at most as many decimals as the currency has.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = currency.exponent() as usize;
        if whole.is_empty() || !digits(whole) || !digits(fraction) || amount.ends_with('.') {
            return Err(MoneyError::Amount);
        }
        if fraction.len() > decimals {
            return Err(MoneyError::Decimals { currency, decimals });
        }
        let minor = format!("{whole}{fraction:0<decimals$}").parse().map_err(|_| MoneyError::Amount)?;
        Ok(Self { minor, currency })
    }
}

impl fmt::Display for Money {
    /// The currency and the decimal amount: `BRL 19.90`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.exponent() as usize;
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if decimals == 0 { "" } else { "." };
        write!(f, "{} {sign}{whole}{point}{fraction}", self.currency)
    }
}

/// Why a text isn't money.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MoneyError {
    /// Not three capital letters.
    #[error("a currency is three capital letters, such as BRL or INR")]
    Currency,
    /// Not a non-negative decimal number, or one too large.
    #[error("an amount is a number such as 19.90, without sign or thousands separator")]
    Amount,
    /// More decimals than the currency's minor unit has.
    #[error("{currency} has {decimals} decimals")]
    Decimals {
        /// The currency.
        currency: Currency,
        /// Its ISO 4217 exponent.
        decimals: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, code: &str) -> Result<Money, MoneyError> {
        Money::parse(amount, code.parse()?)
    }

    #[test]
    fn amounts_keep_their_currencys_decimals() {
        assert_eq!(money("19.9", "BRL").unwrap().to_string(), "BRL 19.90");
        assert_eq!(money("0.05", "INR").unwrap().minor, 5);
        assert_eq!(money("500", "JPY").unwrap().to_string(), "JPY 500");
        assert_eq!(money("1.234", "KWD").unwrap().minor, 1234);
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for bad in ["", ".5", "5.", "-1", "1,50", "1e3", "99999999999999999999"] {
            assert!(money(bad, "BRL").is_err(), "{bad}");
        }
        assert!(matches!(money("1.5", "JPY"), Err(MoneyError::Decimals { .. })));
        assert!(money("1", "brl").is_err());
    }
}
