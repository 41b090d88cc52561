//! Templates of a business: words in several languages with typed variables, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::desk_limits as limits;
use crate::base::id::FileId;
use crate::base::money::{Currency, Money};
use crate::domain::business::blanks::{BlankError, blanks, fill, is_blank};
use crate::domain::business::names::is_title;
use crate::wire::consent::Topic;
use crate::wire::decode::{is_line, is_text};
use crate::wire::record::{is_language, is_website};
use crate::wire::said::field::is_day;
use crate::wire::said::file::SentFile;
use crate::wire::said::headed::Headed;
use crate::wire::said::menu::{Menu, Row};
use crate::wire::said::message::Said;
use crate::wire::template::{Template, Variable};

/// A template, as a business writes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name for programs: `a-z`, `0-9` and `_`.
    pub name: String,
    /// What it is about: `service`, `utility`, `authentication` or `marketing`.
    #[cfg_attr(feature = "full", schemars(with = "String"))]
    pub category: Topic,
    /// The blanks in its words, and what may stand there.
    #[serde(default)]
    pub variables: BTreeMap<String, Kind>,
    /// Its words, by language tag.
    pub languages: BTreeMap<String, Words>,
}

/// What may stand in a blank.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A line of text.
    Text,
    /// A number, such as `-12.5`.
    Number,
    /// An amount, such as `BRL 19.90`.
    Money,
    /// A day, such as `2027-01-31`.
    Date,
    /// A web address that begins with `https://`.
    Url,
    /// A picture, by the id of a file that was given to the node. It is the whole header.
    Image,
    /// The same of a moving picture.
    Video,
    /// The same of any other file.
    Document,
}

/// A template's words in one language.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// A line above the body.
    #[serde(default)]
    pub header: String,
    /// The text, with blanks such as `{{name}}`.
    pub body: String,
    /// A line below the body.
    #[serde(default)]
    pub footer: String,
    /// Titles of answers that the customer may choose.
    #[serde(default)]
    pub buttons: Vec<String>,
}

/// A template whose blanks are filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendered {
    /// What the recipient's node is told of it.
    pub template: Template,
    /// Its words; without a header where that is a file.
    pub words: Words,
    /// The file that stands above them.
    pub file: Option<FileId>,
}

impl Rendered {
    /// The same below its file: a menu with a file above it, or a file with a text under it.
    pub fn said_below(&self, file: SentFile) -> Said {
        match self.said() {
            Said::Menu(menu) => Said::Headed(Box::new(Headed::new(file, menu))),
            Said::Text(caption) => Said::File(Box::new(SentFile { caption, ..file })),
            other => other,
        }
    }

    /// The words as they are sent: with buttons a menu, else a text whose parts stand on lines of their own.
    pub fn said(&self) -> Said {
        let Words { header, body, footer, buttons } = self.words.clone();
        if buttons.is_empty() {
            let parts: Vec<String> =
                [header, body, footer].into_iter().filter(|part| !part.is_empty()).collect();
            return Said::Text(parts.join("\n\n"));
        }
        let numbered = buttons.into_iter().enumerate();
        let row =
            |(at, title): (usize, String)| Row { id: (at + 1).to_string(), title, about: String::new() };
        let buttons = numbered.map(row).collect();
        Said::Menu(Menu { header, text: body, footer, buttons, ..Menu::default() })
    }
}

impl Definition {
    /// Whether everything is within its bounds, every blank in every language is a variable, and every variable a blank
    /// in every language.
    ///
    /// # Errors
    /// The first thing that isn't so.
    pub fn check(&self) -> Result<(), TemplateError> {
        if !is_blank(&self.name) {
            return Err(TemplateError::Name);
        }
        if self.variables.len() > consent_limits::TEMPLATE_VARIABLES_MAX {
            return Err(TemplateError::Variables);
        }
        if let Some(name) = self.variables.keys().find(|name| !is_blank(name)) {
            return Err(TemplateError::VariableName(name.clone()));
        }
        if self.languages.is_empty() || self.languages.len() > limits::TEMPLATE_LANGUAGES_MAX {
            return Err(TemplateError::Languages);
        }
        self.languages.iter().try_for_each(|(tag, words)| self.check_words(tag, words))
    }

