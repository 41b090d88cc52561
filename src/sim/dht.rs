//! The simulated directory: records lie at the nodes closest to their keys, and are gone when those are.

use std::collections::BTreeMap;

use crate::base::time::Time;
use crate::crypto::hash::sha256;
use crate::wire::peer::PeerKey;

/// At how many nodes a record lies.
pub(super) const COPIES: usize = 20;

/// Records by their key, and until when they are kept.
type Records = BTreeMap<[u8; 32], (Vec<u8>, Time)>;

/// What the nodes keep for the directory, and where they stand in it.
#[derive(Debug, Default)]
pub(super) struct Dht {
    places: Vec<[u8; 32]>,
    kept: BTreeMap<usize, Records>,
}

impl Dht {
    /// A node comes into the world.
    pub(super) fn join(&mut self, key: &PeerKey) {
        self.places.push(sha256(&[key.as_bytes()]));
    }

    /// The nodes that are closest to a key, of those that `can_serve` says.
    pub(super) fn closest(&self, key: &[u8; 32], can_serve: impl Fn(usize) -> bool) -> Vec<usize> {
        let distance = |place: &[u8; 32]| -> [u8; 32] { core::array::from_fn(|at| place[at] ^ key[at]) };
        let able = self.places.iter().enumerate().filter(|(peer, _)| can_serve(*peer));
        let mut by_distance: Vec<_> = able.map(|(peer, place)| (distance(place), peer)).collect();
        if by_distance.len() > COPIES {
            by_distance.select_nth_unstable(COPIES);
            by_distance.truncate(COPIES);
        }
        by_distance.sort_unstable();
        by_distance.into_iter().map(|(_, peer)| peer).collect()
    }

    /// A node keeps a record from now on; its engine has found it good.
    pub(super) fn keep(&mut self, peer: usize, key: [u8; 32], value: Vec<u8>, until: Time) {
        self.kept.entry(peer).or_default().insert(key, (value, until));
    }

    /// What a node has under a key.
    pub(super) fn at(&self, peer: usize, key: &[u8; 32], now: Time) -> Option<&Vec<u8>> {
        let (value, until) = self.kept.get(&peer)?.get(key)?;
        (now < *until).then_some(value)
    }

    /// A node has stopped: it has nothing until its engine gives it back.
    pub(super) fn forget(&mut self, peer: usize) {
        self.kept.remove(&peer);
    }
}
