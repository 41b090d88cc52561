//! One simulated life, from its settling to the oracle's verdict.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::engine::input::Ticket;
use crate::sim::oracle::Oracle;
use crate::sim::random::Random;
use crate::sim::script::{Act, Script};
use crate::sim::town::Town;
use crate::sim::workload::{MOVES, Workload, pause};
use crate::sim::world::{Faults, World};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long nothing goes wrong and nobody says anything before the verdict: sessions are healed five times a day.
const QUIET: Duration = Duration::from_secs(26 * 60 * 60);

/// What is to be simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Decides everything.
    pub seed: u64,
    /// How many nodes, second devices among them.
    pub nodes: usize,
    /// For how many days things go wrong.
    pub days: u32,
    /// What the nodes do.
    pub workload: Workload,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The workload's name.
    pub workload: &'static str,
    /// How many nodes.
    pub nodes: usize,
    /// Days of life; the quiet after it isn't counted.
    pub days: u32,
    /// Messages that nodes accepted.
    pub messages: u64,
    /// Of them those that are shown where they should be.
    pub shown: u64,
    /// Those whose sender is told that they were not delivered.
    pub failed: u64,
    /// Those that went with their sender's lost device before they left.
    pub lost_with_device: u64,
    /// Those that were reacted to, edited or taken back.
    pub changed: u64,
    /// Different frames that left a node.
    pub frames: u64,
    /// How often a mailbox said that it keeps a frame.
    pub kept: u64,
    /// Things that happened.
    pub steps: u64,
    /// What went wrong, how often, by its kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Rules that didn't hold.
    pub violations: Vec<String>,
    /// Everything that happened, in one hash: the same for the same seed.
    pub trace: String,
}

impl Report {
    /// What there is to say of a world that couldn't even be settled.
    pub fn unsettled(scenario: &Scenario, what: String) -> Self {
        Self {
            seed: scenario.seed,
            workload: scenario.workload.name(),
            nodes: scenario.nodes,
            days: 0,
            messages: 0,
            shown: 0,
            failed: 0,
            lost_with_device: 0,
            changed: 0,
            frames: 0,
            kept: 0,
            steps: 0,
            faults: BTreeMap::new(),
            violations: vec![what],
            trace: String::new(),
        }
    }
}

/// A life under way.
pub struct Run {
    /// What is simulated.
    pub scenario: Scenario,
    /// The world that it happens in.
    pub world: World,
    /// Who looks whether the rules hold.
    pub oracle: Oracle,
    pub(super) town: Town,
    pub(super) script: Script,
    pub(super) rng: Random,
    /// How many texts were said.
    pub(super) texts: u64,
    /// Invites that were asked for, and for whom.
    pub(super) invites: BTreeMap<(usize, Ticket), usize>,
    /// Nodes that were lost for ever.
    pub(super) gone: BTreeSet<usize>,
    begun: Time,
    day: u32,
    over: bool,
}

impl Run {
    /// Settles a world.
    ///
    /// # Errors
    /// What couldn't be done, although nothing goes wrong yet.
    pub fn new(scenario: Scenario) -> Result<Self, String> {
        let rng = Random::new(scenario.seed).branch(b"life");
        let kinds = kinds(&scenario);
        let mut world = World::new(scenario.seed, &kinds);
        let town = Town::settle(&mut world, scenario.workload, scenario.nodes)?;
        world.set_distances(Duration::from_millis(2), Duration::from_millis(300), Duration::from_secs(60));
        let mut oracle = Oracle::default();
        for peer in 0..world.peers.len() {
            let node = &mut world.peers[peer];
            (node.rough, node.shown, node.answers) = (false, Vec::new(), Vec::new());
            oracle.settles(&world, peer);
        }
        (world.watched, world.sent) = (true, Vec::new());
        let begun = world.now;
        let mut run = Self {
            scenario,
            world,
            oracle,
            town,
            script: Script::default(),
            rng,
            texts: 0,
            invites: BTreeMap::new(),
            gone: BTreeSet::new(),
            begun,
            day: 0,
            over: false,
        };
        run.begin();
        Ok(run)
    }

