//! What the laboratory sees while a scenario runs: messages on their way, nodes on and off.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::ui::bench::timer::Timer;
use crate::ui::lab::report::Mark;

/// A message that a node accepted.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The sender, by its number on the stage.
    pub(super) from: usize,
    /// The recipient.
    pub(super) to: usize,
    /// The recipient's address, as the sender knows it.
    pub(super) with: String,
    /// Its id.
    pub(super) id: String,
    /// Its place in the sender's conversation.
    pub(super) position: u64,
    /// Seconds after the start at which it was handed to the sender's node.
    pub(super) at: f64,
}

/// When a message got how far, in seconds after the start.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Times {
    /// The recipient's screens were told of it.
    pub(super) shown: Option<f64>,
    /// Its sender's screens were told that the recipient's mailboxes have it.
    pub(super) stored: Option<f64>,
    /// Its sender's screens were told that the recipient's disk has it.
    pub(super) delivered: Option<f64>,
}

/// A sender's screens were told that everything up to a number got so far.
struct Word {
    at: f64,
    seq: u64,
    delivered: bool,
}

#[derive(Default)]
struct Seen {
    messages: Vec<Message>,
    /// When which node was shown which message.
    shown: BTreeMap<(usize, String), f64>,
    /// The sequence numbers of what nodes sent.
    numbers: BTreeMap<(usize, String), u64>,
    words: BTreeMap<(usize, String), Vec<Word>>,
    marks: Vec<Mark>,
    /// How many nodes are on, each time that changes.
    on: Vec<(f64, usize)>,
    /// Events that a node had and that weren't heard.
    missed: u64,
}

/// Everything that was seen so far. All that scenarios decide by is read from the nodes' stores; this is for figures.
pub(super) struct Measure {
    timer: Timer,
    seen: Mutex<Seen>,
}

impl Measure {
    /// Begins now.
    pub(super) fn new() -> Self {
        Self { timer: Timer::start(), seen: Mutex::default() }
    }

    /// Seconds since the start.
    pub(super) fn now(&self) -> f64 {
        self.timer.elapsed().as_secs_f64()
    }

    /// Takes in what a node tells its screens.
    pub(super) fn hear(&self, node: usize, event: &Value) {
        let at = self.now();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut seen = self.seen();
        match event["event"].as_str() {
            Some("entry") => {
                let (entry, id) = (&event["entry"], text(&event["entry"]["id"]));
                if entry["direction"] == "in" {
                    seen.shown.entry((node, id)).or_insert(at);
                } else if let Some(seq) = entry["seq"].as_u64() {
                    seen.numbers.insert((node, id), seq);
                }
            }
            Some("delivery") => {
                let delivered = matches!(event["state"].as_str(), Some("delivered" | "read"));
                let stored = event["state"] == "stored";
                if let (true, Some(seq)) = (delivered || stored, event["seq"].as_u64()) {
                    let word = Word { at, seq, delivered };
                    seen.words.entry((node, text(&event["with"]))).or_default().push(word);
                }
            }
            Some("lagged") => seen.missed += event["missed"].as_u64().unwrap_or_default(),
            _ => {}
        }
    }

    /// A node accepted a message.
    pub(super) fn sent(&self, message: Message) {
        self.seen().messages.push(message);
    }

    /// Something happened that plots show.
    pub(super) fn mark(&self, what: String) {
        let at = self.now();
        self.seen().marks.push(Mark { at, what });
    }

    /// So many nodes are on now.
    pub(super) fn on(&self, nodes: usize) {
        let at = self.now();
        self.seen().on.push((at, nodes));
    }

    /// All messages so far, in the order in which they were accepted.
    pub(super) fn messages(&self) -> Vec<Message> {
        self.seen().messages.clone()
    }

    /// How many of these messages were shown, as far as was heard.
    pub(super) fn shown(&self, messages: &[Message]) -> usize {
        let seen = self.seen();
        messages.iter().filter(|one| seen.shown.contains_key(&(one.to, one.id.clone()))).count()
    }

    /// When each message got how far, in the order of [`Self::messages`].
    pub(super) fn times(&self) -> Vec<(Message, Times)> {
        let seen = self.seen();
        let times = |message: &Message| {
            let seq = seen.numbers.get(&(message.from, message.id.clone())).copied();
            let words = seen.words.get(&(message.from, message.with.clone()));
            let first = |delivered: bool| {
                let covers =
                    |word: &&Word| word.delivered == delivered && Some(word.seq) >= seq && seq.is_some();
                words?.iter().find(covers).map(|word| word.at)
            };
            Times {
                shown: seen.shown.get(&(message.to, message.id.clone())).copied(),
                stored: first(false),
                delivered: first(true),
            }
        };
        seen.messages.iter().map(|message| (message.clone(), times(message))).collect()
    }

    /// What plots show beside the messages.
    pub(super) fn marks(&self) -> (Vec<Mark>, Vec<(f64, usize)>) {
        let seen = self.seen();
        (seen.marks.clone(), seen.on.clone())
    }

    /// Events that weren't heard because too many came at once.
    pub(super) fn missed(&self) -> u64 {
        self.seen().missed
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
