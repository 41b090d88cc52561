//! The desk's inbox: each conversation with a status, labels and an agent, and an index by all of these.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::desk_limits as limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;

/// Conversations by the account under which the customer was known first.
pub const DESK: Table<Case> = Table::new(TableId::Desk, 1);
/// The same by what is looked for, at the place that each has.
pub const INDEX: Table<AccountId> = Table::new(TableId::DeskIndex, 1);
/// The next place.
const PLACES: Table<u64> = Table::new(TableId::Meta, 1);
const PLACES_ID: &[u8] = b"desk places";

/// Whether somebody has to do something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "full", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Somebody has to answer.
    Open,
    /// The customer, or the bot, is next.
    Pending,
    /// Nobody has to do anything.
    Done,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Pending, Self::Done];

    /// As people write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Done => "done",
        }
    }
}

/// A conversation as the desk keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// The account under which the customer was known first.
    pub thread: AccountId,
    /// Whether somebody has to do something.
    pub status: Status,
    /// In alphabetical order.
    pub labels: Vec<String>,
    /// Who looks after it; empty where nobody does.
    pub agent: String,
    /// Since when it has its status.
    pub since: Time,
    /// Its place among all: those that have their status for longest come first.
    pub place: u64,
    /// Notes so far.
    pub notes: u64,
}

/// What is to be changed; what isn't given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Change {
    /// The status.
    pub status: Option<Status>,
    /// The agent; empty for nobody.
    pub agent: Option<String>,
    /// Labels to be added.
    pub label: Vec<String>,
    /// Labels to be taken away.
    pub unlabel: Vec<String>,
}

/// What is looked for: all that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// The status.
    pub status: Option<Status>,
    /// A label.
    pub label: Option<String>,
    /// The agent; empty for nobody.
    pub agent: Option<String>,
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The conversations, in order.
    pub cases: Vec<Case>,
    /// After which place the list goes on, if there may be more.
    pub next: Option<u64>,
}

impl Filter {
    fn fits(&self, case: &Case) -> bool {
        self.status.is_none_or(|status| status == case.status)
            && self.label.as_ref().is_none_or(|label| case.labels.contains(label))
            && self.agent.as_ref().is_none_or(|agent| *agent == case.agent)
    }
}

impl Change {
    /// Applies it; false where there would be too many labels.
    fn apply(&self, case: &mut Case) -> bool {
        case.labels.retain(|label| !self.unlabel.contains(label));
        case.labels.extend(self.label.iter().cloned());
        case.labels.sort_unstable();
        case.labels.dedup();
        if let Some(agent) = &self.agent {
            case.agent.clone_from(agent);
        }
        case.status = self.status.unwrap_or(case.status);
        case.labels.len() <= limits::LABELS_MAX
    }
}

/// A conversation as the desk keeps it, if it does.
pub fn get(rows: &impl Rows, thread: &AccountId) -> Option<Arc<Case>> {
    rows.row(&DESK, thread.as_bytes())
}

/// Changes a conversation, which is kept from here on; returns it if it is another now. None where it would have too
/// many labels: then nothing is changed.
pub fn change(tx: &Tx<'_>, thread: &AccountId, change: &Change, now: Time) -> Option<Option<Case>> {
    let known = get(tx, thread);
    let mut case = match &known {
        Some(known) => Case::clone(known),
        None => Case {
            thread: *thread,
            status: Status::Open,
            labels: Vec::new(),
            agent: String::new(),
            since: now,
            place: next_place(tx),
            notes: 0,
        },
    };
    if !change.apply(&mut case) {
        return None;
    }
    if known.as_deref() == Some(&case) {
        return Some(None);
    }
    if let Some(known) = &known {
        if known.status != case.status {
            (case.since, case.place) = (now, next_place(tx));
        }
        buckets(known).for_each(|bucket| tx.delete(&INDEX, INDEX.key_at(&bucket, known.place)));
    }
    buckets(&case).for_each(|bucket| tx.put(&INDEX, INDEX.key_at(&bucket, case.place), *thread));
    tx.put(&DESK, DESK.key(thread.as_bytes()), case.clone());
    Some(Some(case))
}

