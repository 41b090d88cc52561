//! The registry of forms: what a business asks its customers, field by field.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::limits::NAME_MAX;
use crate::base::time::Time;
use crate::domain::business::names::is_slug;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::decode::is_line;
use crate::wire::said::form::{Form, Screen};

/// Forms by their id.
pub const FORMS: Table<Kept> = Table::new(TableId::Forms, 1);

/// What a form was made of, by the form's id: the text of another language for forms, which only those read who wrote it.
pub const SOURCES: Table<String> = Table::new(TableId::FormSources, 1);

/// A form, as a business writes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its id: `a-z`, `0-9`, `_` and `-`.
    pub id: String,
    /// What the business calls it; the id where it is empty.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// What stands above the text.
    #[serde(default)]
    pub header: String,
    /// The text of the message.
    pub text: String,
    /// What stands below it.
    #[serde(default)]
    pub footer: String,
    /// What opens the form.
    #[serde(default)]
    pub label: String,
    /// Its screens.
    pub screens: Vec<Screen>,
}

/// What a form is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// To open an account.
    SignUp,
    /// To enter one.
    SignIn,
    /// To come at a certain time.
    AppointmentBooking,
    /// To be called back.
    LeadGeneration,
    /// To reach the business.
    ContactUs,
    /// To be helped.
    CustomerSupport,
    /// To say what one thinks.
    Survey,
    /// For anything else.
    Other,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::SignIn,
        Self::AppointmentBooking,
        Self::LeadGeneration,
        Self::ContactUs,
        Self::CustomerSupport,
        Self::Survey,
        Self::Other,
    ];

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::AppointmentBooking => "appointment_booking",
            Self::LeadGeneration => "lead_generation",
            Self::ContactUs => "contact_us",
            Self::CustomerSupport => "customer_support",
            Self::Survey => "survey",
            Self::Other => "other",
        }
    }
}

/// How far a form has got.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can be changed, and sent to try it out.
    Draft,
    /// It can be sent, and stays as it is.
    Published,
    /// It isn't sent any more.
    Deprecated,
}

impl Status {
    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Deprecated => "deprecated",
        }
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Shape {
    /// Nothing yet.
    Nothing,
    /// This.
    Form(Box<Form>),
    /// What its source makes of data that whoever sends it gives.
    WithData,
}

/// A form as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// What the business calls it.
    pub name: String,
    /// What it is for.
    pub categories: Vec<Category>,
    /// How far it has got.
    pub status: Status,
    /// When it was added.
    pub added: Time,
    /// When it was changed last.
    pub changed: Time,
    /// What it asks.
    pub shape: Shape,
}

/// A form to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Its id.
    pub id: String,
    /// What the business calls it.
    pub name: String,
    /// What it is for.
    pub categories: Vec<Category>,
    /// What it asks.
    pub shape: Shape,
    /// What it was made of, if of something else.
    pub source: Option<String>,
}

impl From<Definition> for Draft {
    fn from(definition: Definition) -> Self {
        let Definition { id, name, categories, header, text, footer, label, screens } = definition;
        let name = if name.is_empty() { id.clone() } else { name };
        let form = Form { header, text, footer, label, screens, ..Form::default() };
        Self { id, name, categories, shape: Shape::Form(Box::new(form)), source: None }
    }
}

impl Draft {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// The first thing that isn't.
    pub fn check(&self) -> Result<(), FormError> {
        if !is_slug(&self.id, limits::DESK_NAME_MAX) {
            return Err(FormError::Id);
        }
        if self.name.is_empty() || !is_line(&self.name, NAME_MAX) {
            return Err(FormError::Name);
        }
        if self.categories.len() > Category::ALL.len() {
            return Err(FormError::Categories);
        }
        if self.source.as_ref().is_some_and(|source| source.len() > limits::FORM_SOURCE_MAX) {
            return Err(FormError::Source);
        }
        match &self.shape {
            Shape::Form(form) => form.check().map_err(|error| FormError::Form(error.0)),
            Shape::Nothing | Shape::WithData => Ok(()),
        }
    }
}

/// Keeps a form as a draft, or changes one that is a draft; what isn't one any more may only be called otherwise.
///
/// # Errors
/// Where it isn't a draft, or there are too many.
pub fn put(tx: &Tx<'_>, draft: Draft, now: Time) -> Result<(), FormError> {
    let known = get(tx, &draft.id);
    let Draft { id, name, categories, shape, source } = draft;
    if let Some(known) = known.as_ref().filter(|known| known.status != Status::Draft)
        && (known.shape != shape || self::source(tx, &id).as_deref() != source.as_ref())
    {
        return Err(FormError::Fixed(id, known.status.word()));
    }
    if known.is_none() && tx.scan(&FORMS, &FORMS.all()).len() >= limits::FORMS_MAX {
        return Err(FormError::TooMany);
    }
    let (status, added) = known.map_or((Status::Draft, now), |known| (known.status, known.added));
    let key = SOURCES.key(id.as_bytes());
    match source {
        Some(source) => tx.put(&SOURCES, key, source),
        None => tx.delete(&SOURCES, key),
    }
    let key = FORMS.key(id.as_bytes());
    tx.put(&FORMS, key, Kept { id, name, categories, status, added, changed: now, shape });
    Ok(())
}

