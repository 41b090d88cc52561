//! Who asked for prekeys of ours, and how many first flights came to them; soft state.

use std::collections::BTreeMap;

use crate::base::id::{AccountId, ContactToken};
use crate::domain::session::requesters::Requesters;
use crate::wire::peer::PeerKey;

/// Who asks for prekeys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Requester {
    /// Somebody who has, or had, a session with us.
    Contact(AccountId),
    /// Whoever has an open invite.
    Bearer(ContactToken),
    /// A node of which nothing else is known.
    Peer(PeerKey),
}

/// What is remembered of hand-outs and first flights between two starts.
#[derive(Debug, Default)]
pub(super) struct HandOuts {
    /// Strangers are apart, so that many of them don't make us forget those that we know.
    pub(super) known: Requesters<Requester>,
    pub(super) anyone: Requesters<Requester>,
    /// First flights that are remembered, by account and set; counted when first needed.
    pub(super) replays: BTreeMap<(AccountId, u32), usize>,
}
