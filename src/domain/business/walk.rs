//! A customer's walk through a bot's tree, one message after the other.

use core::time::Duration;

use crate::base::fold;
use crate::base::time::Time;
use crate::domain::business::bot::{Bot, Choice, Node};
use crate::domain::business::seat::{Person, Seat};
use crate::wire::said::menu::{Menu, Row};
use crate::wire::said::message::Said;

/// What a bot does about a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    /// A person looks after the customer: the bot is silent.
    Silent,
    /// It answers, and goes on.
    Says(Answer),
    /// It answers, and a person takes over from here.
    HandsOver(Answer),
}

/// What is said, and what the customer may choose then.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Rows of a menu: each with an id that names its node, and a title.
    pub rows: Vec<(String, String)>,
}

impl Answer {
    /// A text alone.
    pub const fn text(text: String) -> Self {
        Self { text, rows: Vec::new() }
    }

    /// As it is sent: a menu where there is something to choose. What is too long for one is a text with numbered lines.
    pub fn said(self) -> Said {
        let row = |(id, title): (String, String)| Row { id, title, about: String::new() };
        let buttons: Vec<Row> = self.rows.into_iter().map(row).collect();
        if buttons.is_empty() {
            return Said::Text(self.text);
        }
        let menu = Menu { text: self.text, buttons, ..Menu::default() };
        if menu.check().is_ok() {
            return Said::Menu(menu);
        }
        let numbered = menu.buttons.iter().enumerate().map(|(at, row)| format!("{}. {}", at + 1, row.title));
        Said::Text(format!("{}\n\n{}", menu.text, numbered.collect::<Vec<_>>().join("\n")))
    }

    /// The same after other words.
    fn after(self, words: &str) -> Self {
        Self { text: format!("{words}\n\n{}", self.text), ..self }
    }
}

impl Bot {
    /// What is to be done about what a customer says, who moves on to where that leads.
    pub fn hears(&self, seat: &mut Seat, said: &Said, now: Time) -> Turn {
        if seat.has_person(now) {
            return Turn::Silent;
        }
        // The hours are over, and nobody said that it is done.
        seat.person = None;
        let patience = Duration::from_secs(u64::from(self.patience_minutes) * 60);
        let at = seat.at.take().filter(|(_, since)| now.since(*since) < patience);
        let at = at.and_then(|(name, _)| self.nodes.get_key_value(&name));
        let (text, row) = match said {
            Said::Text(text) => (text.as_str(), None),
            Said::Choice(choice) => {
                (choice.title.as_str(), Some((choice.row.as_str(), choice.title.as_str())))
            }
            _ => ("", None),
        };
        let chosen = row.and_then(|(row, title)| self.row(row, title)).and_then(|row| self.target_of(row));
        match chosen.or_else(|| self.target(at.map(|(_, node)| node), &fold::words(text))) {
            Some(Target::Person) => self.hand_over(seat, now),
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
            return self.hand_over(seat, now);
        }
        Turn::Says(self.show(seat, name, now).after(&self.misunderstood))
    }

    fn hand_over(&self, seat: &mut Seat, now: Time) -> Turn {
        let silence = Duration::from_secs(u64::from(self.person.hours) * 60 * 60);
        seat.hand_over(Person::Until(now.plus(silence)));
        Turn::HandsOver(Answer::text(self.person.text.clone()))
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

    /// The option that a row of a menu stands for, however long ago that was shown: unless the tree is another now.
    fn row(&self, row: &str, title: &str) -> Option<&Choice> {
        let (name, number) = row.rsplit_once(ROW_MARK)?;
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        self.nodes.get(name)?.options.get(at).filter(|choice| choice.title == title)
    }

    fn target_of(&self, choice: &Choice) -> Option<Target<'_>> {
        match &choice.goto {
            Some(goto) => self.nodes.get_key_value(goto).map(|(name, _)| Target::Node(name)),
            None => choice.person.then_some(Target::Person),
        }
    }

    /// What a node says, with those that follow it; the customer is at the last one, if that has options.
    fn show(&self, seat: &mut Seat, name: &str, now: Time) -> Answer {
        let shown = self.follow(name);
        let texts: Vec<&str> = shown.iter().map(|(_, node)| node.text.as_str()).collect();
        let mut answer = Answer::text(texts.join("\n\n"));
        if let Some((name, node)) = shown.last().filter(|(_, node)| !node.options.is_empty()) {
            seat.at = Some(((*name).to_owned(), now));
            let numbered = node.options.iter().enumerate();
            let row = |(at, choice): (usize, &Choice)| {
                (format!("{name}{ROW_MARK}{}", at + 1), choice.title.clone())
            };
            answer.rows = numbered.map(row).collect();
        }
        answer
    }
}

