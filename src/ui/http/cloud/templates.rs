//! Templates of messages: shown, made, changed, removed.

use serde_json::{Map, Value, json};

use crate::domain::business::template::Definition;
use crate::domain::business::templates as registry;
use crate::engine::command::Command;
use crate::engine::desk_command::DeskCommand;
use crate::store::table::Reader;
use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::fields::chosen;
use crate::ui::http::cloud::page::page;
use crate::ui::http::cloud::parameters::Parameters;
use crate::ui::http::cloud::template_form::{category, id, language, shown, shown_category, words};

/// What is shown where no fields are named.
const USUAL: [&str; 9] = [
    "id",
    "name",
    "language",
    "status",
    "category",
    "parameter_format",
    "components",
    "quality_score",
    "rejected_reason",
];

/// A template, and one of its languages.
type One = (Definition, String);

async fn all(ask: &Ask) -> Result<Vec<One>, Graph> {
    let newest = ask.api.view(|rows: &Reader<'_>| registry::list(rows)).await?;
    let each = |definition: Definition| {
        let tags: Vec<String> = definition.languages.keys().cloned().collect();
        tags.into_iter().map(move |tag| (definition.clone(), tag))
    };
    Ok(newest.into_iter().flat_map(|version| each(version.definition)).collect())
}

fn document((definition, tag): &One) -> Map<String, Value> {
    definition.languages.get(tag).map(|words| shown(definition, tag, words)).unwrap_or_default()
}

pub(super) async fn list(ask: Ask) -> Answer {
    let query = ask.query();
    let fields = query.text("fields");
    let fits = |document: &Map<String, Value>| {
        ["name", "language", "status", "category"].into_iter().all(|name| {
            let wanted = query.text(name);
            wanted.is_none_or(|wanted| document.get(name).and_then(Value::as_str) == Some(wanted.as_str()))
        })
    };
    let documents = all(&ask).await?.iter().map(document).filter(fits).collect::<Vec<_>>();
    let items: Result<Vec<Value>, Graph> =
        documents.into_iter().map(|document| chosen(document, fields.as_deref(), &USUAL)).collect();
    Ok(answer(&page(items?, &ask)?))
}

/// The template that a request names by its id.
async fn named(ask: &Ask) -> Result<One, Graph> {
    let wanted = ask.target.edge.get(1).unwrap_or(&ask.target.object).clone();
    let found = all(ask).await?.into_iter().find(|(definition, tag)| id(&definition.name, tag) == wanted);
    found.ok_or_else(|| Graph::object(&wanted))
}

pub(super) async fn show(ask: Ask) -> Answer {
    let fields = ask.query().text("fields");
    Ok(answer(&chosen(document(&named(&ask).await?), fields.as_deref(), &USUAL)?))
}

/// Makes a template, or adds a language to one.
pub(super) async fn create(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    let name = parameters.required("name")?;
    let tag = language(&parameters.required("language")?);
    let category = category(&parameters.required("category")?)?;
    let (words, variables) =
        words(parameters.get("components").ok_or_else(|| Graph::missing("components"))?)?;
    let _editing = ask.api.edit().await;
    let wanted = name.clone();
    let known = ask.api.view(move |rows: &Reader<'_>| registry::get(rows, &wanted, None)).await?;
    let mut definition = match known {
        None => Definition { name: name.clone(), category, variables, languages: Default::default() },
        Some(known) if known.definition.languages.contains_key(&tag) => {
            return Err(Graph::new(Code::Parameter, format!("There is a template {name} in {tag} already.")));
        }
        Some(known) if known.definition.category != category => {
            let words = format!(
                "The template {name} is of the category {}.",
                shown_category(known.definition.category)
            );
            return Err(Graph::new(Code::Parameter, words));
        }
        Some(known) => known.definition,
    };
    definition.languages.insert(tag.clone(), words);
    put(&ask, definition.clone()).await?;
    tell(&ask, &name, &tag).await?;
    let made = document(&(definition, tag));
    Ok(answer(
        &json!({ "id": made.get("id"), "status": made.get("status"), "category": made.get("category") }),
    ))
}

/// Puts other words in the place of those of a template in one language.
pub(super) async fn edit(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    let _editing = ask.api.edit().await;
    let (mut definition, tag) = named(&ask).await?;
    if let Some(shown) = parameters.text("category") {
        definition.category = category(&shown)?;
    }
    if let Some(components) = parameters.get("components") {
        let (words, variables) = words(components)?;
        if definition.languages.len() == 1 {
            definition.variables = variables;
        }
        definition.languages.insert(tag.clone(), words);
    }
    let name = definition.name.clone();
    put(&ask, definition).await?;
    tell(&ask, &name, &tag).await?;
    Ok(success())
}

/// Removes a template, or one language of it.
pub(super) async fn remove(mut ask: Ask) -> Answer {
    let parameters: Parameters = ask.parameters().await?;
    let name = parameters.required("name")?;
    let _editing = ask.api.edit().await;
    let same: Vec<One> =
        all(&ask).await?.into_iter().filter(|(definition, _)| definition.name == name).collect();
    let unknown = || Graph::new(Code::Parameter, format!("There is no template {name} here."));
    let (definition, _) = same.first().cloned().ok_or_else(unknown)?;
    let wanted = match (parameters.text("hsm_id"), parameters.text("language")) {
        (Some(wanted), _) => {
            Some(same.into_iter().find(|(_, tag)| id(&name, tag) == wanted).ok_or_else(unknown)?.1)
        }
        (None, Some(shown)) => Some(language(&shown)),
        (None, None) => None,
    };
    match wanted {
        Some(tag) if !definition.languages.contains_key(&tag) => return Err(unknown()),
        Some(tag) if definition.languages.len() > 1 => {
            let mut rest = definition;
            rest.languages.remove(&tag);
            put(&ask, rest).await?;
        }
        _ => {
            ask.api.command(Command::Desk(DeskCommand::RemoveTemplate(name))).await?;
        }
    }
    Ok(success())
}

async fn put(ask: &Ask, definition: Definition) -> Result<(), Graph> {
    ask.api.command(Command::Desk(DeskCommand::PutTemplate(Box::new(definition)))).await?;
    Ok(())
}

/// Webhooks are told that it can be used, which it can at once.
async fn tell(ask: &Ask, name: &str, tag: &str) -> Result<(), Graph> {
    let event = json!({ "event": "cloud_template", "name": name, "language": tag });
    Ok(ask.api.hooks().tell_cloud(event.to_string()).await?)
}
