//! Messages as ids that say where they are: `wamid.` and, encoded, the conversation, the place and the message's own id.
//!
//! Nothing has to be kept to find a message again, and nobody can make an id of a message that isn't there.

use data_encoding::BASE64URL_NOPAD;

use crate::base::id::MessageId;
use crate::domain::chat::timeline::{self, Entry};
use crate::domain::identity::contact::Contact;
use crate::domain::identity::moved;
use crate::store::table::Rows;
use crate::ui::http::cloud::alias::{self, Alias};

const PREFIX: &str = "wamid.";
const VERSION: u8 = 1;
const ALIAS_BYTES: usize = 7;
const POSITION_BYTES: usize = 6;
const LEN: usize = 1 + ALIAS_BYTES + POSITION_BYTES + MessageId::LEN;
/// The place of a message that has none.
pub(super) const NOWHERE: u64 = (1 << (8 * POSITION_BYTES)) - 1;

/// Where a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wamid {
    /// With whom.
    pub(super) with: Alias,
    /// Its place in the conversation.
    pub(super) position: u64,
    /// Its id.
    pub(super) id: MessageId,
}

impl Wamid {
    /// The id as programs have it.
    pub(super) fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.with.number().to_be_bytes()[8 - ALIAS_BYTES..]);
        bytes.extend_from_slice(&self.position.min(NOWHERE).to_be_bytes()[8 - POSITION_BYTES..]);
        bytes.extend_from_slice(self.id.as_bytes());
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads what [`Wamid::text`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX)?;
        if encoded.len() != BASE64URL_NOPAD.encode_len(LEN) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (alias, rest) = rest.split_at_checked(ALIAS_BYTES)?;
        let (position, id) = rest.split_at_checked(POSITION_BYTES)?;
        let number =
            |bytes: &[u8]| bytes.iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
        let with = Alias::new(number(alias)).filter(|_| *version == VERSION)?;
        Some(Self { with, position: number(position), id: MessageId::from_slice(id)? })
    }

    /// The message and the contact that it was said with, if it is there.
    pub(super) fn find(&self, rows: &impl Rows) -> Option<(Contact, Entry)> {
        let thread = alias::owner(rows, self.with)?;
        let contact = moved::contact(rows, &thread)?;
        let entry = timeline::since(rows, &contact.thread, self.position, 1).pop()?;
        let is_it = entry.position == self.position && entry.id == self.id;
        is_it.then(|| (Contact::clone(&contact), entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_encoding() {
        let with = Alias::new(999_123_456_789_012).unwrap();
        let wamid = Wamid { with, position: 258, id: MessageId::new([7; 16]) };
        let text = "wamid.AQOMso66ihQAAAAAAQIHBwcHBwcHBwcHBwcHBwcH";
        assert_eq!(wamid.text(), text);
        assert_eq!(Wamid::parse(text), Some(wamid));
        let nowhere = Wamid { position: u64::MAX, ..wamid };
        assert_eq!(Wamid::parse(&nowhere.text()).unwrap().position, NOWHERE);
    }

    #[test]
    fn what_this_node_never_said_is_no_id() {
        let good = Wamid {
            with: Alias::new(999_000_000_000_000).unwrap(),
            position: 1,
            id: MessageId::new([7; 16]),
        };
        let text = good.text();
        for wrong in [
            "",
            "wamid.",
            "wamid.HBgLMTY0NjcwNDM1OTUVAgASGBQzQTdCNTg5RjY1MEMyRjlGMjRGNgA=",
            &text[6..],
            &text[..text.len() - 1],
            &format!("{text}A"),
            // Another version.
            &text.replacen("wamid.A", "wamid.B", 1),
        ] {
            assert_eq!(Wamid::parse(wrong), None, "{wrong}");
        }
    }
}
