//! Keeps from a behaviour the candidate addresses that are of no use to it, and more of them than it should hold.
//!
//! AutoNAT and DCUtR take every address at which any peer says it sees us. A neighbour sees a private address, which
//! spoils a punch from outside; a hostile peer says a new one every second.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use super::spot::{Range, Spot, ip_of};
use crate::base::limits::CANDIDATES_MAX;

/// A behaviour that hears of few candidates.
pub(crate) struct Sieve<B> {
    inner: B,
    /// The range that candidates must have: loopback in a laboratory that has nothing else.
    range: Range,
    passed: BTreeSet<Multiaddr>,
}

impl<B> Sieve<B> {
    pub(crate) const fn new(inner: B, range: Range) -> Self {
        Self { inner, range, passed: BTreeSet::new() }
    }

    fn passes(&mut self, address: &Multiaddr) -> bool {
        let fits =
            Spot::read(address).is_some() && ip_of(address).is_some_and(|ip| Range::of(ip) == self.range);
        if !fits || (self.passed.len() >= CANDIDATES_MAX && !self.passed.contains(address)) {
            return false;
        }
        self.passed.insert(address.clone());
        true
    }

    /// Another network: the candidates of the former one no longer count.
    pub(crate) fn forget(&mut self) {
        self.passed.clear();
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Sieve<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(id, local, remote)
    }

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
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(id, peer, addresses, role)
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
        if let FromSwarm::NewExternalAddrCandidate(candidate) = &event
            && !self.passes(candidate.addr)
        {
            return;
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, id, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<B::ToSwarm, THandlerInEvent<Self>>> {
        self.inner.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_few_addresses_of_the_range_pass() {
        let mut sieve = Sieve::new((), Range::Global);
        let mut passes = |text: &str| sieve.passes(&text.parse().unwrap());
        for bad in
            ["/ip4/192.168.1.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/dns4/a.example/tcp/1", "/ip4/9.9.9.9/udp/1"]
        {
            assert!(!passes(bad), "{bad}");
        }
        let passed = (1..=100).filter(|port| passes(&format!("/ip4/9.9.9.9/tcp/{port}"))).count();
        assert_eq!(passed, CANDIDATES_MAX);
        assert!(passes("/ip4/9.9.9.9/tcp/1"));
        sieve.forget();
        assert!(sieve.passes(&"/ip4/9.9.9.9/tcp/101".parse().unwrap()));
    }
}
