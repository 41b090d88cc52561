//! What is to happen in a simulated world, in the order of time.

use std::collections::BTreeMap;

use crate::base::id::{AccountId, MessageId};
use crate::base::time::Time;
use crate::domain::chat::changes::Named;
use crate::sim::mail::Malice;

/// One thing that somebody, or fate, does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Begins to talk to one of its contacts, and will again.
    Talk(usize),
    /// Says so many texts to somebody, one after the other.
    Say(usize, AccountId, u64),
    /// Edits a message of its own, or takes it back.
    Edit(usize, AccountId, MessageId),
    TakeBack(usize, AccountId, MessageId),
    /// Reacts to a message.
    Feel(usize, AccountId, Named),
    /// Has seen a conversation.
    Read(usize, AccountId),
    /// Switches its node off, and on again later.
    Sleep(usize),
    Wake(usize),
    /// Lets another one be a contact again, by an invite.
    Befriend(usize, usize),
    /// Takes mailboxes on, as one does who has none yet.
    TakeMailboxes(usize),
    /// Leaves a mailbox and takes another one on.
    Move(usize),
    /// Fate.
    Fate(Fate),
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fate {
    /// Bad network and bad power for some nodes, for a while.
    Storm,
    StormOver,
    /// Some nodes are parted from all others, for a while.
    Part,
    Heal,
    /// A power cut in the middle of something.
    Crash,
    /// A clock jumps by an hour; it is set right later.
    Jump,
    SetRight(usize),
    /// A disk can't be read.
    DiskError,
    /// A disk is full, for a while.
    DiskFull,
    /// Somebody takes all one-time prekeys that are given to strangers, and sends old first flights again.
    Theft,
    /// A device is lost; the phrase brings the identity back on a new one.
    Loss,
    /// A mailbox does what it shouldn't, for a while.
    Turn(Malice),
    Honest(usize),
    /// A mailbox loses its disk.
    Emptied,
    /// A mailbox is off for days.
    Off,
    Back(usize),
}

/// Acts to come.
#[derive(Debug, Default)]
pub(super) struct Script {
    acts: BTreeMap<(Time, u64), Act>,
    order: u64,
}

impl Script {
    pub(super) fn put(&mut self, at: Time, act: Act) {
        self.order += 1;
        self.acts.insert((at, self.order), act);
    }

    /// The next act that comes before `until`.
    pub(super) fn take(&mut self, until: Time) -> Option<(Time, Act)> {
        let entry = self.acts.first_entry().filter(|entry| entry.key().0 <= until)?;
        let at = entry.key().0;
        Some((at, entry.remove()))
    }

    /// Nothing happens any more but this.
    pub(super) fn keep(&mut self, this: impl Fn(&Act) -> bool) {
        self.acts.retain(|_, act| this(act));
    }
}
