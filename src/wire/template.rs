//! On what ground a business writes: the message that it answers, or the template that it uses.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::MessageId;
use crate::base::limits;
use crate::wire::consent::Topic;
use crate::wire::decode::{Malformed, array, countable, is_text, list};
use crate::wire::schema;

/// On what ground a business writes to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ground {
    /// It answers a message of theirs.
    Answer(Answer),
    /// It uses a template.
    Template(Template),
}

/// A message of the recipient's that is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its id.
    pub id: MessageId,
    /// Its number; 0 for an invite, whose token is the id.
    pub seq: u64,
}

/// By which template a text was written. Whether it is what that template makes is for whoever has the template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name for programs: `a-z`, `0-9` and `_`.
    pub name: String,
    /// From 1.
    #[serde(default = "first")]
    pub version: u32,
    /// A language tag.
    pub language: String,
    /// What it is about.
    pub category: Topic,
    /// What stands in its places.
    #[serde(default)]
    pub variables: Vec<Variable>,
}

const fn first() -> u32 {
    1
}

/// What stands in one place of a template.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The place's name, as a template's.
    pub name: String,
    /// The text.
    pub value: String,
}

impl Template {
    /// Whether everything is within its bounds, each variable named once, and the whole at most
    /// [`consent_limits::TEMPLATE_MAX`] bytes.
    pub fn check(&self) -> Result<(), Malformed> {
        let is_tag = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let language = !self.language.is_empty()
            && self.language.len() <= limits::TERM_MAX
            && self.language.bytes().all(is_tag);
        let sound = |variable: &Variable| {
            is_name(&variable.name) && is_text(&variable.value, consent_limits::TEMPLATE_VALUE_MAX)
        };
        let mut names: Vec<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let holds = is_name(&self.name)
            && self.version > 0
            && language
            && self.variables.len() <= consent_limits::TEMPLATE_VARIABLES_MAX
            && self.variables.iter().all(sound)
            && names.len() == self.variables.len()
            && self.to_schema().encoded_len() <= consent_limits::TEMPLATE_MAX;
        if holds { Ok(()) } else { Err(Malformed("not a template")) }
    }

    fn to_schema(&self) -> schema::Template {
        let variable = |one: &Variable| schema::Variable { name: one.name.clone(), value: one.value.clone() };
        schema::Template {
            name: self.name.clone(),
            version: self.version,
            language: self.language.clone(),
            category: self.category as u32,
            variables: self.variables.iter().map(variable).collect(),
        }
    }

    fn from_schema(template: schema::Template) -> Result<Self, Malformed> {
        let template = Self {
            name: template.name,
            version: template.version,
            language: template.language,
            category: Topic::from_number(template.category)?,
            variables: list(template.variables, consent_limits::TEMPLATE_VARIABLES_MAX, |one| {
                Ok(Variable { name: one.name, value: one.value })
            })?,
        };
        template.check().map(|()| template)
    }
}

impl Ground {
    pub(crate) fn to_schema(ground: Option<&Self>) -> (Option<schema::Answered>, Option<schema::Template>) {
        match ground {
            None => (None, None),
            Some(Self::Answer(Answer { id, seq })) => {
                (Some(schema::Answered { id: id.as_bytes().to_vec(), seq: *seq }), None)
            }
            Some(Self::Template(template)) => (None, Some(template.to_schema())),
        }
    }

    pub(crate) fn from_schema(
        answers: Option<schema::Answered>,
        template: Option<schema::Template>,
    ) -> Result<Option<Self>, Malformed> {
        match (answers, template) {
            (None, None) => Ok(None),
            (Some(answer), None) => {
                let id = MessageId::new(array(&answer.id)?);
                Ok(Some(Self::Answer(Answer { id, seq: countable(answer.seq)? })))
            }
            (None, Some(template)) => Template::from_schema(template).map(Self::Template).map(Some),
            (Some(_), Some(_)) => Err(Malformed("two grounds")),
        }
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= consent_limits::TEMPLATE_NAME_MAX && name.bytes().all(allowed)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn template(category: Topic) -> Template {
        Template {
            name: "order_sent".into(),
            version: 1,
            language: "pt-BR".into(),
            category,
            variables: vec![Variable { name: "order".into(), value: "4711".into() }],
        }
    }

    #[test]
    fn grounds_read_back_and_two_are_none() {
        let answer = Ground::Answer(Answer { id: MessageId::new([3; 16]), seq: 5 });
        let template = Ground::Template(template(Topic::Utility));
        for ground in [answer.clone(), template.clone()] {
            let (answers, by) = Ground::to_schema(Some(&ground));
            assert_eq!(Ground::from_schema(answers, by), Ok(Some(ground)));
        }
        let (answers, by) = (Ground::to_schema(Some(&answer)).0, Ground::to_schema(Some(&template)).1);
        assert!(Ground::from_schema(answers, by).is_err());
    }

    #[test]
    fn a_template_is_within_its_bounds() {
        let good = template(Topic::Marketing);
        assert!(good.check().is_ok());
        let one = |name: &str, value: &str| Variable { name: name.into(), value: value.into() };
        let wrong = [
            Template { name: "Order".into(), ..good.clone() },
            Template { name: String::new(), ..good.clone() },
            Template { version: 0, ..good.clone() },
            Template { language: "pt_BR".into(), ..good.clone() },
            Template { variables: vec![one("a", "1"), one("a", "2")], ..good.clone() },
            Template { variables: vec![one("a", "\u{202E}")], ..good.clone() },
            Template { variables: vec![one("a", &"x".repeat(257))], ..good.clone() },
            Template {
                variables: (0..6).map(|n| one(&format!("a{n}"), &"x".repeat(200))).collect(),
                ..good.clone()
            },
        ];
        for wrong in wrong {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
