//! Which message is meant: its id, and whose it is.

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::wire::decode::{Malformed, array};
use crate::wire::schema;

/// A message of the conversation, as the sender of what names it sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: MessageId,
    /// Whether the reader's account said it; otherwise the sender's.
    pub yours: bool,
}

impl Target {
    pub(crate) fn to_schema(self) -> schema::Target {
        schema::Target { id: self.id.as_bytes().to_vec(), yours: self.yours }
    }

    pub(crate) fn from_schema(target: &schema::Target) -> Result<Self, Malformed> {
        Ok(Self { id: MessageId::new(array(&target.id)?), yours: target.yours })
    }
}
