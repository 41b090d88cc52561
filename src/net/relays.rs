//! Reservations with relays: which relays are known, which keep one for us, and what to do when one is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::convert::key_of;
use super::dials::dial_relay;
use super::message::{RelayState, RelayStatus};
use super::spot::Circuit;
use crate::base::limits::{
    ADDRESSES_MAX, RELAYS_KNOWN_MAX, RELAYS_WANTED, RESERVATION_PATIENCE, RETRY_FIRST, RETRY_LAST,
};

/// Where a relay is known from, the most trusted first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Source {
    /// The person named it.
    Named,
    /// It is on the bootstrap list.
    Bootstrap,
    /// It is a contact's, or was met.
    Met,
}

/// What is to be done for reservations.
#[derive(Debug)]
pub(crate) enum Step {
    /// Dial a relay.
    Dial(DialOpts),
    /// Ask a relay that is connected for a reservation, by listening on its circuit; then say [`Relays::asked`].
    Ask(PeerId, Multiaddr),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    /// Not before this.
    Resting(Instant),
    /// Being dialled, since.
    Dialling(Instant),
    /// Asked for a reservation, since.
    Asked(ListenerId, Instant),
    /// Keeps a reservation, since.
    Reserved(ListenerId, Instant),
}

struct Relay {
    source: Source,
    addresses: Vec<Multiaddr>,
    /// Where it is connected and has said that it is a relay.
    connected: Option<Multiaddr>,
    state: State,
    pause: Duration,
    trouble: Option<String>,
}

impl Relay {
    const fn is_active(&self) -> bool {
        matches!(self.state, State::Dialling(_) | State::Asked(..) | State::Reserved(..))
    }
}

/// Every relay that we know.
pub(crate) struct Relays {
    local: PeerId,
    known: BTreeMap<PeerId, Relay>,
    /// Whether relays that nobody named may be used.
    any: bool,
}

impl Relays {
    /// Nothing is known yet.
    pub(crate) fn new(local: PeerId, any: bool) -> Self {
        Self { local, known: BTreeMap::new(), any }
    }

    /// Learns of a relay; `addresses` are direct ones without a peer id.
    pub(crate) fn learn(&mut self, peer: PeerId, source: Source, addresses: &[Multiaddr]) {
        if peer == self.local || (source != Source::Named && !self.any) {
            return;
        }
        if !self.known.contains_key(&peer) && self.known.len() >= RELAYS_KNOWN_MAX && !self.make_room(source)
        {
            return;
        }
        let relay = self.known.entry(peer).or_insert_with(|| Relay {
            source,
            addresses: Vec::new(),
            connected: None,
            state: State::Idle,
            pause: RETRY_FIRST,
            trouble: None,
        });
        relay.source = relay.source.min(source);
        for address in addresses {
            if !relay.addresses.contains(address) && relay.addresses.len() < ADDRESSES_MAX {
                relay.addresses.push(address.clone());
            }
        }
    }

    /// A relay that was only met and is of no use now makes room for another.
    fn make_room(&mut self, source: Source) -> bool {
        let idle = self.known.iter().filter(|(_, relay)| {
            relay.source == Source::Met
                && !relay.is_active()
                && (relay.trouble.is_some() || source < Source::Met)
        });
        let victim = idle.max_by_key(|(_, relay)| relay.pause).map(|(peer, _)| *peer);
        victim.and_then(|peer| self.known.remove(&peer)).is_some()
    }

    /// A peer with a direct connection, to `address`, has said that it is a relay.
    pub(crate) fn identified(&mut self, peer: PeerId, address: Option<Multiaddr>) {
        if let Some(relay) = self.known.get_mut(&peer) {
            relay.connected = address.or_else(|| relay.addresses.first().cloned());
        }
    }

    /// A peer with a direct connection has said that it is no relay, or not now.
    pub(crate) fn is_none(&mut self, peer: &PeerId, now: Instant) {
        self.failed(peer, now, "it is no relay, or not reachable from outside itself");
    }

