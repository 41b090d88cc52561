//! A field of a form: what is asked, and what may be said to it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::said_limits::{
    FIELD_DIGITS_MAX, FIELD_EMAIL_MAX, FIELD_HINT_MAX, FIELD_ID_MAX, FIELD_LABEL_MAX, FIELD_LINE_MAX,
    FIELD_NUMBER_MAX, FIELD_OPTIONS_MAX, FIELD_OPTIONS_NAMED, FIELD_PHONE_MAX, FIELD_TEXT_MAX,
};
use crate::wire::decode::{Malformed, is_line, is_text};
use crate::wire::said::menu::Row;
use crate::wire::schema;

/// What stands for an agreement.
pub const YES: &str = "yes";

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// For programs; no other field of the form has it.
    pub id: String,
    /// What may be said to it.
    pub kind: FieldKind,
    /// For people.
    pub label: String,
    /// More about it; may be empty.
    #[serde(default)]
    pub hint: String,
    /// Whether the form isn't answered without it.
    #[serde(default)]
    pub required: bool,
    /// The fewest characters of what is written.
    #[serde(default)]
    pub shortest: Option<u32>,
    /// The most characters.
    #[serde(default)]
    pub longest: Option<u32>,
    /// The least number; the fewest options.
    #[serde(default)]
    pub least: Option<i64>,
    /// The greatest number; the most options.
    #[serde(default)]
    pub most: Option<i64>,
    /// The first day, as `2027-01-31`; may be empty.
    #[serde(default)]
    pub earliest: String,
    /// The last day; may be empty.
    #[serde(default)]
    pub latest: String,
    /// What there is to choose from.
    #[serde(default)]
    pub options: Vec<Row>,
}

/// What may be said to a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A line.
    Line,
    /// A text that may have several lines.
    Text,
    /// A number.
    Number,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A day.
    Date,
    /// One of the options.
    One,
    /// Several of them.
    Several,
    /// That one agrees.
    Agreement,
}

impl FieldKind {
    /// All of them, by their numbers from 1.
    const ALL: [Self; 9] = [
        Self::Line,
        Self::Text,
        Self::Number,
        Self::Email,
        Self::Phone,
        Self::Date,
        Self::One,
        Self::Several,
        Self::Agreement,
    ];

    /// What it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Text => "text",
            Self::Number => "number",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Date => "date",
            Self::One => "one",
            Self::Several => "several",
            Self::Agreement => "agreement",
        }
    }

    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Line => 1,
            Self::Text => 2,
            Self::Number => 3,
            Self::Email => 4,
            Self::Phone => 5,
            Self::Date => 6,
            Self::One => 7,
            Self::Several => 8,
            Self::Agreement => 9,
        }
    }

    pub(super) fn from_number(number: u32) -> Result<Self, Malformed> {
        let found = Self::ALL.into_iter().find(|kind| kind.number() == number);
        found.ok_or(Malformed("an unknown kind of field"))
    }

    /// Whether something is written, and nothing chosen.
    const fn is_written(self) -> bool {
        matches!(self, Self::Line | Self::Text | Self::Number | Self::Email | Self::Phone)
    }

    /// Whether there is something to choose from.
    const fn has_options(self) -> bool {
        matches!(self, Self::One | Self::Several)
    }
}

impl Field {
    /// A field that takes anything of its kind, and may be left out.
    pub fn new(id: &str, kind: FieldKind, label: &str) -> Self {
        Self {
            id: id.into(),
            kind,
            label: label.into(),
            hint: String::new(),
            required: false,
            shortest: None,
            longest: None,
            least: None,
            most: None,
            earliest: String::new(),
            latest: String::new(),
            options: Vec::new(),
        }
    }

    /// The option that has this id.
    pub fn option(&self, id: &str) -> Option<&Row> {
        self.options.iter().find(|row| row.id == id)
    }

    pub(super) fn check(&self) -> Result<(), Malformed> {
        if !is_field_id(&self.id) || !is_label(&self.label) || !is_text(&self.hint, FIELD_HINT_MAX) {
            return Err(Malformed(
                "a field has an id of 1 to 64 bytes, a label of 1 to 240 on one line, and a hint of at most 288",
            ));
        }
        self.check_options()?;
        self.check_bounds()
    }

    fn check_options(&self) -> Result<(), Malformed> {
        if self.kind.has_options() == self.options.is_empty() || self.options.len() > FIELD_OPTIONS_MAX {
            return Err(Malformed(
                "a field of the kind one or several has 1 to 100 options, and no other has any",
            ));
        }
        let ids: BTreeSet<&str> = self.options.iter().map(|row| row.id.as_str()).collect();
        if ids.len() != self.options.len() {
            return Err(Malformed("no two options of a field have the same id"));
        }
        self.options.iter().try_for_each(Row::check)
    }

