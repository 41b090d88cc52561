//! Random schedules of device changes beside a plain model of who shows what.

use core::time::Duration;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::device_tests::{all, link, offer};
use super::tests::{MINUTE, friends};
use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::contact::CONTACTS;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::own::ACCOUNTS;
use crate::engine::command::{Command, Refusal};
use crate::sim::world::{Faults, World};
use crate::store::table::{Reader, Rows as _};

/// Devices of a person that take part; those that are only let in come on top.
const DEVICES: usize = 4;

/// What happens next. Who does it is a number that is counted round among those who can.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// A device of a person says something, whether or not it is still one of theirs.
    Say { side: usize, device: usize },
    /// A device is linked.
    Link { side: usize },
    /// A device is let in and never heard of again.
    LetIn { side: usize },
    /// A device that isn't the first one is revoked.
    Revoke { side: usize, device: usize },
    /// A device loses its power, or gets it back.
    Switch { side: usize, device: usize },
    /// One device of each person has no network but the one between them, or everybody has it again.
    Part { devices: Option<(usize, usize)> },
    /// From now on links are lost with what is on them, frames come twice or too soon, and power is cut; or not.
    Trouble { is_on: bool },
    /// So many seconds pass.
    Wait { seconds: u64 },
    /// Everything works for so long that everybody hears everything.
    Settle,
}

fn act() -> impl Strategy<Value = Act> {
    let (side, device) = (|| 0usize..2, || 0usize..8);
    prop_oneof![
        12 => (side(), device()).prop_map(|(side, device)| Act::Say { side, device }),
        3 => side().prop_map(|side| Act::Link { side }),
        1 => side().prop_map(|side| Act::LetIn { side }),
        2 => (side(), device()).prop_map(|(side, device)| Act::Revoke { side, device }),
        3 => (side(), device()).prop_map(|(side, device)| Act::Switch { side, device }),
        2 => proptest::option::of((device(), device())).prop_map(|devices| Act::Part { devices }),
        1 => any::<bool>().prop_map(|is_on| Act::Trouble { is_on }),
        4 => prop_oneof![Just(0), Just(1), Just(5), Just(90), Just(1_200)].prop_map(|seconds| Act::Wait { seconds }),
        1 => Just(Act::Settle),
    ]
}

/// A device as the model has it.
#[derive(Clone, Copy, Debug)]
struct Device {
    peer: usize,
    id: DeviceId,
    /// Whether the log has it, and the number of the entry that took it out.
    is_live: bool,
    gone_at: u64,
    /// Whether it took part since it was let in.
    has_joined: bool,
    /// Whether everything settled since it joined.
    is_whole: bool,
}

/// Something that a device said.
#[derive(Debug)]
struct Said {
    by: usize,
    number: usize,
    /// Whether the node took it; else nobody knows, because the power went before the answer came.
    is_accepted: bool,
    /// Whether it was certainly everywhere before its sender was revoked.
    is_settled: bool,
    /// The devices that were there, whether or not its sender knew of them, and those that were let in since.
    owed: Vec<usize>,
    /// The devices that may never show it: those that its sender knew to be revoked, or those that knew it of its sender.
    barred: Vec<usize>,
}

