//! What changes a message that was said before: a reaction, an edit, its being taken back.

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::wire::decode::Malformed;
use crate::wire::said::edit::Edit;
use crate::wire::said::reaction::Reaction;
use crate::wire::said::target::Target;
use crate::wire::schema;

/// A body as the wire has it.
type Wire = schema::content::Body;

/// What changes a message that was said before. It may be stored as it is here: a new kind goes to the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Change {
    /// What the sender feels about it.
    Reaction(Reaction),
    /// Another text in the place of its own.
    Edit(Edit),
    /// It is taken back.
    Deletion(MessageId),
}

impl Change {
    /// The message that is changed. What its author alone may do is done to the sender's own.
    pub const fn target(&self) -> Target {
        match self {
            Self::Reaction(reaction) => reaction.target,
            Self::Edit(edit) => Target { id: edit.id, yours: false },
            Self::Deletion(id) => Target { id: *id, yours: false },
        }
    }

    /// Whether it takes something back and says nothing: that needs no ground.
    pub const fn says_nothing(&self) -> bool {
        match self {
            Self::Reaction(reaction) => reaction.emoji.is_empty(),
            Self::Edit(_) => false,
            Self::Deletion(_) => true,
        }
    }

    pub(crate) fn to_wire(&self) -> Wire {
        match self {
            Self::Reaction(reaction) => Wire::Reaction(reaction.to_schema()),
            Self::Edit(edit) => Wire::Edit(edit.to_schema()),
            Self::Deletion(id) => Wire::Deletion(schema::Deletion { id: id.as_bytes().to_vec() }),
        }
    }

    /// The change that a body is; the body again where it is none.
    pub(crate) fn from_wire(body: Wire) -> Result<Result<Self, Wire>, Malformed> {
        Ok(Ok(match body {
            Wire::Reaction(reaction) => Self::Reaction(Reaction::from_schema(reaction)?),
            Wire::Edit(edit) => Self::Edit(Edit::from_schema(edit)?),
            Wire::Deletion(deletion) => {
                Self::Deletion(MessageId::new(crate::wire::decode::array(&deletion.id)?))
            }
            other => return Ok(Err(other)),
        }))
    }
}
