//! Routes of forms: the registry of a business, and filling one in.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::domain::business::forms::{self, Category, Definition, Kept, Shape, Status};
use crate::domain::chat::changes::Side;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, FormWish};
use crate::engine::form_view::{FormView, form_view};
use crate::engine::letter::FillWish;
use crate::store::table::Reader;
use crate::ui::http::api::Api;
use crate::ui::http::changes::{self, Changed};
use crate::ui::http::desk::business;
use crate::ui::http::error::ApiError;
use crate::ui::http::extract::{Body, Part};
use crate::ui::http::who;
use crate::wire::said::field::YES;

/// A form of the registry.
#[derive(Serialize, JsonSchema)]
pub(super) struct KeptForm {
    id: String,
    name: String,
    categories: Vec<Category>,
    status: Status,
    added: Time,
    changed: Time,
    /// What it asks; nothing where it asks nothing yet, or takes data.
    form: Option<FormView>,
    /// Whether it is made of data, which only a program of the Cloud-API-compatible surface gives.
    takes_data: bool,
}

impl From<Kept> for KeptForm {
    fn from(kept: Kept) -> Self {
        let Kept { id, name, categories, status, added, changed, shape } = kept;
        let takes_data = shape == Shape::WithData;
        let form = match &shape {
            Shape::Form(form) => Some(form_view(form)),
            Shape::Nothing | Shape::WithData => None,
        };
        Self { id, name, categories, status, added, changed, form, takes_data }
    }
}

/// A form: fields on screens.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Definition`")]
pub(super) struct NewForm {
    /// Its id: `a-z`, `0-9`, `_` and `-`.
    id: String,
    /// What the business calls it; the id where nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    categories: Vec<Category>,
    /// What stands above the text.
    #[serde(default)]
    header: String,
    /// The text of the message.
    text: String,
    /// What stands below it.
    #[serde(default)]
    footer: String,
    /// What opens the form.
    #[serde(default)]
    label: String,
    screens: Vec<NewScreen>,
}

/// Fields that are shown together.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Screen`")]
struct NewScreen {
    #[serde(default)]
    title: String,
    /// What stands above the fields.
    #[serde(default)]
    text: String,
    /// None where there is a text.
    #[serde(default)]
    fields: Vec<NewField>,
}

/// What is asked.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Field`")]
struct NewField {
    /// For programs; no other field of the form has it.
    id: String,
    /// `line`, `text`, `number`, `email`, `phone`, `date`, `one`, `several` or `agreement`.
    kind: String,
    label: String,
    /// More about it.
    #[serde(default)]
    hint: String,
    /// Whether the form isn't answered without it.
    #[serde(default)]
    required: bool,
    /// The fewest characters of what is written.
    shortest: Option<u32>,
    /// The most characters.
    longest: Option<u32>,
    /// The least number; the fewest options.
    least: Option<i64>,
    /// The greatest number; the most options.
    most: Option<i64>,
    /// The first day, as `2027-01-31`.
    #[serde(default)]
    earliest: String,
    /// The last day.
    #[serde(default)]
    latest: String,
    /// What there is to choose from.
    #[serde(default)]
    options: Vec<NewOption>,
}

/// What can be chosen in a field.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes the form of `Row`")]
struct NewOption {
    /// For programs; no other option of the field has it.
    id: String,
    title: String,
    /// More about it.
    #[serde(default)]
    about: String,
}

/// Which form of the registry is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByForm {
    id: String,
    /// What comes back with the answer.
    #[serde(default)]
    token: String,
    /// A text in the place of the form's own.
    text: Option<String>,
    /// Whether it is a draft, which is tried out.
    #[serde(default)]
    draft: bool,
}

impl From<ByForm> for FormWish {
    fn from(ByForm { id, token, text, draft }: ByForm) -> Self {
        Self { id, token, text, draft }
    }
}

