//! No network takes all the connections: while many are free, everybody is welcome; when they become few, a prefix
//! that has many already gets no more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::ConnectionEstablished;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::spot::Subnet;

/// The part of all inbound connections above which they are few.
const CROWDED: usize = 2;
/// The part of them that one prefix may have then. Whole towns sit behind one address, so it isn't small.
const SHARE: usize = 8;

/// Counts the connections that others opened, by /24 or /48.
pub(crate) struct Prefixes {
    max: usize,
    inbound: BTreeMap<ConnectionId, Option<Subnet>>,
}

/// A connection from a prefix that has many.
#[derive(Debug, thiserror::Error)]
#[error("many connections of this prefix, and few are left")]
struct Crowded;

impl Prefixes {
    /// For a node that takes so many inbound connections.
    pub(crate) fn new(max: u32) -> Self {
        Self { max: usize::try_from(max).unwrap_or(usize::MAX), inbound: BTreeMap::new() }
    }

    fn admits(&self, remote: &Multiaddr) -> bool {
        let Some(subnet) = Subnet::of(remote) else { return true };
        if self.inbound.len() < self.max / CROWDED {
            return true;
        }
        self.inbound.values().filter(|known| **known == Some(subnet)).count() < (self.max / SHARE).max(1)
    }
}

impl NetworkBehaviour for Prefixes {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.admits(remote) { Ok(()) } else { Err(ConnectionDenied::new(Crowded)) }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished { connection_id, endpoint, .. })
                if endpoint.is_listener() =>
            {
                self.inbound.insert(connection_id, Subnet::of(endpoint.get_remote_address()));
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.inbound.remove(&closed.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_bounded_only_when_connections_become_few() {
        let address = |text: &str| text.parse::<Multiaddr>().unwrap();
        let mut prefixes = Prefixes::new(64);
        let mut next = 0;
        let mut take = |prefixes: &mut Prefixes, from: &str| {
            let remote = address(from);
            if prefixes.admits(&remote) {
                next += 1;
                prefixes.inbound.insert(ConnectionId::new_unchecked(next), Subnet::of(&remote));
            }
        };
        (0..100).for_each(|host| take(&mut prefixes, &format!("/ip4/9.9.9.{host}/tcp/1")));
        assert_eq!(prefixes.inbound.len(), 32, "half of all");
        (0..100).for_each(|host| take(&mut prefixes, &format!("/ip4/8.8.8.{host}/tcp/1")));
        assert_eq!(prefixes.inbound.len(), 40, "and an eighth for the next");
        assert!(
            prefixes.admits(&address("/ip4/7.7.7.7/tcp/1"))
                && prefixes.admits(&address("/ip4/127.0.0.1/tcp/1"))
        );
    }
}
