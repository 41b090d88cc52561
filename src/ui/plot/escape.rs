//! Text as it may stand in a document, whoever wrote it.

/// The text in which nothing is markup any more, neither between tags nor inside of quotes. Characters that XML
/// doesn't allow, and those that would turn the direction of what follows, are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}' => {
                safe.push(char::REPLACEMENT_CHARACTER);
            }
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => safe.push(char::REPLACEMENT_CHARACTER),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escape("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;"
        );
        assert_eq!(escape("a\u{0}b\u{202e}c\u{fffe}d\ne"), "a\u{fffd}b\u{fffd}c\u{fffd}d\ne");
        assert_eq!(escape("Padaria São João, 3 ≥ 2"), "Padaria São João, 3 ≥ 2");
    }
}