/// Forgets a conversation.
pub fn forget(tx: &Tx<'_>, thread: &AccountId) {
    if let Some(known) = get(tx, thread) {
        buckets(&known).for_each(|bucket| tx.delete(&INDEX, INDEX.key_at(&bucket, known.place)));
        tx.delete(&DESK, DESK.key(thread.as_bytes()));
    }
}

/// Whether the desk was begun.
pub fn is_begun(rows: &impl Rows) -> bool {
    rows.row(&PLACES, PLACES_ID).is_some()
}

/// Begins the desk of a node that has conversations already.
pub fn begin(tx: &Tx<'_>) {
    tx.put(&PLACES, PLACES.key(PLACES_ID), 0);
}

/// At most `limit` conversations that fit, from those on that come after a place: who waits longest comes first, or last
/// where `latest` says so. After many that don't fit the page may be shorter, and the list goes on.
pub fn list(rows: &impl Rows, filter: &Filter, after: Option<u64>, limit: usize, latest: bool) -> Page {
    let bucket = filter.bucket();
    let (mut edge, mut cases, mut looked) = (after, Vec::new(), 0);
    while looked < limits::DESK_LOOK_MAX {
        let scan = INDEX.of(&bucket).limit(limits::DESK_READ);
        let scan = match (latest, edge) {
            (true, Some(edge)) => scan.until(edge).reversed(),
            (true, None) => scan.reversed(),
            (false, edge) => scan.from(edge.map_or(0, |edge| edge.saturating_add(1))),
        };
        let found = rows.scan(&INDEX, &scan);
        if found.is_empty() {
            return Page { cases, next: None };
        }
        for (key, thread) in found {
            (edge, looked) = (key.position(), looked + 1);
            let case = get(rows, &thread).filter(|case| filter.fits(case));
            cases.extend(case.map(Arc::unwrap_or_clone));
            if cases.len() == limit {
                return Page { cases, next: edge };
            }
        }
    }
    Page { cases, next: edge }
}

/// What a case is found under: each of its labels, its agent and nothing in particular, with its status and without.
fn buckets(case: &Case) -> impl Iterator<Item = Vec<u8>> {
    let facets = case.labels.iter().map(|label| Facet::Label(label));
    let facets = facets.chain([Facet::Agent(&case.agent), Facet::All]);
    facets.flat_map(|facet| [facet.bucket(Some(case.status)), facet.bucket(None)])
}

impl Filter {
    /// The smallest set that everything that fits is in.
    fn bucket(&self) -> Vec<u8> {
        let facet = match (&self.label, &self.agent) {
            (Some(label), _) => Facet::Label(label),
            (None, Some(agent)) => Facet::Agent(agent),
            (None, None) => Facet::All,
        };
        facet.bucket(self.status)
    }
}

/// What a conversation is found under beside its status.
enum Facet<'f> {
    All,
    Label(&'f str),
    Agent(&'f str),
}

impl Facet<'_> {
    fn bucket(&self, status: Option<Status>) -> Vec<u8> {
        let status = match status {
            None => 0,
            Some(Status::Open) => 1,
            Some(Status::Pending) => 2,
            Some(Status::Done) => 3,
        };
        let (kind, name) = match self {
            Self::All => (0, ""),
            Self::Label(label) => (1, *label),
            Self::Agent(agent) => (2, *agent),
        };
        [&[status, kind], name.as_bytes()].concat()
    }
}

