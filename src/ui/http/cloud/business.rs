//! The business account and the app: little more than their ids and the business's name.

use serde_json::{Map, Value, json};

use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::engine::people;
use crate::store::table::{Reader, Rows as _};
use crate::ui::http::api::Api;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::fields::chosen;
use crate::ui::http::error::ApiError;

/// What programs are told that this is.
pub(super) const APP_NAME: &str = "sigillo";

pub(super) async fn show(ask: Ask) -> Answer {
    let document = json!({
        "id": ask.account.business(),
        "name": name_of(&ask.api).await?,
        "status": "ACTIVE",
    });
    shown(&ask, document, &["id", "name"])
}

pub(super) async fn app(ask: Ask) -> Answer {
    let document = json!({ "id": ask.account.app(), "name": APP_NAME });
    shown(&ask, document, &["id", "name"])
}

fn shown(ask: &Ask, document: Value, usual: &[&str]) -> Answer {
    let fields = ask.query().text("fields");
    let all: Map<String, Value> = document.as_object().cloned().unwrap_or_default();
    Ok(answer(&chosen(all, fields.as_deref(), usual)?))
}

/// What the business calls itself.
pub(super) async fn name_of(api: &Api) -> Result<String, ApiError> {
    let look = |rows: &Reader<'_>| {
        let published = rows.row(&OWN_PROFILE, OWN_PROFILE_ID).map(|profile| profile.draft().name.clone());
        published.filter(|name| !name.is_empty()).unwrap_or_else(|| people::own_name(rows))
    };
    api.view(look).await
}
