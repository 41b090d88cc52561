//! The oracle after quiet: what every screen shows, what still waits, and how much is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::{AccountId, MessageId};
use crate::base::limits;
use crate::domain::chat::delivery::State;
use crate::domain::chat::incoming::HELD;
use crate::domain::chat::outbox::OUTBOX;
use crate::engine::body_view::BodyView;
use crate::sim::altered::{self, Look};
use crate::sim::bounds;
use crate::sim::hosts;
use crate::sim::oracle::{Oracle, Said};
use crate::sim::record::{self, Shown};
use crate::sim::shopkeeper;
use crate::sim::world::World;
use crate::store::table::{Reader, Rows as _};

/// What came of all that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Messages that are shown where they should be.
    pub shown: u64,
    /// Messages that their sender is told were not delivered.
    pub failed: u64,
    /// Messages that were lost with their sender's device before they left.
    pub lost: u64,
    /// Messages that were reacted to, edited or taken back.
    pub changed: u64,
}

/// What the screens of all nodes show.
#[derive(Default)]
struct Screens {
    /// On which nodes a message is shown.
    on: BTreeMap<MessageId, BTreeSet<usize>>,
    /// What its sender is told of a message.
    states: BTreeMap<MessageId, State>,
    /// What nodes show of messages, by the message.
    looks: BTreeMap<MessageId, Vec<Look>>,
    /// Nodes and conversations in which something is shown as missing.
    missing: Vec<(usize, AccountId)>,
}

impl Oracle {
    /// Looks at everything, after the world has become quiet.
    pub fn judge(&mut self, world: &World) -> Verdict {
        (0..world.peers.len())
            .filter(|peer| world.peers[*peer].on)
            .for_each(|peer| self.settles(world, peer));
        for said in core::mem::take(&mut self.asked).into_values() {
            self.unanswered.insert(said.text.clone(), said);
        }
        self.altered.end();
        let mut screens = Screens::default();
        for peer in 0..world.peers.len() {
            self.look_at(world, peer, &mut screens);
            self.drained(world, peer);
            let exceeded = bounds::exceeded(&world.peers[peer].disk);
            exceeded.into_iter().for_each(|what| self.finds(format!("on node {peer}: {what}")));
            let wrong = hosts::wrong(&Reader::new(&world.peers[peer].disk.safe()));
            wrong.into_iter().for_each(|what| self.finds(format!("at mailbox {peer}: {what}")));
        }
        if !world.is_still() {
            self.finds("the world does not become quiet".into());
        }
        self.compare(&screens)
    }

    /// What one node shows: each text once, in the order of who said it, and said by somebody.
    fn look_at(&mut self, world: &World, peer: usize, screens: &mut Screens) {
        let safe = world.peers[peer].disk.safe();
        let mut order: BTreeMap<(AccountId, usize), (u64, MessageId)> = BTreeMap::new();
        let rows = Reader::new(&safe);
        let shown = record::shown(&rows);
        if shopkeeper::unasked(&shown) > 0 {
            self.finds(format!("node {peer} answered by itself what nobody said, or twice"));
        }
        if !shopkeeper::is_indexed(&rows) {
            self.finds(format!("on node {peer} the desk's index isn't that of its conversations"));
        }
        for Shown { with, entry } in shown {
            let text = match &entry.body {
                BodyView::Missing => {
                    screens.missing.push((peer, with));
                    continue;
                }
                BodyView::Notice { .. } | BodyView::Billing { .. } => continue,
                body => altered::words(body),
            };
            if let BodyView::File(file) = &entry.body
                && file.file_state == "here"
                && !world.files.has(peer, &file.file)
            {
                self.finds(format!("node {peer} shows a file as here that its disk doesn't have"));
            }
            let known = self.said.get(&entry.id).or_else(|| self.unanswered.get(text.as_ref()?));
            let is_said = |said: &&Said| Some(&said.text) == text.as_ref();
            let is_told = |said: &&Said| is_said(said) || self.altered.says(&entry.id, text.as_deref());
            let Some(said) = known.filter(is_told).cloned() else {
                self.finds(format!("node {peer} shows what nobody said: {text:?}"));
                continue;
            };
            screens.looks.entry(entry.id).or_default().push(Look::of(peer, &entry));
            if let Some(state) = entry.state {
                screens.states.insert(entry.id, state);
            }
            if !screens.on.entry(entry.id).or_default().insert(peer) {
                self.finds(format!("node {peer} shows {text:?} twice"));
            }
            if shopkeeper::is_automatic(Some(&said.text)) {
                continue;
            }
            let last = order.insert((with, said.from), (said.number, entry.id));
            if last.is_some_and(|(before, _)| before > said.number) && !said.lost {
                self.finds(format!("node {peer} shows {text:?} of node {} out of its order", said.from));
            }
        }
    }

