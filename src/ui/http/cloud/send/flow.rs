//! A form, which that API calls a flow: one of the registry, with what is said around it and what comes back with its answer.

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::domain::business::forms::{Shape, may_be_sent};
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::flow::registry::{Flow, all, parsed};
use crate::ui::http::cloud::flow::reply::NO_TOKEN;
use crate::ui::http::cloud::flow::translate::{Begin, translate};
use crate::ui::http::cloud::send::letter::{Letter, edge, object, optional, required, said, short};
use crate::wire::said::form::Form;
use crate::wire::said::message::Said;

/// What stands before every name in this.
const PARAMETERS: &str = "interactive.action.parameters";

/// Reads `interactive` of the type `flow`.
pub(super) async fn read(ask: &Ask, content: &Map<String, Value>) -> Result<Letter, Graph> {
    let wish = Wish::read(content)?;
    let flow =
        all(ask).await?.into_iter().find(|flow| wish.which.is(flow)).ok_or_else(|| wish.which.unknown())?;
    said(Said::Form(Box::new(wish.form(&flow)?)))
}

/// Which flow.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Which {
    Id(String),
    Name(String),
}

impl Which {
    fn is(&self, flow: &Flow) -> bool {
        match self {
            Self::Id(id) => flow.id() == *id || flow.kept.id == *id,
            Self::Name(name) => flow.kept.name == *name,
        }
    }

    fn unknown(&self) -> Graph {
        match self {
            Self::Id(id) => Graph::value(
                &format!("{PARAMETERS}.flow_id"),
                &format!("is a flow's: there is none {id} here"),
            ),
            Self::Name(name) => Graph::value(
                &format!("{PARAMETERS}.flow_name"),
                &format!("is a flow's: there is none {name} here"),
            ),
        }
    }
}

/// What is to be sent.
struct Wish {
    which: Which,
    draft: bool,
    screen: Option<String>,
    data: Map<String, Value>,
    /// All of the form but its screens, and what comes back beside the token.
    around: Form,
}

impl Wish {
    fn read(content: &Map<String, Value>) -> Result<Self, Graph> {
        let header = content.get("header").and_then(Value::as_object);
        if header.and_then(|header| optional(header, "type")).is_some_and(|kind| kind != "text") {
            return Err(Graph::value("interactive.header.type", "is text above a flow"));
        }
        let text = required(object(content, "interactive", "body")?, "interactive.body", "text")?;
        let action = object(content, "interactive", "action")?;
        if optional(action, "name").is_some_and(|name| name != "flow") {
            return Err(Graph::value("interactive.action.name", "must be `flow`"));
        }
        let parameters = object(action, "interactive.action", "parameters")?;
        let label = required(parameters, PARAMETERS, "flow_cta")?;
        let around = Form {
            header: edge(content, "header")?,
            text: short(text, "interactive.body.text", limits::BODY_CHARS_MAX)?,
            footer: edge(content, "footer")?,
            label: short(label, &format!("{PARAMETERS}.flow_cta"), limits::FLOW_BUTTON_CHARS_MAX)?,
            token: optional(parameters, "flow_token").unwrap_or_else(|| NO_TOKEN.to_owned()),
            ..Form::default()
        };
        let (screen, data) = action_of(parameters)?;
        Ok(Self { which: which(parameters)?, draft: mode(parameters)?, screen, data, around })
    }

    /// The form as it is sent.
    fn form(self, flow: &Flow) -> Result<Form, Graph> {
        let status = flow.kept.status.word().to_ascii_uppercase();
        if may_be_sent(&flow.kept, self.draft).is_err() {
            let must = if self.draft {
                format!("is `draft` for a draft only: the flow is {status}")
            } else {
                format!("is `published` for a published flow only: the flow is {status}")
            };
            return Err(Graph::value(&format!("{PARAMETERS}.mode"), &must));
        }
        let payload = format!("{PARAMETERS}.flow_action_payload");
        let (screens, known) = match (&flow.source, &flow.kept.shape) {
            (Some(source), _) => {
                let begin = Begin { screen: self.screen.as_deref(), data: &self.data };
                let made = parsed(source).and_then(|source| translate(&source, Some(begin)));
                let made = made.map_err(|mistakes| {
                    let first = mistakes.first().map(|mistake| mistake.line()).unwrap_or_default();
                    Graph::new(Code::Value, format!("The flow can't be sent with this {payload}: {first}"))
                })?;
                (made.screens, made.known)
            }
            (None, Shape::Form(_)) if self.screen.is_some() || !self.data.is_empty() => {
                return Err(Graph::value(
                    &payload,
                    "isn't there for a form that was made here, which takes no data",
                ));
            }
            (None, Shape::Form(form)) => (form.screens.clone(), form.known.clone()),
            (None, _) => {
                return Err(Graph::new(Code::Value, "The flow has no document yet: upload its flow.json."));
            }
        };
        Ok(Form { screens, known, ..self.around })
    }
}

fn which(parameters: &Map<String, Value>) -> Result<Which, Graph> {
    match (optional(parameters, "flow_id"), optional(parameters, "flow_name")) {
        (Some(id), None) => Ok(Which::Id(id)),
        (None, Some(name)) => Ok(Which::Name(name)),
        (None, None) => Err(Graph::missing(&format!("{PARAMETERS}.flow_id"))),
        (Some(_), Some(_)) => {
            Err(Graph::value(&format!("{PARAMETERS}.flow_name"), "isn't there beside flow_id"))
        }
    }
}

