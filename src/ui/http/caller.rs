//! Who calls, and what they may do.

use axum::http::StatusCode;

use crate::ui::http::bearer::Denied;
use crate::ui::http::error::ApiError;
use crate::ui::http::scope::{Scope, Scopes};
use crate::ui::http::short_id::ShortId;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Caller {
    /// The node's person: whoever may open the socket in the home, or is this process.
    Owner,
    /// The bearer of a token.
    Bearer(ShortId, Scopes),
    /// Somebody without a token that holds.
    Nobody(Denied),
}

/// What a route takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    /// Nothing: it tells nobody's secrets.
    Nothing,
    /// A token with this scope.
    Scope(Scope),
}

impl Caller {
    /// Whether the caller may use a route.
    pub(super) fn check(self, needs: Needs) -> Result<(), ApiError> {
        match (self, needs) {
            // Too many requests are too many, whatever for.
            (Self::Nobody(Denied::TooFast), _) => Err(Denied::TooFast.into()),
            (Self::Owner, _) | (_, Needs::Nothing) => Ok(()),
            (Self::Bearer(_, scopes), Needs::Scope(scope)) if scopes.allow(scope) => Ok(()),
            (Self::Bearer(..), Needs::Scope(scope)) => {
                let words = format!("the token lacks the scope `{scope}`: make one that has it");
                Err(ApiError::new(StatusCode::FORBIDDEN, "scope", words))
            }
            (Self::Nobody(denied), Needs::Scope(_)) => Err(denied.into()),
        }
    }

    /// What tells callers apart where their requests are kept.
    pub(super) fn name(self) -> Vec<u8> {
        match self {
            Self::Bearer(id, _) => id.as_bytes().to_vec(),
            Self::Owner | Self::Nobody(_) => Vec::new(),
        }
    }
}
