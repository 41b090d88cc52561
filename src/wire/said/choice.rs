//! A row of a menu that a person chose.

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::base::said_limits::{ROW_ID_MAX, ROW_TITLE_MAX};
use crate::wire::decode::{Malformed, array, is_line};
use crate::wire::schema;

/// A row of a menu of the reader's that the sender chose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// The message that is the menu.
    pub menu: MessageId,
    /// The row's id.
    pub row: String,
    /// The row's title.
    pub title: String,
}

impl Choice {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), Malformed> {
        let is_row = !self.row.is_empty() && is_line(&self.row, ROW_ID_MAX);
        if is_row && !self.title.is_empty() && is_line(&self.title, ROW_TITLE_MAX) {
            Ok(())
        } else {
            Err(Malformed("a row has an id and a title"))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::Choice {
        let Self { menu, row, title } = self.clone();
        schema::Choice { menu: menu.as_bytes().to_vec(), row, title }
    }

    pub(crate) fn from_schema(choice: schema::Choice) -> Result<Self, Malformed> {
        let schema::Choice { menu, row, title } = choice;
        let choice = Self { menu: MessageId::new(array(&menu)?), row, title };
        choice.check().map(|()| choice)
    }
}
