//! Kademlia with a guard: limits who enters the routing table, and where its queries dial.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::kad::{self, KBucketKey, StoreInserts};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::protocol::DIRECTORY;
use super::reach::Reach;
use super::records::Records;
use super::spot::{Subnet, is_loopback};
use crate::base::limits::{
    ADDRESSES_MAX, DIAL_REST, DIAL_RESTS_MAX, DIRECTORY_PACKET_MAX, QUERY_PATIENCE, RECORD_LIFE_MAX,
    ROUTING_REFRESH, SUBNET_BUCKET_MAX, SUBNET_TABLE_MAX,
};

type Inner = kad::Behaviour<Records>;

/// The directory's behaviour.
pub(crate) struct Directory {
    kad: Inner,
    reach: Reach,
    subnet_limits: bool,
    /// Dials that queries began and that haven't ended, and connections that came of them, with their subnets.
    dialled: BTreeMap<ConnectionId, BTreeSet<Subnet>>,
    loopback: BTreeSet<ConnectionId>,
    /// Peers that queries leave alone, and until when.
    resting: BTreeMap<PeerId, Instant>,
}

/// A dial of a query to a peer that couldn't be dialled a moment ago.
#[derive(Debug, thiserror::Error)]
#[error("it couldn't be dialled a moment ago")]
pub(crate) struct Resting;

/// A dial of a query into a subnet that already has as many as it may.
#[derive(Debug, thiserror::Error)]
#[error("too many peers of one subnet in the queries")]
struct Crowded;

impl Directory {
    /// A directory that serves others or only uses it.
    pub(crate) fn new(local: PeerId, reach: Reach, server: bool, subnet_limits: bool) -> Self {
        let mut config = kad::Config::new(DIRECTORY);
        config
            .set_query_timeout(QUERY_PATIENCE)
            .set_substreams_timeout(QUERY_PATIENCE)
            .set_replication_factor(NonZeroUsize::new(20).unwrap_or(kad::K_VALUE))
            .disjoint_query_paths(true)
            .set_record_ttl(Some(RECORD_LIFE_MAX))
            .set_record_filtering(StoreInserts::FilterBoth)
            .set_replication_interval(None)
            .set_publication_interval(None)
            .set_provider_publication_interval(None)
            .set_kbucket_inserts(kad::BucketInserts::Manual)
            .set_caching(kad::Caching::Disabled)
            .set_periodic_bootstrap_interval(Some(ROUTING_REFRESH))
            .set_max_packet_size(DIRECTORY_PACKET_MAX);
        let mut kad = Inner::with_config(local, Records::new(local), config);
        kad.set_mode(Some(if server { kad::Mode::Server } else { kad::Mode::Client }));
        Self {
            kad,
            reach,
            subnet_limits,
            dialled: BTreeMap::new(),
            loopback: BTreeSet::new(),
            resting: BTreeMap::new(),
        }
    }

    /// Kademlia itself, to start queries.
    pub(crate) const fn kad(&mut self) -> &mut Inner {
        &mut self.kad
    }

    /// What we know of addresses.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The same, to learn more.
    pub(crate) const fn reach_mut(&mut self) -> &mut Reach {
        &mut self.reach
    }

    /// How many peers are in the routing table.
    pub(crate) fn routing(&mut self) -> usize {
        self.kad.kbuckets().map(|bucket| bucket.num_entries()).sum()
    }

    /// Puts a peer that serves the directory into the routing table, with the addresses that it told us over a
    /// connection to or from `remote`, and `remote` itself if we dialled it.
    pub(crate) fn admit(
        &mut self,
        peer: &PeerId,
        told: &[Multiaddr],
        remote: &Multiaddr,
        dialled: bool,
        local: bool,
    ) {
        let loopback = local || is_loopback(remote);
        let mut addresses: Vec<_> = if dialled { vec![remote.clone()] } else { Vec::new() };
        addresses.extend_from_slice(told);
        let mut known = self.addresses_of(peer);
        for address in self.reach.told(peer, &addresses, loopback) {
            if known.contains(&address) || known.len() >= ADDRESSES_MAX || !self.has_room(peer, &address) {
                continue;
            }
            self.kad.add_address(peer, address.clone());
            known.push(address);
        }
    }

