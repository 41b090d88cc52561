//! Which of several sessions with one device is used, and when a new one may heal them.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::SessionId;
use crate::base::limits;
use crate::base::time::Time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The sessions with one device; a stored row. All of them can receive, one sends.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Peer {
    /// The session that is sent on.
    pub active: Option<SessionId>,
    /// Sessions that only receive, newest first, at most [`limits::ARCHIVED_SESSIONS_MAX`].
    pub archived: Vec<SessionId>,
    /// When sessions were made to heal, within the last day, oldest first.
    pub heals: Vec<Time>,
    /// Of two sessions that both sides opened at once, the one that isn't active, until something comes on it.
    pub rival: Option<SessionId>,
}

impl Peer {
    /// We have opened a session: it is sent on. Returns the sessions that fell off the end and are to be deleted.
    #[must_use = "the sessions returned are to be deleted"]
    pub fn adopt_sent(&mut self, id: SessionId) -> Vec<SessionId> {
        self.rival = None;
        self.activate(id)
    }

    /// The other side has opened a session, and its first flight has opened here. Returns the sessions to be
    /// deleted.
    ///
    /// The new session is sent on, because the other side surely has it. `active_has_received` is whether
    /// anything ever came on the session that is active now: if not, both sides may have opened one at once,
    /// and [`Peer::received`] settles which stays.
    #[must_use = "the sessions returned are to be deleted"]
    pub fn adopt_received(&mut self, id: SessionId, active_has_received: bool) -> Vec<SessionId> {
        if self.knows(&id) {
            return Vec::new();
        }
        self.rival = self.active.filter(|_| !active_has_received);
        self.activate(id)
    }

    /// A frame has opened on this session. Where it proves that both sides have both of two sessions that were
    /// opened at once, the one with the smaller id is sent on from here; the other side decides alike.
    pub fn received(&mut self, id: &SessionId) {
        if self.rival != Some(*id) {
            return;
        }
        self.rival = None;
        if self.active.is_none_or(|active| *id < active) {
            self.archived.retain(|archived| archived != id);
            // The session that takes its place in the archive makes up for it, so that none falls off.
            let _ = self.activate(*id);
        }
    }

    /// The other side goes on sending on this session, and we on another: each has opened some while those of the other
    /// were under way, so that no ratchet steps any more. The smaller id is sent on from here, on both sides.
    pub fn agree_on(&mut self, id: &SessionId) {
        if self.archived.contains(id) && self.active.is_some_and(|active| *id < active) {
            self.rival = None;
            // As above, none falls off.
            let _ = self.activate(*id);
        }
    }

    /// Whether a frame on this session says nothing of which one is to be sent on.
    pub fn is_apart(&self, id: &SessionId) -> bool {
        self.rival != Some(*id) && self.active.is_some_and(|active| active != *id)
    }

    /// The session is gone (broken or deleted).
    pub fn forget(&mut self, id: &SessionId) {
        self.archived.retain(|archived| archived != id);
        self.active = self.active.filter(|active| active != id);
        self.rival = self.rival.filter(|rival| rival != id);
    }

    /// Sends on none from here, so that the next message opens a new session. Returns the sessions to be deleted.
    #[must_use = "the sessions returned are to be deleted"]
    pub fn archive_active(&mut self) -> Vec<SessionId> {
        self.rival = None;
        self.archived.splice(0..0, self.active.take());
        self.overflow()
    }

    /// Whether the session is among these.
    pub fn knows(&self, id: &SessionId) -> bool {
        self.active == Some(*id) || self.archived.contains(id)
    }

    /// Whether a new session may be made to heal a broken one, and if so, notes that it was made now.
    pub fn may_heal(&mut self, now: Time) -> bool {
        // A moment ahead of now is from before the clock was set back, and says nothing.
        self.heals.retain(|heal| *heal <= now && now.since(*heal) < DAY);
        let too_soon = self.heals.last().is_some_and(|last| now.since(*last) < limits::HEAL_INTERVAL);
        let allowed = !too_soon && self.heals.len() < limits::HEALS_PER_DAY as usize;
        if allowed {
            self.heals.push(now);
        }
        allowed
    }

    /// When a new session may be made to heal a broken one, where it may not be now because one was made not long before.
    /// Nothing where the day has had its number: what can't be healed by so many is left until somebody comes back.
    pub fn heals_soon(&self, now: Time) -> Option<Time> {
        let today = self.heals.iter().filter(|heal| **heal <= now && now.since(**heal) < DAY);
        let due = today.clone().next_back()?.plus(limits::HEAL_INTERVAL);
        (due > now && today.count() < limits::HEALS_PER_DAY as usize).then_some(due)
    }

    fn activate(&mut self, id: SessionId) -> Vec<SessionId> {
        let former = self.active.replace(id).filter(|former| *former != id);
        self.archived.retain(|archived| *archived != id);
        self.archived.splice(0..0, former);
        self.overflow()
    }

