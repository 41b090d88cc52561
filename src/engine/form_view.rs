//! How forms and answers to them are shown.

use serde::Serialize;

use crate::base::id::MessageId;
use crate::wire::said::field::Field;
use crate::wire::said::form::{Form, Known, Screen};
use crate::wire::said::form_answer::{Filled, Fit, FormAnswer};
use crate::wire::said::menu::Row;

/// What a business asks, field by field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FormView {
    /// What stands above the text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// The text.
    pub text: String,
    /// What stands below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub footer: String,
    /// What opens it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Its screens.
    pub screens: Vec<ScreenView>,
}

/// Fields that are shown together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct ScreenView {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What stands above the fields.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What is asked.
    pub fields: Vec<FieldView>,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FieldView {
    /// By which it is filled in.
    pub id: String,
    /// `line`, `text`, `number`, `email`, `phone`, `date`, `one`, `several` or `agreement`.
    pub kind: &'static str,
    /// For people.
    pub label: String,
    /// More about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Whether the form isn't answered without it.
    pub required: bool,
    /// What it takes, in words.
    pub takes: String,
    /// What there is to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionView>,
    /// The fewest characters of what is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shortest: Option<u32>,
    /// The most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<u32>,
    /// The least number; the fewest options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<i64>,
    /// The greatest number; the most options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<i64>,
    /// The first day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub earliest: String,
    /// The last day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest: String,
}

/// What can be chosen in a field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct OptionView {
    /// By which it is chosen.
    pub id: String,
    /// For people.
    pub title: String,
    /// More about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// What a person says to a form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FormAnswerView {
    /// The message that is the form.
    pub form: MessageId,
    /// Where the form is ours: whether this is an answer to it. What isn't is what somebody claims, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fits: Option<bool>,
    /// Why it isn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misfit: Option<String>,
    /// The token of our form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token: String,
    /// What else stands in our form for programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownView>,
    /// The fields, as they were filled in.
    pub fields: Vec<FilledView>,
}

/// What stands in a form for programs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct KnownView {
    /// Under which name.
    pub id: String,
    /// JSON, as a text.
    pub value: String,
}

/// A field as it was filled in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
pub struct FilledView {
    /// The field's id.
    pub id: String,
    /// As in a form's field.
    pub kind: &'static str,
    /// Its label.
    pub label: String,
    /// What was written, the options' ids, or `yes`; none where nothing is said.
    pub values: Vec<String>,
    /// The options' titles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub titles: Vec<String>,
}

/// How a form is shown.
pub fn form_view(form: &Form) -> FormView {
    let screen = |screen: &Screen| ScreenView {
        title: screen.title.clone(),
        text: screen.text.clone(),
        fields: screen.fields.iter().map(field_view).collect(),
    };
    FormView {
        header: form.header.clone(),
        text: form.text.clone(),
        footer: form.footer.clone(),
        label: form.label.clone(),
        screens: form.screens.iter().map(screen).collect(),
    }
}

fn field_view(field: &Field) -> FieldView {
    let option =
        |row: &Row| OptionView { id: row.id.clone(), title: row.title.clone(), about: row.about.clone() };
    FieldView {
        id: field.id.clone(),
        kind: field.kind.word(),
        label: field.label.clone(),
        hint: field.hint.clone(),
        required: field.required,
        takes: field.must(),
        options: field.options.iter().map(option).collect(),
        shortest: field.shortest,
        longest: field.longest,
        least: field.least,
        most: field.most,
        earliest: field.earliest.clone(),
        latest: field.latest.clone(),
    }
}

pub(super) fn answer_view(answer: &FormAnswer) -> FormAnswerView {
    let filled = |field: &Filled| FilledView {
        id: field.id.clone(),
        kind: field.kind.word(),
        label: field.label.clone(),
        values: field.values.clone(),
        titles: field.titles.clone(),
    };
    let known = |known: &Known| KnownView { id: known.id.clone(), value: known.value.clone() };
    let (fits, misfit, token, known) = match &answer.fit {
        None => (None, None, String::new(), Vec::new()),
        Some(Fit::Fits { token, known: all }) => {
            (Some(true), None, token.clone(), all.iter().map(known).collect())
        }
        Some(Fit::Misfits(words)) => (Some(false), Some(words.clone()), String::new(), Vec::new()),
        Some(Fit::NoForm) => (Some(false), Some(NO_FORM.to_owned()), String::new(), Vec::new()),
    };
    let fields = answer.fields.iter().map(filled).collect();
    FormAnswerView { form: answer.form, fits, misfit, token, known, fields }
}

/// Why an answer to a form that isn't here is none.
pub const NO_FORM: &str = "the form that it answers isn't here, or was taken back";

/// Whatever of a form can be read and searched.
pub(super) fn form_words(form: &Form) -> String {
    let edges = [form.header.as_str(), form.text.as_str(), form.footer.as_str()].into_iter();
    let labels = form.fields().map(|field| field.label.as_str());
    edges.chain(labels).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whatever of an answer can be read and searched.
pub(super) fn answer_words(answer: &FormAnswer) -> String {
    let said = answer.fields.iter().filter(|field| !field.values.is_empty());
    said.map(line).collect::<Vec<_>>().join("\n")
}

fn line(field: &Filled) -> String {
    let words = if field.titles.is_empty() { &field.values } else { &field.titles };
    format!("{}: {}", field.label, words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::said::form::tests::form;
    use crate::wire::said::form_answer::tests::answer;

    #[test]
    fn what_comes_back_is_shown_only_where_the_answer_fits() {
        let mut answer = answer();
        let view = answer_view(&answer);
        assert_eq!((view.fits, view.token.as_str()), (None, ""), "it is our own");
        answer.compare(Some(&form()));
        let view = answer_view(&answer);
        assert_eq!(
            (view.fits, view.token.as_str(), view.known[0].value.as_str()),
            (Some(true), "visit-7", "\"poster\"")
        );
        answer.fields[0].values.clear();
        answer.compare(Some(&form()));
        let view = answer_view(&answer);
        assert_eq!((view.fits, view.token.as_str()), (Some(false), ""));
        assert!(view.misfit.unwrap().starts_with("name must be filled in"));
        answer.compare(None);
        assert_eq!(answer_view(&answer).misfit.as_deref(), Some(NO_FORM));
    }

    #[test]
    fn an_answer_is_read_by_labels_and_titles() {
        assert_eq!(
            answer_words(&answer()),
            "Your name: Ana\nDay: 2027-05-01\nBreads: OAT, RYE\nI agree: yes"
        );
        assert!(form_words(&form()).contains("Book a table") && form_words(&form()).contains("Seats"));
        let json = serde_json::to_value(form_view(&form())).unwrap();
        assert_eq!(json["screens"][0]["fields"][1]["takes"], "a number, 1 to 8");
        assert!(json.get("token").is_none(), "a person's programs have no use for it");
    }
}
