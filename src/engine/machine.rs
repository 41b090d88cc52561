//! The engine itself: one input after another, staged in a transaction, ended as a batch and its effects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, DeviceId, Digest, FileId, MessageId, ReadId};
use crate::base::kind::AccountKind;
use crate::base::time::{Time, spread};
use crate::crypto::secret::Secret;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::own::{self, ACCOUNTS, OwnAccount};
use crate::domain::identity::primary::Primary;
use crate::domain::identity::sibling;
use crate::domain::mailbox::admission::NamedPlan;
use crate::domain::session::prekeys::VerifiedBundle;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::desk_state::DeskState;
use crate::engine::effects::{Effect, Effects};
use crate::engine::event::Event;
use crate::engine::file_state::FileState;
use crate::engine::hand_outs::HandOuts;
use crate::engine::input::{Input, QueryId, Ticket};
use crate::engine::links::Links;
use crate::engine::mailbox_state::MailState;
use crate::engine::newcomers::Newcomers;
use crate::engine::pending::{Joining, Lookups};
use crate::engine::publication::LastPublication;
use crate::store::agenda::Agenda;
use crate::store::snapshot::Fault;
use crate::store::table::Rows;
use crate::store::tx::Tx;
use crate::wire::peer::PeerKey;

/// What the engine must know of its owner; unsealed from the keystore.
#[derive(Clone, Debug)]
pub struct Me {
    /// The identity, without its key; none on a device that is linked to somebody's account, or is to be.
    pub primary: Option<Primary>,
    /// The device's own secret.
    pub device: Secret<32>,
    /// A person or a business.
    pub kind: AccountKind,
}

/// What falls due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Try to settle what is unsettled for a contact.
    Deliver(AccountId),
    /// Give up what was never delivered to a contact.
    Expire(AccountId),
    /// Show as missing what a device's later messages still wait for.
    Gap(AccountId, DeviceId),
    /// Make new prekeys for an account of ours, and forget old ones.
    Prekeys(AccountId),
    /// Publish our profile.
    Publish,
    /// Ask for the next period of a subscription to be paid.
    Renew(Digest),
    /// Forget what we keep for others and what is past its life.
    Sweep,
    /// Tell more contacts that our identity is another.
    Succeed,
    /// Look into our queues at mailboxes.
    Mailboxes,
    /// Drop what is past its life in a queue that we keep for others.
    MailQueue(ReadId),
    /// Say in the directory who stands where a former account of ours stood.
    Forward(AccountId),
    /// Show what waited for the end of quiet hours.
    Quiet,
    /// Show the receipt of a subscription that holds now, where the one before it was shown.
    Shown(Digest),
    /// Try to fetch files that are wanted.
    Fetch,
    /// A file is offered, or waited for, no more.
    FileEnds(FileId),
}

/// The account of a device that isn't linked yet: no key has this id.
pub const NOBODY: AccountId = AccountId::new([0; 32]);

/// What bad input was dropped; counted, never an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counters {
    /// Frames, contents, questions and answers that don't parse.
    pub malformed: u64,
    /// Frames for a route that isn't ours.
    pub unknown_route: u64,
    /// Frames that didn't open.
    pub undecryptable: u64,
    /// Frames and first flights that had come before.
    pub repeated: u64,
    /// Contents of blocked contacts.
    pub blocked: u64,
    /// Sessions that show that this store is an old copy.
    pub rolled_back: u64,
    /// Logs that tell another story than the pinned one.
    pub forked_logs: u64,
    /// Contents and requests over a bound.
    pub over_limit: u64,
    /// Records and index entries of others that were refused.
    pub refused_records: u64,
    /// Billing events and consents that don't hold.
    pub refused_events: u64,
    /// Texts of businesses that the person doesn't want.
    pub not_allowed: u64,
    /// Messages of a kind that this version can't show.
    pub unknown_kinds: u64,
    /// Frames opened.
    pub opened: u64,
    /// Frames sealed.
    pub sealed: u64,
}

/// One step: the time, the open transaction, the source of randomness.
pub(super) struct Step<'a, 's> {
    pub(super) now: Time,
    pub(super) tx: &'a Tx<'s>,
    pub(super) rng: &'a mut dyn CryptoRng,
}

impl Step<'_, '_> {
    /// The id of a new message.
    pub(super) fn message_id(&mut self) -> MessageId {
        let mut random = [0; MessageId::RANDOM_LEN];
        self.rng.fill_bytes(&mut random);
        MessageId::fresh(self.now, random)
    }

    /// See [`spread`].
    pub(super) fn spread(&mut self, pause: Duration) -> Duration {
        let mut random = [0; 4];
        self.rng.fill_bytes(&mut random);
        spread(pause, u32::from_le_bytes(random))
    }
}

