//! What a business asks of a person, field by field.

use std::collections::BTreeSet;

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::said_limits::{
    FORM_FIELDS_MAX, FORM_KNOWN_BYTES_MAX, FORM_KNOWN_MAX, FORM_SCREENS_MAX, FORM_TOKEN_MAX, MENU_EDGE_MAX,
    MENU_TEXT_MAX, ROW_TITLE_MAX, SAID_MAX,
};
use crate::wire::decode::{Malformed, is_line, is_text};
use crate::wire::said::field::{Field, is_field_id};
use crate::wire::schema;

/// A text with fields to be filled in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Form {
    /// What stands above the text; may be empty.
    pub header: String,
    /// The text itself.
    pub text: String,
    /// What stands below it; may be empty.
    pub footer: String,
    /// What opens it; may be empty.
    pub label: String,
    /// At least one.
    pub screens: Vec<Screen>,
    /// For the business's programs, which are given it with the answer; may be empty.
    pub token: String,
    /// What else they are given then.
    pub known: Vec<Known>,
}

/// Fields that are shown together.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// May be empty.
    #[serde(default)]
    pub title: String,
    /// What stands above the fields; may be empty.
    #[serde(default)]
    pub text: String,
    /// None where there is a text.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// What a business's programs are given with an answer, as they had it in the form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    /// Under which name; no field has it.
    pub id: String,
    /// JSON.
    pub value: String,
}

