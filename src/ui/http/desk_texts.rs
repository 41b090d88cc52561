//! Routes of what the front desk keeps to be said: quick replies, templates, the catalog.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::business::catalog::{self, Item};
use crate::domain::business::quick::{self, Quick};
use crate::domain::business::template::Definition;
use crate::domain::business::templates::{self, Version};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::DeskCommand;
use crate::ui::http::api::Api;
use crate::ui::http::desk::business;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};

/// A quick reply.
#[derive(Serialize, JsonSchema)]
pub(super) struct QuickView {
    name: String,
    /// With blanks such as `{{when}}`.
    text: String,
}

impl From<Quick> for QuickView {
    fn from(Quick { name, text }: Quick) -> Self {
        Self { name, text }
    }
}

pub(super) async fn quick_replies(State(api): State<Api>) -> Result<Json<Vec<QuickView>>, ApiError> {
    business(&api)?;
    Ok(Json(api.view(|rows| quick::list(rows)).await?.into_iter().map(QuickView::from).collect()))
}

/// The text of a quick reply.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuickText {
    /// With blanks such as `{{when}}`.
    text: String,
}

pub(super) async fn put_quick(
    State(api): State<Api>,
    Part(name): Part,
    Body(QuickText { text }): Body<QuickText>,
) -> Result<Json<QuickView>, ApiError> {
    let quick = Quick { name, text };
    api.command(Command::Desk(DeskCommand::PutQuick(quick.clone()))).await?;
    Ok(Json(quick.into()))
}

pub(super) async fn remove_quick(
    State(api): State<Api>,
    Part(name): Part,
) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::RemoveQuick(name))).await?))
}

/// A version of a template.
#[derive(Serialize, JsonSchema)]
pub(super) struct TemplateView {
    version: u32,
    added: Time,
    #[serde(flatten)]
    definition: Definition,
}

impl From<Version> for TemplateView {
    fn from(Version { version, added, definition }: Version) -> Self {
        Self { version, added, definition }
    }
}

pub(super) async fn list_templates(State(api): State<Api>) -> Result<Json<Vec<TemplateView>>, ApiError> {
    business(&api)?;
    Ok(Json(api.view(|rows| templates::list(rows)).await?.into_iter().map(TemplateView::from).collect()))
}

/// All versions of one template that are kept, newest first.
pub(super) async fn template_versions(
    State(api): State<Api>,
    Part(name): Part,
) -> Result<Json<Vec<TemplateView>>, ApiError> {
    business(&api)?;
    let wanted = name.clone();
    let versions = api.view(move |rows| templates::versions(rows, &wanted)).await?;
    if versions.is_empty() {
        return Err(Refusal::NoneSuch(format!("there is no template {name}")).into());
    }
    Ok(Json(versions.into_iter().map(TemplateView::from).collect()))
}

pub(super) async fn add_template(
    State(api): State<Api>,
    Body(definition): Body<Definition>,
) -> Result<Json<TemplateView>, ApiError> {
    let name = definition.name.clone();
    api.command(Command::Desk(DeskCommand::PutTemplate(Box::new(definition)))).await?;
    let wanted = name.clone();
    let added = api.view(move |rows| templates::get(rows, &wanted, None)).await?;
    let gone = || Refusal::NoneSuch(format!("there is no template {name}: it was removed meanwhile")).into();
    added.map(TemplateView::from).map(Json).ok_or_else(gone)
}

pub(super) async fn remove_template(
    State(api): State<Api>,
    Part(name): Part,
) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::RemoveTemplate(name))).await?))
}

/// A thing of the catalog.
#[derive(Serialize, JsonSchema)]
pub(super) struct ItemView {
    id: String,
    name: String,
    about: String,
    #[schemars(with = "Price")]
    price: Money,
}

/// How a price is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Money`")]
struct Price {
    /// Minor units, such as centavos.
    minor: u64,
    /// ISO 4217, such as BRL.
    currency: String,
}

impl From<Item> for ItemView {
    fn from(Item { id, name, about, price }: Item) -> Self {
        Self { id, name, about, price }
    }
}

pub(super) async fn items(State(api): State<Api>) -> Result<Json<Vec<ItemView>>, ApiError> {
    business(&api)?;
    Ok(Json(api.view(|rows| catalog::list(rows)).await?.into_iter().map(ItemView::from).collect()))
}

/// A thing to be sold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wares {
    name: String,
    #[serde(default)]
    about: String,
    #[schemars(with = "Price")]
    price: Money,
}

pub(super) async fn put_item(
    State(api): State<Api>,
    Part(id): Part,
    Body(Wares { name, about, price }): Body<Wares>,
) -> Result<Json<ItemView>, ApiError> {
    let item = Item { id, name, about, price };
    api.command(Command::Desk(DeskCommand::PutItem(item.clone()))).await?;
    Ok(Json(item.into()))
}

pub(super) async fn item(State(api): State<Api>, Part(id): Part) -> Result<Json<ItemView>, ApiError> {
    business(&api)?;
    let all = api.view(|rows| catalog::list(rows)).await?;
    let found = all.into_iter().find(|item| item.id == id);
    let none = || Refusal::NoneSuch(format!("there is no thing in the catalog {id}")).into();
    found.map(ItemView::from).map(Json).ok_or_else(none)
}

pub(super) async fn remove_item(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::RemoveItem(id))).await?))
}