    /// Nothing waits any more that somebody is there for.
    fn drained(&mut self, world: &World, peer: usize) {
        if !world.peers[peer].on || !self.homes.values().flatten().any(|(home, _)| *home == peer) {
            return;
        }
        let safe = world.peers[peer].disk.safe();
        let rows = Reader::new(&safe);
        let waiting: BTreeSet<Vec<u8>> =
            rows.scan(&OUTBOX, &OUTBOX.all()).into_iter().map(|(key, _)| key.id.to_vec()).collect();
        for recipient in waiting {
            if let Some(home) = self.home_of(world, &recipient) {
                self.finds(format!("the outbox of node {peer} for node {home} is not empty"));
            }
        }
        if !rows.scan(&HELD, &HELD.all()).is_empty() {
            self.finds(format!("node {peer} still waits for what comes before what it has"));
        }
        for host in hosts::waiting(world, peer) {
            self.finds(format!("something waits for node {peer} at mailbox {host}, and is not fetched"));
        }
        let counters = world.peers[peer].counters();
        let odd = [counters.malformed, counters.rolled_back, counters.forked_logs, counters.refused_events];
        if odd != [0; 4] {
            self.finds(format!("node {peer} found an honest node dishonest: {odd:?}"));
        }
    }

    /// The node that is there for an outbox's recipient: a device, or an account.
    fn home_of(&self, world: &World, recipient: &[u8]) -> Option<usize> {
        let homes =
            self.homes.iter().flat_map(|(account, homes)| homes.iter().map(move |home| (account, home.0)));
        let mut fitting = homes.filter(|(account, home)| {
            world.peers[*home].device_towards(account).as_bytes() == recipient
                || account.as_bytes() == recipient
        });
        fitting.next().map(|(_, home)| home)
    }

    /// Everything accepted is shown on every device that it was for, or its sender is told that it failed.
    fn compare(&mut self, screens: &Screens) -> Verdict {
        let mut verdict = Verdict::default();
        let mut found = Vec::new();
        let mut with_holes: BTreeSet<usize> = BTreeSet::new();
        for (id, said) in &self.said {
            let state = screens.states.get(id);
            let is_on = |peer: usize| screens.on.get(id).is_some_and(|on| on.contains(&peer));
            let homes = self.homes.get(&said.to).map_or(&[][..], Vec::as_slice);
            let mut there = homes.iter().filter(|(_, since)| *since <= said.at).map(|(home, _)| *home);
            let was_shown = self.shown_by_lost.contains(&(said.to, *id));
            let everywhere = there.clone().all(is_on) && there.next().is_some();
            if state == Some(&State::Failed) || said.lost {
                with_holes.insert(said.from);
            }
            match state {
                _ if everywhere || was_shown => verdict.shown += 1,
                _ if said.lost => verdict.lost += 1,
                Some(State::Failed) => verdict.failed += 1,
                state => found.push(describe(said, state)),
            }
            if everywhere && !said.lost && matches!(state, Some(State::Queued | State::Sent)) {
                found.push(format!("node {} was never told that {:?} arrived", said.from, said.text));
            }
        }
        for (peer, with) in &screens.missing {
            let senders = self.homes.get(with).map_or(&[][..], Vec::as_slice);
            if !senders.iter().any(|(sender, _)| with_holes.contains(sender)) {
                found.push(format!("node {peer} shows something as missing that did not fail"));
            }
        }
        found.extend(screens.looks.iter().filter_map(|(id, looks)| self.looks_wrong(id, looks)));
        found.into_iter().for_each(|what| self.finds(what));
        verdict.changed = self.altered.count();
        verdict
    }

    /// What is wrong with how a message that was changed is shown by those who were there for all of its changes.
    fn looks_wrong(&self, id: &MessageId, looks: &[Look]) -> Option<String> {
        let since = self.altered.since(id)?;
        let said = self.said.get(id).filter(|said| !said.lost)?;
        let is_home =
            |peer: usize| self.homes.values().flatten().any(|(home, there)| *home == peer && *there <= since);
        let looks: Vec<Look> = looks.iter().filter(|look| is_home(look.peer)).cloned().collect();
        self.altered.judge(id, said.from, &looks)
    }
}

fn describe(said: &Said, state: Option<&State>) -> String {
    let Said { from, to, text, .. } = said;
    let short: String = text.chars().take(limits::NAME_MAX).collect();
    format!("{short:?} of node {from} to {to} is neither shown everywhere nor failed: {state:?}")
}
