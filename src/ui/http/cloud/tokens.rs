//! What a token is good for, and the same token for those who exchange it.

use serde_json::{Value, json};

use crate::base::time::Time;
use crate::ui::http::bearer::Denied;
use crate::ui::http::cloud::ask::{Answer, Ask, answer};
use crate::ui::http::cloud::business::APP_NAME;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::error::ApiError;
use crate::ui::http::scope::{Scope, Scopes};

/// A word of that API for what a scope lets its bearer do.
const WORDS: [(Scope, &str); 2] =
    [(Scope::Send, "whatsapp_business_messaging"), (Scope::Manage, "whatsapp_business_management")];

/// What is known of a token that is shown. Who asks needs a token that holds.
pub(super) async fn debug(ask: Ask) -> Answer {
    let token = ask.query().required("input_token")?;
    let (app, business) = (ask.account.app(), ask.account.business());
    let data = match ask.api.tokens().look(&token).await? {
        Ok((scopes, expires)) => {
            let words = words(scopes);
            let granular: Vec<Value> =
                words.iter().map(|word| json!({ "scope": word, "target_ids": [business.clone()] })).collect();
            json!({
                "app_id": app, "type": "SYSTEM_USER", "application": APP_NAME, "is_valid": true,
                "expires_at": expires.map_or(0, Time::as_secs), "data_access_expires_at": 0,
                "scopes": words, "granular_scopes": granular,
            })
        }
        Err(denied) => {
            let error = Graph::from(ApiError::from(denied));
            let expired = denied == Denied::Expired;
            let error = json!({ "code": error.code.number(), "message": error.details, "subcode": if expired { 463 } else { 467 } });
            json!({ "app_id": app, "application": APP_NAME, "is_valid": false, "scopes": [], "error": error })
        }
    };
    Ok(answer(&json!({ "data": data })))
}

fn words(scopes: Scopes) -> Vec<&'static str> {
    WORDS.into_iter().filter(|(scope, _)| scopes.allow(*scope)).map(|(_, word)| word).collect()
}

/// A token for a token: the same one, which holds as long as it did.
pub(super) async fn exchange(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    let kind = parameters.text("grant_type");
    if kind.as_deref() != Some("fb_exchange_token") {
        let words = "Tokens of this node are made with `sigillo token create`; only one that holds can be exchanged, for itself.";
        return Err(Graph::new(Code::Unsupported, words));
    }
    let token = parameters.required("fb_exchange_token")?;
    let (_, expires) = ask.api.tokens().look(&token).await?.map_err(ApiError::from)?;
    let mut answered = json!({ "access_token": token, "token_type": "bearer" });
    if let Some(expires) = expires {
        answered["expires_in"] = expires.since(ask.api.node().now()).as_secs().into();
    }
    Ok(answer(&answered))
}
