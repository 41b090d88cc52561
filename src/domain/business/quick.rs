//! Quick replies: texts that are said often, under short names.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::desk_limits as limits;
use crate::domain::business::blanks::{BlankError, blanks, fill};
use crate::domain::business::names::is_slug;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::decode::is_text;
use crate::wire::template::Variable;

/// Quick replies by name.
pub const QUICK: Table<Quick> = Table::new(TableId::QuickReplies, 1);

/// A quick reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quick {
    /// Its name: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// The text, with blanks such as `{{when}}`.
    pub text: String,
}

impl Quick {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// The first thing that isn't.
    pub fn check(&self) -> Result<(), QuickError> {
        if !is_slug(&self.name, limits::DESK_NAME_MAX) {
            return Err(QuickError::Name);
        }
        if self.text.trim().is_empty() || !is_text(&self.text, limits::QUICK_TEXT_MAX) {
            return Err(QuickError::Text);
        }
        blanks(&self.text)?;
        Ok(())
    }

    /// The text with its blanks filled in, each with exactly one value.
    ///
    /// # Errors
    /// Where a value is missing, superfluous, given twice or no text.
    pub fn filled(&self, variables: &[Variable]) -> Result<String, QuickError> {
        let blanks = blanks(&self.text)?;
        let mut values: BTreeMap<&str, &str> = BTreeMap::new();
        for Variable { name, value } in variables {
            if !blanks.contains(name.as_str()) {
                return Err(QuickError::Superfluous(name.clone()));
            }
            if value.is_empty() || !is_text(value, consent_limits::TEMPLATE_VALUE_MAX) {
                return Err(QuickError::Value(name.clone()));
            }
            if values.insert(name, value).is_some() {
                return Err(QuickError::Twice(name.clone()));
            }
        }
        match blanks.iter().find(|name| !values.contains_key(**name)) {
            Some(name) => Err(QuickError::Missing((*name).to_owned())),
            None => Ok(fill(&self.text, |name| values.get(name).copied())),
        }
    }
}

/// Keeps a quick reply, in the place of one that has its name; false where there are too many.
pub fn put(tx: &Tx<'_>, quick: Quick) -> bool {
    let key = QUICK.key(quick.name.as_bytes());
    let is_new = tx.with(&QUICK, &key, |_| ()).is_none();
    if is_new && tx.scan(&QUICK, &QUICK.all()).len() >= limits::QUICK_MAX {
        return false;
    }
    tx.put(&QUICK, key, quick);
    true
}

/// Removes a quick reply; false where there is none.
pub fn remove(tx: &Tx<'_>, name: &str) -> bool {
    let key = QUICK.key(name.as_bytes());
    let known = tx.with(&QUICK, &key, |_| ()).is_some();
    tx.delete(&QUICK, key);
    known
}

/// All of them, by name.
pub fn list(rows: &impl Rows) -> Vec<Quick> {
    let all = rows.scan(&QUICK, &QUICK.all()).into_iter();
    let mut all: Vec<Quick> = all.map(|(_, quick)| Arc::unwrap_or_clone(quick)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// What is wrong with a quick reply, or with what is to stand in its blanks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself what it is")]
pub enum QuickError {
    #[error("a quick reply's name is made of a-z, 0-9, _ and -, at most {max} of them", max = limits::DESK_NAME_MAX)]
    Name,
    #[error("a quick reply is a text of 1 to {max} bytes", max = limits::QUICK_TEXT_MAX)]
    Text,
    #[error(transparent)]
    Blank(#[from] BlankError),
    #[error("the quick reply has no blank {0}")]
    Superfluous(String),
    #[error("the variable {0} is given twice")]
    Twice(String),
    #[error("the variable {0} is missing")]
    Missing(String),
    #[error("the variable {0} is a text of 1 to {max} bytes", max = consent_limits::TEMPLATE_VALUE_MAX)]
    Value(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::business::template::tests::values;
    use crate::store::memory::NOTHING;

    fn quick(name: &str, text: &str) -> Quick {
        Quick { name: name.into(), text: text.into() }
    }

    #[test]
    fn a_quick_reply_is_filled_in_exactly() {
        let ready = quick("ready", "{{what}} is ready at {{when}}.");
        ready.check().unwrap();
        let filled = |pairs: &[(&str, &str)]| ready.filled(&values(pairs)).map_err(|error| error.to_string());
        assert_eq!(filled(&[("when", "9"), ("what", "{{when}}")]).unwrap(), "{{when}} is ready at 9.");
        assert_eq!(filled(&[("what", "x")]).unwrap_err(), "the variable when is missing");
        assert_eq!(filled(&[("who", "x")]).unwrap_err(), "the quick reply has no blank who");
        assert_eq!(filled(&[("what", "x"), ("what", "y")]).unwrap_err(), "the variable what is given twice");
        assert!(filled(&[("what", "\u{7}")]).is_err());
        for (name, text) in
            [("Ready", "x"), ("ready", " "), ("ready", "{{x"), ("ready", "\u{1b}[2J"), ("", "x")]
        {
            assert!(quick(name, text).check().is_err(), "{name} {text}");
        }
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let tx = Tx::new(&NOTHING);
        for number in 0..limits::QUICK_MAX {
            assert!(put(&tx, quick(&number.to_string(), "x")));
        }
        assert!(!put(&tx, quick("more", "x")) && put(&tx, quick("7", "y")));
        assert!(remove(&tx, "7") && !remove(&tx, "7"));
        assert_eq!(list(&tx).len(), limits::QUICK_MAX - 1);
    }
}
