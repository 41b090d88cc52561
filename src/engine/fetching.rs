//! What is fetched, from whom and when; and who is given what.

use crate::base::file_limits as limits;
use crate::base::id::{DeviceId, FileId};
use crate::domain::files::kept::{self, End, FILES, Kept, Origin, State, Trouble};
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::moved;
use crate::engine::effects::Effect;
use crate::engine::file_order::{FileEvent, FileOrder, Miss};
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::reach::Reach;

impl Engine {
    /// Something happened to the bytes of a file.
    pub(super) fn file_event(&mut self, step: &mut Step<'_, '_>, event: FileEvent) {
        match event {
            FileEvent::Asked { ask, peer, id, from } => self.file_asked(step, ask, &peer, &id, from),
            FileEvent::Fetched { id, attempt } if self.files.ends(&id, attempt) => self.file_came(step, &id),
            FileEvent::NotFetched { id, attempt, why, some } if self.files.ends(&id, attempt) => {
                self.file_missed(step, &id, why, some);
            }
            // An earlier attempt's word: what that brought was removed meanwhile.
            FileEvent::Fetched { .. } | FileEvent::NotFetched { .. } => {}
        }
    }

    /// Fetches what is due, so much at once, and puts the next attempt on the agenda.
    pub(super) fn fetch_some(&mut self, step: &Step<'_, '_>) {
        if !self.online {
            return;
        }
        if self.files.running.len() < limits::FETCHES_MAX {
            for id in self.files.due(step.now) {
                if self.files.has_turn(&id) {
                    self.ask_holder(step, &id);
                }
            }
        }
        let later = self.files.wanted.values().map(|want| want.due).filter(|due| *due > step.now).min();
        if let Some(later) = later {
            self.agenda.set(step.tx, Job::Fetch, later);
        }
    }

    /// Asks the next of those who may have a file.
    fn ask_holder(&mut self, step: &Step<'_, '_>, id: &FileId) {
        let Some(row) = step.tx.row(&FILES, id.as_bytes()).filter(|row| row.is_wanted()) else {
            self.files.wanted.remove(id);
            return;
        };
        if !self.files.may_fetch(id) {
            self.files.wanted.get_mut(id).into_iter().for_each(|want| want.rest(step.now));
            return self.note_trouble(step, id, Some(Trouble::NoRoom));
        }
        let holders = self.holders(step, &row);
        let asked = self.files.wanted.get(id).map_or(0, |want| want.asked);
        let next = holders.into_iter().nth(asked);
        // What is fetched from there ends some time, and then this is looked at again.
        if next.as_ref().is_some_and(|from| self.files.fetches_from(from.peer())) {
            return;
        }
        let Some(want) = self.files.wanted.get_mut(id) else { return };
        match next {
            Some(from) => {
                want.asked += 1;
                let attempt = self.files.begin(id, from.peer().clone());
                let opening = row.opening.clone();
                self.effects.push(Effect::File(FileOrder::Fetch { attempt, opening, from }));
            }
            None => {
                let refused = want.asked > 0 && !want.hope;
                want.rest(step.now);
                let trouble = refused.then_some(Trouble::Refused);
                self.note_trouble(step, id, trouble);
            }
        }
    }

    fn note_trouble(&self, step: &Step<'_, '_>, id: &FileId, trouble: Option<Trouble>) {
        let before = step.tx.with(&FILES, &FILES.key(id.as_bytes()), |row| row.state);
        let state = match before {
            Some(State::Asked { .. }) => State::Asked { trouble },
            _ => State::Waiting { wanted: true, trouble },
        };
        if before != Some(state) {
            kept::edit(step.tx, id, |row| row.turn(state, step.now));
        }
    }

    /// Who may have a file: the device that told of it, the other devices of the same person, and our own others.
    fn holders(&self, step: &Step<'_, '_>, row: &Kept) -> Vec<PeerAddress> {
        let Origin::Told { thread, device, own } = row.origin else { return Vec::new() };
        let ourselves = step.tx.row(&CONTACTS, self.account.as_bytes()).filter(|row| row.is_ourselves());
        let theirs = if own { None } else { moved::contact(step.tx, &thread) };
        let theirs = theirs.filter(|contact| contact.standing != Standing::Blocked);
        let mut found = Vec::new();
        for contact in theirs.iter().chain(&ourselves) {
            let mut devices: Vec<DeviceId> = contact.devices().collect();
            devices.sort_by_key(|other| *other != device);
            found.extend(devices.iter().filter_map(|device| at(contact, device)));
        }
        found
    }

