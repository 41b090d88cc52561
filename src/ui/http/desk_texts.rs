//! Routes of what the front desk keeps to be said: quick replies, templates, the catalog.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::business::catalog::{self, Item};
use crate::domain::business::quick::{self, Quick};
use crate::domain::business::template::Definition;
use crate::domain::business::templates::{self, Version};
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, Image};
use crate::store::table::{Reader, Rows};
use crate::ui::http::api::Api;
use crate::ui::http::desk::business;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::files;

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
    /// Whether there is a picture of it.
    image: bool,
}

/// How a price is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Money`")]
pub(super) struct Price {
    /// Minor units, such as centavos.
    minor: u64,
    /// ISO 4217, such as BRL.
    currency: String,
}

impl ItemView {
    fn of(rows: &impl Rows, Item { id, name, about, price }: Item) -> Self {
        let image = catalog::picture(rows, &id).is_some();
        Self { id, name, about, price, image }
    }
}

pub(super) async fn items(State(api): State<Api>) -> Result<Json<Vec<ItemView>>, ApiError> {
    business(&api)?;
    let look = |rows: &Reader<'_>| {
        let all = catalog::list(rows).into_iter();
        all.map(|item| ItemView::of(rows, item)).collect::<Vec<_>>()
    };
    Ok(Json(api.view(look).await?))
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
    /// A JPEG or PNG that was given to the node, by its id or the beginning of it: its thumbnail shows the thing from now on.
    /// Empty for no picture any more; where nothing is said, the picture stays as it is.
    image: Option<String>,
}

pub(super) async fn put_item(
    State(api): State<Api>,
    Part(id): Part,
    Body(Wares { name, about, price, image }): Body<Wares>,
) -> Result<Json<ItemView>, ApiError> {
    business(&api)?;
    let image = match image.as_deref() {
        None => Image::Keep,
        Some("") => Image::Remove,
        Some(file) => Image::Of(files::file(&api, file).await?),
    };
    let item = Item { id, name, about, price };
    api.command(Command::Desk(DeskCommand::PutItem { item: item.clone(), image })).await?;
    Ok(Json(api.view(move |rows| ItemView::of(rows, item)).await?))
}

pub(super) async fn item(State(api): State<Api>, Part(id): Part) -> Result<Json<ItemView>, ApiError> {
    business(&api)?;
    let wanted = id.clone();
    let look = move |rows: &Reader<'_>| {
        catalog::get(rows, &wanted).map(|item| ItemView::of(rows, Item::clone(&item)))
    };
    let none = || Refusal::NoneSuch(format!("there is no thing in the catalog {id}")).into();
    api.view(look).await?.map(Json).ok_or_else(none)
}

/// The small picture by which a thing is shown.
pub(super) async fn image(State(api): State<Api>, Part(id): Part) -> Result<Response, ApiError> {
    business(&api)?;
    let wanted = id.clone();
    let picture = api.view(move |rows| catalog::picture(rows, &wanted)).await?;
    let none = || Refusal::NoneSuch(format!("there is no picture of a thing in the catalog {id}"));
    Ok(files::small_picture(picture.ok_or_else(none)?.thumbnail.clone()))
}

pub(super) async fn remove_item(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::RemoveItem(id))).await?))
}
