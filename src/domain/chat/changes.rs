//! What was changed of a message since it was said, and which of two changes holds.

use serde::{Deserialize, Serialize};

use crate::base::id::MessageId;
use crate::base::time::Time;
use crate::wire::said::change::Change;

/// Whose a message is, or a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Side {
    /// Our account's, whichever of our devices it was.
    Ours,
    /// The contact's.
    Theirs,
}

impl Side {
    /// The side of whom `yours` names, where one of this side says it.
    pub const fn meant(self, yours: bool) -> Self {
        match (self, yours) {
            (Self::Ours, false) | (Self::Theirs, true) => Self::Ours,
            (Self::Ours, true) | (Self::Theirs, false) => Self::Theirs,
        }
    }

    /// How one of this side, who speaks to the other, names the messages of `whose`.
    pub fn yours(self, whose: Self) -> bool {
        self != whose
    }
}

/// A message of a conversation. Ids are chosen by who says something, so each side has its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Named {
    /// Whose it is.
    pub side: Side,
    /// Its id.
    pub id: MessageId,
}

/// What was changed of one message.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Changes {
    /// Its last edit; the text is the message's.
    pub edit: Option<Edited>,
    /// What our own person feels about it.
    pub ours: Option<Mark>,
    /// What the contact feels about it.
    pub theirs: Option<Mark>,
}

/// The last edit of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edited {
    /// Its number among them.
    pub revision: u32,
    /// The content that brought it.
    pub by: MessageId,
    /// When it was sent, by its author's clock.
    pub at: Time,
}

/// A reaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Empty where it was taken back.
    pub emoji: String,
    /// Its number among those of its person.
    pub revision: u32,
    /// The content that brought it.
    pub by: MessageId,
}

/// A change, with what is known of who made it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Who made it.
    pub by: Side,
    /// The content that brought it.
    pub id: MessageId,
    /// When it was sent, by that side's clock.
    pub sent_at: Time,
    /// The change.
    pub change: Change,
}

impl Made {
    /// The message that it changes.
    pub const fn target(&self) -> Named {
        let target = self.change.target();
        Named { side: self.by.meant(target.yours), id: target.id }
    }

    /// Its rank among the changes of its kind, side and message: the highest holds, whatever came first. Two devices of
    /// one person may give the same number; then the content's id decides, so that all come to the same.
    pub const fn rank(&self) -> (u32, MessageId) {
        let revision = match &self.change {
            Change::Reaction(reaction) => reaction.revision,
            Change::Edit(edit) => edit.revision,
            Change::Deletion(_) => 0,
        };
        (revision, self.id)
    }

    /// Whether another one is of the same kind and side, so that one of them holds.
    pub fn rivals(&self, other: &Self) -> bool {
        let kind = |change: &Change| core::mem::discriminant(change);
        self.by == other.by && kind(&self.change) == kind(&other.change)
    }
}

impl Changes {
    /// The reaction of one side.
    pub const fn mark(&self, side: Side) -> Option<&Mark> {
        match side {
            Side::Ours => self.ours.as_ref(),
            Side::Theirs => self.theirs.as_ref(),
        }
    }

    pub(super) const fn mark_of(&mut self, side: Side) -> &mut Option<Mark> {
        match side {
            Side::Ours => &mut self.ours,
            Side::Theirs => &mut self.theirs,
        }
    }

    /// Roughly how many bytes the reactions take.
    pub(super) fn size(&self) -> usize {
        let marks = self.ours.iter().chain(&self.theirs);
        marks.map(|mark| mark.emoji.len() + 24).sum::<usize>()
    }
}
