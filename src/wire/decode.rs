//! Parsing at the border: every size, count and character is checked before a value becomes a type.

use prost::Message;

use crate::base::time::Time;

/// The bytes aren't what they should be. Deliberately without a word from the sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed: {0}")]
pub struct Malformed(pub &'static str);

/// Parses a message of at most `max` bytes.
pub(crate) fn message<M: Message + Default>(bytes: &[u8], max: usize) -> Result<M, Malformed> {
    if bytes.len() > max {
        return Err(Malformed("too large"));
    }
    M::decode(bytes).map_err(|_| Malformed("not the expected message"))
}

/// An array of exactly `N` bytes.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed("a field of another length"))
}

/// A field that must be there.
pub(crate) fn required<T>(field: Option<T>) -> Result<T, Malformed> {
    field.ok_or(Malformed("a field is missing"))
}

/// A text of at most `max` bytes on one line, without control characters or bidirectional overrides, which
/// could make one name look like another.
pub(crate) fn line(text: String, max: usize) -> Result<String, Malformed> {
    if is_line(&text, max) { Ok(text) } else { Err(Malformed("not a line of text")) }
}

/// Whether [`line`] accepts the text.
pub fn is_line(text: &str, max: usize) -> bool {
    text.len() <= max && !text.chars().any(is_deceptive) && text.trim() == text
}

/// A text of at most `max` bytes that may have several lines.
pub(crate) fn text(text: String, max: usize) -> Result<String, Malformed> {
    if is_text(&text, max) { Ok(text) } else { Err(Malformed("not a text")) }
}

/// Whether `text` accepts the text.
pub fn is_text(text: &str, max: usize) -> bool {
    text.len() <= max && !text.chars().any(|c| is_deceptive(c) && !matches!(c, '\n' | '\t' | '\r'))
}

/// A list of at most `max` things, each parsed.
pub(crate) fn list<A, B>(
    items: Vec<A>,
    max: usize,
    parse: impl FnMut(A) -> Result<B, Malformed>,
) -> Result<Vec<B>, Malformed> {
    if items.len() > max { Err(Malformed("too many")) } else { items.into_iter().map(parse).collect() }
}

/// A number that nobody has to be careful with when it is added to.
pub(crate) const fn countable(number: u64) -> Result<u64, Malformed> {
    if number <= crate::base::limits::SEQUENCE_MAX {
        Ok(number)
    } else {
        Err(Malformed("a number that nobody counts to"))
    }
}

/// A moment.
pub(crate) const fn time(millis: u64) -> Time {
    Time::from_millis(millis)
}

/// Control characters (terminal escapes among them) and bidirectional embeddings, overrides and isolates.
fn is_deceptive(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_control_characters_and_no_overrides() {
        assert!(is_line("Padaria São João", 80));
        for bad in ["two\nlines", "\u{1b}[31mred", "abc\u{202E}cba", " edge", "edge "] {
            assert!(!is_line(bad, 80), "{bad:?}");
        }
        assert!(!is_line("long", 3));
        assert!(is_text("two\nlines\t", 80) && !is_text("bell\u{7}", 80));
    }
}
