//! A customer's walk through a bot's tree, one message after the other.

use core::time::Duration;

use crate::base::fold;
use crate::base::time::Time;
use crate::domain::business::bot::{Bot, Choice, Node};
use crate::domain::business::seat::{Person, Seat};

/// What a bot does about a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    /// A person looks after the customer: the bot is silent.
    Silent,
    /// It answers, and goes on.
    Says(String),
    /// It answers, and a person takes over from here.
    HandsOver(String),
}

impl Bot {
    /// What is to be done about what a customer says, who moves on to where that leads.
    pub fn hears(&self, seat: &mut Seat, text: &str, now: Time) -> Turn {
        if seat.has_person(now) {
            return Turn::Silent;
        }
        // The hours are over, and nobody said that it is done.
        seat.person = None;
        let patience = Duration::from_secs(u64::from(self.patience_minutes) * 60);
        let at = seat.at.take().filter(|(_, since)| now.since(*since) < patience);
        let at = at.and_then(|(name, _)| self.nodes.get_key_value(&name));
        let said = fold::words(text);
        match self.target(at.map(|(_, node)| node), &said) {
            Some(Target::Person) => self.hand_over(seat, String::new(), now),
            Some(Target::Node(name)) => {
                seat.misses = 0;
                Turn::Says(self.show(seat, name, now))
            }
            None => match at {
                None => {
                    seat.misses = 0;
                    Turn::Says(self.show(seat, &self.start, now))
                }
                Some((name, _)) => self.miss(seat, name, now),
            },
        }
    }

    fn miss(&self, seat: &mut Seat, name: &str, now: Time) -> Turn {
        seat.misses = seat.misses.saturating_add(1);
        if seat.misses >= self.give_up_after {
            return self.hand_over(seat, String::new(), now);
        }
        let again = self.show(seat, name, now);
        Turn::Says(format!("{}\n\n{again}", self.misunderstood))
    }

    fn hand_over(&self, seat: &mut Seat, before: String, now: Time) -> Turn {
        let silence = Duration::from_secs(u64::from(self.person.hours) * 60 * 60);
        seat.hand_over(Person::Until(now.plus(silence)));
        Turn::HandsOver(before + &self.person.text)
    }

    /// Where a message leads: by the options that the customer was shown, then by the words that count everywhere.
    fn target(&self, at: Option<&Node>, said: &[String]) -> Option<Target<'_>> {
        let chosen = at.and_then(|node| choice_of(node, said)).and_then(|chosen| self.target_of(chosen));
        if chosen.is_some() {
            return chosen;
        }
        if has_any(said, &self.person.words) {
            return Some(Target::Person);
        }
        let keyword = self.keywords.iter().find(|keyword| has_any(said, &keyword.words));
        keyword.map(|keyword| Target::Node(keyword.goto.as_str()))
    }

    fn target_of(&self, choice: &Choice) -> Option<Target<'_>> {
        match &choice.goto {
            Some(goto) => self.nodes.get_key_value(goto).map(|(name, _)| Target::Node(name)),
            None => choice.person.then_some(Target::Person),
        }
    }

    /// What a node says, with those that follow it; the customer is at the last one, if that has options.
    fn show(&self, seat: &mut Seat, name: &str, now: Time) -> String {
        let shown = self.follow(name);
        let last = shown.last().filter(|(_, node)| !node.options.is_empty());
        seat.at = last.map(|(name, _)| ((*name).to_owned(), now));
        let texts: Vec<String> = shown.iter().map(|(_, node)| menu(node)).collect();
        texts.join("\n\n")
    }
}

enum Target<'b> {
    Node(&'b str),
    Person,
}

/// A node's text and its options, numbered.
fn menu(node: &Node) -> String {
    let options: Vec<String> =
        node.options.iter().enumerate().map(|(at, choice)| format!("{}. {}", at + 1, choice.title)).collect();
    if options.is_empty() { node.text.clone() } else { format!("{}\n\n{}", node.text, options.join("\n")) }
}

/// The option that is meant: by its number alone, by its whole title, then by a title or other words of it in what is said.
fn choice_of<'n>(node: &'n Node, said: &[String]) -> Option<&'n Choice> {
    if let [number] = said
        && let Ok(number) = number.parse::<usize>()
        && let Some(chosen) = number.checked_sub(1).and_then(|at| node.options.get(at))
    {
        return Some(chosen);
    }
    let whole = node.options.iter().find(|choice| fold::words(&choice.title) == said);
    let part = |choice: &&Choice| has(said, &choice.title) || has_any(said, &choice.words);
    whole.or_else(|| node.options.iter().find(part))
}

fn has_any(said: &[String], any: &[String]) -> bool {
    any.iter().any(|words| has(said, words))
}

