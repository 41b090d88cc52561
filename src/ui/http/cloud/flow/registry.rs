//! Forms under the ids that they have in that API, with what is wrong with their documents.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::business::forms::{self, Category, Draft, Kept, Shape};
use crate::store::table::{Reader, Rows};
use crate::ui::http::cloud::ask::Ask;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::flow::mistake::{Kind, Mistake, Mistakes};
use crate::ui::http::cloud::flow::translate::{Made, translate, version};
use crate::ui::http::cloud::template_form;
use crate::wire::said::form::Form;

/// Digits of an id there.
const ID_DIGITS: usize = 15;
/// What stands in the place of a language where an id is made of a flow's name.
const FLOW: &str = "flow";

/// A form with the document that it was made of, if it was.
#[derive(Clone)]
pub(in crate::ui::http::cloud) struct Flow {
    pub(in crate::ui::http::cloud) kept: Kept,
    pub(in crate::ui::http::cloud) source: Option<Arc<String>>,
}

impl Flow {
    /// Its id there.
    pub(in crate::ui::http::cloud) fn id(&self) -> String {
        id(&self.kept.id)
    }

    /// What is wrong with its document.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        match &self.source {
            Some(source) => shape(source, &self.kept.name).1,
            None => Vec::new(),
        }
    }

    /// All that is shown of it.
    pub(super) fn document(&self, business: &str) -> Map<String, Value> {
        let mistakes: Vec<Value> = self.mistakes().iter().map(Mistake::document).collect();
        let categories: Vec<String> =
            self.kept.categories.iter().map(|category| shown_category(*category)).collect();
        let mut document = Map::new();
        document.insert("id".into(), self.id().into());
        document.insert("name".into(), self.kept.name.as_str().into());
        document.insert("status".into(), self.kept.status.word().to_ascii_uppercase().into());
        document.insert("categories".into(), categories.into());
        document.insert("validation_errors".into(), mistakes.into());
        document.insert("whatsapp_business_account".into(), json!({ "id": business }));
        if let Some((major, minor)) = self.source.as_ref().and_then(|source| version(&parsed(source).ok()?)) {
            document.insert("json_version".into(), format!("{major}.{minor}").into());
        }
        document
    }

    /// The same with another document, name or categories.
    pub(super) fn draft(&self) -> Draft {
        let Kept { id, name, categories, shape, .. } = self.kept.clone();
        Draft { id, name, categories, shape, source: self.source.as_deref().cloned() }
    }
}

/// The id that a form has there: its own where that is one, else one that is made of it.
fn id(form: &str) -> String {
    let is_id = form.len() == ID_DIGITS && form.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { form.to_owned() } else { template_form::id(form, FLOW) }
}

/// An id for a flow of this name, which none has.
pub(super) fn new_id(name: &str, known: &[Flow]) -> String {
    let mut made = template_form::id(name, FLOW);
    while known.iter().any(|flow| flow.id() == made) {
        made = template_form::id(&made, FLOW);
    }
    made
}

/// All flows, by name.
pub(in crate::ui::http::cloud) async fn all(ask: &Ask) -> Result<Vec<Flow>, Graph> {
    let look = |rows: &Reader<'_>| {
        let all = forms::list(rows).into_iter();
        all.map(|kept| Flow { source: source(rows, &kept), kept }).collect::<Vec<Flow>>()
    };
    Ok(ask.api.view(look).await?)
}

fn source(rows: &impl Rows, kept: &Kept) -> Option<Arc<String>> {
    forms::source(rows, &kept.id)
}

/// The flow that the request names, if there is one.
pub(in crate::ui::http::cloud) async fn named(ask: &Ask) -> Result<Option<Flow>, Graph> {
    let wanted = ask.target.object.as_str();
    Ok(all(ask).await?.into_iter().find(|flow| flow.id() == wanted))
}

/// The same where there must be one.
pub(super) async fn wanted(ask: &Ask) -> Result<Flow, Graph> {
    named(ask).await?.ok_or_else(|| Graph::object(&ask.target.object))
}

/// A document's JSON.
pub(in crate::ui::http::cloud) fn parsed(source: &str) -> Result<Value, Vec<Mistake>> {
    serde_json::from_str(source).map_err(|error| {
        let mut mistakes = Mistakes::default();
        mistakes.add(Kind::Json, "", format!("It is no JSON: {error}."));
        mistakes.all()
    })
}

/// What a document asks, and what is wrong with it.
pub(super) fn shape(source: &str, name: &str) -> (Shape, Vec<Mistake>) {
    match parsed(source).and_then(|source| translate(&source, None)) {
        Ok(Made { takes_data: true, .. }) => (Shape::WithData, Vec::new()),
        Ok(Made { screens, known, .. }) => {
            let form = Form { text: name.to_owned(), screens, known, ..Form::default() };
            (Shape::Form(Box::new(form)), Vec::new())
        }
        Err(mistakes) => (Shape::Nothing, mistakes),
    }
}

/// A category as that API writes it.
fn shown_category(category: Category) -> String {
    category.word().to_ascii_uppercase()
}

/// The categories that are meant.
pub(super) fn categories(value: &Value) -> Result<Vec<Category>, Graph> {
    let wrong = || {
        let known: Vec<String> = Category::ALL.into_iter().map(shown_category).collect();
        Graph::value("categories", &format!("is a list with one at least of {}", known.join(", ")))
    };
    let one = |value: &Value| {
        let word = value.as_str().ok_or_else(wrong)?;
        Category::ALL.into_iter().find(|category| shown_category(*category) == word).ok_or_else(wrong)
    };
    let mut categories: Vec<Category> =
        value.as_array().ok_or_else(wrong)?.iter().map(one).collect::<Result<_, _>>()?;
    categories.sort();
    categories.dedup();
    if categories.is_empty() { Err(wrong()) } else { Ok(categories) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_fifteen_digits_and_nobody_elses() {
        assert_eq!(id("123456789012345"), "123456789012345");
        assert_eq!((id("table").len(), id("table")), (15, id("table")));
        assert_ne!(id("table"), id("7"));
        let first = new_id("Booking", &[]);
        let kept = Kept {
            id: first.clone(),
            name: "Other".into(),
            categories: Vec::new(),
            status: forms::Status::Draft,
            added: crate::base::time::Time::EPOCH,
            changed: crate::base::time::Time::EPOCH,
            shape: Shape::Nothing,
        };
        assert_ne!(new_id("Booking", &[Flow { kept, source: None }]), first);
    }

    #[test]
    fn categories_are_those_that_there_are() {
        let read = |value: Value| categories(&value).map_err(|error| error.code.number());
        assert_eq!(
            read(json!(["SURVEY", "SIGN_UP", "SURVEY"])),
            Ok(vec![Category::SignUp, Category::Survey])
        );
        for wrong in [json!([]), json!("SURVEY"), json!(["survey"]), json!([1])] {
            assert_eq!(read(wrong), Err(131_009));
        }
    }
}
