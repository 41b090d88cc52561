//! Finding the first peers: through known nodes and neighbours, again and again but ever more rarely.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::convert::bare;
use super::spot::Spot;
use crate::base::limits::{NEIGHBOURS_MAX, RETRY_FIRST, RETRY_LAST};
use crate::base::time::spread;

/// Whom to dial when nobody is known.
pub(crate) struct Join {
    seeds: Vec<(Option<PeerId>, Multiaddr)>,
    neighbours: BTreeMap<PeerId, Vec<Multiaddr>>,
    pause: Duration,
    due: Option<Instant>,
    attempts: u32,
}

impl Join {
    /// Begins at once, if there are seeds.
    pub(crate) fn new(seeds: &[Multiaddr]) -> Self {
        let read = |address: &Multiaddr| Some((Spot::read(address)?.1, bare(address)));
        let seeds: Vec<_> = seeds.iter().filter_map(read).collect();
        let due = (!seeds.is_empty()).then(Instant::now);
        Self { seeds, neighbours: BTreeMap::new(), pause: RETRY_FIRST, due, attempts: 0 }
    }

    /// When the next attempt is due.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Makes an attempt, and plans the next.
    pub(crate) fn attempt(&mut self) -> Vec<DialOpts> {
        self.due = Some(self.after_a_pause());
        self.pause = (self.pause * 2).min(RETRY_LAST);
        // From the port that we listen on, so that seeds see where others may reach us through a NAT; but two seeds
        // that dial each other so may meet in the middle, and must try otherwise.
        let own_port = self.attempts.is_multiple_of(2);
        self.attempts = self.attempts.wrapping_add(1);
        self.dials(own_port)
    }

    /// Dials once more whoever isn't connected, as in another network.
    pub(crate) fn again(&self) -> Vec<DialOpts> {
        self.dials(true)
    }

    fn dials(&self, own_port: bool) -> Vec<DialOpts> {
        let seeds = self.seeds.iter().map(|(peer, address)| match (peer, own_port) {
            (Some(peer), _) => dial(*peer, vec![address.clone()], own_port),
            (None, true) => DialOpts::unknown_peer_id().address(address.clone()).build(),
            (None, false) => DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build(),
        });
        let neighbours =
            self.neighbours.iter().map(|(peer, addresses)| dial(*peer, addresses.clone(), false));
        seeds.chain(neighbours).collect()
    }

    /// Somebody is in the routing table: no more attempts.
    pub(crate) fn joined(&mut self) {
        self.due = None;
        self.pause = RETRY_FIRST;
    }

    /// Nobody in the routing table answers: attempts begin again.
    pub(crate) fn lost(&mut self) {
        if self.due.is_none() && !(self.seeds.is_empty() && self.neighbours.is_empty()) {
            self.due = Some(self.after_a_pause());
        }
    }

    /// Everybody loses a node that stops in the same moment, and some have nobody else to begin with.
    fn after_a_pause(&self) -> Instant {
        // Without random numbers it is the pause itself.
        Instant::now() + spread(self.pause, getrandom::u32().unwrap_or_default())
    }

    /// Remembers a neighbour; what comes back dials it.
    pub(crate) fn neighbour(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) -> Option<DialOpts> {
        let room = self.neighbours.len() < NEIGHBOURS_MAX || self.neighbours.contains_key(&peer);
        if !room || addresses.is_empty() {
            return None;
        }
        self.neighbours.insert(peer, addresses.clone());
        Some(dial(peer, addresses, false))
    }

    /// Forgets a neighbour.
    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.neighbours.remove(peer);
    }
}

fn dial(peer: PeerId, addresses: Vec<Multiaddr>, own_port: bool) -> DialOpts {
    let opts = DialOpts::peer_id(peer).condition(PeerCondition::DisconnectedAndNotDialing);
    if own_port {
        opts.addresses(addresses).build()
    } else {
        opts.allocate_new_port().addresses(addresses).build()
    }
}
