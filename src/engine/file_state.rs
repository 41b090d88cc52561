//! Soft state about files: what is to be fetched, what is being fetched, how much is on the disk.
//!
//! It is made anew from the rows when a node starts.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::file_limits as limits;
use crate::base::id::{AccountId, FileId};
use crate::base::kind::AccountKind;
use crate::base::time::Time;
use crate::domain::files::kept::{Kept, Origin};
use crate::domain::files::rules::Rules;
use crate::wire::peer::PeerKey;

/// All soft state about files.
#[derive(Debug)]
pub(super) struct FileState {
    pub(super) rules: Rules,
    /// Files that are to be fetched.
    pub(super) wanted: BTreeMap<FileId, Want>,
    /// Those of them that are being fetched.
    pub(super) running: BTreeMap<FileId, Fetch>,
    /// Attempts so far.
    attempts: u64,
    /// The last attempt for each conversation of which files are wanted.
    served: BTreeMap<Option<AccountId>, u64>,
    /// Bytes of files on the disk, and of those that a person asked for.
    pub(super) bytes: u64,
    /// Files that are known of.
    pub(super) known: usize,
    /// Those of them that belong to no message yet.
    pub(super) unsent: usize,
    /// Those of them that are gone, and since when.
    pub(super) gone: BTreeSet<(Time, FileId)>,
    pub(super) misses: Misses,
}

/// A file that is being fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fetch {
    /// Whose word ends it: an earlier attempt's comes too late.
    pub(super) attempt: u64,
    /// From whom.
    from: PeerKey,
    /// In which conversation it was told of.
    thread: Option<AccountId>,
}

/// A file that is to be fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Want {
    /// How many that may have it were asked in this round.
    pub(super) asked: usize,
    /// Whether one of them gave some of it in this round, or couldn't be asked.
    pub(super) hope: bool,
    /// Rounds in vain.
    pub(super) rounds: u32,
    /// How often what came was wrong.
    pub(super) faults: u8,
    /// Nothing is tried before.
    pub(super) due: Time,
    /// In which conversation it was told of.
    pub(super) thread: Option<AccountId>,
    /// Its bytes on the disk.
    pub(super) sealed: u64,
    /// Whether a person asked for it.
    pub(super) asked_for: bool,
}

impl Want {
    /// One that nobody was asked for.
    pub(super) fn new(row: &Kept, due: Time) -> Self {
        let thread = match row.origin {
            Origin::Told { thread, .. } => Some(thread),
            Origin::Here => None,
        };
        Self::of(thread, (row.sealed(), row.is_asked_for()), due)
    }

    const fn of(thread: Option<AccountId>, (sealed, asked_for): (u64, bool), due: Time) -> Self {
        Self { asked: 0, hope: false, rounds: 0, faults: 0, due, thread, sealed, asked_for }
    }

    /// Everybody was asked: after a pause from the first on again.
    pub(super) fn rest(&mut self, now: Time) {
        let pause = limits::FETCH_RETRY_FIRST * 2u32.saturating_pow(self.rounds.min(16));
        self.due = now.plus(pause.min(limits::FETCH_RETRY_LAST));
        (self.asked, self.hope) = (0, false);
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Somebody who may have it is there: it is tried at once.
    pub(super) const fn wake(&mut self, now: Time) {
        (self.asked, self.rounds, self.due) = (0, 0, now);
    }
}

impl FileState {
    pub(super) fn new(kind: AccountKind) -> Self {
        Self {
            rules: Rules::of(kind),
            wanted: BTreeMap::new(),
            running: BTreeMap::new(),
            attempts: 0,
            served: BTreeMap::new(),
            bytes: 0,
            known: 0,
            unsent: 0,
            gone: BTreeSet::new(),
            misses: Misses::default(),
        }
    }

    /// Whether so many bytes more may be kept.
    pub(super) const fn has_room(&self, bytes: u64) -> bool {
        self.bytes.saturating_add(bytes) <= self.rules.kept
    }

    /// Whether one more file of a conversation may be fetched without a person's word.
    pub(super) fn may_want(&self, thread: &AccountId, sealed: u64) -> bool {
        let unasked = self.wanted.values().filter(|want| !want.asked_for && want.thread == Some(*thread));
        let (count, bytes) = unasked.fold((0, sealed), |(count, bytes): (usize, u64), want| {
            (count + 1, bytes.saturating_add(want.sealed))
        });
        let in_share = count == 0 || bytes <= self.rules.kept / limits::UNASKED_SHARE;
        self.wanted.len() < limits::WANTED_MAX
            && count < limits::UNASKED_MAX
            && in_share
            && self.has_room(sealed)
    }

