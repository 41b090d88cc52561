//! Forms: kept and sent by a business, filled in by a person.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::base::limits;
use crate::domain::business::forms::Definition;
use crate::ui::cli::client::{Client, escaped};
use crate::ui::cli::documents;
use crate::ui::cli::failure::Failure;
use crate::ui::cli::message::{Which, changed};
use crate::ui::cli::output::{Output, note};
use crate::ui::cli::sending::{self, Waiting};
use crate::ui::cli::show;
use crate::wire::said::field::Field;

/// What to do about forms.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Form {
    /// Keep a form from a file as a draft, or change one that is a draft
    Add {
        /// The file (TOML), or `-` for stdin
        file: PathBuf,
    },
    /// Show all forms
    List,
    /// Show a form whole
    Show {
        /// Its id
        id: String,
    },
    /// Let a form be sent: it stays as it is from then on
    Publish {
        /// Its id
        id: String,
    },
    /// No longer send a form that was published; what was sent may still be answered
    Deprecate {
        /// Its id
        id: String,
    },
    /// Remove a form; what was sent may still be answered
    Remove {
        /// Its id
        id: String,
    },
    /// Send a form to a customer
    Send(Sent),
}

/// Which form is sent to whom.
#[derive(Clone, Debug, Args)]
pub(super) struct Sent {
    /// A contact's name, address, or the beginning of one
    who: String,
    /// The form's id
    id: String,
    /// A text in the place of the form's own
    #[arg(long)]
    text: Option<String>,
    /// For your programs: it comes back with the answer
    #[arg(long, default_value = "")]
    token: String,
    /// Try a draft out
    #[arg(long)]
    draft: bool,
    #[command(flatten)]
    waiting: Waiting,
}

/// A form that is filled in.
#[derive(Clone, Debug, Args)]
pub(super) struct Fill {
    #[command(flatten)]
    which: Which,
    /// What is said to a field, by its id; of several options each once more. An agreement is `yes`. On a terminal, without any, the
    /// fields are asked for
    #[arg(long = "field", value_name = "ID=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
}

fn field(text: &str) -> Result<(String, String), &'static str> {
    let pair = text.split_once('=').map(|(id, value)| (id.to_owned(), value.to_owned()));
    pair.ok_or("a field is written as ID=VALUE")
}

pub(super) async fn form(client: &Client, output: Output, what: Form) -> Result<(), Failure> {
    let route = |id: &str, part: &str| format!("/v1/forms/{}{part}", escaped(id));
    match what {
        Form::Add { file } => {
            let definition: Definition = documents::toml(&file, limits::API_BODY_MAX as u64)?;
            output.show(&client.post("/v1/forms", &json!(definition)).await?, |added| {
                let id = show::text(added, "id");
                format!("{id} is a draft: try it out with `sigillo form send WHO {id} --draft`, or `sigillo form publish {id}`")
            })
        }
        Form::List => output.show(&client.get("/v1/forms").await?, show::forms),
        Form::Show { id } => output.show(&client.get(&route(&id, "")).await?, show::kept_form),
        Form::Publish { id } => {
            let published = client.request(Method::POST, &route(&id, "/publish"), None).await?;
            output.show(&published, |_| format!("{id} is published: `sigillo form send WHO {id}`"))
        }
        Form::Deprecate { id } => {
            let deprecated = client.request(Method::POST, &route(&id, "/deprecate"), None).await?;
            output.show(&deprecated, |_| format!("{id} is no longer sent"))
        }
        Form::Remove { id } => {
            let removed = client.request(Method::DELETE, &route(&id, ""), None).await?;
            output.show(&removed, |_| format!("{id} is no longer a form here"))
        }
        Form::Send(wish) => send(client, output, wish).await,
    }
}

async fn send(client: &Client, output: Output, wish: Sent) -> Result<(), Failure> {
    sending::may_wait(client, &wish.waiting)?;
    let form = json!({ "id": wish.id, "token": wish.token, "text": wish.text, "draft": wish.draft });
    sending::post(client, output, json!({ "to": wish.who, "form": form }), &wish.waiting).await
}

pub(super) async fn fill(client: &Client, output: Output, wish: Fill) -> Result<(), Failure> {
    let form = client.get(&wish.which.route("")).await?;
    if show::text(&form, "kind") != "form" {
        return Err(Failure::misused("that message is no form: `sigillo history WHO --ids` shows which is"));
    }
    let may_ask = !output.is_json() && std::io::stdin().is_terminal();
    let fields = if wish.fields.is_empty() && may_ask { ask(&form)? } else { written(&form, wish.fields) };
    let body = json!({ "fields": fields });
    changed(client, output, (Method::POST, &wish.which.route("/answer"), Some(&body))).await
}

