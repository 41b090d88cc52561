//! What a person says to a form.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::base::said_limits::{
    FIELD_ID_MAX, FIELD_OPTIONS_MAX, FIELD_TEXT_MAX, FORM_FIELDS_MAX, MISFIT_MAX, ROW_TITLE_MAX, SAID_MAX,
};
use crate::wire::decode::{Malformed, array, is_line, is_text};
use crate::wire::said::field::{Field, FieldKind, is_field_id, is_label};
use crate::wire::said::form::{Form, Known};
use crate::wire::schema;

/// What the sender says to a form of the reader's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormAnswer {
    /// The message that is the form.
    pub form: MessageId,
    /// All fields of the form, in its order.
    pub fields: Vec<Filled>,
    /// What the form itself, which is the reader's, says of it. It isn't sent: whoever answers says nothing of that.
    pub fit: Option<Fit>,
}

/// A field as it was filled in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Filled {
    /// The field's id.
    pub id: String,
    /// Its kind.
    pub kind: FieldKind,
    /// Its label.
    pub label: String,
    /// What was written, the options' ids, or [`crate::wire::said::field::YES`]; none where nothing is said.
    pub values: Vec<String>,
    /// The options' titles.
    pub titles: Vec<String>,
}

/// What a form says of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Fit {
    /// It is one. What comes back with it is what stands in the form.
    Fits {
        /// The form's token.
        token: String,
        /// What else its programs are given.
        known: Vec<Known>,
    },
    /// It is none, for this reason.
    Misfits(String),
    /// There is no such form here, or it was taken back.
    NoForm,
}

/// Why something is no answer to a form.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Misfit {
    /// Of a field that isn't there.
    #[error("the form has no field {field}: there are {known}")]
    NoField {
        /// Its id.
        field: String,
        /// Those that are.
        known: String,
    },
    /// Two answers to one field.
    #[error("{0} is filled in twice")]
    Twice(String),
    /// Nothing is said where something must be.
    #[error("{field} must be filled in: it takes {must}")]
    Missing {
        /// The field's id.
        field: String,
        /// What it takes.
        must: String,
    },
    /// What the field doesn't take.
    #[error("{field} takes {must}")]
    Value {
        /// The field's id.
        field: String,
        /// What it takes.
        must: String,
    },
    /// All of it together.
    #[error("an answer has at most {max} bytes in all", max = SAID_MAX)]
    Large,
}

impl FormAnswer {
    /// What is said to a form, with the form's words. Whoever answers makes it so, and who asked makes it again.
    ///
    /// # Errors
    /// Why it is no answer to the form.
    pub fn fill(id: MessageId, form: &Form, said: Vec<(String, Vec<String>)>) -> Result<Self, Misfit> {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (field, values) in said {
            if given.contains_key(&field) {
                return Err(Misfit::Twice(field));
            }
            given.insert(field, values);
        }
        let ids: BTreeSet<&str> = form.fields().map(|field| field.id.as_str()).collect();
        if let Some(field) = given.keys().find(|field| !ids.contains(field.as_str())) {
            let known = form.fields().map(|field| field.id.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Misfit::NoField { field: field.clone(), known });
        }
        let fields = form.fields().map(|field| filled(field, given.remove(&field.id).unwrap_or_default()));
        let fields: Vec<Filled> = fields.collect::<Result<_, _>>()?;
        let answer = Self { form: id, fields, fit: None };
        if answer.to_schema().encoded_len() > SAID_MAX { Err(Misfit::Large) } else { Ok(answer) }
    }

    /// Compares what came with the form that it names, as it is here: what fits has the form's words from now on, and what
    /// stands in the form comes back with it.
    pub fn compare(&mut self, form: Option<&Form>) {
        let Some(form) = form else {
            self.fit = Some(Fit::NoForm);
            return;
        };
        let said = self.fields.iter().filter(|field| !field.values.is_empty());
        let said = said.map(|field| (field.id.clone(), field.values.clone())).collect();
        self.fit = Some(match Self::fill(self.form, form, said) {
            Ok(answer) => {
                self.fields = answer.fields;
                Fit::Fits { token: form.token.clone(), known: form.known.clone() }
            }
            Err(misfit) => Fit::Misfits(bounded(&misfit.to_string())),
        });
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), Malformed> {
        let ids: BTreeSet<&str> = self.fields.iter().map(|field| field.id.as_str()).collect();
        if !(1..=FORM_FIELDS_MAX).contains(&self.fields.len()) || ids.len() != self.fields.len() {
            return Err(Malformed("an answer has 1 to 40 fields, none of them twice"));
        }
        self.fields.iter().try_for_each(Filled::check)?;
        if self.to_schema().encoded_len() > SAID_MAX {
            return Err(Malformed("an answer has at most 12,288 bytes in all"));
        }
        Ok(())
    }

