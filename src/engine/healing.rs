//! Sessions that broke: noticed, retired, and made anew within limits.

use crate::base::id::{DeviceId, SessionId};
use crate::base::limits;
use crate::domain::chat::outbox::{OUTBOX, Unsettled};
use crate::domain::chat::timeline::Notice;
use crate::domain::identity::contact::Contact;
use crate::domain::mailbox::boxes;
use crate::domain::session::ratchet::Session;
use crate::domain::session::rows::{PEERS, SESSIONS};
use crate::engine::links::Item;
use crate::engine::machine::{Engine, Step};
use crate::engine::outbound::drop_session;
use crate::engine::pending::Deadline;
use crate::store::table::Rows;
use crate::wire::peer::LinkId;

impl Engine {
    /// The other side can't use a frame of ours.
    pub(super) fn refused(&mut self, step: &mut Step<'_, '_>, link: LinkId, number: u64) {
        match self.links.refuse(link, number) {
            Some(Item::Content { device, seq }) => {
                // Sent once more after a broken link, it may be there already and its key forgotten: then an
                // acknowledgement is on its way, and there is nothing to heal.
                let due = step.now.plus(limits::HEAL_PATIENCE);
                self.lookups.expect_by(due, Deadline::Heal(device, seq, link));
            }
            Some(Item::Ack { device, .. } | Item::Greeting { device }) => {
                // What overtook a first flight says nothing of its session: that is taken, or refused, when it gets there.
                if !self.links.is_under_way(link, &Item::Content { device, seq: 0 }) {
                    self.heal_active(step, &device);
                }
            }
            Some(Item::Refused) | None => {}
        }
    }

    /// A content was refused a while ago: if it is still unsettled, the session is broken. Where the link is down,
    /// the acknowledgement may have gone with it: what is unsettled will be sent, and perhaps refused, anew.
    pub(super) fn refused_before(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        seq: u64,
        link: LinkId,
    ) {
        if !self.links.is_up(link) {
            return;
        }
        let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        let row = step.tx.get(&OUTBOX, &OUTBOX.key_at(device.as_bytes(), seq));
        if row
            .is_some_and(|row| row.frame.as_ref().map(|sealed| sealed.session) == active && active.is_some())
        {
            self.heal_active(step, device);
        }
    }

    /// Makes a new session with a device in the place of one that it can't use, if that is allowed now.
    pub(super) fn heal(&mut self, step: &mut Step<'_, '_>, device: &DeviceId) {
        let device = *device;
        let Some(mut peer) = step.tx.copy(&PEERS, device.as_bytes()) else { return };
        let Some(contact) = self.contact_of(step, &device) else { return };
        if peer.active.is_none() || !peer.may_heal(step.now) {
            return;
        }
        step.tx.put(&PEERS, PEERS.key(device.as_bytes()), peer);
        self.retire_session(step, &device);
        self.notice(step, &contact, Notice::SessionRemade);
        self.seek_bundle(step, &contact, Some(&device));
    }

    /// The same for the session that is sent in. If one was made not long before, another is made later: nobody may say again
    /// that it can't be used.
    fn heal_active(&mut self, step: &mut Step<'_, '_>, device: &DeviceId) {
        let Some(peer) = step.tx.row(&PEERS, device.as_bytes()) else { return };
        if let (Some(session), Some(due)) = (peer.active, peer.heals_soon(step.now)) {
            return self.lookups.heal_late_by(due, *device, session);
        }
        self.heal(step, device);
    }

    /// A session that couldn't be used was kept for a while: it is time to make another, if nothing came of it.
    pub(super) fn heal_late(&mut self, step: &mut Step<'_, '_>, device: &DeviceId, session: SessionId) {
        let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        let key = SESSIONS.key(session.as_bytes());
        let is_heard = step.tx.with(&SESSIONS, &key, Session::has_received) == Some(true);
        let waiting = step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).limit(1));
        let is_sealed_in =
            |row: &Unsettled| row.frame.as_ref().is_some_and(|sealed| sealed.session == session);
        let is_useless = !is_heard || waiting.iter().any(|(_, row)| is_sealed_in(row));
        if active == Some(session) && is_useless {
            self.heal(step, device);
        }
    }

    /// The other side has seen more of a session than this store knows of: the store is an old copy. The session may
    /// not seal again; it only receives from here on.
    ///
    /// What says so on a session that isn't sent on any more is late, and says nothing of the one in its place.
    pub(super) fn rolled_back(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        session: &SessionId,
    ) {
        self.counters.rolled_back += 1;
        let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        if active == Some(*session) {
            self.retire_session(step, device);
            self.seek_bundle(step, contact, Some(device));
        }
    }

    /// The first flight of a device's session is past its life, and nothing ever came: the device can't have the
    /// session any more. What waits is sealed anew, in another one. Without a mailbox that could have kept it, the
    /// device itself refuses what it can't open.
    pub(super) fn flight_expired(&mut self, step: &Step<'_, '_>, device: &DeviceId) {
        let contact = self.contact_of(step, device);
        let deposited = |contact: &Contact| !boxes::of(step.tx, &contact.account).is_empty();
        if let Some(contact) = contact.filter(|contact| deposited(contact)) {
            self.retire_session(step, device);
            self.links.mark_dirty(contact.account);
        }
    }

    /// Seals no more in the active session of a device.
    pub(super) fn retire_session(&mut self, step: &Step<'_, '_>, device: &DeviceId) {
        let Some(mut peer) = step.tx.copy(&PEERS, device.as_bytes()) else { return };
        let dropped = peer.archive_active();
        step.tx.put(&PEERS, PEERS.key(device.as_bytes()), peer);
        dropped.iter().for_each(|id| drop_session(step, id));
        self.bundles.remove(device);
        let line = self.links.line(device);
        (line.next, line.sought) = (0, false);
    }
}
