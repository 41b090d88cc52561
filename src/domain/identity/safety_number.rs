//! Safety numbers: sixty digits by which two people find out whether they have each other's identity key.
//!
//! The manner of Signal's numeric fingerprints (the Signal blog, "Safety number updates", 2016), with our own
//! labels: each side's key is hashed 5,200 times, so that a key whose digits look alike costs that much a trial.

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq as _;

use crate::base::id::AccountId;
use crate::base::limits;
use crate::crypto::hash::sha512;
use crate::crypto::kdf::label;

/// What the text of a QR code begins with.
pub const SCHEME: &str = "sigillo-verify:";
/// The version of today's safety numbers, in the hash and in the QR code.
pub const VERSION: u8 = 1;
/// Digits of a safety number.
pub const DIGITS: usize = 60;
/// Hashes of each key.
const ITERATIONS: usize = 5_200;
/// Bytes of a key's hash that the QR code carries.
const FINGERPRINT_LEN: usize = 32;
/// Groups of five digits for each key.
const GROUPS: usize = 6;

/// The safety number of two accounts, as one of the two sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SafetyNumber {
    ours: [u8; FINGERPRINT_LEN],
    theirs: [u8; FINGERPRINT_LEN],
}

impl SafetyNumber {
    /// The number of our account that they know, and theirs. Takes some milliseconds.
    pub fn of(ours: &AccountId, theirs: &AccountId) -> Self {
        Self { ours: fingerprint(ours), theirs: fingerprint(theirs) }
    }

    /// The digits, the same for both sides.
    pub fn digits(&self) -> String {
        let (ours, theirs) = (half(&self.ours), half(&self.theirs));
        if ours <= theirs { ours + &theirs } else { theirs + &ours }
    }

    /// The digits in twelve groups of five.
    pub fn groups(&self) -> Vec<String> {
        let digits = self.digits();
        digits.as_bytes().chunks(5).map(|group| String::from_utf8_lossy(group).into_owned()).collect()
    }

    /// The text of the QR code that we show: the scheme and base64url over the version, our key's hash and theirs.
    pub fn qr(&self) -> String {
        let bytes = [&[VERSION][..], &self.ours, &self.theirs].concat();
        format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// Whether what the other side showed (the text of its QR code, or its digits with spaces anywhere) is this
    /// number, seen from there. Compared in constant time.
    ///
    /// # Errors
    /// Where it is neither, so that nothing was compared.
    pub fn matches(&self, shown: &str) -> Result<bool, SafetyError> {
        let shown = shown.trim();
        if shown.len() > limits::SAFETY_TEXT_MAX {
            return Err(SafetyError::Text);
        }
        let start = shown.get(..SCHEME.len()).filter(|start| start.eq_ignore_ascii_case(SCHEME));
        if start.is_some() { self.matches_code(&shown[SCHEME.len()..]) } else { self.matches_digits(shown) }
    }

    fn matches_code(&self, data: &str) -> Result<bool, SafetyError> {
        let bytes = BASE64URL_NOPAD.decode(data.as_bytes()).map_err(|_| SafetyError::Code)?;
        match bytes.split_first() {
            Some((&VERSION, prints)) if prints.len() == 2 * FINGERPRINT_LEN => {
                let (shown_ours, shown_theirs) = prints.split_at(FINGERPRINT_LEN);
                Ok((shown_ours.ct_eq(&self.theirs) & shown_theirs.ct_eq(&self.ours)).into())
            }
            Some((version, _)) if *version > VERSION => Err(SafetyError::Version),
            _ => Err(SafetyError::Code),
        }
    }

    fn matches_digits(&self, shown: &str) -> Result<bool, SafetyError> {
        let digits: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SafetyError::Text);
        }
        Ok(digits.as_bytes().ct_eq(self.digits().as_bytes()).into())
    }
}

/// `H(0) = SHA-512(L("safety number") || version || key)`, `H(n) = SHA-512(H(n-1) || key)`; the first bytes of the
/// last of 5,200.
fn fingerprint(account: &AccountId) -> [u8; FINGERPRINT_LEN] {
    let key = account.as_bytes();
    let first = sha512(&[&label::SAFETY_NUMBER.with(&[&[VERSION]]), key]);
    let last = (1..ITERATIONS).fold(first, |hash, _| sha512(&[&hash, key]));
    core::array::from_fn(|at| last[at])
}

/// Six groups: five bytes each, big-endian, modulo 100,000, five digits.
fn half(fingerprint: &[u8; FINGERPRINT_LEN]) -> String {
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)) % 100_000;
    fingerprint.chunks_exact(5).take(GROUPS).map(|bytes| format!("{:05}", number(bytes))).collect()
}

/// Why nothing was compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SafetyError {
    /// Neither digits nor a code.
    #[error("a safety number has 60 digits, and its code begins with `sigillo-verify:`")]
    Text,
    /// The code is damaged.
    #[error("the code is cut off or mistyped: scan it again")]
    Code,
    /// A later kind of number.
    #[error("the code is of a later version: update sigillo")]
    Version,
}
