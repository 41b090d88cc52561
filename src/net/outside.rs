//! Watches how others can reach us, and does what makes it better: keeps reservations, follows changes of networks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::NetworkBehaviour as _;
use libp2p::swarm::behaviour::{FromSwarm, NewListenAddr};
use libp2p::{Multiaddr, PeerId, Swarm, autonat, dcutr, identify, upnp};
use tokio::time::Instant;

use super::behaviour::{Behaviour, router};
use super::config::Config;
use super::convert::bare;
use super::message::{Outside, Router};
use super::nat::Views;
use super::reach::Reach;
use super::relays::{Relays, Source, Step};
use super::spot::{Range, Spot, ip_of, is_loopback, is_relayed};
use super::wake::Wake;
use crate::base::limits::CANDIDATES_MAX;

/// What a relay speaks with those that ask it for a reservation or a circuit (libp2p circuit relay v2).
const HOP: &str = "/libp2p/circuit/relay/0.2.0/hop";
/// How long after a change of addresses it is acted on, so that several changes are one.
const SETTLE: Duration = Duration::from_millis(500);
/// How long after the start new addresses are no change.
const STARTING: Duration = Duration::from_secs(5);

/// What is watched.
pub(crate) struct Watch {
    config: Config,
    relays: Relays,
    seeds: BTreeSet<PeerId>,
    seed_count: usize,
    views: Views,
    wake: Wake,
    started: Instant,
    moved_at: Option<Instant>,
    listeners: BTreeMap<Multiaddr, ListenerId>,
    router: Router,
    refuted: BTreeSet<Multiaddr>,
    punched: u64,
    unpunched: u64,
    wakes: u64,
}

impl Watch {
    /// Begins to watch; the addresses in `seeds`, of the bootstrap list, and `relays` were parsed from `config`.
    pub(crate) fn new(
        config: Config,
        local: PeerId,
        seeds: &[Multiaddr],
        named: &[Multiaddr],
        known: &[Multiaddr],
    ) -> Self {
        let now = Instant::now();
        let mut relays = Relays::new(local, config.any_relay);
        for (source, addresses) in [(Source::Named, named), (Source::Met, known)] {
            for address in addresses {
                if let Some((_, Some(peer))) = Spot::read(address) {
                    relays.learn(peer, source, &[bare(address)]);
                }
            }
        }
        Self {
            relays,
            seeds: seeds.iter().filter_map(|address| Spot::read(address)?.1).collect(),
            seed_count: seeds.len(),
            views: Views::default(),
            wake: Wake::new(wall_clock(), now),
            started: now,
            moved_at: None,
            listeners: BTreeMap::new(),
            router: if config.upnp { Router::Searching } else { Router::Unasked },
            refuted: BTreeSet::new(),
            punched: 0,
            unpunched: 0,
            wakes: 0,
            config,
        }
    }

    /// When [`Self::tick`] is to be called.
    pub(crate) fn due(&self, reach: &Reach) -> Instant {
        let other = [self.moved_at, self.relays.due(!reach.is_public(), Instant::now())];
        other.into_iter().flatten().fold(self.wake.due(), Instant::min)
    }

    /// Does what is due; whether the network may be another one since the last time.
    pub(crate) fn tick(&mut self, swarm: &mut Swarm<Behaviour>) -> bool {
        let now = Instant::now();
        let mut moved = self.moved_at.is_some_and(|at| at <= now);
        if self.wake.due() <= now && self.wake.look(wall_clock(), now) {
            tracing::info!("the machine slept, or its clock was set");
            self.wakes += 1;
            moved = true;
        }
        if moved {
            self.moved_at = None;
            self.begin_anew(swarm);
        }
        self.reserve(swarm);
        moved
    }

    /// Everything that was found out about the network may hold no longer.
    fn begin_anew(&mut self, swarm: &mut Swarm<Behaviour>) {
        self.relays.hurry();
        self.views.forget();
        self.refuted.clear();
        let behaviour = swarm.behaviour_mut();
        behaviour.streams.doubt_all();
        behaviour.punch.forget();
        behaviour.probe.forget();
        behaviour.directory.reach_mut().unmap();
        behaviour.router = router(&self.config);
        if behaviour.router.is_enabled() {
            self.router = Router::Searching;
        }
        for (addr, listener_id) in &self.listeners {
            let event = NewListenAddr { listener_id: *listener_id, addr };
            behaviour.router.on_swarm_event(FromSwarm::NewListenAddr(event));
        }
    }

    /// Makes the reservations that are wanted.
    pub(crate) fn reserve(&mut self, swarm: &mut Swarm<Behaviour>) {
        let now = Instant::now();
        let wanted = !swarm.behaviour().directory.reach().is_public();
        for step in self.relays.steps(wanted, now) {
            match step {
                // One that is being dialled already will say who it is, too.
                Step::Dial(opts) => drop(swarm.dial(opts)),
                Step::Ask(relay, circuit) => {
                    let listener = swarm.listen_on(circuit).ok();
                    self.relays.asked(&relay, listener, now);
                }
            }
        }
        swarm.behaviour_mut().directory.reach_mut().set_circuits(self.relays.circuits());
    }

