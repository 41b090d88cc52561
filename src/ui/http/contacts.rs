//! Routes about contacts: invites, adding, naming, admitting, verifying, blocking.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::domain::identity::address;
use crate::domain::identity::invite;
use crate::domain::identity::safety_number::SafetyNumber;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::view::{self, ContactView, SafetyNumberView};
use crate::ui::http::api::Api;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::who;

pub(super) async fn invite(State(api): State<Api>) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Invite).await?))
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<ContactView>>, ApiError> {
    Ok(Json(api.view(|rows| view::contacts(rows)).await?))
}

pub(super) async fn show(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    let account = who::contact(&api, &who).await?;
    shown(&api, account).await
}

/// Who is to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Newcomer {
    /// An invite, or the address of a business.
    who: String,
    /// What to call them here.
    name: Option<String>,
}

pub(super) async fn add(
    State(api): State<Api>,
    Body(Newcomer { who, name }): Body<Newcomer>,
) -> Result<Json<Outcome>, ApiError> {
    let who = who.trim();
    let is_invite =
        who.get(..invite::SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(invite::SCHEME));
    let command = if is_invite {
        let invite = invite::decode(who);
        let invite =
            invite.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "invite", error.to_string()))?;
        Command::Accept { invite, name }
    } else {
        let account = address::decode(who);
        let account =
            account.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "address", error.to_string()))?;
        Command::Add { account, name }
    };
    Ok(Json(api.command(command).await?))
}

/// A new name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    name: String,
}

pub(super) async fn rename(
    State(api): State<Api>,
    Part(who): Part,
    Body(NewName { name }): Body<NewName>,
) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, |contact| Command::Rename { contact, name }).await
}

pub(super) async fn admit(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, Command::Admit).await
}

pub(super) async fn refuse(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, Command::Refuse).await
}

pub(super) async fn safety_number(
    State(api): State<Api>,
    Part(who): Part,
) -> Result<Json<SafetyNumberView>, ApiError> {
    Ok(Json(number_of(&api, &who).await?.1))
}

/// What the other side showed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    /// The text of its QR code, or its digits.
    shown: String,
}

/// Whether it is the same number.
#[derive(Serialize, JsonSchema)]
pub(super) struct Compared {
    same: bool,
}

pub(super) async fn compare(
    State(api): State<Api>,
    Part(who): Part,
    Body(Shown { shown }): Body<Shown>,
) -> Result<Json<Compared>, ApiError> {
    let (number, _) = number_of(&api, &who).await?;
    let same = number.matches(&shown);
    let same =
        same.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "safety_number", error.to_string()))?;
    Ok(Json(Compared { same }))
}

async fn number_of(api: &Api, who: &str) -> Result<(SafetyNumber, SafetyNumberView), ApiError> {
    let account = who::contact(api, who).await?;
    let number = api.view(move |rows| view::safety_number(rows, &account)).await?;
    number.ok_or_else(|| Refusal::NotAContact(address::encode(&account)).into())
}

pub(super) async fn verify(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, Command::Verify).await
}

pub(super) async fn block(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, Command::Block).await
}

pub(super) async fn unblock(State(api): State<Api>, Part(who): Part) -> Result<Json<ContactView>, ApiError> {
    change(&api, &who, Command::Unblock).await
}

pub(super) async fn change(
    api: &Api,
    who: &str,
    command: impl FnOnce(AccountId) -> Command,
) -> Result<Json<ContactView>, ApiError> {
    let account = who::contact(api, who).await?;
    api.command(command(account)).await?;
    shown(api, account).await
}

async fn shown(api: &Api, account: AccountId) -> Result<Json<ContactView>, ApiError> {
    let contact = api.view(move |rows| view::contact(rows, &account)).await?;
    contact.map(Json).ok_or_else(|| Refusal::NotAContact(address::encode(&account)).into())
}