/// Lets a draft be sent, or no longer lets what was published.
///
/// # Errors
/// Where there is none, it isn't what it must be before, or it asks nothing yet.
pub fn advance(tx: &Tx<'_>, id: &str, to: Status, now: Time) -> Result<(), FormError> {
    let known = get(tx, id).ok_or_else(|| FormError::NoneSuch(id.to_owned()))?;
    match (known.status, to) {
        (Status::Draft, Status::Published) if known.shape == Shape::Nothing => {
            return Err(FormError::Nothing(id.to_owned()));
        }
        (Status::Draft, Status::Published) | (Status::Published, Status::Deprecated) => {}
        (status, _) => return Err(FormError::Order(id.to_owned(), status.word(), to.word())),
    }
    let kept = Kept { status: to, changed: now, ..Kept::clone(&known) };
    tx.put(&FORMS, FORMS.key(id.as_bytes()), kept);
    Ok(())
}

/// Removes a form with its source; false where there is none. What was sent stays, and may be answered.
pub fn remove(tx: &Tx<'_>, id: &str) -> bool {
    let is_known = get(tx, id).is_some();
    tx.delete(&FORMS, FORMS.key(id.as_bytes()));
    tx.delete(&SOURCES, SOURCES.key(id.as_bytes()));
    is_known
}

/// A form as it is sent: a published one, or a draft that is tried out.
///
/// # Errors
/// Where there is none, it isn't to be sent so, or only its source makes it.
pub fn to_send(rows: &impl Rows, id: &str, draft: bool) -> Result<Form, FormError> {
    let known = get(rows, id).ok_or_else(|| FormError::NoneSuch(id.to_owned()))?;
    may_be_sent(&known, draft)?;
    match &known.shape {
        Shape::Form(form) => Ok(Form::clone(form)),
        Shape::Nothing => Err(FormError::Nothing(id.to_owned())),
        Shape::WithData => Err(FormError::WithData(id.to_owned())),
    }
}

/// Whether a form may be sent: as a draft if it is one, and otherwise if it is published.
///
/// # Errors
/// Why not.
pub fn may_be_sent(kept: &Kept, draft: bool) -> Result<(), FormError> {
    match (kept.status, draft) {
        (Status::Draft, true) | (Status::Published, false) => Ok(()),
        (Status::Draft, false) => Err(FormError::IsDraft(kept.id.clone())),
        (status, _) => Err(FormError::NotSent(kept.id.clone(), status.word())),
    }
}

/// One form.
pub fn get(rows: &impl Rows, id: &str) -> Option<Arc<Kept>> {
    rows.row(&FORMS, id.as_bytes())
}

/// What a form was made of.
pub fn source(rows: &impl Rows, id: &str) -> Option<Arc<String>> {
    rows.row(&SOURCES, id.as_bytes())
}

/// All forms, by name.
pub fn list(rows: &impl Rows) -> Vec<Kept> {
    let all = rows.scan(&FORMS, &FORMS.all()).into_iter();
    let mut all: Vec<Kept> = all.map(|(_, kept)| Arc::unwrap_or_clone(kept)).collect();
    all.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    all
}