    /// The last connection of a peer is gone.
    pub(crate) fn gone(&mut self, peer: &PeerId, now: Instant) {
        if let Some(relay) = self.known.get_mut(peer) {
            relay.connected = None;
            if relay.is_active() {
                self.failed(peer, now, "the connection was lost");
            }
        }
    }

    /// A dial of a peer failed that isn't connected.
    pub(crate) fn unreachable(&mut self, peer: &PeerId, now: Instant) {
        if self.known.get(peer).is_some_and(|relay| matches!(relay.state, State::Dialling(_))) {
            self.failed(peer, now, "it can't be reached");
        }
    }

    fn failed(&mut self, peer: &PeerId, now: Instant, trouble: &str) {
        let spread = self.spread();
        if let Some(relay) = self.known.get_mut(peer) {
            relay.state = State::Resting(now + relay.pause + spread);
            relay.pause = (relay.pause * 2).min(RETRY_LAST);
            relay.trouble = Some(trouble.to_owned());
        }
    }

    /// So that not all that a relay left come back to it in the same moment.
    fn spread(&self) -> Duration {
        let last = self.local.to_bytes().last().copied().unwrap_or_default();
        Duration::from_millis(u64::from(last) * 2)
    }

    /// A relay is listened on, so it is asked; without a listener, it can't be.
    pub(crate) fn asked(&mut self, peer: &PeerId, listener: Option<ListenerId>, now: Instant) {
        match (self.known.get_mut(peer), listener) {
            (Some(relay), Some(listener)) => relay.state = State::Asked(listener, now),
            _ => self.failed(peer, now, "it can't be asked"),
        }
    }

    /// A relay keeps a reservation for us; whether that is new.
    pub(crate) fn reserved(&mut self, peer: &PeerId, now: Instant) -> bool {
        let Some(relay) = self.known.get_mut(peer) else { return false };
        let State::Asked(listener, _) = relay.state else { return false };
        relay.state = State::Reserved(listener, now);
        relay.pause = RETRY_FIRST;
        relay.trouble = None;
        true
    }

    /// A listener has ended; whether it was a relay's.
    pub(crate) fn ended(&mut self, listener: ListenerId, trouble: &str, now: Instant) -> bool {
        let of = |relay: &Relay| match relay.state {
            State::Asked(its, _) | State::Reserved(its, _) => its == listener,
            _ => false,
        };
        let Some(peer) = self.known.iter().find(|(_, relay)| of(relay)).map(|(peer, _)| *peer) else {
            return false;
        };
        self.failed(&peer, now, trouble);
        true
    }

    /// The network may be another one: what didn't work there may work here.
    pub(crate) fn hurry(&mut self) {
        for relay in self.known.values_mut().filter(|relay| !relay.is_active()) {
            relay.state = State::Idle;
            relay.pause = RETRY_FIRST;
        }
    }

    /// What is to be done now, if reservations are `wanted`. One that is there already is kept in any case.
    pub(crate) fn steps(&mut self, wanted: bool, now: Instant) -> Vec<Step> {
        let late = |since: Instant| now.saturating_duration_since(since) >= RESERVATION_PATIENCE;
        let late: Vec<_> = self
            .known
            .iter()
            .filter(|(_, relay)| matches!(relay.state, State::Dialling(at) | State::Asked(_, at) if late(at)))
            .map(|(peer, _)| *peer)
            .collect();
        late.iter().for_each(|peer| self.failed(peer, now, "it doesn't answer"));
        let mut steps = Vec::new();
        if wanted {
            while self.known.values().filter(|relay| relay.is_active()).count() < RELAYS_WANTED {
                let free = self.known.iter().filter(|(_, relay)| match relay.state {
                    State::Idle => true,
                    State::Resting(until) => until <= now,
                    _ => false,
                });
                let best = free.min_by_key(|(_, relay)| (relay.source, relay.pause)).map(|(peer, _)| *peer);
                let Some(peer) = best else { break };
                let Some(relay) = self.known.get_mut(&peer) else { break };
                relay.state = State::Dialling(now);
                if relay.connected.is_none() {
                    steps.push(Step::Dial(dial_relay(peer, relay.addresses.clone())));
                }
            }
        }
        for (peer, relay) in &mut self.known {
            if let (State::Dialling(_), Some(at)) = (relay.state, &relay.connected) {
                let circuit = Circuit { relay: *peer, at: at.clone() };
                steps.push(Step::Ask(*peer, circuit.address()));
            }
        }
        steps
    }