/// Parts a node's name and an option's number in the id of a menu's row.
const ROW_MARK: char = '.';

enum Target<'b> {
    Node(&'b str),
    Person,
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
    use crate::base::id::MessageId;
    use crate::domain::business::bot::tests::bakery;
    use crate::wire::said;
    use proptest::prelude::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);
    const MAIN: &str = "What can I do?\nmain.1: Opening hours\nmain.2: Bread\nmain.3: Somebody";
    const BREAD: &str = "Which?\nbread.1: Rye\nbread.2: Pão de queijo";

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
            self.hears(&Said::Text(text.to_owned()))
        }

        fn chooses(&mut self, row: &str, title: &str) -> Turn {
            let menu = MessageId::new([1; 16]);
            self.hears(&Said::Choice(said::choice::Choice { menu, row: row.into(), title: title.into() }))
        }

        fn hears(&mut self, said: &Said) -> Turn {
            self.now = self.now.plus(Duration::from_secs(1));
            self.bot.hears(&mut self.seat, said, self.now)
        }
    }

    /// The answer with these words; options are lines with their ids.
    fn says(text: &str) -> Turn {
        let (words, rows): (Vec<&str>, Vec<&str>) = text.split('\n').partition(|line| !line.contains(": "));
        let row =
            |line: &str| line.split_once(": ").map(|(id, title)| (id.to_owned(), title.to_owned())).unwrap();
        let text = words.join("\n").trim_end().to_owned();
        Turn::Says(Answer { text, rows: rows.into_iter().map(row).collect() })
    }

    fn hands_over() -> Turn {
        Turn::HandsOver(Answer::text("Somebody comes.".into()))
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
        assert_eq!(ana.says("0"), hands_over());
        assert_eq!(ana.says("hours"), Turn::Silent);
        ana.now = ana.now.plus(Duration::from_secs(12 * 60 * 60));
        assert_eq!(ana.says("hi"), says(MAIN));
        assert_eq!(ana.says("I want to TALK to somebody!"), hands_over());
        ana.seat.release();
        assert_eq!(ana.says("3"), says(MAIN), "it is done: everything begins anew");
        assert_eq!(ana.says("3"), hands_over());
    }

    #[test]
    fn a_row_of_a_menu_counts_however_long_ago_it_was_shown_unless_the_tree_is_another() {
        let mut ana = Customer::new();
        assert_eq!(ana.chooses("bread.2", "Pão de queijo"), says("Every day."));
        assert_eq!(ana.says("oi"), says(MAIN));
        assert_eq!(ana.chooses("bread.1", "Rye"), says("On Fridays."), "of a menu before");
        assert_eq!(ana.chooses("main.3", "Somebody"), hands_over());
        ana.seat.release();
        assert_eq!(ana.chooses("main.1", "Rye"), says("On Fridays."), "another row now: its words count");
        for (row, title) in [("bread.9", "x"), ("bread.0", "x"), ("gone.1", "x"), ("", "x"), ("bread", "x")] {
            assert_eq!(ana.chooses(row, title), says(MAIN), "{row}");
            ana.seat.release();
        }
        let place = Said::Menu(Menu::default());
        assert_eq!(ana.hears(&place), says(MAIN), "what a bot can't read");
    }

    #[test]
    fn an_answer_is_a_menu_and_one_that_is_too_long_for_it_a_text() {
        let rows = vec![("main.1".to_owned(), "Rye".to_owned())];
        let Said::Menu(menu) = (Answer { text: "What?".into(), rows: rows.clone() }).said() else {
            panic!("a menu")
        };
        assert_eq!((menu.text.as_str(), menu.row("main.1").unwrap().title.as_str()), ("What?", "Rye"));
        let long = Answer { text: "x".repeat(5_000), rows };
        let Said::Text(text) = long.said() else { panic!("a text") };
        assert!(text.ends_with("x\n\n1. Rye"));
        assert_eq!(Answer::text("oi".into()).said(), Said::Text("oi".into()));
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
                        prop_assert!(!answer.text.is_empty() && answer.clone().said().check().is_ok());
                        misses = if answer.text.starts_with("Sorry?") { misses + 1 } else { 0 };
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