    fn check_words(&self, tag: &str, words: &Words) -> Result<(), TemplateError> {
        let language = tag.to_owned();
        if !is_language(tag) {
            return Err(TemplateError::Tag(language));
        }
        if words.body.trim().is_empty() || !is_text(&words.body, limits::TEMPLATE_BODY_MAX) {
            return Err(TemplateError::Body(language));
        }
        if ![&words.header, &words.footer].iter().all(|line| is_line(line, limits::TEMPLATE_EDGE_MAX)) {
            return Err(TemplateError::Edge(language));
        }
        let distinct: BTreeSet<&String> = words.buttons.iter().collect();
        let few =
            words.buttons.len() <= limits::TEMPLATE_BUTTONS_MAX && distinct.len() == words.buttons.len();
        if !few || !words.buttons.iter().all(|title| is_title(title)) {
            return Err(TemplateError::Buttons(language));
        }
        if words.footer.contains("{{") || words.buttons.iter().any(|title| title.contains("{{")) {
            return Err(TemplateError::Fixed(language));
        }
        self.check_files(tag, words)?;
        let mut used = BTreeSet::new();
        for part in [&words.header, &words.body] {
            let blanks = blanks(part);
            used.extend(blanks.map_err(|error| TemplateError::Blank { language: language.clone(), error })?);
        }
        if let Some(name) = used.iter().find(|name| !self.variables.contains_key(**name)) {
            return Err(TemplateError::Undeclared { language, name: (*name).to_owned() });
        }
        match self.variables.keys().find(|name| !used.contains(name.as_str())) {
            Some(name) => Err(TemplateError::Unused { language, name: name.clone() }),
            None => Ok(()),
        }
    }

    /// A file is the whole header, and stands nowhere else.
    fn check_files(&self, tag: &str, words: &Words) -> Result<(), TemplateError> {
        for (name, _) in self.variables.iter().filter(|(_, kind)| kind.is_file()) {
            let blank = format!("{{{{{name}}}}}");
            if words.header != blank || words.body.contains(&blank) {
                return Err(TemplateError::File { language: tag.to_owned(), name: name.clone() });
            }
        }
        Ok(())
    }

    /// The variable that is the whole header in a language and a file, and of which kind.
    pub fn file_above(&self, language: &str) -> Option<(&str, Kind)> {
        let header = &self.languages.get(language)?.header;
        let name = header.strip_prefix("{{")?.strip_suffix("}}")?;
        let (name, kind) = self.variables.get_key_value(name)?;
        kind.is_file().then_some((name.as_str(), *kind))
    }