    /// Removes a peer that serves the directory no more.
    pub(crate) fn dismiss(&mut self, peer: &PeerId) {
        self.kad.remove_peer(peer);
    }

    /// Who can't be dialled while others can keeps no place in the routing table, and queries leave it alone for a while,
    /// unless it connects.
    pub(crate) fn unreached(&mut self, peer: &PeerId) {
        self.dismiss(peer);
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        if self.resting.len() >= DIAL_RESTS_MAX
            && let Some(first) = self.resting.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| *peer)
        {
            self.resting.remove(&first);
        }
        self.resting.insert(*peer, now + DIAL_REST);
    }

    /// Whether a dial is a query's, to a peer that is left alone.
    fn rests(&self, id: ConnectionId, peer: &PeerId) -> bool {
        self.dialled.contains_key(&id) && self.resting.get(peer).is_some_and(|until| *until > Instant::now())
    }

    /// The addresses of a peer in the routing table.
    pub(crate) fn addresses_of(&mut self, peer: &PeerId) -> Vec<Multiaddr> {
        let Some(bucket) = self.kad.kbucket(*peer) else { return Vec::new() };
        let entry = bucket.iter().find(|entry| entry.node.key.preimage() == peer);
        entry.map(|entry| entry.node.value.iter().map(super::convert::bare).collect()).unwrap_or_default()
    }

    /// The addresses of a peer that peers told us of and that are worth dialling. Loopback ones are, if anybody
    /// on this machine is connected, or nobody else can be.
    pub(crate) fn dialable(&self, peer: &PeerId, told: &[Multiaddr]) -> Vec<Multiaddr> {
        self.reach.told(peer, told, self.reach.only_loopback() || !self.loopback.is_empty())
    }

    /// Whether few enough other peers of the address's subnet are in the table.
    fn has_room(&mut self, peer: &PeerId, address: &Multiaddr) -> bool {
        let (true, Some(subnet)) = (self.subnet_limits, Subnet::of(address)) else { return true };
        let key = KBucketKey::from(*peer);
        let (mut in_table, mut in_bucket) = (0, 0);
        let Some(range) = self.kad.kbucket(*peer).map(|bucket| bucket.range()) else { return false };
        for bucket in self.kad.kbuckets() {
            let others = bucket.iter().filter(|entry| *entry.node.key != key);
            let count =
                others.filter(|e| e.node.value.iter().any(|other| Subnet::of(other) == Some(subnet))).count();
            in_table += count;
            in_bucket += if bucket.range() == range { count } else { 0 };
        }
        in_table < SUBNET_TABLE_MAX && in_bucket < SUBNET_BUCKET_MAX
    }

    /// The addresses that a query may dial, or the reason that it may not.
    fn allowed(
        &mut self,
        id: ConnectionId,
        peer: &PeerId,
        known: &[Multiaddr],
    ) -> Result<Vec<Multiaddr>, Crowded> {
        let mut addresses = self.dialable(peer, known);
        if !self.dialled.contains_key(&id) {
            return Ok(addresses);
        }
        if self.subnet_limits {
            let before = addresses.len();
            let full = |address: &Multiaddr| {
                let subnet = Subnet::of(address);
                let same = self.dialled.values().filter(|s| subnet.is_some_and(|subnet| s.contains(&subnet)));
                same.count() >= SUBNET_TABLE_MAX
            };
            addresses.retain(|address| !full(address));
            if addresses.is_empty() && before > 0 {
                return Err(Crowded);
            }
        }
        self.dialled.insert(id, addresses.iter().filter_map(Subnet::of).collect());
        Ok(addresses)
    }
}