    fn check_bounds(&self) -> Result<(), Malformed> {
        let is_in_order =
            |low: Option<i64>, high: Option<i64>| low.zip(high).is_none_or(|(low, high)| low <= high);
        let (shortest, longest) = (self.shortest.map(i64::from), self.longest.map(i64::from));
        let are_lengths = (shortest.is_none() && longest.is_none()) || self.kind.is_written();
        if !are_lengths || shortest == Some(0) || longest == Some(0) || !is_in_order(shortest, longest) {
            return Err(Malformed(
                "only what is written has a shortest and a longest, from 1, the one not above the other",
            ));
        }
        let has_numbers = self.least.is_some() || self.most.is_some();
        let are_numbers = match self.kind {
            FieldKind::Number => true,
            FieldKind::Several => {
                let all = i64::try_from(self.options.len()).unwrap_or(i64::MAX);
                self.least.is_none_or(|least| (0..=all).contains(&least))
                    && self.most.is_none_or(|most| most >= 1)
            }
            _ => !has_numbers,
        };
        if !are_numbers || !is_in_order(self.least, self.most) {
            return Err(Malformed(
                "only a number, and several options, have a least and a most, the one not above the other, and as can be met",
            ));
        }
        let days = [&self.earliest, &self.latest];
        let are_days = days.iter().all(|day| day.is_empty() || (self.kind == FieldKind::Date && is_day(day)));
        if !are_days || (!self.latest.is_empty() && self.earliest > self.latest) {
            return Err(Malformed(
                "only a date has an earliest and a latest day, as 2027-01-31, the one not after the other",
            ));
        }
        Ok(())
    }

    /// Whether this may be said to it; that nothing is said is another question.
    pub fn takes(&self, values: &[String]) -> bool {
        let counts = match self.kind {
            FieldKind::Several => {
                let distinct: BTreeSet<&String> = values.iter().collect();
                distinct.len() == values.len()
                    && self.is_between(i128::try_from(values.len()).unwrap_or(0), 0)
            }
            _ => values.len() == 1,
        };
        counts && values.iter().all(|value| self.takes_one(value))
    }

    fn takes_one(&self, value: &str) -> bool {
        let characters = value.chars().count();
        let is_long_enough = |bound: Option<u32>| bound.is_none_or(|bound| characters >= bound as usize);
        let is_short_enough = |bound: Option<u32>| bound.is_none_or(|bound| characters <= bound as usize);
        let is_of_length = is_long_enough(self.shortest) && is_short_enough(self.longest);
        let is_of_kind = match self.kind {
            FieldKind::Line => is_line(value, FIELD_LINE_MAX),
            FieldKind::Text => is_text(value, FIELD_TEXT_MAX) && !value.trim().is_empty(),
            FieldKind::Number => {
                number(value).is_some_and(|(digits, places)| self.is_between(digits, places))
            }
            FieldKind::Email => is_email(value),
            FieldKind::Phone => is_phone(value),
            FieldKind::Date => {
                let latest = if self.latest.is_empty() { "9999-12-31" } else { self.latest.as_str() };
                is_day(value) && self.earliest.as_str() <= value && value <= latest
            }
            FieldKind::One | FieldKind::Several => self.option(value).is_some(),
            FieldKind::Agreement => value == YES,
        };
        !value.is_empty() && is_of_kind && is_of_length
    }

    /// Whether a number of so many decimal places is from the least to the most.
    fn is_between(&self, digits: i128, places: u32) -> bool {
        let scale = 10_i128.pow(places);
        self.least.is_none_or(|least| digits >= i128::from(least) * scale)
            && self.most.is_none_or(|most| digits <= i128::from(most) * scale)
    }

    /// What may be said to it, in words.
    pub fn must(&self) -> String {
        let kind = match self.kind {
            FieldKind::Line => "a line".to_owned(),
            FieldKind::Text => "a text".to_owned(),
            FieldKind::Number => format!("a number{}", between(self.least, self.most)),
            FieldKind::Email => "an e-mail address, such as ana@mail.example".to_owned(),
            FieldKind::Phone => "a telephone number, such as +55 11 5555 0100".to_owned(),
            FieldKind::Date => {
                let from =
                    if self.earliest.is_empty() { String::new() } else { format!(" from {}", self.earliest) };
                let until =
                    if self.latest.is_empty() { String::new() } else { format!(" until {}", self.latest) };
                format!("a day, such as 2027-01-31{from}{until}")
            }
            FieldKind::One => format!("one of {}", self.choices()),
            FieldKind::Several => format!("some of {}{}", self.choices(), between(self.least, self.most)),
            FieldKind::Agreement => format!("`{YES}`, or nothing"),
        };
        match (self.shortest, self.longest) {
            (None, None) => kind,
            (Some(shortest), None) => format!("{kind} of at least {shortest} characters"),
            (None, Some(longest)) => format!("{kind} of at most {longest} characters"),
            (Some(shortest), Some(longest)) => format!("{kind} of {shortest} to {longest} characters"),
        }
    }

