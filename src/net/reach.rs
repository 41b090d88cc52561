//! Which addresses are worth dialling: of a known form, on a network that we are on, and not our own.
//!
//! Peers tell of addresses that mean something else here: the loopback address of their machine, a private
//! address of their home. Dialling one reaches a stranger or ourselves, and spoils the dial of the good ones.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::convert::{bare, texts};
use crate::base::limits::{ADDRESS_LEN_MAX, ADDRESSES_MAX};

/// A place on the network that speaks one of our transports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Spot {
    host: Host,
    port: u16,
    quic: bool,
}

/// A machine, as an address names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Host {
    Ip(IpAddr),
    Name,
}

impl Spot {
    /// Reads `/ip4|ip6|dns…/tcp/n` or `…/udp/n/quic-v1`, perhaps with a peer id at the end; `None` for every
    /// other form, relays among them.
    pub(crate) fn read(address: &Multiaddr) -> Option<(Self, Option<PeerId>)> {
        let mut parts = address.iter();
        let host = match parts.next()? {
            Protocol::Ip4(ip) => Host::Ip(ip.into()),
            Protocol::Ip6(ip) => Host::Ip(ip.into()),
            Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) => Host::Name,
            _ => return None,
        };
        let (port, quic) = match parts.next()? {
            Protocol::Tcp(port) => (port, false),
            Protocol::Udp(port) if matches!(parts.next(), Some(Protocol::QuicV1)) => (port, true),
            _ => return None,
        };
        let peer = match parts.next() {
            None => None,
            Some(Protocol::P2p(peer)) => Some(peer),
            Some(_) => return None,
        };
        parts.next().is_none().then_some((Self { host, port, quic }, peer))
    }

    /// Whether the machine is named rather than numbered.
    pub(crate) fn is_named(&self) -> bool {
        self.host == Host::Name
    }
}

/// How far an IP address carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Range {
    /// This machine.
    Loopback,
    /// One of the private networks, told apart by a number.
    Private(u8),
    /// Everywhere.
    Global,
    /// Nowhere: unspecified, multicast, link-local (which needs to know the interface), reserved.
    Nowhere,
}

impl Range {
    /// The range of an address (RFC 1918, 4193, 6598, 6890).
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or_else(|| Self::of_v6(ip), Self::of_v4),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        match ip.octets() {
            [127, ..] => Self::Loopback,
            [10, ..] => Self::Private(1),
            [172, b, ..] if b & 0xF0 == 16 => Self::Private(2),
            [192, 168, ..] => Self::Private(3),
            [100, b, ..] if b & 0xC0 == 64 => Self::Private(4),
            [0 | 224..=255, ..] | [169, 254, ..] => Self::Nowhere,
            _ => Self::Global,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        match ip.segments()[0] {
            _ if ip.is_loopback() => Self::Loopback,
            _ if ip.is_unspecified() => Self::Nowhere,
            first if first & 0xFE00 == 0xFC00 => Self::Private(6),
            first if first & 0xFFC0 == 0xFE80 || first & 0xFF00 == 0xFF00 => Self::Nowhere,
            _ => Self::Global,
        }
    }
}

/// The /24 (IPv4) or /48 (IPv6) that an address lies in, for limits per subnet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Subnet([u8; 6], bool);

impl Subnet {
    /// The subnet; `None` for 127.0.0.1 and ::1, which many nodes of one machine may share, and for names.
    pub(crate) fn of(address: &Multiaddr) -> Option<Self> {
        let (Spot { host: Host::Ip(ip), .. }, _) = Spot::read(address)? else { return None };
        match ip {
            IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => None,
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Some(Self([a, b, c, 0, 0, 0], false))
            }
            IpAddr::V6(ip) => ip.octets().first_chunk().map(|prefix| Self(*prefix, true)),
        }
    }
}

/// The IP address in front of an address, if it has one.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// Whether an address is one of this machine's loopback addresses.
pub(crate) fn is_loopback(address: &Multiaddr) -> bool {
    ip_of(address).is_some_and(|ip| Range::of(ip) == Range::Loopback)
}

/// What we know of our own place on the network.
#[derive(Default)]
pub(crate) struct Reach {
    listening: Vec<Multiaddr>,
    external: Vec<Multiaddr>,
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

