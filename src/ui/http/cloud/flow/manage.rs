//! Flows: shown, made, changed, published, removed.

use serde_json::{Value, json};

use crate::domain::business::forms::{Draft, Shape, Status};
use crate::engine::command::Command;
use crate::engine::desk_command::DeskCommand;
use crate::ui::http::cloud::ask::{Answer, Ask, answer, success};
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::fields::chosen;
use crate::ui::http::cloud::flow::mistake::Mistake;
use crate::ui::http::cloud::flow::registry::{Flow, all, categories, new_id, shape, wanted};
use crate::ui::http::cloud::page::page;
use crate::ui::http::cloud::parameters::Parameters;

/// What is shown where no fields are named.
const USUAL: [&str; 5] = ["id", "name", "status", "categories", "validation_errors"];

pub(in crate::ui::http::cloud) async fn list(ask: Ask) -> Answer {
    let query = ask.query();
    let (fields, status) = (query.text("fields"), query.text("status"));
    let documents = all(&ask).await?.into_iter().map(|flow| flow.document(&ask.account.business()));
    let documents = documents.filter(|document| {
        status.is_none() || document.get("status").and_then(Value::as_str) == status.as_deref()
    });
    let items: Result<Vec<Value>, Graph> =
        documents.map(|document| chosen(document, fields.as_deref(), &USUAL)).collect();
    Ok(answer(&page(items?, &ask)?))
}

pub(in crate::ui::http::cloud) fn show(ask: &Ask, flow: &Flow) -> Answer {
    let fields = ask.query().text("fields");
    Ok(answer(&chosen(flow.document(&ask.account.business()), fields.as_deref(), &USUAL)?))
}

/// Makes a flow, of a document or as another one, and publishes it where that is asked and it can be.
pub(in crate::ui::http::cloud) async fn create(mut ask: Ask) -> Answer {
    let parameters = ask.parameters().await?;
    no_endpoint(&parameters)?;
    let name = parameters.required("name")?;
    let categories = categories(parameters.get("categories").ok_or_else(|| Graph::missing("categories"))?)?;
    let _editing = ask.api.edit().await;
    let known = all(&ask).await?;
    is_free(&name, &known)?;
    let source = match (source(&parameters)?, parameters.text("clone_flow_id")) {
        (Some(_), Some(_)) => {
            return Err(Graph::new(Code::Parameter, "A flow is made of flow_json or as clone_flow_id says."));
        }
        (source, None) => Source::Document(source),
        (None, Some(cloned)) => {
            let cloned =
                known.iter().find(|flow| flow.id() == cloned).ok_or_else(|| Graph::object(&cloned))?;
            Source::Clone(cloned.draft())
        }
    };
    let id = new_id(&name, &known);
    let (draft, mistakes) = source.draft(id.clone(), name, categories);
    let is_ready = draft.shape != Shape::Nothing && mistakes.is_empty();
    put(&ask, draft).await?;
    if is_ready && parameters.flag("publish") == Some(true) {
        advance(&ask, &id, Status::Published).await?;
    }
    Ok(answer(&json!({ "id": id, "success": true, "validation_errors": documents(&mistakes) })))
}

/// What a new flow is made of.
enum Source {
    Document(Option<String>),
    Clone(Draft),
}

impl Source {
    fn draft(
        self,
        id: String,
        name: String,
        categories: Vec<crate::domain::business::forms::Category>,
    ) -> (Draft, Vec<Mistake>) {
        let source = match self {
            // A form that was made of no document is what it is.
            Self::Clone(draft) if draft.source.is_none() => {
                return (Draft { id, name, categories, ..draft }, Vec::new());
            }
            Self::Clone(draft) => draft.source,
            Self::Document(source) => source,
        };
        let (shape, mistakes) =
            source.as_deref().map_or((Shape::Nothing, Vec::new()), |source| shape(source, &name));
        (Draft { id, name, categories, shape, source }, mistakes)
    }
}

/// Calls a flow otherwise, or says what else it is for.
pub(in crate::ui::http::cloud) async fn edit(mut ask: Ask, flow: Flow) -> Answer {
    let parameters = ask.parameters().await?;
    no_endpoint(&parameters)?;
    let _editing = ask.api.edit().await;
    let mut draft = flow.draft();
    if let Some(name) = parameters.text("name") {
        let others: Vec<Flow> =
            all(&ask).await?.into_iter().filter(|other| other.kept.id != flow.kept.id).collect();
        is_free(&name, &others)?;
        draft.name = name;
    }
    if let Some(value) = parameters.get("categories") {
        draft.categories = categories(value)?;
    }
    put(&ask, draft).await?;
    Ok(success())
}

/// Removes a draft; what was published is deprecated instead.
pub(in crate::ui::http::cloud) async fn remove(ask: Ask, flow: Flow) -> Answer {
    if flow.kept.status != Status::Draft {
        return Err(Graph::new(
            Code::Parameter,
            "Only a draft is deleted: a flow that was published is deprecated.",
        ));
    }
    ask.api.command(Command::Desk(DeskCommand::RemoveForm(flow.kept.id))).await?;
    Ok(success())
}

pub(in crate::ui::http::cloud) async fn publish(ask: Ask) -> Answer {
    let flow = wanted(&ask).await?;
    if let Some(mistake) = flow.mistakes().first() {
        let words = format!("The flow has validation errors, and can't be published: {}", mistake.line());
        return Err(Graph::new(Code::Parameter, words));
    }
    advance(&ask, &flow.kept.id, Status::Published).await?;
    Ok(success())
}

pub(in crate::ui::http::cloud) async fn deprecate(ask: Ask) -> Answer {
    let flow = wanted(&ask).await?;
    advance(&ask, &flow.kept.id, Status::Deprecated).await?;
    Ok(success())
}

async fn advance(ask: &Ask, id: &str, to: Status) -> Result<(), Graph> {
    ask.api.command(Command::Desk(DeskCommand::AdvanceForm(id.to_owned(), to))).await?;
    Ok(())
}

pub(super) async fn put(ask: &Ask, draft: Draft) -> Result<(), Graph> {
    ask.api.command(Command::Desk(DeskCommand::PutForm(Box::new(draft)))).await?;
    Ok(())
}

pub(super) fn documents(mistakes: &[Mistake]) -> Vec<Value> {
    mistakes.iter().map(Mistake::document).collect()
}

/// The document as a text; where a query or a form brought it, it is JSON already.
fn source(parameters: &Parameters) -> Result<Option<String>, Graph> {
    match parameters.get("flow_json") {
        None => Ok(None),
        Some(Value::String(source)) => Ok(Some(source.clone())),
        Some(value @ Value::Object(_)) => Ok(Some(value.to_string())),
        Some(_) => Err(Graph::value("flow_json", "is a flow's JSON, written as a text")),
    }
}

fn no_endpoint(parameters: &Parameters) -> Result<(), Graph> {
    match parameters.text("endpoint_uri") {
        Some(uri) if !uri.is_empty() => {
            Err(Graph::unsupported("flows with an endpoint_uri, since nothing but the message travels"))
        }
        _ => Ok(()),
    }
}

/// Flows are sent by name, too: no two have the same.
fn is_free(name: &str, others: &[Flow]) -> Result<(), Graph> {
    if others.iter().any(|flow| flow.kept.name == name) {
        return Err(Graph::new(
            Code::Parameter,
            format!("There is a flow {name} already: flow names are unique."),
        ));
    }
    Ok(())
}
