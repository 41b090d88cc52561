//! What a scenario says: nodes by role, and the steps that are taken with them.

use serde::Deserialize;

use crate::base::money::Currency;
use crate::domain::chat::delivery::State;
use crate::domain::directory::search::Query;
use crate::ui::lab::names::Names;
use crate::ui::lab::span::Span;
use crate::wire::plan::Period;

/// A scenario that was read and checked: whatever it names exists in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: that of the file, or of the shipped scenario.
    pub name: String,
    /// What it is about, in a line.
    pub title: String,
    /// What it is about, in full.
    pub about: String,
    /// How long an expectation waits, unless its step says otherwise.
    pub patience: Span,
    /// What the nodes' clocks show at the start, in milliseconds since the epoch; the machine's time where none is given.
    pub starts: Option<u64>,
    /// The nodes.
    pub groups: Vec<Group>,
    /// What happens, in its order.
    pub steps: Vec<Step>,
}

/// Nodes of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they are called: alone by this name, several as `name-1`, `name-2` and so on.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// How many there are.
    #[serde(default = "one")]
    pub count: usize,
    /// Groups whose nodes keep mail for each of these; at most three nodes.
    #[serde(default)]
    pub mailboxes: Names,
    /// Relays that each of these uses first.
    #[serde(default)]
    pub relays: Names,
    /// Whether nobody can dial them, as behind a router that lets nobody in.
    #[serde(default)]
    pub hidden: bool,
    /// Whether they listen on QUIC, too.
    #[serde(default)]
    pub quic: bool,
    /// Whether they are off until a step starts them.
    #[serde(default)]
    pub off: bool,
    /// What businesses say of themselves.
    #[serde(default)]
    pub profile: Profile,
    /// What businesses sell.
    #[serde(default)]
    pub plans: Vec<Plan>,
}

const fn one() -> usize {
    1
}

/// What a node is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The others begin with it; it keeps a part of the directory.
    Bootstrap,
    /// It keeps a part of the directory.
    Directory,
    /// A business, which keeps a part of the directory, too.
    Business,
    /// A person.
    Person,
    /// It keeps mail for others.
    Mailbox,
    /// It relays for others.
    Relay,
}

impl Role {
    /// As scenarios write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Directory => "directory",
            Self::Business => "business",
            Self::Person => "person",
            Self::Mailbox => "mailbox",
            Self::Relay => "relay",
        }
    }
}

/// What a business says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is documented in `wire::record::Profile`")]
pub struct Profile {
    pub name: String,
    pub about: String,
    pub categories: Vec<String>,
    pub country: String,
    pub region: String,
    pub languages: Vec<String>,
    pub website: String,
    pub hours: String,
}

/// What a business sells.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is documented in `wire::plan::Plan`")]
pub struct Plan {
    pub id: String,
    #[serde(default)]
    pub name: String,
    pub price: String,
    pub currency: Currency,
    pub period: Period,
    #[serde(default)]
    pub trial_days: u32,
    #[serde(default)]
    pub grace_days: u32,
    #[serde(default)]
    pub hold_days: u32,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The line of the file where it begins.
    pub line: usize,
    /// The word that the file has for it.
    pub word: &'static str,
    /// What it is for.
    pub note: String,
    /// How long after the first step it begins at the earliest.
    pub at: Option<Span>,
    /// How long it may take to come about, where it waits for something.
    pub patience: Option<Span>,
    /// Whether the next steps don't wait for its end.
    pub meanwhile: bool,
    /// What is done or expected.
    pub act: Act,
}

/// What is done or expected.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "docs/lab.md says what each of them does, by its word in a file")]
pub enum Act {
    Wait(Span),
    Start(Names),
    Stop(Names),
    Kill(Names),
    LoseDisk(Names),
    Partition(Vec<Names>),
    Heal,
    Churn(Churn),
    Advance(Advance),
    Publish(Names),
    Add(Pairing),
    Mailbox(Hosting),
    Send(Letters),
    Broadcast(Broadcast),
    Read(Pairing),
    HandOver(HandOver),
    Subscribe(Wish),
    Cancel(Wish),
    Pay(Payment),
    ExpectDelivered(Route),
    ExpectHeld(Held),
    ExpectState(Reach),
    ExpectFound(Finding),
    ExpectSubscription(Standing),
    ExpectReached(Way),
    ExpectKept(Kept),
}

/// Some nodes, and some others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Pairing {
    pub who: Names,
    pub whom: Names,
}

/// Mailboxes to be taken on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Hosting {
    pub who: Names,
    pub at: Names,
}

/// Nodes that go and come back, round after round.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Churn {
    pub who: Names,
    pub down: usize,
    pub rounds: u32,
    pub pause: Span,
    #[serde(default)]
    pub seed: u64,
}

/// Clocks that are set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Advance {
    pub by: Span,
    #[serde(default)]
    pub who: Option<Names>,
}

/// Texts of each of some nodes to each of some others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Letters {
    pub from: Names,
    pub to: Names,
    pub text: String,
    #[serde(default = "one")]
    pub count: usize,
    #[serde(default)]
    pub every: Option<Span>,
}

/// A text to everybody whom a node has for a contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Broadcast {
    pub from: Names,
    pub text: String,
}

/// A chat that goes over to somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct HandOver {
    pub chat_with: Names,
    pub from: Names,
    pub to: Names,
}

/// A subscription that is asked for, or cancelled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Wish {
    pub who: Names,
    pub to: Names,
    pub plan: String,
}

/// Invoices that are paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Payment {
    pub who: Names,
    pub to: Names,
}

/// The messages between some nodes; all where nothing is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Route {
    pub from: Option<Names>,
    pub to: Option<Names>,
}

/// Messages that must not arrive yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Held {
    #[serde(default)]
    pub from: Option<Names>,
    #[serde(default)]
    pub to: Option<Names>,
    pub lasts: Span,
}

/// How far messages must have got, by their senders' screens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Reach {
    #[serde(default)]
    pub from: Option<Names>,
    #[serde(default)]
    pub to: Option<Names>,
    pub state: State,
}

/// Who must find whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Finding {
    pub who: Names,
    pub finds: Names,
    #[serde(default)]
    pub words: String,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub language: Option<String>,
    #[serde(default)]
    pub absent: bool,
}

impl Finding {
    /// What is searched for.
    pub fn query(&self) -> Query {
        Query {
            listed_by: None,
            words: self.words.clone(),
            category: self.category.clone(),
            country: self.country.clone(),
            region: self.region.clone(),
            language: self.language.clone(),
            cursor: None,
        }
    }
}

/// How a subscription must stand, at both sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Standing {
    pub who: Names,
    pub to: Names,
    pub plan: String,
    #[serde(default)]
    pub state: Option<crate::domain::billing::entitlement::State>,
    #[serde(default)]
    pub receipts: Option<usize>,
    #[serde(default)]
    pub access: Option<bool>,
}

/// How nodes must reach others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Way {
    pub who: Names,
    pub whom: Names,
    pub by: By,
    #[serde(default)]
    pub relay: Option<Names>,
}

/// What a connection goes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Nobody between.
    Direct,
    /// A relay.
    Relayed,
    /// Nothing: there is no connection.
    Offline,
}

impl By {
    /// As the local API writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Relayed => "relayed",
            Self::Offline => "offline",
        }
    }
}

/// How much a mailbox must keep.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "see docs/lab.md")]
pub struct Kept {
    pub at: Names,
    #[serde(default)]
    pub at_least: Option<u64>,
    #[serde(default)]
    pub at_most: Option<u64>,
}
