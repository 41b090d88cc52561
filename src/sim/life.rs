//! What people do in a simulated life: talk, answer, read, switch their nodes off, find each other again.

use core::time::Duration;

use crate::base::id::AccountId;
use crate::base::kind::AccountKind;
use crate::domain::identity::invite;
use crate::domain::mailbox::owner;
use crate::engine::command::{Command, Outcome};
use crate::engine::event::Event;
use crate::sim::altered;
use crate::sim::run::Run;
use crate::sim::script::Act;
use crate::sim::town::{contacts, is_contact, mailbox};
use crate::sim::workload::{MOVES, Resident, pause};
use crate::sim::world::Seen;
use crate::store::table::Reader;
use crate::wire::peer::PeerKey;

/// How long one waits before answering, or saying the next thing.
const MOMENT: Duration = Duration::from_secs(40);
/// How long after an invite that came to nothing another one is tried.
const ONCE_MORE: Duration = Duration::from_secs(20 * 60);
/// The most texts that are said in one go.
const BURST: u64 = 4;
/// Of a hundred texts, how many are answered, and seen.
const ANSWERED: u64 = 40;
const READ: u64 = 30;
/// What texts are made of.
const WORDS: [&str; 8] =
    ["bread", "tomorrow", "at nine", "never mind", "\u{1f96f}", "pão de queijo", "yes", "?"];

impl Run {
    /// The resident that a node belongs to.
    pub(super) fn resident(&self, peer: usize) -> Resident {
        self.town.residents[self.owner(peer)]
    }

    fn owner(&self, peer: usize) -> usize {
        self.town.seconds.iter().find(|(_, second)| *second == peer).map_or(peer, |(one, _)| *one)
    }

