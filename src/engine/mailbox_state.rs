//! Soft state about mailboxes: channels to them, what they were asked, and who is told what at ours.
//!
//! It is lost in a crash for nothing: what matters is in rows, and is asked again.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::id::{AccountId, DeviceId, ReadId, SendId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::mailbox::askers::Askers;
use crate::domain::mailbox::host::Rules;
use crate::engine::input::{QueryId, Ticket};
use crate::engine::links::Item;
use crate::engine::mail_keys::MailKeys;
use crate::wire::channel::ChannelId;
use crate::wire::mail::{Nonce, Request};
use crate::wire::origin::Origin;
use crate::wire::peer::{PeerAddress, PeerKey};

/// Something to be asked of a mailbox.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Make a queue of ours.
    New(ReadId),
    /// Say when something comes, and how much is there now.
    Subscribe(ReadId),
    /// Give what is there behind a number; so many more at most.
    Get { queue: ReadId, after: u64, left: u32 },
    /// What was read may go.
    Ack { queue: ReadId, upto: u64 },
    /// A queue of ours may go.
    Delete(ReadId),
    /// Hand prekeys of ours out.
    PutPrekeys { queue: ReadId, bundle: Vec<u8>, one_time: Vec<Vec<u8>> },
    /// Keep what is unsettled for a device: its row has the frame.
    Deposit { contact: AccountId, device: DeviceId, seq: u64, to: SendId },
    /// Keep a frame that need not arrive.
    Say { contact: AccountId, to: SendId, frame: Vec<u8>, item: Item },
    /// Give prekeys of a contact.
    GetPrekeys { contact: AccountId, to: SendId },
}

/// Something to be asked, with so many bits of work.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) op: Op,
    pub(super) work: u32,
    /// How often it was worked for.
    pub(super) rounds: u32,
}

/// A request that waits for its work to be done.
#[derive(Debug)]
pub(super) struct Working {
    pub(super) query: QueryId,
    pub(super) errand: Errand,
    pub(super) request: Request,
}

/// How a channel to a mailbox stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// There is none.
    Down,
    /// It is being opened.
    Opening,
    /// It is up, and the mailbox hasn't said hello.
    Greeting(ChannelId),
    /// Requests can go out.
    Up(ChannelId, Nonce),
}

/// One mailbox, ours or a contact's.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) at: PeerAddress,
    pub(super) standing: Standing,
    pub(super) waiting: VecDeque<Errand>,
    pub(super) asked: BTreeMap<u64, Errand>,
    /// One at a time: a mailbox takes work only in the order of the requests' numbers.
    pub(super) working: Option<Box<Working>>,
    /// What is to be worked for behind it.
    pub(super) toil: VecDeque<Errand>,
    pub(super) number: u64,
    /// Our queues that it says something of on this channel, at most [`mail_limits::MAIL_SUBSCRIPTIONS_MAX`]: we have proven to read
    /// them.
    pub(super) subscribed: BTreeSet<ReadId>,
    /// When it must have answered, or else has been idle for long enough.
    pub(super) due: Option<Time>,
}

/// A channel that somebody opened to us as their mailbox.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) nonce: Nonce,
    pub(super) origin: Origin,
    /// The number of the last request whose work counted.
    pub(super) counted: u64,
    /// The queues that it is told of, at most [`mail_limits::MAIL_SUBSCRIPTIONS_MAX`]; it has proven to read them.
    pub(super) subscribed: BTreeSet<ReadId>,
}

/// A mailbox of ours that couldn't be reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    /// When it is tried again.
    due: Time,
    /// How often in turn it couldn't be reached while another one could.
    times: u32,
}

