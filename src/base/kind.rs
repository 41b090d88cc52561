//! The kinds of account.

use serde::{Deserialize, Serialize};

/// Whom an account stands for. The variants' order is their encoding: never change it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum AccountKind {
    /// A person: never listed, never findable.
    Person,
    /// A business: has a public profile.
    Business,
}
