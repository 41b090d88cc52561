//! Scenario files: TOML, read strictly, with errors that name the line and what is expected there.

use serde::Deserialize;
use toml::Spanned;

use crate::base::limits;
use crate::ui::lab::check;
use crate::ui::lab::error::{FormatError, at_line};
use crate::ui::lab::names::Names;
use crate::ui::lab::scenario::{
    Act, Advance, Broadcast, Churn, Finding, Group, HandOver, Held, Hosting, Kept, Letters, Pairing, Payment,
    Reach, Route, Scenario, Standing, Step, Way, Wish,
};
use crate::ui::lab::span::Span;

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    patience: Option<Span>,
    #[serde(default)]
    starts: Option<Spanned<String>>,
    nodes: Vec<Spanned<Group>>,
    steps: Vec<Spanned<StepText>>,
}

/// A step as it is written: of the keys after `meanwhile`, exactly one.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct StepText {
    note: String,
    at: Option<Span>,
    patience: Option<Span>,
    meanwhile: bool,
    wait: Option<Span>,
    start: Option<Names>,
    stop: Option<Names>,
    kill: Option<Names>,
    lose_disk: Option<Names>,
    partition: Option<Vec<Names>>,
    heal: Option<bool>,
    churn: Option<Churn>,
    advance: Option<Advance>,
    publish: Option<Names>,
    add: Option<Pairing>,
    mailbox: Option<Hosting>,
    send: Option<Letters>,
    broadcast: Option<Broadcast>,
    read: Option<Pairing>,
    hand_over: Option<HandOver>,
    subscribe: Option<Wish>,
    cancel: Option<Wish>,
    pay: Option<Payment>,
    expect_delivered: Option<Route>,
    expect_held: Option<Held>,
    expect_state: Option<Reach>,
    expect_found: Option<Finding>,
    expect_subscription: Option<Standing>,
    expect_reached: Option<Way>,
    expect_kept: Option<Kept>,
}

/// What a step may be, as errors list it.
const WORDS: &str = "wait, start, stop, kill, lose_disk, partition, heal, churn, advance, publish, add, mailbox, send, \
     broadcast, read, hand_over, subscribe, cancel, pay, expect_delivered, expect_held, expect_state, expect_found, \
     expect_subscription, expect_reached, expect_kept";

/// Reads a scenario. Each of `settings` is `GROUP=COUNT`, in the place of a group's count in the file, or
/// `patience=SPAN`.
///
/// # Errors
/// Says what is wrong, in which line, and what is expected there.
pub fn read(name: &str, text: &str, settings: &[String]) -> Result<Scenario, FormatError> {
    if text.len() as u64 > limits::LAB_FILE_MAX {
        return Err(FormatError(format!("a scenario has at most {} KiB", limits::LAB_FILE_MAX / 1024)));
    }
    let file: File =
        toml::from_str(text).map_err(|error| FormatError(error.to_string().trim().to_owned()))?;
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let mut groups = Vec::new();
    for group in file.nodes {
        groups.push((line_of(group.span().start), group.into_inner()));
    }
    let starts = file.starts.map(|text| {
        let line = line_of(text.span().start);
        moment(text.get_ref())
            .ok_or_else(|| at_line(line, "`starts` is a moment such as \"2027-01-31T12:00:00Z\""))
    });
    let mut scenario = Scenario {
        name: name.to_owned(),
        title: file.title,
        about: file.about.trim().to_owned(),
        patience: file.patience.unwrap_or(Span(PATIENCE)),
        starts: starts.transpose()?,
        groups: Vec::new(),
        steps: Vec::new(),
    };
    set(&mut scenario, &mut groups, settings)?;
    for step in file.steps {
        let line = line_of(step.span().start);
        scenario.steps.push(step_of(line, step.into_inner())?);
    }
    check::groups(&groups)?;
    scenario.groups = groups.into_iter().map(|(_, group)| group).collect();
    check::steps(&scenario)?;
    Ok(scenario)
}

/// How long an expectation waits where nothing else is said: a machine may be slow.
const PATIENCE: core::time::Duration = core::time::Duration::from_secs(120);

fn moment(text: &str) -> Option<u64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(moment.as_millisecond()).ok()
}

/// Puts what the command line says in the place of what the file says.
fn set(
    scenario: &mut Scenario,
    groups: &mut [(usize, Group)],
    settings: &[String],
) -> Result<(), FormatError> {
    for setting in settings {
        let wrong = || {
            let known: Vec<_> = groups.iter().map(|(_, group)| group.name.as_str()).collect();
            let known = known.join(", ");
            FormatError(format!(
                "--set {setting}: write GROUP=COUNT, with one of the groups {known}, or patience=SPAN"
            ))
        };
        let (key, value) = setting.split_once('=').ok_or_else(wrong)?;
        if key == "patience" {
            scenario.patience = Span::read(value).ok_or_else(wrong)?;
            continue;
        }
        let count = value.parse().ok().ok_or_else(wrong)?;
        let at = groups.iter().position(|(_, group)| group.name == key).ok_or_else(wrong)?;
        groups[at].1.count = count;
    }
    Ok(())
}

