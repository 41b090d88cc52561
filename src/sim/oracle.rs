//! What must hold in every world, whatever went wrong in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::domain::chat::delivery::State;
use crate::domain::chat::incoming::{INCOMING, MISSING};
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::mailbox::boxes;
use crate::engine::command::Outcome;
use crate::engine::event::Event;
use crate::engine::input::Ticket;
use crate::engine::view::EntryView;
use crate::sim::altered::{self, Alterations};
use crate::sim::shopkeeper;
use crate::sim::world::{Seen, World};
use crate::store::table::{Reader, Rows as _};
use crate::wire::peer::PeerKey;

/// How a message is told from all others.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// What no other one says.
    pub(super) text: String,
    /// Its place among all.
    pub(super) number: u64,
}

/// A message that a node was asked to send.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) from: usize,
    pub(super) to: AccountId,
    pub(super) text: String,
    pub(super) number: u64,
    /// When, by the world's clock.
    pub(super) at: Time,
    /// The sender's store was lost since: what had not left went with it.
    pub(super) lost: bool,
}

/// What one node says that it told to whom, and what became of that there.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Commands that wait for their answer.
    pub(super) asked: BTreeMap<(usize, Ticket), Said>,
    /// What was asked for and never answered: it may have been stored or not.
    pub(super) unanswered: BTreeMap<String, Said>,
    /// What was accepted.
    pub(super) said: BTreeMap<MessageId, Said>,
    /// What was changed of it.
    pub(super) altered: Alterations,
    /// What devices that were lost had shown.
    pub(super) shown_by_lost: BTreeSet<(AccountId, MessageId)>,
    /// What lost devices of an account had from a device: filed, and read.
    had: BTreeMap<(AccountId, DeviceId), (u64, u64)>,
    /// Which nodes speak for an account, and since when.
    pub(super) homes: BTreeMap<AccountId, Vec<(usize, Time)>>,
    /// The device with which a node speaks for an account.
    devices: BTreeMap<(usize, AccountId), DeviceId>,
    /// How many messages nodes said by themselves.
    pub by_itself: u64,
    /// What was found.
    pub violations: Vec<String>,
}

/// More violations than this of one world tell nothing new.
const VIOLATIONS_MAX: usize = 50;

impl Oracle {
    /// A node is asked to send a message, which no other one is like.
    pub fn asks(&mut self, world: &World, from: usize, ticket: Ticket, to: AccountId, spoken: Spoken) {
        let Spoken { text, number } = spoken;
        self.asked.insert((from, ticket), Said { from, to, text, number, at: world.now, lost: false });
    }

    /// A node speaks for its accounts from now on.
    pub fn settles(&mut self, world: &World, peer: usize) {
        for account in world.peers[peer].accounts() {
            let homes = self.homes.entry(account).or_default();
            if homes.iter().all(|(known, _)| *known != peer) {
                homes.push((peer, world.now));
            }
        }
    }

    /// A node's device is lost, with all that its disk had; called before it is.
    pub fn loses(&mut self, world: &World, peer: usize) {
        let safe = world.peers[peer].disk.safe();
        let rows = Reader::new(&safe);
        for account in world.peers[peer].accounts() {
            for (key, incoming) in rows.scan(&INCOMING, &INCOMING.all()) {
                let Some(device) = DeviceId::from_slice(&key.id) else { continue };
                let had = self.had.entry((account, device)).or_default();
                *had = (had.0.max(incoming.filed), had.1.max(incoming.read));
            }
            let shown = super::record::shown(&rows).into_iter().map(|shown| (account, shown.entry.id));
            self.shown_by_lost.extend(shown);
        }
        self.devices.retain(|(known, _), _| *known != peer);
        let lost = self.said.values_mut().chain(self.asked.values_mut()).filter(|said| said.from == peer);
        lost.for_each(|said| said.lost = true);
        self.altered.loses(peer);
    }

    /// A node no longer speaks for anybody, and will not be heard.
    pub fn leaves(&mut self, peer: usize) {
        self.homes.values_mut().for_each(|homes| homes.retain(|(home, _)| *home != peer));
    }

    /// A node that speaks for an account.
    pub(super) fn home(&self, account: &AccountId) -> Option<usize> {
        self.homes.get(account)?.first().map(|(home, _)| *home)
    }

    /// How many messages were accepted.
    pub fn accepted(&self) -> u64 {
        self.said.len() as u64
    }