    /// The words of this version in a language, with the blanks filled in.
    ///
    /// # Errors
    /// Where there is no such language, a variable is missing, superfluous or of another kind, or the whole is too long.
    pub fn render(
        &self,
        version: u32,
        language: &str,
        variables: &[Variable],
    ) -> Result<Rendered, TemplateError> {
        let words = self.languages.get(language).ok_or_else(|| TemplateError::NoLanguage {
            asked: language.to_owned(),
            known: self.languages.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        for Variable { name, value } in variables {
            let kind = self.variables.get(name).ok_or_else(|| TemplateError::Superfluous(name.clone()))?;
            let value =
                kind.value(value).ok_or_else(|| TemplateError::Value { name: name.clone(), kind: *kind })?;
            if values.insert(name, value).is_some() {
                return Err(TemplateError::Twice(name.clone()));
            }
        }
        if let Some(name) = self.variables.keys().find(|name| !values.contains_key(name.as_str())) {
            return Err(TemplateError::Missing { name: name.clone(), kind: self.variables[name] });
        }
        let filled = |text: &str| fill(text, |name| values.get(name).map(String::as_str));
        let above = self.file_above(language).and_then(|(name, _)| values.get(name));
        let file = above.and_then(|value| FileId::from_hex(value));
        let header = if file.is_some() { String::new() } else { filled(&words.header) };
        let words = Words { header, body: filled(&words.body), ..words.clone() };
        let variables =
            values.iter().map(|(name, value)| Variable { name: (*name).to_owned(), value: value.clone() });
        let template = Template {
            name: self.name.clone(),
            version,
            language: language.to_owned(),
            category: self.category,
            variables: variables.collect(),
        };
        template.check().map_err(|_| TemplateError::Long)?;
        let rendered = Rendered { template, words, file };
        rendered.said().check().map(|()| rendered.clone()).map_err(|_| TemplateError::Long)
    }
}

impl Kind {
    /// The value as it is written in a text; none where it isn't of this kind.
    pub fn value(self, value: &str) -> Option<String> {
        if value.is_empty() || !is_line(value, consent_limits::TEMPLATE_VALUE_MAX) {
            return None;
        }
        match self {
            Self::Text => Some(value.to_owned()),
            Self::Number => is_number(value).then(|| value.to_owned()),
            Self::Money => {
                let (currency, amount) = value.split_once(' ')?;
                let currency: Currency = currency.parse().ok()?;
                Some(Money::parse(amount, currency).ok()?.to_string())
            }
            Self::Date => is_day(value).then(|| value.to_owned()),
            Self::Url => (is_website(value) && value.starts_with("https://")).then(|| value.to_owned()),
            Self::Image | Self::Video | Self::Document => FileId::from_hex(value).map(|id| id.to_string()),
        }
    }

    /// Whether it is a file.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }

    /// How a value of this kind is written.
    const fn form(self) -> &'static str {
        match self {
            Self::Text => "a line of text",
            Self::Number => "a number, such as -12.5",
            Self::Money => "an amount, such as BRL 19.90",
            Self::Date => "a day, such as 2027-01-31",
            Self::Url => "a web address that begins with https://",
            Self::Image | Self::Video | Self::Document => "the whole id of a file that was given to the node",
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let sound = match unsigned.split_once('.') {
        None => digits(unsigned),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
    };
    sound && text.len() <= limits::NUMBER_MAX
}

/// What is wrong with a template, or with what is to stand in its blanks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself what it is")]
pub enum TemplateError {
    #[error("a template's name is made of a-z, 0-9 and _")]
    Name,
    #[error("a template has at most {max} variables", max = consent_limits::TEMPLATE_VARIABLES_MAX)]
    Variables,
    #[error("`{0}` is no name of a variable: it is made of a-z, 0-9 and _")]
    VariableName(String),
    #[error("a template has 1 to {max} languages", max = limits::TEMPLATE_LANGUAGES_MAX)]
    Languages,
    #[error("`{0}` is no language tag, such as pt-BR")]
    Tag(String),
    #[error("{0}: the body is a text of 1 to {max} bytes", max = limits::TEMPLATE_BODY_MAX)]
    Body(String),
    #[error("{0}: header and footer are lines of at most {max} bytes", max = limits::TEMPLATE_EDGE_MAX)]
    Edge(String),
    #[error(
        "{0}: there are at most {max} buttons, each with a title of its own of 1 to {long} bytes",
        max = limits::TEMPLATE_BUTTONS_MAX, long = limits::TITLE_MAX
    )]
    Buttons(String),
    #[error("{0}: blanks stand in the header and the body only")]
    Fixed(String),
    #[error("{language}: {error}")]
    Blank { language: String, error: BlankError },
    #[error("{language}: {{{{{name}}}}} isn't among the variables")]
    Undeclared { language: String, name: String },
    #[error("{language}: the variable {name} stands nowhere")]
    Unused { language: String, name: String },
    #[error("{language}: {name} is a file: {{{{{name}}}}} is the whole header, and stands nowhere else")]
    File { language: String, name: String },
    #[error("the template has no words in `{asked}`: it has them in {known}")]
    NoLanguage { asked: String, known: String },
    #[error("the template has no variable {0}")]
    Superfluous(String),
    #[error("the variable {0} is given twice")]
    Twice(String),
    #[error("the variable {name} is missing: it is {form}", form = kind.form())]
    Missing { name: String, kind: Kind },
    #[error("the variable {name} is {form}", form = kind.form())]
    Value { name: String, kind: Kind },
    #[error("with these variables the template is too long: their names and values have about {max} bytes together",
        max = consent_limits::TEMPLATE_MAX)]
    Long,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn definition() -> Definition {
        let words = |header: &str, body: &str| Words {
            header: header.into(),
            body: body.into(),
            footer: "Padaria São João".into(),
            buttons: vec!["Yes".into(), "No".into()],
        };
        let kinds = [
            ("name", Kind::Text),
            ("count", Kind::Number),
            ("price", Kind::Money),
            ("day", Kind::Date),
            ("link", Kind::Url),
        ];
        let english = words("For {{name}}", "{{count}} loaves, {{price}}, on {{day}}: {{link}}");
        let portuguese = words("", "{{name}}: {{count}} pães por {{price}} em {{day}} ({{link}}), {{name}}!");
        Definition {
            name: "loaves".into(),
            category: Topic::Utility,
            variables: kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect(),
            languages: BTreeMap::from([("en".to_owned(), english), ("pt-BR".to_owned(), portuguese)]),
        }
    }

    pub(crate) fn values(pairs: &[(&str, &str)]) -> Vec<Variable> {
        pairs.iter().map(|(name, value)| Variable { name: (*name).into(), value: (*value).into() }).collect()
    }

    type Pairs = Vec<(&'static str, &'static str)>;

    const GOOD: [(&str, &str); 5] = [
        ("name", "Ana"),
        ("count", "2"),
        ("price", "BRL 19.9"),
        ("day", "2027-02-28"),
        ("link", "https://padaria.example/4711"),
    ];

    #[test]
    fn a_template_is_rendered_in_its_languages() {
        let definition = definition();
        definition.check().unwrap();
        let english = definition.render(3, "en", &values(&GOOD)).unwrap();
        let Said::Menu(menu) = english.said() else { panic!("with buttons it is a menu") };
        assert_eq!(menu.text, "2 loaves, BRL 19.90, on 2027-02-28: https://padaria.example/4711");
        assert_eq!((menu.header.as_str(), menu.footer.as_str()), ("For Ana", "Padaria São João"));
        let rows: Vec<_> = menu.rows().map(|row| (row.id.as_str(), row.title.as_str())).collect();
        assert_eq!(rows, [("1", "Yes"), ("2", "No")]);
        assert_eq!((english.template.version, english.template.variables.len()), (3, 5));
        let mut plain = definition;
        plain.languages.values_mut().for_each(|words| words.buttons.clear());
        let portuguese = plain.render(3, "pt-BR", &values(&GOOD)).unwrap().said();
        let Said::Text(text) = portuguese else { panic!("without buttons it is a text") };
        assert!(text.starts_with("Ana: 2 pães por BRL 19.90 em"), "{text}");
        assert!(text.ends_with(", Ana!\n\nPadaria São João"), "{text}");
    }

    #[test]
    fn what_is_missing_superfluous_or_of_another_kind_is_named() {
        let definition = definition();
        let with = |change: &dyn Fn(&mut Pairs)| {
            let mut pairs = GOOD.to_vec();
            change(&mut pairs);
            definition.render(1, "en", &values(&pairs)).unwrap_err().to_string()
        };
        assert_eq!(
            with(&|pairs| pairs.retain(|(name, _)| *name != "count")),
            "the variable count is missing: it is a number, such as -12.5"
        );
        assert_eq!(with(&|pairs| pairs.push(("colour", "red"))), "the template has no variable colour");
        assert_eq!(with(&|pairs| pairs.push(GOOD[0])), "the variable name is given twice");
        for (at, wrong) in [
            (0, "two\nlines"),
            (0, ""),
            (1, "two"),
            (1, "1,5"),
            (1, "1."),
            (1, ".5"),
            (1, "+1"),
            (1, "--1"),
            (2, "19.90"),
            (2, "R$ 19.90"),
            (2, "BRL 19.901"),
            (2, "JPY 1.5"),
            (3, "2027-02-29"),
            (3, "28/02/2027"),
            (3, "2027-2-28"),
            (3, "2027-02-28T00:00"),
            (4, "http://padaria.example"),
            (4, "https://a b"),
            (4, "padaria.example"),
        ] {
            let (name, kind) = (GOOD[at].0, definition.variables[GOOD[at].0]);
            let said = with(&|pairs| pairs[at].1 = wrong);
            assert_eq!(said, format!("the variable {name} is {}", kind.form()), "{wrong}");
        }
        let none = definition.render(1, "fr", &values(&GOOD)).unwrap_err();
        assert_eq!(none.to_string(), "the template has no words in `fr`: it has them in en, pt-BR");
    }

    #[test]
    fn a_template_that_could_never_be_sent_is_refused_when_it_is_added() {
        let wrong = |change: &dyn Fn(&mut Definition)| {
            let mut changed = definition();
            change(&mut changed);
            changed.check().unwrap_err().to_string()
        };
        let english = |change: fn(&mut Words)| {
            wrong(&move |changed| changed.languages.get_mut("en").into_iter().for_each(change))
        };
        assert!(wrong(&|changed| changed.name = "Loaves".into()).contains("name"));
        assert!(wrong(&|changed| changed.languages.clear()).contains("1 to 16 languages"));
        assert_eq!(english(|words| words.body.push_str("{{x}}")), "en: {{x}} isn't among the variables");
        assert_eq!(english(|words| words.header.clear()), "en: the variable name stands nowhere");
        assert!(english(|words| words.body.push_str("{{x")).contains("isn't closed"));
        assert!(english(|words| words.body.clear()).contains("1 to 1024 bytes"));
        assert!(english(|words| words.footer = "{{name}}".into()).contains("only"));
        assert!(english(|words| words.buttons.push("Yes".into())).contains("of its own"));
        assert!(english(|words| words.header = "\u{1b}[2J{{name}}".into()).contains("lines"));
        let tag = wrong(&|changed| {
            let words = changed.languages["en"].clone();
            changed.languages.insert("pt_BR".into(), words);
        });
        assert!(tag.contains("`pt_BR` is no language tag"));
        let many = wrong(&|changed| {
            changed.variables.extend((0..20).map(|number| (format!("v{number}"), Kind::Text)));
        });
        assert!(many.contains("at most 16 variables"));
    }

    #[test]
    fn values_that_are_too_long_together_are_refused_before_anything_leaves() {
        let words = Words {
            header: String::new(),
            body: (0..6).map(|number| format!("{{{{v{number}}}}}")).collect(),
            footer: String::new(),
            buttons: Vec::new(),
        };
        let definition = Definition {
            name: "long".into(),
            category: Topic::Service,
            variables: (0..6).map(|number| (format!("v{number}"), Kind::Text)).collect(),
            languages: BTreeMap::from([("en".to_owned(), words)]),
        };
        definition.check().unwrap();
        let values: Vec<Variable> =
            (0..6).map(|number| Variable { name: format!("v{number}"), value: "x".repeat(200) }).collect();
        assert_eq!(definition.render(1, "en", &values), Err(TemplateError::Long));
    }
    #[test]
    fn a_file_is_the_whole_header_and_stands_above_the_words() {
        let words = |header: &str, body: &str, buttons: &[&str]| Words {
            header: header.into(),
            body: body.into(),
            footer: String::new(),
            buttons: buttons.iter().map(|title| (*title).to_owned()).collect(),
        };
        let made = |words: Words| Definition {
            name: "menu".into(),
            category: Topic::Marketing,
            variables: BTreeMap::from([("photo".to_owned(), Kind::Image)]),
            languages: BTreeMap::from([("en".to_owned(), words)]),
        };
        for wrong in [
            words("See {{photo}}", "Fresh", &[]),
            words("", "{{photo}}", &[]),
            words("{{photo}}", "{{photo}}", &[]),
        ] {
            assert!(matches!(made(wrong).check(), Err(TemplateError::File { .. })));
        }
        let file = SentFile { caption: String::new(), ..crate::wire::said::file::tests::file() };
        let id = file.opening.id();
        for buttons in [&[][..], &["Yes"]] {
            let definition = made(words("{{photo}}", "Fresh", buttons));
            assert_eq!(
                (definition.check(), definition.file_above("en")),
                (Ok(()), Some(("photo", Kind::Image)))
            );
            let value = |value: &str| definition.render(1, "en", &values(&[("photo", value)]));
            assert!(matches!(value("menu.jpg"), Err(TemplateError::Value { .. })));
            let rendered = value(&id.to_string()).unwrap();
            assert_eq!((rendered.file, rendered.words.header.as_str()), (Some(id), ""));
            match rendered.said_below(file.clone()) {
                Said::File(sent) => assert_eq!((sent.caption.as_str(), buttons.len()), ("Fresh", 0)),
                Said::Headed(headed) => assert_eq!((headed.menu.text.as_str(), buttons.len()), ("Fresh", 1)),
                other => panic!("{other:?}"),
            }
        }
    }
}