    /// When [`Self::steps`] is to be called again: at once where a relay that is known wasn't tried yet and is wanted.
    pub(crate) fn due(&self, wanted: bool, now: Instant) -> Option<Instant> {
        let active = self.known.values().filter(|relay| relay.is_active()).count();
        let due = |relay: &Relay| match relay.state {
            State::Dialling(since) | State::Asked(_, since) => Some(since + RESERVATION_PATIENCE),
            State::Resting(until) if wanted && active < RELAYS_WANTED => Some(until),
            State::Idle if wanted && active < RELAYS_WANTED => Some(now),
            _ => None,
        };
        self.known.values().filter_map(due).min()
    }

    /// The circuits that lead to us, the oldest reservation first.
    pub(crate) fn circuits(&self) -> Vec<Multiaddr> {
        let mut reserved: Vec<_> = self
            .known
            .iter()
            .filter_map(|(peer, relay)| match (relay.state, &relay.connected) {
                (State::Reserved(_, since), Some(at)) => {
                    Some((since, Circuit { relay: *peer, at: at.clone() }))
                }
                _ => None,
            })
            .collect();
        reserved.sort_by_key(|(since, _)| *since);
        reserved.into_iter().map(|(_, circuit)| circuit.address()).collect()
    }

    /// How it stands with every relay.
    pub(crate) fn status(&self, now: Instant) -> Vec<RelayStatus> {
        let status = |(peer, relay): (&PeerId, &Relay)| {
            let address = relay.connected.as_ref().or(relay.addresses.first());
            let (state, since) = match relay.state {
                State::Idle => (RelayState::Unused, None),
                State::Resting(_) => (RelayState::Resting, None),
                State::Dialling(since) | State::Asked(_, since) => (RelayState::Asked, Some(since)),
                State::Reserved(_, since) => (RelayState::Reserved, Some(since)),
            };
            Some(RelayStatus {
                peer: key_of(peer)?,
                name: peer.to_base58(),
                address: address.map(ToString::to_string).unwrap_or_default(),
                state,
                since: since.map(|since| now.saturating_duration_since(since)),
                trouble: relay.trouble.clone(),
            })
        };
        self.known.iter().filter_map(status).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Multiaddr {
        "/ip4/9.9.9.9/tcp/1".parse().unwrap()
    }

    /// Relays that are all connected, with a reservation at as many as are wanted.
    fn reserved(count: usize) -> (Relays, Vec<PeerId>, Instant) {
        let (mut relays, now) = (Relays::new(PeerId::random(), true), Instant::now());
        let peers: Vec<_> = std::iter::repeat_with(PeerId::random).take(count).collect();
        for peer in &peers {
            relays.learn(*peer, Source::Met, &[address()]);
            relays.identified(*peer, Some(address()));
        }
        reserve(&mut relays, now);
        (relays, peers, now)
    }

    fn reserve(relays: &mut Relays, now: Instant) -> usize {
        let steps = relays.steps(true, now);
        for step in &steps {
            let Step::Ask(peer, _) = step else { panic!("{step:?}") };
            relays.asked(peer, Some(ListenerId::next()), now);
            assert!(relays.reserved(peer, now));
        }
        steps.len()
    }

    #[test]
    fn as_many_reservations_are_made_as_are_wanted_and_none_where_none_is() {
        let (mut relays, _, now) = reserved(4);
        assert_eq!(relays.circuits().len(), RELAYS_WANTED);
        assert!(relays.steps(true, now).is_empty());
        let mut public = Relays::new(PeerId::random(), true);
        public.learn(PeerId::random(), Source::Named, &[address()]);
        assert!(public.steps(false, now).is_empty());
    }

    #[test]
    fn another_relay_takes_the_place_of_one_that_died_and_that_one_rests() {
        let (mut relays, peers, now) = reserved(3);
        let dead: Vec<_> = peers.iter().filter(|peer| relays.known[*peer].is_active()).copied().collect();
        relays.gone(&dead[0], now);
        assert_eq!(relays.circuits().len(), RELAYS_WANTED - 1);
        assert_eq!(reserve(&mut relays, now), 1);
        assert!(!relays.known[&dead[0]].is_active());
        assert!(relays.steps(true, now + RETRY_LAST * 2).is_empty(), "enough are reserved");
    }

    #[test]
    fn a_lost_relay_is_tried_again_ever_more_rarely_and_at_once_in_another_network() {
        let (mut relays, peers, mut now) = reserved(1);
        let mut pauses = Vec::new();
        relays.gone(&peers[0], now);
        for _ in 0..12 {
            assert!(relays.steps(true, now).is_empty());
            let due = relays.due(true, now).unwrap();
            pauses.push(due - now);
            now = due;
            assert!(matches!(relays.steps(true, now).as_slice(), [Step::Dial(_)]));
            relays.unreachable(&peers[0], now);
        }
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
        assert!(pauses[0] < RETRY_FIRST * 2 && *pauses.last().unwrap() >= RETRY_LAST);
        relays.hurry();
        assert!(matches!(relays.steps(true, now).as_slice(), [Step::Dial(_)]));
    }

    #[test]
    fn a_relay_that_never_answers_is_given_up_for_another() {
        let (mut relays, now) = (Relays::new(PeerId::random(), true), Instant::now());
        (0..3).for_each(|_| relays.learn(PeerId::random(), Source::Met, &[address()]));
        assert_eq!(relays.steps(true, now).len(), RELAYS_WANTED);
        let later = relays.due(true, now).unwrap();
        assert_eq!(relays.steps(true, later).len(), 1, "the third");
    }

    #[test]
    fn a_relay_that_is_known_from_the_start_is_asked_at_once() {
        let (mut relays, now) = (Relays::new(PeerId::random(), false), Instant::now());
        relays.learn(PeerId::random(), Source::Named, &[address()]);
        assert_eq!((relays.due(true, now), relays.due(false, now)), (Some(now), None));
        assert_eq!(relays.steps(true, now).len(), 1);
        assert_eq!(relays.due(true, now), Some(now + RESERVATION_PATIENCE));
    }

    #[test]
    fn named_relays_come_first_and_may_be_the_only_ones() {
        let (met, named, now) = (PeerId::random(), PeerId::random(), Instant::now());
        for any in [true, false] {
            let mut relays = Relays::new(PeerId::random(), any);
            (0..2 * RELAYS_KNOWN_MAX).for_each(|_| relays.learn(PeerId::random(), Source::Met, &[address()]));
            relays.learn(met, Source::Met, &[address()]);
            relays.learn(named, Source::Named, &[address()]);
            assert!(relays.known.len() <= RELAYS_KNOWN_MAX);
            assert!(matches!(&relays.steps(true, now)[..], [Step::Dial(_), ..]));
            assert!(relays.known[&named].is_active());
            assert_eq!(relays.known.len() > 1, any);
        }
    }

    #[test]
    fn a_listener_that_ends_takes_its_circuit_with_it_and_others_do_not() {
        let (mut relays, _, now) = reserved(1);
        assert!(!relays.ended(ListenerId::next(), "", now));
        let State::Reserved(listener, _) = relays.known.values().next().unwrap().state else { panic!() };
        assert!(relays.ended(listener, "refused", now));
        assert!(relays.circuits().is_empty());
        assert_eq!(relays.status(now)[0].trouble.as_deref(), Some("refused"));
    }

    #[test]
    fn we_are_no_relay_of_our_own() {
        let local = PeerId::random();
        let mut relays = Relays::new(local, true);
        relays.learn(local, Source::Named, &[address()]);
        assert!(relays.known.is_empty());
    }
}
