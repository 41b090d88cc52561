//! Whether the business shows a catalog and a cart: things are shown in messages only, and can always be ordered of these.

use serde_json::json;

use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::error::Graph;

pub(super) async fn show(ask: Ask) -> Answer {
    let settings =
        json!({ "id": ask.account.phone_number(), "is_catalog_visible": false, "is_cart_enabled": true });
    Ok(answer(&json!({ "data": [settings] })))
}

/// That it is so may be said.
pub(super) async fn change(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    if parameters.flag("is_catalog_visible") == Some(true) {
        return Err(Graph::unsupported("a catalog beside the messages that offer things of it"));
    }
    if parameters.flag("is_cart_enabled") == Some(false) {
        return Err(Graph::unsupported("offers that nothing can be ordered of"));
    }
    Ok(success())
}
