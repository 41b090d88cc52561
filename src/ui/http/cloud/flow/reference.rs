//! What stands in a flow's document in the place of a value: what was answered, or what a screen was given.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::ui::http::cloud::flow::mistake::{Kind, Mistakes};

/// What a reference leads to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Meant {
    /// A value.
    Known(Value),
    /// What is said to a field, by its place among all fields.
    Answer(usize),
}

/// What a screen was given, by name.
pub(super) type Given = BTreeMap<String, Meant>;

/// A value as it is written.
#[derive(PartialEq, Eq, Debug)]
enum Written<'a> {
    Plain,
    Form(&'a str),
    Data(&'a str),
    /// Of another screen: its id, whether what was answered there is meant, and the name.
    Screen(&'a str, bool, &'a str),
    Expression,
}

/// What can be referred to on a screen.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// What the screen was given.
    pub(super) data: Given,
    /// The fields of the screen, by name.
    pub(super) form: BTreeMap<String, usize>,
    /// The screens before it: what they were given, and their fields.
    pub(super) before: BTreeMap<String, (Given, BTreeMap<String, usize>)>,
}

fn written(text: &str) -> Written<'_> {
    if text.starts_with('`') {
        return Written::Expression;
    }
    let Some(inside) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        return if text.contains("${") { Written::Expression } else { Written::Plain };
    };
    let parts: Vec<&str> = inside.split('.').collect();
    let is_name =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    match parts.as_slice() {
        ["form", name] if is_name(name) => Written::Form(name),
        ["data", name] if is_name(name) => Written::Data(name),
        ["screen", screen, place @ ("form" | "data"), name] if is_name(screen) && is_name(name) => {
            Written::Screen(screen, *place == "form", name)
        }
        _ => Written::Expression,
    }
}

/// Whether anything within a value refers to something.
fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => written(text) != Written::Plain,
        Value::Array(values) => values.iter().any(refers),
        Value::Object(map) => map.values().any(refers),
        _ => false,
    }
}

impl Scope {
    /// What a value of a payload means; nothing where that is a mistake, which is noted.
    pub(super) fn meant(&self, value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Meant> {
        let Value::String(text) = value else {
            if refers(value) {
                let words = "Within a list or an object nothing refers to a field or to data.";
                mistakes.add(Kind::Reference, path, words);
                return None;
            }
            return Some(Meant::Known(value.clone()));
        };
        let found = match written(text) {
            Written::Plain => return Some(Meant::Known(value.clone())),
            Written::Expression => {
                mistakes.add(Kind::Reference, path, EXPRESSION);
                return None;
            }
            Written::Form(name) => self.form.get(name).map(|at| Meant::Answer(*at)),
            Written::Data(name) => self.data.get(name).cloned(),
            Written::Screen(screen, true, name) => {
                self.before.get(screen).and_then(|(_, form)| form.get(name)).map(|at| Meant::Answer(*at))
            }
            Written::Screen(screen, false, name) => {
                self.before.get(screen).and_then(|(data, _)| data.get(name).cloned())
            }
        };
        if found.is_none() {
            let words = format!("{text} leads to nothing: no field and no data of that name is known here.");
            mistakes.add(Kind::Reference, path, words);
        }
        found
    }

    /// A value that is shown, or says how a component is; nothing where that is a mistake.
    pub(super) fn shown(&self, value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Value> {
        if !matches!(value, Value::String(_)) {
            return Some(value.clone());
        }
        let of_form = value
            .as_str()
            .is_some_and(|text| matches!(written(text), Written::Form(_) | Written::Screen(_, true, _)));
        let meant = if of_form { None } else { Some(self.meant(value, path, mistakes)?) };
        match meant {
            Some(Meant::Known(value)) => Some(value),
            Some(Meant::Answer(_)) | None => {
                let words =
                    "What is answered on a form can't be shown on it: nothing but the message travels.";
                mistakes.add(Kind::Reference, path, words);
                None
            }
        }
    }

    /// What all values of a payload mean.
    pub(super) fn payload(&self, payload: &Map<String, Value>, path: &str, mistakes: &mut Mistakes) -> Given {
        let mut given = Given::new();
        for (name, value) in payload {
            if let Some(meant) = self.meant(value, &format!("{path}.{name}"), mistakes) {
                given.insert(name.clone(), meant);
            }
        }
        given
    }
}

const EXPRESSION: &str = "Expressions can't be computed here: a value is written out, or is one reference such as ${form.name}, \
                          ${data.name} or ${screen.FIRST.form.name}.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_a_whole_value_or_none() {
        assert_eq!(written("Hello $5 {x}"), Written::Plain);
        assert_eq!(written("${form.a_b-1}"), Written::Form("a_b-1"));
        assert_eq!(written("${data.x}"), Written::Data("x"));
        assert_eq!(written("${screen.FIRST.form.x}"), Written::Screen("FIRST", true, "x"));
        for wrong in [
            "`'a' ${form.x}`",
            "Hello ${data.x}",
            "${form.x.y}",
            "${form.}",
            "${x}",
            "${data.x} ",
            "${data.x}${data.y}",
        ] {
            assert_eq!(written(wrong), Written::Expression, "{wrong}");
        }
    }

    #[test]
    fn what_was_given_passes_from_screen_to_screen() {
        let mut scope = Scope::default();
        scope.data.insert("word".into(), Meant::Known(json!("${form.x}")));
        scope.data.insert("name".into(), Meant::Answer(0));
        scope.form.insert("x".into(), 1);
        scope.before.insert("FIRST".into(), (Given::new(), BTreeMap::from([("name".into(), 0)])));
        let mut mistakes = Mistakes::default();
        let payload = json!({ "a": "${form.x}", "b": "${data.name}", "c": "${screen.FIRST.form.name}", "d": 7, "e": "${data.word}" });
        let given = scope.payload(payload.as_object().unwrap(), "p", &mut mistakes);
        assert!(mistakes.is_empty());
        assert_eq!(
            (&given["a"], &given["b"], &given["c"]),
            (&Meant::Answer(1), &Meant::Answer(0), &Meant::Answer(0))
        );
        assert_eq!(
            given["e"],
            Meant::Known(json!("${form.x}")),
            "what is given is a text, and refers to nothing"
        );
        let wrong = json!({ "a": "${data.other}", "b": ["${form.x}"], "c": "${screen.OTHER.form.x}" });
        assert!(scope.payload(wrong.as_object().unwrap(), "p", &mut mistakes).is_empty());
        assert_eq!(scope.shown(&json!("${data.name}"), "p", &mut mistakes), None);
        let paths: Vec<String> = mistakes.all().into_iter().map(|mistake| mistake.path).collect();
        assert_eq!(paths, ["p.a", "p.b", "p.c", "p"]);
    }
}