fn mode(parameters: &Map<String, Value>) -> Result<bool, Graph> {
    match optional(parameters, "mode").as_deref() {
        None | Some("published") => Ok(false),
        Some("draft") => Ok(true),
        Some(_) => Err(Graph::value(&format!("{PARAMETERS}.mode"), "is draft or published")),
    }
}

/// The screen that it begins with, and what that is given.
fn action_of(parameters: &Map<String, Value>) -> Result<(Option<String>, Map<String, Value>), Graph> {
    if optional(parameters, "flow_message_version").is_some_and(|version| version != "3") {
        return Err(Graph::value(&format!("{PARAMETERS}.flow_message_version"), "must be `3`"));
    }
    match optional(parameters, "flow_action").as_deref() {
        None | Some("navigate") => {}
        Some("data_exchange") => {
            let words = "flow_action data_exchange, since no endpoint is asked while a form is filled in: nothing but the message travels. \
                         Use navigate, with what the first screen needs in flow_action_payload.data";
            return Err(Graph::unsupported(words));
        }
        Some(_) => return Err(Graph::value(&format!("{PARAMETERS}.flow_action"), "is navigate")),
    }
    let payload = match parameters.get("flow_action_payload") {
        None | Some(Value::Null) => return Ok((None, Map::new())),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(Value::Object(payload)) => Some(payload.clone()),
        Some(_) => None,
    };
    let path = format!("{PARAMETERS}.flow_action_payload");
    let payload: Map<String, Value> = payload.ok_or_else(|| Graph::value(&path, "is an object"))?;
    let data = match payload.get("data") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(data)) => data.clone(),
        Some(_) => return Err(Graph::value(&format!("{path}.data"), "is an object")),
    };
    Ok((optional(&payload, "screen"), data))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::time::Time;
    use crate::domain::business::forms::{Kept, Status};
    use crate::wire::said::form::tests::form;

    fn kept(status: Status) -> Flow {
        let (added, changed) = (Time::EPOCH, Time::EPOCH);
        let shape = Shape::Form(Box::new(form()));
        let (id, name) = ("table".to_owned(), "Tables".to_owned());
        Flow { kept: Kept { id, name, categories: Vec::new(), status, added, changed, shape }, source: None }
    }

    fn content(parameters: &Value) -> Value {
        json!({
            "header": { "type": "text", "text": "Above" }, "body": { "text": "Book" }, "footer": { "text": "Below" },
            "action": { "name": "flow", "parameters": parameters },
        })
    }

    fn read(content: &Value, flow: &Flow) -> Result<Form, u32> {
        let wish = Wish::read(content.as_object().unwrap());
        wish.and_then(|wish| wish.form(flow)).map_err(|error| error.code.number())
    }

    #[test]
    fn a_form_is_sent_with_what_is_said_around_it_and_a_token() {
        let parameters = json!({ "flow_message_version": "3", "flow_id": "table", "flow_token": "visit-7", "flow_cta": "Open" });
        let sent = read(&content(&parameters), &kept(Status::Published)).unwrap();
        let around = [&sent.header, &sent.text, &sent.footer, &sent.label, &sent.token].map(String::as_str);
        assert_eq!(around, ["Above", "Book", "Below", "Open", "visit-7"]);
        assert_eq!(sent.screens, form().screens);
        let bare = json!({ "body": { "text": "Book" }, "action": { "parameters": { "flow_name": "Tables", "flow_cta": "Open" } } });
        assert_eq!(read(&bare, &kept(Status::Published)).unwrap().token, NO_TOKEN);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_its_number() {
        let with = |name: &str, value: Value| {
            let mut parameters = json!({ "flow_id": "table", "flow_cta": "Open" });
            parameters[name] = value;
            read(&content(&parameters), &kept(Status::Published)).err()
        };
        assert_eq!(with("flow_action", json!("data_exchange")), Some(131_051));
        assert_eq!(with("flow_action", json!("other")), Some(131_009));
        assert_eq!(with("flow_name", json!("Tables")), Some(131_009), "one of both");
        assert_eq!(with("flow_id", json!(null)), Some(131_008));
        assert_eq!(with("flow_cta", json!(null)), Some(131_008));
        assert_eq!(with("flow_cta", json!("x".repeat(31))), Some(100));
        assert_eq!(with("mode", json!("draft")), Some(131_009));
        assert_eq!(with("mode", json!("live")), Some(131_009));
        assert_eq!(with("flow_message_version", json!("2")), Some(131_009));
        assert_eq!(
            with("flow_action_payload", json!({ "screen": "FIRST" })),
            Some(131_009),
            "it has none by that name"
        );
        assert_eq!(with("flow_action_payload", json!([])), Some(131_009));
        assert_eq!(with("flow_action_payload", json!("{}")), None);
        let parameters = json!({ "flow_id": "table", "flow_cta": "Open" });
        assert_eq!(read(&content(&parameters), &kept(Status::Draft)), Err(131_009));
        assert_eq!(read(&content(&parameters), &kept(Status::Deprecated)), Err(131_009));
        let mut pictured = content(&parameters);
        pictured["header"] = json!({ "type": "image", "image": { "id": "1" } });
        assert_eq!(read(&pictured, &kept(Status::Published)), Err(131_009));
    }
}