    fn choices(&self) -> String {
        let named = self.options.iter().take(FIELD_OPTIONS_NAMED).map(|row| row.id.as_str());
        let rest = if self.options.len() > FIELD_OPTIONS_NAMED { ", …" } else { "" };
        named.collect::<Vec<_>>().join(", ") + rest
    }

    pub(super) fn to_schema(&self) -> schema::FormField {
        let row = |row: &Row| {
            let Row { id, title, about } = row.clone();
            schema::Row { id, title, about }
        };
        let bound = |bound: Option<i64>| bound.map(|value| schema::FormBound { value });
        schema::FormField {
            id: self.id.clone(),
            kind: self.kind.number(),
            label: self.label.clone(),
            hint: self.hint.clone(),
            required: self.required,
            shortest: self.shortest.unwrap_or(0),
            longest: self.longest.unwrap_or(0),
            least: bound(self.least),
            most: bound(self.most),
            earliest: self.earliest.clone(),
            latest: self.latest.clone(),
            options: self.options.iter().map(row).collect(),
        }
    }

    pub(super) fn from_schema(field: schema::FormField) -> Result<Self, Malformed> {
        let row = |schema::Row { id, title, about }: schema::Row| Row { id, title, about };
        let length = |bound: u32| (bound > 0).then_some(bound);
        let schema::FormField { id, kind, label, hint, required, .. } = field;
        Ok(Self {
            id,
            kind: FieldKind::from_number(kind)?,
            label,
            hint,
            required,
            shortest: length(field.shortest),
            longest: length(field.longest),
            least: field.least.map(|bound| bound.value),
            most: field.most.map(|bound| bound.value),
            earliest: field.earliest,
            latest: field.latest,
            options: field.options.into_iter().map(row).collect(),
        })
    }
}

fn between(least: Option<i64>, most: Option<i64>) -> String {
    match (least, most) {
        (None, None) => String::new(),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
    }
}

pub(super) fn is_field_id(id: &str) -> bool {
    !id.is_empty() && is_line(id, FIELD_ID_MAX)
}

pub(super) fn is_label(label: &str) -> bool {
    !label.is_empty() && is_line(label, FIELD_LABEL_MAX)
}

/// A number as its digits without the point, and how many of them stand behind it.
fn number(text: &str) -> Option<(i128, u32)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| {
        (1..=FIELD_DIGITS_MAX).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if text.len() > FIELD_NUMBER_MAX || !digits(whole) || !digits(fraction) {
        return None;
    }
    let all: i128 = format!("{whole}{fraction}").parse().ok()?;
    let signed = if unsigned.len() < text.len() { -all } else { all };
    Some((signed, u32::try_from(fraction.len()).ok()?))
}

/// Whether it is a day that there is, as `2027-01-31`. Such days stand in the order of their letters.
pub fn is_day(text: &str) -> bool {
    let is_written = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_written && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_email(text: &str) -> bool {
    let (name, host) = text.split_once('@').unwrap_or_default();
    let is_part = |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace());
    is_line(text, FIELD_EMAIL_MAX) && is_part(name) && is_part(host)
}

