//! Nothing stays of a contact that is erased.

use crate::base::id::AccountId;
use crate::store::tx::Tx;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::notice::told;
use crate::ui::http::cloud::{alias, sent};
use crate::ui::http::error::ApiError;

/// Forgets the contact that was known first under this account: its number, and what was kept of messages to it.
pub(in crate::ui::http) async fn forget(api: &Api, thread: AccountId) -> Result<(), ApiError> {
    let webhooks: Vec<_> = api.hooks().list().await?.into_iter().map(|(id, ..)| id).collect();
    let stage = move |tx: &Tx<'_>| {
        sent::forget(tx, &thread);
        if let Some(alias) = alias::take(tx, &thread) {
            webhooks.iter().for_each(|webhook| told::forget_one(tx, webhook.as_bytes(), alias));
        }
    };
    Ok(api.node().write(stage).await?)
}
