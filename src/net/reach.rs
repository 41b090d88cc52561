//! Which addresses are worth dialling: of a known form, on a network that we are on, and not our own.
//!
//! Peers tell of addresses that mean something else here: the loopback address of their machine, a private
//! address of their home. Dialling one reaches a stranger or ourselves, and spoils the dial of the good ones.

use std::collections::BTreeSet;
use std::net::IpAddr;

use libp2p::{Multiaddr, PeerId};

use super::convert::{bare, texts};
use super::spot::{Circuit, Range, Spot, ip_of, is_loopback};
use crate::base::limits::{ADDRESS_LEN_MAX, ADDRESSES_MAX, CANDIDATES_MAX};

/// What we know of our own place on the network.
#[derive(Default)]
pub(crate) struct Reach {
    listening: Vec<Multiaddr>,
    /// What the operator says leads here.
    external: Vec<Multiaddr>,
    /// What a router says that it forwards to us.
    mapped: BTreeSet<Multiaddr>,
    /// Where somebody else dialled us to see whether it works.
    confirmed: BTreeSet<Multiaddr>,
    /// Through relays that keep a reservation for us.
    circuits: Vec<Multiaddr>,
    own: BTreeSet<Spot>,
    ranges: BTreeSet<Range>,
}

impl Reach {
    /// Knows these addresses of ours besides the ones listened on.
    pub(crate) fn new(external: Vec<Multiaddr>) -> Self {
        let mut reach = Self { external, ..Self::default() };
        reach.renew();
        reach
    }

    /// Adds an address that is listened on now. A circuit isn't one: what a relay says of its addresses is not to
    /// be believed.
    pub(crate) fn listen(&mut self, address: &Multiaddr) {
        if !self.listening.contains(address) && Spot::read(address).is_some() {
            self.listening.push(address.clone());
            self.moved(address);
        }
    }

    /// Removes an address that is listened on no more.
    pub(crate) fn expire(&mut self, address: &Multiaddr) {
        self.listening.retain(|known| known != address);
        self.moved(address);
    }

    /// Another network perhaps: what was found out about the former one's routers holds no longer.
    fn moved(&mut self, address: &Multiaddr) {
        self.renew();
        if !is_loopback(address) {
            let here: BTreeSet<_> = self.listening.iter().filter_map(ip_of).collect();
            self.confirmed.retain(|address| ip_of(address).is_some_and(|ip| here.contains(&ip)));
        }
    }

    fn renew(&mut self) {
        let all = self.listening.iter().chain(&self.external);
        self.own =
            all.filter_map(|address| Some(Spot::read(address)?.0)).filter(|spot| !spot.is_named()).collect();
        self.ranges = self.listening.iter().filter_map(ip_of).map(Range::of).collect();
    }

    /// Somebody dialled us there, and it worked.
    pub(crate) fn confirm(&mut self, address: &Multiaddr) {
        if self.confirmed.len() < CANDIDATES_MAX && Spot::read(address).is_some() {
            self.confirmed.insert(bare(address));
        }
    }

    /// The router forwards this address to us from now on, or no more.
    pub(crate) fn map(&mut self, address: &Multiaddr, mapped: bool) {
        if !mapped {
            self.mapped.remove(&bare(address));
        } else if self.mapped.len() < CANDIDATES_MAX {
            self.mapped.insert(bare(address));
        }
    }

    /// Nothing is known of a router any more.
    pub(crate) fn unmap(&mut self) {
        self.mapped.clear();
    }

    /// The circuits that lead to us now.
    pub(crate) fn set_circuits(&mut self, circuits: Vec<Multiaddr>) {
        self.circuits = circuits;
    }

    /// Whether anybody can dial us without a relay, as far as is known: the operator or the router says so, or an
    /// address of this machine itself was tried from outside. That one outside of it worked proves less: the one who
    /// tried may have been let in because we had dialled it.
    pub(crate) fn is_public(&self) -> bool {
        let range = if self.only_loopback() { Range::Loopback } else { Range::Global };
        !self.external.is_empty()
            || !self.mapped.is_empty()
            || self.confirmed.iter().filter_map(ip_of).any(|ip| self.has(ip) && Range::of(ip) == range)
    }