    fn file_came(&mut self, step: &Step<'_, '_>, id: &FileId) {
        if let Some(want) = self.files.wanted.remove(id) {
            if !want.asked_for {
                self.files.bytes = self.files.bytes.saturating_add(want.sealed);
            }
            kept::edit(step.tx, id, |row| row.turn(State::Here, step.now));
            self.show_file(step, id);
        }
        self.fetch_some(step);
    }

    fn file_missed(&mut self, step: &Step<'_, '_>, id: &FileId, why: Miss, some: bool) {
        if let Some(want) = self.files.wanted.get_mut(id) {
            want.hope |= matches!(why, Miss::Lost);
            if some {
                want.rounds = 0;
            }
            match why {
                Miss::Lost | Miss::Refused => {}
                Miss::NoRoom => {
                    want.rest(step.now);
                    self.note_trouble(step, id, Some(Trouble::NoRoom));
                }
                Miss::Wrong => {
                    want.faults += 1;
                    if want.faults >= limits::FETCH_FAULTS_MAX {
                        self.end_file(step, id, End::Broken);
                    }
                }
            }
        }
        self.fetch_some(step);
    }

    /// A contact is there again: what it may have is tried at once.
    pub(super) fn files_awake(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        let waiting: Vec<FileId> =
            self.files.wanted.keys().filter(|id| !self.files.running.contains_key(id)).copied().collect();
        let mut any = false;
        for id in waiting {
            let key = FILES.key(id.as_bytes());
            let concerned = step.tx.with(&FILES, &key, |row| match row.origin {
                Origin::Told { thread, .. } => contact.is_ourselves() || thread == contact.thread,
                Origin::Here => false,
            });
            if concerned == Some(true)
                && let Some(want) = self.files.wanted.get_mut(&id)
            {
                want.wake(step.now);
                any = true;
            }
        }
        if any {
            self.fetch_some(step);
        }
    }

    /// A peer asks for a file. Whoever knows the id of one that was sent, from here or from another device of ours, is
    /// given it while it is offered; one that others sent is for our own devices.
    fn file_asked(&mut self, step: &Step<'_, '_>, ask: u64, peer: &PeerKey, id: &FileId, from: u32) {
        let granted = self.files.misses.may(peer, step.now).then(|| self.given(step, peer, id)).flatten();
        let order = match granted {
            Some(row) => FileOrder::Give { ask, opening: row.opening.clone(), from },
            None => {
                self.files.misses.count(peer, step.now);
                FileOrder::Refuse { ask }
            }
        };
        self.effects.push(Effect::File(order));
    }

    /// Nothing goes to a blocked contact, so that nothing else says at which peers it is when these ask for files.
    pub(super) fn note_if_blocked(&mut self, contact: &Contact) {
        if contact.standing == Standing::Blocked {
            let places = contact.reach.iter().filter_map(Reach::at);
            places.for_each(|at| self.links.note(at.peer(), contact.account));
        }
    }

    fn given(&self, step: &Step<'_, '_>, peer: &PeerKey, id: &FileId) -> Option<std::sync::Arc<Kept>> {
        let row = step.tx.row(&FILES, id.as_bytes()).filter(|row| row.is_here())?;
        let was_sent = matches!(row.origin, Origin::Here | Origin::Told { own: true, .. });
        let is_offered = was_sent && row.uses > 0 && step.now < row.expires;
        let blocked = |account| {
            step.tx.row(&CONTACTS, account).is_some_and(|contact| contact.standing == Standing::Blocked)
        };
        let is_blocked = self.links.contacts_at(peer).iter().any(|account| blocked(account.as_bytes()));
        let is_own = || {
            let ourselves = step.tx.row(&CONTACTS, self.account.as_bytes());
            ourselves.filter(|contact| contact.is_ourselves()).is_some_and(|contact| {
                contact.devices().any(|device| at(&contact, &device).is_some_and(|at| at.peer() == peer))
            })
        };
        (is_offered && !is_blocked || is_own()).then_some(row)
    }
}

/// Where a device of a contact can be reached.
fn at(contact: &Contact, device: &DeviceId) -> Option<PeerAddress> {
    contact.reach_of(device).and_then(Reach::at)
}
