//! How offers and orders are shown.

use serde::Serialize;

use crate::base::id::{AccountId, MessageId};
use crate::base::money::Money;
use crate::domain::chat::changes::Named;
use crate::domain::chat::conversation;
use crate::domain::chat::timeline::Body;
use crate::domain::identity::moved;
use crate::store::table::Rows;
use crate::wire::said::message::Said;
use crate::wire::said::offer::{Offer, Shelf, Ware};
use crate::wire::said::order::{Found, Order, Ordered};

/// Things that a business sells, to be ordered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct OfferView {
    /// What stands above the text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// The text.
    pub text: String,
    /// What stands below the things.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub footer: String,
    /// The things.
    pub shelves: Vec<ShelfView>,
    /// How many more things the business sells.
    pub more: u32,
}

/// A part of an offer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ShelfView {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What can be ordered.
    pub items: Vec<WareView>,
}

/// A thing that is sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct WareView {
    /// By which it is ordered.
    pub id: String,
    /// For people.
    pub name: String,
    /// More about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What one costs.
    pub price: MoneyView,
    /// Whether there is a picture of it.
    pub picture: bool,
}

/// An amount of money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct MoneyView {
    /// Minor units, such as centavos.
    pub minor: i64,
    /// ISO 4217, such as BRL.
    pub currency: String,
}

/// What a person orders.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct OrderView {
    /// The message that is the offer.
    pub offer: MessageId,
    /// The things.
    pub items: Vec<OrderedView>,
    /// What they cost together, at the prices that stand in the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<MoneyView>,
    /// What else was said.
    pub text: String,
    /// On the business's side: whether all of it was sold at these prices when it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_sold: Option<bool>,
}

/// One thing of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct OrderedView {
    /// The thing's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// What one costs, as the person was shown.
    pub price: MoneyView,
    /// On the business's side, what its catalog said when the order came: `as_sold`, `unknown` or `other_price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<&'static str>,
    /// The other price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_price: Option<MoneyView>,
}

impl From<&Money> for MoneyView {
    fn from(money: &Money) -> Self {
        Self { minor: money.minor, currency: money.currency.code().to_owned() }
    }
}

/// The picture of a thing of the offer that a message is: a small JPEG or PNG.
pub fn picture(rows: &impl Rows, with: &AccountId, message: Named, item: &str) -> Option<Vec<u8>> {
    let contact = moved::contact(rows, with)?;
    match conversation::find(rows, &contact.thread, message)?.body {
        Body::Said(Said::Offer(offer)) => Some(offer.ware(item)?.picture.as_ref()?.thumbnail.clone()),
        _ => None,
    }
}

pub(super) fn offer_view(offer: &Offer) -> OfferView {
    let ware = |ware: &Ware| WareView {
        id: ware.id.clone(),
        name: ware.name.clone(),
        about: ware.about.clone(),
        price: (&ware.price).into(),
        picture: ware.picture.is_some(),
    };
    let shelf = |shelf: &Shelf| ShelfView {
        title: shelf.title.clone(),
        items: shelf.wares.iter().map(ware).collect(),
    };
    OfferView {
        header: offer.header.clone(),
        text: offer.text.clone(),
        footer: offer.footer.clone(),
        shelves: offer.shelves.iter().map(shelf).collect(),
        more: offer.more,
    }
}

pub(super) fn order_view(order: &Order) -> OrderView {
    let is_compared = order.items.iter().all(|item| item.found.is_some());
    OrderView {
        offer: order.offer,
        items: order.items.iter().map(ordered_view).collect(),
        total: order.total().as_ref().map(MoneyView::from),
        text: order.text.clone(),
        as_sold: is_compared.then(|| order.items.iter().all(|item| item.found == Some(Found::AsSold))),
    }
}

fn ordered_view(item: &Ordered) -> OrderedView {
    let (found, catalog_price) = match &item.found {
        None => (None, None),
        Some(Found::AsSold) => (Some("as_sold"), None),
        Some(Found::Unknown) => (Some("unknown"), None),
        Some(Found::OtherPrice(price)) => (Some("other_price"), Some(price.into())),
    };
    OrderedView {
        id: item.id.clone(),
        name: item.name.clone(),
        quantity: item.quantity,
        price: (&item.price).into(),
        found,
        catalog_price,
    }
}

/// Whatever of an offer can be read and searched.
pub(super) fn offer_words(offer: &Offer) -> String {
    let edges = [offer.header.as_str(), offer.text.as_str(), offer.footer.as_str()].into_iter();
    let wares = offer.wares().map(|ware| ware.name.as_str());
    edges.chain(wares).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whatever of an order can be read and searched.
pub(super) fn order_words(order: &Order) -> String {
    let items = order.items.iter().map(|item| format!("{} × {}", item.quantity, item.name));
    let text = Some(order.text.clone()).filter(|text| !text.is_empty());
    items.chain(text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::said::order::tests::order;

    #[test]
    fn an_order_is_as_sold_only_where_all_of_it_is() {
        let mut order = order();
        assert_eq!(order_view(&order).as_sold, None, "nobody compared it");
        order.items.iter_mut().for_each(|item| item.found = Some(Found::AsSold));
        assert_eq!(order_view(&order).as_sold, Some(true));
        order.items[1].found = Some(Found::OtherPrice(order.items[0].price));
        let view = order_view(&order);
        assert_eq!((view.as_sold, view.total.unwrap().minor), (Some(false), 4_430));
        assert_eq!((view.items[1].found, view.items[0].catalog_price.is_none()), (Some("other_price"), true));
        assert_eq!(view.items[1].catalog_price.as_ref().unwrap().minor, 1_990);
        order.items[1].found = Some(Found::Unknown);
        assert_eq!(order_view(&order).as_sold, Some(false));
        assert_eq!(order_words(&order), "2 × Thing rye\n1 × Thing oat\nbefore noon\nplease");
    }
}