fn step_of(line: usize, text: StepText) -> Result<Step, FormatError> {
    let mut found: Vec<(&'static str, Act)> = Vec::new();
    macro_rules! take {
        ($($key:ident => $act:ident),* $(,)?) => {
            $( if let Some(said) = text.$key { found.push((stringify!($key), Act::$act(said))); } )*
        };
    }
    take! {
        wait => Wait, start => Start, stop => Stop, kill => Kill, lose_disk => LoseDisk, partition => Partition,
        churn => Churn, advance => Advance, publish => Publish, add => Add, mailbox => Mailbox, send => Send,
        broadcast => Broadcast, read => Read, hand_over => HandOver, subscribe => Subscribe, cancel => Cancel,
        pay => Pay, expect_delivered => ExpectDelivered, expect_held => ExpectHeld, expect_state => ExpectState,
        expect_found => ExpectFound, expect_subscription => ExpectSubscription, expect_reached => ExpectReached,
        expect_kept => ExpectKept,
    }
    match text.heal {
        Some(true) => found.push(("heal", Act::Heal)),
        Some(false) => return Err(at_line(line, "`heal` is true, or isn't there")),
        None => {}
    }
    let several: Vec<_> = found.iter().map(|(word, _)| *word).collect();
    let several = several.join("` and `");
    let (Some((word, act)), None) = (found.pop(), found.pop()) else {
        let words = if several.is_empty() {
            format!("a step says what is done or expected: one of {WORDS}")
        } else {
            format!("a step does one thing, this one has `{several}`: make several steps of them")
        };
        return Err(at_line(line, words));
    };
    let StepText { note, at, patience, meanwhile, .. } = text;
    Ok(Step { line, word, note, at, patience, meanwhile, act })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::lab::shipped::SHIPPED;

    const NODES: &str = "title = \"t\"\n[[nodes]]\nname = \"hub\"\nrole = \"bootstrap\"\n\
        [[nodes]]\nname = \"people\"\nrole = \"person\"\ncount = 3\n";

    fn wrong(text: &str, settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        read("x", text, &settings).unwrap_err().to_string()
    }

    #[test]
    fn every_shipped_scenario_can_be_read_and_says_what_it_is_about() {
        for shipped in &SHIPPED {
            let scenario = read(shipped.name, shipped.text, &[])
                .unwrap_or_else(|error| panic!("{}: {error}", shipped.name));
            assert!(!scenario.title.is_empty() && scenario.about.len() > 80, "{}", shipped.name);
            assert!(scenario.steps.iter().any(|step| step.word.starts_with("expect_")), "{}", shipped.name);
        }
    }

    #[test]
    fn a_count_of_the_command_line_takes_the_place_of_the_file_s() {
        let text = format!("{NODES}[[steps]]\nwait = \"1s\"\n");
        let scenario = read("x", &text, &["people=7".to_owned(), "patience=9s".to_owned()]).unwrap();
        assert_eq!((scenario.groups[1].count, scenario.patience.to_string()), (7, "9s".into()));
        for (setting, word) in
            [("crowd=7", "hub, people"), ("people", "GROUP=COUNT"), ("people=x", "GROUP=COUNT")]
        {
            assert!(wrong(&text, &[setting]).contains(word), "{setting}");
        }
        assert!(wrong(&text, &["people=0"]).contains("line 5: people has no nodes"));
        assert!(wrong(&text, &["people=5000"]).contains("at most 1000 nodes"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_is_expected_there() {
        // The step's line is 9.
        for (step, words) in [
            ("sned = \"people\"", ["line 10", "unknown field `sned`"]),
            ("wait = \"soon\"", ["line 10", "a span of time such as"]),
            ("start = \"People\"", ["line 10", "nodes: \"customers\""]),
            ("start = \"crowd\"", ["line 9", "no group is called crowd: there are hub, people"]),
            ("start = \"people-4\"", ["line 9", "there is no people-4: people has 3 nodes"]),
            ("start = []", ["line 9", "an empty list names no node"]),
            ("note = \"nothing\"", ["line 9", "expect_delivered"]),
            ("stop = \"people\"\nstart = \"people\"", ["line 9", "this one has `start` and `stop`"]),
            ("heal = false", ["line 9", "`heal` is true"]),
            ("publish = \"people\"", ["line 9", "people is no business"]),
            ("partition = [\"hub\"]", ["line 9", "two sides or more"]),
            ("expect_kept = { at = \"hub\", at_least = 1 }", ["line 9", "hub is no mailbox"]),
            ("send = { from = \"hub\", to = \"people\" }", ["line 10", "missing field `text`"]),
            ("expect_state = { state = \"lost\" }", ["line 10", "unknown variant `lost`"]),
            ("expect_found = { who = \"hub\", finds = \"people\" }", ["line 9", "people is no business"]),
        ] {
            let said = wrong(&format!("{NODES}[[steps]]\n{step}\n"), &[]);
            for word in words {
                assert!(said.contains(word), "{step}: {said}");
            }
        }
        let without = "title = \"t\"\n[[nodes]]\nname = \"a\"\nrole = \"person\"\n[[steps]]\nwait = \"1s\"\n";
        assert!(wrong(without, &[]).contains("bootstrap"));
        assert!(wrong(&format!("steps = []\n{NODES}"), &[]).contains("1 to 1000 steps"));
        let twice = format!("{NODES}[[nodes]]\nname = \"hub\"\nrole = \"relay\"\n[[steps]]\nwait = \"1s\"\n");
        assert!(wrong(&twice, &[]).contains("line 9: there are two groups called hub"));
        let starts = format!("starts = \"yesterday\"\n{NODES}[[steps]]\nwait = \"1s\"\n");
        assert!(wrong(&starts, &[]).contains("line 1: `starts` is a moment"));
    }
}
