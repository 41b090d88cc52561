//! Finding the first peers: through known nodes and neighbours, again and again but ever more rarely.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::convert::bare;
use super::reach::Spot;
use crate::base::limits::{NEIGHBOURS_MAX, RETRY_FIRST, RETRY_LAST};

/// Whom to dial when nobody is known.
pub(crate) struct Join {
    seeds: Vec<(Option<PeerId>, Multiaddr)>,
    neighbours: BTreeMap<PeerId, Vec<Multiaddr>>,
    pause: Duration,
    due: Option<Instant>,
}

impl Join {
    /// Begins at once, if there are seeds.
    pub(crate) fn new(seeds: &[Multiaddr]) -> Self {
        let read = |address: &Multiaddr| Some((Spot::read(address)?.1, bare(address)));
        let seeds: Vec<_> = seeds.iter().filter_map(read).collect();
        let due = (!seeds.is_empty()).then(Instant::now);
        Self { seeds, neighbours: BTreeMap::new(), pause: RETRY_FIRST, due }
    }

    /// When the next attempt is due.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Makes an attempt, and plans the next.
    pub(crate) fn attempt(&mut self) -> Vec<DialOpts> {
        self.due = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(RETRY_LAST);
        let seeds = self.seeds.iter().map(|(peer, address)| match peer {
            Some(peer) => dial(*peer, vec![address.clone()]),
            None => DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build(),
        });
        let neighbours = self.neighbours.iter().map(|(peer, addresses)| dial(*peer, addresses.clone()));
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
            self.due = Some(Instant::now() + self.pause);
        }
    }

    /// Remembers a neighbour; what comes back dials it.
    pub(crate) fn neighbour(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) -> Option<DialOpts> {
        let room = self.neighbours.len() < NEIGHBOURS_MAX || self.neighbours.contains_key(&peer);
        if !room || addresses.is_empty() {
            return None;
        }
        self.neighbours.insert(peer, addresses.clone());
        Some(dial(peer, addresses))
    }

    /// Forgets a neighbour.
    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.neighbours.remove(peer);
    }
}

fn dial(peer: PeerId, addresses: Vec<Multiaddr>) -> DialOpts {
    let opts = DialOpts::peer_id(peer).condition(PeerCondition::DisconnectedAndNotDialing);
    opts.allocate_new_port().addresses(addresses).build()
}
