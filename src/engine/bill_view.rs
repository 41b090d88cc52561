//! How it is shown what an order comes to, and what becomes of it.

use serde::Serialize;

use crate::engine::order_view::MoneyView;
use crate::wire::said::bill::{self, Bill, BilledItem, Extra, Way};
use crate::wire::said::order_status::OrderStatus;

/// What becomes of an order, by the word of the business.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct StatusView {
    /// What the business calls the order.
    pub reference: String,
    /// `pending`, `processing`, `partially_shipped`, `shipped`, `completed` or `canceled`.
    pub status: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What is said with it.
    pub text: String,
    /// What stands below.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub footer: String,
}

/// What an order comes to, and how it can be paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct BillView {
    /// What the business calls the order.
    pub reference: String,
    /// What is said with it.
    pub text: String,
    /// What stands below.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub footer: String,
    /// The things.
    pub items: Vec<BilledView>,
    /// What they come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<MoneyView>,
    /// What is added and taken off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<ExtraView>,
    /// What all of it comes to.
    pub total: MoneyView,
    /// How it can be paid, by the business's word.
    pub pay: Vec<WayView>,
}

/// One thing of a bill.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct BilledView {
    /// The thing's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub price: MoneyView,
}

/// What is added to a bill, or taken off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ExtraView {
    /// `tax` and `shipping` are added, a `discount` is taken off.
    pub what: &'static str,
    /// How much.
    pub amount: MoneyView,
    /// In a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// A way to pay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct WayView {
    /// `manual`, `pix`, `upi`, `sepa` or `lightning`.
    pub rail: &'static str,
    /// Who is paid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What a bank or a wallet reads; by hand, what is to be done.
    pub text: String,
}

pub(super) fn status_view(status: &OrderStatus) -> StatusView {
    StatusView {
        reference: status.reference.clone(),
        status: status.stage.word(),
        about: status.about.clone(),
        text: status.text.clone(),
        footer: status.footer.clone(),
    }
}

pub(super) fn bill_view(bill: &Bill) -> BillView {
    let item = |item: &BilledItem| BilledView {
        id: item.id.clone(),
        name: item.name.clone(),
        quantity: item.quantity,
        price: (&item.price).into(),
    };
    let extra = |extra: &Extra| ExtraView {
        what: extra.kind.word(),
        amount: (&extra.amount).into(),
        about: extra.about.clone(),
    };
    let way = |way: &Way| WayView { rail: way.rail.word(), name: way.name.clone(), text: way.text.clone() };
    BillView {
        reference: bill.reference.clone(),
        text: bill.text.clone(),
        footer: bill.footer.clone(),
        items: bill.items.iter().map(item).collect(),
        subtotal: bill::subtotal(&bill.items).as_ref().map(MoneyView::from),
        extras: bill.extras.iter().map(extra).collect(),
        total: (&bill.total).into(),
        pay: bill.ways.iter().map(way).collect(),
    }
}
