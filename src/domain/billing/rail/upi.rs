//! UPI, India's instant payments: the deep link of the NPCI's linking specification.

use crate::base::money::Money;
use crate::domain::billing::rail::pix::decimal;
use crate::domain::billing::rail::unusable::Unusable;
use crate::wire::rail::Payee;

const NOTE_MAX: usize = 50;

/// A link that asks for `amount`. A payer's "success" screen proves nothing: the payee's bank does.
///
/// # Errors
/// What of the payee or the amount a link can't carry.
pub fn link(payee: &Payee, amount: Money, reference: &str) -> Result<String, Unusable> {
    if amount.currency.code() != "INR" {
        return Err(Unusable::Currency("UPI", "INR"));
    }
    let address = &payee.account;
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if !address.split_once('@').is_some_and(|(name, bank)| plain(name) && plain(bank)) {
        return Err(Unusable::Account("a UPI address looks like name@bank"));
    }
    if payee.name.is_empty() {
        return Err(Unusable::Account("UPI needs the payee's name"));
    }
    let note: String = format!("Invoice {reference}").chars().take(NOTE_MAX).collect();
    Ok(format!(
        "upi://pay?pa={address}&pn={}&am={}&cu=INR&tr={reference}&tn={}",
        escaped(&payee.name),
        decimal(amount),
        escaped(&note)
    ))
}

/// A text as a part of a query (RFC 3986).
fn escaped(text: &str) -> String {
    let escape = |byte: u8| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rail::Rail;

    fn payee(account: &str) -> Payee {
        Payee { rail: Rail::Upi, account: account.into(), name: "Chai & Co".into(), place: String::new() }
    }

    #[test]
    fn a_link_carries_the_amount_and_our_reference() {
        let ten = Money::parse("10", "INR".parse().unwrap()).unwrap();
        assert_eq!(
            link(&payee("chai@okbank"), ten, "ABCDEFGHIJKLMNOPQRST").unwrap(),
            "upi://pay?pa=chai@okbank&pn=Chai%20%26%20Co&am=10.00&cu=INR&tr=ABCDEFGHIJKLMNOPQRST\
             &tn=Invoice%20ABCDEFGHIJKLMNOPQRST"
        );
        for bad in ["chai", "@okbank", "chai@", "a&b@c", "chai@ok@bank"] {
            assert!(link(&payee(bad), ten, "A").is_err(), "{bad}");
        }
        let euro = Money::parse("10", "EUR".parse().unwrap()).unwrap();
        assert_eq!(link(&payee("chai@okbank"), euro, "A"), Err(Unusable::Currency("UPI", "INR")));
    }
}
