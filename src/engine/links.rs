//! Soft state about the network: which peers are up, what is under way on each link.
//!
//! It is lost in a crash for nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::wire::account::LogHead;
use crate::wire::peer::{LinkId, PeerAddress, PeerKey};

/// Frames of the window that contents leave free, for an acknowledgement, a greeting, and a question and an answer
/// about logs.
const CONTROL_ROOM: usize = 4;

/// What was sent on a link and not yet taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// A content that must arrive.
    Content {
        /// At which device.
        device: DeviceId,
        /// Which one.
        seq: u64,
    },
    /// An acknowledgement, and how things stood in it.
    Ack {
        /// To which device.
        device: DeviceId,
        /// See [`crate::domain::chat::incoming::Incoming::now`].
        told: (u64, u64, u32, u32),
    },
    /// Where we are.
    Greeting {
        /// Whom it was told.
        device: DeviceId,
    },
    /// Nothing that needs a word: the other side refused it.
    Refused,
}

/// The frames of one outgoing link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: LinkId,
    /// The number of the first frame in flight.
    first: u64,
    in_flight: VecDeque<Item>,
}

/// One peer of the transport.
#[derive(Debug, Default)]
struct Peer {
    connected: bool,
    connecting: bool,
    link: Option<Link>,
    /// Contacts that have a device there.
    contacts: BTreeSet<AccountId>,
}

/// How far one device of a contact was served on the link that is up.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The next sequence number to be sent on this link.
    pub(super) next: u64,
    /// It is owed an acknowledgement.
    pub(super) ack_due: bool,
    /// It is to be told where we are.
    pub(super) greeting_due: bool,
    /// It is to be asked for what follows the pinned head of its log, because this number is claimed.
    pub(super) log_wanted: Option<u64>,
    /// It was, on this link.
    pub(super) log_asked: Option<u64>,
    /// It asked what follows this head of ours.
    pub(super) log_owed: Option<LogHead>,
    /// What is missing of it and is to be asked for.
    pub(super) missing: Option<(u64, u64)>,
    /// It was asked for that, on this link.
    pub(super) missing_asked: bool,
    /// Its prekeys were looked for, and not again before the next attempt falls due.
    pub(super) sought: bool,
    /// How many frames came in a row on another session than the one that is sent on.
    pub(super) apart: u32,
    /// The peer it was last served at.
    pub(super) peer: Option<PeerKey>,
}

/// All soft state about peers.
#[derive(Debug, Default)]
pub(super) struct Links {
    peers: BTreeMap<PeerKey, Peer>,
    by_id: BTreeMap<LinkId, PeerKey>,
    lines: BTreeMap<DeviceId, Line>,
    /// Contacts for whom something may be sent at the end of the group.
    dirty: BTreeSet<AccountId>,
    /// Incoming frames to be taken at the end of the group.
    taken: BTreeMap<LinkId, u64>,
}

impl Links {
    pub(super) fn line(&mut self, device: &DeviceId) -> &mut Line {
        self.lines.entry(*device).or_default()
    }

