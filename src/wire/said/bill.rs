//! What an order comes to, and how it can be paid.

use std::collections::BTreeSet;

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::charging::{PAYEE_MAX, RAILS_MAX};
use crate::base::limits::NAME_MAX;
use crate::base::money::Money;
use crate::base::said_limits::{
    BILL_ABOUT_MAX, MENU_EDGE_MAX, MENU_TEXT_MAX, OFFER_ITEMS_MAX, ORDER_REFERENCE_MAX, QUANTITY_MAX,
    SAID_MAX,
};
use crate::wire::decode::{Malformed, is_line, is_text, list, required};
use crate::wire::plan::{money_from_schema, money_to_schema};
use crate::wire::rail::Rail;
use crate::wire::said::offer::is_ware;
use crate::wire::schema;

/// What an order comes to, and how it can be paid. It is no invoice of the books: no receipt comes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bill {
    /// What the business calls the order.
    pub reference: String,
    /// What is said with it; may be empty.
    pub text: String,
    /// What stands below; may be empty.
    pub footer: String,
    /// At least one, none twice.
    pub items: Vec<BilledItem>,
    /// What is added and taken off, each at most once.
    pub extras: Vec<Extra>,
    /// What it comes to: the items, with what is added and without what is taken off.
    pub total: Money,
    /// How it can be paid, each way at most once.
    pub ways: Vec<Way>,
}

/// One thing of a bill.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BilledItem {
    /// The thing's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many, from 1.
    pub quantity: u32,
    /// What one costs.
    pub price: Money,
}

/// What is added to a bill, or taken off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Extra {
    /// Which.
    pub kind: ExtraKind,
    /// How much; never negative.
    pub amount: Money,
    /// In a few words; may be empty.
    pub about: String,
}

/// What there is beside the things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtraKind {
    /// A tax, which is added.
    Tax,
    /// What it costs to bring it, which is added.
    Shipping,
    /// What is taken off.
    Discount,
}

/// A way to pay a bill.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Way {
    /// How the money moves.
    pub rail: Rail,
    /// Who is paid; may be empty.
    pub name: String,
    /// What a bank or a wallet reads, or, by hand, what is to be done.
    pub text: String,
}

impl ExtraKind {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Tax, Self::Shipping, Self::Discount];

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tax => "tax",
            Self::Shipping => "shipping",
            Self::Discount => "discount",
        }
    }

    const fn number(self) -> u32 {
        match self {
            Self::Tax => 1,
            Self::Shipping => 2,
            Self::Discount => 3,
        }
    }

    fn from_number(number: u32) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|kind| kind.number() == number).ok_or(Malformed("an unknown extra"))
    }
}

/// What things come to with what is added and without what is taken off. None where there is nothing, where the amounts aren't
/// of one currency, or where they come to less than nothing or more than can be counted.
pub fn sum(items: &[BilledItem], extras: &[Extra]) -> Option<Money> {
    let subtotal = subtotal(items)?;
    let add = |sum: i64, extra: &Extra| {
        let sum = match extra.kind {
            ExtraKind::Tax | ExtraKind::Shipping => sum.checked_add(extra.amount.minor),
            ExtraKind::Discount => sum.checked_sub(extra.amount.minor),
        };
        sum.filter(|_| extra.amount.currency == subtotal.currency)
    };
    let minor = extras.iter().try_fold(subtotal.minor, add)?;
    (minor >= 0).then_some(Money { minor, ..subtotal })
}

/// What the things alone come to.
pub fn subtotal(items: &[BilledItem]) -> Option<Money> {
    let currency = items.first()?.price.currency;
    let add = |sum: i64, item: &BilledItem| {
        let cost = item.price.minor.checked_mul(i64::from(item.quantity))?;
        sum.checked_add(cost).filter(|_| item.price.currency == currency)
    };
    items.iter().try_fold(0, add).map(|minor| Money { minor, currency })
}

