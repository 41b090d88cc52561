//! From what a person writes for a contact to an account.

use axum::http::StatusCode;

use crate::base::id::AccountId;
use crate::domain::identity::{address, moved};
use crate::engine::view;
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;

/// The contact that is meant by a name, an address or the beginning of one.
pub(super) async fn contact(api: &Api, text: &str) -> Result<AccountId, ApiError> {
    if let Ok(account) = address::decode(text) {
        // Under a former address the contact is meant that has another now.
        return api.view(move |rows| moved::current(rows, &account)).await;
    }
    let text = text.trim().to_owned();
    let wanted = text.clone();
    let found = api.view(move |rows| view::resolve(rows, &wanted)).await?;
    found.map_err(|fitting| match fitting {
        0 => ApiError::not_found(
            "unknown_contact",
            format!("nobody here is called {text}: `sigillo contacts` shows whom this node knows"),
        ),
        many => ApiError::new(
            StatusCode::CONFLICT,
            "ambiguous",
            format!("{many} contacts fit {text}: write more of the address (`sigillo contacts` shows them)"),
        ),
    })
}

/// As [`contact`]; the second part says whether they are a contact, which a full address need not be.
pub(super) async fn contact_or_address(api: &Api, text: &str) -> Result<(AccountId, bool), ApiError> {
    let account = contact(api, text).await?;
    let known = api.view(move |rows| view::contact(rows, &account).is_some()).await?;
    Ok((account, known))
}
