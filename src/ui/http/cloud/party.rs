//! One contact under all its names.

use serde_json::{Value, json};

use crate::domain::identity::contact::Contact;
use crate::node::identity::system_rng;
use crate::store::tx::Tx;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::alias::{self, Alias};
use crate::ui::http::cloud::user_id;
use crate::ui::http::error::ApiError;

/// Somebody, as programs know them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Party {
    pub(super) name: String,
    /// Fifteen digits.
    pub(super) wa_id: String,
    pub(super) user_id: String,
}

impl Party {
    /// A contact that has this number.
    pub(super) fn new(contact: &Contact, alias: Alias) -> Self {
        let (wa_id, user_id) = (alias.to_string(), user_id::encode(&contact.account));
        // A name is required, and people need not say theirs.
        let name = if contact.name.is_empty() { wa_id.clone() } else { contact.name.clone() };
        Self { name, wa_id, user_id }
    }

    /// As an element of `contacts` in what webhooks are told.
    pub(super) fn contact(&self) -> Value {
        json!({ "profile": { "name": self.name }, "wa_id": self.wa_id, "user_id": self.user_id })
    }
}

/// The contact's number; it is given one where it has none.
pub(super) async fn alias_of(api: &Api, contact: &Contact) -> Result<Alias, ApiError> {
    let thread = contact.thread;
    if let Some(known) = api.view(move |rows| alias::known(rows, &thread)).await? {
        return Ok(known);
    }
    let ours = api.cloud().get().await?.alias();
    let give = move |tx: &Tx<'_>| alias::give(tx, &thread, ours, &mut system_rng());
    Ok(api.node().write(give).await?)
}
