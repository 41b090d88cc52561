//! What goes wrong in a simulated life, to whom, and how often.

use core::time::Duration;

use crate::base::id::RouteId;
use crate::base::kind::AccountKind;
use crate::domain::identity::own::ACCOUNTS;
use crate::domain::session::rows::{ROUTES, Route};
use crate::engine::command::Command;
use crate::engine::input::Input;
use crate::sim::carry::NOBODY;
use crate::sim::mail::Malice;
use crate::sim::run::Run;
use crate::sim::script::{Act, Fate};
use crate::sim::town::contacts;
use crate::sim::world::Faults;
use crate::store::table::{Reader, Rows as _};
use crate::wire::ask::Ask;
use crate::wire::peer::{LinkId, PeerKey};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What goes wrong, and after how many days on the average it goes wrong again: anywhere in the world.
const EVERYWHERE: [(Fate, u32); 2] = [(Fate::Storm, 1), (Fate::Part, 2)];
/// The same for one node.
const AT_A_NODE: [(Fate, u32); 6] = [
    (Fate::Crash, 2),
    (Fate::Jump, 15),
    (Fate::DiskError, 20),
    (Fate::DiskFull, 40),
    (Fate::Theft, 20),
    (Fate::Loss, 100),
];
/// The same for one mailbox.
const AT_A_MAILBOX: [(Fate, u32); 6] = [
    (Fate::Turn(Malice::Forgets), 20),
    (Fate::Turn(Malice::Drops), 20),
    (Fate::Turn(Malice::Replays), 20),
    (Fate::Turn(Malice::Alters), 40),
    (Fate::Emptied, 30),
    (Fate::Off, 20),
];
/// What a storm does.
const STORM: Faults = Faults { broken: 5, repeated: 20, reordered: 20, crashes: 1 };
/// How far a clock jumps, in milliseconds.
const JUMP: i64 = 60 * 60 * 1_000;
/// Prekeys that a thief asks for in one go.
const STOLEN: usize = 12;

impl Run {
    /// Everything that can go wrong will, sooner or later.
    pub(super) fn tempt_fate(&mut self) {
        for (fate, days) in EVERYWHERE.into_iter().chain(AT_A_NODE).chain(AT_A_MAILBOX) {
            self.again(fate, days);
        }
    }

    fn again(&mut self, fate: Fate, days: u32) {
        let is_in = |these: &[(Fate, u32)]| these.iter().any(|(one, _)| *one == fate);
        let concerned = if is_in(&AT_A_NODE) {
            self.world.peers.len()
        } else if is_in(&AT_A_MAILBOX) {
            self.town.hosts().len()
        } else {
            1
        };
        let mean = DAY * days / u32::try_from(concerned).unwrap_or(u32::MAX).max(1);
        let at = self.in_a_while(mean);
        self.script.put(at, Act::Fate(fate));
    }

    /// Something goes wrong, or is over.
    pub(super) fn befall(&mut self, fate: Fate) {
        let mut all = EVERYWHERE.into_iter().chain(AT_A_NODE).chain(AT_A_MAILBOX);
        if let Some((_, days)) = all.find(|(known, _)| *known == fate) {
            self.again(fate, days);
        }
        let peer = self.rng.index(self.world.peers.len());
        match fate {
            Fate::Storm => self.storm(),
            Fate::StormOver => self.world.faults = Faults::default(),
            Fate::Part => self.part(),
            Fate::Heal => self.world.part([]),
            Fate::Crash => self.world.peers[peer].doomed = true,
            Fate::Jump => self.jump(peer),
            Fate::SetRight(peer) => self.world.set_clock(peer, 0),
            Fate::DiskError => {
                self.world.peers[peer].disk.unreadable = self.world.peers[peer].on;
            }
            Fate::DiskFull => self.world.peers[peer].full_until = self.in_a_while(HOUR),
            Fate::Theft => self.rob(peer),
            Fate::Loss => self.lose(peer),
            Fate::Honest(host) => drop(self.world.mail.malice.remove(&host)),
            Fate::Back(host) => {
                if !self.world.peers[host].on {
                    self.world.start(host);
                }
            }
            Fate::Turn(_) | Fate::Emptied | Fate::Off => self.befall_mailbox(fate),
        }
    }