/// The model, beside the world of which it speaks.
struct Model {
    world: World,
    accounts: [AccountId; 2],
    devices: [Vec<Device>; 2],
    said: Vec<Said>,
    /// What of a revoked device was shown on another one soon after that: it never becomes more.
    heard: BTreeMap<(usize, usize), Vec<usize>>,
    /// When a device and the first one of its person were seen to know that another one was revoked.
    knew: BTreeMap<(usize, usize), Time>,
    /// How many frames had been sent in the world when a device knew that another one was revoked.
    silent: BTreeMap<(usize, usize), usize>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let (world, ana, bento) = friends(seed);
        let first = |peer: usize, account| Device {
            peer,
            id: world.peers[peer].device_towards(&account),
            is_live: true,
            gone_at: 0,
            has_joined: true,
            is_whole: true,
        };
        let devices = [vec![first(0, ana)], vec![first(1, bento)]];
        Self {
            accounts: [ana, bento],
            devices,
            world,
            said: Vec::new(),
            heard: BTreeMap::new(),
            knew: BTreeMap::new(),
            silent: BTreeMap::new(),
        }
    }

    fn live(&self, side: usize) -> impl Iterator<Item = &Device> {
        self.devices[side].iter().filter(|device| device.is_live)
    }

    fn joined(&self) -> impl Iterator<Item = (usize, &Device)> {
        let of = |side: usize| self.devices[side].iter().map(move |device| (side, device));
        of(0).chain(of(1)).filter(|(_, device)| device.has_joined)
    }

    /// The log of a person as a node's disk has it; nothing where it doesn't know the person yet.
    fn log(&self, peer: usize, side: usize) -> Option<AccountLog> {
        let safe = self.world.peers[peer].disk.safe();
        let reader = Reader::new(&safe);
        let account = self.accounts[side].as_bytes();
        let own = reader.row(&ACCOUNTS, account).map(|own| own.log.clone());
        own.or_else(|| reader.row(&CONTACTS, account)?.log.clone())
    }

    fn known(&self, peer: usize, side: usize) -> Vec<DeviceId> {
        self.log(peer, side).map(|log| log.devices().map(|device| device.id).collect()).unwrap_or_default()
    }

    /// Whether a node knows that a device was revoked.
    fn has_dropped(&self, peer: usize, side: usize, gone: &Device) -> bool {
        self.log(peer, side).is_some_and(|log| log.head().seq >= gone.gone_at)
    }

    /// What a device shows of what another one said, by its number.
    fn shown(&self, (side, reader): (usize, usize), by: usize) -> Vec<usize> {
        let prefix = format!("{by}:");
        let texts = all(&self.world, reader, &self.accounts[1 - side]);
        texts.iter().filter_map(|text| text.strip_prefix(&prefix)?.parse().ok()).collect()
    }

    /// Whether the person's first device can be reached by one that is new.
    fn can_link(&self, side: usize) -> bool {
        self.world.peers[self.devices[side][0].peer].on && !self.is_parted(self.devices[side][0].peer)
    }

    fn is_parted(&self, peer: usize) -> bool {
        self.world.network.parted.contains(&peer)
    }

    fn happens(&mut self, act: Act) -> Result<(), TestCaseError> {
        match act {
            Act::Say { side, device } => self.say(side, device)?,
            Act::Link { side } => self.link(side, true)?,
            Act::LetIn { side } => self.link(side, false)?,
            Act::Revoke { side, device } => self.revoke(side, device)?,
            Act::Switch { side, device } => {
                let peer = self.pick(side, device).peer;
                if self.world.peers[peer].on {
                    self.world.stop(peer);
                } else {
                    self.world.start(peer);
                }
            }
            Act::Part { devices } => {
                let parted = devices.map(|(one, other)| [self.pick(0, one).peer, self.pick(1, other).peer]);
                self.world.part(parted.into_iter().flatten());
            }
            Act::Trouble { is_on } => {
                let trouble = Faults { broken: 10, repeated: 20, reordered: 20, crashes: 3 };
                self.world.faults = if is_on { trouble } else { Faults::default() };
            }
            Act::Wait { seconds } => {
                self.world.run(Duration::from_secs(seconds).max(Duration::from_millis(20)));
            }
            Act::Settle => self.settle()?,
        }
        self.observe()
    }

    /// One of the devices of a person that took part, whether or not it is one still.
    fn pick(&self, side: usize, device: usize) -> Device {
        let joined: Vec<&Device> = self.devices[side].iter().filter(|device| device.has_joined).collect();
        *joined[device % joined.len()]
    }

    fn say(&mut self, side: usize, at: usize) -> Result<(), TestCaseError> {
        let speaker = self.pick(side, at);
        let Device { peer, is_live, is_whole, .. } = speaker;
        let number = self.said.len();
        if !self.world.peers[peer].on {
            return Ok(());
        }
        let is_barred = |(of, device): &(usize, &Device)| {
            if is_live {
                !device.is_live && self.has_dropped(peer, *of, device)
            } else {
                // What the first device takes still comes to the others with the history.
                let both = [device.peer, self.devices[*of][0].peer];
                device.is_live && both.iter().all(|peer| self.has_dropped(*peer, side, &speaker))
            }
        };
        let barred = self.joined().filter(is_barred).map(|(_, device)| device.peer).collect();
        let owed =
            self.joined().filter(|(_, device)| device.is_live).map(|(_, device)| device.peer).collect();
        let send = Command::Send { to: self.accounts[1 - side], text: format!("{peer}:{number}") };
        let answer = self.world.ask(peer, send);
        if let Some(Err(refusal)) = &answer {
            // A device that is new doesn't know the contact yet.
            prop_assert!(!is_live || !is_whole, "{peer} may speak: {refusal:?}");
        } else {
            let is_accepted = answer.is_some();
            self.said.push(Said { by: peer, number, is_accepted, is_settled: false, owed, barred });
        }
        Ok(())
    }

    fn link(&mut self, side: usize, joins: bool) -> Result<(), TestCaseError> {
        let live = self.live(side).count();
        let taking_part = self.live(side).filter(|device| device.has_joined).count();
        if !self.can_link(side) || joins && taking_part >= DEVICES {
            return Ok(());
        }
        let trouble = core::mem::take(&mut self.world.faults);
        let primary = self.devices[side][0].peer;
        let (peer, offer) = offer(&mut self.world);
        let linked = link(&mut self.world, primary, offer);
        if live < limits::DEVICES_MAX {
            let id = linked.map_err(|refusal| TestCaseError::fail(format!("not linked: {refusal:?}")))?;
            if joins {
                let joined = self.world.ask(peer, Command::JoinAccount(self.accounts[side]));
                prop_assert!(matches!(joined, Some(Ok(_))), "{joined:?}");
            }
            self.said.iter_mut().for_each(|said| said.owed.push(peer));
            self.devices[side].push(Device {
                peer,
                id,
                is_live: true,
                gone_at: 0,
                has_joined: joins,
                is_whole: false,
            });
        } else {
            prop_assert!(matches!(linked, Err(Refusal::TooMany(_))), "one too many: {linked:?}");
        }
        self.world.faults = trouble;
        Ok(())
    }

    fn revoke(&mut self, side: usize, device: usize) -> Result<(), TestCaseError> {
        let primary = self.devices[side][0].peer;
        let others: Vec<usize> =
            (1..self.devices[side].len()).filter(|at| self.devices[side][*at].is_live).collect();
        if others.is_empty() || !self.world.peers[primary].on {
            return Ok(());
        }
        let at = others[device % others.len()];
        let trouble = core::mem::take(&mut self.world.faults);
        let done = self.world.ask(primary, Command::RevokeDevice(self.devices[side][at].id));
        self.world.faults = trouble;
        prop_assert!(matches!(done, Some(Ok(_))), "{done:?}");
        let head = self.log(primary, side).map_or(0, |log| log.head().seq);
        let gone = &mut self.devices[side][at];
        (gone.is_live, gone.gone_at) = (false, head);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.world.faults = Faults::default();
        self.world.part([]);
        for (peer, node) in self.world.peers.iter().map(|node| node.on).enumerate().collect::<Vec<_>>() {
            if !node {
                self.world.start(peer);
            }
        }
        self.world.run(90 * MINUTE);
        for devices in &mut self.devices {
            devices.iter_mut().for_each(|device| device.is_whole = device.has_joined);
        }
        for at in 0..self.said.len() {
            let by = self.said[at].by;
            let is_live = self.joined().any(|(_, device)| device.peer == by && device.is_live);
            self.said[at].is_settled |= is_live && self.said[at].is_accepted;
        }
        self.check()
    }

    /// What must hold at every moment of what the devices know by now.
    fn observe(&mut self) -> Result<(), TestCaseError> {
        let joined: Vec<(usize, Device)> = self.joined().map(|(side, device)| (side, *device)).collect();
        for (of, gone) in joined.iter().filter(|(_, device)| !device.is_live) {
            for (side, reader) in joined.iter().filter(|(_, device)| device.is_live) {
                let first = self.devices[*side][0].peer;
                if !self.has_dropped(reader.peer, *of, gone) {
                    continue;
                }
                let sent = self.world.sent.len();
                self.silent.entry((reader.peer, gone.peer)).or_insert(sent);
                // What the first device took before it knew still comes with the history.
                if !self.has_dropped(first, *of, gone) || !reader.is_whole {
                    continue;
                }
                // What came before it was known, but not in order, waits so long at most.
                let since = *self.knew.entry((reader.peer, gone.peer)).or_insert(self.world.now);
                if self.world.now.since(since) <= limits::GAP_PATIENCE {
                    continue;
                }
                let now = self.shown((*side, reader.peer), gone.peer);
                let before = self.heard.entry((reader.peer, gone.peer)).or_insert_with(|| now.clone());
                prop_assert!(
                    now.iter().all(|number| before.contains(number)),
                    "{} hears {}, which is revoked: {before:?}, now {now:?}",
                    reader.peer,
                    gone.peer
                );
            }
        }
        for said in &self.said {
            for (side, gone) in joined.iter().filter(|(_, device)| said.barred.contains(&device.peer)) {
                let shown = self.shown((*side, gone.peer), said.by);
                prop_assert!(!shown.contains(&said.number), "{} shows {said:?}", gone.peer);
            }
        }
        for ((from, to), since) in &self.silent {
            let to_gone = self.world.sent[*since..].iter().filter(|(by, at, _)| (by, at) == (from, to));
            prop_assert_eq!(to_gone.count(), 0, "{} sends to {}, which is revoked", from, to);
        }
        Ok(())
    }

    /// What must hold once everything has settled.
    fn check(&self) -> Result<(), TestCaseError> {
        for (side, device) in self.joined().filter(|(_, device)| device.is_live) {
            let reader = device.peer;
            for of in 0..2 {
                prop_assert!(self.live(of).count() <= limits::DEVICES_MAX);
                // One that never took part is told of with the next message only.
                let silent: Vec<DeviceId> =
                    self.live(of).filter(|device| !device.has_joined).map(|device| device.id).collect();
                let sorted = |mut devices: Vec<DeviceId>| {
                    devices.retain(|device| !silent.contains(device));
                    devices.sort();
                    devices
                };
                let known = sorted(self.known(reader, of));
                let live = sorted(self.live(of).map(|device| device.id).collect());
                prop_assert_eq!(known, live, "what {} knows of {}", reader, of);
            }
            for (_, sender) in self.joined() {
                let shown = self.shown((side, reader), sender.peer);
                prop_assert!(
                    shown.is_sorted_by(|one, other| one < other),
                    "{reader} shows those of {} twice or out of order: {shown:?}",
                    sender.peer
                );
                let said =
                    self.said.iter().filter(|said| said.by == sender.peer && said.owed.contains(&reader));
                for said in said.filter(|said| said.is_settled || sender.is_live && said.is_accepted) {
                    prop_assert!(shown.contains(&said.number), "{reader} never saw {said:?}");
                }
            }
        }
        Ok(())
    }
}

