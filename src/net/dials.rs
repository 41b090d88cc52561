//! Connecting to a peer: at its own addresses first, through relays where that doesn't work soon.
//!
//! A relay is dialled, and must have said who it is, before a circuit through it is: a circuit that is dialled while
//! the relay is still being dialled fails at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::convert::bare;
use super::handler::Ticket;
use super::protocol::Purpose;
use super::spot::Circuit;

/// Addresses of one peer that a dial tries at most.
const DIAL_ADDRESSES_MAX: usize = 16;
/// How long the addresses of the peer itself are tried before circuits are, too. A direct connection that comes later
/// still takes the place of the circuit.
const HEAD_START: Duration = Duration::from_millis(400);

/// Streams that wait for a connection.
pub(crate) type Tickets = Vec<(Ticket, Purpose)>;

/// What is to be done for a dial.
#[derive(Debug)]
pub(crate) enum Order {
    /// Dial this.
    Dial(DialOpts),
    /// No connection can be had, and why.
    GiveUp { tickets: Tickets, reason: String },
}

/// Every peer that is being connected to.
#[derive(Default)]
pub(crate) struct Dials {
    dials: BTreeMap<PeerId, Dial>,
    /// Relays that are connected and have said that they are relays.
    ready: BTreeSet<PeerId>,
    orders: VecDeque<Order>,
}

struct Dial {
    tickets: Tickets,
    addresses: Vec<Multiaddr>,
    /// Circuits that weren't begun.
    circuits: Vec<Circuit>,
    /// When to begin with them at the latest.
    circuits_at: Option<Instant>,
    /// Relays that are being connected to, with the circuits through them.
    awaited: BTreeMap<PeerId, Vec<Circuit>>,
    /// Our dials that haven't ended.
    ours: BTreeSet<ConnectionId>,
    /// We wait for a dial that another behaviour began.
    foreign: bool,
    reason: String,
}

impl Dials {
    /// What is to be done next.
    pub(crate) fn next(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// When [`Self::wake`] is to be called.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.dials.values().filter_map(|dial| dial.circuits_at).min()
    }

    /// Begins with the circuits whose time has come.
    pub(crate) fn wake(&mut self, now: Instant) {
        let due = self.dials.iter().filter(|(_, dial)| dial.circuits_at.is_some_and(|at| at <= now));
        let due: Vec<_> = due.map(|(peer, _)| *peer).collect();
        due.into_iter().for_each(|peer| self.begin_circuits(peer));
    }

    /// A stream to a peer is wanted that isn't connected.
    pub(crate) fn want(
        &mut self,
        ticket: (Ticket, Purpose),
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        now: Instant,
    ) {
        let (circuits, mut addresses): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .map(|address| (Circuit::read(&address), address))
            .partition(|(c, _)| c.is_some());
        let mut circuits: Vec<Circuit> =
            circuits.into_iter().filter_map(|(circuit, _)| Some(circuit?.0)).collect();
        let direct = addresses.drain(..).map(|(_, address)| address);
        if let Some(dial) = self.dials.get_mut(&peer) {
            dial.tickets.push(ticket);
            let new: Vec<_> = direct.filter(|new| !dial.addresses.contains(new)).collect();
            dial.addresses.extend(new);
            dial.addresses.truncate(DIAL_ADDRESSES_MAX);
            return;
        }
        circuits.truncate(DIAL_ADDRESSES_MAX);
        let addresses: Vec<_> = direct.take(DIAL_ADDRESSES_MAX).collect();
        let only_circuits = addresses.is_empty() && !circuits.is_empty();
        let circuits_at = (!circuits.is_empty()).then(|| now + HEAD_START);
        let dial = Dial {
            tickets: vec![ticket],
            addresses,
            circuits,
            circuits_at,
            awaited: BTreeMap::new(),
            ours: BTreeSet::new(),
            foreign: false,
            reason: String::new(),
        };
        self.dials.insert(peer, dial);
        if only_circuits { self.begin_circuits(peer) } else { self.dial(peer) }
    }