impl NetworkBehaviour for Directory {
    type ConnectionHandler = <Inner as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = kad::Event;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad.handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let known = self.kad.handle_pending_outbound_connection(id, peer, addresses, role)?;
        match peer {
            Some(peer) if self.rests(id, &peer) => Err(ConnectionDenied::new(Resting)),
            Some(peer) => self.allowed(id, &peer, &known).map_err(ConnectionDenied::new),
            None => Ok(known),
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kad.handle_established_outbound_connection(id, peer, address, role, port_use)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::NewListenAddr(new) => {
                // In another network others can be reached.
                self.resting.clear();
                self.reach.listen(new.addr);
            }
            FromSwarm::ExpiredListenAddr(old) => self.reach.expire(old.addr),
            FromSwarm::ConnectionEstablished(new) => {
                self.resting.remove(&new.peer_id);
                let remote = new.endpoint.get_remote_address();
                if is_loopback(remote) {
                    self.loopback.insert(new.connection_id);
                }
                if let Some(subnets) = self.dialled.get_mut(&new.connection_id) {
                    *subnets = Subnet::of(remote).into_iter().collect();
                }
            }
            FromSwarm::ConnectionClosed(old) => {
                self.loopback.remove(&old.connection_id);
                self.dialled.remove(&old.connection_id);
            }
            FromSwarm::DialFailure(failed) => {
                self.dialled.remove(&failed.connection_id);
            }
            _ => {}
        }
        self.kad.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        self.kad.on_connection_handler_event(peer, id, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<kad::Event, THandlerInEvent<Self>>> {
        let next = self.kad.poll(cx);
        if let Poll::Ready(ToSwarm::Dial { opts }) = &next {
            self.dialled.insert(opts.connection_id(), BTreeSet::new());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(subnet_limits: bool) -> Directory {
        Directory::new(PeerId::random(), Reach::default(), true, subnet_limits)
    }

    fn admit(directory: &mut Directory, address: &str) {
        let address = address.parse::<Multiaddr>().unwrap();
        directory.admit(&PeerId::random(), std::slice::from_ref(&address), &address, false, false);
    }

    #[test]
    fn a_subnet_does_not_fill_the_table() {
        let mut limited = directory(true);
        (1..=200).for_each(|host| admit(&mut limited, &format!("/ip4/9.9.9.{host}/tcp/1")));
        assert_eq!(limited.routing(), SUBNET_TABLE_MAX);
        (1..=200).for_each(|host| admit(&mut limited, &format!("/ip4/9.9.8.{host}/tcp/1")));
        assert_eq!(limited.routing(), 2 * SUBNET_TABLE_MAX);
        let mut open = directory(false);
        (1..=200).for_each(|host| admit(&mut open, &format!("/ip4/9.9.9.{host}/tcp/1")));
        assert!(open.routing() > 20);
    }

    #[test]
    fn a_subnet_does_not_fill_a_bucket() {
        let local = PeerId::random();
        let mut limited = Directory::new(local, Reach::default(), true, true);
        // Half of all peers are in the furthest bucket.
        let is_far =
            |peer: &PeerId| KBucketKey::from(local).distance(&KBucketKey::from(*peer)).ilog2() == Some(255);
        let far = std::iter::repeat_with(PeerId::random).filter(is_far);
        for (host, peer) in (1..=20).zip(far) {
            let address: Multiaddr = format!("/ip4/9.9.9.{host}/tcp/1").parse().unwrap();
            limited.admit(&peer, &[], &address, true, false);
        }
        assert_eq!(limited.routing(), SUBNET_BUCKET_MAX);
    }

    #[test]
    fn many_nodes_share_localhost_but_not_another_loopback_subnet() {
        for (subnet, shared) in [("127.0.0.1", true), ("127.3.4.5", false)] {
            let mut limited = directory(true);
            (1..=30).for_each(|port| admit(&mut limited, &format!("/ip4/{subnet}/tcp/{port}")));
            assert_eq!(limited.routing() > SUBNET_TABLE_MAX, shared, "{subnet}");
        }
    }

    #[test]
    fn loopback_told_over_the_internet_is_not_admitted() {
        let (mut directory, peer) = (directory(true), PeerId::random());
        let told = ["/ip4/127.0.0.1/tcp/4001", "/ip4/10.0.0.1/tcp/4001"].map(|text| text.parse().unwrap());
        let remote = "/ip4/9.9.9.9/tcp/4001".parse().unwrap();
        directory.reach.listen(&"/ip4/192.168.0.2/tcp/1".parse().unwrap());
        directory.admit(&peer, &told, &remote, false, false);
        assert_eq!(directory.addresses_of(&peer), Vec::<Multiaddr>::new());
        directory.admit(&peer, &told, &remote, true, false);
        assert_eq!(directory.addresses_of(&peer), [remote]);
        directory.dismiss(&peer);
        assert_eq!(directory.routing(), 0);
    }

    #[test]
    fn a_peer_takes_only_so_many_addresses() {
        let (mut directory, peer) = (directory(true), PeerId::random());
        let remote = "/ip4/9.9.9.9/tcp/4001".parse().unwrap();
        for round in 0..10 {
            let told: Vec<_> =
                (0..9).map(|n| format!("/ip4/9.{round}.{n}.9/tcp/1").parse().unwrap()).collect();
            directory.admit(&peer, &told, &remote, false, false);
        }
        assert_eq!(directory.addresses_of(&peer).len(), ADDRESSES_MAX);
    }

    #[test]
    fn queries_leave_alone_who_could_not_be_dialled_until_they_connect_or_we_are_elsewhere() {
        let mut directory = directory(false);
        let (peer, other) = (PeerId::random(), PeerId::random());
        let address: Multiaddr = "/ip4/9.9.9.9/tcp/1".parse().unwrap();
        let ids = core::cell::Cell::new(0);
        let id = || ConnectionId::new_unchecked(ids.replace(ids.get() + 1));
        let dial = |directory: &mut Directory, id, peer| {
            let told = std::slice::from_ref(&address);
            directory.handle_pending_outbound_connection(id, Some(peer), told, Endpoint::Dialer).is_ok()
        };
        let query = |directory: &mut Directory, peer| {
            let id = id();
            directory.dialled.insert(id, BTreeSet::new());
            dial(directory, id, peer)
        };
        assert!(query(&mut directory, peer));
        directory.unreached(&peer);
        assert!(!query(&mut directory, peer) && query(&mut directory, other));
        assert!(dial(&mut directory, id(), peer), "whoever wants to talk to it tries");
        let endpoint = libp2p::core::ConnectedPoint::Listener {
            local_addr: "/ip4/8.8.8.8/tcp/1".parse().unwrap(),
            send_back_addr: address.clone(),
        };
        directory.on_swarm_event(FromSwarm::ConnectionEstablished(
            libp2p::swarm::behaviour::ConnectionEstablished {
                peer_id: peer,
                connection_id: id(),
                endpoint: &endpoint,
                failed_addresses: &[],
                other_established: 0,
            },
        ));
        assert!(query(&mut directory, peer), "it is there again");
        directory.unreached(&peer);
        directory.on_swarm_event(FromSwarm::NewListenAddr(libp2p::swarm::behaviour::NewListenAddr {
            listener_id: libp2p::core::transport::ListenerId::next(),
            addr: &address,
        }));
        assert!(query(&mut directory, peer), "another network may reach it");
        for _ in 0..2 * DIAL_RESTS_MAX {
            directory.unreached(&PeerId::random());
        }
        assert_eq!(directory.resting.len(), DIAL_RESTS_MAX);
    }

    #[test]
    fn queries_dial_few_peers_of_one_subnet_at_once_and_others_go_on() {
        let mut directory = directory(true);
        let near = |host: u8| format!("/ip4/9.9.9.{host}/tcp/1").parse::<Multiaddr>().unwrap();
        let dial = |directory: &mut Directory, number: usize, address: Multiaddr| {
            let id = ConnectionId::new_unchecked(number);
            directory.dialled.insert(id, BTreeSet::new());
            directory.allowed(id, &PeerId::random(), &[address]).map(|addresses| addresses.len())
        };
        for number in 0..SUBNET_TABLE_MAX {
            assert!(matches!(dial(&mut directory, number, near(number as u8)), Ok(1)));
        }
        assert!(dial(&mut directory, 100, near(100)).is_err());
        assert!(matches!(dial(&mut directory, 101, "/ip4/8.8.8.8/tcp/1".parse().unwrap()), Ok(1)));
        let own = ConnectionId::new_unchecked(102);
        assert!(
            matches!(directory.allowed(own, &PeerId::random(), &[near(102)]), Ok(found) if found.len() == 1)
        );
    }
}
