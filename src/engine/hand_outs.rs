//! Who asked for prekeys of ours, and how many first flights came to them; soft state.

use std::collections::BTreeMap;

use crate::base::id::{AccountId, ContactToken};
use crate::base::requesters::Requesters;
use crate::domain::session::challenge::Challenges;
use crate::domain::session::pool::Claim;
use crate::wire::origin::Origin;

/// Who asks for prekeys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Requester {
    /// Somebody who has, or had, a session with us.
    Contact(AccountId),
    /// Whoever has an open invite.
    Bearer(ContactToken),
    /// Somebody of whom nothing is known but where it asks from.
    Anyone(Origin),
}

/// What is remembered of hand-outs and first flights between two starts.
#[derive(Debug, Default)]
pub(super) struct HandOuts {
    /// Strangers are apart, so that many of them don't make us forget those that we know.
    pub(super) known: Requesters<Requester>,
    pub(super) anyone: Requesters<Requester>,
    /// What strangers are asked to work for; made when first needed.
    pub(super) challenges: Option<Challenges>,
    /// First flights that are remembered, by account and set; counted when first needed.
    pub(super) replays: BTreeMap<(AccountId, u32), usize>,
}

impl HandOuts {
    /// Those with such a claim.
    pub(super) const fn of(&mut self, claim: Claim) -> &mut Requesters<Requester> {
        match claim {
            Claim::Known => &mut self.known,
            Claim::Anyone => &mut self.anyone,
        }
    }
}