fn run(seed: u64, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut model = Model::new(seed);
    acts.iter().try_for_each(|act| model.happens(*act))?;
    model.happens(Act::Settle)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whoever_is_let_in_or_taken_out_shows_what_the_model_says(
        seed in any::<u64>(),
        acts in proptest::collection::vec(act(), 10..40),
    ) {
        run(seed, &acts)?;
    }
}

/// Schedules that found something, as short as they became.
const FOUND: [(u64, &[Act]); 6] = [
    // Another device of Ana's spoke to one that didn't know Bento yet.
    (
        3_442_352_721_663_138_096,
        &[
            LINK_0,
            say(1, 0),
            LINK_0,
            LINK_0,
            LINK_0,
            say(0, 0),
            say(1, 0),
            say(0, 1),
            Act::Switch { side: 0, device: 3 },
            say(1, 0),
        ],
    ),
    // What waited for a device that is gone came to a new one from Bento, and with the history.
    (
        791_672_242_248_716_451,
        &[
            LINK_0,
            say(1, 0),
            say(1, 0),
            say(1, 0),
            Act::Wait { seconds: 0 },
            say(0, 1),
            Act::LetIn { side: 0 },
            say(1, 0),
            Act::Switch { side: 0, device: 1 },
            Act::Wait { seconds: 1_200 },
            Act::Revoke { side: 0, device: 1 },
            Act::Wait { seconds: 1_200 },
            LINK_0,
            say(1, 0),
            say(1, 0),
            say(0, 2),
            Act::Revoke { side: 0, device: 0 },
            say(1, 0),
            Act::Wait { seconds: 5 },
            LINK_0,
            say(0, 1),
        ],
    ),
    // Who had asked for a log in vain didn't ask again once it had become too long to be carried whole.
    (
        16_631_656_440_267_780_739,
        &[
            LINK_0,
            say(0, 0),
            say(1, 0),
            say(1, 0),
            Act::Revoke { side: 0, device: 0 },
            LINK_0,
            say(1, 0),
            Act::Wait { seconds: 1 },
            say(0, 0),
            Act::LetIn { side: 0 },
            say(1, 0),
            LINK_0,
            say(0, 0),
            say(0, 0),
            Act::Switch { side: 0, device: 1 },
            say(0, 0),
            LINK_0,
            Act::Revoke { side: 0, device: 2 },
            LINK_0,
        ],
    ),
    // A word of welcome overtook the first flight and was refused, so its session was given up, and nobody could open another.
    (
        5_996_769_129_559_948_175,
        &[
            say(0, 0),
            say(1, 0),
            Act::Wait { seconds: 1 },
            Act::Trouble { is_on: true },
            Act::LetIn { side: 1 },
            Act::Wait { seconds: 1_200 },
            say(1, 0),
            say(1, 0),
            say(1, 0),
            Act::Wait { seconds: 0 },
            LINK_0,
            Act::Wait { seconds: 90 },
            Act::Link { side: 1 },
            say(0, 0),
            Act::Revoke { side: 1, device: 0 },
            say(1, 1),
            Act::Wait { seconds: 5 },
            say(1, 1),
        ],
    ),
    // The first device was somewhere else before a new one had reached it, and that one knew nothing but where it had been.
    (
        321_512_420_975_322_942,
        &[
            say(1, 0),
            say(0, 0),
            Act::Wait { seconds: 0 },
            say(0, 0),
            say(0, 0),
            Act::Wait { seconds: 1 },
            Act::Switch { side: 1, device: 0 },
            LINK_0,
            say(0, 0),
            Act::Wait { seconds: 5 },
            say(0, 1),
            Act::Settle,
            Act::Link { side: 1 },
            Act::Trouble { is_on: true },
            say(0, 6),
            say(0, 6),
            Act::Wait { seconds: 1 },
        ],
    ),
    // A new device gave its session with the first one up before that had heard of it, and got no prekeys for another.
    (
        3_060_572_535_723_765_393,
        &[
            Act::LetIn { side: 0 },
            say(0, 0),
            say(1, 0),
            Act::Wait { seconds: 1 },
            Act::Switch { side: 1, device: 0 },
            Act::Wait { seconds: 5 },
            Act::Part { devices: Some((0, 0)) },
            Act::Part { devices: None },
            say(0, 0),
            Act::Switch { side: 1, device: 0 },
            Act::Wait { seconds: 90 },
            Act::Link { side: 1 },
            say(1, 1),
            say(1, 6),
            Act::Switch { side: 0, device: 0 },
            Act::Link { side: 1 },
            Act::Trouble { is_on: true },
            say(1, 2),
        ],
    ),
];
const LINK_0: Act = Act::Link { side: 0 };

const fn say(side: usize, device: usize) -> Act {
    Act::Say { side, device }
}

#[test]
fn schedules_that_found_something_find_it_no_more() {
    for (seed, acts) in FOUND {
        run(seed, acts).unwrap();
    }
}

#[test]
fn the_ninth_device_is_not_let_in_before_another_is_taken_out() {
    let in_again = [Act::Revoke { side: 0, device: 3 }, Act::LetIn { side: 0 }, Act::LetIn { side: 0 }];
    let acts: Vec<Act> = [Act::LetIn { side: 0 }; limits::DEVICES_MAX].into_iter().chain(in_again).collect();
    run(1, &acts).unwrap();
}
