//! A flow's document, made into a form: its screens one after the other, from the one that it begins with to its end.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::base::cloud_limits as limits;
use crate::ui::http::cloud::flow::mistake::{Kind, Mistake, Mistakes};
use crate::ui::http::cloud::flow::part::{Part, Parts};
use crate::ui::http::cloud::flow::reference::{Given, Meant, Scope};
use crate::ui::http::cloud::flow::reply::TOKEN;
use crate::wire::said::field::Field;
use crate::wire::said::form::{Form, Known, Screen};

/// What a document makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ui::http::cloud) struct Made {
    /// The screens of the form; each field has the name under which what is said to it comes back.
    pub(in crate::ui::http::cloud) screens: Vec<Screen>,
    /// What else comes back.
    pub(in crate::ui::http::cloud) known: Vec<Known>,
    /// Whether the first screen is given data.
    pub(super) takes_data: bool,
}

/// With what a form is sent.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui::http::cloud) struct Begin<'a> {
    /// The screen that it is to begin with.
    pub(in crate::ui::http::cloud) screen: Option<&'a str>,
    /// What that is given.
    pub(in crate::ui::http::cloud) data: &'a Map<String, Value>,
}

/// Makes a form of a document: as it is sent, or with its own examples in the place of data where it is only looked at.
pub(in crate::ui::http::cloud) fn translate(
    source: &Value,
    begin: Option<Begin<'_>>,
) -> Result<Made, Vec<Mistake>> {
    let mut work = Work::default();
    let made = work.document(source, begin);
    match made {
        Some(made) if work.mistakes.is_empty() => {
            let form = Form {
                text: "?".into(),
                screens: made.screens.clone(),
                known: made.known.clone(),
                ..Form::default()
            };
            match form.check() {
                Ok(()) => Ok(made),
                Err(error) => {
                    work.mistakes.add(Kind::Value, "screens", format!("It is no form here: {}.", error.0));
                    Err(work.mistakes.all())
                }
            }
        }
        _ => {
            if work.mistakes.is_empty() {
                work.mistakes.add(Kind::Value, "screens", "It is no form here.");
            }
            Err(work.mistakes.all())
        }
    }
}

/// The version that a document says to be of.
pub(super) fn version(source: &Value) -> Option<(u32, u32)> {
    let (major, minor) = source.get("version")?.as_str()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A field, before it is known under which name it comes back.
struct Asked {
    field: Field,
    path: String,
    name: Option<String>,
}

#[derive(Default)]
struct Work {
    mistakes: Mistakes,
    asked: Vec<Asked>,
    /// Title, text and fields.
    shown: Vec<(String, Vec<String>, Vec<usize>)>,
}

/// Screens by their ids, each with its path.
type Screens<'a> = BTreeMap<String, (String, &'a Map<String, Value>)>;

/// What leads on from a screen.
struct Action<'a> {
    path: String,
    action: &'a Map<String, Value>,
}

impl Work {
    fn document(&mut self, source: &Value, begin: Option<Begin<'_>>) -> Option<Made> {
        let Some(document) = source.as_object() else {
            self.mistakes.add(Kind::Json, "", "A flow is a JSON object.");
            return None;
        };
        for name in document.keys() {
            match name.as_str() {
                // What leads where stands in the screens, too, and counts there.
                "version" | "screens" | "routing_model" => {}
                "data_api_version" | "data_channel_uri" => {
                    let words = "An endpoint can't be asked: nothing but the message travels.";
                    self.mistakes.add(Kind::Unknown, name, words);
                }
                _ => self.mistakes.add(Kind::Unknown, name, format!("Nodes don't do this: {name}.")),
            }
        }
        let version = version(source);
        if version.is_none_or(|(major, _)| major < 2) {
            self.mistakes.add(
                Kind::Value,
                "version",
                "Is a version of Flow JSON from 2.1 on, such as \"7.2\".",
            );
        }
        let screens = self.screens(document)?;
        let entry = self.entry(&screens)?;
        if let Some(wanted) = begin.and_then(|begin| begin.screen).filter(|wanted| *wanted != entry) {
            let words = format!(
                "The flow begins with {entry}: no other screen is one to begin with, so not {wanted}."
            );
            self.mistakes.add(Kind::Route, "screens", words);
        }
        let (_, first) = screens.get(&entry)?;
        let declared = first.get("data").and_then(Value::as_object).filter(|data| !data.is_empty());
        let takes_data = declared.is_some();
        let data = match begin {
            Some(begin) => {
                begin.data.iter().map(|(name, value)| (name.clone(), Meant::Known(value.clone()))).collect()
            }
            None => self.examples(&screens, &entry),
        };
        let known = self.walk(&screens, entry, data, version.unwrap_or_default())?;
        self.name_fields();
        let screens = self.shown.iter().map(|(title, text, fields)| Screen {
            title: title.clone(),
            text: text.join("\n"),
            fields: fields
                .iter()
                .filter_map(|at| self.asked.get(*at))
                .map(|asked| asked.field.clone())
                .collect(),
        });
        Some(Made { screens: screens.collect(), known, takes_data })
    }