    /// Whether there is room for a wanted file now, beside those that are being fetched.
    pub(super) fn may_fetch(&self, id: &FileId) -> bool {
        let Some(want) = self.wanted.get(id).filter(|want| !want.asked_for) else { return true };
        let others = self.running.keys().filter(|other| *other != id);
        let others = others.filter_map(|other| self.wanted.get(other)).filter(|other| !other.asked_for);
        self.has_room(others.map(|other| other.sealed).fold(want.sealed, u64::saturating_add))
    }

    /// Whether a file is being fetched from a peer.
    pub(super) fn fetches_from(&self, peer: &PeerKey) -> bool {
        self.running.values().filter(|fetch| fetch.from == *peer).count() >= limits::FILE_STREAMS_PER_PEER
    }

    /// What can be tried now, in the order in which it is: one file of each conversation after the other, that first which
    /// was served least recently. What is being fetched counts as the first ones of its conversation.
    pub(super) fn due(&mut self, now: Time) -> Vec<FileId> {
        let wanted: BTreeSet<_> = self.wanted.values().map(|want| want.thread).collect();
        self.served.retain(|thread, _| wanted.contains(thread));
        let due = self.wanted.iter().filter(|(id, want)| want.due <= now && !self.running.contains_key(*id));
        let mut waiting: Vec<(&FileId, &Want)> = due.collect();
        waiting.sort_by_key(|(id, want)| (want.due, **id));
        let mut turns: BTreeMap<Option<AccountId>, usize> = BTreeMap::new();
        self.running.values().for_each(|fetch| *turns.entry(fetch.thread).or_default() += 1);
        let mut order: Vec<(usize, u64, FileId)> = Vec::with_capacity(waiting.len());
        for (id, want) in waiting {
            let turn = turns.entry(want.thread).or_default();
            order.push((*turn, self.served.get(&want.thread).copied().unwrap_or(0), *id));
            *turn += 1;
        }
        order.sort_by_key(|(turn, served, _)| (*turn, *served));
        order.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Whether one more file can be fetched beside those that are, of its conversation and of all.
    pub(super) fn has_turn(&self, id: &FileId) -> bool {
        let Some(want) = self.wanted.get(id) else { return false };
        let beside = self.running.values().filter(|fetch| fetch.thread == want.thread).count();
        self.running.len() < limits::FETCHES_MAX && beside < limits::FETCHES_PER_CONVERSATION
    }

    /// A wanted file is fetched from a peer from now on. Returns the number of the attempt.
    pub(super) fn begin(&mut self, id: &FileId, from: PeerKey) -> u64 {
        self.attempts += 1;
        let (attempt, thread) = (self.attempts, self.wanted.get(id).and_then(|want| want.thread));
        self.served.insert(thread, attempt);
        self.running.insert(*id, Fetch { attempt, from, thread });
        attempt
    }

    /// The attempt to fetch a file is over. Whether it is the one that runs, and not an earlier one.
    pub(super) fn ends(&mut self, id: &FileId, attempt: u64) -> bool {
        let is_this = self.running.get(id).is_some_and(|fetch| fetch.attempt == attempt);
        if is_this {
            self.running.remove(id);
        }
        is_this
    }
}

/// How often each peer asked lately for what isn't there: whoever guesses must wait, and costs nothing meanwhile.
#[derive(Debug, Default)]
pub(super) struct Misses(BTreeMap<PeerKey, (u32, Time)>);

impl Misses {
    /// Whether a peer may ask now.
    pub(super) fn may(&mut self, peer: &PeerKey, now: Time) -> bool {
        let Some((count, since)) = self.0.get_mut(peer) else { return true };
        let back = now.since(*since).as_millis() / limits::MISSES_PACE.as_millis();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        if back >= *count {
            self.0.remove(peer);
            return true;
        }
        *count -= back;
        *since = since.plus(limits::MISSES_PACE * back);
        *count < limits::MISSES_BURST
    }