/// All soft state about mailboxes.
#[derive(Debug, Default)]
pub(super) struct MailState {
    /// What we allow as a mailbox; none where we aren't one.
    pub(super) rules: Option<Rules>,
    pub(super) clients: BTreeMap<PeerKey, Client>,
    pub(super) channels: BTreeMap<ChannelId, PeerKey>,
    pub(super) hosted: BTreeMap<ChannelId, Hosted>,
    pub(super) subscribers: BTreeMap<ReadId, BTreeSet<ChannelId>>,
    /// Who asked us for the prekeys of others.
    pub(super) askers: Askers,
    /// Who waits to hear whether a mailbox takes us.
    pub(super) adding: BTreeMap<PeerKey, Ticket>,
    /// Our queues that others took the place of, and that were read to their end since the start: they may go.
    pub(super) emptied: BTreeSet<ReadId>,
    /// When our mailboxes were last asked.
    pub(super) polled: Option<Time>,
    /// When our inboxes were last asked for.
    pub(super) checked: Option<Time>,
    /// When all our queues were last asked for.
    pub(super) looked: Option<Time>,
    /// Those of our mailboxes that couldn't be reached.
    pub(super) lost: BTreeMap<PeerKey, Lost>,
    /// The plan, and who sells it, that a mailbox wants a receipt of.
    pub(super) unpaid: BTreeMap<PeerKey, (AccountId, String)>,
    /// What we write into queues of others and read our own with; forgotten when a contact is erased.
    pub(super) keys: MailKeys,
}

