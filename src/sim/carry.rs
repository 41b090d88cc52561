//! How the world carries out what a node wants done: on the network, in the directory.

use core::time::Duration;

use crate::base::id::RouteId;
use crate::base::limits;
use crate::base::mail_limits;
use crate::engine::effects::Effect;
use crate::engine::input::{Input, QueryId};
use crate::sim::bug::Bug;
use crate::sim::dht::COPIES;
use crate::sim::world::{Seen, What, World};
use crate::wire::origin::Prefix;
use crate::wire::peer::{LinkId, PeerAddress};

/// How long a link takes to be up, in milliseconds, where frames take no time.
pub(super) const LINK_UP: u64 = 2;
/// How long the least work takes, in milliseconds; each bit more takes twice as long.
const WORK: u64 = 1;
/// First flights that are remembered, for a thief to send again.
const FLIGHTS_KEPT: usize = 64;
/// Bits of a question's number that name the asker, and the run in which it asked.
const ASKER_BITS: u32 = 20;
const RUN_BITS: u32 = 16;
/// The asker that is none of the nodes: nobody waits for an answer.
pub(super) const NOBODY: u64 = (1 << ASKER_BITS) - 1;

impl World {
    /// Carries out what a node wants done.
    pub(super) fn carry(&mut self, from: usize, effect: Effect) {
        match effect {
            Effect::Connect(at) => self.connect(from, &at),
            Effect::Send { .. } if self.peers[from].bug == Some(Bug::Mute) => {}
            Effect::Send { link, frames } => self.send(from, link, frames),
            Effect::Take { link, upto } => self.answer(link, Input::Taken { link, upto }),
            Effect::Refuse { link, number } => self.answer(link, Input::Refused { link, number }),
            Effect::GetRecord { query, key } => self.get_record(from, query, key),
            Effect::PutRecord { query, key, value, .. } => self.put_record(from, query, &key, &value),
            Effect::ClosestPeers { query, key } => {
                let peers = self.closest(from, &key).into_iter();
                let peers = peers.filter_map(|peer| self.address(peer)).collect();
                self.later(from, LINK_UP, Input::Closest { query, peers });
            }
            Effect::Keep { key, value, expires_in } => {
                let until = self.now.plus(expires_in);
                self.dht.keep(from, key, value, until);
            }
            Effect::Ask { query, peer, body } => self.question(from, query, &peer, body),
            Effect::Answer { ask, body } => self.answer_question(ask, body),
            Effect::Work { query, puzzle } => {
                self.puzzles += 1;
                let wait = WORK << puzzle.bits().saturating_sub(mail_limits::WORK_LEAST);
                self.later(from, wait, Input::Worked { query, work: puzzle.solve() });
            }
            Effect::Channel(order) => self.channel(from, order),
            Effect::File(order) => self.file_order(from, order),
            Effect::KeepPlace { peer, life } => {
                let until = self.now.plus(life);
                self.places.insert((from, peer), until);
            }
            Effect::Reply { .. } | Effect::Show(_) => {}
        }
    }

    fn closest(&self, from: usize, key: &[u8; 32]) -> Vec<usize> {
        self.dht.closest(key, |peer| self.peers[peer].on && !self.network.apart(from, peer))
    }

    fn address(&self, peer: usize) -> Option<PeerAddress> {
        let node = &self.peers[peer];
        PeerAddress::new(node.key.clone(), vec![format!("/memory/{}", node.starts)]).ok()
    }

    fn get_record(&mut self, from: usize, query: QueryId, key: [u8; 32]) {
        let mut asked = self.closest(from, &key);
        let peers_asked = u32::try_from(asked.len()).unwrap_or(COPIES as u32);
        asked.push(from);
        let mut values: Vec<Vec<u8>> = Vec::new();
        for value in asked.into_iter().filter_map(|peer| self.dht.at(peer, &key, self.now)) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let wait = LINK_UP + 2 * self.network.hop(&mut self.rng);
        self.later(from, wait, Input::GotRecords { query, values, peers_asked });
    }

    fn put_record(&mut self, from: usize, query: QueryId, key: &[u8; 32], value: &[u8]) {
        let keepers = self.closest(from, key);
        let peers_asked = u32::try_from(keepers.len()).unwrap_or(COPIES as u32);
        for keeper in keepers {
            let offer = Input::RecordOffered { key: key.to_vec(), value: value.to_vec() };
            self.later(keeper, 1, offer);
        }
        self.later(from, LINK_UP, Input::PutDone { query, peers_asked });
    }

