//! Addresses as places on the network: which machine, port and transport, how far they carry, through which relay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::convert::bare;
use crate::wire::origin::Prefix;

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

    /// Whether it is reached over QUIC rather than TCP.
    pub(crate) const fn is_quic(&self) -> bool {
        self.quic
    }

    /// The port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The machine's IP address, where the address has one.
    pub(crate) const fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Name => None,
        }
    }

    /// Whether the machine is named rather than numbered.
    pub(crate) fn is_named(&self) -> bool {
        self.host == Host::Name
    }
}

/// A way to a peer through a relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Circuit {
    /// The relay.
    pub(crate) relay: PeerId,
    /// Where the relay is, without its peer id.
    pub(crate) at: Multiaddr,
}

impl Circuit {
    /// Reads a relay's place and peer id followed by `/p2p-circuit`, perhaps with the peer id of whom it leads to;
    /// `None` for every other form.
    pub(crate) fn read(address: &Multiaddr) -> Option<(Self, Option<PeerId>)> {
        let is_circuit = |part: &Protocol<'_>| matches!(part, Protocol::P2pCircuit);
        let relay: Multiaddr = address.iter().take_while(|part| !is_circuit(part)).collect();
        let mut rest = address.iter().skip_while(|part| !is_circuit(part));
        rest.next()?;
        let target = match rest.next() {
            None => None,
            Some(Protocol::P2p(peer)) => Some(peer),
            Some(_) => return None,
        };
        let (_, Some(peer)) = Spot::read(&relay)? else { return None };
        rest.next().is_none().then(|| (Self { relay: peer, at: bare(&relay) }, target))
    }

    /// The address that leads to whoever has a reservation with the relay, without their peer id.
    pub(crate) fn address(&self) -> Multiaddr {
        self.at.clone().with(Protocol::P2p(self.relay)).with(Protocol::P2pCircuit)
    }
}

/// Whether an address leads through a relay, in whatever form.
pub(crate) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::P2pCircuit))
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
    /// The same for everything above the network.
    pub(crate) fn prefix(self) -> Prefix {
        let Self([a, b, c, ..], is_v6) = self;
        if is_v6 { Prefix::V6(self.0) } else { Prefix::V4([a, b, c]) }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_circuit_names_its_relay_and_nothing_else_is_one() {
        let (relay, target) = (PeerId::random(), PeerId::random());
        let whole = format!("/dns4/relay.example/udp/1/quic-v1/p2p/{relay}/p2p-circuit");
        let (circuit, nobody) = Circuit::read(&address(&whole)).unwrap();
        assert_eq!((circuit.relay, nobody), (relay, None));
        assert_eq!(circuit.at, address("/dns4/relay.example/udp/1/quic-v1"));
        assert_eq!(circuit.address(), address(&whole));
        let to_somebody = address(&format!("{whole}/p2p/{target}"));
        assert_eq!(Circuit::read(&to_somebody), Some((circuit, Some(target))));
        for other in [
            format!("/ip4/9.9.9.9/tcp/1/p2p/{relay}"),
            "/ip4/9.9.9.9/tcp/1/p2p-circuit".to_owned(),
            format!("/p2p/{relay}/p2p-circuit"),
            format!("/ip4/9.9.9.9/tcp/1/ws/p2p/{relay}/p2p-circuit"),
            format!("{whole}/tcp/1"),
            format!("{whole}/p2p/{target}/p2p-circuit"),
        ] {
            assert_eq!(Circuit::read(&address(&other)), None, "{other}");
        }
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