    /// Whether an interface of this machine has the IP address.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        self.listening.iter().any(|address| ip_of(address) == Some(ip))
    }

    /// The addresses that were tried from outside.
    pub(crate) fn confirmed(&self) -> Vec<String> {
        self.confirmed.iter().map(ToString::to_string).collect()
    }

    /// The addresses that a router forwards.
    pub(crate) fn mapped(&self) -> Vec<String> {
        self.mapped.iter().map(ToString::to_string).collect()
    }

    /// Our addresses for others, best first: what leads here from everywhere before a circuit, a circuit before
    /// private ones, QUIC before TCP; loopback ones only if there are no others.
    pub(crate) fn published(&self) -> Vec<String> {
        let carries = |range: Range| {
            let mut found: Vec<_> =
                self.listening.iter().filter(|a| ip_of(a).map(Range::of) == Some(range)).collect();
            found.sort_by_key(|address| Spot::read(address).is_some_and(|(spot, _)| !spot.is_quic()));
            found.into_iter().cloned().collect::<Vec<_>>()
        };
        let mut addresses = self.external.clone();
        addresses.extend(self.mapped.iter().cloned());
        addresses.extend(carries(Range::Global));
        let outside = |address: &&Multiaddr| ip_of(address).is_some_and(|ip| Range::of(ip) == Range::Global);
        addresses.extend(self.confirmed.iter().filter(outside).cloned());
        let private = self.ranges.iter().filter(|range| matches!(range, Range::Private(_)));
        let mut near: Vec<_> = private.flat_map(|range| carries(*range)).collect();
        if addresses.is_empty() && near.is_empty() {
            near = carries(Range::Loopback);
        }
        // Few addresses fit: one circuit is worth more than any private address, a second one less than some.
        addresses.extend(self.circuits.first().cloned());
        addresses.extend(near.iter().take(2).cloned());
        addresses.extend(self.circuits.iter().skip(1).cloned());
        addresses.extend(near.into_iter().skip(2));
        let mut seen = BTreeSet::new();
        addresses.retain(|address| seen.insert(address.clone()));
        texts(&addresses)
    }

    /// Whether all that we listen on is this machine's loopback, as in a laboratory.
    pub(crate) fn only_loopback(&self) -> bool {
        !self.ranges.is_empty() && self.ranges.iter().all(|range| *range == Range::Loopback)
    }

    /// The addresses to dial of those that a contact or a person gave us for a peer. Names and circuits are allowed;
    /// loopback only if nothing else is left.
    pub(crate) fn given(&self, peer: &PeerId, addresses: &[String]) -> Vec<Multiaddr> {
        let parsed = addresses.iter().filter_map(|text| text.parse().ok()).collect::<Vec<Multiaddr>>();
        let fit = self.fitting(peer, &parsed, true, true);
        if fit.iter().all(is_loopback) { fit } else { fit.into_iter().filter(|a| !is_loopback(a)).collect() }
    }

    /// The addresses to keep or dial of those that peers told us for a peer: IP addresses only, no circuits, and loopback
    /// ones only if `loopback` says that the teller, or anybody, is on this machine.
    pub(crate) fn told(&self, peer: &PeerId, addresses: &[Multiaddr], loopback: bool) -> Vec<Multiaddr> {
        self.fitting(peer, addresses, false, loopback)
    }

    fn fitting(&self, peer: &PeerId, addresses: &[Multiaddr], names: bool, loopback: bool) -> Vec<Multiaddr> {
        let mut seen = BTreeSet::new();
        let fit = addresses.iter().filter(|address| {
            if address.len() > ADDRESS_LEN_MAX {
                return false;
            }
            let circuit = if names { Circuit::read(address) } else { None };
            let (place, named) = match circuit {
                Some((circuit, _)) if circuit.relay == *peer => return false,
                Some((circuit, named)) => (Spot::read(&circuit.at).map(|(spot, _)| spot), named),
                None => Spot::read(address).map(|(spot, named)| (Some(spot), named)).unwrap_or_default(),
            };
            let Some(spot) = place else { return false };
            let carries = match spot.ip() {
                None => names,
                Some(ip) => self.carries(Range::of(ip), loopback),
            };
            carries
                && spot.port() != 0
                && named.is_none_or(|named| named == *peer)
                && !self.own.contains(&spot)
                && seen.insert(bare(address))
        });
        fit.map(bare).take(ADDRESSES_MAX).collect()
    }

    fn carries(&self, range: Range, loopback: bool) -> bool {
        match range {
            Range::Global => true,
            Range::Loopback => loopback,
            // Without a listener we don't know our networks, and may be on any.
            Range::Private(_) => self.listening.is_empty() || self.ranges.contains(&range),
            Range::Nowhere => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn told(reach: &Reach, text: &str, loopback: bool) -> bool {
        !reach.told(&PeerId::random(), &[address(text)], loopback).is_empty()
    }

    fn home() -> Reach {
        let mut reach = Reach::default();
        ["/ip4/127.0.0.1/tcp/4001", "/ip4/192.168.1.2/tcp/4001", "/ip4/192.168.1.2/udp/4001/quic-v1"]
            .iter()
            .for_each(|text| reach.listen(&address(text)));
        reach
    }

    #[test]
    fn told_addresses_that_mean_something_else_here_are_left_out() {
        let reach = home();
        assert!(told(&reach, "/ip4/8.8.8.8/tcp/1", false));
        assert!(told(&reach, "/ip4/192.168.1.7/udp/1/quic-v1", false));
        assert!(told(&reach, "/ip4/127.0.0.1/tcp/4002", true));
        for other in [
            "/ip4/127.0.0.1/tcp/4002",
            "/ip6/::1/tcp/4002",
            "/ip4/10.0.0.7/tcp/1",
            "/ip6/fd00::1/tcp/1",
            "/ip4/169.254.0.1/tcp/1",
            "/ip6/fe80::1/tcp/1",
            "/ip4/0.0.0.0/tcp/1",
            "/ip4/224.0.0.251/udp/1/quic-v1",
            "/ip6/::ffff:10.0.0.7/tcp/1",
            "/dns4/localhost/tcp/1",
            "/ip4/8.8.8.8/tcp/0",
            "/ip4/8.8.8.8/udp/1",
            "/ip4/8.8.8.8/tcp/1/ws",
            "/ip4/8.8.8.8/tcp/1/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb/p2p-circuit",
        ] {
            assert!(!told(&reach, other, false), "{other}");
        }
    }

    #[test]
    fn our_own_address_is_never_dialled() {
        let reach = home();
        assert!(!told(&reach, "/ip4/192.168.1.2/tcp/4001", true));
        assert!(!told(&reach, "/ip4/127.0.0.1/tcp/4001", true));
        assert!(told(&reach, "/ip4/192.168.1.2/tcp/4003", true));
        let mut moved = home();
        moved.expire(&address("/ip4/127.0.0.1/tcp/4001"));
        assert!(told(&moved, "/ip4/127.0.0.1/tcp/4001", true));
    }

    #[test]
    fn an_address_that_names_another_peer_is_left_out() {
        let (peer, other) = (PeerId::random(), PeerId::random());
        let of = |id: PeerId| address(&format!("/ip4/8.8.8.8/tcp/1/p2p/{id}"));
        let fit = Reach::default().told(&peer, &[of(other), of(peer), of(peer)], false);
        assert_eq!(fit, [address("/ip4/8.8.8.8/tcp/1")]);
    }

    #[test]
    fn a_given_loopback_address_is_used_only_when_there_is_nothing_else() {
        let reach = home();
        let (local, global) = ("/ip4/127.0.0.1/tcp/9".to_owned(), "/dns4/node.example/tcp/9".to_owned());
        let peer = PeerId::random();
        assert_eq!(reach.given(&peer, &[local.clone(), global.clone()]), [address(&global)]);
        assert_eq!(reach.given(&peer, std::slice::from_ref(&local)), [address(&local)]);
        assert!(reach.given(&peer, &["/nonsense".to_owned(), "/".to_owned()]).is_empty());
    }

    #[test]
    fn published_addresses_lead_with_what_reaches_furthest_and_leave_loopback_out() {
        let mut reach = Reach::new(vec![address("/dns4/node.example/tcp/4001")]);
        [
            "/ip4/127.0.0.1/tcp/4001",
            "/ip4/10.1.1.1/tcp/4001",
            "/ip4/9.9.9.9/tcp/1",
            "/ip4/9.9.9.9/udp/1/quic-v1",
        ]
        .iter()
        .for_each(|text| reach.listen(&address(text)));
        let expected = [
            "/dns4/node.example/tcp/4001",
            "/ip4/9.9.9.9/udp/1/quic-v1",
            "/ip4/9.9.9.9/tcp/1",
            "/ip4/10.1.1.1/tcp/4001",
        ];
        assert_eq!(reach.published(), expected);
        let mut lonely = Reach::default();
        lonely.listen(&address("/ip4/127.0.0.1/tcp/4001"));
        assert_eq!(
            (lonely.published(), lonely.only_loopback()),
            (vec!["/ip4/127.0.0.1/tcp/4001".to_owned()], true)
        );
    }

    #[test]
    fn a_circuit_that_was_given_is_dialled_and_one_that_was_told_is_not() {
        let (reach, peer, relay) = (home(), PeerId::random(), PeerId::random());
        let circuit = |at: &str, relay: PeerId| format!("{at}/p2p/{relay}/p2p-circuit");
        let good = circuit("/ip4/9.9.9.9/udp/1/quic-v1", relay);
        let to_peer = format!("{good}/p2p/{peer}");
        assert_eq!(reach.given(&peer, &[to_peer, good.clone()]), [address(&good)]);
        assert!(!told(&reach, &good, true));
        for bad in [
            circuit("/ip4/9.9.9.9/tcp/1", peer),
            circuit("/ip4/10.0.0.7/tcp/1", relay),
            circuit("/ip4/192.168.1.2/tcp/4001", relay),
            circuit("/ip4/9.9.9.9/tcp/0", relay),
            format!("{good}/p2p/{relay}"),
        ] {
            assert!(reach.given(&peer, std::slice::from_ref(&bad)).is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_circuit_is_published_before_private_addresses_and_never_as_one_that_is_listened_on() {
        let mut reach = home();
        let circuit = address(&format!("/ip4/9.9.9.9/tcp/1/p2p/{}/p2p-circuit", PeerId::random()));
        reach.listen(&circuit);
        assert!(!reach.published().contains(&circuit.to_string()));
        reach.set_circuits(vec![circuit.clone()]);
        let expected = [
            circuit.to_string(),
            "/ip4/192.168.1.2/udp/4001/quic-v1".into(),
            "/ip4/192.168.1.2/tcp/4001".into(),
        ];
        assert_eq!(reach.published(), expected);
        reach.set_circuits(Vec::new());
        assert_eq!(reach.published(), expected[1..]);
    }

    #[test]
    fn we_are_public_only_where_an_address_of_this_machine_was_tried_or_a_router_forwards_one() {
        let mut reach = home();
        reach.confirm(&address("/ip4/9.9.9.9/udp/4001/quic-v1"));
        assert!(!reach.is_public(), "the one that tried may be let in because we dialled it");
        assert!(reach.published().contains(&"/ip4/9.9.9.9/udp/4001/quic-v1".to_owned()));
        reach.listen(&address("/ip4/9.9.9.9/tcp/4001"));
        assert!(reach.is_public());
        reach.expire(&address("/ip4/9.9.9.9/tcp/4001"));
        assert!(!reach.is_public());
        reach.map(&address("/ip4/9.9.9.9/tcp/7"), true);
        assert!(reach.is_public());
        reach.map(&address("/ip4/9.9.9.9/tcp/7"), false);
        assert!(!reach.is_public());
    }

    #[test]
    fn what_was_confirmed_in_another_network_is_published_no_more() {
        let mut reach = home();
        reach.confirm(&address("/ip4/9.9.9.9/udp/4001/quic-v1"));
        reach.expire(&address("/ip4/192.168.1.2/tcp/4001"));
        assert!(!reach.published().contains(&"/ip4/9.9.9.9/udp/4001/quic-v1".to_owned()));
    }
}