    fn overflow(&mut self) -> Vec<SessionId> {
        let kept = self.archived.len().min(limits::ARCHIVED_SESSIONS_MAX);
        self.archived.split_off(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> SessionId {
        SessionId::new([byte; 32])
    }

    #[test]
    fn sessions_opened_at_once_settle_on_the_smaller_id_on_both_sides() {
        for (ours, theirs) in [(1, 2), (2, 1)] {
            let (mut alice, mut bob) = (Peer::default(), Peer::default());
            assert!(alice.adopt_sent(id(ours)).is_empty() && bob.adopt_sent(id(theirs)).is_empty());
            assert!(alice.adopt_received(id(theirs), false).is_empty());
            assert!(bob.adopt_received(id(ours), false).is_empty());
            assert_eq!(alice.active, Some(id(theirs)), "sends on what the other side surely has");
            assert!(alice.knows(&id(ours)), "and both stay receivable");
            bob.received(&id(theirs));
            assert_eq!(bob.active, Some(id(1)));
            alice.received(&id(1));
            bob.received(&id(1));
            assert_eq!((alice.active, bob.active), (Some(id(1)), Some(id(1))));
            assert!(alice.knows(&id(2)) && bob.knows(&id(2)));
        }
    }

    #[test]
    fn a_healing_session_wins_over_one_that_both_sides_had_whatever_its_id() {
        let mut peer = Peer { active: Some(id(1)), ..Peer::default() };
        assert!(peer.adopt_received(id(9), true).is_empty());
        peer.received(&id(1));
        assert_eq!(peer.active, Some(id(9)), "a late frame on the old one changes nothing");
    }

    #[test]
    fn the_same_session_is_not_adopted_twice() {
        let mut peer = Peer { active: Some(id(1)), archived: vec![id(2)], ..Peer::default() };
        let before = peer.clone();
        assert!(peer.adopt_received(id(2), true).is_empty() && peer.adopt_received(id(1), true).is_empty());
        assert_eq!(peer, before);
    }

    #[test]
    fn sessions_beyond_the_archive_fall_off_its_end() {
        let mut peer = Peer::default();
        let dropped: Vec<_> = (0..9).flat_map(|byte| peer.adopt_sent(id(byte))).collect();
        assert_eq!(peer.archived.len(), limits::ARCHIVED_SESSIONS_MAX);
        assert_eq!(dropped, [id(0), id(1), id(2)]);
        assert_eq!((peer.active, peer.archived[0]), (Some(id(8)), id(7)));
        assert_eq!(peer.archive_active(), [id(3)]);
        assert_eq!(peer.active, None);
        peer.forget(&id(8));
        assert!(!peer.knows(&id(8)));
    }

    #[test]
    fn sides_that_send_apart_agree_on_the_smaller_id_and_drop_none() {
        let mut one = Peer { active: Some(id(1)), archived: vec![id(4)], ..Peer::default() };
        let mut other = Peer { active: Some(id(4)), archived: vec![id(1), id(2)], ..Peer::default() };
        assert!(one.is_apart(&id(4)) && other.is_apart(&id(1)) && !one.is_apart(&id(1)));
        one.agree_on(&id(4));
        other.agree_on(&id(0));
        assert_eq!((one.active, other.active), (Some(id(1)), Some(id(4))), "larger, or not known");
        other.agree_on(&id(1));
        assert_eq!((other.active, &other.archived[..]), (Some(id(1)), &[id(4), id(2)][..]));
    }

    #[test]
    fn settling_drops_no_session() {
        let mut peer = Peer { archived: (10..15).map(id).collect(), ..Peer::default() };
        let _ = peer.adopt_sent(id(1));
        let dropped = peer.adopt_received(id(2), false);
        assert_eq!(dropped, [id(14)]);
        peer.received(&id(1));
        assert_eq!(peer.active, Some(id(1)));
        assert_eq!(peer.archived.len(), limits::ARCHIVED_SESSIONS_MAX);
        assert!(peer.knows(&id(2)));
    }

    #[test]
    fn a_session_that_is_gone_is_forgotten_in_every_place_and_no_other_is() {
        let known =
            Peer { active: Some(id(1)), archived: vec![id(2), id(3)], rival: Some(id(2)), ..Peer::default() };
        let without = |gone: u8| {
            let mut peer = known.clone();
            peer.forget(&id(gone));
            peer
        };
        assert_eq!(without(9), known);
        assert_eq!(without(1), Peer { active: None, ..known.clone() });
        assert_eq!(without(2), Peer { archived: vec![id(3)], rival: None, ..known.clone() });
        assert_eq!(without(3), Peer { archived: vec![id(2)], ..known.clone() });
    }

    #[test]
    fn healing_is_paced_by_the_interval_and_the_day() {
        let mut peer = Peer::default();
        let at = |minutes: u64| Time::from_millis(minutes * 60_000);
        assert_eq!(peer.heals_soon(at(0)), None, "it may be made now");
        assert!(peer.may_heal(at(0)));
        assert!(!peer.may_heal(at(9)));
        assert_eq!((peer.heals_soon(at(9)), peer.heals_soon(at(10))), (Some(at(10)), None));
        for minutes in [10, 20, 30, 40] {
            assert!(peer.may_heal(at(minutes)));
        }
        assert!(!peer.may_heal(at(50)), "five in a day");
        assert_eq!(peer.heals_soon(at(45)), None, "the day has had its number");
        assert!(!peer.may_heal(at(24 * 60 - 1)), "which isn't over yet");
        assert!(peer.may_heal(at(24 * 60)), "the first one has left the day");
        assert!(!peer.may_heal(at(24 * 60 + 5)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_healing() {
        let mut peer = Peer { heals: vec![Time::from_millis(u64::MAX)], ..Peer::default() };
        assert!(peer.may_heal(Time::from_millis(1)));
    }
}
