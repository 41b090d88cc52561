//! Accounts as the decimal ids under which one business knows them.
//!
//! `XP.` and the account's key as one number. A person has another account towards each business, so these ids differ
//! from business to business.

use crate::base::id::AccountId;
use crate::ui::http::cloud::decimal;

/// What every such id begins with.
const PREFIX: &str = "XP.";
/// What stands for nobody, where an id is required.
pub(super) const NOBODY: &str = "XP.0";
/// The id of an account.
pub(super) fn encode(account: &AccountId) -> String {
    format!("{PREFIX}{}", decimal::encode(account.as_bytes()))
}

/// The account of an id.
pub(super) fn decode(text: &str) -> Option<AccountId> {
    decimal::decode(text.strip_prefix(PREFIX)?).map(AccountId::new)
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