    fn dial(&mut self, peer: PeerId) {
        let Some(dial) = self.dials.get_mut(&peer) else { return };
        // A port of its own: two nodes that dial each other from the ports they listen on meet in the middle as
        // two dialling sides, and neither handshake succeeds.
        let opts = DialOpts::peer_id(peer).condition(PeerCondition::NotDialing).allocate_new_port();
        // Without an address of our own we take those that the directory knows.
        let opts = if dial.addresses.is_empty() {
            opts.build()
        } else {
            opts.addresses(dial.addresses.clone()).build()
        };
        dial.ours.insert(opts.connection_id());
        self.orders.push_back(Order::Dial(opts));
    }

    fn begin_circuits(&mut self, peer: PeerId) {
        let Some(dial) = self.dials.get_mut(&peer) else { return };
        dial.circuits_at = None;
        let mut by_relay: BTreeMap<PeerId, Vec<Circuit>> = BTreeMap::new();
        for circuit in std::mem::take(&mut dial.circuits) {
            by_relay.entry(circuit.relay).or_default().push(circuit);
        }
        for (relay, circuits) in by_relay {
            if self.ready.contains(&relay) {
                self.dial_circuits(peer, &circuits);
                continue;
            }
            let Some(dial) = self.dials.get_mut(&peer) else { return };
            let at = circuits.iter().map(|circuit| circuit.at.clone()).collect();
            dial.awaited.insert(relay, circuits);
            self.orders.push_back(Order::Dial(dial_relay(relay, at)));
        }
    }

    fn dial_circuits(&mut self, peer: PeerId, circuits: &[Circuit]) {
        let Some(dial) = self.dials.get_mut(&peer) else { return };
        let addresses = circuits.iter().map(Circuit::address).collect();
        let opts = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(addresses).build();
        dial.ours.insert(opts.connection_id());
        self.orders.push_back(Order::Dial(opts));
    }

    /// A peer is connected: whoever waited for it has no need to any more.
    pub(crate) fn connected(&mut self, peer: &PeerId) -> Tickets {
        self.dials.remove(peer).map(|dial| dial.tickets).unwrap_or_default()
    }

    /// A peer that is connected without a relay has said whether it is one.
    pub(crate) fn identified(&mut self, peer: PeerId, is_relay: bool) {
        if !is_relay {
            return self.relay_lost(&peer);
        }
        self.ready.insert(peer);
        let waiting: Vec<_> = self
            .dials
            .iter_mut()
            .filter_map(|(target, dial)| Some((*target, dial.awaited.remove(&peer)?)))
            .collect();
        waiting.into_iter().for_each(|(target, circuits)| self.dial_circuits(target, &circuits));
    }