fn is_phone(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+ -.()/".contains(&byte));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    is_line(text, FIELD_PHONE_MAX) && is_number && digits >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind) -> Field {
        let option = |id: &str| Row { id: id.into(), title: id.to_uppercase(), about: String::new() };
        let options = if kind.has_options() { ["a", "b", "c"].map(option).to_vec() } else { Vec::new() };
        Field { options, ..Field::new("x", kind, "X") }
    }

    fn takes(field: &Field, values: &[&str]) -> bool {
        field.takes(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    /// A field of a kind, and what is changed of it.
    type Changed<'c> = (FieldKind, &'c dyn Fn(&mut Field));

    #[test]
    fn every_kind_takes_what_is_of_it_and_nothing_else() {
        let long = "x".repeat(FIELD_LINE_MAX + 1);
        let cases: [(FieldKind, &[&str], &[&str]); 8] = [
            (FieldKind::Line, &["Ana", "12"], &["", "two\nlines", "\u{202e}x", " x", &long]),
            (FieldKind::Text, &["two\nlines", &long], &["", " \n", "\u{1b}[2J"]),
            (
                FieldKind::Number,
                &["0", "-12.5", "007", "123456789012345"],
                &["", "1,5", "1.", ".5", "1e3", "+1", "--1", "1234567890123456"],
            ),
            (FieldKind::Email, &["ana@mail.example", "ä@b"], &["ana", "@b", "a@", "a b@c", "a@b@c"]),
            (FieldKind::Phone, &["+55 (11) 5555-0100", "110"], &["11", "+55x11", "five"]),
            (
                FieldKind::Date,
                &["2028-02-29", "2027-12-31"],
                &["2027-02-29", "2027-13-01", "2027-1-1", "31.12.2027", "2027-00-10"],
            ),
            (FieldKind::One, &["a", "c"], &["", "d", "A"]),
            (FieldKind::Agreement, &[YES], &["", "no", "true"]),
        ];
        for (kind, good, bad) in cases {
            let field = field(kind);
            assert_eq!(field.check(), Ok(()));
            good.iter().for_each(|value| assert!(takes(&field, &[value]), "{kind:?} {value}"));
            bad.iter().for_each(|value| assert!(!takes(&field, &[value]), "{kind:?} {value}"));
            assert!(!takes(&field, &[]) && !takes(&field, &[good[0], good[0]]), "{kind:?} takes one");
        }
        let several = field(FieldKind::Several);
        assert!(takes(&several, &["a", "c"]) && takes(&several, &["b"]));
        assert!(!takes(&several, &["a", "a"]) && !takes(&several, &["a", "d"]));
    }

    #[test]
    fn bounds_are_held() {
        let with = |kind, change: &dyn Fn(&mut Field)| {
            let mut field = field(kind);
            change(&mut field);
            field.check().map(|()| field)
        };
        let word =
            with(FieldKind::Line, &|field| (field.shortest, field.longest) = (Some(2), Some(3))).unwrap();
        assert!(takes(&word, &["äöü"]) && !takes(&word, &["ä"]) && !takes(&word, &["abcd"]), "in characters");
        assert_eq!(word.must(), "a line of 2 to 3 characters");
        let code =
            with(FieldKind::Number, &|field| (field.shortest, field.longest) = (Some(6), Some(6))).unwrap();
        assert!(takes(&code, &["001234"]) && !takes(&code, &["1234"]));
        let seats =
            with(FieldKind::Number, &|field| (field.least, field.most) = (Some(-1), Some(8))).unwrap();
        assert!(["-1", "8", "8.0", "-0.5"].iter().all(|value| takes(&seats, &[value])));
        assert!(["-1.01", "8.001", "9"].iter().all(|value| !takes(&seats, &[value])));
        let two = with(FieldKind::Several, &|field| (field.least, field.most) = (Some(2), Some(2))).unwrap();
        assert!(takes(&two, &["a", "b"]) && !takes(&two, &["a"]) && !takes(&two, &["a", "b", "c"]));
        assert_eq!(two.must(), "some of a, b, c, 2 to 2");
        let may = with(FieldKind::Date, &|field| {
            (field.earliest, field.latest) = ("2027-05-01".into(), "2027-05-31".into());
        })
        .unwrap();
        assert!(
            takes(&may, &["2027-05-31"]) && !takes(&may, &["2027-04-30"]) && !takes(&may, &["2027-06-01"])
        );
        let wrong: [Changed<'_>; 14] = [
            (FieldKind::Line, &|field| field.id.clear()),
            (FieldKind::Line, &|field| field.label = "two\nlines".into()),
            (FieldKind::Line, &|field| field.hint = "x".repeat(FIELD_HINT_MAX + 1)),
            (FieldKind::Line, &|field| field.options = super::tests::field(FieldKind::One).options),
            (FieldKind::Line, &|field| field.longest = Some(0)),
            (FieldKind::Line, &|field| (field.shortest, field.longest) = (Some(3), Some(2))),
            (FieldKind::Line, &|field| field.least = Some(1)),
            (FieldKind::Date, &|field| field.longest = Some(4)),
            (FieldKind::Date, &|field| field.earliest = "2027-02-30".into()),
            (FieldKind::Date, &|field| {
                (field.earliest, field.latest) = ("2027-02-02".into(), "2027-02-01".into());
            }),
            (FieldKind::One, &|field| field.options.clear()),
            (FieldKind::One, &|field| field.options[1].id = "a".into()),
            (FieldKind::Several, &|field| field.least = Some(4)),
            (FieldKind::Several, &|field| field.most = Some(0)),
        ];
        for (at, (kind, change)) in wrong.into_iter().enumerate() {
            assert!(with(kind, change).is_err(), "{at}");
        }
    }
}