/// Whether these words stand in what is said, whole and one after the other.
fn has(said: &[String], words: &str) -> bool {
    let words = fold::words(words);
    !words.is_empty() && said.windows(words.len()).any(|part| part == words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::business::bot::tests::bakery;
    use proptest::prelude::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);
    const MAIN: &str = "What can I do?\n\n1. Opening hours\n2. Bread\n3. Somebody";
    const BREAD: &str = "Which?\n\n1. Rye\n2. Pão de queijo";

    struct Customer {
        bot: Bot,
        seat: Seat,
        now: Time,
    }

    impl Customer {
        fn new() -> Self {
            Self { bot: bakery(), seat: Seat::default(), now: NOW }
        }

        fn says(&mut self, text: &str) -> Turn {
            self.now = self.now.plus(Duration::from_secs(1));
            self.bot.hears(&mut self.seat, text, self.now)
        }
    }

    fn says(text: &str) -> Turn {
        Turn::Says(text.to_owned())
    }

    #[test]
    fn a_customer_walks_by_numbers_by_titles_and_by_words() {
        let mut ana = Customer::new();
        assert_eq!(ana.says("oi"), says(MAIN));
        assert_eq!(ana.says("2."), says(BREAD));
        assert_eq!(ana.says("PAO DE QUEIJO, por favor"), says("Every day."));
        assert_eq!(ana.says("thanks"), says(MAIN), "a leaf leads back to the beginning");
        assert_eq!(ana.says("bread"), says(BREAD));
        assert_eq!(ana.says("some cheese?"), says("Every day."));
        assert_eq!(
            ana.says("Qual é o HORARIO?"),
            says(&format!("We open at 6.\n\n{MAIN}")),
            "one follows the other"
        );
        assert_eq!(ana.says("1)"), says(&format!("We open at 6.\n\n{MAIN}")));
    }

    #[test]
    fn words_are_whole_and_what_was_shown_goes_first() {
        let mut ana = Customer::new();
        assert_eq!(ana.says("ryegrass"), says(MAIN), "no word of ours");
        assert_eq!(ana.says("rye"), says("On Fridays."), "from everywhere");
        assert_eq!(ana.says("2"), says(MAIN), "a number without a menu is none");
        assert_eq!(ana.says("2"), says(BREAD));
        let mut first = bakery();
        first.nodes.get_mut("bread").unwrap().options[1].words.push("hours".into());
        ana.bot = first;
        assert_eq!(ana.says("hours"), says("Every day."), "the option before the keyword");
    }

    #[test]
    fn after_so_many_misunderstandings_a_person_takes_over_and_the_bot_is_silent() {
        let mut ana = Customer::new();
        assert_eq!(ana.says("oi"), says(MAIN));
        assert_eq!(ana.says("what?"), says(&format!("Sorry?\n\n{MAIN}")));
        assert_eq!(ana.says("2"), says(BREAD), "understood: it is counted anew");
        assert_eq!(ana.says("7"), says(&format!("Sorry?\n\n{BREAD}")));
        assert_eq!(ana.says("0"), Turn::HandsOver("Somebody comes.".into()));
        assert_eq!(ana.says("hours"), Turn::Silent);
        ana.now = ana.now.plus(Duration::from_secs(12 * 60 * 60));
        assert_eq!(ana.says("hi"), says(MAIN));
        assert_eq!(ana.says("I want to TALK to somebody!"), Turn::HandsOver("Somebody comes.".into()));
        ana.seat.release();
        assert_eq!(ana.says("3"), says(MAIN), "it is done: everything begins anew");
        assert_eq!(ana.says("3"), Turn::HandsOver("Somebody comes.".into()));
    }

    #[test]
    fn where_a_customer_was_is_forgotten_after_a_while_and_with_another_tree() {
        let mut ana = Customer::new();
        ana.says("oi");
        ana.now = ana.now.plus(Duration::from_secs(60 * 60));
        assert_eq!(ana.says("2"), says(MAIN));
        ana.seat.at = Some(("gone".into(), ana.now));
        assert_eq!(ana.says("2"), says(MAIN));
    }

    proptest! {
        #[test]
        fn whatever_is_said_the_bot_answers_once_stays_in_its_tree_and_gives_up_in_time(
            said in proptest::collection::vec("(1|2|3|9|oi|bread|Rye|human|HORÁRIO|\\PC{0,12})", 0..40),
        ) {
            let mut ana = Customer::new();
            let mut misses = 0;
            for text in said {
                let had_person = ana.seat.has_person(ana.now.plus(Duration::from_secs(1)));
                let turn = ana.says(&text);
                prop_assert_eq!(turn == Turn::Silent, had_person);
                match &turn {
                    Turn::Says(answer) => {
                        prop_assert!(!answer.is_empty());
                        misses = if answer.starts_with("Sorry?") { misses + 1 } else { 0 };
                    }
                    Turn::HandsOver(_) => misses = 0,
                    Turn::Silent => {}
                }
                prop_assert!(misses < ana.bot.give_up_after);
                prop_assert_eq!(ana.seat.misses, misses);
                if let Some((name, _)) = &ana.seat.at {
                    prop_assert!(!ana.bot.nodes[name].options.is_empty());
                }
            }
        }
    }
}
