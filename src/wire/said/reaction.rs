//! What somebody feels about a message.

use serde::{Deserialize, Serialize};

use crate::base::said_limits;
use crate::wire::decode::{Malformed, is_line, required};
use crate::wire::said::edit::revision;
use crate::wire::said::target::Target;
use crate::wire::schema;

/// A reaction, in the place of the one before; none where the emoji is empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reaction {
    /// To which message.
    pub target: Target,
    /// One emoji, or nothing any more.
    pub emoji: String,
    /// Counts the sender's reactions to this message, from 1: the highest holds.
    pub revision: u32,
}

/// Whether the text can be a reaction: short, without spaces and letters of ASCII, and not ASCII alone. Which of what
/// remains are emoji changes every year.
pub fn is_emoji(text: &str) -> bool {
    is_line(text, said_limits::EMOJI_MAX)
        && !text.is_ascii()
        && !text.chars().any(|c| c.is_whitespace() || c.is_alphabetic())
}

impl Reaction {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.emoji.is_empty() || is_emoji(&self.emoji) {
            revision(self.revision).map(drop)
        } else {
            Err(Malformed("a reaction is one emoji"))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Reaction {
        schema::Reaction {
            target: Some(self.target.to_schema()),
            emoji: self.emoji.clone(),
            revision: self.revision,
        }
    }

    pub(crate) fn from_schema(reaction: schema::Reaction) -> Result<Self, Malformed> {
        let reaction = Self {
            target: Target::from_schema(&required(reaction.target)?)?,
            emoji: reaction.emoji,
            revision: reaction.revision,
        };
        reaction.check().map(|()| reaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_an_emoji_and_no_word() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        let scotland = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        for good in ["👍", "❤️", "1\u{fe0f}\u{20e3}", family, scotland] {
            assert!(is_emoji(good), "{good}");
        }
        for bad in ["", "+1", "ok", "não", "👍 👍", "👍\n", "\u{1b}[31m👍", "\u{202e}👍", &"👍".repeat(17)]
        {
            assert!(!is_emoji(bad), "{bad:?}");
        }
    }
}
