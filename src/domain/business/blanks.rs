//! Texts with blanks: `{{name}}` stands for what is filled in when the text is said.

use std::collections::BTreeSet;

use crate::base::consent_limits;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// The names of a text's blanks.
///
/// # Errors
/// Where a blank isn't closed, or has no name of `a-z`, `0-9` and `_`.
pub fn blanks(text: &str) -> Result<BTreeSet<&str>, BlankError> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        if before.contains(CLOSE) {
            return Err(BlankError::Unopened);
        }
        let (name, later) = after.split_once(CLOSE).ok_or(BlankError::Unclosed)?;
        if !is_blank(name) {
            return Err(BlankError::Name(name.chars().take(consent_limits::TEMPLATE_NAME_MAX).collect()));
        }
        names.insert(name);
        rest = later;
    }
    if rest.contains(CLOSE) { Err(BlankError::Unopened) } else { Ok(names) }
}

/// The text with its blanks filled in; one that `value` knows nothing for stays as it is. What is filled in is not
/// looked at again.
pub fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        filled.push_str(before);
        match after.split_once(CLOSE).and_then(|(name, later)| Some((value(name)?, later))) {
            Some((value, later)) => {
                filled.push_str(value);
                rest = later;
            }
            None => {
                filled.push_str(OPEN);
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Whether a blank may have this name; it is that of a template's variable.
pub fn is_blank(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= consent_limits::TEMPLATE_NAME_MAX && name.bytes().all(allowed)
}

/// Why a text has no sound blanks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BlankError {
    /// One isn't closed.
    #[error("a blank isn't closed: it is written as {{{{name}}}}")]
    Unclosed,
    /// One isn't opened.
    #[error("a blank isn't opened: it is written as {{{{name}}}}")]
    Unopened,
    /// One has a wrong name.
    #[error("{{{{{0}}}}} is no blank: its name is made of a-z, 0-9 and _")]
    Name(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blanks_are_found_and_filled_once() {
        let text = "Hi {{name}}, {{count}} loaves for {{name}}: {{x}}";
        assert_eq!(blanks(text), Ok(BTreeSet::from(["count", "name", "x"])));
        let value = |name: &str| match name {
            "name" => Some("{{count}}"),
            "count" => Some("2"),
            _ => None,
        };
        assert_eq!(fill(text, value), "Hi {{count}}, 2 loaves for {{count}}: {{x}}");
        assert_eq!(blanks("none { at } all"), Ok(BTreeSet::new()));
        assert_eq!(blanks("a {{b"), Err(BlankError::Unclosed));
        assert_eq!(blanks("a b}} {{c}}"), Err(BlankError::Unopened));
        assert_eq!(
            blanks("{{a b}}").unwrap_err().to_string(),
            "{{a b}} is no blank: its name is made of a-z, 0-9 and _"
        );
        assert!(blanks("{{}}").is_err());
    }

    proptest! {
        #[test]
        fn filling_with_nothing_changes_nothing(text in "[{}a-c ]{0,30}") {
            prop_assert_eq!(fill(&text, |_| None), text);
        }

        #[test]
        fn what_has_sound_blanks_has_none_left_when_they_are_filled(text in "([{}]{2}|[a-c ]){0,16}") {
            if blanks(&text).is_ok() {
                let filled = fill(&text, |_| Some("-"));
                prop_assert_eq!(blanks(&filled), Ok(BTreeSet::new()));
            }
        }
    }
}
