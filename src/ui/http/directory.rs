//! Routes that look for businesses.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::id::AccountId;
use crate::domain::directory::search::Query;
use crate::engine::command::{Command, Outcome};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Params, Part};
use crate::ui::http::who;

/// A search; an operator is named as a person names it.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Wanted {
    listed_by: Option<String>,
    words: Option<String>,
    category: Option<String>,
    country: Option<String>,
    region: Option<String>,
    language: Option<String>,
    /// Where a further page begins: `next` of the page before.
    #[schemars(with = "Option<String>")]
    cursor: Option<AccountId>,
}

pub(super) async fn find(
    State(api): State<Api>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Outcome>, ApiError> {
    let Wanted { listed_by, words, category, country, region, language, cursor } = wanted;
    let listed_by = match listed_by {
        None => None,
        Some(operator) => {
            let operator = who::contact(&api, &operator).await?;
            // Its newest profile, by whose log its receipts are verified.
            api.command(Command::Lookup(operator)).await?;
            Some(operator)
        }
    };
    let words = words.unwrap_or_default();
    let query = Query { words, category, country, region, language, listed_by, cursor };
    Ok(Json(api.command(Command::Find(query)).await?))
}

pub(super) async fn look_up(State(api): State<Api>, Part(who): Part) -> Result<Json<Outcome>, ApiError> {
    let account = who::contact(&api, &who).await?;
    Ok(Json(api.command(Command::Lookup(account)).await?))
}
