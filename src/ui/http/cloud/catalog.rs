//! The catalog of the business, to be looked at: it is changed at the front desk.

use serde_json::{Map, Value, json};

use crate::domain::business::catalog::{self, Item};
use crate::store::table::Reader;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::business;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::fields::chosen;
use crate::ui::http::cloud::page::page;

/// What is shown of a thing where no fields are named.
const USUAL: [&str; 4] = ["id", "retailer_id", "name", "price"];

/// The one catalog that there is.
pub(super) async fn list(ask: Ask) -> Answer {
    let name = business::name_of(&ask.api).await?;
    Ok(answer(&page(vec![json!({ "id": ask.account.catalog(), "name": name })], &ask)?))
}

pub(super) async fn show(ask: Ask) -> Answer {
    let name = business::name_of(&ask.api).await?;
    let count = ask.api.view(|rows: &Reader<'_>| catalog::list(rows).len()).await?;
    let document = json!({ "id": ask.account.catalog(), "name": name, "product_count": count });
    let all = document.as_object().cloned().unwrap_or_default();
    Ok(answer(&chosen(all, ask.query().text("fields").as_deref(), &["id", "name"])?))
}

/// What is sold.
pub(super) async fn products(ask: Ask) -> Answer {
    let fields = ask.query().text("fields");
    let all = ask.api.view(|rows: &Reader<'_>| catalog::list(rows)).await?;
    let items: Result<Vec<Value>, Graph> =
        all.iter().map(|item| chosen(product(item), fields.as_deref(), &USUAL)).collect();
    Ok(answer(&page(items?, &ask)?))
}

/// A thing as that API shows it. Here a thing has one id, the seller's own.
fn product(item: &Item) -> Map<String, Value> {
    let document = json!({
        "id": item.id,
        "retailer_id": item.id,
        "name": item.name,
        "description": item.about,
        "price": item.price.to_string(),
        "currency": item.price.currency.code(),
        "availability": "in stock",
    });
    document.as_object().cloned().unwrap_or_default()
}
