//! A bot: keywords and a tree of menus, as a business writes it, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::fold;
use crate::domain::business::names::{is_desk_name, is_slug, is_title};
use crate::domain::business::reception::is_said;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::decode::is_text;

const BOTS: Table<Bot> = Table::new(TableId::Bots, 1);

/// A bot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bot {
    /// The node that a customer is shown who says nothing else that is known.
    pub start: String,
    /// What is said where the customer isn't understood, before the options are shown again.
    pub misunderstood: String,
    /// After so many misunderstandings in a row a person takes over.
    #[serde(default = "misses")]
    pub give_up_after: u32,
    /// For so long it is known where a customer is, in minutes.
    #[serde(default = "patience")]
    pub patience_minutes: u32,
    /// How a person takes over.
    pub person: HandOver,
    /// Words that lead to a node from everywhere; the first that fit count.
    #[serde(default)]
    pub keywords: Vec<Keyword>,
    /// The tree.
    pub nodes: BTreeMap<String, Node>,
}

/// How a person takes over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// What is said to the customer.
    pub text: String,
    /// The label that the conversation gets.
    #[serde(default = "label")]
    pub label: String,
    /// The bot is silent for so many hours, or until the conversation is done.
    #[serde(default = "silence")]
    pub hours: u32,
    /// Words by which a customer asks for a person from everywhere.
    #[serde(default)]
    pub words: Vec<String>,
}

/// Words that lead to a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Keyword {
    /// The words, any of them: compared whole, without case and without accents.
    pub words: Vec<String>,
    /// The node.
    pub goto: String,
}

/// A node of the tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What is said.
    pub text: String,
    /// What the customer may choose next.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// The node that is shown right after; only where there are no options.
    #[serde(default)]
    pub then: Option<String>,
}

/// What a customer may choose: a node, or a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is shown; whoever writes it chooses it.
    pub title: String,
    /// Further words that choose it.
    #[serde(default)]
    pub words: Vec<String>,
    /// The node that it leads to.
    #[serde(default)]
    pub goto: Option<String>,
    /// Whether it leads to a person instead.
    #[serde(default)]
    pub person: bool,
}

const fn misses() -> u32 {
    limits::BOT_MISSES
}

const fn patience() -> u32 {
    limits::BOT_PATIENCE_MINUTES
}

const fn silence() -> u32 {
    limits::BOT_SILENCE_HOURS
}

fn label() -> String {
    "person".to_owned()
}

impl Bot {
    /// Whether everything is within its bounds, leads somewhere, can be reached and can be told apart.
    ///
    /// # Errors
    /// The first thing that isn't.
    pub fn check(&self) -> Result<(), BotError> {
        if self.nodes.is_empty() || self.nodes.len() > limits::BOT_NODES_MAX {
            return Err(BotError::Nodes);
        }
        if !self.nodes.contains_key(&self.start) {
            return Err(BotError::NoNode { from: "start".into(), to: self.start.clone() });
        }
        if !is_said(&self.misunderstood) || !is_said(&self.person.text) {
            return Err(BotError::Said);
        }
        if !is_desk_name(&self.person.label) {
            return Err(BotError::Label);
        }
        for (number, most, what) in [
            (self.give_up_after, limits::BOT_MISSES_MAX, "give_up_after"),
            (self.patience_minutes, limits::BOT_PATIENCE_MINUTES_MAX, "patience_minutes"),
            (self.person.hours, limits::BOT_SILENCE_HOURS_MAX, "hours"),
        ] {
            if !(1..=most).contains(&number) {
                return Err(BotError::Number { what, most });
            }
        }
        check_words("person", &self.person.words)?;
        if self.keywords.len() > limits::BOT_KEYWORDS_MAX {
            return Err(BotError::Keywords);
        }
        for keyword in &self.keywords {
            check_words("keywords", &keyword.words)?;
            if keyword.words.is_empty() {
                return Err(BotError::Words("keywords".into()));
            }
            self.leads("keywords", &keyword.goto)?;
        }
        self.nodes.iter().try_for_each(|(name, node)| self.check_node(name, node))?;
        self.all_reached()?;
        let size = postcard::to_stdvec(self).map_or(usize::MAX, |bytes| bytes.len());
        if size > limits::BOT_MAX { Err(BotError::Large) } else { Ok(()) }
    }

