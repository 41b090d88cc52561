//! Thirty-two bytes as one number in decimal digits.

/// The digits of 2^256 - 1.
pub(super) const DIGITS_MAX: usize = 78;
/// How many bytes such a number has.
const LEN: usize = 32;
/// A limb of the decimal form, and its digits.
const BASE: u64 = 1_000_000_000;
const BASE_DIGITS: usize = 9;

/// The bytes as an unsigned big-endian number.
pub(super) fn encode(bytes: &[u8; LEN]) -> String {
    let mut limbs: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|four| four.iter().fold(0, |limb, byte| (limb << 8) | u32::from(*byte)))
        .collect();
    let mut parts = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut rest = 0_u64;
        for limb in &mut limbs {
            let whole = (rest << 32) | u64::from(*limb);
            *limb = u32::try_from(whole / BASE).unwrap_or(u32::MAX);
            rest = whole % BASE;
        }
        parts.push(rest);
    }
    let mut text = parts.pop().unwrap_or_default().to_string();
    for part in parts.iter().rev() {
        text.push_str(&format!("{part:0BASE_DIGITS$}"));
    }
    text
}

/// The bytes of a number, which is written in one way only.
pub(super) fn decode(digits: &str) -> Option<[u8; LEN]> {
    let is_canonical =
        !digits.is_empty() && digits.len() <= DIGITS_MAX && (digits == "0" || !digits.starts_with('0'));
    if !is_canonical {
        return None;
    }
    let mut bytes = [0_u8; LEN];
    for digit in digits.bytes() {
        let mut carry = u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        for byte in bytes.iter_mut().rev() {
            let whole = u16::from(*byte) * 10 + carry;
            *byte = u8::try_from(whole & 0xff).unwrap_or_default();
            carry = whole >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_reads_back_and_none_is_written_in_two_ways() {
        let mut bytes = [0; LEN];
        for at in 0..LEN {
            bytes[at] = u8::try_from(at * 7 + 1).unwrap();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        assert_eq!(encode(&[0; LEN]), "0");
        assert_eq!(encode(&[0xff; LEN]).len(), DIGITS_MAX);
        // A limb whose first digits are zeros: 10^9 + 7.
        let mut limbs = [0; LEN];
        limbs[LEN - 4..].copy_from_slice(&1_000_000_007_u32.to_be_bytes());
        assert_eq!(encode(&limbs), "1000000007");
        assert_eq!((decode(""), decode("01"), decode("1a")), (None, None, None));
    }
}