    /// Adds an address that is listened on now.
    pub(crate) fn listen(&mut self, address: &Multiaddr) {
        if !self.listening.contains(address) {
            self.listening.push(address.clone());
            self.renew();
        }
    }

    /// Removes an address that is listened on no more.
    pub(crate) fn expire(&mut self, address: &Multiaddr) {
        self.listening.retain(|known| known != address);
        self.renew();
    }

    fn renew(&mut self) {
        let all = self.listening.iter().chain(&self.external);
        self.own =
            all.filter_map(|address| Some(Spot::read(address)?.0)).filter(|s| s.host != Host::Name).collect();
        self.ranges = self.listening.iter().filter_map(ip_of).map(Range::of).collect();
    }

    /// Our addresses for others, best first: external before listened on, QUIC before TCP; loopback ones only
    /// if there are no others.
    pub(crate) fn published(&self) -> Vec<String> {
        let carries = |range: Range| {
            let mut found: Vec<_> =
                self.listening.iter().filter(|a| ip_of(a).map(Range::of) == Some(range)).collect();
            found.sort_by_key(|address| Spot::read(address).is_some_and(|(spot, _)| !spot.quic));
            found.into_iter().cloned().collect::<Vec<_>>()
        };
        let mut addresses = self.external.clone();
        addresses.extend(carries(Range::Global));
        self.ranges
            .iter()
            .filter(|r| matches!(r, Range::Private(_)))
            .for_each(|r| addresses.extend(carries(*r)));
        if addresses.is_empty() {
            addresses = carries(Range::Loopback);
        }
        texts(&addresses)
    }

    /// Whether all that we listen on is this machine's loopback, as in a laboratory.
    pub(crate) fn only_loopback(&self) -> bool {
        !self.ranges.is_empty() && self.ranges.iter().all(|range| *range == Range::Loopback)
    }

    /// The addresses to dial of those that a contact or a person gave us for a peer. Names are allowed; loopback
    /// only if nothing else is left.
    pub(crate) fn given(&self, peer: &PeerId, addresses: &[String]) -> Vec<Multiaddr> {
        let parsed = addresses.iter().filter_map(|text| text.parse().ok()).collect::<Vec<Multiaddr>>();
        let fit = self.fitting(peer, &parsed, true, true);
        if fit.iter().all(is_loopback) { fit } else { fit.into_iter().filter(|a| !is_loopback(a)).collect() }
    }

    /// The addresses to keep or dial of those that peers told us for a peer: IP addresses only, and loopback ones
    /// only if `loopback` says that the teller, or anybody, is on this machine.
    pub(crate) fn told(&self, peer: &PeerId, addresses: &[Multiaddr], loopback: bool) -> Vec<Multiaddr> {
        self.fitting(peer, addresses, false, loopback)
    }

    fn fitting(&self, peer: &PeerId, addresses: &[Multiaddr], names: bool, loopback: bool) -> Vec<Multiaddr> {
        let mut seen = BTreeSet::new();
        let fit = addresses.iter().filter(|address| {
            if address.len() > ADDRESS_LEN_MAX {
                return false;
            }
            let Some((spot, named)) = Spot::read(address) else { return false };
            let carries = match spot.host {
                Host::Name => names,
                Host::Ip(ip) => self.carries(Range::of(ip), loopback),
            };
            carries
                && spot.port != 0
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
    fn subnets_are_slash_24_and_slash_48_and_localhost_has_none() {
        let subnet = |text: &str| Subnet::of(&address(text));
        assert_eq!(subnet("/ip4/9.9.9.1/tcp/1"), subnet("/ip4/9.9.9.200/udp/7/quic-v1"));
        assert_ne!(subnet("/ip4/9.9.9.1/tcp/1"), subnet("/ip4/9.9.8.1/tcp/1"));
        assert_eq!(subnet("/ip6/2001:db8:1:2::1/tcp/1"), subnet("/ip6/2001:db8:1:3::1/tcp/1"));
        assert_ne!(subnet("/ip6/2001:db8:1::1/tcp/1"), subnet("/ip6/2001:db8:2::1/tcp/1"));
        assert_eq!((subnet("/ip4/127.0.0.1/tcp/1"), subnet("/ip6/::1/tcp/1")), (None, None));
        assert!(subnet("/ip4/127.3.4.1/tcp/1").is_some());
    }
}