    /// An address is listened on now.
    pub(crate) fn listens(
        &mut self,
        listener: ListenerId,
        address: &Multiaddr,
        swarm: &mut Swarm<Behaviour>,
    ) {
        if is_relayed(address) {
            return;
        }
        self.listeners.insert(address.clone(), listener);
        // A relay's reservations name its addresses. Whoever says that it is to be one has seen to it that it can be
        // reached.
        let reach = swarm.behaviour().directory.reach();
        let carries = match ip_of(address).map(Range::of) {
            None | Some(Range::Nowhere) => false,
            Some(Range::Loopback) => reach.only_loopback(),
            Some(_) => true,
        };
        if carries && self.config.serve_relay.is_some() {
            swarm.add_external_address(address.clone());
        }
        if Instant::now() >= self.started + STARTING {
            self.change(address);
        }
    }

    /// An address is listened on no more.
    pub(crate) fn listens_no_more(&mut self, address: &Multiaddr, swarm: &mut Swarm<Behaviour>) {
        self.listeners.remove(address);
        if self.config.serve_relay.is_some() && !is_relayed(address) {
            swarm.remove_external_address(address);
        }
        self.change(address);
    }

    fn change(&mut self, address: &Multiaddr) {
        if !is_loopback(address) && !is_relayed(address) {
            self.moved_at = Some(Instant::now() + SETTLE);
        }
    }

    /// A listener has ended; whether it was a reservation.
    pub(crate) fn listener_ended(
        &mut self,
        id: ListenerId,
        trouble: &str,
        swarm: &mut Swarm<Behaviour>,
    ) -> bool {
        let ours = self.relays.ended(id, trouble, Instant::now());
        if ours {
            self.reserve(swarm);
        }
        ours
    }

    /// A relay keeps a reservation for us, or renewed it.
    pub(crate) fn reserved(&mut self, relay: &PeerId, swarm: &mut Swarm<Behaviour>) {
        if self.relays.reserved(relay, Instant::now()) {
            self.reserve(swarm);
        }
    }

    /// The last connection of a peer is gone.
    pub(crate) fn gone(&mut self, peer: &PeerId, swarm: &mut Swarm<Behaviour>) {
        self.relays.gone(peer, Instant::now());
        self.reserve(swarm);
    }

    /// A peer that isn't connected can't be dialled.
    pub(crate) fn unreachable(&mut self, peer: &PeerId, swarm: &mut Swarm<Behaviour>) {
        self.relays.unreachable(peer, Instant::now());
        self.reserve(swarm);
    }

    /// A peer says over a connection without a relay who it is, and how it sees us.
    pub(crate) fn identified(
        &mut self,
        peer: PeerId,
        endpoint: &ConnectedPoint,
        info: &identify::Info,
        swarm: &mut Swarm<Behaviour>,
    ) {
        self.views.add(peer, endpoint, &info.observed_addr);
        let is_relay = info.protocols.iter().any(|protocol| protocol.as_ref() == HOP);
        swarm.behaviour_mut().streams.identified(peer, is_relay);
        if !is_relay {
            self.relays.is_none(&peer, Instant::now());
            return;
        }
        let remote = endpoint.get_remote_address();
        let dialled = (endpoint.is_dialer() && Spot::read(remote).is_some()).then(|| bare(remote));
        let reach = swarm.behaviour().directory.reach();
        let mut addresses: Vec<_> = dialled.iter().cloned().collect();
        addresses.extend(reach.told(&peer, &info.listen_addrs, is_loopback(remote)));
        let source = if self.seeds.contains(&peer) { Source::Bootstrap } else { Source::Met };
        self.relays.learn(peer, source, &addresses);
        self.relays.identified(peer, dialled);
        self.reserve(swarm);
    }

    /// Somebody tried whether one of our addresses can be dialled.
    pub(crate) fn probed(&mut self, event: &autonat::v2::client::Event, reach: &mut Reach) {
        if event.result.is_ok() {
            self.refuted.remove(&event.tested_addr);
            reach.confirm(&event.tested_addr);
        } else if self.refuted.len() < CANDIDATES_MAX {
            self.refuted.insert(event.tested_addr.clone());
        }
    }

    /// A hole was punched, or wasn't.
    pub(crate) const fn punched(&mut self, event: &dcutr::Event) {
        match event.result {
            Ok(_) => self.punched += 1,
            Err(_) => self.unpunched += 1,
        }
    }

    /// The router has answered.
    pub(crate) fn router(&mut self, event: upnp::Event, reach: &mut Reach) {
        match event {
            upnp::Event::NewExternalAddr { external_addr, .. } => {
                self.router = Router::Forwards;
                reach.map(&external_addr, true);
            }
            upnp::Event::ExpiredExternalAddr { external_addr, .. } => reach.map(&external_addr, false),
            upnp::Event::GatewayNotFound => self.router = Router::Silent,
            upnp::Event::NonRoutableGateway => self.router = Router::Inner,
        }
    }

    /// What is known.
    pub(crate) fn status(&self, reach: &Reach) -> Outside {
        Outside {
            public: reach.is_public(),
            nat: self.views.nat(reach),
            confirmed: reach.confirmed(),
            refuted: self.refuted.iter().map(ToString::to_string).collect(),
            router: self.router,
            mapped: reach.mapped(),
            relays: self.relays.status(Instant::now()),
            relaying: self.config.serve_relay.is_some(),
            punched: self.punched,
            unpunched: self.unpunched,
            seeds: self.seed_count,
            wakes: self.wakes,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing is decided by it but whether it ran as the other clock did"
)]
fn wall_clock() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
