//! Who asked for prekeys at a mailbox, and what the next pair costs them; soft state.

use crate::base::id::ReadId;
use crate::base::requesters::{Requesters, price_of_pool};
use crate::base::time::Time;
use crate::wire::origin::Origin;

/// Buckets of those who ask, for each inbox.
#[derive(Debug, Default)]
pub struct Askers {
    /// Strangers are apart, so that many of them don't make the mailbox forget those with a ticket.
    known: Requesters<(ReadId, [u8; 8])>,
    anyone: Requesters<(ReadId, Origin)>,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asker {
    /// The bearer of a ticket that holds, by its id.
    Ticket([u8; 8]),
    /// Anybody else, by where it asks from.
    Anyone(Origin),
}

impl Askers {
    /// Bits of work that a pair of an inbox costs, of which so many pairs are left; nothing where there is none to be
    /// had. A ticket's bearer is never asked for work.
    pub fn price(&mut self, inbox: ReadId, asker: &Asker, left: u32, now: Time) -> Option<u32> {
        match asker {
            Asker::Ticket(id) => (left > 0 && self.known.may(&(inbox, *id), now)).then_some(0),
            Asker::Anyone(origin) => {
                let own = self.anyone.price(&(inbox, origin.clone()), now);
                price_of_pool(left).map(|price| price.max(own))
            }
        }
    }

    /// A pair was given.
    pub fn given(&mut self, inbox: ReadId, asker: Asker, now: Time) {
        match asker {
            Asker::Ticket(id) => self.known.given(&(inbox, id), now),
            Asker::Anyone(origin) => self.anyone.given(&(inbox, origin), now),
        }
    }
}
