//! What must hold for messages that were changed: everybody who has them sees the same, and the last that was said.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::MessageId;
use crate::base::time::Time;
use crate::engine::body_view::BodyView;
use crate::engine::command::{Command, Outcome, Refusal};
use crate::engine::input::Ticket;
use crate::engine::view::EntryView;

/// A change that a node was asked to make.
#[derive(Clone, Debug)]
struct Altered {
    from: usize,
    target: MessageId,
    what: What,
    /// When, by the world's clock.
    at: Time,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum What {
    Feels(String),
    Says(String),
    TakesBack,
}

impl What {
    const fn says(&self) -> Option<&String> {
        if let Self::Says(text) = self { Some(text) } else { None }
    }

    const fn feels(&self) -> Option<&String> {
        if let Self::Feels(emoji) = self { Some(emoji) } else { None }
    }
}

/// All changes of a life.
#[derive(Debug, Default)]
pub(super) struct Alterations {
    asked: BTreeMap<(usize, Ticket), Altered>,
    /// What was accepted, by the message, in its order.
    made: BTreeMap<MessageId, Vec<Altered>>,
    /// Messages of which a change was perhaps not stored, went with its device, or was not delivered.
    doubtful: BTreeSet<MessageId>,
}

/// What one screen shows of a message that was changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Look {
    pub(super) peer: usize,
    /// None where it was taken back.
    text: Option<String>,
    /// What its author feels about it, and what the other one does.
    feels: [String; 2],
}

impl Look {
    pub(super) fn of(peer: usize, entry: &EntryView) -> Self {
        let text = words(&entry.body);
        let felt = |by: &str| {
            let one = entry.reactions.iter().find(|reaction| reaction.by == by);
            one.map(|reaction| reaction.emoji.clone()).unwrap_or_default()
        };
        let other = if entry.direction == "out" { "in" } else { "out" };
        Self { peer, text, feels: [felt(entry.direction), felt(other)] }
    }
}

/// What tells one message from all others on a screen.
pub(super) fn words(body: &BodyView) -> Option<String> {
    match body {
        BodyView::Text { text } | BodyView::Choice { text, .. } | BodyView::PlaceRequest { text } => {
            Some(text.clone())
        }
        BodyView::Offer(offer) => Some(offer.text.clone()),
        BodyView::Order(order) => Some(order.text.clone()),
        BodyView::Bill(bill) => Some(bill.text.clone()),
        BodyView::Form(form) => Some(form.text.clone()),
        BodyView::FormAnswer(answer) => answer.fields.first().map(|field| field.values.concat()),
        BodyView::OrderStatus(status) => Some(status.text.clone()),
        BodyView::Location(place) => Some(place.name.clone()),
        BodyView::Card(card) => Some(card.name.clone()),
        BodyView::Menu(menu) => Some(menu.text.clone()),
        BodyView::File(file) => Some(file.caption.clone()),
        BodyView::Unknown { .. }
        | BodyView::Deleted { .. }
        | BodyView::Billing { .. }
        | BodyView::Missing
        | BodyView::Notice { .. } => None,
    }
}

impl Alterations {
    /// A node is asked to change a message.
    pub(super) fn asks(&mut self, from: usize, ticket: Ticket, command: &Command, at: Time) {
        let (target, what) = match command {
            Command::React { message, emoji, .. } => (message.id, What::Feels(emoji.clone())),
            Command::Edit { message, text, .. } => (*message, What::Says(text.clone())),
            Command::Delete { message, .. } => (*message, What::TakesBack),
            _ => return,
        };
        self.asked.insert((from, ticket), Altered { from, target, what, at });
    }

    /// An answer came; whether it is to a change.
    pub(super) fn answered(
        &mut self,
        from: usize,
        ticket: Ticket,
        answer: &Result<Outcome, Refusal>,
    ) -> bool {
        let Some(asked) = self.asked.remove(&(from, ticket)) else { return false };
        if answer.is_ok() {
            self.made.entry(asked.target).or_default().push(asked);
        }
        true
    }

    /// A node's device is lost, and what had not left it.
    pub(super) fn loses(&mut self, peer: usize) {
        let made = self.made.values().flatten().filter(|one| one.from == peer);
        self.doubtful.extend(made.map(|one| one.target));
    }

    /// A screen says that a change was given up.
    pub(super) fn given_up(&mut self, target: MessageId) {
        self.doubtful.insert(target);
    }

    /// What was never answered may have been stored or not.
    pub(super) fn end(&mut self) {
        for one in core::mem::take(&mut self.asked).into_values() {
            self.doubtful.insert(one.target);
            self.made.entry(one.target).or_default().push(one);
        }
    }

    /// Whether a message may say this, though it said something else.
    pub(super) fn says(&self, target: &MessageId, text: Option<&str>) -> bool {
        let mut made = self.made.get(target).into_iter().flatten();
        made.any(|one| match (&one.what, text) {
            (What::Says(new), Some(text)) => new == text,
            (What::TakesBack, None) => true,
            _ => false,
        })
    }

    /// How many messages were changed.
    pub(super) fn count(&self) -> u64 {
        self.made.len() as u64
    }

    /// What doesn't hold of one message, by the looks of the screens that were there for all of its changes.
    pub(super) fn judge(&self, target: &MessageId, author: usize, looks: &[Look]) -> Option<String> {
        let made = self.made.get(target)?;
        if self.doubtful.contains(target) {
            return None;
        }
        let first = looks.first()?;
        let same = |look: &&Look| (&look.text, &look.feels) == (&first.text, &first.feels);
        if !looks.iter().all(|look| same(&look)) {
            return Some(format!(
                "a message that was changed is shown in several ways: {looks:?}, after {made:?}"
            ));
        }
        let taken_back = made.iter().any(|one| one.what == What::TakesBack);
        if taken_back {
            return first.text.as_ref().map(|text| format!("{text:?} is shown although it was taken back"));
        }
        let last = |this: fn(&What) -> Option<&String>, by_author: bool| {
            let mut these =
                made.iter().filter(|one| (one.from == author) == by_author && this(&one.what).is_some());
            // Of changes on several devices the highest number holds, whichever was the last.
            let from = these.clone().next()?.from;
            these
                .clone()
                .all(|one| one.from == from)
                .then(|| these.next_back())
                .flatten()
                .and_then(|one| this(&one.what))
        };
        let wrong_text = last(What::says, true).filter(|text| Some(*text) != first.text.as_ref());
        let wrong_feeling = [true, false]
            .into_iter()
            .zip(&first.feels)
            .find(|(by_author, shown)| last(What::feels, *by_author).is_some_and(|emoji| emoji != *shown));
        let wrong = wrong_text.is_some() || wrong_feeling.is_some();
        wrong.then(|| format!("a message is shown as {first:?}, after {made:?}"))
    }

    /// Since when a message is changed.
    pub(super) fn since(&self, target: &MessageId) -> Option<Time> {
        self.made.get(target)?.first().map(|one| one.at)
    }
}
