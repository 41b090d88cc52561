//! What the shops of a simulated world say by themselves, and what must hold of it.

use crate::base::desk_limits as limits;
use crate::domain::business::bot::{Bot, Choice, HandOver, Keyword, Node};
use crate::domain::business::desk::{DESK, INDEX};
use crate::domain::business::reception::{Greeting, OpenHours, Reception};
use crate::engine::body_view::BodyView;
use crate::sim::altered;
use crate::sim::record::Shown;
use crate::store::table::Rows;

/// What everything begins with that a shop says by itself; texts of people begin with their number.
const MARK: &str = "by itself:";

/// A shop's bot: what people say in a simulated life leads everywhere in it.
pub(super) fn bot() -> Bot {
    let said = |text: &str| format!("{MARK} {text}");
    let choice = |title: &str, goto: Option<&str>| Choice {
        title: title.to_owned(),
        words: Vec::new(),
        goto: goto.map(str::to_owned),
        person: goto.is_none(),
    };
    let options = vec![choice("tomorrow", Some("when")), choice("yes", None)];
    let nodes = [
        ("main", Node { text: said("what?"), options, then: None }),
        ("when", Node { text: said("at nine"), options: Vec::new(), then: Some("main".to_owned()) }),
        ("bread", Node { text: said("rye"), options: Vec::new(), then: None }),
    ];
    Bot {
        start: "main".to_owned(),
        misunderstood: said("again?"),
        give_up_after: 2,
        patience_minutes: limits::BOT_PATIENCE_MINUTES,
        person: HandOver { text: said("a person"), label: "person".to_owned(), hours: 2, words: Vec::new() },
        keywords: vec![Keyword {
            words: vec!["PÃO".to_owned(), "bread".to_owned()],
            goto: "bread".to_owned(),
        }],
        nodes: nodes.into_iter().map(|(name, node)| (name.to_owned(), node)).collect(),
    }
}

/// What else it says.
pub(super) fn reception() -> Reception {
    Reception {
        hours: Some(OpenHours {
            hours: "Mo-Sa 06:00-19:00".to_owned(),
            zone: "America/Sao_Paulo".to_owned(),
        }),
        greeting: Some(Greeting { text: format!("{MARK} welcome"), again_after_days: Some(1) }),
        away: Some(format!("{MARK} asleep")),
    }
}

/// Whether nobody typed it.
pub(super) fn is_automatic(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(MARK))
}

/// How often a node said something by itself without having been spoken to since it last did.
pub(super) fn unasked(shown: &[Shown]) -> usize {
    let (mut unasked, mut last, mut is_asked) = (0, None, false);
    for Shown { with, entry } in shown {
        if last.replace(*with) != Some(*with) {
            is_asked = false;
        }
        let words = altered::words(&entry.body);
        if entry.direction == "in" {
            is_asked |= !matches!(entry.body, BodyView::Missing | BodyView::Notice { .. });
        } else if is_automatic(words.as_deref()) {
            unasked += usize::from(!core::mem::replace(&mut is_asked, false));
        }
    }
    unasked
}

/// Whether the desk's index has exactly what its conversations are found under.
pub(super) fn is_indexed(rows: &impl Rows) -> bool {
    let cases = rows.scan(&DESK, &DESK.all());
    let expected: usize = cases.iter().map(|(_, case)| 2 * (case.labels.len() + 2)).sum();
    let found = rows.scan(&INDEX, &INDEX.all());
    let is_at_place =
        |(key, thread): &(crate::store::key::Key, std::sync::Arc<crate::base::id::AccountId>)| {
            rows.row(&DESK, thread.as_bytes()).is_some_and(|case| key.position() == Some(case.place))
        };
    found.len() == expected && found.iter().all(is_at_place)
}
