//! Whether the business shows a catalog and a cart: it doesn't.

use serde_json::json;

use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::error::Graph;

pub(super) async fn show(ask: Ask) -> Answer {
    let settings =
        json!({ "id": ask.account.phone_number(), "is_catalog_visible": false, "is_cart_enabled": false });
    Ok(answer(&json!({ "data": [settings] })))
}

/// That there are none may be said; it is so.
pub(super) async fn change(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    if ["is_catalog_visible", "is_cart_enabled"].into_iter().any(|name| parameters.flag(name) == Some(true)) {
        return Err(Graph::unsupported("catalogs and carts over this API"));
    }
    Ok(success())
}