    /// What is stored of it beside what is sent, in bytes.
    pub(super) fn fit_size(&self) -> usize {
        match &self.fit {
            None | Some(Fit::NoForm) => 1,
            Some(Fit::Misfits(words)) => words.len() + 3,
            Some(Fit::Fits { token, known }) => {
                let known: usize = known.iter().map(|known| known.id.len() + known.value.len() + 3).sum();
                token.len() + known + 4
            }
        }
    }

    pub(crate) fn to_schema(&self) -> schema::FormAnswer {
        let filled = |filled: &Filled| schema::FormFilled {
            id: filled.id.clone(),
            kind: filled.kind.number(),
            label: filled.label.clone(),
            values: filled.values.clone(),
            titles: filled.titles.clone(),
        };
        schema::FormAnswer {
            form: self.form.as_bytes().to_vec(),
            fields: self.fields.iter().map(filled).collect(),
        }
    }

    pub(crate) fn from_schema(answer: schema::FormAnswer) -> Result<Self, Malformed> {
        let filled = |schema::FormFilled { id, kind, label, values, titles }: schema::FormFilled| {
            Ok(Filled { id, kind: FieldKind::from_number(kind)?, label, values, titles })
        };
        let fields: Result<_, Malformed> = answer.fields.into_iter().map(filled).collect();
        let answer = Self { form: MessageId::new(array(&answer.form)?), fields: fields?, fit: None };
        answer.check().map(|()| answer)
    }
}

/// A field with what is said to it.
fn filled(field: &Field, values: Vec<String>) -> Result<Filled, Misfit> {
    let (id, label) = (field.id.clone(), field.label.clone());
    if values.is_empty() && field.required {
        return Err(Misfit::Missing { field: id, must: field.must() });
    }
    if !values.is_empty() && !field.takes(&values) {
        return Err(Misfit::Value { field: id, must: field.must() });
    }
    let titles = values.iter().filter_map(|value| field.option(value)).map(|row| row.title.clone()).collect();
    Ok(Filled { id, kind: field.kind, label, values, titles })
}

fn bounded(words: &str) -> String {
    let mut end = words.len().min(MISFIT_MAX);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words[..end].to_owned()
}

impl Filled {
    fn check(&self) -> Result<(), Malformed> {
        let is_value = |value: &String| !value.is_empty() && is_text(value, FIELD_TEXT_MAX);
        let are_values = self.values.len() <= FIELD_OPTIONS_MAX && self.values.iter().all(is_value);
        let are_titles = self.titles.is_empty() || self.titles.len() == self.values.len();
        let are_titles = are_titles && self.titles.iter().all(|title| is_line(title, ROW_TITLE_MAX));
        if is_field_id(&self.id) && is_label(&self.label) && are_values && are_titles {
            Ok(())
        } else {
            Err(Malformed("a field has an id, a label, what is said to it, and titles of that or none"))
        }
    }
}

