//! Another text in the place of that of a message of one's own.

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::base::limits;
use crate::base::said_limits;
use crate::wire::decode::{Malformed, array, is_text};
use crate::wire::schema;

/// Another text in the place of that of a message of the sender's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// The message.
    pub id: MessageId,
    /// What it says now.
    pub text: String,
    /// Counts the edits of this message, from 1: the highest holds.
    pub revision: u32,
}

impl Edit {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.text.is_empty() || !is_text(&self.text, limits::TEXT_MAX) {
            return Err(Malformed("not a text"));
        }
        revision(self.revision).map(drop)
    }

    pub(crate) fn to_schema(&self) -> schema::Edit {
        schema::Edit { id: self.id.as_bytes().to_vec(), text: self.text.clone(), revision: self.revision }
    }

    pub(crate) fn from_schema(edit: schema::Edit) -> Result<Self, Malformed> {
        let edit = Self { id: MessageId::new(array(&edit.id)?), text: edit.text, revision: edit.revision };
        edit.check().map(|()| edit)
    }
}

/// The number of a change among those of its kind: from 1, and not so high that it shuts out all that follow.
pub(crate) const fn revision(number: u32) -> Result<u32, Malformed> {
    if 0 < number && number <= said_limits::REVISIONS_MAX {
        Ok(number)
    } else {
        Err(Malformed("a message is changed a thousand times at most"))
    }
}