    /// Does what is to be done now.
    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Talk(peer) => self.talk(peer),
            Act::Say(peer, to, more) => self.say(peer, to, more),
            Act::Edit(peer, with, message) => self.edit(peer, with, message),
            Act::TakeBack(peer, with, message) => self.take_message_back(peer, with, message),
            Act::Feel(peer, with, message) => self.feel(peer, with, message),
            Act::Read(peer, with) => drop(self.world.command(peer, Command::MarkRead(with, None))),
            Act::Sleep(peer) => self.sleep(peer),
            Act::Wake(peer) => self.wake(peer),
            Act::Befriend(one, other) => self.befriend(one, other),
            Act::TakeMailboxes(peer) => self.take_mailboxes(peer),
            Act::Move(peer) => self.move_on(peer),
            Act::Fate(fate) => self.befall(fate),
        }
    }

    fn talk(&mut self, peer: usize) {
        let resident = self.resident(peer);
        let at = self.in_a_while(pause(resident.talks));
        self.script.put(at, Act::Talk(peer));
        if !self.world.peers[peer].on {
            return;
        }
        let known = contacts(&self.world, peer);
        if known.is_empty() {
            return;
        }
        let to = known[self.rng.index(known.len())];
        let more = self.rng.below(BURST);
        self.say(peer, to, more);
    }

    fn say(&mut self, peer: usize, to: AccountId, more: u64) {
        if !self.world.peers[peer].on {
            return;
        }
        self.texts += 1;
        let words = (0..self.rng.below(12)).map(|_| WORDS[self.rng.index(WORDS.len())]);
        let text = words.fold(self.texts.to_string(), |text, word| text + " " + word);
        let (command, spoken) = self.something(peer, to, text);
        // Asked for before it is answered: the answer may come in the very next moment.
        let ticket = self.world.command(peer, command);
        self.oracle.asks(&self.world, peer, ticket, to, spoken);
        if more > 0 {
            let at = self.in_a_while(MOMENT);
            self.script.put(at, Act::Say(peer, to, more - 1));
        }
    }

    fn sleep(&mut self, peer: usize) {
        let Some((_, off)) = self.resident(peer).habit.rhythm() else { return };
        if self.is_gone(peer) {
            return;
        }
        self.world.stop(peer);
        let at = self.in_a_while(off);
        self.script.put(at, Act::Wake(peer));
    }

    fn wake(&mut self, peer: usize) {
        let Some((on, _)) = self.resident(peer).habit.rhythm() else { return };
        if self.is_gone(peer) {
            return;
        }
        if !self.world.peers[peer].on {
            self.world.start(peer);
        }
        let at = self.in_a_while(on);
        self.script.put(at, Act::Sleep(peer));
        // Whoever switches a telephone on has something to say.
        if self.rng.chance(60) {
            let at = self.in_a_while(MOMENT);
            let known = contacts(&self.world, peer);
            if !known.is_empty() {
                let to = known[self.rng.index(known.len())];
                self.script.put(at, Act::Say(peer, to, 1));
            }
        }
    }

    /// Somebody who has lost everything finds somebody again.
    fn befriend(&mut self, known: usize, lost: usize) {
        let account = self.world.peers[known].account();
        if is_contact(&self.world, lost, &account) && self.world.peers[lost].on {
            self.oracle.settles(&self.world, lost);
            // A business learns of a new device only by what comes from it.
            if self.resident(known).kind == AccountKind::Business {
                self.say(lost, account, 0);
            }
            return;
        }
        let at = self.world.now.plus(ONCE_MORE);
        self.script.put(at, Act::Befriend(known, lost));
        if self.resident(known).kind == AccountKind::Business {
            self.world.command(lost, Command::Add { account, name: None });
        } else {
            let ticket = self.world.command(known, Command::Invite);
            self.invites.insert((known, ticket), lost);
        }
    }

    /// Somebody who has lost everything takes mailboxes on again, once the node is on.
    fn take_mailboxes(&mut self, peer: usize) {
        if self.is_gone(peer) {
            return;
        }
        if !self.world.peers[peer].on {
            let at = self.world.now.plus(ONCE_MORE);
            return self.script.put(at, Act::TakeMailboxes(peer));
        }
        for wanted in self.town.mailboxes_of(&self.world, self.owner(peer), peer) {
            self.world.command(peer, Command::AddMailbox(Box::new(wanted)));
        }
    }

    /// Somebody leaves one of several mailboxes and takes another one on.
    fn move_on(&mut self, peer: usize) {
        let at = self.in_a_while(MOVES);
        self.script.put(at, Act::Move(peer));
        if !self.world.peers[peer].on || self.resident(peer).mailboxes == 0 {
            return;
        }
        let ours: Vec<PeerKey> = {
            let seen = self.world.peers[peer].disk.seen();
            let standing = owner::standing(&Reader::new(&seen));
            standing.into_iter().map(|mailbox| mailbox.at.peer().clone()).collect()
        };
        let is_new = |host: &usize| *host != peer && !ours.contains(&self.world.peers[*host].key);
        let others: Vec<usize> = self.town.hosts().into_iter().filter(is_new).collect();
        if ours.is_empty() || others.is_empty() {
            return;
        }
        let left = ours[self.rng.index(ours.len())].clone();
        let next = others[self.rng.index(others.len())];
        if let Some(wanted) = mailbox(&self.world, next) {
            self.world.count("mailboxes changed");
            self.world.command(peer, Command::RemoveMailbox(left));
            self.world.command(peer, Command::AddMailbox(Box::new(wanted)));
        }
    }

    /// What people do about what they see.
    pub(super) fn react(&mut self, seen: &Seen) {
        match seen {
            Seen::Shown(peer, Event::Entry { with, entry, .. })
                if entry.direction == "in" && altered::words(&entry.body).is_some() =>
            {
                self.heard(*peer, with.0);
                self.feels(*peer, with.0, entry);
            }
            Seen::Answered(peer, _, Ok(Outcome::Queued { id, .. })) => self.thinks(*peer, *id),
            Seen::Answered(peer, ticket, Ok(Outcome::Invited { invite: text, .. })) => {
                let guest = self.invites.remove(&(*peer, *ticket));
                if let (Some(guest), Ok(invite)) = (guest, invite::decode(text)) {
                    self.world.command(guest, Command::Accept { invite, name: None });
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, peer: usize, with: AccountId) {
        if self.rng.chance(READ) {
            let at = self.in_a_while(MOMENT);
            self.script.put(at, Act::Read(peer, with));
        }
        if !self.is_over() && self.rng.chance(ANSWERED) {
            let at = self.in_a_while(MOMENT);
            self.script.put(at, Act::Say(peer, with, 0));
        }
    }
}
