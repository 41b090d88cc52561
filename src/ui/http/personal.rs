//! Routes about one person's data: all of it handed out, or erased.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use serde_json::{Value, json};

use crate::base::id::AccountId;
use crate::domain::identity::{address, moved};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::{consent_view, ledger, view};
use crate::node::event_log;
use crate::store::snapshot::Fault;
use crate::ui::http::api::Api;
use crate::ui::http::cloud::forget as cloud;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::Part;
use crate::ui::http::who;

/// Entries that are read at once.
const PAGE: usize = 500;
/// What laws on bookkeeping want to be kept, whoever asks for it to be erased.
const KEPT: &str = "subscriptions, invoices, credit notes and receipts, and the chain that they are in: laws on bookkeeping \
                    and taxes want them kept, and they prove to the contact what it paid";

/// What comes before the entries: everything that has a bound.
async fn front(api: &Api, account: AccountId) -> Result<Value, ApiError> {
    let now = api.node().now();
    let front = api.view(move |rows| {
        let current = moved::current(rows, &account);
        let with = address::encode(&current);
        let reports = consent_view::file(rows, &account, true);
        json!({
            "format": "sigillo-contact/1",
            "made": now,
            "contact": view::contact(rows, &current),
            "former": former(rows, &current),
            "consents": consent_view::consents(rows, Some(&account), now),
            "consent_file": reports,
            "dropped": consent_view::dropped(rows).into_iter().filter(|one| one.with == with).collect::<Vec<_>>(),
            "subscriptions": of(json!(ledger::subscriptions(rows, now)), &with),
            "invoices": of(json!(ledger::invoices(rows, now)), &with),
            "receipts": of(json!(ledger::receipts(rows)), &with),
        })
    });
    front.await
}

/// Addresses that the contact had before.
fn former(rows: &impl crate::store::table::Rows, account: &AccountId) -> Vec<String> {
    let contact = moved::contact(rows, account);
    let line = contact.map(|contact| moved::line(rows, &contact)).unwrap_or_default();
    line.iter().map(|log| address::encode(&log.account())).collect()
}

/// Those of a list that are with this address.
fn of(list: Value, with: &str) -> Value {
    let all = match list {
        Value::Array(all) => all,
        _ => Vec::new(),
    };
    all.into_iter().filter(|one| one["with"] == with).collect()
}

/// A contact's data as one JSON document, the conversation in pages: it may be long.
pub(super) async fn export(State(api): State<Api>, Part(who): Part) -> Result<Response, ApiError> {
    let account = who::contact(&api, &who).await?;
    if api.view(move |rows| view::contact(rows, &account).is_none()).await? {
        return Err(ApiError::not_found("unknown_contact", "there is no such contact"));
    }
    let mut text = front(&api, account).await?.to_string();
    // The entries come last, and the object is closed behind them.
    text.pop();
    text.push_str(",\"entries\":[");
    let pages = stream::unfold(Some((api, Some(text), 0)), move |state| async move {
        let (api, begun, position) = state?;
        if let Some(text) = begun {
            return Some((Ok::<_, Fault>(Bytes::from(text)), Some((api, None, 0))));
        }
        let page = api.view(move |rows| view::since(rows, &account, position, PAGE)).await;
        let Ok(page) = page else {
            // Cut short, so that nobody takes it for the whole.
            return Some((Err(Fault("the store can't be read".into())), None));
        };
        let Some(last) = page.last().map(|entry| entry.position) else {
            return Some((Ok(Bytes::from_static(b"]}")), None));
        };
        let mut text = String::new();
        for entry in &page {
            let comma = if position == 0 && text.is_empty() { "" } else { "," };
            text.push_str(&format!("{comma}{}", serde_json::to_string(entry).unwrap_or_default()));
        }
        Some((Ok(Bytes::from(text)), Some((api, None, last + 1))))
    });
    Ok(([(CONTENT_TYPE, "application/json")], Body::from_stream(pages)).into_response())
}

pub(super) async fn erase(State(api): State<Api>, Part(who): Part) -> Result<Json<Value>, ApiError> {
    // What is begun goes on where the caller hangs up.
    let erased = tokio::runtime::Handle::current().spawn(erase_all(api, who));
    erased.await.map_err(|_| ApiError::from(Refusal::Stopping))?
}

/// Erases a contact, then what else names it: the log of events, letters to webhooks, numbers of the Cloud-API-compatible
/// surface. Each goes in a commit of its own, so under a whole address all but the first are gone through again.
async fn erase_all(api: Api, who: String) -> Result<Json<Value>, ApiError> {
    let (account, known) = who::contact_or_address(&api, &who).await?;
    let named = api.view(move |rows| {
        let current = moved::current(rows, &account);
        let mut names = former(rows, &current);
        names.push(address::encode(&current));
        (names, moved::contact(rows, &account).map_or(account, |contact| contact.thread))
    });
    let (names, thread) = named.await?;
    let erased = api.command(Command::Erase(account)).await;
    if known && erased.is_err() {
        return erased.map(|_| Json(Value::Null));
    }
    cloud::forget(&api, thread).await?;
    let named = names.clone();
    let numbers = api.view(move |rows| event_log::naming(rows, &named)).await?;
    api.node().write(move |tx| event_log::blot(tx, &numbers)).await?;
    api.hooks().forget(names).await?;
    api.node().tidy().await?;
    let Outcome::Erased { address, entries, subscriptions } = erased? else {
        return Err(Fault("a contact was erased otherwise".into()).into());
    };
    let kept =
        if subscriptions > 0 { json!({ "subscriptions": subscriptions, "what": KEPT }) } else { Value::Null };
    Ok(Json(json!({ "address": address, "entries": entries, "kept": kept })))
}