const _: () = assert!(FIELD_ID_MAX + 64 < MISFIT_MAX, "a reason names its field");

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::wire::said::field::YES;
    use crate::wire::said::form::tests::form;

    fn said(pairs: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let words = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        pairs.iter().map(|(field, values)| ((*field).to_owned(), words(values))).collect()
    }

    const ID: MessageId = MessageId::new([4; 16]);
    const GOOD: [(&str, &[&str]); 4] =
        [("day", &["2027-05-01"]), ("name", &["Ana"]), ("breads", &["oat", "rye"]), ("terms", &[YES])];

    /// An answer to the form of the form's tests.
    pub(crate) fn answer() -> FormAnswer {
        FormAnswer::fill(ID, &form(), said(&GOOD)).unwrap()
    }

    #[test]
    fn an_answer_has_the_forms_words_and_what_was_left_out() {
        let answer = answer();
        let fields: Vec<(&str, Vec<&str>)> = answer
            .fields
            .iter()
            .map(|field| (field.id.as_str(), field.values.iter().map(String::as_str).collect()))
            .collect();
        let expected = [
            ("name", vec!["Ana"]),
            ("seats", vec![]),
            ("day", vec!["2027-05-01"]),
            ("breads", vec!["oat", "rye"]),
            ("terms", vec![YES]),
        ];
        assert_eq!(fields, expected);
        assert_eq!(
            (answer.fields[3].titles.concat(), answer.fields[0].label.as_str()),
            ("OATRYE".into(), "Your name")
        );
        assert_eq!(FormAnswer::from_schema(answer.to_schema()), Ok(answer));
    }

    #[test]
    fn what_a_form_does_not_take_is_no_answer() {
        let refused = |pairs: &[(&str, &[&str])]| {
            let mut all = said(&GOOD);
            for (field, values) in said(pairs) {
                all.retain(|(known, _)| *known != field);
                all.push((field, values));
            }
            FormAnswer::fill(ID, &form(), all).unwrap_err().to_string()
        };
        assert_eq!(
            refused(&[("name", &[])]),
            "name must be filled in: it takes a line of at most 40 characters"
        );
        assert_eq!(refused(&[("seats", &["9"])]), "seats takes a number, 1 to 8");
        assert_eq!(
            refused(&[("breads", &["rye", "oat", "nut"])]),
            "breads takes some of rye, oat, nut, at most 2"
        );
        assert_eq!(refused(&[("terms", &["no"])]), "terms takes `yes`, or nothing");
        let there_are = "there are name, seats, day, breads, terms";
        assert_eq!(refused(&[("age", &["7"])]), format!("the form has no field age: {there_are}"));
        let twice = FormAnswer::fill(ID, &form(), [said(&GOOD), said(&GOOD[..1])].concat());
        assert_eq!(twice, Err(Misfit::Twice("day".into())));
    }

    #[test]
    fn who_asked_believes_its_own_form_and_nothing_in_the_answer() {
        let mut came = answer();
        came.fields[0].label = "I owe nothing".into();
        came.fields[0].kind = FieldKind::Agreement;
        came.fields[3].titles = vec!["Cake".into(), "Gold".into()];
        came.fields.retain(|field| !field.values.is_empty());
        came.fields.reverse();
        came.compare(Some(&form()));
        let fit = Fit::Fits { token: "visit-7".into(), known: form().known };
        assert_eq!(came, FormAnswer { fit: Some(fit), ..answer() });
        let mut came = answer();
        came.fields[1].values = vec!["99".into()];
        came.compare(Some(&form()));
        assert_eq!(came.fit, Some(Fit::Misfits("seats takes a number, 1 to 8".into())));
        assert_eq!(came.fields[1].values, ["99"], "it stays as it came");
        came.compare(None);
        assert_eq!(came.fit, Some(Fit::NoForm));
        assert_eq!(FormAnswer::from_schema(came.to_schema()).unwrap().fit, None, "nobody is told");
    }

    #[test]
    fn an_answer_is_within_its_bounds() {
        let with = |change: &dyn Fn(&mut FormAnswer)| {
            let mut answer = answer();
            change(&mut answer);
            answer
        };
        let wrong: [&dyn Fn(&mut FormAnswer); 10] = [
            &|answer| answer.fields.clear(),
            &|answer| answer.fields[1].id = "name".into(),
            &|answer| answer.fields[1].id = "\u{202e}x".into(),
            &|answer| answer.fields[1].label.clear(),
            &|answer| answer.fields[0].values = vec![String::new()],
            &|answer| answer.fields[0].values = vec!["\u{1b}[2J".into()],
            &|answer| answer.fields[0].values = vec!["x".repeat(FIELD_TEXT_MAX + 1)],
            &|answer| answer.fields[0].values = vec!["x".into(); FIELD_OPTIONS_MAX + 1],
            &|answer| answer.fields[3].titles.truncate(1),
            &|answer| {
                answer.fields.iter_mut().for_each(|field| field.values = vec!["x".repeat(FIELD_TEXT_MAX)])
            },
        ];
        for (at, change) in wrong.into_iter().enumerate() {
            assert!(FormAnswer::from_schema(with(change).to_schema()).is_err(), "{at}");
        }
        let mut nameless = answer().to_schema();
        nameless.form.pop();
        assert!(FormAnswer::from_schema(nameless).is_err());
        assert_eq!(bounded(&"ä".repeat(MISFIT_MAX)).len(), MISFIT_MAX);
    }
}
