//! Accounts as the decimal ids under which one business knows them.
//!
//! `XP.` and the account's key as one number. A person has another account towards each business, so these ids differ
//! from business to business.

use crate::base::id::AccountId;

/// What every such id begins with.
const PREFIX: &str = "XP.";
/// What stands for nobody, where an id is required.
pub(super) const NOBODY: &str = "XP.0";
/// The digits of 2^256 - 1.
const DIGITS_MAX: usize = 78;
/// A limb of the decimal form, and its digits.
const BASE: u64 = 1_000_000_000;
const BASE_DIGITS: usize = 9;

/// The id of an account.
pub(super) fn encode(account: &AccountId) -> String {
    let mut limbs: Vec<u32> = account
        .as_bytes()
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
    let mut text = PREFIX.to_owned();
    match parts.pop() {
        None => text.push('0'),
        Some(first) => text.push_str(&first.to_string()),
    }
    for part in parts.iter().rev() {
        text.push_str(&format!("{part:0BASE_DIGITS$}"));
    }
    text
}

/// The account of an id.
pub(super) fn decode(text: &str) -> Option<AccountId> {
    let digits = text.strip_prefix(PREFIX)?;
    let is_canonical =
        !digits.is_empty() && digits.len() <= DIGITS_MAX && (digits == "0" || !digits.starts_with('0'));
    if !is_canonical {
        return None;
    }
    let mut bytes = [0_u8; AccountId::LEN];
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
    Some(AccountId::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_key_as_a_number() {
        let account = |byte: u8, last: u8| {
            let mut bytes = [byte; 32];
            bytes[31] = last;
            AccountId::new(bytes)
        };
        assert_eq!(encode(&account(0, 0)), NOBODY);
        assert_eq!(encode(&account(0, 7)), "XP.7");
        let most = "XP.115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(encode(&account(0xff, 0xff)), most);
        // python3: int.from_bytes(bytes([3] * 32), "big")
        let threes = "XP.1362259873380190534394952764808093033567882172536947812228912753034272113411";
        assert_eq!(encode(&account(3, 3)), threes);
        for text in [NOBODY, "XP.7", most, threes] {
            assert_eq!(encode(&decode(text).unwrap()), text);
        }
    }

    #[test]
    fn one_account_has_one_id() {
        for wrong in [
            "",
            "7",
            "XP.",
            "XP.07",
            "XP.00",
            "XP.-7",
            "XP.7 ",
            "xp.7",
            "US.7",
            // One more than there are.
            "XP.115792089237316195423570985008687907853269984665640564039457584007913129639936",
            "XP.999999999999999999999999999999999999999999999999999999999999999999999999999999",
        ] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
