//! Which receiver is told what happens: one for the business account, one for the app.

use serde_json::{Value, json};

use crate::node::identity::system_rng;
use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::business::APP_NAME;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::handshake::shake;
use crate::ui::http::cloud::notice::field::FIELDS;
use crate::ui::http::scope::Scope;
use crate::ui::http::webhook::hook::{Form, Hook, NewHook, Seat};

/// What the app is subscribed to.
const OBJECT: &str = "whatsapp_business_account";

/// The app, where something is told.
pub(super) async fn list(ask: Ask) -> Answer {
    let hooks = seated(&ask).await?;
    let mut data =
        json!({ "whatsapp_business_api_data": { "id": ask.account.app(), "name": APP_NAME, "link": "" } });
    let own = hooks.iter().find(|hook| hook.form == Form::Cloud(Seat::Business));
    // An address may have in it what lets its bearer in: it is shown to those who may name one.
    if let Some(own) = own.filter(|_| ask.may(Scope::Subscribe)) {
        data["override_callback_uri"] = own.url.as_str().into();
    }
    Ok(answer(&json!({ "data": if hooks.is_empty() { json!([]) } else { json!([data]) } })))
}

/// Has a receiver of the business account's own told, or the one that is there already.
pub(super) async fn subscribe(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    if let Some(url) = parameters.text("override_callback_uri") {
        seat(&ask, Seat::Business, url, parameters.text("verify_token"), Vec::new()).await?;
        return Ok(success());
    }
    if seated(&ask).await?.is_empty() {
        let words = "No receiver is known: name one in override_callback_uri, with its verify_token.";
        return Err(Graph::new(Code::Parameter, words));
    }
    Ok(success())
}

/// Has nobody told any more whom a program named.
pub(super) async fn unsubscribe(ask: Ask) -> Answer {
    for seat in [Seat::Business, Seat::App] {
        ask.api.hooks().vacate(seat).await?;
    }
    Ok(success())
}

/// The app's receiver.
pub(super) async fn callbacks(ask: Ask) -> Answer {
    let hooks = seated(&ask).await?;
    let shown = |hook: &Hook| {
        let fields: Vec<Value> =
            fields_of(hook).iter().map(|name| json!({ "name": name, "version": "v23.0" })).collect();
        let mut shown = json!({ "object": OBJECT, "active": true, "fields": fields });
        if ask.may(Scope::Subscribe) {
            shown["callback_url"] = hook.url.as_str().into();
        }
        shown
    };
    let data: Vec<Value> =
        hooks.iter().filter(|hook| hook.form == Form::Cloud(Seat::App)).map(shown).collect();
    Ok(answer(&json!({ "data": data })))
}

fn fields_of(hook: &Hook) -> Vec<&str> {
    if hook.kinds.is_empty() { FIELDS.to_vec() } else { hook.kinds.iter().map(String::as_str).collect() }
}

/// Has the app's receiver told.
pub(super) async fn call_back(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    if parameters.required("object")? != OBJECT {
        return Err(Graph::value("object", &format!("must be `{OBJECT}`")));
    }
    let url = parameters.required("callback_url")?;
    let fields = fields(parameters.get("fields"))?;
    seat(&ask, Seat::App, url, parameters.text("verify_token"), fields).await?;
    Ok(success())
}

/// The fields that are wanted, each once; none where none is named, which means all. Fields of which nothing ever comes are
/// passed over where one that there is stands beside them: those who name all that they know are told what there is.
fn fields(given: Option<&Value>) -> Result<Vec<String>, Graph> {
    let named: Vec<&str> = match given {
        None => return Ok(Vec::new()),
        Some(Value::Array(fields)) if fields.is_empty() => return Ok(Vec::new()),
        Some(Value::String(fields)) if fields.trim().is_empty() => return Ok(Vec::new()),
        Some(Value::Array(fields)) => fields.iter().filter_map(Value::as_str).map(str::trim).collect(),
        Some(Value::String(fields)) => fields.split(',').map(str::trim).collect(),
        Some(_) => Vec::new(),
    };
    let known: Vec<String> =
        FIELDS.into_iter().filter(|field| named.contains(field)).map(str::to_owned).collect();
    if known.is_empty() {
        let words =
            format!("The parameter fields names nothing that there is: there are {}.", FIELDS.join(", "));
        return Err(Graph::new(Code::Parameter, words));
    }
    Ok(known)
}

/// Has it told no more.
pub(super) async fn call_no_more(ask: Ask) -> Answer {
    ask.api.hooks().vacate(Seat::App).await?;
    Ok(success())
}

async fn seated(ask: &Ask) -> Result<Vec<Hook>, Graph> {
    let hooks = ask.api.hooks().list().await?;
    Ok(hooks.into_iter().map(|(_, hook, _)| hook).filter(Hook::is_cloud).collect())
}

async fn seat(
    ask: &Ask,
    seat: Seat,
    url: String,
    verify_token: Option<String>,
    fields: Vec<String>,
) -> Result<(), Graph> {
    let verify_token = verify_token.ok_or_else(|| Graph::missing("verify_token"))?;
    shake(&url, &verify_token).await?;
    let hook =
        NewHook { url, kinds: fields, form: Form::Cloud(seat), secret: Some(ask.account.secret.clone()) };
    ask.api.hooks().reseat(&mut system_rng(), seat, hook).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_that_there_is_counts_once_and_none_means_all_only_where_none_is_named() {
        let fields = |given: Value| fields(Some(&given)).map_err(|error| error.code.number());
        assert_eq!(super::fields(None), Ok(Vec::new()));
        assert_eq!((fields(json!([])), fields(json!(" "))), (Ok(Vec::new()), Ok(Vec::new())));
        assert_eq!(fields(Value::Array(vec!["messages".into(); 11_000])), Ok(vec!["messages".to_owned()]));
        let two = ["messages", "user_id_update"].map(str::to_owned).to_vec();
        assert_eq!(fields(json!("user_id_update, messages,account_update,messages")), Ok(two));
        for wrong in
            [json!("account_update"), json!(["nonsense"]), json!([1]), json!(","), json!(7), json!({})]
        {
            assert_eq!(fields(wrong.clone()), Err(100), "{wrong}");
        }
    }
}
