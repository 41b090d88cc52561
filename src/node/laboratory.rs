//! What a laboratory may do to a node of its own, and nobody to any other: set its clock, part it from peers, count what it asks.

use tokio::sync::watch;

use crate::net::meter::Meter;
use crate::net::place;
use crate::node::clock::Clock;
use crate::wire::peer::PeerKey;

/// The strings that a laboratory has on a node. They exist only where [`crate::node::handle::Node::open_in`] was given
/// them: no configuration file and no option of `sigillo run` makes them.
#[derive(Clone, Debug)]
pub struct Laboratory {
    clock: Clock,
    barred: watch::Sender<Vec<PeerKey>>,
    meter: Option<Meter>,
}

impl Default for Laboratory {
    fn default() -> Self {
        Self { clock: Clock::default(), barred: watch::Sender::new(Vec::new()), meter: None }
    }
}

impl Laboratory {
    /// One that counts what its node asks of the directory.
    pub fn metered(meter: Meter) -> Self {
        Self { meter: Some(meter), ..Self::default() }
    }

    /// What counts.
    pub(super) fn meter(&self) -> Option<Meter> {
        self.meter.clone()
    }

    /// The clock that its node goes by.
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whom its node is parted from, as that changes.
    pub(super) fn barred(&self) -> watch::Receiver<Vec<PeerKey>> {
        self.barred.subscribe()
    }

    /// Sets the node's clock to so many milliseconds ahead of the machine's, or behind it. What falls due by that is
    /// decided with the node's next input, or within a minute; asking for its status is an input.
    pub fn set_clock(&self, ahead_millis: i64) {
        self.clock.set_ahead(ahead_millis);
    }

    /// Closes the node's connections with these peers (base58) and refuses others, until another list takes the place of
    /// this one. What isn't a peer id is left out.
    pub fn bar(&self, peers: &[String]) {
        self.barred.send_replace(peers.iter().filter_map(|peer| place::peer(peer)).collect());
    }
}
