//! The phone number: what stands for the business as a sender.

use serde_json::{Map, Value, json};

use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::business::name_of;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::fields::chosen;
use crate::ui::http::cloud::page::page;
use crate::ui::http::scope::Scope;

/// What is shown where no fields are named.
const USUAL: [&str; 7] = [
    "id",
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
];

pub(super) async fn show(ask: Ask) -> Answer {
    let fields = ask.query().text("fields");
    Ok(answer(&chosen(all(&ask).await?, fields.as_deref(), &USUAL)?))
}

/// The only one that the business has.
pub(super) async fn list(ask: Ask) -> Answer {
    let fields = ask.query().text("fields");
    let one = chosen(all(&ask).await?, fields.as_deref(), &USUAL)?;
    Ok(answer(&page(vec![one], &ask)?))
}

async fn all(ask: &Ask) -> Result<Map<String, Value>, Graph> {
    let (account, online) = (&ask.account, ask.api.node().is_online());
    let callback = ask.api.hooks().list().await?.into_iter().find(|(_, hook, _)| hook.is_cloud());
    let mut document = json!({
        "id": account.phone_number(),
        "display_phone_number": account.number(),
        "verified_name": name_of(&ask.api).await?,
        // It is proven by the business's own key, and nobody gave the name leave.
        "code_verification_status": "VERIFIED",
        "name_status": "AVAILABLE_WITHOUT_REVIEW",
        // Nobody rates it.
        "quality_rating": "UNKNOWN",
        "status": if online { "CONNECTED" } else { "DISCONNECTED" },
        "platform_type": "CLOUD_API",
        "throughput": { "level": "STANDARD" },
        "account_mode": "LIVE",
        "is_official_business_account": false,
        "is_pin_enabled": false,
        "messaging_limit_tier": "TIER_UNLIMITED",
    });
    // An address may have in it what lets its bearer in: it is shown to those who may name one.
    if ask.may(Scope::Subscribe) {
        document["webhook_configuration"] = json!({ "application": callback.map(|(_, hook, _)| hook.url) });
    }
    match document {
        Value::Object(all) => Ok(all),
        _ => Ok(Map::new()),
    }
}