    /// The last connection of a peer is gone.
    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.relay_lost(peer);
    }

    fn relay_lost(&mut self, relay: &PeerId) {
        self.ready.remove(relay);
        let dials = self.dials.iter_mut().filter(|(_, dial)| dial.awaited.contains_key(relay));
        let mut waiting = Vec::new();
        for (peer, dial) in dials {
            dial.awaited.remove(relay);
            "its relay can't be reached".clone_into(&mut dial.reason);
            waiting.push(*peer);
        }
        waiting.into_iter().for_each(|peer| self.settle(peer));
    }

    /// A dial has failed, ours or another's. `connected` says whether the peer is connected all the same.
    pub(crate) fn failed(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        error: &DialError,
        connected: bool,
    ) {
        let by_us = self.dials.iter().find(|(_, dial)| dial.ours.contains(&id)).map(|(peer, _)| *peer);
        if let Some(peer) = by_us {
            if let Some(dial) = self.dials.get_mut(&peer) {
                dial.ours.remove(&id);
            }
            match error {
                DialError::DialPeerConditionFalse(_) => {
                    if let Some(dial) = self.dials.get_mut(&peer) {
                        dial.foreign = true;
                    }
                }
                // One address that leads to somebody else fails the dial of all of them.
                DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address } => {
                    if self.drop_address(&peer, address) { self.dial(peer) } else { self.settle(peer) }
                }
                _ => {
                    if let Some(dial) = self.dials.get_mut(&peer) {
                        dial.reason = reason_of(error);
                    }
                    self.settle(peer);
                }
            }
            return;
        }
        let Some(peer) = peer.filter(|_| !matches!(error, DialError::DialPeerConditionFalse(_))) else {
            return;
        };
        if self.dials.get_mut(&peer).is_some_and(|dial| std::mem::take(&mut dial.foreign)) {
            self.dial(peer);
        }
        if !connected {
            self.relay_lost(&peer);
        }
    }

    /// Whether there was such an address, and others remain.
    fn drop_address(&mut self, peer: &PeerId, address: &Multiaddr) -> bool {
        let Some(dial) = self.dials.get_mut(peer) else { return false };
        let (before, wrong) = (dial.addresses.len(), bare(address));
        dial.addresses.retain(|known| bare(known) != wrong);
        (1..before).contains(&dial.addresses.len())
    }

    /// Goes on with what is left to try; gives up where nothing is.
    fn settle(&mut self, peer: PeerId) {
        let Some(dial) = self.dials.get(&peer) else { return };
        if !dial.ours.is_empty() || dial.foreign || !dial.awaited.is_empty() {
            return;
        }
        if !dial.circuits.is_empty() {
            return self.begin_circuits(peer);
        }
        if let Some(Dial { tickets, reason, .. }) = self.dials.remove(&peer) {
            self.orders.push_back(Order::GiveUp { tickets, reason });
        }
    }
}

/// Dials a relay from the port that we listen on: what it then sees is where others may punch a hole.
pub(crate) fn dial_relay(relay: PeerId, at: Vec<Multiaddr>) -> DialOpts {
    DialOpts::peer_id(relay).condition(PeerCondition::DisconnectedAndNotDialing).addresses(at).build()
}