    /// Something goes wrong at a mailbox. Only one that is nothing else loses its disk here: the others lose their
    /// device, as everybody may.
    fn befall_mailbox(&mut self, fate: Fate) {
        let hosts = self.town.hosts();
        let keepers = hosts.iter().filter(|host| self.town.residents[**host].is_keeper());
        let keepers: Vec<usize> = keepers.copied().collect();
        let among = if fate == Fate::Emptied { keepers } else { hosts };
        if among.is_empty() {
            return;
        }
        let host = among[self.rng.index(among.len())];
        match fate {
            Fate::Turn(malice) => {
                self.world.count(match malice {
                    Malice::Forgets => "mailboxes that forget",
                    Malice::Drops => "mailboxes that drop",
                    Malice::Replays => "mailboxes that replay",
                    Malice::Alters => "mailboxes that alter",
                });
                self.world.mail.malice.insert(host, malice);
                let at = self.in_a_while(DAY);
                self.script.put(at, Act::Fate(Fate::Honest(host)));
            }
            Fate::Emptied => {
                self.world.count("mailboxes emptied");
                self.world.lose_disk(host);
            }
            _ if self.world.peers[host].on => {
                self.world.count("mailboxes off for days");
                self.world.stop(host);
                let at = self.in_a_while(2 * DAY);
                self.script.put(at, Act::Fate(Fate::Back(host)));
            }
            _ => {}
        }
    }

    fn storm(&mut self) {
        self.world.count("storms");
        self.world.faults = STORM;
        for peer in 0..self.world.peers.len() {
            self.world.peers[peer].rough = self.rng.chance(30);
        }
        let at = self.in_a_while(90 * MINUTE);
        self.script.put(at, Act::Fate(Fate::StormOver));
    }

    fn part(&mut self) {
        self.world.count("partitions");
        let share = 1 + self.rng.below(50);
        let these: Vec<usize> = (0..self.world.peers.len()).filter(|_| self.rng.chance(share)).collect();
        self.world.part(these);
        let at = self.in_a_while(HOUR);
        self.script.put(at, Act::Fate(Fate::Heal));
    }

    fn jump(&mut self, peer: usize) {
        self.world.count("clock jumps");
        let skew = if self.rng.chance(50) { JUMP } else { -JUMP };
        self.world.set_clock(peer, skew);
        let at = self.in_a_while(2 * HOUR);
        self.script.put(at, Act::Fate(Fate::SetRight(peer)));
    }

    /// Somebody who knows a route takes whatever one-time prekeys are given for it, and sends old first flights.
    fn rob(&mut self, peer: usize) {
        let node = &self.world.peers[peer];
        let Some(thief) = PeerKey::new(vec![0xEE; 38]).filter(|_| node.on) else { return };
        let safe = node.disk.safe();
        let rows = Reader::new(&safe);
        let inboxes = rows.scan(&ACCOUNTS, &ACCOUNTS.all()).into_iter().map(|(_, own)| own.inbox);
        let is_pair = |route: &Route| matches!(route, Route::Pair { .. });
        let pairs = rows.scan(&ROUTES, &ROUTES.all()).into_iter().filter(|(_, route)| is_pair(route));
        let routes: Vec<RouteId> =
            inboxes.chain(pairs.filter_map(|(key, _)| RouteId::from_slice(&key.id)).take(1)).collect();
        drop(safe);
        self.world.count("prekey thefts");
        for route in routes {
            for _ in 0..STOLEN {
                let body = Ask::Bundle { route, token: None, work: None }.encode();
                self.world.hand(peer, Input::Asked { ask: NOBODY, peer: thief.clone(), from: None, body });
            }
        }
        let to_it = self.world.flights.iter().filter(|(to, _)| *to == peer);
        let frames: Vec<Vec<u8>> = to_it.map(|(_, frame)| frame.clone()).collect();
        if !frames.is_empty() {
            let link = LinkId::new(u64::MAX);
            self.world.hand(peer, Input::Frames { link, peer: thief, first: 0, frames });
        }
    }

    /// Whether a node is that of a person with one device, who talks to others.
    fn may_be_restored(&self, peer: usize) -> bool {
        let resident = self.resident(peer);
        resident.kind == AccountKind::Person && !resident.second && !resident.is_keeper()
    }

    /// A second device is lost and taken out of the account; a first one is lost, and the phrase brings the identity
    /// back on another one.
    fn lose(&mut self, peer: usize) {
        let primary =
            self.town.seconds.iter().find(|(_, second)| *second == peer).map(|(primary, _)| *primary);
        if let Some(primary) = primary {
            if self.is_gone(peer) || !self.world.peers[primary].on {
                return;
            }
            self.world.count("devices lost and revoked");
            let account = self.world.peers[primary].account();
            let device = self.world.peers[peer].device_towards(&account);
            self.oracle.loses(&self.world, peer);
            self.oracle.leaves(peer);
            self.gone.insert(peer);
            self.world.stop(peer);
            self.world.command(primary, Command::RevokeDevice(device));
        } else if self.may_be_restored(peer) {
            self.world.count("devices lost and restored");
            let known = contacts(&self.world, peer);
            self.oracle.loses(&self.world, peer);
            self.world.restore(peer);
            let at = self.in_a_while(10 * MINUTE);
            self.script.put(at, Act::TakeMailboxes(peer));
            for account in known {
                let home = self.oracle.home(&account).filter(|home| *home != peer);
                if let Some(home) = home {
                    let at = self.in_a_while(10 * MINUTE);
                    self.script.put(at, Act::Befriend(home, peer));
                }
            }
        }
    }
}
