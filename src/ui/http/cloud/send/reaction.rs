//! What is felt about a message.

use serde_json::{Map, Value};

use crate::ui::http::cloud::codes::Code;
use crate::ui::http::cloud::error::Graph;
use crate::ui::http::cloud::send::letter::{Letter, optional, required};
use crate::ui::http::cloud::wamid::Wamid;
use crate::wire::said::reaction::is_emoji;

/// Reads `reaction`. An emoji may be written as JavaScript writes it, `\uD83D\uDE00`.
pub(in crate::ui::http::cloud) fn read(content: &Map<String, Value>) -> Result<Letter, Graph> {
    let text = required(content, "reaction", "message_id")?;
    let message = Wamid::parse(&text);
    let message =
        message.ok_or_else(|| Graph::new(Code::Parameter, format!("There is no message {text} here.")))?;
    let emoji = optional(content, "emoji").unwrap_or_default();
    let emoji = unescaped(&emoji).unwrap_or(emoji);
    if !emoji.is_empty() && !is_emoji(&emoji) {
        return Err(Graph::value("reaction.emoji", "is one emoji, or empty to take it back"));
    }
    Ok(Letter::Reaction { message, emoji })
}

/// The text that escapes stand for, where there is nothing else.
fn unescaped(text: &str) -> Option<String> {
    if !text.starts_with("\\u") || !text.is_ascii() {
        return None;
    }
    serde_json::from_str(&format!("\"{text}\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reaction_is_one_emoji_however_it_is_written() {
        let id = "wamid.AQOMso66ihQAAAAAAQIHBwcHBwcHBwcHBwcHBwcH";
        let emoji = |emoji: &str| match read(json!({ "message_id": id, "emoji": emoji }).as_object().unwrap())
        {
            Ok(Letter::Reaction { emoji, .. }) => Ok(emoji),
            Ok(_) => panic!(),
            Err(error) => Err(error.code.number()),
        };
        assert_eq!(emoji("😀"), Ok("😀".into()));
        assert_eq!(emoji("\\uD83D\\uDE00"), Ok("😀".into()));
        assert_eq!(emoji(""), Ok(String::new()));
        assert_eq!((emoji("ok"), emoji("\\uD83D")), (Err(131_009), Err(131_009)));
        assert!(read(json!({ "message_id": "wamid.x", "emoji": "😀" }).as_object().unwrap()).is_err());
    }
}