/// Everything the node decides. State lives in the store; what is here is soft and made anew at every start.
pub struct Engine {
    pub(super) me: Me,
    /// Signs entries of our log. Here only while a command is carried out that came with it.
    pub(super) key: Option<AccountKey>,
    /// The account that this device speaks for; [`NOBODY`] until it is linked.
    pub(super) account: AccountId,
    /// Accounts that stood where the one that the world knows stands now.
    pub(super) retired: Vec<AccountId>,
    /// For which account the keys of an account's device are derived, where that is another.
    keys_of: BTreeMap<AccountId, AccountId>,
    /// Contacts that are still to be told that our identity is another; read anew where it is empty.
    pub(super) untold: Vec<AccountId>,
    /// Our other devices, in the order of our log.
    pub(super) siblings: Vec<DeviceId>,
    /// Those of them that contacts are to be told of.
    pub(super) announced: Vec<DeviceId>,
    pub(super) joining: Joining,
    /// The number of our log's head.
    pub(super) head: u64,
    pub(super) agenda: Agenda<Job>,
    pub(super) effects: Vec<Effect>,
    pub(super) links: Links,
    pub(super) lookups: Lookups,
    pub(super) mail: MailState,
    /// The plan that pays for a place with our relay, where it isn't free.
    pub(super) relay_plan: Option<NamedPlan>,
    pub(super) hand_outs: HandOuts,
    /// What a business says by itself.
    pub(super) desk: DeskState,
    pub(super) bundles: BTreeMap<DeviceId, VerifiedBundle>,
    pub(super) devices: BTreeMap<AccountId, Arc<DeviceKeys>>,
    pub(super) counters: Counters,
    pub(super) peer: Option<PeerKey>,
    pub(super) online: bool,
    pub(super) addresses: Vec<String>,
    /// How often in a row a contact couldn't be reached.
    pub(super) attempts: BTreeMap<AccountId, u32>,
    /// Contacts of whatever standing.
    pub(super) contacts: usize,
    /// Contacts that wait to be admitted.
    pub(super) requests: usize,
    /// Newcomers that a business took in lately.
    pub(super) newcomers: Newcomers,
    /// What came of the last publication of our profile.
    pub(super) published: Option<LastPublication>,
    pub(super) files: FileState,
    queries: QueryId,
    batches: u64,
}

impl Engine {
    /// An engine over the store that `rows` reads: a new one, or one that goes on where it stopped.
    pub fn new(me: Me, rows: &impl Rows) -> Self {
        let first = me.primary.as_ref().map(|primary| primary.account);
        // Where the identity was rotated, or the device linked, the store says whose it is.
        let account = sibling::membership(rows).or(first).unwrap_or(NOBODY);
        let own = rows.scan(&ACCOUNTS, &ACCOUNTS.all());
        let retired = own.iter().filter(|(_, own)| own.subject_of.is_none() && own.log.successor().is_some());
        Self {
            key: None,
            account,
            retired: retired.map(|(_, own)| own.log.account()).collect(),
            keys_of: own.iter().map(|(_, own)| (own.log.account(), own.keys_of)).collect(),
            untold: Vec::new(),
            siblings: Vec::new(),
            announced: Vec::new(),
            joining: Joining::default(),
            head: 0,
            files: FileState::new(me.kind),
            me,
            agenda: Agenda::load(rows),
            effects: Vec::new(),
            links: Links::default(),
            lookups: Lookups::default(),
            mail: MailState::default(),
            relay_plan: None,
            hand_outs: HandOuts::default(),
            desk: DeskState::load(rows),
            bundles: BTreeMap::new(),
            devices: BTreeMap::new(),
            counters: Counters::default(),
            peer: None,
            online: false,
            addresses: Vec::new(),
            attempts: BTreeMap::new(),
            contacts: 0,
            requests: 0,
            newcomers: Newcomers::default(),
            published: None,
            queries: 0,
            batches: 0,
        }
    }

    /// Decides what follows from one input, staging rows in `tx` and queueing effects. Bad input from the
    /// network is never an error: it is dropped and counted.
    pub fn handle(&mut self, now: Time, input: Input, tx: &Tx<'_>, rng: &mut dyn CryptoRng) {
        let mut step = Step { now, tx, rng };
        let step = &mut step;
        match input {
            Input::Started { peer } => self.started(step, peer),
            Input::Tick => self.upkeep(step),
            Input::Command { ticket, command } => self.command(step, ticket, command),
            Input::Listening(addresses) => self.listening(step, addresses),
            Input::Bootstrapped(peers) => self.bootstrapped(step, peers),
            Input::PeerConnected(peer) => self.links.connected_to(peer),
            Input::PeerGone(peer) => self.links.gone(&peer),
            Input::LinkUp { link, peer } => self.link_up(step, link, peer),
            Input::LinkDown { link } => self.link_down(step, link),
            Input::Unreachable(peer) => self.unreachable(step, &peer),
            Input::Frames { link, peer, first, frames } => self.frames(step, link, &peer, first, &frames),
            Input::Taken { link, upto } => self.taken(step, link, upto),
            Input::Refused { link, number } => self.refused(step, link, number),
            Input::RecordOffered { key, value } => self.record_offered(step, &key, value),
            Input::PutDone { query, peers_asked } => self.put_done(step, query, peers_asked),
            Input::GotRecords { query, values, peers_asked } => {
                self.got_records(step, query, values, peers_asked)
            }
            Input::Closest { query, peers } => self.closest(step, query, peers),
            Input::Asked { ask, peer, from, body } => self.asked(step, ask, (&peer, from), &body),
            Input::Answered { query, body } => self.answered(step, query, body),
            Input::Worked { query, work } => self.worked(step, query, work),
            Input::Channel(event) => self.channel_event(step, event),
            Input::File(event) => self.file_event(step, event),
        }
    }

