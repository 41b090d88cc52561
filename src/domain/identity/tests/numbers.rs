//! Safety numbers: the same on both sides, different for every other key, compared whole.

use super::fixtures::key;
use crate::base::id::AccountId;
use crate::domain::identity::safety_number::{SafetyError, SafetyNumber};

fn pair() -> (SafetyNumber, SafetyNumber) {
    let (ana, bob) = (key(1).id(), key(2).id());
    (SafetyNumber::of(&ana, &bob), SafetyNumber::of(&bob, &ana))
}

#[test]
fn both_sides_see_the_same_sixty_digits_and_their_bytes_stay_as_they_are() {
    let (ana, bob) = pair();
    assert_eq!(ana.digits(), bob.digits());
    assert_eq!(ana.digits().len(), 60);
    assert_eq!(ana.groups().len(), 12);
    assert_eq!(ana.groups().concat(), ana.digits());
    assert_eq!(ana.digits(), DIGITS);
    assert_eq!(SafetyNumber::of(&AccountId::new([0; 32]), &AccountId::new([255; 32])).digits(), EDGES);
}

const DIGITS: &str = "366657595295812560968731685405683702247225095663985202574265";
/// Of the keys 00…00 and FF…FF; computed by another program, from the description in docs/protocol.md.
const EDGES: &str = "416604583819628793725300496870810663715833797339967467699346";

#[test]
fn each_side_scans_what_the_other_shows_and_not_its_own() {
    let (ana, bob) = pair();
    assert_eq!(ana.matches(&bob.qr()), Ok(true));
    assert_eq!(bob.matches(&format!(" {}\n", ana.qr())), Ok(true));
    assert_eq!(ana.matches(&ana.qr()), Ok(false), "a mirror proves nothing");
    assert_eq!(ana.matches(&bob.groups().join(" ")), Ok(true));
    assert_eq!(ana.matches(&bob.digits()), Ok(true));
    for other in [7, 8, 9] {
        let forged = SafetyNumber::of(&key(other).id(), &key(1).id());
        assert_eq!(ana.matches(&forged.qr()), Ok(false));
        assert_eq!(ana.matches(&forged.digits()), Ok(false));
    }
}

#[test]
fn one_wrong_digit_or_byte_is_a_difference_or_no_number_at_all() {
    let (ana, bob) = pair();
    for at in 0..60 {
        let mut digits = bob.digits().into_bytes();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(ana.matches(&String::from_utf8(digits).unwrap()), Ok(false), "digit {at}");
    }
    let code = bob.qr();
    for at in "sigillo-verify:".len()..code.len() {
        let mut bent = code.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        assert_ne!(ana.matches(&String::from_utf8(bent).unwrap()), Ok(true), "character {at}");
        assert!(!ana.matches(&code[..at]).unwrap_or(false));
    }
}

#[test]
fn what_is_no_number_is_said_to_be_none() {
    let (ana, bob) = pair();
    let digits = bob.digits();
    for bad in
        ["", "sigillo:abc", &digits[1..], &format!("{digits}0"), &digits.replace('0', "x"), &"0".repeat(999)]
    {
        assert_eq!(ana.matches(bad), Err(SafetyError::Text), "{bad}");
    }
    assert_eq!(ana.matches("sigillo-verify:"), Err(SafetyError::Code));
    assert_eq!(ana.matches("sigillo-verify:AQ"), Err(SafetyError::Code));
    assert_eq!(ana.matches("sigillo-verify:Ag"), Err(SafetyError::Version));
}
