//! Nodes as a scenario names them: a group, one of it (`customers-7`), or a run of it (`customers-1..20`).

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};

use crate::base::limits;

/// Some nodes of one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The group.
    pub group: String,
    /// The first and the last of them, counted from 1; all of them where none are given.
    pub run: Option<(usize, usize)>,
}

/// Nodes of one or several groups, in the order in which they were named.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names(pub Vec<Name>);

/// What a group may be called: small letters, digits and `_`, beginning with a letter.
pub(super) fn is_group(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= limits::LAB_NAME_MAX
        && text.bytes().all(plain)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

impl Name {
    /// Reads a group, one of it or a run of it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Some((group, run)) = text.split_once('-') else {
            return is_group(text).then(|| Self { group: text.to_owned(), run: None });
        };
        let number = |text: &str| text.parse().ok().filter(|number| *number >= 1);
        let run = match run.split_once("..") {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(run)?, number(run)?),
        };
        (is_group(group) && run.0 <= run.1).then(|| Self { group: group.to_owned(), run: Some(run) })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.run {
            None => f.write_str(&self.group),
            Some((first, last)) if first == last => write!(f, "{}-{first}", self.group),
            Some((first, last)) => write!(f, "{}-{first}..{last}", self.group),
        }
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(Name::to_string).collect();
        f.write_str(&names.join(", "))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("nodes: \"customers\", \"customers-7\", \"customers-1..20\", or a list of those")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Names, E> {
                let name = Name::read(text);
                name.map(|name| Names(vec![name]))
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    let name = Name::read(&text);
                    names.push(name.ok_or_else(|| A::Error::invalid_value(Unexpected::Str(&text), &self))?);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_by_group_number_or_run_and_read_back() {
        for text in ["hub", "customers-7", "customers-1..20", "a_1-3"] {
            assert_eq!(Name::read(text).unwrap().to_string(), text);
        }
        for wrong in ["", "Hub", "1a", "a b", "a-", "a-0", "a-5..2", "a-1..", "a-x", "-1"] {
            assert_eq!(Name::read(wrong), None, "{wrong}");
        }
    }
}