    /// The screens by their ids, each with its path.
    fn screens<'a>(&mut self, document: &'a Map<String, Value>) -> Option<Screens<'a>> {
        let list = document.get("screens").and_then(Value::as_array).filter(|list| !list.is_empty());
        let Some(list) = list else {
            self.mistakes.add(Kind::Missing, "screens", "A flow has a list of screens.");
            return None;
        };
        let mut screens = BTreeMap::new();
        for (at, screen) in list.iter().enumerate() {
            let path = format!("screens[{at}]");
            let id = screen.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && *id != "SUCCESS");
            let (Some(id), Some(screen)) = (id, screen.as_object()) else {
                self.mistakes.add(
                    Kind::Missing,
                    &format!("{path}.id"),
                    "A screen has an id, which isn't SUCCESS.",
                );
                continue;
            };
            for (name, value) in screen {
                let is_known =
                    matches!(name.as_str(), "id" | "title" | "terminal" | "success" | "data" | "layout");
                let is_usual = (name == "refresh_on_back" && *value == Value::Bool(false))
                    || (name == "sensitive" && value.as_array().is_some_and(Vec::is_empty));
                if !is_known && !is_usual {
                    self.mistakes.add(
                        Kind::Unknown,
                        &format!("{path}.{name}"),
                        format!("Nodes don't do this: {name}."),
                    );
                }
            }
            if screens.insert(id.to_owned(), (path.clone(), screen)).is_some() {
                self.mistakes.add(Kind::Value, &format!("{path}.id"), "Another screen has this id.");
            }
        }
        Some(screens)
    }

    /// The only screen to which no other leads.
    fn entry(&mut self, screens: &Screens<'_>) -> Option<String> {
        let mut targets = Vec::new();
        for (path, screen) in screens.values() {
            targets.extend(footer(screen, path).and_then(|action| next_of(&action).map(str::to_owned)));
        }
        let mut entries = screens.iter().filter(|(id, _)| !targets.contains(id));
        match (entries.next(), entries.next()) {
            (Some((entry, _)), None) => Some(entry.clone()),
            (None, _) => {
                self.mistakes.add(
                    Kind::Route,
                    "screens",
                    "The screens lead in a circle: one is to begin with.",
                );
                None
            }
            (Some((entry, _)), Some((other, _))) => {
                let words = format!(
                    "The screens follow one another, and no other leads to both {entry} and {other}."
                );
                self.mistakes.add(Kind::Route, "screens", words);
                None
            }
        }
    }

    /// What the first screen says that it is given, for example.
    fn examples(&mut self, screens: &Screens<'_>, entry: &str) -> Given {
        let mut given = Given::new();
        let Some((path, screen)) = screens.get(entry) else { return given };
        for (name, declared) in screen.get("data").and_then(Value::as_object).into_iter().flatten() {
            match declared.get("__example__") {
                Some(example) => drop(given.insert(name.clone(), Meant::Known(example.clone()))),
                None => {
                    self.mistakes.add(
                        Kind::Missing,
                        &format!("{path}.data.{name}.__example__"),
                        "Data has an example.",
                    );
                }
            }
        }
        given
    }

    /// Goes from screen to screen. Returns what comes back with an answer beside what is answered.
    fn walk(
        &mut self,
        screens: &Screens<'_>,
        entry: String,
        data: Given,
        version: (u32, u32),
    ) -> Option<Vec<Known>> {
        let mut scope = Scope { data, ..Scope::default() };
        let mut at = entry;
        for _ in 0..screens.len() {
            let (path, screen) = screens.get(&at)?;
            let form = self.screen(screen, path, &scope, version);
            let Some(footer) = footer(screen, path) else {
                self.mistakes.add(
                    Kind::Missing,
                    &format!("{path}.layout.children"),
                    "A screen has a Footer with an on-click-action.",
                );
                return None;
            };
            scope.form = form;
            let empty = Map::new();
            let payload = footer.action.get("payload").and_then(Value::as_object).unwrap_or(&empty);
            let given = scope.payload(payload, &format!("{}.payload", footer.path), &mut self.mistakes);
            match footer.action.get("name").and_then(Value::as_str).unwrap_or_default() {
                "complete" => {
                    if screen.get("terminal") != Some(&Value::Bool(true)) {
                        self.mistakes.add(
                            Kind::Value,
                            &format!("{path}.terminal"),
                            "A screen that completes the flow is terminal.",
                        );
                    }
                    return self.complete(given, &footer.path);
                }
                "navigate" => {
                    let next = next_of(&footer).filter(|next| screens.contains_key(*next));
                    let Some(next) = next else {
                        let words = "Names the screen that follows: {\"type\": \"screen\", \"name\": …}.";
                        self.mistakes.add(Kind::Route, &format!("{}.next", footer.path), words);
                        return None;
                    };
                    let next = next.to_owned();
                    let left = core::mem::replace(&mut scope.data, given);
                    scope.before.insert(at, (left, core::mem::take(&mut scope.form)));
                    at = next;
                }
                _ => {
                    let words = "Is navigate or complete: nothing but the message travels, so nothing is exchanged meanwhile.";
                    self.mistakes.add(Kind::Value, &format!("{}.name", footer.path), words);
                    return None;
                }
            }
        }
        self.mistakes.add(
            Kind::Route,
            "screens",
            "The screens lead in a circle: the last completes the flow.",
        );
        None
    }

    /// What is shown and asked on a screen; its fields by their names.
    fn screen(
        &mut self,
        screen: &Map<String, Value>,
        path: &str,
        scope: &Scope,
        version: (u32, u32),
    ) -> BTreeMap<String, usize> {
        let mut form = BTreeMap::new();
        let title = match screen.get("title") {
            None | Some(Value::Null) => String::new(),
            Some(title) => {
                let shown = scope.shown(title, &format!("{path}.title"), &mut self.mistakes);
                shown.as_ref().and_then(Value::as_str).unwrap_or_default().trim().to_owned()
            }
        };
        let layout = screen.get("layout").and_then(Value::as_object);
        if layout.and_then(|layout| layout.get("type")).and_then(Value::as_str) != Some("SingleColumnLayout")
        {
            self.mistakes.add(Kind::Value, &format!("{path}.layout.type"), "Is SingleColumnLayout.");
        }
        let mut now = (title, Vec::new(), Vec::new());
        let mut footers = 0;
        for (path, component) in self.components(screen, path) {
            let read = Parts { scope, version, mistakes: &mut self.mistakes }.read(component, &path);
            match read {
                Some(Part::Text(text)) => {
                    // Words after a question stand above the next ones.
                    if !now.2.is_empty() {
                        self.shown.push(core::mem::take(&mut now));
                    }
                    now.1.push(text);
                }
                Some(Part::Field(field)) => {
                    if form.insert(field.id.clone(), self.asked.len()).is_some() {
                        self.mistakes.add(
                            Kind::Value,
                            &format!("{path}.name"),
                            "Another field of the screen has this name.",
                        );
                    }
                    now.2.push(self.asked.len());
                    self.asked.push(Asked { field: *field, path, name: None });
                }
                Some(Part::Footer) => footers += 1,
                None => {}
            }
        }
        if footers > 1 {
            self.mistakes.add(Kind::Value, &format!("{path}.layout.children"), "A screen has one Footer.");
        }
        if !(now.1.is_empty() && now.2.is_empty()) {
            self.shown.push(now);
        }
        form
    }

    /// The components of a screen, those within a form, too, each with its path.
    fn components<'a>(
        &mut self,
        screen: &'a Map<String, Value>,
        path: &str,
    ) -> Vec<(String, &'a Map<String, Value>)> {
        let mut found = Vec::new();
        for (path, child) in children(screen.get("layout"), &format!("{path}.layout")) {
            let Some(component) = child.as_object() else {
                self.mistakes.add(Kind::Value, &path, "A component is an object.");
                continue;
            };
            if component.get("type").and_then(Value::as_str) != Some("Form") {
                found.push((path, component));
                continue;
            }
            for name in component.keys().filter(|name| !matches!(name.as_str(), "type" | "name" | "children"))
            {
                self.mistakes.add(
                    Kind::Unknown,
                    &format!("{path}.{name}"),
                    format!("Nodes don't do this: {name}."),
                );
            }
            for (path, child) in children(Some(child), &path) {
                match child.as_object() {
                    Some(component) => found.push((path, component)),
                    None => self.mistakes.add(Kind::Value, &path, "A component is an object."),
                }
            }
        }
        found
    }

    /// Under which name each answer comes back, and what comes back beside them.
    fn complete(&mut self, given: Given, path: &str) -> Option<Vec<Known>> {
        let mut known = Vec::new();
        for (name, meant) in given {
            let path = format!("{path}.payload.{name}");
            if name == TOKEN {
                self.mistakes.add(Kind::Value, &path, "The token comes back by itself.");
                continue;
            }
            match meant {
                Meant::Known(value) => known.push(Known { id: name, value: value.to_string() }),
                Meant::Answer(at) => {
                    if let Some(asked) = self.asked.get_mut(at)
                        && asked.name.replace(name).is_some()
                    {
                        self.mistakes.add(
                            Kind::Value,
                            &path,
                            "The same answer comes back under another name already.",
                        );
                    }
                }
            }
        }
        Some(known)
    }

    fn name_fields(&mut self) {
        for asked in &mut self.asked {
            match asked.name.take() {
                Some(name) => asked.field.id = name,
                None => {
                    let words =
                        "What is answered here is in no payload of complete: it would be asked for nothing.";
                    self.mistakes.add(Kind::Reference, &asked.path, words);
                }
            }
        }
    }
}

