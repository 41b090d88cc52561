//! Names of the desk's things: for programs, and as people write them.

use crate::base::desk_limits as limits;
use crate::wire::decode::is_line;

/// Whether it is a name for programs: `a-z`, `0-9`, `_` and `-`, beginning with a letter or a digit.
pub fn is_slug(name: &str, max: usize) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && name.len() <= max && name.bytes().all(allowed)
}

/// Whether it can be a label or the name of an agent: one line, not empty.
pub fn is_desk_name(name: &str) -> bool {
    !name.is_empty() && is_line(name, limits::DESK_NAME_MAX)
}

/// Whether it can stand on a button: one line, not empty.
pub fn is_title(title: &str) -> bool {
    !title.is_empty() && is_line(title, limits::TITLE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_programs_are_plain_and_names_for_people_are_lines() {
        assert!(is_slug("rye_loaf-2", 40) && is_slug("2", 1));
        for wrong in ["", "-x", "_x", "Rye", "pão", "a b", "abc"] {
            assert!(!is_slug(wrong, 2), "{wrong}");
        }
        assert!(is_desk_name("João, at night") && is_title("Olá"));
        for wrong in ["", " x", "two\nlines", "\u{202E}x"] {
            assert!(!is_desk_name(wrong) && !is_title(wrong), "{wrong:?}");
        }
    }
}