/// What is said to a form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FilledIn {
    /// By the fields' ids; what isn't required may be left out.
    fields: BTreeMap<String, Written>,
}

/// What is said to a field: a text, a number or the id of an option; ids of several options; whether one agrees.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Text(String),
    Agreed(bool),
    Whole(i64),
    Number(f64),
    Several(Vec<String>),
}

impl Written {
    fn values(self) -> Vec<String> {
        match self {
            Self::Text(text) if text.is_empty() => Vec::new(),
            Self::Text(text) => vec![text],
            Self::Agreed(agreed) => agreed.then(|| YES.to_owned()).into_iter().collect(),
            Self::Whole(number) => vec![number.to_string()],
            Self::Number(number) => vec![number.to_string()],
            Self::Several(values) => values,
        }
    }
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<KeptForm>>, ApiError> {
    business(&api)?;
    Ok(Json(api.view(|rows| forms::list(rows)).await?.into_iter().map(KeptForm::from).collect()))
}

pub(super) async fn show(State(api): State<Api>, Part(id): Part) -> Result<Json<KeptForm>, ApiError> {
    business(&api)?;
    kept(&api, id).await
}

pub(super) async fn add(
    State(api): State<Api>,
    Body(definition): Body<Definition>,
) -> Result<Json<KeptForm>, ApiError> {
    let id = definition.id.clone();
    api.command(Command::Desk(DeskCommand::PutForm(Box::new(definition.into())))).await?;
    kept(&api, id).await
}

pub(super) async fn publish(State(api): State<Api>, Part(id): Part) -> Result<Json<KeptForm>, ApiError> {
    advance(&api, id, Status::Published).await
}

pub(super) async fn deprecate(State(api): State<Api>, Part(id): Part) -> Result<Json<KeptForm>, ApiError> {
    advance(&api, id, Status::Deprecated).await
}

async fn advance(api: &Api, id: String, to: Status) -> Result<Json<KeptForm>, ApiError> {
    api.command(Command::Desk(DeskCommand::AdvanceForm(id.clone(), to))).await?;
    kept(api, id).await
}

pub(super) async fn remove(State(api): State<Api>, Part(id): Part) -> Result<Json<Outcome>, ApiError> {
    Ok(Json(api.command(Command::Desk(DeskCommand::RemoveForm(id))).await?))
}

/// Fills a form of a contact's in.
pub(super) async fn fill(
    State(api): State<Api>,
    Path((who, id)): Path<(String, String)>,
    Body(FilledIn { fields }): Body<FilledIn>,
) -> Result<Json<Changed>, ApiError> {
    let to = who::contact(&api, &who).await?;
    let (form, _) = changes::message(&api, to, &id, Some(Side::Theirs)).await?;
    let fields = fields.into_iter().map(|(field, written)| (field, written.values())).collect();
    changes::done(&api, to, Command::Fill(to, Box::new(FillWish { form: form.id, fields }))).await
}

async fn kept(api: &Api, id: String) -> Result<Json<KeptForm>, ApiError> {
    let wanted = id.clone();
    let found = api.view(move |rows: &Reader<'_>| forms::get(rows, &wanted)).await?;
    let none = || Refusal::NoneSuch(format!("there is no form {id}: `sigillo form list` shows them")).into();
    found.map(|found| Json(Kept::clone(&found).into())).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_filled_in_as_programs_write_it() {
        let written = r#"{ "fields": { "a": "x", "b": "", "c": 4, "d": -1.5, "e": true, "f": false, "g": ["x", "y"] } }"#;
        let FilledIn { fields } = serde_json::from_str(written).unwrap();
        let values: Vec<String> = fields.into_values().map(|field| field.values().join("+")).collect();
        assert_eq!(values, ["x", "", "4", "-1.5", YES, "", "x+y"]);
        assert!(serde_json::from_str::<FilledIn>(r#"{ "fields": { "a": {} } }"#).is_err());
    }
}
