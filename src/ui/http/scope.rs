//! What a bearer token lets its bearer do.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that a token may be good for. None implies another, but [`Scope::Admin`] implies all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See figures about the node, and nothing of anybody's.
    Metrics,
    /// See everything that isn't secret: conversations, contacts, invoices, events.
    Read,
    /// Send messages, mark them as read, keep the desk's conversations and notes.
    Send,
    /// Change contacts, the profile, what the desk says, plans, subscriptions, invoices, mailboxes.
    Manage,
    /// Have what happens brought to an address of the bearer's choice, over the Cloud-API-compatible surface.
    Subscribe,
    /// Everything, and alone: the identity's key, devices, tokens, and webhooks, which carry out of the house what
    /// is said.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Metrics, Self::Read, Self::Send, Self::Manage, Self::Admin, Self::Subscribe];

    /// As people write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Read => "read",
            Self::Send => "send",
            Self::Manage => "manage",
            Self::Admin => "admin",
            Self::Subscribe => "subscribe",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Metrics => 1,
            Self::Read => 2,
            Self::Send => 4,
            Self::Manage => 8,
            Self::Admin => 16,
            Self::Subscribe => 32,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Several scopes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether they let their bearer do what takes `scope`.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// The scopes, as they were given.
    pub fn listed(self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.0 & scope.bit() != 0).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admin_implies_another_scope() {
        for one in Scope::ALL {
            for other in Scope::ALL {
                let allowed = Scopes::from_iter([one]).allow(other);
                assert_eq!(allowed, one == other || one == Scope::Admin, "{one} {other}");
            }
            assert!(!Scopes::default().allow(one));
        }
    }

    #[test]
    fn a_set_of_scopes_keeps_its_encoding() {
        let all: Vec<u8> = Scope::ALL.into_iter().map(|scope| Scopes::from_iter([scope]).0).collect();
        assert_eq!(all, [1, 2, 4, 8, 16, 32]);
        let two = Scopes::from_iter([Scope::Send, Scope::Read]);
        assert_eq!((two.0, two.listed()), (6, vec![Scope::Read, Scope::Send]));
    }
}