impl Bill {
    /// Whether everything is within its bounds, and adds up.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.reference.is_empty() || !is_line(&self.reference, ORDER_REFERENCE_MAX) {
            return Err(Malformed("an order is called by a line of 1 to 64 bytes"));
        }
        if !is_text(&self.text, MENU_TEXT_MAX) || !is_line(&self.footer, MENU_EDGE_MAX) {
            return Err(Malformed("a text has at most 4,096 bytes, a footer is a line of at most 240"));
        }
        self.check_items()?;
        let kinds: BTreeSet<ExtraKind> = self.extras.iter().map(|extra| extra.kind).collect();
        let is_extra = |extra: &Extra| extra.amount.minor >= 0 && is_text(&extra.about, BILL_ABOUT_MAX);
        if kinds.len() != self.extras.len() || !self.extras.iter().all(is_extra) {
            return Err(Malformed(
                "a bill has a tax, a shipping and a discount at most once, not below zero",
            ));
        }
        if sum(&self.items, &self.extras) != Some(self.total) {
            return Err(Malformed("what a bill comes to is the sum of what is on it, in one currency"));
        }
        let rails: BTreeSet<Rail> = self.ways.iter().map(|way| way.rail).collect();
        let is_way =
            |way: &Way| !way.text.is_empty() && is_text(&way.text, PAYEE_MAX) && is_line(&way.name, NAME_MAX);
        if rails.len() != self.ways.len() || !self.ways.iter().all(is_way) {
            return Err(Malformed("a bill has each way to pay at most once"));
        }
        if self.to_schema().encoded_len() > SAID_MAX {
            return Err(Malformed("a bill has at most 12,288 bytes in all"));
        }
        Ok(())
    }

    fn check_items(&self) -> Result<(), Malformed> {
        if !(1..=OFFER_ITEMS_MAX).contains(&self.items.len()) {
            return Err(Malformed("a bill has 1 to 30 things"));
        }
        let is_item = |item: &BilledItem| {
            is_ware(&item.id, &item.name)
                && (1..=QUANTITY_MAX).contains(&item.quantity)
                && item.price.minor >= 0
        };
        let ids: BTreeSet<&str> = self.items.iter().map(|item| item.id.as_str()).collect();
        if ids.len() != self.items.len() || !self.items.iter().all(is_item) {
            return Err(Malformed("of each thing 1 to 99,999 are on a bill, and nothing is on it twice"));
        }
        Ok(())
    }

    pub(crate) fn to_schema(&self) -> schema::OrderBill {
        let item = |item: &BilledItem| schema::Ordered {
            id: item.id.clone(),
            name: item.name.clone(),
            quantity: item.quantity,
            price: Some(money_to_schema(&item.price)),
        };
        let extra = |extra: &Extra| schema::BillExtra {
            kind: extra.kind.number(),
            amount: Some(money_to_schema(&extra.amount)),
            about: extra.about.clone(),
        };
        let way = |way: &Way| schema::BillWay {
            rail: way.rail.number(),
            name: way.name.clone(),
            text: way.text.clone(),
        };
        schema::OrderBill {
            reference: self.reference.clone(),
            text: self.text.clone(),
            footer: self.footer.clone(),
            items: self.items.iter().map(item).collect(),
            extras: self.extras.iter().map(extra).collect(),
            total: Some(money_to_schema(&self.total)),
            ways: self.ways.iter().map(way).collect(),
        }
    }

    pub(crate) fn from_schema(bill: schema::OrderBill) -> Result<Self, Malformed> {
        let item = |schema::Ordered { id, name, quantity, price }: schema::Ordered| {
            Ok(BilledItem { id, name, quantity, price: money_from_schema(required(price)?)? })
        };
        let extra = |schema::BillExtra { kind, amount, about }: schema::BillExtra| {
            let amount = money_from_schema(required(amount)?)?;
            Ok(Extra { kind: ExtraKind::from_number(kind)?, amount, about })
        };
        let way = |schema::BillWay { rail, name, text }: schema::BillWay| {
            Ok(Way { rail: Rail::from_number(rail)?, name, text })
        };
        let bill = Self {
            reference: bill.reference,
            text: bill.text,
            footer: bill.footer,
            items: list(bill.items, OFFER_ITEMS_MAX, item)?,
            extras: list(bill.extras, ExtraKind::ALL.len(), extra)?,
            total: money_from_schema(required(bill.total)?)?,
            ways: list(bill.ways, RAILS_MAX, way)?,
        };
        bill.check().map(|()| bill)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn money(amount: &str) -> Money {
        Money::parse(amount, "BRL".parse().unwrap()).unwrap()
    }

    pub(crate) fn bill() -> Bill {
        let item = |id: &str, quantity: u32, price: &str| BilledItem {
            id: id.into(),
            name: format!("Thing {id}"),
            quantity,
            price: money(price),
        };
        let extra = |kind, amount: &str| Extra { kind, amount: money(amount), about: String::new() };
        Bill {
            reference: "order-7".into(),
            text: "Here is what it comes to.".into(),
            footer: "Padaria".into(),
            items: vec![item("rye", 2, "19.90"), item("oat", 1, "4.50")],
            extras: vec![extra(ExtraKind::Shipping, "5"), extra(ExtraKind::Discount, "4.30")],
            total: money("45"),
            ways: vec![Way { rail: Rail::Manual, name: "Padaria".into(), text: "in cash".into() }],
        }
    }

    #[test]
    fn a_bill_reads_back() {
        let bare = Bill { extras: Vec::new(), total: money("44.30"), ways: Vec::new(), ..bill() };
        for good in [bill(), bare] {
            assert_eq!(Bill::from_schema(good.to_schema()), Ok(good));
        }
        assert_eq!(subtotal(&bill().items), Some(money("44.30")));
    }

    #[test]
    fn a_bill_adds_up_or_is_none() {
        let with = |change: &dyn Fn(&mut Bill)| {
            let mut changed = bill();
            change(&mut changed);
            changed
        };
        let dollars = Money { currency: "USD".parse().unwrap(), ..money("5") };
        let wrong = [
            with(&|bill| bill.total = money("44.99")),
            with(&|bill| bill.extras[0].amount = dollars),
            with(&|bill| bill.items[0].price = dollars),
            with(&|bill| bill.extras[1].amount = money("99")),
            with(&|bill| bill.extras[1].kind = ExtraKind::Shipping),
            with(&|bill| bill.items[0].price.minor = i64::MAX),
            with(&|bill| bill.items[1].id = "rye".into()),
            with(&|bill| bill.items[1].quantity = 0),
            with(&|bill| bill.items.clear()),
            with(&|bill| bill.ways.push(bill.ways[0].clone())),
            with(&|bill| bill.ways[0].text.clear()),
            with(&|bill| bill.reference.clear()),
            with(&|bill| bill.text = "\u{1b}[2J".into()),
        ];
        for wrong in wrong {
            assert!(Bill::from_schema(wrong.to_schema()).is_err(), "{wrong:?}");
        }
        let mut unknown = bill().to_schema();
        unknown.ways[0].rail = 99;
        assert!(Bill::from_schema(unknown).is_err());
    }
}
