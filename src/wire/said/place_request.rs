//! A business asks where a person is.

use serde::{Deserialize, Serialize};

use crate::base::said_limits::MENU_TEXT_MAX;
use crate::wire::decode::{Malformed, is_text};
use crate::wire::schema;

/// A business asks where the reader is, or where something is to be brought. A location that replies to it answers it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlaceRequest {
    /// What it is asked for.
    pub text: String,
}

impl PlaceRequest {
    /// Whether everything is within its bounds.
    ///
    /// # Errors
    /// What is wrong, in words for people.
    pub fn check(&self) -> Result<(), Malformed> {
        if !self.text.is_empty() && is_text(&self.text, MENU_TEXT_MAX) {
            Ok(())
        } else {
            Err(Malformed("who asks for a place says why, in a text of 1 to 4,096 bytes"))
        }
    }

    pub(crate) fn to_schema(&self) -> schema::PlaceRequest {
        schema::PlaceRequest { text: self.text.clone() }
    }

    pub(crate) fn from_schema(request: schema::PlaceRequest) -> Result<Self, Malformed> {
        let request = Self { text: request.text };
        request.check().map(|()| request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_says_why() {
        let request = |text: &str| PlaceRequest::from_schema(schema::PlaceRequest { text: text.into() });
        assert_eq!(
            request("Where to?\nWe deliver."),
            Ok(PlaceRequest { text: "Where to?\nWe deliver.".into() })
        );
        assert!(request("").is_err() && request("\u{1b}[2J").is_err());
        assert!(request(&"x".repeat(MENU_TEXT_MAX + 1)).is_err());
    }
}
