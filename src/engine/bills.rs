//! Bills of orders: what is on them by the catalog, and how they can be paid by the business's own rails.

use data_encoding::BASE32_NOPAD;

use crate::base::id::{AccountId, MessageId};
use crate::base::money::Money;
use crate::crypto::hash::sha256;
use crate::domain::billing::rail::request;
use crate::domain::business::catalog;
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::Body;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::moved;
use crate::store::table::Rows;
use crate::wire::rail::Rail;
use crate::wire::said::bill::{self, Bill, BilledItem, Extra, Way};
use crate::wire::said::message::Said;

/// What is to be billed.
#[derive(Clone, Debug)]
pub struct BillWish {
    /// What the business calls the order.
    pub reference: String,
    /// As in [`Bill`].
    pub text: String,
    /// As in [`Bill`].
    pub footer: String,
    /// Ids of things in the catalog, each with how many.
    pub items: Vec<(String, u32)>,
    /// What is added and taken off.
    pub extras: Vec<Extra>,
}

/// Why there is no bill.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BillError {
    /// It isn't sold.
    #[error("there is no thing in the catalog {0}")]
    Unknown(String),
    /// It doesn't add up.
    #[error("what is on a bill is of one currency, and comes to no less than nothing")]
    Sum,
    /// It is out of bounds.
    #[error("{0}")]
    Bounds(&'static str),
}

/// What a bill says now: at the prices of the catalog, whatever a customer's node wrote, and with each way to pay that this
/// business has and that carries its currency.
///
/// # Errors
/// That something isn't sold, or that it is out of bounds.
pub fn bill(rows: &impl Rows, wish: BillWish) -> Result<Bill, BillError> {
    let BillWish { reference, text, footer, items, extras } = wish;
    let billed = |(id, quantity): (String, u32)| match catalog::get(rows, &id) {
        Some(item) => Ok(BilledItem { name: item.name.clone(), price: item.price, id, quantity }),
        None => Err(BillError::Unknown(id)),
    };
    let items: Result<Vec<BilledItem>, BillError> = items.into_iter().map(billed).collect();
    let items = items?;
    let total = bill::sum(&items, &extras).ok_or(BillError::Sum)?;
    let ways = ways(rows, total, &reference);
    let bill = Bill { reference, text, footer, items, extras, total, ways };
    bill.check().map_err(|error| BillError::Bounds(error.0))?;
    Ok(bill)
}

/// How an amount can be paid by the rails that this business has. Lightning isn't among them: it takes a code of its own for
/// each payment.
pub fn ways(rows: &impl Rows, total: Money, reference: &str) -> Vec<Way> {
    let Some(own) = rows.row(&OWN_PROFILE, OWN_PROFILE_ID) else { return Vec::new() };
    let reference = pay_reference(reference);
    let payees = own.draft().payees.iter();
    let payees = payees.filter(|payee| payee.rail != Rail::Lightning && request::carries(payee.rail, total));
    let way = |payee: &crate::wire::rail::Payee| {
        let text = request::text(payee, total, &reference).ok()?;
        Some(Way { rail: payee.rail, name: payee.name.clone(), text })
    };
    payees.filter_map(way).collect()
}

/// By what a payment for an order is known on bank statements: 20 characters of `A-Z2-7`, which fit the fields of the common
/// rails, of whatever the business calls the order.
pub fn pay_reference(reference: &str) -> String {
    let mut text = BASE32_NOPAD.encode(&sha256(&[b"order ", reference.as_bytes()]));
    text.truncate(PAY_REFERENCE_LEN);
    text
}

const PAY_REFERENCE_LEN: usize = 20;

/// What is wanted by an order of a customer's, each thing with how many; none where that message is no order.
pub fn ordered(rows: &impl Rows, with: &AccountId, order: MessageId) -> Option<Vec<(String, u32)>> {
    let contact = moved::contact(rows, with)?;
    let named = Named { side: Side::Theirs, id: order };
    match conversation::find(rows, &contact.thread, named)?.body {
        Body::Said(Said::Order(order)) => {
            Some(order.items.iter().map(|item| (item.id.clone(), item.quantity)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::business::catalog::Item;
    use crate::store::memory::NOTHING;
    use crate::store::tx::Tx;
    use crate::wire::said::bill::ExtraKind;

    #[test]
    fn a_bill_has_the_prices_of_the_catalog() {
        let tx = Tx::new(&NOTHING);
        let price = |amount: &str| Money::parse(amount, "BRL".parse().unwrap()).unwrap();
        let item = Item { id: "rye".into(), name: "Rye".into(), about: String::new(), price: price("19.90") };
        assert!(catalog::put(&tx, item));
        let shipping = Extra { kind: ExtraKind::Shipping, amount: price("5"), about: "by bicycle".into() };
        let wish = |id: &str, extras| BillWish {
            reference: "7".into(),
            text: String::new(),
            footer: String::new(),
            items: vec![(id.into(), 2)],
            extras,
        };
        let made = bill(&tx, wish("rye", vec![shipping])).unwrap();
        assert_eq!((made.total, made.items[0].name.as_str()), (price("44.80"), "Rye"));
        assert_eq!(made.ways, [], "this business takes no money yet");
        assert_eq!(bill(&tx, wish("bun", Vec::new())), Err(BillError::Unknown("bun".into())));
        let discount = Extra { kind: ExtraKind::Discount, amount: price("40"), about: String::new() };
        assert_eq!(bill(&tx, wish("rye", vec![discount])), Err(BillError::Sum));
        assert!(matches!(
            bill(&tx, BillWish { reference: String::new(), ..wish("rye", Vec::new()) }),
            Err(BillError::Bounds(_))
        ));
    }

    #[test]
    fn a_payment_is_known_by_a_reference_that_every_rail_carries() {
        let reference = pay_reference("order-7 (Ana)");
        assert_eq!((reference.len(), pay_reference("order-7 (Ana)") == reference), (20, true));
        assert!(reference.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
        assert_ne!(pay_reference("order-8"), reference);
        assert!(crate::domain::billing::rail::sepa::rf_reference(&reference).is_some());
    }
}
