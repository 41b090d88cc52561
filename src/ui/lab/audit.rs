//! What became of messages, read from the stores of both sides: each once, in order, and no state without its cause.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ui::lab::measure::Message;
use crate::ui::lab::place::Saw;
use crate::ui::lab::stage::Stage;
use crate::ui::lab::talk::history;
use crate::ui::lab::wait::text;

/// The messages of one node to another, as both have them.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Ids in the order in which the sender's node filed them, each with the state that it shows.
    pub(super) sent: Vec<(String, String)>,
    /// Ids of them in the recipient's conversation, in its order.
    pub(super) shown: Vec<String>,
    /// Places that the recipient shows as missing.
    pub(super) missing: usize,
}

/// How many of a run's messages got how far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    pub(super) shown: usize,
    pub(super) delivered: usize,
    pub(super) waiting: usize,
    pub(super) failed: usize,
    /// Messages between nodes of which one is off: nobody looked.
    pub(super) unseen: usize,
}

impl Tally {
    /// Counts another one in.
    pub(super) const fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.shown += other.shown;
        self.delivered += other.delivered;
        self.waiting += other.waiting;
        self.failed += other.failed;
        self.unseen += other.unseen;
    }
}

/// Messages by who sent them to whom.
pub(super) fn pairs_of(messages: &[Message]) -> BTreeMap<(usize, usize), Vec<Message>> {
    let mut pairs: BTreeMap<(usize, usize), Vec<Message>> = BTreeMap::new();
    for message in messages {
        pairs.entry((message.from, message.to)).or_default().push(message.clone());
    }
    for of in pairs.values_mut() {
        of.sort_by_key(|message| message.position);
    }
    pairs
}

/// Looks at both sides of one pair.
pub(super) async fn look_at(
    stage: &Stage,
    from: usize,
    to: usize,
    messages: &[Message],
) -> Result<Pair, Saw> {
    let with = messages.first().map(|message| message.with.clone()).unwrap_or_default();
    let ours = history(stage, from, &with).await?;
    let sender = stage.known_as(from, to).await?;
    // Before the first message came, the recipient may not know the sender at all.
    if !stage.is_on(to).await {
        return Err(format!("{} is off", stage.cells[to].name));
    }
    let theirs = history(stage, to, &sender).await.unwrap_or_default();
    let states: BTreeMap<&str, &str> =
        ours.iter().map(|entry| (text(entry, "id"), text(entry, "state"))).collect();
    let state = |id: &str| states.get(id).copied().unwrap_or("gone").to_owned();
    let ids: BTreeSet<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    let is_theirs = |entry: &&Value| entry["direction"] == "in" && ids.contains(text(entry, "id"));
    Ok(Pair {
        from,
        to,
        sent: messages.iter().map(|message| (message.id.clone(), state(&message.id))).collect(),
        shown: theirs.iter().filter(is_theirs).map(|entry| text(entry, "id").to_owned()).collect(),
        missing: theirs.iter().filter(|entry| entry["kind"] == "missing").count(),
    })
}

impl Pair {
    /// What must hold at every moment: nothing is there twice, nothing overtook, nothing is claimed that isn't so.
    pub(super) fn broken(&self) -> Option<Saw> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.shown.iter().find(|id| !seen.insert(id.as_str())) {
            return Some(format!("the message {twice} is there twice"));
        }
        let order = |id: &String| self.sent.iter().position(|(sent, _)| sent == id);
        if !self.shown.is_sorted_by_key(order) {
            return Some("messages are there in another order than they were sent in".into());
        }
        let claimed = |(id, state): &&(String, String)| claims_delivery(state) && !seen.contains(id.as_str());
        if let Some((id, state)) = self.sent.iter().find(claimed) {
            return Some(format!("the message {id} is called {state} and isn't there"));
        }
        let gone = self.sent.iter().find(|(_, state)| state == "gone");
        gone.map(|(id, _)| format!("the message {id} was accepted and its sender has it no more"))
    }

    /// What must hold in the end.
    pub(super) fn unfinished(&self) -> Option<Saw> {
        let all = self.sent.len();
        if self.shown.len() < all {
            return Some(format!("{} of {all} messages are there", self.shown.len()));
        }
        if self.missing > 0 {
            return Some(format!("{} messages are shown as missing", self.missing));
        }
        let told = self.sent.iter().filter(|(_, state)| claims_delivery(state)).count();
        (told < all).then(|| format!("all {all} messages are there, {told} of them by their sender's word"))
    }

    pub(super) fn tally(&self) -> Tally {
        let count = |wanted: fn(&str) -> bool| self.sent.iter().filter(|(_, state)| wanted(state)).count();
        let (delivered, failed) = (count(claims_delivery), count(|state| state == "failed"));
        let accepted = self.sent.len();
        Tally {
            accepted,
            shown: self.shown.len(),
            delivered,
            waiting: accepted - delivered - failed,
            failed,
            unseen: 0,
        }
    }
}

/// Whether a state says that the recipient's disk has the message.
pub(super) fn claims_delivery(state: &str) -> bool {
    matches!(state, "delivered" | "read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(sent: &[(&str, &str)], shown: &[&str]) -> Pair {
        let sent = sent.iter().map(|(id, state)| ((*id).to_owned(), (*state).to_owned())).collect();
        Pair { from: 0, to: 1, sent, shown: shown.iter().map(|id| (*id).to_owned()).collect(), missing: 0 }
    }

    #[test]
    fn what_is_there_once_in_order_and_rightly_claimed_holds() {
        let all = pair(&[("a", "read"), ("b", "delivered")], &["a", "b"]);
        assert_eq!((all.broken(), all.unfinished()), (None, None));
        let some = pair(&[("a", "delivered"), ("b", "queued")], &["a"]);
        assert_eq!((some.broken(), some.unfinished()), (None, Some("1 of 2 messages are there".into())));
        assert_eq!(
            some.tally(),
            Tally { accepted: 2, shown: 1, delivered: 1, waiting: 1, ..Tally::default() }
        );
        let silent = pair(&[("a", "delivered"), ("b", "sent")], &["a", "b"]);
        assert!(silent.broken().is_none() && silent.unfinished().is_some(), "its sender doesn't know yet");
    }

    #[test]
    fn repeats_overtaking_and_false_claims_are_found() {
        let sent = [("a", "delivered"), ("b", "delivered")];
        for (broken, word) in [
            (pair(&sent, &["a", "b", "a"]), "twice"),
            (pair(&sent, &["b", "a"]), "order"),
            (pair(&sent, &["a"]), "isn't there"),
            (pair(&[("a", "gone")], &["a"]), "no more"),
        ] {
            assert!(broken.broken().unwrap().contains(word), "{broken:?}");
        }
    }
}