    fn check_node(&self, name: &str, node: &Node) -> Result<(), BotError> {
        let at = || name.to_owned();
        if !is_slug(name, limits::BOT_NAME_MAX) {
            return Err(BotError::Name(at()));
        }
        if node.text.trim().is_empty() || !is_text(&node.text, limits::BOT_TEXT_MAX) {
            return Err(BotError::Text(at()));
        }
        if node.options.len() > limits::BOT_OPTIONS_MAX {
            return Err(BotError::Options(at()));
        }
        let mut titles = BTreeSet::new();
        for choice in &node.options {
            let folded = fold::words(&choice.title);
            if !is_title(&choice.title) || folded.is_empty() {
                return Err(BotError::Title(at()));
            }
            if !titles.insert(folded) {
                return Err(BotError::Twins { at: at(), title: choice.title.clone() });
            }
            check_words(name, &choice.words)?;
            match (&choice.goto, choice.person) {
                (Some(goto), false) => self.leads(name, goto)?,
                (None, true) => {}
                _ => return Err(BotError::Leads { at: at(), title: choice.title.clone() }),
            }
        }
        if let Some(then) = &node.then {
            if !node.options.is_empty() {
                return Err(BotError::Then(at()));
            }
            self.leads(name, then)?;
        }
        if self.follow(name).len() > limits::BOT_FOLLOW_MAX {
            return Err(BotError::Follow(at()));
        }
        Ok(())
    }

    fn leads(&self, from: &str, to: &str) -> Result<(), BotError> {
        let known = self.nodes.contains_key(to);
        known.then_some(()).ok_or_else(|| BotError::NoNode { from: from.to_owned(), to: to.to_owned() })
    }

    /// The nodes that are shown one after the other from this one on; of a circle more than may be.
    pub(super) fn follow<'b>(&'b self, name: &'b str) -> Vec<(&'b str, &'b Node)> {
        let mut shown = Vec::new();
        let mut next = Some(name);
        while let Some((name, node)) = next.and_then(|name| Some((name, self.nodes.get(name)?))) {
            shown.push((name, node));
            if shown.len() > limits::BOT_FOLLOW_MAX {
                break;
            }
            next = node.then.as_deref();
        }
        shown
    }

    fn all_reached(&self) -> Result<(), BotError> {
        let mut open: Vec<&str> = vec![&self.start];
        open.extend(self.keywords.iter().map(|keyword| keyword.goto.as_str()));
        let mut reached = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(node) = self.nodes.get(name).filter(|_| reached.insert(name)) {
                open.extend(node.options.iter().filter_map(|choice| choice.goto.as_deref()));
                open.extend(node.then.as_deref());
            }
        }
        match self.nodes.keys().find(|name| !reached.contains(name.as_str())) {
            Some(name) => Err(BotError::Unreached(name.clone())),
            None => Ok(()),
        }
    }
}

fn check_words(at: &str, words: &[String]) -> Result<(), BotError> {
    let sound = |word: &String| is_title(word) && !fold::words(word).is_empty();
    let holds = words.len() <= limits::BOT_WORDS_MAX && words.iter().all(sound);
    holds.then_some(()).ok_or_else(|| BotError::Words(at.to_owned()))
}

/// The bot that is on.
pub fn get(rows: &impl Rows) -> Option<Bot> {
    rows.get(&BOTS, &key()).map(|bot| Bot::clone(&bot))
}

/// Sets the bot, or turns it off.
pub fn set(tx: &Tx<'_>, bot: Option<Bot>) {
    match bot {
        Some(bot) => tx.put(&BOTS, key(), bot),
        None => tx.delete(&BOTS, key()),
    }
}

fn key() -> Key {
    BOTS.key(b"")
}

/// The row's bytes, for the test that holds them.
#[cfg(test)]
pub(super) fn encoded(bot: &Bot) -> Vec<u8> {
    BOTS.encode(bot).unwrap()
}