    /// Ends a group of inputs: serves every contact that something changed for, then closes the transaction.
    pub fn finish(&mut self, now: Time, tx: Tx<'_>, rng: &mut dyn CryptoRng) -> Result<Effects, Fault> {
        let mut step = Step { now, tx: &tx, rng };
        for (link, upto) in self.links.taken_incoming() {
            self.effects.push(Effect::Take { link, upto });
        }
        for contact in self.links.take_dirty() {
            self.serve(&mut step, &contact);
        }
        self.batches += 1;
        let batch = tx.finish(self.batches)?;
        Ok(Effects::new(batch, core::mem::take(&mut self.effects)))
    }

    /// When [`Input::Tick`] is wanted next.
    pub fn next_deadline(&self) -> Option<Time> {
        let soft = [self.lookups.next_deadline(), self.mail.next_deadline()];
        soft.into_iter().chain([self.agenda.next()]).flatten().min()
    }

    /// What bad input was dropped so far.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// What came of the last publication of our profile since the start.
    pub fn last_publication(&self) -> Option<LastPublication> {
        self.published.clone()
    }

    /// How many peers are connected.
    pub fn peers_connected(&self) -> usize {
        self.links.connected()
    }

    /// The account that the world knows; zeros while this device belongs to nobody.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    pub(super) const fn is_business(&self) -> bool {
        matches!(self.me.kind, AccountKind::Business)
    }

    /// What a command was answered since the last transaction; nothing where the answer is still to come.
    pub fn answer_to(&self, ticket: Ticket) -> Option<&Result<Outcome, Refusal>> {
        let answers = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::Reply { ticket, result } => Some((*ticket, result)),
            _ => None,
        });
        answers.filter(|(answered, _)| *answered == ticket).map(|(_, result)| result).next()
    }

    pub(super) fn reply(&mut self, ticket: Ticket, result: Result<Outcome, Refusal>) {
        self.effects.push(Effect::Reply { ticket, result });
    }

    pub(super) fn show(&mut self, event: Event) {
        self.effects.push(Effect::Show(event));
    }

    pub(super) const fn next_query(&mut self) -> QueryId {
        self.queries += 1;
        self.queries
    }

    /// What the keys of this device for an account of ours are derived for.
    pub(super) fn keys_of(&self, own: &AccountId) -> AccountId {
        self.keys_of.get(own).copied().unwrap_or(*own)
    }

    /// The keys with which this device speaks for an account of ours. They stay when another account takes its place:
    /// the device is the same, and so are its sessions.
    pub(super) fn device_keys(&mut self, own: &AccountId) -> Arc<DeviceKeys> {
        let (device, of) = (&self.me.device, self.keys_of(own));
        let keys = self.devices.entry(*own).or_insert_with(|| Arc::new(DeviceKeys::derive(device, &of)));
        Arc::clone(keys)
    }

    /// Whether this is the device that the identity's key is, or was, brought to: nobody else changes our log.
    pub(super) fn is_primary(&self) -> bool {
        self.me.primary.as_ref().is_some_and(|primary| primary.account == self.account)
    }

    /// What signs entries of our log, if the command came with it.
    pub(super) fn signing_key(&self) -> Result<AccountKey, Refusal> {
        match &self.key {
            _ if !self.is_primary() => Err(Refusal::NotPrimary),
            Some(key) => Ok(key.clone()),
            None => Err(Refusal::KeyNeeded),
        }
    }

    /// The account of ours that `own` is, or that took its place.
    pub(super) fn own(&self, step: &Step<'_, '_>, own: &AccountId) -> Option<Arc<OwnAccount>> {
        let known = step.tx.row(&ACCOUNTS, own.as_bytes())?;
        if known.log.successor().is_none() {
            return Some(known);
        }
        step.tx.row(&ACCOUNTS, own::current(step.tx, own).as_bytes())
    }

    /// From here on the keys of `heir`'s device are those of the account whose place it takes.
    pub(super) fn inherit_keys(&mut self, heir: AccountId, keys_of: AccountId) {
        self.keys_of.insert(heir, keys_of);
        self.devices.clear();
    }

    /// Whether it is the account that the world knows, or was.
    pub(super) fn is_main(&self, own: &AccountId) -> bool {
        *own == self.account || self.retired.contains(own)
    }
}