/// What is wrong with a form, or with what is to become of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself what it is")]
pub enum FormError {
    #[error("a form's id is made of a-z, 0-9, _ and -, at most {max} of them", max = limits::DESK_NAME_MAX)]
    Id,
    #[error("a form's name is one line of 1 to {max} bytes", max = NAME_MAX)]
    Name,
    #[error("a form has at most {max} categories", max = Category::ALL.len())]
    Categories,
    #[error("what a form is made of has at most {max} bytes", max = limits::FORM_SOURCE_MAX)]
    Source,
    #[error("{0}")]
    Form(&'static str),
    #[error("the form {0} is {1} and stays as it is: add another one, or remove it first")]
    Fixed(String, &'static str),
    #[error("there are too many forms: at most {max}", max = limits::FORMS_MAX)]
    TooMany,
    #[error("there is no form {0}: `sigillo form list` shows them")]
    NoneSuch(String),
    #[error("the form {0} asks nothing yet, or what it is made of has mistakes: mend these first")]
    Nothing(String),
    #[error("the form {0} is {1}: it can't become {2}")]
    Order(String, &'static str, &'static str),
    #[error(
        "the form {0} is a draft: publish it first, with `sigillo form publish`, or try it out with --draft"
    )]
    IsDraft(String),
    #[error("the form {0} is {1}: it isn't sent so")]
    NotSent(String, &'static str),
    #[error(
        "the form {0} takes data, which only a program of the Cloud-API-compatible surface gives: send it there"
    )]
    WithData(String),
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::store::memory::NOTHING;
    use crate::wire::said::form::tests::form;

    const NOW: Time = Time::from_millis(1_800_000_000_000);

    pub(crate) fn draft(id: &str) -> Draft {
        let Form { header, text, footer, label, screens, .. } = form();
        let categories = vec![Category::AppointmentBooking];
        Definition { id: id.into(), name: String::new(), categories, header, text, footer, label, screens }
            .into()
    }

    #[test]
    fn a_form_is_a_draft_then_published_then_deprecated_and_is_fixed_when_published() {
        let tx = Tx::new(&NOTHING);
        put(&tx, draft("table"), NOW).unwrap();
        assert_eq!(
            (get(&tx, "table").unwrap().name.as_str(), get(&tx, "table").unwrap().status),
            ("table", Status::Draft)
        );
        assert_eq!(to_send(&tx, "table", false), Err(FormError::IsDraft("table".into())));
        assert!(to_send(&tx, "table", true).is_ok());
        let other = Draft { shape: Shape::Nothing, ..draft("table") };
        put(&tx, other.clone(), NOW).unwrap();
        assert_eq!(advance(&tx, "table", Status::Published, NOW), Err(FormError::Nothing("table".into())));
        put(&tx, draft("table"), NOW).unwrap();
        assert!(matches!(advance(&tx, "table", Status::Deprecated, NOW), Err(FormError::Order(..))));
        advance(&tx, "table", Status::Published, NOW).unwrap();
        assert!(to_send(&tx, "table", false).is_ok() && to_send(&tx, "table", true).is_err());
        assert_eq!(put(&tx, other, NOW), Err(FormError::Fixed("table".into(), "published")));
        put(&tx, Draft { name: "Tables".into(), ..draft("table") }, NOW).unwrap();
        advance(&tx, "table", Status::Deprecated, NOW).unwrap();
        assert_eq!(to_send(&tx, "table", false), Err(FormError::NotSent("table".into(), "deprecated")));
        assert!(advance(&tx, "table", Status::Published, NOW).is_err());
        assert!(remove(&tx, "table") && !remove(&tx, "table"));
        assert!(matches!(to_send(&tx, "table", false), Err(FormError::NoneSuch(_))));
        assert!(matches!(advance(&tx, "table", Status::Published, NOW), Err(FormError::NoneSuch(_))));
    }

    #[test]
    fn a_source_goes_with_its_form() {
        let tx = Tx::new(&NOTHING);
        let made = Draft { shape: Shape::WithData, source: Some("{}".into()), ..draft("made") };
        put(&tx, made.clone(), NOW).unwrap();
        advance(&tx, "made", Status::Published, NOW).unwrap();
        assert_eq!(to_send(&tx, "made", false), Err(FormError::WithData("made".into())));
        assert_eq!(source(&tx, "made").as_deref().map(String::as_str), Some("{}"));
        assert!(matches!(
            put(&tx, Draft { source: Some("[]".into()), ..made }, NOW),
            Err(FormError::Fixed(..))
        ));
        remove(&tx, "made");
        assert_eq!(source(&tx, "made"), None);
    }

    #[test]
    fn a_form_is_within_its_bounds() {
        assert_eq!(draft("table-1").check(), Ok(()));
        assert_eq!(draft("Table").check(), Err(FormError::Id));
        assert_eq!(Draft { name: "two\nlines".into(), ..draft("a") }.check(), Err(FormError::Name));
        assert_eq!(
            Draft { categories: vec![Category::Other; 9], ..draft("a") }.check(),
            Err(FormError::Categories)
        );
        assert_eq!(
            Draft { source: Some("x".repeat(limits::FORM_SOURCE_MAX + 1)), ..draft("a") }.check(),
            Err(FormError::Source)
        );
        let nothing = Shape::Form(Box::default());
        assert!(matches!(Draft { shape: nothing, ..draft("a") }.check(), Err(FormError::Form(_))));
        let tx = Tx::new(&NOTHING);
        for number in 0..limits::FORMS_MAX {
            put(&tx, draft(&number.to_string()), NOW).unwrap();
        }
        assert_eq!(put(&tx, draft("more"), NOW), Err(FormError::TooMany));
        put(&tx, draft("7"), NOW).unwrap();
        assert_eq!(list(&tx).len(), limits::FORMS_MAX);
    }
}
