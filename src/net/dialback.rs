//! Dialling others back so that they learn whether they can be dialled: AutoNAT's server, with a guard.
//!
//! Who asks names the address. Without a guard, anybody could have us knock at the doors of our own private network.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use libp2p::autonat::v2::server;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::spot::{Range, Spot};

/// AutoNAT's server.
pub(crate) struct DialBack {
    inner: server::Behaviour,
    /// The range that addresses must have: loopback in a laboratory that has nothing else.
    range: Range,
    /// Dials that haven't been judged.
    dials: BTreeSet<ConnectionId>,
}

/// An address that we don't dial for others.
#[derive(Debug, thiserror::Error)]
#[error("not an address to be dialled back")]
struct Private;

impl DialBack {
    pub(crate) fn new(range: Range) -> Self {
        Self { inner: server::Behaviour::default(), range, dials: BTreeSet::new() }
    }

    fn allows(&self, address: &Multiaddr) -> bool {
        let ip = Spot::read(address).and_then(|(spot, _)| spot.ip());
        ip.is_some_and(|ip| Range::of(ip) == self.range)
    }
}

impl NetworkBehaviour for DialBack {
    type ConnectionHandler = <server::Behaviour as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = server::Event;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        _: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.dials.remove(&id) && !addresses.iter().all(|address| self.allows(address)) {
            return Err(ConnectionDenied::new(Private));
        }
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(id, peer, address, role, port_use)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        // One that another behaviour forbade was never judged here.
        if let FromSwarm::DialFailure(failed) = &event {
            self.dials.remove(&failed.connection_id);
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, id, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<server::Event, THandlerInEvent<Self>>> {
        let next = self.inner.poll(cx);
        if let Poll::Ready(ToSwarm::Dial { opts }) = &next {
            self.dials.insert(opts.connection_id());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(server: &mut DialBack, ours: bool, address: &str) -> bool {
        let id = ConnectionId::new_unchecked(7);
        if ours {
            server.dials.insert(id);
        }
        let address = address.parse().unwrap();
        server.handle_pending_outbound_connection(id, None, &[address], Endpoint::Dialer).is_ok()
    }

    #[test]
    fn nobody_has_us_dial_our_own_private_network() {
        let mut server = DialBack::new(Range::Global);
        assert!(judge(&mut server, true, "/ip4/9.9.9.9/tcp/1"));
        for inside in [
            "/ip4/192.168.1.1/tcp/80",
            "/ip4/127.0.0.1/tcp/80",
            "/ip6/fd00::1/tcp/1",
            "/dns4/a.example/tcp/1",
        ] {
            assert!(!judge(&mut server, true, inside), "{inside}");
        }
        assert!(
            judge(&mut server, false, "/ip4/192.168.1.1/tcp/80"),
            "a dial of ours is none of its business"
        );
    }
}
