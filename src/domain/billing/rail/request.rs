//! An invoice's text by one of its rails: what a bank or a wallet reads, typed or from a QR code.

use crate::base::money::Money;
use crate::domain::billing::rail::lightning::Bolt11;
use crate::domain::billing::rail::unusable::Unusable;
use crate::domain::billing::rail::{pix, sepa, upi};
use crate::wire::rail::{Payee, Rail};

/// The text that pays `amount` to a payee under `reference`, an invoice's key. Of a manual payment it is what the
/// business says that is to be done.
///
/// # Errors
/// Why the rail can't carry it.
pub fn text(payee: &Payee, amount: Money, reference: &str) -> Result<String, Unusable> {
    match payee.rail {
        Rail::Manual => Ok(payee.account.clone()),
        Rail::Pix => pix::code(payee, amount, reference),
        Rail::Upi => upi::link(payee, amount, reference),
        Rail::Sepa => sepa::code(payee, amount, reference),
        Rail::Lightning => {
            Bolt11::parse(&payee.account)?;
            Ok(payee.account.to_ascii_uppercase())
        }
    }
}

/// Whether a business can say that it takes money so: of Lightning a payee is its node's key, which no amount
/// belongs to.
///
/// # Errors
/// Why not, and what would do.
pub fn check(payee: &Payee) -> Result<(), Unusable> {
    let one = |code: &str| -> Result<Money, Unusable> {
        Ok(Money { minor: 1, currency: code.parse().map_err(|_| Unusable::Account("a currency"))? })
    };
    if !payee.is_bounded() {
        return Err(Unusable::Account("say whom to pay, in lines that aren't too long"));
    }
    let reference = "AAAAAAAAAAAAAAAAAAAA";
    match payee.rail {
        Rail::Manual => Ok(()),
        Rail::Pix => text(payee, one("BRL")?, reference).map(drop),
        Rail::Upi => text(payee, one("INR")?, reference).map(drop),
        Rail::Sepa => text(payee, one("EUR")?, reference).map(drop),
        Rail::Lightning => {
            let key = data_encoding::HEXLOWER.decode(payee.account.as_bytes()).unwrap_or_default();
            let parsed = k256::ecdsa::VerifyingKey::from_sec1_bytes(&key);
            let compressed = key.len() == 33 && parsed.is_ok();
            let wrong = Unusable::Account("a Lightning node is named by 66 hexadecimal digits");
            if compressed { Ok(()) } else { Err(wrong) }
        }
    }
}

/// Whether a rail carries this currency at all: Lightning and manual payments carry whatever is agreed on.
pub fn carries(rail: Rail, amount: Money) -> bool {
    match rail {
        Rail::Manual | Rail::Lightning => true,
        Rail::Pix => amount.currency.code() == "BRL",
        Rail::Upi => amount.currency.code() == "INR",
        Rail::Sepa => amount.currency.code() == "EUR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::rail::lightning::tests::NODE;

    fn payee(rail: Rail, account: &str) -> Payee {
        Payee { rail, account: account.into(), name: "Padaria".into(), place: "Recife".into() }
    }

    #[test]
    fn a_payee_is_checked_before_it_is_published() {
        assert_eq!(check(&payee(Rail::Manual, "in cash, at the shop")), Ok(()));
        assert_eq!(check(&payee(Rail::Pix, "pix@padaria.example")), Ok(()));
        assert_eq!(check(&payee(Rail::Upi, "padaria@okbank")), Ok(()));
        assert_eq!(check(&payee(Rail::Lightning, NODE)), Ok(()));
        let iban = Payee { place: String::new(), ..payee(Rail::Sepa, "DE89370400440532013000") };
        assert_eq!(check(&iban), Ok(()));
        for wrong in [
            payee(Rail::Manual, ""),
            payee(Rail::Upi, "padaria"),
            payee(Rail::Sepa, "DE00370400440532013000"),
            payee(Rail::Lightning, "02"),
            payee(Rail::Lightning, &"00".repeat(33)),
        ] {
            assert!(check(&wrong).is_err(), "{wrong:?}");
        }
    }
}
