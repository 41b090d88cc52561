//! What a program writes to say what an order comes to, and what becomes of it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::id::AccountId;
use crate::base::money::Money;
use crate::domain::chat::changes::{Named, Side};
use crate::engine::bills::{self, BillError, BillWish};
use crate::engine::command::Refusal;
use crate::ui::http::api::Api;
use crate::ui::http::changes::{self, Wanted};
use crate::ui::http::desk::business;
use crate::ui::http::desk_texts::Price;
use crate::ui::http::error::ApiError;
use crate::wire::said::bill::{Extra, ExtraKind};
use crate::wire::said::message::Said;
use crate::wire::said::order_status::{OrderStatus, Stage};

/// What an order comes to, at the prices of this business's catalog, and with the ways to pay that it has.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BillForm {
    /// The customer's order that is billed, by the message's id or the beginning of it.
    order: Option<String>,
    /// Things of the catalog, where that is no order.
    #[serde(default)]
    items: Vec<Wanted>,
    /// What the order is called; the id of its message where nothing is said.
    reference: Option<String>,
    /// A tax, which is added.
    tax: Option<ExtraForm>,
    /// What it costs to bring it, which is added.
    shipping: Option<ExtraForm>,
    /// What is taken off.
    discount: Option<ExtraForm>,
    /// What is said with it.
    #[serde(default)]
    text: String,
    /// What stands below.
    #[serde(default)]
    footer: String,
}

/// What is added, or taken off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExtraForm {
    #[schemars(with = "Price")]
    amount: Money,
    /// In a few words.
    #[serde(default)]
    about: String,
}

/// What becomes of an order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusForm {
    /// The customer's order, by the message's id or the beginning of it.
    order: Option<String>,
    /// What the order is called; the id of its message where nothing is said.
    reference: Option<String>,
    /// `pending`, `processing`, `partially_shipped`, `shipped`, `completed` or `canceled`.
    status: String,
    /// Why.
    #[serde(default)]
    about: String,
    /// What is said with it.
    #[serde(default)]
    text: String,
    /// What stands below.
    #[serde(default)]
    footer: String,
}

/// Something that is said, and the message that it answers.
pub(super) type Answering = (Said, Option<Named>);

impl BillForm {
    pub(super) async fn said(self, api: &Api, to: AccountId) -> Result<Answering, ApiError> {
        business(api)?;
        let (order, reference) = named(api, to, self.order.as_deref(), self.reference).await?;
        let mut items: Vec<(String, u32)> = self.items.into_iter().map(Wanted::pair).collect();
        if let Some(order) = order {
            if !items.is_empty() {
                return Err(ApiError::bad_request("a bill is of an order, or of items"));
            }
            let ordered = api.view(move |rows| bills::ordered(rows, &to, order.id)).await?;
            items = ordered.ok_or_else(|| Refusal::Said("that message is no order".into()))?;
        }
        let kinds = [
            (ExtraKind::Tax, self.tax),
            (ExtraKind::Shipping, self.shipping),
            (ExtraKind::Discount, self.discount),
        ];
        let extra = |(kind, given): (ExtraKind, Option<ExtraForm>)| {
            given.map(|ExtraForm { amount, about }| Extra { kind, amount, about })
        };
        let extras = kinds.into_iter().filter_map(extra).collect();
        let wish = BillWish { reference, text: self.text, footer: self.footer, items, extras };
        let bill = api.view(move |rows| bills::bill(rows, wish)).await?;
        Ok((Said::Bill(Box::new(bill.map_err(Refusal::from)?)), order))
    }
}

impl StatusForm {
    pub(super) async fn said(self, api: &Api, to: AccountId) -> Result<Answering, ApiError> {
        let (order, reference) = named(api, to, self.order.as_deref(), self.reference).await?;
        let stage = Stage::from_word(&self.status).ok_or_else(|| {
            let words: Vec<&str> = Stage::ALL.into_iter().map(Stage::word).collect();
            ApiError::bad_request(format!("an order is one of: {}", words.join(", ")))
        })?;
        let Self { about, text, footer, .. } = self;
        let status = OrderStatus { reference, stage, about, text, footer };
        Ok((Said::OrderStatus(Box::new(status)), order))
    }
}

/// The message that is meant, and what the order is called.
async fn named(
    api: &Api,
    to: AccountId,
    order: Option<&str>,
    reference: Option<String>,
) -> Result<(Option<Named>, String), ApiError> {
    let order = match order {
        Some(id) => Some(changes::message(api, to, id, Some(Side::Theirs)).await?.0),
        None => None,
    };
    let reference = reference.or_else(|| order.map(|order| order.id.to_string()));
    let missing = || ApiError::bad_request("say which order: its message, or what it is called");
    Ok((order, reference.ok_or_else(missing)?))
}

impl From<BillError> for Refusal {
    fn from(error: BillError) -> Self {
        match error {
            BillError::Unknown(_) => Self::NoneSuch(error.to_string()),
            BillError::Sum | BillError::Bounds(_) => Self::Said(error.to_string()),
        }
    }
}
