//! What the node's person is shown of the Cloud-API-compatible surface: all that a program has to be given.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroize as _;

use crate::base::kind::AccountKind;
use crate::engine::command::Refusal;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::webhook::post::secret_text;

/// What a program has to be given, besides the node's address and a token.
#[derive(Serialize, JsonSchema)]
pub(in crate::ui::http) struct Surface {
    /// The phone-number id.
    phone_number_id: String,
    /// What is shown as the telephone number.
    display_phone_number: String,
    /// The business account's id.
    business_account_id: String,
    /// The id of the catalog.
    catalog_id: String,
    /// The app's id.
    app_id: String,
    /// What letters to webhooks are signed with (HMAC-SHA-256, the text itself as the key).
    app_secret: String,
}

impl Drop for Surface {
    fn drop(&mut self) {
        self.app_secret.zeroize();
    }
}

pub(in crate::ui::http) async fn show(State(api): State<Api>) -> Result<Json<Surface>, ApiError> {
    if api.node().kind() != AccountKind::Business {
        return Err(Refusal::NotABusiness.into());
    }
    let account = api.cloud().get().await?;
    Ok(Json(Surface {
        phone_number_id: account.phone_number(),
        display_phone_number: account.number(),
        business_account_id: account.business(),
        catalog_id: account.catalog(),
        app_id: account.app(),
        app_secret: secret_text(&account.secret).as_str().to_owned(),
    }))
}