    /// Nothing of a device is known any more.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.lines.remove(device);
    }

    pub(super) fn mark_dirty(&mut self, contact: AccountId) {
        self.dirty.insert(contact);
    }

    /// A contact has another account now.
    pub(super) fn rename(&mut self, old: AccountId, new: AccountId) {
        let all = self.peers.values_mut().map(|peer| &mut peer.contacts);
        for contacts in all.chain([&mut self.dirty]) {
            if contacts.remove(&old) {
                contacts.insert(new);
            }
        }
    }

    pub(super) fn take_dirty(&mut self) -> BTreeSet<AccountId> {
        core::mem::take(&mut self.dirty)
    }

    pub(super) fn take_incoming(&mut self, link: LinkId, upto: u64) {
        let taken = self.taken.entry(link).or_default();
        *taken = upto.max(*taken);
    }

    pub(super) fn taken_incoming(&mut self) -> BTreeMap<LinkId, u64> {
        core::mem::take(&mut self.taken)
    }

    /// How many peers are connected.
    pub(super) fn connected(&self) -> usize {
        self.peers.values().filter(|peer| peer.connected).count()
    }

    /// The link to a peer, or the wish to have one: `true` where it has to be opened now.
    pub(super) fn link(&mut self, at: &PeerAddress, contact: AccountId) -> Result<&mut Link, bool> {
        let peer = self.peers.entry(at.peer().clone()).or_default();
        peer.contacts.insert(contact);
        let open = !peer.connecting;
        match &mut peer.link {
            Some(link) => Ok(link),
            None => {
                peer.connecting = true;
                Err(open)
            }
        }
    }

    /// A contact has a device at a peer, whether anything is to go there or not.
    pub(super) fn note(&mut self, peer: &PeerKey, contact: AccountId) {
        self.peers.entry(peer.clone()).or_default().contacts.insert(contact);
    }

    pub(super) fn connected_to(&mut self, peer: PeerKey) {
        let peer = self.peers.entry(peer).or_default();
        peer.connected = true;
        self.dirty.extend(peer.contacts.iter().copied());
    }

    pub(super) fn gone(&mut self, key: &PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.connected = false;
            peer.connecting = false;
            let link = peer.link.take();
            if peer.contacts.is_empty() {
                self.peers.remove(key);
            }
            if let Some(link) = link {
                self.by_id.remove(&link.id);
                self.begin_anew(key);
            }
        }
    }

    /// Whatever isn't settled at a peer is to be sent again: what was under way on its link may be lost.
    fn begin_anew(&mut self, key: &PeerKey) {
        for line in self.lines.values_mut().filter(|line| line.peer.as_ref() == Some(key)) {
            line.next = 0;
            line.log_wanted = line.log_wanted.max(line.log_asked.take());
            (line.missing_asked, line.sought) = (false, false);
        }
    }

    /// A link is up: everything that is unsettled there is sent anew.
    pub(super) fn up(&mut self, id: LinkId, key: PeerKey) {
        let peer = self.peers.entry(key.clone()).or_default();
        peer.connecting = false;
        if let Some(old) = peer.link.replace(Link { id, first: 0, in_flight: VecDeque::new() }) {
            self.by_id.remove(&old.id);
        }
        self.dirty.extend(peer.contacts.iter().copied());
        self.begin_anew(&key);
        self.by_id.insert(id, key);
    }

    pub(super) fn down(&mut self, id: LinkId) -> Option<PeerKey> {
        let key = self.by_id.remove(&id)?;
        let peer = self.peers.get_mut(&key)?;
        if peer.link.as_ref().is_some_and(|link| link.id == id) {
            peer.link = None;
            self.begin_anew(&key);
        }
        Some(key)
    }

    /// Whether there is a link to a peer.
    pub(super) fn is_linked(&self, peer: &PeerKey) -> bool {
        self.peers.get(peer).is_some_and(|peer| peer.link.is_some())
    }

    /// Whether there is a link to the peer at which a device was served last.
    pub(super) fn is_linked_to(&self, device: &DeviceId) -> bool {
        let peer = self.lines.get(device).and_then(|line| line.peer.as_ref());
        peer.is_some_and(|peer| self.is_linked(peer))
    }

    /// Whether a device was asked for what is missing of it, on the link that it was served on last.
    pub(super) fn has_asked(&self, device: &DeviceId) -> bool {
        self.lines.get(device).is_some_and(|line| line.missing_asked)
    }

    pub(super) fn is_up(&self, id: LinkId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn unreachable(&mut self, key: &PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.connecting = false;
        }
    }

    /// Contacts that have a device at the peer.
    pub(super) fn contacts_at(&self, key: &PeerKey) -> Vec<AccountId> {
        self.peers.get(key).map(|peer| peer.contacts.iter().copied().collect()).unwrap_or_default()
    }

    /// What the other side took, in the order it was sent; nothing for numbers that were never sent.
    pub(super) fn settle(&mut self, id: LinkId, upto: u64) -> (Vec<Item>, Vec<AccountId>) {
        let Some(peer) = self.by_id.get(&id).and_then(|key| self.peers.get_mut(key)) else {
            return (Vec::new(), Vec::new());
        };
        let Some(link) = peer.link.as_mut().filter(|link| link.id == id) else {
            return (Vec::new(), Vec::new());
        };
        let count = usize::try_from(upto.saturating_sub(link.first)).unwrap_or(usize::MAX);
        let count = count.min(link.in_flight.len());
        let was_full = link.room() == 0;
        link.first += count as u64;
        let items = link.in_flight.drain(..count).collect();
        let waiting = if was_full { peer.contacts.iter().copied().collect() } else { Vec::new() };
        (items, waiting)
    }

    /// Whether something has left on a link, and the other side hasn't taken or refused it.
    pub(super) fn is_under_way(&self, id: LinkId, item: &Item) -> bool {
        let peer = self.by_id.get(&id).and_then(|key| self.peers.get(key));
        let link = peer.and_then(|peer| peer.link.as_ref()).filter(|link| link.id == id);
        link.is_some_and(|link| link.in_flight.contains(item))
    }

    /// The item that the other side can't use.
    pub(super) fn refuse(&mut self, id: LinkId, number: u64) -> Option<Item> {
        let peer = self.peers.get_mut(self.by_id.get(&id)?)?;
        let link = peer.link.as_mut().filter(|link| link.id == id)?;
        let index = usize::try_from(number.checked_sub(link.first)?).ok()?;
        let item = link.in_flight.get_mut(index)?;
        Some(core::mem::replace(item, Item::Refused))
    }
}