/// What is wrong with a bot.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself what it is")]
pub enum BotError {
    #[error("a bot has 1 to {max} nodes", max = limits::BOT_NODES_MAX)]
    Nodes,
    #[error("`misunderstood` and the text of `person` are texts of 1 to {max} bytes", max = limits::RECEPTION_TEXT_MAX)]
    Said,
    #[error("a label is one line of 1 to {max} bytes", max = limits::DESK_NAME_MAX)]
    Label,
    #[error("`{what}` is 1 to {most}")]
    Number { what: &'static str, most: u32 },
    #[error("there are at most {max} keywords", max = limits::BOT_KEYWORDS_MAX)]
    Keywords,
    #[error("{0}: words are 1 to {max}, each a line of 1 to {long} bytes with a letter or a digit in it",
        max = limits::BOT_WORDS_MAX, long = limits::TITLE_MAX)]
    Words(String),
    #[error("`{0}` is no name of a node: it is made of a-z, 0-9, _ and -, at most {max} of them", max = limits::BOT_NAME_MAX)]
    Name(String),
    #[error("{0}: a node's text has 1 to {max} bytes", max = limits::BOT_TEXT_MAX)]
    Text(String),
    #[error("{0}: a node has at most {max} options", max = limits::BOT_OPTIONS_MAX)]
    Options(String),
    #[error("{0}: an option's title is a line of 1 to {max} bytes with a letter or a digit in it", max = limits::TITLE_MAX)]
    Title(String),
    #[error("{at}: two options are called {title}")]
    Twins { at: String, title: String },
    #[error(
        "{at}: the option {title} leads to a node (`goto`) or to a person (`person = true`), to one of them"
    )]
    Leads { at: String, title: String },
    #[error("{0}: `then` is for nodes without options")]
    Then(String),
    #[error("{0}: more than {max} nodes follow one another", max = limits::BOT_FOLLOW_MAX)]
    Follow(String),
    #[error("{from}: there is no node {to}")]
    NoNode { from: String, to: String },
    #[error("nothing leads to the node {0}")]
    Unreached(String),
    #[error("the bot is too large: all its texts and words have about {max} bytes together", max = limits::BOT_MAX)]
    Large,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn choice(title: &str, goto: &str) -> Choice {
        let (goto, person) = if goto.is_empty() { (None, true) } else { (Some(goto.to_owned()), false) };
        Choice { title: title.into(), words: Vec::new(), goto, person }
    }

    fn node(text: &str, options: Vec<Choice>, then: Option<&str>) -> Node {
        Node { text: text.into(), options, then: then.map(str::to_owned) }
    }

    pub(crate) fn bakery() -> Bot {
        let mut loaves = choice("Pão de queijo", "queijo");
        loaves.words = vec!["cheese".into()];
        let nodes = [
            (
                "main",
                node(
                    "What can I do?",
                    vec![choice("Opening hours", "hours"), choice("Bread", "bread"), choice("Somebody", "")],
                    None,
                ),
            ),
            ("hours", node("We open at 6.", Vec::new(), Some("main"))),
            ("bread", node("Which?", vec![choice("Rye", "rye"), loaves], None)),
            ("rye", node("On Fridays.", Vec::new(), None)),
            ("queijo", node("Every day.", Vec::new(), None)),
        ];
        Bot {
            start: "main".into(),
            misunderstood: "Sorry?".into(),
            give_up_after: 2,
            patience_minutes: 60,
            person: HandOver {
                text: "Somebody comes.".into(),
                label: "person".into(),
                hours: 12,
                words: vec!["human".into(), "talk to somebody".into()],
            },
            keywords: vec![
                Keyword { words: vec!["hours".into(), "horário".into()], goto: "hours".into() },
                Keyword { words: vec!["rye".into()], goto: "rye".into() },
            ],
            nodes: nodes.into_iter().map(|(name, node)| (name.to_owned(), node)).collect(),
        }
    }

    #[test]
    fn a_bot_that_could_get_lost_is_refused_and_it_is_said_where() {
        assert_eq!(bakery().check(), Ok(()));
        let wrong = |change: &dyn Fn(&mut Bot)| {
            let mut bot = bakery();
            change(&mut bot);
            bot.check().unwrap_err().to_string()
        };
        let main =
            |change: &dyn Fn(&mut Node)| wrong(&|bot| bot.nodes.get_mut("main").into_iter().for_each(change));
        assert_eq!(wrong(&|bot| bot.start = "x".into()), "start: there is no node x");
        assert_eq!(main(&|node| node.options[0].goto = Some("x".into())), "main: there is no node x");
        assert_eq!(wrong(&|bot| bot.keywords[0].goto = "x".into()), "keywords: there is no node x");
        assert!(main(&|node| node.options[0].person = true).contains("to one of them"));
        assert!(main(&|node| node.options[2].person = false).contains("to one of them"));
        assert_eq!(
            main(&|node| node.options[0].title = "BREAD!".into()),
            "main: two options are called Bread"
        );
        assert!(main(&|node| node.options[0].title = "—".into()).contains("a letter or a digit"));
        assert!(main(&|node| node.then = Some("rye".into())).contains("without options"));
        assert!(main(&|node| node.text = "\u{1b}[2J".into()).contains("main: a node's text"));
        assert!(main(&|node| node.options = vec![choice("a", "rye"); 11]).contains("at most 10 options"));
        assert_eq!(
            wrong(&|bot| drop(bot.nodes.get_mut("bread").unwrap().options.pop())),
            "nothing leads to the node queijo"
        );
        let circle = wrong(&|bot| bot.nodes.get_mut("rye").unwrap().then = Some("rye".into()));
        assert!(circle.contains("follow one another"));
        assert!(wrong(&|bot| bot.give_up_after = 0).contains("`give_up_after` is 1 to 20"));
        assert!(wrong(&|bot| bot.keywords[0].words.clear()).contains("keywords"));
        assert!(wrong(&|bot| bot.person.words.push("?".into())).contains("person"));
        assert!(wrong(&|bot| bot.person.label.clear()).contains("label"));
        let large = |bot: &mut Bot| {
            for number in 0..60 {
                bot.nodes.insert(format!("n{number}"), node(&"x".repeat(900), Vec::new(), None));
                bot.keywords.push(Keyword { words: vec![format!("w{number}")], goto: format!("n{number}") });
            }
        };
        assert!(wrong(&large).contains("too large"));
    }
}
