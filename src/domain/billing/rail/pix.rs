//! Pix, Brazil's instant payments: the static BR Code (EMV QRCPS merchant-presented mode, BCB Manual de Padrões para
//! Iniciação do Pix).

use unicode_normalization::UnicodeNormalization as _;

use crate::base::money::Money;
use crate::domain::billing::rail::unusable::Unusable;
use crate::wire::rail::Payee;

/// The most characters of a Pix key.
const KEY_MAX: usize = 77;
const NAME_MAX: usize = 25;
const CITY_MAX: usize = 15;

/// The text of a static BR Code that asks for `amount`, with `reference` (at most 25 letters and digits) as its
/// transaction id.
///
/// # Errors
/// What of the payee or the amount a BR Code can't carry.
pub fn code(payee: &Payee, amount: Money, reference: &str) -> Result<String, Unusable> {
    if amount.currency.code() != "BRL" {
        return Err(Unusable::Currency("Pix", "BRL"));
    }
    let key = &payee.account;
    if key.is_empty() || key.len() > KEY_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Unusable::Account("a Pix key has 1 to 77 ASCII characters without spaces"));
    }
    let (name, city) = (ascii(&payee.name, NAME_MAX), ascii(&payee.place, CITY_MAX));
    if name.is_empty() || city.is_empty() {
        return Err(Unusable::Account("Pix needs the payee's name and city"));
    }
    let account = format!("{}{}", field(0, "br.gov.bcb.pix"), field(1, key));
    let mut code = [
        field(0, "01"),
        field(26, &account),
        field(52, "0000"),
        field(53, "986"),
        field(54, &decimal(amount)),
        field(58, "BR"),
        field(59, &name),
        field(60, &city),
        field(62, &field(5, reference)),
    ]
    .concat();
    code.push_str("6304");
    let check = checksum(&code);
    code.push_str(&check);
    Ok(code)
}

/// CRC-16/CCITT-FALSE (polynomial 0x1021, from 0xFFFF) over everything up to and with `6304`, in capitals.
fn checksum(text: &str) -> String {
    let crc = crc::Crc::<u16>::new(&crc::CRC_16_IBM_3740);
    format!("{:04X}", crc.checksum(text.as_bytes()))
}

/// A field: its two-digit id, the two-digit length of its value, the value.
fn field(id: u32, value: &str) -> String {
    format!("{id:02}{:02}{value}", value.len())
}

/// The text in ASCII letters, digits, spaces and a few marks, at most `max` of them.
fn ascii(text: &str, max: usize) -> String {
    let plain = text.nfd().filter(|c| c.is_ascii_alphanumeric() || " .,-&'/".contains(*c));
    let plain: String = plain.collect();
    plain.trim().chars().take(max).collect::<String>().trim_end().to_owned()
}

/// The amount with a point: `19.90`.
pub(super) fn decimal(amount: Money) -> String {
    let text = amount.to_string();
    text.split_once(' ').map_or(text.clone(), |(_, digits)| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rail::Rail;

    fn payee(name: &str, city: &str) -> Payee {
        let account = "123e4567-e12b-12d1-a456-426655440000".into();
        Payee { rail: Rail::Pix, account, name: name.into(), place: city.into() }
    }

    fn brl(amount: &str) -> Money {
        Money::parse(amount, "BRL".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_check_value_and_the_central_banks_example_hold() {
        assert_eq!(checksum("123456789"), "29B1");
        let example = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR\
                       5913Fulano de Tal6008BRASILIA62070503***6304";
        assert_eq!(checksum(example), "1D3D");
    }

    #[test]
    fn a_code_is_the_examples_with_an_amount_and_our_reference() {
        let code = code(&payee("Fulano de Tal", "BRASILIA"), brl("19.90"), "ABCDEFGHIJKLMNOPQRST").unwrap();
        let expected = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000520400005303986\
                        540519.905802BR5913Fulano de Tal6008BRASILIA62240520ABCDEFGHIJKLMNOPQRST6304";
        assert_eq!(code, format!("{expected}{}", checksum(expected)));
    }

    #[test]
    fn names_become_ascii_and_short() {
        let code = code(&payee("Padaria São João da Boa Vista Ltda", "São José dos Campos"), brl("1"), "A");
        let code = code.unwrap();
        assert!(code.is_ascii());
        assert!(code.contains("5925Padaria Sao Joao da Boa V60"), "{code}");
        assert!(code.contains("6015Sao Jose dos Ca"), "{code}");
    }

    #[test]
    fn what_pix_cannot_carry_is_refused() {
        let usd = Money::parse("1", "USD".parse().unwrap()).unwrap();
        assert_eq!(code(&payee("A", "B"), usd, "A"), Err(Unusable::Currency("Pix", "BRL")));
        assert!(code(&payee("", "B"), brl("1"), "A").is_err());
        assert!(code(&payee("A", "日本"), brl("1"), "A").is_err());
        let spaced = Payee { account: "a b".into(), ..payee("A", "B") };
        assert!(code(&spaced, brl("1"), "A").is_err());
    }
}