/// The fields as the API wants them. What is said to a field once more is an option more.
fn written(form: &Value, fields: Vec<(String, String)>) -> Map<String, Value> {
    let is_several = |id: &str| {
        asked(form).any(|field| show::text(field, "id") == id && show::text(field, "kind") == "several")
    };
    let mut written: Map<String, Value> = Map::new();
    for (id, value) in fields {
        match written.get_mut(&id) {
            Some(Value::Array(values)) => values.push(value.into()),
            // What takes one thing is told that it was given two.
            Some(first) => *first = json!([first.take(), value]),
            None if is_several(&id) => drop(written.insert(id, json!([value]))),
            None => drop(written.insert(id, value.into())),
        }
    }
    written
}

fn asked(form: &Value) -> impl Iterator<Item = &Value> {
    let screens = form["screens"].as_array().into_iter().flatten();
    screens.flat_map(|screen| screen["fields"].as_array().into_iter().flatten())
}

/// Asks for each field in turn, and again where it doesn't take what was said. An empty line leaves it out.
fn ask(form: &Value) -> Result<Map<String, Value>, Failure> {
    note(&show::said(form));
    let mut lines = std::io::stdin().lock().lines();
    let mut said: Map<String, Value> = Map::new();
    for field in asked(form) {
        let may_be_left_out = field["required"] != true;
        let or_nothing =
            if may_be_left_out && show::text(field, "kind") != "agreement" { ", or nothing" } else { "" };
        let takes = show::text(field, "takes");
        note(&format!("\n{} ({takes}{or_nothing}):", show::text(field, "label")));
        loop {
            let line = lines.next().transpose();
            let line =
                line.map_err(|error| Failure::failed("stdin", format!("stdin can't be read: {error}")))?;
            let Some(line) = line else { return Ok(said) };
            match answered(field, line.trim()) {
                Some(value) => drop(said.insert(show::text(field, "id").to_owned(), value)),
                None if line.trim().is_empty() && may_be_left_out => {}
                None => {
                    note(&format!("It takes {takes}:"));
                    continue;
                }
            }
            break;
        }
    }
    Ok(said)
}

/// What was written in a line, as the field takes it; nothing where it doesn't. What isn't understood here is for the node.
fn answered(field: &Value, line: &str) -> Option<Value> {
    let is_several = show::text(field, "kind") == "several";
    let values: Vec<String> = if is_several {
        line.split(',').map(|part| part.trim().to_owned()).collect()
    } else {
        vec![line.to_owned()]
    };
    let mut shown = field.clone();
    shown.as_object_mut().and_then(|shown| shown.remove("takes"));
    let is_taken =
        serde_json::from_value(shown).map_or(!line.is_empty(), |field: Field| field.takes(&values));
    is_taken.then(|| if is_several { json!(values) } else { json!(line) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::form_view::form_view;
    use crate::wire::said::field::FieldKind;
    use crate::wire::said::form;
    use crate::wire::said::menu::Row;

    #[test]
    fn what_a_field_does_not_take_is_no_answer_to_it() {
        let mut several = Field::new("breads", FieldKind::Several, "Breads");
        several.options =
            ["rye", "oat"].map(|id| Row { id: id.into(), title: id.into(), about: String::new() }).into();
        let mut seats = Field::new("seats", FieldKind::Number, "Seats");
        seats.most = Some(8);
        let view = |field: &Field| {
            let screen = form::Screen { fields: vec![field.clone()], ..form::Screen::default() };
            let whole = form::Form { screens: vec![screen], ..form::Form::default() };
            serde_json::to_value(form_view(&whole)).unwrap()["screens"][0]["fields"][0].clone()
        };
        assert_eq!(answered(&view(&seats), "4"), Some(json!("4")));
        assert_eq!(answered(&view(&seats), "99"), None);
        assert_eq!(answered(&view(&seats), ""), None);
        assert_eq!(answered(&view(&several), "rye, oat"), Some(json!(["rye", "oat"])));
        assert_eq!(answered(&view(&several), "rye oat"), None);
        assert_eq!(answered(&json!({ "id": "x", "kind": "of a later version" }), "4"), Some(json!("4")));
    }

    #[test]
    fn a_field_that_is_given_again_is_an_option_more() {
        let fields = json!([{ "id": "name", "kind": "line" }, { "id": "breads", "kind": "several" }]);
        let form = json!({ "screens": [{ "fields": fields }] });
        let pair = |text: &str| field(text).unwrap();
        let given = ["breads=rye", "name=Ana=B", "breads=oat", "other=1", "other=2"].map(pair).to_vec();
        let expected = json!({ "breads": ["rye", "oat"], "name": "Ana=B", "other": ["1", "2"] });
        assert_eq!(Value::Object(written(&form, given)), expected);
        assert_eq!(Value::Object(written(&form, vec![pair("breads=rye")])), json!({ "breads": ["rye"] }));
        assert!(field("name").is_err());
    }
}