    /// A peer asked for what isn't there.
    pub(super) fn count(&mut self, peer: &PeerKey, now: Time) {
        if !self.0.contains_key(peer) && self.0.len() >= limits::MISSES_PEERS_MAX {
            let oldest = self.0.iter().min_by_key(|(_, (_, since))| *since).map(|(peer, _)| peer.clone());
            oldest.map(|peer| self.0.remove(&peer));
        }
        let (count, _) = self.0.entry(peer.clone()).or_insert((0, now));
        *count = count.saturating_add(1).min(2 * limits::MISSES_BURST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_700_000_000_000);

    fn peer(number: u16) -> PeerKey {
        PeerKey::new([&[1; 36][..], &number.to_be_bytes()].concat()).unwrap()
    }

    #[test]
    fn whoever_asks_for_what_is_not_there_must_wait_and_others_need_not() {
        let mut misses = Misses::default();
        for _ in 0..limits::MISSES_BURST {
            assert!(misses.may(&peer(1), NOW));
            misses.count(&peer(1), NOW);
        }
        assert!(!misses.may(&peer(1), NOW) && misses.may(&peer(2), NOW));
        assert!(misses.may(&peer(1), NOW.plus(limits::MISSES_PACE)));
        misses.count(&peer(1), NOW.plus(limits::MISSES_PACE));
        assert!(!misses.may(&peer(1), NOW.plus(limits::MISSES_PACE)));
        for _ in 0..1_000 {
            misses.count(&peer(1), NOW);
        }
        let later = NOW.plus(limits::MISSES_PACE * (2 * limits::MISSES_BURST));
        assert!(misses.may(&peer(1), later), "nobody waits for ever");
    }

    #[test]
    fn so_many_peers_are_remembered_and_no_more() {
        let mut misses = Misses::default();
        let most = u16::try_from(limits::MISSES_PEERS_MAX).unwrap();
        (0..=most).for_each(|number| {
            misses.count(&peer(number), NOW.plus(limits::MISSES_PACE * u32::from(number)))
        });
        assert_eq!(misses.0.len(), limits::MISSES_PEERS_MAX);
        assert!(!misses.0.contains_key(&peer(0)), "the one that asked least recently goes");
    }

    #[test]
    fn one_conversation_takes_only_its_share_of_what_is_fetched_unasked() {
        let mut state = FileState::new(AccountKind::Person);
        let (ana, bento) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
        let share = state.rules.kept / limits::UNASKED_SHARE;
        assert!(state.may_want(&ana, share + 1), "the first one may have more");
        state.wanted.insert(FileId::new([0; 32]), Want::of(Some(ana), (share, false), NOW));
        assert!(!state.may_want(&ana, 1) && state.may_want(&bento, share));
        assert!(state.has_room(state.rules.kept), "what is only announced takes no room of others");
        state.wanted.clear();
        for number in 0..limits::UNASKED_MAX {
            assert!(state.may_want(&ana, 1));
            let id = FileId::new([u8::try_from(number).unwrap(); 32]);
            state.wanted.insert(id, Want::of(Some(ana), (1, false), NOW));
        }
        assert!(!state.may_want(&ana, 1) && state.may_want(&bento, 1));
        state.bytes = state.rules.kept;
        assert!(!state.may_fetch(&FileId::new([0; 32])), "nothing unasked is fetched where there is no room");
    }

    #[test]
    fn conversations_take_turns_whoever_announces_more_or_earlier() {
        let mut state = FileState::new(AccountKind::Person);
        let [ana, bento] = [1, 2].map(|number| AccountId::new([number; 32]));
        let id = |number: u8| FileId::new([number; 32]);
        for number in 0..8 {
            state.wanted.insert(id(number), Want::of(Some(ana), (1, false), NOW));
        }
        let later = NOW.plus(limits::FETCH_RETRY_FIRST);
        state.wanted.insert(id(9), Want::of(Some(bento), (1, false), later));
        assert_eq!(state.due(NOW).len(), 8, "nothing before its time");
        assert_eq!(state.due(later)[..3], [id(0), id(9), id(1)]);
        for number in 0..limits::FETCHES_PER_CONVERSATION {
            let number = u8::try_from(number).unwrap();
            assert!(state.has_turn(&id(number)));
            state.begin(&id(number), peer(u16::from(number)));
        }
        assert!(!state.has_turn(&id(7)) && state.has_turn(&id(9)), "however many devices she has");
        assert_eq!(state.due(later)[0], id(9));
        let attempt = state.begin(&id(9), peer(9));
        assert!(
            !state.ends(&id(9), attempt - 1) && state.ends(&id(9), attempt) && !state.ends(&id(9), attempt)
        );
        state.running.clear();
        assert_eq!(state.due(later)[..2], [id(0), id(9)], "who was served last comes last");
    }

    #[test]
    fn pauses_grow_to_a_bound_and_end_when_somebody_is_there() {
        let mut want = Want::of(None, (0, false), NOW);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            want.rest(NOW);
            pauses.push(want.due.since(NOW));
        }
        assert_eq!(pauses[0], limits::FETCH_RETRY_FIRST);
        assert_eq!(pauses[1], limits::FETCH_RETRY_FIRST * 2);
        assert_eq!(pauses[11], limits::FETCH_RETRY_LAST);
        want.wake(NOW);
        assert_eq!((want.due, want.rounds), (NOW, 0));
    }
}
