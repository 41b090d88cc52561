//! Who lives in a simulated world, and what they do all day.

use core::time::Duration;

use crate::base::kind::AccountKind;
use crate::base::limits;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What a world is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workload {
    /// People who write to each other all day; most are reachable most of the time.
    Chat,
    /// A business, and everybody is its customer.
    Business,
    /// People whose nodes are switched off most of the day.
    Asleep,
    /// Businesses, people of both kinds, and people with two devices.
    Mixed,
}

/// When a node runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Habit {
    /// Always.
    Always,
    /// It is off for some hours once a day.
    Nightly,
    /// It is off but for a few moments a day.
    Asleep,
}

/// One node and its owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resident {
    /// A person or a business.
    pub kind: AccountKind,
    /// When the node runs.
    pub habit: Habit,
    /// How many friends it gets by invites of its own.
    pub friends: usize,
    /// Whether it becomes a customer of a business.
    pub customer: bool,
    /// Whether it gets a second device.
    pub second: bool,
    /// How often a day it begins to talk.
    pub talks: u64,
    /// Whether it keeps mail for others.
    pub hosts: bool,
    /// How many mailboxes it has, where there are as many.
    pub mailboxes: usize,
}

impl Resident {
    /// A node that keeps mail for others and does nothing else.
    pub const KEEPER: Self = Self {
        kind: AccountKind::Person,
        habit: Habit::Always,
        friends: 0,
        customer: false,
        second: false,
        talks: 0,
        hosts: true,
        mailboxes: 0,
    };

    /// Whether it keeps mail for others and does nothing else.
    pub const fn is_keeper(&self) -> bool {
        self.hosts && self.talks == 0
    }
}

impl Workload {
    /// The one that has this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Chat, Self::Business, Self::Asleep, Self::Mixed].into_iter().find(|one| one.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Business => "business",
            Self::Asleep => "asleep",
            Self::Mixed => "mixed",
        }
    }

    /// The resident number `index` of a world of `nodes`. Second devices are nodes that are counted by the caller.
    pub const fn resident(self, index: usize, nodes: usize) -> Resident {
        let person = Resident {
            kind: AccountKind::Person,
            habit: if index.is_multiple_of(3) { Habit::Always } else { Habit::Nightly },
            friends: 2,
            customer: false,
            second: false,
            talks: 8,
            hosts: false,
            // Most have as many as there may be, some fewer, and some none.
            mailboxes: match index % 10 {
                9 => 0,
                6 => 1,
                3 => 2,
                _ => limits::MAILBOXES_MAX,
            },
        };
        let business =
            Resident { kind: AccountKind::Business, habit: Habit::Always, friends: 0, talks: 0, ..person };
        let resident = match self {
            Self::Chat => person,
            Self::Business if index == 0 => Resident { talks: (nodes as u64) / 4 + 1, ..business },
            Self::Business => Resident { friends: 0, customer: true, talks: 2, ..person },
            Self::Asleep => Resident { habit: Habit::Asleep, talks: 4, ..person },
            Self::Mixed if index.is_multiple_of(40) => Resident { talks: 10, ..business },
            Self::Mixed => {
                let habit = match index % 4 {
                    0 => Habit::Always,
                    1 => Habit::Nightly,
                    _ => Habit::Asleep,
                };
                let (customer, second) = (index.is_multiple_of(2), index % 10 == 3);
                Resident { habit, customer, second, talks: 5, ..person }
            }
        };
        let hosts = matches!((resident.kind, resident.habit), (AccountKind::Person, Habit::Always));
        Resident { hosts: hosts && index.is_multiple_of(2), ..resident }
    }

    /// How many of so many nodes keep mail for others and do nothing else.
    pub const fn keepers(nodes: usize) -> usize {
        match nodes {
            0..4 => 0,
            4..8 => 1,
            8..12 => 2,
            _ => 3 + nodes / 40,
        }
    }
}

impl Habit {
    /// How long a node of this habit is on and then off, on the average; always where there is none.
    pub const fn rhythm(self) -> Option<(Duration, Duration)> {
        match self {
            Self::Always => None,
            Self::Nightly => Some((Duration::from_secs(17 * HOUR), Duration::from_secs(7 * HOUR))),
            Self::Asleep => Some((Duration::from_secs(25 * MINUTE), Duration::from_secs(7 * HOUR))),
        }
    }
}

/// How long one stays with a mailbox, while there are others.
pub(super) const MOVES: Duration = Duration::from_secs(25 * DAY);

/// How long after another one somebody begins to talk who does so this often a day.
pub(super) const fn pause(talks: u64) -> Duration {
    Duration::from_secs(DAY / if talks == 0 { 1 } else { talks })
}