    /// Takes in what could be seen.
    pub fn watch(&mut self, world: &World, seen: &Seen) {
        match seen {
            Seen::Answered(peer, ticket, answer) if self.altered.answered(*peer, *ticket, answer) => {}
            Seen::Shown(_, Event::Changed { entry, .. }) if entry.unchanged.is_some() => {
                self.altered.given_up(entry.id);
            }
            Seen::Answered(peer, ticket, Ok(Outcome::Queued { id, .. })) => {
                if let Some(said) = self.asked.remove(&(*peer, *ticket))
                    && self.said.insert(*id, said).is_some()
                {
                    self.finds(format!("node {peer} used one message id twice"));
                }
            }
            Seen::Answered(peer, ticket, _) => drop(self.asked.remove(&(*peer, *ticket))),
            Seen::Shown(peer, Event::Delivery { with, seq, state: State::Stored }) => {
                self.stored(world, *peer, &with.0, *seq);
            }
            Seen::Shown(peer, Event::Delivery { with, seq, state }) => {
                self.backed(world, *peer, &with.0, *seq, *state);
            }
            Seen::Shown(peer, Event::Entry { with, entry, .. }) if entry.direction == "out" => {
                self.speaks(world, *peer, with.0, entry);
            }
            Seen::Shown(..) => {}
            Seen::Wrong(what) => self.finds(what.clone()),
        }
    }

    /// A node says something; what it says by itself nobody asked for, and it must arrive as anything else.
    fn speaks(&mut self, world: &World, peer: usize, to: AccountId, entry: &EntryView) {
        let Some(text) = altered::words(&entry.body) else { return };
        if shopkeeper::is_automatic(Some(&text)) && !self.said.contains_key(&entry.id) {
            let said = Said { from: peer, to, text, number: 0, at: world.now, lost: false };
            self.said.insert(entry.id, said);
            self.by_itself += 1;
        }
    }

    /// Notes a violation.
    pub fn finds(&mut self, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(what);
        }
    }

    /// A screen says that a message is stored: then two of the recipient's mailboxes have said so, or all that there
    /// are. That each word was true when it was said is seen where it leaves the mailbox.
    fn stored(&mut self, world: &World, peer: usize, account: &AccountId, seq: u64) {
        let safe = world.peers[peer].disk.safe();
        let rows = Reader::new(&safe);
        let Some(contact) = rows.row(&CONTACTS, account.as_bytes()) else { return };
        let known = boxes::of(&rows, account);
        let is_backed = contact.devices().any(|device| {
            let row = rows.get(&OUTBOX, &OUTBOX.key_at(device.as_bytes(), seq));
            let Some(sealed) = row.and_then(|row| row.frame.clone()) else { return false };
            let at: BTreeSet<&PeerKey> = known.pairs(&device).iter().map(|pair| pair.at.peer()).collect();
            world.mail.keepers(&sealed.frame) >= mail_limits::STORED_WORDS.min(at.len().max(1))
        });
        if !is_backed {
            self.finds(format!("node {peer} was shown as stored what too few mailboxes of {account} took"));
        }
    }

    /// A screen says that messages were delivered or read: then some device of theirs has them, safely.
    fn backed(&mut self, world: &World, peer: usize, account: &AccountId, seq: u64, state: State) {
        let safe = world.peers[peer].disk.safe();
        let Some(contact) = Reader::new(&safe).row(&CONTACTS, account.as_bytes()) else { return };
        let device = || world.peers[peer].device_towards(&contact.own);
        let device = *self.devices.entry((peer, contact.own)).or_insert_with(device);
        if !self.homes.contains_key(account) {
            (0..world.peers.len()).for_each(|peer| self.settles(world, peer));
        }
        let reaches = |filed: u64, read: u64| if state == State::Read { read >= seq } else { filed >= seq };
        let lost = self.had.get(&(*account, device)).is_some_and(|(filed, read)| reaches(*filed, *read));
        let homes = self.homes.get(account).map_or(&[][..], Vec::as_slice);
        let has = |home: usize| {
            let safe = world.peers[home].disk.safe();
            let rows = Reader::new(&safe);
            let Some(incoming) = rows.row(&INCOMING, device.as_bytes()) else { return false };
            let holes = || rows.scan(&MISSING, &MISSING.of(device.as_bytes()).until(seq + 1).limit(1));
            reaches(incoming.filed, incoming.read) && (incoming.missing == 0 || holes().is_empty())
        };
        if !lost && !homes.iter().any(|(home, _)| has(*home)) {
            self.finds(format!(
                "node {peer} was shown {state:?} up to {seq}, which no device of {account} has"
            ));
        }
    }
}