/// Why a dial failed, in a few words for a person.
fn reason_of(error: &DialError) -> String {
    let text = match error {
        DialError::Transport(errors) => {
            errors.iter().map(|(_, error)| format!("{error:?}")).collect::<String>()
        }
        DialError::NoAddresses => return "no address of it is known".to_owned(),
        DialError::WrongPeerId { .. } => return "somebody else answers there".to_owned(),
        other => other.to_string(),
    };
    // The transports wrap their errors too deep to be matched.
    let known = [
        ("NoReservation", "it isn't connected to its relay now"),
        ("ResourceLimitExceeded", "its relay is busy"),
        ("Timeout", "nobody answers there"),
        ("imeout", "nobody answers there"),
        ("refused", "nobody listens there"),
        ("Refused", "nobody listens there"),
        ("nreachable", "no way leads there"),
    ];
    let found = known.iter().find(|(sign, _)| text.contains(sign));
    found.map_or("it can't be connected to", |(_, words)| words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        dials: Dials,
        peer: PeerId,
        relay: PeerId,
        now: Instant,
    }

    impl World {
        fn wanting(direct: &[&str], through_relay: bool) -> Self {
            let (peer, relay, now) = (PeerId::random(), PeerId::random(), Instant::now());
            let mut addresses: Vec<Multiaddr> = direct.iter().map(|text| text.parse().unwrap()).collect();
            if through_relay {
                addresses.push(format!("/ip4/9.9.9.9/tcp/1/p2p/{relay}/p2p-circuit").parse().unwrap());
            }
            let mut dials = Dials::default();
            dials.want((1, Purpose::Envelope), peer, addresses, now);
            Self { dials, peer, relay, now }
        }

        /// The dial that is ordered next.
        fn dial(&mut self) -> DialOpts {
            match self.dials.next() {
                Some(Order::Dial(opts)) => opts,
                other => panic!("{other:?}"),
            }
        }

        fn fail(&mut self, opts: &DialOpts) {
            self.dials.failed(opts.connection_id(), opts.get_peer_id(), &DialError::Aborted, false);
        }

        fn gave_up(&mut self) -> bool {
            matches!(self.dials.next(), Some(Order::GiveUp { tickets, .. }) if tickets == [(1, Purpose::Envelope)])
        }
    }

    const DIRECT: &str = "/ip4/9.9.9.8/tcp/1";

    #[test]
    fn circuits_wait_for_the_direct_dial_for_a_moment_only() {
        let mut world = World::wanting(&[DIRECT], true);
        assert_eq!(world.dial().get_peer_id(), Some(world.peer));
        world.dials.wake(world.now);
        assert!(world.dials.next().is_none());
        world.dials.wake(world.dials.due().unwrap());
        assert_eq!(world.dial().get_peer_id(), Some(world.relay));
        assert_eq!(world.dials.due(), None);
    }

    #[test]
    fn a_direct_dial_that_fails_brings_the_circuits_at_once() {
        let mut world = World::wanting(&[DIRECT], true);
        let direct = world.dial();
        world.fail(&direct);
        assert_eq!(world.dial().get_peer_id(), Some(world.relay));
        assert!(world.dials.next().is_none(), "there is still something to try");
    }

    #[test]
    fn a_circuit_is_dialled_only_after_the_relay_said_that_it_is_one() {
        let mut world = World::wanting(&[], true);
        assert_eq!(world.dial().get_peer_id(), Some(world.relay));
        assert!(world.dials.next().is_none());
        world.dials.identified(world.relay, true);
        let circuit = world.dial();
        assert_eq!(circuit.get_peer_id(), Some(world.peer));
        world.fail(&circuit);
        assert!(world.gave_up());
        world.dials.want((2, Purpose::Ask), world.peer, vec![circuit_of(&world)], world.now);
        assert_eq!(world.dial().get_peer_id(), Some(world.peer), "the relay is ready by now");
    }

    fn circuit_of(world: &World) -> Multiaddr {
        format!("/ip4/9.9.9.9/tcp/1/p2p/{}/p2p-circuit", world.relay).parse().unwrap()
    }

    #[test]
    fn a_relay_that_is_none_or_not_there_ends_the_wait_for_it() {
        let ends: [fn(&mut World, &DialOpts); 3] = [
            |world, _| world.dials.identified(world.relay, false),
            |world, relay| world.fail(relay),
            |world, _| world.dials.gone(&world.relay.clone()),
        ];
        for end in ends {
            let mut world = World::wanting(&[], true);
            let relay = world.dial();
            end(&mut world, &relay);
            assert!(world.gave_up());
        }
    }

    #[test]
    fn a_relay_that_is_connected_already_is_waited_for_though_another_dial_of_it_fails() {
        let mut world = World::wanting(&[], true);
        let relay = world.dial();
        world.dials.failed(relay.connection_id(), Some(world.relay), &DialError::Aborted, true);
        assert!(world.dials.next().is_none());
        world.dials.identified(world.relay, true);
        assert_eq!(world.dial().get_peer_id(), Some(world.peer));
    }

    #[test]
    fn an_address_that_leads_to_somebody_else_is_left_out_and_the_rest_dialled_again() {
        let mut world = World::wanting(&[DIRECT, "/ip4/9.9.9.7/tcp/1"], false);
        let wrong =
            || DialError::WrongPeerId { obtained: PeerId::random(), address: DIRECT.parse().unwrap() };
        let first = world.dial();
        world.dials.failed(first.connection_id(), Some(world.peer), &wrong(), false);
        let second = world.dial();
        world.dials.failed(second.connection_id(), Some(world.peer), &wrong(), false);
        assert!(world.gave_up());
    }

    #[test]
    fn what_waited_is_handed_back_once_connected() {
        let mut world = World::wanting(&[DIRECT], true);
        world.dials.want((2, Purpose::Ask), world.peer, Vec::new(), world.now);
        assert_eq!(world.dials.connected(&world.peer), [(1, Purpose::Envelope), (2, Purpose::Ask)]);
        assert_eq!(world.dials.due(), None);
    }
}
