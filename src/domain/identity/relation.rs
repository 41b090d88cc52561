//! Two views of one account log compared, so that nobody can show one log to some and another to others.

use crate::base::limits;
use crate::domain::identity::log::AccountLog;
use crate::wire::account::LogHead;

/// How a claim about where a log stands, as every message makes one, fits the log that is pinned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// It stands where the pinned one does.
    Same,
    /// It stood there once, or before the earliest entry that is kept: the claimant doesn't know the rest yet.
    Behind,
    /// It has gone on: the entries between are to be fetched.
    Ahead,
    /// Two entries have one number: the account's key signed two stories, or somebody lies.
    Fork,
}

/// How a log fits the one that is pinned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Relation {
    /// It says what is known.
    Same,
    /// It is older, or a story that a later generation or the end of the account has overtaken: nothing to learn.
    Behind,
    /// It goes on from the pinned one. This is the log to be pinned now.
    Extends(AccountLog),
    /// It goes on without what was pinned: the identity was restored, or ended by a rotation that overrides what
    /// rivals of its key wrote. To be pinned, and to be shown to the person.
    Supersedes(AccountLog),
    /// It is further on, and what is between isn't in it: the entries behind the pinned head are to be fetched, and
    /// [`AccountLog::followed_by`] takes them. The pinned log stays until then.
    Gap,
    /// It tells another story about a number that both have. Never to be pinned; to be shown to the person.
    Fork,
    /// It is another account's.
    Stranger,
}

impl AccountLog {
    /// Compares a claim with this log, which is pinned.
    pub fn weigh(&self, claim: &LogHead) -> Claim {
        let head = self.head();
        match self.hash_at(claim.seq) {
            Some(hash) if hash != claim.hash => Claim::Fork,
            Some(_) if claim.seq == head.seq => Claim::Same,
            Some(_) => Claim::Behind,
            None if claim.seq > head.seq => Claim::Ahead,
            None => Claim::Behind,
        }
    }

    /// Compares another log with this one, which is pinned.
    pub fn relate(&self, offered: &Self) -> Relation {
        if self.account() != offered.account() {
            return Relation::Stranger;
        }
        match (self.successor(), offered.successor()) {
            (Some(one), Some(other)) if one != other => Relation::Fork,
            (Some(_), _) if self.head() == offered.head() => Relation::Same,
            // The end of an account stands against whatever else its key may have signed.
            (Some(_), _) => Relation::Behind,
            (None, Some(_)) => match self.compare(offered) {
                extends @ Relation::Extends(_) => extends,
                _ => Relation::Supersedes(offered.clone()),
            },
            (None, None) => self.compare(offered),
        }
    }

    /// Whether this log goes on from `older` (or is the same), rather than telling another story.
    pub fn extends(&self, older: &Self) -> bool {
        matches!(older.relate(self), Relation::Same | Relation::Extends(_))
    }

    fn compare(&self, offered: &Self) -> Relation {
        let (head, theirs) = (self.head(), offered.head());
        if theirs.seq <= head.seq {
            return match self.hash_at(theirs.seq) {
                Some(hash) if hash != theirs.hash => Relation::Fork,
                Some(_) if theirs == head => Relation::Same,
                _ => Relation::Behind,
            };
        }
        if let Some(more) = offered.entries_behind(&head) {
            // What the pinned log comes to is what the entries are applied to: a snapshot that lies fails here.
            return self.followed_by(more).map_or(Relation::Fork, Relation::Extends);
        }
        if offered.generation() > head.seq {
            return Relation::Supersedes(offered.clone());
        }
        let beyond = offered.root().is_some_and(|(seq, _)| seq > head.seq.saturating_add(1));
        if beyond && offered.generation() == self.generation() { Relation::Gap } else { Relation::Fork }
    }

    /// The entries that follow `head` directly: those behind it where it is kept, all where the first names it.
    fn entries_behind(&self, head: &LogHead) -> Option<Vec<crate::wire::signed::Signed>> {
        let names_it = self.root().is_some_and(|(seq, previous)| seq > head.seq && previous == head.hash);
        self.entries_after(head).or_else(|| names_it.then(|| self.entries()))
    }
}

const _: () = assert!(limits::LOG_CARRIED_MAX <= limits::LOG_KEPT_MAX, "what is carried is kept");