    /// Everybody's habits begin.
    fn begin(&mut self) {
        for peer in 0..self.world.peers.len() {
            let resident = self.resident(peer);
            if resident.talks > 0 {
                let at = self.in_a_while(pause(resident.talks));
                self.script.put(at, Act::Talk(peer));
            }
            if let Some((on, _)) = resident.habit.rhythm() {
                let at = self.in_a_while(on);
                self.script.put(at, Act::Sleep(peer));
            }
            if resident.mailboxes > 0 {
                let at = self.in_a_while(MOVES);
                self.script.put(at, Act::Move(peer));
            }
        }
        self.tempt_fate();
    }

    /// Whether a node was lost for ever.
    pub(super) fn is_gone(&self, peer: usize) -> bool {
        self.gone.contains(&peer)
    }

    /// Whether nobody says anything new.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// When something is to happen that happens about so long after something else.
    pub(super) fn in_a_while(&mut self, mean: Duration) -> Time {
        self.world.now.plus(self.rng.about(mean))
    }

    /// Simulates one more day; false once all are over.
    pub fn day(&mut self) -> bool {
        if self.day >= self.scenario.days || !self.oracle.violations.is_empty() {
            return false;
        }
        self.day += 1;
        let until = self.begun.plus(DAY * self.day);
        self.live(until);
        true
    }

    /// How many messages were accepted so far.
    pub fn messages(&self) -> u64 {
        self.oracle.accepted()
    }

    /// Lets the world become quiet and says what came of it all.
    pub fn finish(mut self) -> Report {
        self.quiet();
        let verdict = self.oracle.judge(&self.world);
        Report {
            seed: self.scenario.seed,
            workload: self.scenario.workload.name(),
            nodes: self.world.peers.len(),
            days: self.day,
            messages: self.oracle.accepted(),
            shown: verdict.shown,
            failed: verdict.failed,
            lost_with_device: verdict.lost,
            changed: verdict.changed,
            frames: self.world.frames(),
            kept: self.world.mail.words,
            steps: self.world.steps,
            faults: core::mem::take(&mut self.world.tally),
            violations: self.oracle.violations,
            trace: self.world.trace().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Nothing goes wrong any more, everybody is there, and nobody says anything new.
    pub fn quiet(&mut self) {
        self.over = true;
        self.script.keep(|act| matches!(act, Act::Befriend(..)));
        self.world.faults = Faults::default();
        self.world.part([]);
        self.world.mail.malice.clear();
        for peer in 0..self.world.peers.len() {
            self.world.peers[peer].full_until = Time::EPOCH;
            self.world.peers[peer].doomed = false;
            self.world.set_clock(peer, 0);
            if !self.world.peers[peer].on && !self.is_gone(peer) {
                self.world.start(peer);
            }
        }
        self.live(self.world.now.plus(QUIET));
        // Something may be under way at that very moment.
        for _ in 0..60 {
            if self.world.is_still() {
                break;
            }
            self.live(self.world.now.plus(HOUR / 60));
        }
    }

    /// Lets everybody live until then.
    fn live(&mut self, until: Time) {
        while let Some((at, act)) = self.script.take(until) {
            self.pass(at);
            self.act(act);
        }
        self.pass(until);
    }

    fn pass(&mut self, until: Time) {
        while self.world.step(until) {
            self.look();
        }
        self.look();
        self.world.now = self.world.now.max(until);
    }

    fn look(&mut self) {
        if self.world.seen.is_empty() {
            return;
        }
        for seen in core::mem::take(&mut self.world.seen) {
            self.oracle.watch(&self.world, &seen);
            self.react(&seen);
        }
    }
}

/// The nodes that are there from the beginning; second devices come later.
fn kinds(scenario: &Scenario) -> Vec<AccountKind> {
    Town::plan(scenario.workload, scenario.nodes).iter().map(|resident| resident.kind).collect()
}