fn children<'a>(of: Option<&'a Value>, path: &str) -> Vec<(String, &'a Value)> {
    let list = of.and_then(|of| of.get("children")).and_then(Value::as_array);
    let numbered = list.into_iter().flatten().take(limits::FLOW_COMPONENTS_MAX).enumerate();
    numbered.map(|(at, child)| (format!("{path}.children[{at}]"), child)).collect()
}

/// What a screen's footer does.
fn footer<'a>(screen: &'a Map<String, Value>, path: &str) -> Option<Action<'a>> {
    let is = |component: &Value, kind: &str| component.get("type").and_then(Value::as_str) == Some(kind);
    let outer = children(screen.get("layout"), &format!("{path}.layout"));
    let inner = outer
        .iter()
        .filter(|(_, child)| is(child, "Form"))
        .flat_map(|(path, child)| children(Some(*child), path));
    let inner: Vec<(String, &Value)> = inner.collect();
    let (path, footer) = outer.into_iter().chain(inner).find(|(_, child)| is(child, "Footer"))?;
    let action = footer.get("on-click-action")?.as_object()?;
    Some(Action { path: format!("{path}.on-click-action"), action })
}

fn next_of<'a>(action: &Action<'a>) -> Option<&'a str> {
    action.action.get("next")?.get("name")?.as_str()
}
