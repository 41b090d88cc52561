//! What a person orders of an offer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::base::money::Money;
use crate::base::said_limits::{OFFER_ITEMS_MAX, ORDER_TEXT_MAX, QUANTITY_MAX};
use crate::wire::decode::{Malformed, array, is_text, list, required};
use crate::wire::plan::{money_from_schema, money_to_schema};
use crate::wire::said::offer::is_ware;
use crate::wire::schema;

/// What the sender wants of an offer of the reader's. It is a wish: nothing is owed by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The message that is the offer.
    pub offer: MessageId,
    /// At least one; no thing is twice in it, and all prices are of one currency.
    pub items: Vec<Ordered>,
    /// What else there is to say; may be empty.
    pub text: String,
}

/// One thing of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ordered {
    /// The thing's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many, from 1.
    pub quantity: u32,
    /// What one costs, as the person was shown.
    pub price: Money,
    /// What the business's own catalog said of it when the order came. It isn't sent: whoever writes the order says nothing
    /// of that.
    pub found: Option<Found>,
}

/// What a business's catalog says of a thing that was ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Found {
    /// It is sold at that price.
    AsSold,
    /// It isn't sold.
    Unknown,
    /// It is sold at this price, and not at that which stands in the order.
    OtherPrice(Money),
}

impl Order {
    /// What all of it costs, at the prices that stand in it. None where there is nothing in it, where the prices aren't of
    /// one currency, or where it is more than can be counted.
    pub fn total(&self) -> Option<Money> {
        let currency = self.items.first()?.price.currency;
        let sum = |sum: i64, item: &Ordered| {
            let cost = item.price.minor.checked_mul(i64::from(item.quantity))?;
            sum.checked_add(cost).filter(|_| item.price.currency == currency)
        };
        self.items.iter().try_fold(0, sum).map(|minor| Money { minor, currency })
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if !(1..=OFFER_ITEMS_MAX).contains(&self.items.len()) {
            return Err(Malformed("an order has 1 to 30 things"));
        }
        let is_item = |item: &Ordered| {
            is_ware(&item.id, &item.name)
                && (1..=QUANTITY_MAX).contains(&item.quantity)
                && item.price.minor >= 0
        };
        if !self.items.iter().all(is_item) {
            return Err(Malformed("of each thing 1 to 99,999 are ordered"));
        }
        let ids: BTreeSet<&str> = self.items.iter().map(|item| item.id.as_str()).collect();
        if ids.len() != self.items.len() {
            return Err(Malformed("nothing is twice in an order"));
        }
        if !is_text(&self.text, ORDER_TEXT_MAX) {
            return Err(Malformed("the text of an order has at most 2,048 bytes"));
        }
        match self.total() {
            Some(_) => Ok(()),
            None => Err(Malformed("the prices of an order are of one currency, and can be added up")),
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Order {
        let item = |item: &Ordered| schema::Ordered {
            id: item.id.clone(),
            name: item.name.clone(),
            quantity: item.quantity,
            price: Some(money_to_schema(&item.price)),
        };
        schema::Order {
            offer: self.offer.as_bytes().to_vec(),
            items: self.items.iter().map(item).collect(),
            text: self.text.clone(),
        }
    }

    pub(crate) fn from_schema(order: schema::Order) -> Result<Self, Malformed> {
        let item = |schema::Ordered { id, name, quantity, price }: schema::Ordered| {
            let price = money_from_schema(required(price)?)?;
            Ok(Ordered { id, name, quantity, price, found: None })
        };
        let items = list(order.items, OFFER_ITEMS_MAX, item)?;
        let order = Self { offer: MessageId::new(array(&order.offer)?), items, text: order.text };
        order.check().map(|()| order)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency.parse().unwrap()).unwrap()
    }

    fn item(id: &str, quantity: u32, price: Money) -> Ordered {
        Ordered { id: id.into(), name: format!("Thing {id}"), quantity, price, found: None }
    }

    pub(crate) fn order() -> Order {
        let items = vec![item("rye", 2, money("19.90", "BRL")), item("oat", 1, money("4.50", "BRL"))];
        Order { offer: MessageId::new([4; 16]), items, text: "before noon\nplease".into() }
    }

    #[test]
    fn an_order_reads_back_without_what_a_catalog_said_of_it() {
        assert_eq!(Order::from_schema(order().to_schema()), Ok(order()));
        let mut compared = order();
        compared.items[0].found = Some(Found::OtherPrice(money("21", "BRL")));
        assert_eq!(Order::from_schema(compared.to_schema()), Ok(order()));
    }

    #[test]
    fn an_order_is_added_up_in_one_currency() {
        assert_eq!(order().total(), Some(money("44.30", "BRL")));
        let of = |items| Order { items, ..order() }.total();
        assert_eq!(of(Vec::new()), None);
        assert_eq!(of(vec![item("a", 1, money("1", "BRL")), item("b", 1, money("1", "USD"))]), None);
        let dear = Money { minor: i64::MAX, ..money("1", "BRL") };
        assert_eq!(of(vec![item("a", 1, dear)]), Some(dear));
        assert_eq!(of(vec![item("a", 2, dear)]), None);
        assert_eq!(of(vec![item("a", 1, dear), item("b", 1, money("1", "BRL"))]), None);
    }

    #[test]
    fn an_order_is_within_its_bounds() {
        let price = money("1", "BRL");
        let many = |count: usize| (0..count).map(|at| item(&at.to_string(), 1, price)).collect();
        let with = |items| Order { items, ..order() };
        assert_eq!(with(many(OFFER_ITEMS_MAX)).check(), Ok(()));
        let wrong = [
            with(Vec::new()),
            with(many(OFFER_ITEMS_MAX + 1)),
            with(vec![item("a", 0, price)]),
            with(vec![item("a", QUANTITY_MAX + 1, price)]),
            with(vec![item("a", 1, price), item("a", 2, price)]),
            with(vec![item("", 1, price)]),
            with(vec![item("a", 1, price), item("b", 1, money("1", "USD"))]),
            Order { text: "\u{1b}[2J".into(), ..order() },
            Order { text: "x".repeat(ORDER_TEXT_MAX + 1), ..order() },
        ];
        for wrong in wrong {
            assert!(Order::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
        let mut nameless = order().to_schema();
        nameless.offer.pop();
        assert!(Order::from_schema(nameless).is_err());
    }
}
