//! What was asked of the network and not answered yet.
//!
//! All of it is soft: after a restart it is asked again.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::{AccountId, ContactToken, DeviceId, RouteId, SessionId};
use crate::base::time::Time;
use crate::domain::directory::profile::VerifiedProfile;
use crate::domain::directory::search::{self, Query};
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::link::{Linked, PendingLink};
use crate::domain::identity::log::AccountLog;
use crate::domain::session::prekeys::VerifiedBundle;
use crate::engine::input::{QueryId, Ticket};
use crate::engine::paid::PaidPlace;
use crate::wire::ask::{Answer, Challenge};
use crate::wire::link::LinkOffer;
use crate::wire::peer::{LinkId, PeerAddress};

/// What an answer from the network is for.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// A profile's record under one of its keys.
    Record { account: AccountId },
    /// Prekeys of a contact.
    Bundle { contact: AccountId, asked: Box<BundleAsked> },
    /// The work for them.
    BundleWork { contact: AccountId, asked: Box<BundleAsked>, challenge: Challenge },
    /// The KEM key of an offer to link a device, and its word. What signs the entry waits for that long.
    LinkKey { ticket: Ticket, key: Box<AccountKey>, offer: Box<LinkOffer> },
    /// Whether the device opened its grant.
    LinkGiven { ticket: Ticket, device: DeviceId },
    /// The peers that keep the index under a key that is searched.
    SearchPeers { search: Ticket, key: [u8; 32] },
    /// A page of the index.
    SearchPage { search: Ticket },
    /// Our profile was put under one of its keys.
    ProfilePut,
    /// The peers that are to keep an index entry of ours.
    EntryPeers { entry: Vec<u8> },
    /// An index entry of ours was put.
    EntryPut,
    /// The statement that an account of ours is over was put under one of its keys.
    SuccessionPut { former: AccountId },
    /// A place with a relay; who waits for the answer, if anybody does, and what is to be kept of the place.
    Place { ticket: Option<Ticket>, kept: Option<Box<PaidPlace>> },
    /// What somebody has of our own log.
    OwnLog,
    /// Nothing hangs on it.
    Repair,
}

/// Whom prekeys were asked of, and by what right.
#[derive(Clone, Debug)]
pub(super) struct BundleAsked {
    pub(super) at: PeerAddress,
    pub(super) route: RouteId,
    pub(super) token: Option<ContactToken>,
    /// How often it was worked for.
    pub(super) rounds: u32,
}

/// Why a profile is fetched.
#[derive(Clone, Debug)]
pub(super) enum Want {
    /// To open a session with the contact.
    Session,
    /// To answer a look-up by address.
    Lookup(Ticket),
    /// To make the business a contact.
    Add(Ticket, Option<String>),
    /// To make the business a contact and subscribe to its plan.
    Subscribe(Ticket, String),
    /// To ask the business for another plan in the place of one.
    Change(Ticket, String, String),
    /// As a candidate of a search.
    Search(Ticket),
    /// To see whether our publication arrived.
    ReadBack,
    /// To know what was published before a restore; with the key that signs what goes on from it.
    Reconcile(Ticket, Box<AccountKey>),
}

/// A profile that is being fetched.
#[derive(Debug, Default)]
pub(super) struct Fetch {
    pub(super) waiting: u32,
    pub(super) values: Vec<Vec<u8>>,
    /// The keys under which each value was found.
    pub(super) answers: Vec<Vec<Vec<u8>>>,
    pub(super) peers: u32,
    pub(super) wanted: Vec<Wanted>,
}

/// What a profile is fetched for, and how it was come to.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) want: Want,
    /// The account that was asked for: a former one, where statements of successions led here.
    pub(super) asked: AccountId,
    /// The ended logs of the accounts in between, oldest first.
    pub(super) line: Vec<AccountLog>,
    /// How many statements were followed.
    pub(super) followed: usize,
}

impl Want {
    /// Whether it is about whoever stands where the account stood.
    pub(super) const fn follows(&self) -> bool {
        matches!(self, Self::Session | Self::Lookup(_) | Self::Add(..) | Self::Subscribe(..))
    }
}

/// All look-ups under way.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    pub(super) questions: BTreeMap<QueryId, Question>,
    pub(super) searches: BTreeMap<Ticket, Search>,
    pub(super) publication: Option<Publication>,
    pub(super) fetches: BTreeMap<AccountId, Fetch>,
    pub(super) bundles: BTreeSet<AccountId>,
    /// Businesses whose mailboxes were asked too, since their nodes were asked last.
    pub(super) asked_mail: BTreeSet<AccountId>,
    /// Prekeys that a contact's node gave, while those are worked for that come with a one-time pair.
    pub(super) unpaid: BTreeMap<AccountId, Answer>,
    /// Devices of businesses that were asked for a bundle with one-time prekeys, in the place of their profile's.
    pub(super) asked_live: BTreeSet<DeviceId>,
    /// Others are asked what they have of our own log.
    pub(super) inquiry: Option<Inquiry>,
    deadlines: BTreeSet<(Time, Deadline)>,
}