fn next_place(tx: &Tx<'_>) -> u64 {
    let place = tx.copy(&PLACES, PLACES_ID).unwrap_or(0) + 1;
    tx.put(&PLACES, PLACES.key(PLACES_ID), place);
    place
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::memory::NOTHING;
    use proptest::prelude::*;

    const NOW: Time = Time::from_millis(1_800_000_000_000);
    const NAMES: [&str; 3] = ["", "ana", "bread"];

    fn thread(number: u8) -> AccountId {
        AccountId::new([number; 32])
    }

    fn to(status: Status) -> Change {
        Change { status: Some(status), ..Change::default() }
    }

    fn listed(rows: &impl Rows, filter: &Filter, latest: bool) -> Vec<u8> {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = list(rows, filter, after, 2, latest);
            all.extend(page.cases.iter().map(|case| case.thread.as_bytes()[0]));
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    #[test]
    fn who_waits_longest_comes_first_and_labels_keep_its_place() {
        let tx = Tx::new(&NOTHING);
        for number in [3, 1, 2] {
            assert!(change(&tx, &thread(number), &to(Status::Open), NOW).unwrap().is_some());
        }
        assert_eq!(change(&tx, &thread(1), &to(Status::Open), NOW), Some(None), "it is open already");
        let label = Change { label: vec!["bread".into(), "ana".into(), "bread".into()], ..Change::default() };
        let case = change(&tx, &thread(3), &label, NOW).unwrap().unwrap();
        assert_eq!((case.labels, case.place), (vec!["ana".into(), "bread".into()], 1));
        let open = Filter { status: Some(Status::Open), ..Filter::default() };
        assert_eq!(listed(&tx, &open, false), [3, 1, 2]);
        assert_eq!(listed(&tx, &open, true), [2, 1, 3]);
        change(&tx, &thread(3), &to(Status::Done), NOW);
        change(&tx, &thread(3), &to(Status::Open), NOW);
        assert_eq!(listed(&tx, &open, false), [1, 2, 3], "it was opened again");
        let bread = Filter { label: Some("bread".into()), ..open.clone() };
        assert_eq!(listed(&tx, &bread, false), [3]);
        assert_eq!(listed(&tx, &Filter { agent: Some(String::new()), ..open }, false), [1, 2, 3]);
    }

    #[test]
    fn too_many_labels_change_nothing() {
        let tx = Tx::new(&NOTHING);
        let label = (0..=limits::LABELS_MAX).map(|number| number.to_string()).collect();
        let too_many = Change { label, status: Some(Status::Done), ..Change::default() };
        assert_eq!(change(&tx, &thread(1), &too_many, NOW), None);
        assert!(get(&tx, &thread(1)).is_none());
    }

    proptest! {
        #[test]
        fn every_list_is_what_a_look_at_all_would_find(
            steps in proptest::collection::vec((0_u8..5, 0_usize..4, 0_usize..4, 0_usize..3, any::<bool>()), 1..40),
        ) {
            let tx = Tx::new(&NOTHING);
            let mut model: BTreeMap<u8, (Status, Vec<String>, String, u64)> = BTreeMap::new();
            for (time, (number, status, agent, label, adds)) in steps.into_iter().enumerate() {
                let label = vec![NAMES[label.max(1)].to_owned()];
                let wanted = Change {
                    status: Status::ALL.get(status).copied(),
                    agent: NAMES.get(agent).map(|name| (*name).to_owned()),
                    label: if adds { label.clone() } else { Vec::new() },
                    unlabel: if adds { Vec::new() } else { label },
                };
                change(&tx, &thread(number), &wanted, NOW);
                let time = time as u64;
                let known = model.entry(number).or_insert((Status::Open, Vec::new(), String::new(), time));
                let status = wanted.status.unwrap_or(known.0);
                if status != known.0 {
                    (known.0, known.3) = (status, time);
                }
                known.1.retain(|label| !wanted.unlabel.contains(label));
                known.1.extend(wanted.label);
                known.1.sort();
                known.1.dedup();
                known.2 = wanted.agent.unwrap_or(known.2.clone());
            }
            for status in [None, Some(Status::Open), Some(Status::Pending), Some(Status::Done)] {
                for label in [None, Some("ana"), Some("bread"), Some("none")] {
                    for agent in [None, Some(""), Some("ana"), Some("nobody")] {
                        let own = |name: Option<&str>| name.map(str::to_owned);
                        let filter = Filter { status, label: own(label), agent: own(agent) };
                        let fits = |one: &&(Status, Vec<String>, String, u64)| {
                            status.is_none_or(|status| status == one.0)
                                && label.is_none_or(|label| one.1.iter().any(|one| one == label))
                                && agent.is_none_or(|agent| one.2 == agent)
                        };
                        let mut expected: Vec<(u64, u8)> = model.iter()
                            .filter(|(_, one)| fits(one)).map(|(number, one)| (one.3, *number)).collect();
                        expected.sort_unstable();
                        let expected: Vec<u8> = expected.into_iter().map(|(_, number)| number).collect();
                        prop_assert_eq!(listed(&tx, &filter, false), expected);
                    }
                }
            }
        }
    }
}
