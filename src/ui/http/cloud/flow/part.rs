//! One component of a flow's screen: a text, a field, or the footer.

use serde_json::{Map, Value};

use crate::ui::http::cloud::flow::mistake::{Kind, Mistakes};
use crate::ui::http::cloud::flow::reference::Scope;
use crate::wire::said::field::{Field, FieldKind};
use crate::wire::said::menu::Row;

/// What a component is.
#[derive(Debug)]
pub(super) enum Part {
    /// Words.
    Text(String),
    /// A question.
    Field(Box<Field>),
    /// What leads on.
    Footer,
}

/// The version from which on days are written as they are here.
const DAYS_SINCE: (u32, u32) = (5, 0);

/// Reads components of one screen.
pub(super) struct Parts<'a> {
    pub(super) scope: &'a Scope,
    pub(super) version: (u32, u32),
    pub(super) mistakes: &'a mut Mistakes,
}

impl Parts<'_> {
    /// A component; nothing where it can't be had here, which is noted.
    pub(super) fn read(&mut self, component: &Map<String, Value>, path: &str) -> Option<Part> {
        let kind = component.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "TextHeading" | "TextSubheading" | "TextBody" | "TextCaption" => {
                self.allow(component, path, &["text", "font-weight"]);
                self.text(component, path, "text").map(Part::Text)
            }
            "TextInput" => {
                self.allow(
                    component,
                    path,
                    &["name", "label", "required", "helper-text", "input-type", "min-chars", "max-chars"],
                );
                let kind = self.input_kind(component, path)?;
                let lengths =
                    (self.number(component, path, "min-chars"), self.number(component, path, "max-chars"));
                self.field(component, path, kind, |field| {
                    (field.shortest, field.longest) = (length(lengths.0), length(lengths.1))
                })
            }
            "TextArea" => {
                self.allow(component, path, &["name", "label", "required", "helper-text", "max-length"]);
                let longest = self.number(component, path, "max-length");
                self.field(component, path, FieldKind::Text, |field| field.longest = length(longest))
            }
            "RadioButtonsGroup" | "Dropdown" => {
                self.allow(component, path, &["name", "label", "required", "description", "data-source"]);
                let options = self.options(component, path)?;
                self.field(component, path, FieldKind::One, |field| field.options = options)
            }
            "CheckboxesGroup" => {
                self.allow(
                    component,
                    path,
                    &[
                        "name",
                        "label",
                        "required",
                        "description",
                        "data-source",
                        "min-selected-items",
                        "max-selected-items",
                    ],
                );
                let options = self.options(component, path)?;
                let least = self.number(component, path, "min-selected-items");
                let most = self.number(component, path, "max-selected-items");
                self.field(component, path, FieldKind::Several, |field| {
                    (field.options, field.least, field.most) = (options, least, most);
                })
            }
            "DatePicker" => {
                self.allow(
                    component,
                    path,
                    &["name", "label", "required", "helper-text", "min-date", "max-date"],
                );
                if self.version < DAYS_SINCE {
                    let words = "Before version 5.0 a DatePicker counts milliseconds: write the flow in 5.0 or later.";
                    self.mistakes.add(Kind::Value, &format!("{path}.type"), words);
                    return None;
                }
                let earliest = self.optional(component, path, "min-date");
                let latest = self.optional(component, path, "max-date");
                self.field(component, path, FieldKind::Date, |field| {
                    (field.earliest, field.latest) = (earliest, latest)
                })
            }
            "OptIn" => {
                self.allow(component, path, &["name", "label", "required"]);
                self.field(component, path, FieldKind::Agreement, |_| {})
            }
            "Footer" => {
                self.allow(component, path, &["label", "on-click-action"]);
                self.text(component, path, "label").map(|_| Part::Footer)
            }
            "" => {
                self.mistakes.add(Kind::Missing, &format!("{path}.type"), "A component has a type.");
                None
            }
            other => {
                let words = format!("Nodes have no component {other}.");
                self.mistakes.add(Kind::Value, &format!("{path}.type"), words);
                None
            }
        }
    }

    /// Notes every property that isn't among these. What is always shown and always works may say so.
    fn allow(&mut self, component: &Map<String, Value>, path: &str, known: &[&str]) {
        for (name, value) in component {
            let is_usual = matches!(name.as_str(), "visible" | "enabled") && *value == Value::Bool(true);
            if name != "type" && !is_usual && !known.contains(&name.as_str()) {
                self.mistakes.add(
                    Kind::Unknown,
                    &format!("{path}.{name}"),
                    format!("Nodes don't do this: {name}."),
                );
            }
        }
    }

    fn field(
        &mut self,
        component: &Map<String, Value>,
        path: &str,
        kind: FieldKind,
        bounds: impl FnOnce(&mut Field),
    ) -> Option<Part> {
        // A name is what it is: nothing stands in its place.
        let name = component.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        if name.is_none() {
            self.mistakes.add(Kind::Missing, &format!("{path}.name"), "A field has a name.");
        }
        let label = self.text(component, path, "label");
        let required = match component.get("required") {
            None => false,
            Some(value) => self.flag(value, &format!("{path}.required"))?,
        };
        let mut field = Field { required, ..Field::new(name?, kind, label?.trim()) };
        field.hint = ["helper-text", "description"]
            .into_iter()
            .map(|name| self.optional(component, path, name))
            .find(|hint| !hint.is_empty())
            .unwrap_or_default();
        bounds(&mut field);
        Some(Part::Field(Box::new(field)))
    }

    fn input_kind(&mut self, component: &Map<String, Value>, path: &str) -> Option<FieldKind> {
        match component.get("input-type").map_or(Some("text"), Value::as_str) {
            Some("text") => Some(FieldKind::Line),
            Some("number") => Some(FieldKind::Number),
            Some("email") => Some(FieldKind::Email),
            Some("phone") => Some(FieldKind::Phone),
            _ => {
                let words = "Is text, number, email or phone: what is answered can be read in the conversation, so nothing secret is asked.";
                self.mistakes.add(Kind::Value, &format!("{path}.input-type"), words);
                None
            }
        }
    }

    fn options(&mut self, component: &Map<String, Value>, path: &str) -> Option<Vec<Row>> {
        let path = format!("{path}.data-source");
        let Some(source) = component.get("data-source") else {
            self.mistakes.add(Kind::Missing, &path, "There is nothing to choose from.");
            return None;
        };
        let source = self.scope.shown(source, &path, self.mistakes)?;
        let Value::Array(options) = source else {
            self.mistakes.add(Kind::Value, &path, "Is a list of options, each with an id and a title.");
            return None;
        };
        let mut rows = Vec::new();
        for (at, option) in options.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let text =
                |name: &str| option.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
            let mut names = option.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
            let odd = names.find(|name| !matches!(*name, "id" | "title" | "description" | "enabled"));
            let is_off = option.get("enabled").is_some_and(|enabled| *enabled != Value::Bool(true));
            if let Some(odd) = odd.or(is_off.then_some("enabled")) {
                self.mistakes.add(
                    Kind::Unknown,
                    &format!("{path}.{odd}"),
                    format!("Nodes don't do this: {odd}."),
                );
            } else if text("id").is_empty() || text("title").is_empty() {
                self.mistakes.add(Kind::Missing, &path, "An option has an id and a title.");
            }
            rows.push(Row {
                id: text("id").into(),
                title: text("title").into(),
                about: text("description").into(),
            });
        }
        Some(rows)
    }

    /// A text that must be there.
    fn text(&mut self, component: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
        let path = format!("{path}.{name}");
        let Some(value) = component.get(name) else {
            self.mistakes.add(Kind::Missing, &path, "Is missing.");
            return None;
        };
        let shown = self.scope.shown(value, &path, self.mistakes)?;
        let text = match &shown {
            Value::String(text) => Some(text.replace("\r\n", "\n")),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let text = text.filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.mistakes.add(Kind::Value, &path, "Is a text.");
        }
        text
    }

    /// A text that may be left out.
    fn optional(&mut self, component: &Map<String, Value>, path: &str, name: &str) -> String {
        match component.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(_) => self.text(component, path, name).unwrap_or_default().trim().to_owned(),
        }
    }

    fn flag(&mut self, value: &Value, path: &str) -> Option<bool> {
        let shown = self.scope.shown(value, path, self.mistakes)?;
        if shown.as_bool().is_none() {
            self.mistakes.add(Kind::Value, path, "Is true or false.");
        }
        shown.as_bool()
    }

    /// A count that may be left out.
    fn number(&mut self, component: &Map<String, Value>, path: &str, name: &str) -> Option<i64> {
        let path = format!("{path}.{name}");
        let shown = self.scope.shown(component.get(name)?, &path, self.mistakes)?;
        let number = match &shown {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0..=i64::from(u32::MAX)).contains(number));
        if number.is_none() {
            self.mistakes.add(Kind::Value, &path, "Is a whole number, not negative.");
        }
        number
    }
}

/// None at all is no bound.
fn length(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok()).filter(|length| *length > 0)
}