/// What is ended with what there is when its time is over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Deadline {
    Fetch(AccountId),
    Search(Ticket),
    Publication,
    ReadBack,
    Bundle(AccountId),
    /// A device has refused a content on a link.
    Heal(DeviceId, u64, LinkId),
    /// A session with a device can't be used, and none could be made in its place.
    HealLate(DeviceId, SessionId),
}

/// What a fetch brought, whoever wanted it.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) account: AccountId,
    pub(super) profile: Option<VerifiedProfile>,
    pub(super) refused: u32,
    pub(super) peers: u32,
    /// Under how many keys the profile lies.
    pub(super) keys: u32,
}

impl Lookups {
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(due, _)| *due)
    }

    /// Sets a deadline, in the place of one that an earlier look-up of the same kind has left.
    pub(super) fn expect_by(&mut self, due: Time, deadline: Deadline) {
        self.deadlines.retain(|(_, standing)| *standing != deadline);
        self.deadlines.insert((due, deadline));
    }

    /// Sets when a device's session is healed, in the place of an earlier one's.
    pub(super) fn heal_late_by(&mut self, due: Time, device: DeviceId, session: SessionId) {
        self.deadlines
            .retain(|(_, standing)| !matches!(standing, Deadline::HealLate(known, _) if *known == device));
        self.deadlines.insert((due, Deadline::HealLate(device, session)));
    }

    /// Asks for nothing more of these: what is still answered must not be taken for an answer to what comes next.
    pub(super) fn forget(&mut self, these: impl Fn(&Question) -> bool) {
        self.questions.retain(|_, question| !these(question));
    }

    pub(super) fn take_due(&mut self, now: Time) -> Vec<Deadline> {
        let later =
            self.deadlines.split_off(&(now.plus(core::time::Duration::from_millis(1)), Deadline::LEAST));
        let due = core::mem::replace(&mut self.deadlines, later);
        due.into_iter().map(|(_, deadline)| deadline).collect()
    }
}

impl Deadline {
    const LEAST: Self = Self::Fetch(AccountId::new([0; 32]));
}

/// An offer to be linked that is open. Lost at a restart: another one is made then.
#[derive(Debug, Default)]
pub(super) struct Joining {
    pub(super) pending: Option<PendingLink>,
    /// What the keys of the offer are derived for.
    pub(super) keys_of: Option<AccountId>,
    /// An account that took the offer up; the person hasn't agreed yet.
    pub(super) linked: Option<(Linked, VerifiedBundle)>,
}

/// Others are being asked what they have of our own log. What signs the entry that goes on from it waits for that long.
#[derive(Debug)]
pub(super) struct Inquiry {
    pub(super) ticket: Ticket,
    pub(super) key: Box<AccountKey>,
    /// Those who haven't answered yet.
    pub(super) open: usize,
    pub(super) answered: usize,
    /// The log that came furthest.
    pub(super) best: Option<AccountLog>,
}

/// One publication under way.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) profile: VerifiedProfile,
    pub(super) tickets: Vec<Ticket>,
    /// Keys whose put is open.
    pub(super) puts: usize,
    /// Index entries whose put is open.
    pub(super) entries: usize,
    pub(super) entries_taken: u32,
    pub(super) peers: u32,
    pub(super) read_back: Option<u32>,
    /// How often it was looked for so far.
    pub(super) looks: u32,
}

/// One search under way.
#[derive(Debug)]
pub(super) struct Search {
    /// With the cursor of the page that is asked for.
    pub(super) query: Query,
    pub(super) plan: search::Plan,
    /// When no further page is asked for.
    pub(super) until: Time,
    /// Who keeps the index, by the keys that are asked.
    pub(super) keepers: BTreeMap<[u8; 32], Vec<PeerAddress>>,
    /// Questions to the network that are open.
    pub(super) open: usize,
    pub(super) stage: SearchStage,
    pub(super) found: Vec<VerifiedProfile>,
    pub(super) peers: BTreeSet<Vec<u8>>,
    pub(super) refused: u32,
}

/// How far a search has come with one page.
#[derive(Debug)]
pub(super) enum SearchStage {
    /// The index is asked; so much was answered.
    Asking(Vec<search::Page>),
    /// The candidates' profiles are fetched; the next page, if there is one, begins there.
    Fetching(Option<AccountId>),
}