impl Form {
    /// All fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.screens.iter().flat_map(|screen| &screen.fields)
    }

    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.text.is_empty() || !is_text(&self.text, MENU_TEXT_MAX) {
            return Err(Malformed("the text of a form has 1 to 4,096 bytes, and no control characters"));
        }
        if !is_line(&self.header, MENU_EDGE_MAX) || !is_line(&self.footer, MENU_EDGE_MAX) {
            return Err(Malformed("the header and the footer of a form are lines of at most 240 bytes"));
        }
        if !is_line(&self.label, ROW_TITLE_MAX) {
            return Err(Malformed("what opens a form is a line of at most 96 bytes"));
        }
        let is_screen = |screen: &Screen| {
            is_line(&screen.title, ROW_TITLE_MAX)
                && is_text(&screen.text, MENU_TEXT_MAX)
                && !(screen.fields.is_empty() && screen.text.is_empty())
        };
        if !(1..=FORM_SCREENS_MAX).contains(&self.screens.len()) || !self.screens.iter().all(is_screen) {
            return Err(Malformed(
                "a form has 1 to 16 screens, each with fields or a text of at most 4,096 bytes, and a title of at most 96",
            ));
        }
        if !(1..=FORM_FIELDS_MAX).contains(&self.fields().count()) {
            return Err(Malformed("a form has 1 to 40 fields in all"));
        }
        self.fields().try_for_each(Field::check)?;
        self.check_known()?;
        if self.to_schema().encoded_len() > SAID_MAX {
            return Err(Malformed("a form has at most 12,288 bytes in all"));
        }
        Ok(())
    }

    fn check_known(&self) -> Result<(), Malformed> {
        let fields = self.fields().map(|field| field.id.as_str());
        let ids: BTreeSet<&str> = fields.chain(self.known.iter().map(|known| known.id.as_str())).collect();
        if ids.len() != self.fields().count() + self.known.len() {
            return Err(Malformed("no two fields of a form have the same id"));
        }
        let bytes: usize = self.known.iter().map(|known| known.id.len() + known.value.len()).sum();
        let is_known = |known: &Known| is_field_id(&known.id) && is_text(&known.value, FORM_KNOWN_BYTES_MAX);
        let are_known = self.known.len() <= FORM_KNOWN_MAX && bytes <= FORM_KNOWN_BYTES_MAX;
        if are_known && self.known.iter().all(is_known) && is_text(&self.token, FORM_TOKEN_MAX) {
            Ok(())
        } else {
            Err(Malformed(
                "with an answer come back a token of at most 256 bytes, and at most 16 other things of 1,024 bytes in all",
            ))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Form {
        let screen = |screen: &Screen| schema::FormScreen {
            title: screen.title.clone(),
            text: screen.text.clone(),
            fields: screen.fields.iter().map(Field::to_schema).collect(),
        };
        let known = |known: &Known| schema::FormKnown { id: known.id.clone(), value: known.value.clone() };
        schema::Form {
            header: self.header.clone(),
            text: self.text.clone(),
            footer: self.footer.clone(),
            label: self.label.clone(),
            screens: self.screens.iter().map(screen).collect(),
            token: self.token.clone(),
            known: self.known.iter().map(known).collect(),
        }
    }

    pub(crate) fn from_schema(form: schema::Form) -> Result<Self, Malformed> {
        let screen = |schema::FormScreen { title, text, fields }: schema::FormScreen| {
            let fields: Result<_, Malformed> = fields.into_iter().map(Field::from_schema).collect();
            Ok(Screen { title, text, fields: fields? })
        };
        let known = |schema::FormKnown { id, value }: schema::FormKnown| Known { id, value };
        let schema::Form { header, text, footer, label, token, .. } = form;
        let screens: Result<_, Malformed> = form.screens.into_iter().map(screen).collect();
        let known = form.known.into_iter().map(known).collect();
        let form = Self { header, text, footer, label, screens: screens?, token, known };
        form.check().map(|()| form)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::said_limits::FIELD_LABEL_MAX;
    use crate::wire::said::field::FieldKind;
    use crate::wire::said::menu::Row;

    /// A form with a field of each kind that bounds are set to.
    pub(crate) fn form() -> Form {
        let row = |id: &str| Row { id: id.into(), title: id.to_uppercase(), about: "fresh".into() };
        let options = vec![row("rye"), row("oat"), row("nut")];
        let name =
            Field { required: true, longest: Some(40), ..Field::new("name", FieldKind::Line, "Your name") };
        let seats =
            Field { least: Some(1), most: Some(8), ..Field::new("seats", FieldKind::Number, "Seats") };
        let (earliest, latest) = ("2027-01-01".into(), "2027-12-31".into());
        let day = Field { earliest, latest, required: true, ..Field::new("day", FieldKind::Date, "Day") };
        let breads = Field {
            options,
            most: Some(2),
            hint: "up to two".into(),
            ..Field::new("breads", FieldKind::Several, "Breads")
        };
        let terms = Field { required: true, ..Field::new("terms", FieldKind::Agreement, "I agree") };
        Form {
            header: "Padaria".into(),
            text: "Book a table".into(),
            footer: "open until 19:00".into(),
            label: "Book".into(),
            screens: vec![
                Screen { title: "You".into(), text: "Who comes?".into(), fields: vec![name, seats] },
                Screen { fields: vec![day, breads, terms], ..Screen::default() },
            ],
            token: "visit-7".into(),
            known: vec![Known { id: "source".into(), value: "\"poster\"".into() }],
        }
    }

    #[test]
    fn a_form_reads_back() {
        let bare = Field::new("a", FieldKind::Text, "A");
        let screens = vec![Screen { fields: vec![bare], ..Screen::default() }];
        let bare = Form { text: "?".into(), screens, ..Form::default() };
        for good in [form(), bare] {
            assert_eq!(Form::from_schema(good.to_schema()), Ok(good));
        }
        assert_eq!(
            form().fields().map(|field| field.id.as_str()).collect::<Vec<_>>(),
            ["name", "seats", "day", "breads", "terms"]
        );
    }

    #[test]
    fn a_form_is_within_its_bounds() {
        let with = |change: &dyn Fn(&mut Form)| {
            let mut form = form();
            change(&mut form);
            form
        };
        let field = |at: usize| Field::new(&format!("f{at}"), FieldKind::Line, "F");
        let fields = |count: usize| (0..count).map(field).collect::<Vec<_>>();
        let most = with(&|form| form.screens[0].fields = fields(FORM_FIELDS_MAX - 3));
        assert_eq!(Form::from_schema(most.to_schema()), Ok(most));
        let known = |id: &str, value: &str| Known { id: id.into(), value: value.into() };
        let wrong: [&dyn Fn(&mut Form); 16] = [
            &|form| form.text.clear(),
            &|form| form.text = "\u{1b}[2J".into(),
            &|form| form.header = "two\nlines".into(),
            &|form| form.label = "x".repeat(ROW_TITLE_MAX + 1),
            &|form| form.screens.clear(),
            &|form| form.screens = vec![form.screens[0].clone(); FORM_SCREENS_MAX + 1],
            &|form| form.screens[0] = Screen { title: "empty".into(), ..Screen::default() },
            &|form| form.screens = vec![Screen { text: "nothing asked".into(), ..Screen::default() }],
            &|form| form.screens[0].fields = fields(FORM_FIELDS_MAX - 2),
            &|form| form.screens[0].fields[1].id = "name".into(),
            &|form| form.screens[1].fields[0].latest = "tomorrow".into(),
            &|form| form.token = "x".repeat(FORM_TOKEN_MAX + 1),
            &|form| form.known.push(known("name", "1")),
            &|form| form.known.push(known("", "1")),
            &|form| form.known.push(known("x", &"1".repeat(FORM_KNOWN_BYTES_MAX))),
            &|form| {
                form.screens[0].fields = fields(30)
                    .into_iter()
                    .map(|field| Field { label: "x".repeat(FIELD_LABEL_MAX), hint: "y".repeat(280), ..field })
                    .collect();
            },
        ];
        for (at, change) in wrong.into_iter().enumerate() {
            assert!(Form::from_schema(with(change).to_schema()).is_err(), "{at}");
        }
        let mut later = form().to_schema();
        later.screens[0].fields[0].kind = 10;
        assert!(Form::from_schema(later).is_err(), "a kind that nobody knows can't be asked for");
    }
}