    fn connect(&mut self, from: usize, at: &PeerAddress) {
        let peer = at.peer().clone();
        let to = self.find(&peer).filter(|to| self.peers[*to].on && !self.network.apart(from, *to));
        let Some(to) = to else {
            *self.vain.entry((from, peer.clone())).or_default() += 1;
            let wait = LINK_UP + self.network.some_notice(&mut self.rng) / 4;
            return self.later(from, wait, Input::Unreachable(peer));
        };
        let link = self.network.open(from, to, self.now, &mut self.rng);
        let key = self.peers[from].key.clone();
        let wait = self.network.delay.0.max(LINK_UP);
        self.later(to, wait, Input::PeerConnected(key));
        self.later(from, wait, Input::LinkUp { link, peer });
    }

    /// Carries frames, in the way that this world's faults allow. Numbers stay true to what was sent.
    fn send(&mut self, from: usize, link: LinkId, frames: Vec<Vec<u8>>) {
        for frame in &frames {
            if !self.nonces.leaves(frame.get(RouteId::LEN..).unwrap_or_default()) {
                self.seen.push(Seen::Wrong(format!("node {from} sealed two texts under one key and nonce")));
            }
        }
        let Some((to, first)) = self.network.number(link, from, frames.len()) else { return };
        let rough = self.peers[from].rough || self.peers[to].rough;
        let faults = if rough { self.faults } else { Default::default() };
        if self.rng.chance(faults.broken) {
            self.count("links broken");
            return self.break_link(link);
        }
        self.keep_sent(from, to, &frames);
        let peer = self.peers[from].key.clone();
        let at = self.network.arrival(link, self.now);
        if faults.repeated == 0 && faults.reordered == 0 {
            return self.put_at(at, to, What::Input(Input::Frames { link, peer, first, frames }));
        }
        for (number, frame) in (first..).zip(frames) {
            let again = self.rng.chance(faults.repeated);
            for copy in 0..1 + u64::from(again) {
                let late = if self.rng.chance(faults.reordered) { self.rng.below(50) } else { 0 };
                for (fault, happens) in [("frames repeated", copy > 0), ("frames late", late > 0)] {
                    if happens {
                        self.count(fault);
                    }
                }
                let input =
                    Input::Frames { link, peer: peer.clone(), first: number, frames: vec![frame.clone()] };
                let at = at.plus(core::time::Duration::from_millis(late));
                self.put_at(at, to, What::Input(input));
            }
        }
    }

    fn keep_sent(&mut self, from: usize, to: usize, frames: &[Vec<u8>]) {
        let is_flight = |frame: &&Vec<u8>| frame.len() == RouteId::LEN + limits::FIRST_FLIGHT_LEN;
        if !self.watched {
            self.sent.extend(frames.iter().map(|frame| (from, to, frame.clone())));
        }
        for frame in frames.iter().filter(is_flight) {
            if self.flights.len() == FLIGHTS_KEPT {
                self.flights.remove(0);
            }
            self.flights.push((to, frame.clone()));
        }
    }

    pub(super) fn answer(&mut self, link: LinkId, input: Input) {
        let wait = LINK_UP + self.network.hop(&mut self.rng);
        let at = self.now.plus(Duration::from_millis(wait));
        if let Some((from, at)) = self.network.word(link, at) {
            self.put_at(at, from, What::Input(input));
        }
    }

    /// The number of a question names its asker, so that the answer finds back.
    fn question(&mut self, from: usize, query: QueryId, peer: &PeerAddress, body: Vec<u8>) {
        let to = self.find(peer.peer()).filter(|to| self.peers[*to].on && !self.network.parts(from, *to));
        let Some(to) = to.filter(|_| query < 1 << (u64::BITS - ASKER_BITS - RUN_BITS)) else {
            let wait = LINK_UP + self.network.some_notice(&mut self.rng) / 4;
            return self.later(from, wait, Input::Answered { query, body: None });
        };
        let run = self.peers[from].starts & ((1 << RUN_BITS) - 1);
        let ask = (query << RUN_BITS | run) << ASKER_BITS | from as u64;
        let peer = self.peers[from].key.clone();
        let wait = LINK_UP + self.network.hop(&mut self.rng);
        self.later(to, wait, Input::Asked { ask, peer, from: prefix_of(from), body });
    }

    fn answer_question(&mut self, ask: u64, body: Vec<u8>) {
        let asker = usize::try_from(ask & NOBODY).unwrap_or(usize::MAX);
        let (run, query) = (ask >> ASKER_BITS & ((1 << RUN_BITS) - 1), ask >> (ASKER_BITS + RUN_BITS));
        let asks_still =
            |peer: &&crate::sim::peer::Peer| peer.on && peer.starts & ((1 << RUN_BITS) - 1) == run;
        if self.peers.get(asker).filter(asks_still).is_some() {
            let wait = LINK_UP + self.network.hop(&mut self.rng);
            self.later(asker, wait, Input::Answered { query, body: Some(body) });
        }
    }
}

/// Every node has a network of its own.
pub(super) fn prefix_of(node: usize) -> Option<Prefix> {
    let [.., a, b, c] = node.to_be_bytes();
    Some(Prefix::V4([a, b, c]))
}
