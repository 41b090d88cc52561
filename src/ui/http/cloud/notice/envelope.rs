//! What stands around whatever a webhook is told.

use serde_json::{Value, json};

use crate::base::time::Time;
use crate::ui::http::cloud::account::Account;
use crate::ui::http::cloud::party::Party;

/// The whole body: `content` is what it tells, under `name`. Everything names the contact that it is about.
pub(super) fn body(account: &Account, field: &str, party: &Party, (name, content): (&str, Value)) -> String {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": account.number(), "phone_number_id": account.phone_number() },
    });
    value[name] = json!([content]);
    flat(account, field, party, value)
}

/// The same where what it tells stands beside the contact.
pub(super) fn flat(account: &Account, field: &str, party: &Party, mut value: Value) -> String {
    value["contacts"] = json!([party.contact()]);
    let change = json!({ "field": field, "value": value });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": account.business(), "changes": [change] }],
    })
    .to_string()
}

/// Seconds, as a text.
pub(super) fn seconds(at: Time) -> String {
    at.as_secs().to_string()
}