impl Line {
    /// Its log is known up to this number: nothing up to there needs to be asked for.
    pub(super) fn log_known(&mut self, head: u64) {
        self.log_wanted = self.log_wanted.filter(|claimed| *claimed > head);
        self.log_asked = self.log_asked.filter(|claimed| *claimed > head);
    }

    /// Whether it is to be told anything besides what must arrive.
    pub(super) const fn is_due(&self) -> bool {
        self.ack_due
            || self.greeting_due
            || self.log_wanted.is_some()
            || self.log_owed.is_some()
            || self.missing.is_some()
    }
}

impl Link {
    /// How many more contents may be sent before some are taken.
    pub(super) fn room(&self) -> usize {
        limits::FLIGHT_WINDOW.saturating_sub(self.in_flight.len() + CONTROL_ROOM)
    }

    /// Whether an acknowledgement and a greeting may be sent now, however many contents wait.
    pub(super) fn has_control_room(&self) -> bool {
        self.in_flight.len() + CONTROL_ROOM <= limits::FLIGHT_WINDOW
    }

    /// A frame is on its way.
    pub(super) fn sent(&mut self, item: Item) {
        self.in_flight.push_back(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> PeerAddress {
        PeerAddress::new(PeerKey::new(vec![1; 38]).unwrap(), Vec::new()).unwrap()
    }

    const CONTACT: AccountId = AccountId::new([1; 32]);
    const DEVICE: DeviceId = DeviceId::new([2; 32]);

    #[test]
    fn a_peer_is_connected_to_once_however_often_it_is_wanted() {
        let mut links = Links::default();
        assert_eq!(links.link(&at(), CONTACT).err(), Some(true));
        assert_eq!(links.link(&at(), CONTACT).err(), Some(false));
        links.unreachable(at().peer());
        assert_eq!(links.link(&at(), CONTACT).err(), Some(true));
    }

    #[test]
    fn what_was_sent_on_a_link_that_is_gone_is_to_be_sent_anew_whoever_says_that_it_is_gone() {
        let lost: [fn(&mut Links, LinkId); 2] =
            [|links, id| drop(links.down(id)), |links, _| links.gone(at().peer())];
        for lose in lost {
            let mut links = Links::default();
            let _ = links.link(&at(), CONTACT);
            links.up(LinkId::new(7), at().peer().clone());
            *links.line(&DEVICE) = Line { next: 5, peer: Some(at().peer().clone()), ..Line::default() };
            lose(&mut links, LinkId::new(7));
            assert_eq!(links.line(&DEVICE).next, 0, "a look at what is left finds it");
        }
    }

    #[test]
    fn what_is_taken_settles_in_order_and_never_more_than_was_sent() {
        let mut links = Links::default();
        let _ = links.link(&at(), CONTACT);
        let id = LinkId::new(7);
        links.up(id, at().peer().clone());
        for seq in 1..=3 {
            links.link(&at(), CONTACT).unwrap().sent(Item::Content { device: DEVICE, seq });
        }
        assert_eq!(links.refuse(id, 1), Some(Item::Content { device: DEVICE, seq: 2 }));
        assert_eq!(links.refuse(id, 9), None);
        let (items, _) = links.settle(id, 2);
        assert_eq!(items, [Item::Content { device: DEVICE, seq: 1 }, Item::Refused]);
        assert_eq!(links.settle(id, u64::MAX).0.len(), 1);
        assert!(links.settle(id, 1).0.is_empty());
        assert!(links.settle(LinkId::new(9), 5).0.is_empty());
    }
}