impl MailState {
    /// When something must have been answered.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.clients.values().filter_map(|client| client.due).min()
    }

    /// The mailboxes whose time is over.
    pub(super) fn overdue(&self, now: Time) -> Vec<PeerKey> {
        let due = |client: &Client| client.due.is_some_and(|due| due <= now);
        self.clients.iter().filter(|(_, client)| due(client)).map(|(peer, _)| peer.clone()).collect()
    }

    /// What is to be asked about a contact is about its new account.
    pub(super) fn rename(&mut self, old: AccountId, new: AccountId) {
        for client in self.clients.values_mut() {
            for errand in client.errands_mut() {
                match &mut errand.op {
                    Op::Deposit { contact, .. }
                    | Op::Say { contact, .. }
                    | Op::GetPrekeys { contact, .. }
                        if *contact == old =>
                    {
                        *contact = new;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a mailbox tells us when something comes into a queue of ours.
    pub(super) fn is_told_of(&self, mailbox: &PeerKey, queue: &ReadId) -> bool {
        self.clients.get(mailbox).is_some_and(|client| client.subscribed.contains(queue))
    }

    /// Whether it is time to ask all our mailboxes; if so, that is noted.
    pub(super) fn polls(&mut self, now: Time) -> bool {
        is_time(&mut self.polled, mail_limits::MAIL_POLL, now)
    }

    /// Whether it is time to ask for our inboxes, even those that we are told about; if so, that is noted.
    pub(super) fn checks(&mut self, now: Time) -> bool {
        is_time(&mut self.checked, mail_limits::MAIL_CHECK, now)
    }

    /// Whether it is time to ask for all our queues; if so, that is noted.
    pub(super) fn looks_at_all(&mut self, now: Time) -> bool {
        is_time(&mut self.looked, mail_limits::MAIL_LOOK, now)
    }

    /// A mailbox of ours couldn't be reached; when it is tried again. While no mailbox at all can be reached, the trouble is
    /// more likely ours, and soon over.
    pub(super) fn lose(&mut self, mailbox: &PeerKey, now: Time) -> Time {
        let is_up = |client: &Client| matches!(client.standing, Standing::Up(..));
        let another = self.clients.values().any(is_up);
        let lost = self.lost.entry(mailbox.clone()).or_insert(Lost { due: now, times: 0 });
        let pause = if another {
            mail_limits::MAIL_RETRY * (1 << lost.times.min(16))
        } else {
            mail_limits::MAIL_RETRY
        };
        lost.times += u32::from(another);
        lost.due = now.plus(pause.min(mail_limits::MAIL_POLL));
        lost.due
    }

    /// Whether a mailbox that couldn't be reached is to be tried again.
    pub(super) fn is_tried_again(&self, mailbox: &PeerKey, now: Time) -> bool {
        self.lost.get(mailbox).is_some_and(|lost| is_due(lost, now))
    }

    /// The network is another one: what couldn't be reached may be reached now. When it is tried.
    pub(super) fn find_again(&mut self, now: Time) -> Option<Time> {
        self.lost.values_mut().for_each(|lost| *lost = Lost { due: now, times: 0 });
        (!self.lost.is_empty()).then_some(now)
    }

    /// Those that are to be asked now were: when one of our mailboxes is to be asked next, if nothing happens until then.
    pub(super) fn looked_into(&mut self, now: Time, all_told: bool) -> Time {
        let pause = if all_told { mail_limits::MAIL_CHECK } else { mail_limits::MAIL_POLL };
        let poll = self.polled.unwrap_or(now).plus(pause);
        let polls = self.polled == Some(now);
        let is_asked = |lost: &&mut Lost| polls || is_due(lost, now);
        self.lost.values_mut().filter(is_asked).for_each(|lost| lost.due = poll);
        self.lost.values().map(|lost| lost.due).fold(poll, Time::min)
    }

    /// Whether something like this is being asked of anybody.
    pub(super) fn is_asked(&self, like: impl Fn(&Op) -> bool) -> bool {
        self.clients.values().flat_map(Client::errands).any(|errand| like(&errand.op))
    }

    /// The mailbox that a puzzle is solved for.
    pub(super) fn works_for(&self, query: QueryId) -> Option<PeerKey> {
        let is_it = |client: &Client| client.working.as_ref().is_some_and(|working| working.query == query);
        self.clients.iter().find(|(_, client)| is_it(client)).map(|(peer, _)| peer.clone())
    }
}

/// Whether a mailbox that couldn't be reached is to be tried again. No pause is longer than a poll's: a moment beyond it is from
/// before the clock was set back.
fn is_due(lost: &Lost, now: Time) -> bool {
    lost.due <= now || lost.due > now.plus(mail_limits::MAIL_POLL)
}

/// Whether so long has passed since a moment that now takes its place then.
fn is_time(last: &mut Option<Time>, pause: Duration, now: Time) -> bool {
    // A moment ahead of now is from before the clock was set back, and says nothing.
    let is_recent = |at: Time| at <= now && now.since(at) < pause;
    let due = !last.is_some_and(is_recent);
    if due {
        *last = Some(now);
    }
    due
}

impl Client {
    pub(super) const fn new(at: PeerAddress) -> Self {
        Self {
            at,
            standing: Standing::Down,
            waiting: VecDeque::new(),
            asked: BTreeMap::new(),
            working: None,
            toil: VecDeque::new(),
            number: 0,
            subscribed: BTreeSet::new(),
            due: None,
        }
    }

    /// Takes everything that was asked or waits: the channel is gone.
    pub(super) fn drain(&mut self) -> Vec<Errand> {
        self.standing = Standing::Down;
        self.due = None;
        self.subscribed.clear();
        let asked = core::mem::take(&mut self.asked).into_values();
        let working = self.working.take().map(|working| working.errand);
        let toil = core::mem::take(&mut self.toil);
        asked.chain(working).chain(toil).chain(core::mem::take(&mut self.waiting)).collect()
    }

    /// Everything that it is asked, or is to be.
    fn errands(&self) -> impl Iterator<Item = &Errand> {
        let working = self.working.iter().map(|working| &working.errand);
        self.asked.values().chain(working).chain(&self.toil).chain(&self.waiting)
    }

    fn errands_mut(&mut self) -> impl Iterator<Item = &mut Errand> {
        let working = self.working.iter_mut().map(|working| &mut working.errand);
        self.asked.values_mut().chain(working).chain(&mut self.toil).chain(&mut self.waiting)
    }

    /// Whether nothing is asked, and nothing is to be.
    pub(super) fn is_idle(&self) -> bool {
        self.errands().next().is_none()
    }

    /// The channel, if there is one.
    pub(super) const fn channel(&self) -> Option<ChannelId> {
        match self.standing {
            Standing::Greeting(channel) | Standing::Up(channel, _) => Some(channel),
            Standing::Down | Standing::Opening => None,
        }
    }

    /// It was asked something, or answered.
    pub(super) fn set_due(&mut self, now: Time, stays: bool) {
        let pause: Option<Duration> = match (self.is_idle(), stays) {
            (false, _) => Some(mail_limits::MAIL_PATIENCE),
            (true, true) => None,
            (true, false) => Some(limits::IDLE_PATIENCE),
        };
        self.due = pause.map(|pause| now.plus(pause));
    }
}
