//! What of a flow's document can't be a form, and where it stands.

use serde_json::{Value, json};

use crate::base::cloud_limits as limits;

/// What kind of mistake it is, as that API calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::ui::http::cloud) enum Kind {
    /// It is no JSON.
    Json,
    /// Something that must be there isn't.
    Missing,
    /// Something is there that nodes don't do.
    Unknown,
    /// Something has a value that it can't have.
    Value,
    /// Something names what isn't there.
    Reference,
    /// Screens don't follow one another.
    Route,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Json => "INVALID_JSON",
            Self::Missing => "MISSING_REQUIRED_PROPERTY",
            Self::Unknown => "UNSUPPORTED_PROPERTY",
            Self::Value => "INVALID_PROPERTY_VALUE",
            Self::Reference => "INVALID_DYNAMIC_REFERENCE",
            Self::Route => "INVALID_ROUTING_MODEL",
        }
    }
}

/// A mistake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::ui::http::cloud) struct Mistake {
    kind: Kind,
    /// Where, such as `screens[0].layout.children[1].label`; empty for the whole.
    pub(super) path: String,
    /// What, in words.
    pub(super) words: String,
}

impl Mistake {
    /// As an answer has it.
    pub(super) fn document(&self) -> Value {
        json!({
            "error": self.kind.word(),
            "error_type": "FLOW_JSON_ERROR",
            "message": self.words,
            "pointers": [{ "path": self.path }],
        })
    }

    /// In one line.
    pub(in crate::ui::http::cloud) fn line(&self) -> String {
        if self.path.is_empty() { self.words.clone() } else { format!("{}: {}", self.path, self.words) }
    }
}

/// Mistakes as they are found; those past the most that are told are told no more.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(super) fn add(&mut self, kind: Kind, path: &str, words: impl Into<String>) {
        if self.0.len() < limits::FLOW_MISTAKES_MAX {
            self.0.push(Mistake { kind, path: path.to_owned(), words: words.into() });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(self) -> Vec<Mistake> {
        self.0
    }
}
