//! Peers that a relay keeps places for, where its places are for those who pay.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

/// Until when the relay keeps a place for whom. Shared between the network, which is told, and the relay, which asks.
#[derive(Clone, Default)]
pub(crate) struct Guests(Arc<Mutex<BTreeMap<PeerId, Instant>>>);

impl Guests {
    /// Keeps a place for a peer from now on, for so long.
    pub(crate) fn keep(&self, peer: PeerId, life: Duration, now: Instant) {
        let mut guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guests.retain(|_, until| *until > now);
        // A place that lasts longer than the clock can count to lasts until the next start.
        if let Some(until) = now.checked_add(life) {
            guests.insert(peer, until);
        }
    }

    /// Whether a place is kept for the peer now.
    pub(crate) fn has(&self, peer: &PeerId, now: Instant) -> bool {
        let guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guests.get(peer).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_for_as_long_as_was_said_and_for_nobody_else() {
        let (guests, now) = (Guests::default(), Instant::now());
        let (one, other) = (PeerId::random(), PeerId::random());
        guests.keep(one, Duration::from_secs(10), now);
        assert!(guests.has(&one, now) && !guests.has(&other, now));
        let later = now + Duration::from_secs(10);
        assert!(!guests.has(&one, later));
        guests.keep(one, Duration::from_secs(1), later);
        assert!(guests.has(&one, later));
    }
}
