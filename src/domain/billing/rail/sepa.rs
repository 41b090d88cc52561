//! SEPA credit transfers: the EPC code (EPC069-12) with a structured creditor reference (ISO 11649).

use iban::IbanLike as _;

use crate::base::money::Money;
use crate::domain::billing::rail::pix::decimal;
use crate::domain::billing::rail::unusable::Unusable;
use crate::wire::rail::Payee;

const NAME_MAX: usize = 70;
const CODE_MAX: usize = 331;
/// EUR 999,999,999.99, the most that a code can ask for.
const CENTS_MAX: i64 = 99_999_999_999;

/// The text of an EPC code, version 002, that asks for `amount` under the RF reference of `reference`.
///
/// # Errors
/// What of the payee or the amount a code can't carry.
pub fn code(payee: &Payee, amount: Money, reference: &str) -> Result<String, Unusable> {
    if amount.currency.code() != "EUR" {
        return Err(Unusable::Currency("SEPA", "EUR"));
    }
    if amount.minor > CENTS_MAX {
        return Err(Unusable::Account("a SEPA code asks for at most EUR 999999999.99"));
    }
    let iban: iban::Iban =
        payee.account.parse().map_err(|_| Unusable::Account("the IBAN isn't one: check its digits"))?;
    let name: String = payee.name.chars().take(NAME_MAX).collect();
    if name.trim().is_empty() {
        return Err(Unusable::Account("SEPA needs the payee's name"));
    }
    let bic = payee.place.as_str();
    let known = matches!(bic.len(), 0 | 8 | 11) && bic.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !known {
        return Err(Unusable::Account("a BIC has 8 or 11 letters and digits"));
    }
    let reference = rf_reference(reference).ok_or(Unusable::Account("a reference has 1 to 21 characters"))?;
    let iban = iban.electronic_str();
    let code =
        format!("BCD\n002\n1\nSCT\n{bic}\n{}\n{iban}\nEUR{}\n\n{reference}", name.trim(), decimal(amount));
    if code.len() <= CODE_MAX { Ok(code) } else { Err(Unusable::Account("the payee's name is too long")) }
}

/// `RF`, two check digits and 1 to 21 capitals and digits, so that the whole is 1 modulo 97 (ISO 11649).
pub fn rf_reference(reference: &str) -> Option<String> {
    let fits = (1..=21).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let check = 98 - mod_97(&format!("{reference}RF00"));
    fits.then(|| format!("RF{check:02}{reference}"))
}

/// The text as a number modulo 97, with letters as 10 to 35 (ISO 7064).
fn mod_97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, value| {
        let scaled = if value < 10 { rest * 10 } else { rest * 100 };
        (scaled + value) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rail::Rail;

    fn payee() -> Payee {
        let account = "DE89 3704 0044 0532 0130 00".into();
        Payee { rail: Rail::Sepa, account, name: "Bäckerei Müller".into(), place: "COBADEFFXXX".into() }
    }

    #[test]
    fn references_have_the_published_check_digits() {
        // The example of ISO 11649 that banks publish.
        assert_eq!(rf_reference("539007547034").unwrap(), "RF18539007547034");
        let ours = rf_reference("ABCDEFGHIJKLMNOPQRST").unwrap();
        assert_eq!(mod_97(&format!("{}{}", &ours[4..], &ours[..4])), 1);
        assert!(ours.len() <= 25 && rf_reference("").is_none() && rf_reference("a").is_none());
    }

    #[test]
    fn a_code_has_its_lines_in_order() {
        let euro = Money::parse("1", "EUR".parse().unwrap()).unwrap();
        assert_eq!(
            code(&payee(), euro, "539007547034").unwrap(),
            "BCD\n002\n1\nSCT\nCOBADEFFXXX\nBäckerei Müller\nDE89370400440532013000\nEUR1.00\n\nRF18539007547034"
        );
        let wrong = Payee { account: "DE88370400440532013000".into(), ..payee() };
        assert!(code(&wrong, euro, "A").is_err());
        assert!(code(&Payee { place: "XX".into(), ..payee() }, euro, "A").is_err());
        let real = Money::parse("1", "BRL".parse().unwrap()).unwrap();
        assert_eq!(code(&payee(), real, "A"), Err(Unusable::Currency("SEPA", "EUR")));
    }
}
