//! The way in: route, open into a new state, admit, file in order, acknowledge.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, SessionId};
use crate::base::limits;
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::incoming::{self, Arrival, INCOMING};
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::chat::timeline::{self, Body as Line, Entry, From, NewEntry};
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::{moved, own};
use crate::domain::session::pqxdh::{self, Accepted};
use crate::domain::session::prekeys::Local;
use crate::domain::session::ratchet::OpenError;
use crate::domain::session::rows::{PEERS, PREKEYS, REPLAYS, ROUTES, Route, SESSIONS, replay_key};
use crate::engine::changing::made_by_them;
use crate::engine::compared::compared;
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::transfer::was_told;
use crate::engine::view;
use crate::store::table::Rows;
use crate::wire::content::{Body, Content, Introduction};
use crate::wire::envelope::Envelope;
use crate::wire::peer::{LinkId, PeerKey};
use crate::wire::reach::Reach;
use crate::wire::said::message::Said;

/// What becomes of a frame at the border.
pub(super) enum Fate {
    /// It was used, or it is of no use to anybody: the sender may forget it.
    Taken,
    /// Its session isn't known here: the sender should make a new one.
    Refused,
}

/// A content whose session vouches for who sent it.
struct Opened {
    contact: Arc<Contact>,
    device: DeviceId,
    content: Content,
}

impl Engine {
    /// Frames came in on a link. Whatever they are, the sender need not repeat them.
    pub(super) fn frames(
        &mut self,
        step: &mut Step<'_, '_>,
        link: LinkId,
        peer: &PeerKey,
        first: u64,
        frames: &[Vec<u8>],
    ) {
        for (number, frame) in (first..).zip(frames) {
            if matches!(self.frame(step, peer, frame), Fate::Refused) {
                self.effects.push(Effect::Refuse { link, number });
            }
        }
        self.links.take_incoming(link, first + frames.len() as u64);
    }

    fn frame(&mut self, step: &mut Step<'_, '_>, peer: &PeerKey, frame: &[u8]) -> Fate {
        let Ok(envelope) = Envelope::parse(frame) else {
            self.counters.malformed += 1;
            return Fate::Taken;
        };
        match step.tx.row(&ROUTES, envelope.route.as_bytes()).as_deref() {
            Some(Route::Inbox { own }) => self.first_flight(step, own, Some(peer), envelope.body),
            Some(Route::Pair { contact, device, session, .. }) => {
                self.session_frame(step, contact, *device, session, envelope.body)
            }
            None => {
                self.counters.unknown_route += 1;
                Fate::Refused
            }
        }
    }

    /// A frame of a session: opened into a new state, which is installed only because the AEAD held.
    pub(super) fn session_frame(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &AccountId,
        device: DeviceId,
        session: &SessionId,
        body: &[u8],
    ) -> Fate {
        let Some(contact) = step.tx.row(&CONTACTS, contact.as_bytes()) else { return Fate::Refused };
        if !contact.devices().any(|known| known == device) {
            self.counters.undecryptable += 1;
            return Fate::Taken;
        }
        if !self.may_be_heard(step, &contact) || !self.may_knock(step, &contact, body.len()) {
            return Fate::Taken;
        }
        let key = SESSIONS.key(session.as_bytes());
        let now = step.now;
        match step.tx.with(&SESSIONS, &key, |session| session.open(body, now)) {
            Some(Ok(opened)) => {
                let installed = step.tx.edit(&SESSIONS, &key, |session| session.install(opened.advance));
                if installed != Some(true) {
                    return Fate::Refused;
                }
                self.counters.opened += 1;
                self.session_proven(step, &device, session);
                if opened.rolled_back {
                    self.rolled_back(step, &contact, &device, session);
                }
                match Content::decode(&opened.content) {
                    Ok(content) => self.content(step, Opened { contact, device, content }, &opened.content),
                    Err(_) => self.counters.malformed += 1,
                }
                Fate::Taken
            }
            Some(Err(OpenError::Duplicate)) => {
                self.counters.repeated += 1;
                self.owe_ack(&contact, &device);
                Fate::Taken
            }
            Some(Err(OpenError::Refused)) | None => {
                self.counters.undecryptable += 1;
                // Perhaps it came before, and its key is forgotten: the sender should know what is here.
                self.owe_ack(&contact, &device);
                Fate::Refused
            }
        }
    }

    /// Blocked contacts aren't heard at all, and strangers only a little until they are admitted.
    fn may_be_heard(&mut self, step: &Step<'_, '_>, contact: &Contact) -> bool {
        match contact.standing {
            Standing::Accepted => true,
            Standing::Blocked => {
                self.counters.blocked += 1;
                false
            }
            Standing::Requested => {
                let heard = said_by(step, contact) < limits::STRANGER_ENTRIES_MAX;
                self.counters.over_limit += u64::from(!heard);
                heard
            }
        }
    }

    /// Something opened in this session: the other side has it, so its first flight needs no repeating.
    fn session_proven(&mut self, step: &Step<'_, '_>, device: &DeviceId, session: &SessionId) {
        let key = PEERS.key(device.as_bytes());
        let is_apart = step.tx.with(&PEERS, &key, |peer| peer.is_apart(session)) == Some(true);
        let line = self.links.line(device);
        line.apart = if is_apart { line.apart + 1 } else { 0 };
        if line.apart >= limits::APART_FRAMES {
            line.apart = 0;
            step.tx.edit(&PEERS, &key, |peer| peer.agree_on(session));
        }
        if step.tx.with(&PEERS, &key, |peer| peer.rival.is_some()) == Some(true) {
            step.tx.edit(&PEERS, &key, |peer| peer.received(session));
        }
        let flight = OUTBOX.key_at(device.as_bytes(), 0);
        let is_its_flight = |row: &crate::domain::chat::outbox::Unsettled| {
            row.frame.as_ref().is_some_and(|sealed| sealed.session == *session)
        };
        if step.tx.with(&OUTBOX, &flight, is_its_flight) == Some(true) {
            step.tx.delete(&OUTBOX, flight);
        }
    }

    /// A first flight: a session that another device opens with an account of ours.
    pub(super) fn first_flight(
        &mut self,
        step: &mut Step<'_, '_>,
        own: &AccountId,
        peer: Option<&PeerKey>,
        flight: &[u8],
    ) -> Fate {
        let Some(account) = self.own(step, own) else { return Fate::Refused };
        let set = pqxdh::flight_prekey_set(flight);
        let set = set.and_then(|set| step.tx.get(&PREKEYS, &PREKEYS.key_at(own.as_bytes(), u64::from(set))));
        let Some(set) = set else {
            self.counters.undecryptable += 1;
            return Fate::Refused;
        };
        let keys = self.device_keys(own);
        let local = Local { log: &account.log, device: &keys };
        let Ok(unsealed) = pqxdh::unseal(&local, &set, flight, step.now) else {
            self.counters.undecryptable += 1;
            return Fate::Refused;
        };
        // Before its one-time prekeys are looked for: those of a repetition are gone.
        let replay = replay_key(own, set.id, &unsealed.replay());
        if step.tx.with(&REPLAYS, &replay, |()| ()).is_some() {
            self.counters.repeated += 1;
            let (account, device) = unsealed.claims();
            let contact = step.tx.row(&CONTACTS, account.as_bytes());
            let contact = contact.filter(|contact| contact.devices().any(|known| known == device));
            contact.iter().for_each(|contact| self.owe_ack(contact, &device));
            return Fate::Taken;
        }
        if self.has_too_many_replays(step, own, set.id) {
            self.counters.over_limit += 1;
            return Fate::Refused;
        }
        let pool = self.one_time_named(step, own, unsealed.one_time());
        let Ok(accepted) = unsealed.accept(&local, &set, &pool, step.now) else {
            self.counters.undecryptable += 1;
            return Fate::Refused;
        };
        self.flight_used(step, own, set.id, &accepted.replay, accepted.used);
        self.admit(step, own, peer, accepted);
        Fate::Taken
    }

    /// Who opens a session is a contact already, becomes one, or asks to be one.
    fn admit(
        &mut self,
        step: &mut Step<'_, '_>,
        own: &AccountId,
        peer: Option<&PeerKey>,
        accepted: Accepted,
    ) {
        let Accepted { session, content: bytes, peer: log, device, .. } = accepted;
        let account = log.account();
        let Ok(content) = Content::decode(&bytes) else {
            self.counters.malformed += 1;
            return;
        };
        let known = step.tx.copy(&CONTACTS, account.as_bytes()).or_else(|| {
            let former = content.introduction.as_ref().map(|introduction| introduction.former.clone());
            self.succeeded(step, former.filter(|former| !former.is_empty())?, log.clone())
        });
        let is_new = known.is_none();
        let own = own::current(step.tx, own);
        let contact = match known {
            Some(contact) if own::current(step.tx, &contact.own) == own => Some(contact),
            Some(_) => None,
            // Our own account's other devices are known from the log, or not at all.
            None if account == self.account => None,
            // A device that a contact has: without that contact's word it isn't believed that it is another's now.
            None if self.contact_of(step, &device).is_some_and(|contact| contact.has_device(&device)) => None,
            None => self.stranger(step, &own, account, content.introduction.as_ref()),
        };
        let Some(mut contact) = contact else {
            self.counters.over_limit += 1;
            return;
        };
        if contact.standing == Standing::Blocked {
            self.counters.blocked += 1;
            return;
        }
        if !self.may_knock(step, &contact, limits::FIRST_FLIGHT_LEN) {
            return;
        }
        // A device that was revoked since could otherwise come back with the log in which it wasn't.
        if !self.learn_log(step, &mut contact, log) || !contact.has_device(&device) {
            return;
        }
        // A mailbox isn't where the device is.
        if let Some(peer) = peer.filter(|_| contact.reach_of(&device).is_none()) {
            let seen_at = Reach::new(device, peer.as_bytes().to_vec(), Vec::new());
            seen_at.into_iter().for_each(|reach| contact.learn_reach(reach));
        }
        step.tx.put(&CONTACTS, CONTACTS.key(account.as_bytes()), contact.clone());
        let received_before = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
        let received_before = received_before.and_then(|active| {
            step.tx.with(&SESSIONS, &SESSIONS.key(active.as_bytes()), |s| s.has_received())
        });
        let id = session.id();
        self.install_session(step, &contact, &device, session, |peer, _| {
            peer.adopt_received(id, received_before == Some(true))
        });
        self.links.line(&device).next = 0;
        self.owe_ack(&contact, &device);
        self.links.line(&device).greeting_due = contact.standing == Standing::Accepted;
        if is_new {
            self.show_contact(&contact);
            self.share_contact(step, &contact);
        }
        // Nothing was told to somebody new, nor to somebody who has lost it.
        if contact.told.head == 0 && contact.standing == Standing::Accepted {
            self.announce(step, &contact);
        }
        self.counters.opened += 1;
        let contact = Arc::new(contact);
        self.content(step, Opened { contact: Arc::clone(&contact), device, content }, &bytes);
        self.offer_queues(step, &contact);
    }

    /// An opened content: what it says of its sender first, then the thing itself.
    fn content(&mut self, step: &mut Step<'_, '_>, opened: Opened, bytes: &[u8]) {
        let Opened { mut contact, device, content } = opened;
        self.weigh_claim(step, &mut contact, &device, &content.log_head);
        if let Some(introduction) = content.introduction.clone() {
            contact = self.introduced(step, contact, &device, introduction);
        }
        match (content.seq, &content.body) {
            (0, Body::Ack(ack)) => self.acknowledged(step, &contact, &device, ack),
            (0, Body::Resend { from, until }) => {
                let line = self.links.line(&device);
                line.next = line.next.min(*from);
                self.wanted_again(step, &device, *from, *until);
                self.links.mark_dirty(contact.account);
            }
            (0, Body::Hello { first, void }) => {
                incoming::begin(step.tx, &device, *first);
                if !void.is_empty() {
                    incoming::learn_void(step.tx, &device, void);
                    self.owe_ack(&contact, &device);
                }
                let others = incoming::begin_late(step.tx, &device, *first);
                if !others.is_empty() {
                    others.into_iter().for_each(|at| conversation::take_back(step.tx, &contact.thread, at));
                    self.owe_ack(&contact, &device);
                }
                self.file_held(step, &contact, &device);
            }
            (0, Body::LogWant(head)) => self.log_wanted(&contact, &device, head),
            (0, Body::Log(part)) => self.log_part(step, &contact.account, &device, part, true),
            (1.., Body::Copy(_) | Body::Contact(_) | Body::History(_) | Body::Read(_))
                if !contact.is_ourselves() =>
            {
                self.counters.malformed += 1;
            }
            (1.., Body::Ack(_) | Body::Resend { .. } | Body::LogWant(_)) => self.counters.malformed += 1,
            (1.., _) => {
                self.arrived(step, &contact, &device, content, bytes);
            }
            _ => self.counters.malformed += 1,
        }
    }

    /// A content that must arrive: once, and in its sender's order.
    fn arrived(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        content: Content,
        bytes: &[u8],
    ) {
        // A stranger's gaps would be shown as missing, one entry for each number.
        let out_of_bounds = contact.standing == Standing::Requested && {
            let filed = step.tx.with(&INCOMING, &INCOMING.key(device.as_bytes()), |row| row.filed);
            let ahead = content.seq.saturating_sub(filed.unwrap_or(0));
            ahead.saturating_add(entries_with(step, contact)) > limits::STRANGER_ENTRIES_MAX
        };
        if out_of_bounds || !self.may_be_heard(step, contact) {
            self.counters.over_limit += u64::from(out_of_bounds);
            return;
        }
        match incoming::arrival(step.tx, device, content.seq) {
            Arrival::Next => {
                self.file(step, contact, device, content);
                self.file_held(step, &self.now_is(step, contact), device);
            }
            Arrival::Early => {
                incoming::hold(step.tx, device, content.seq, bytes.to_vec());
                self.expect_gap(step, contact, device);
            }
            Arrival::Late(position) => {
                incoming::found(step.tx, device, content.seq);
                match self.line_of(step, contact, device, &content) {
                    Some(line) => {
                        let said = self.is_for_desk(&line);
                        let entry = new_entry(device, &content, line);
                        let late = conversation::replace(step.tx, &contact.thread, position, entry, step.now);
                        late.into_iter().for_each(|late| self.show_filed(step, contact, &late));
                        self.pass_content_on(step, contact, device, &content, position);
                        self.attend(step, contact, &content, said, true);
                    }
                    // It was nothing for the eye: nothing is missing.
                    None => conversation::take_back(step.tx, &contact.thread, position),
                }
            }
            Arrival::Astray => {
                incoming::strayed(step.tx, device, content.seq);
                // What was said of the sender itself then is overtaken by what it has said since.
                let stands = matches!(
                    content.body,
                    Body::Said(_) | Body::Change(_) | Body::Billing(_) | Body::Consent(_) | Body::Copy(_)
                );
                let line = if stands { self.line_of(step, contact, device, &content) } else { None };
                line.into_iter().for_each(|line| self.file_line(step, contact, device, &content, line));
            }
            Arrival::Repeated => self.counters.repeated += 1,
            Arrival::TooEarly => {
                self.counters.over_limit += 1;
                return;
            }
        }
        self.owe_ack(&self.now_is(step, contact), device);
    }

    /// The contact as it is now: another account may have taken its place.
    fn now_is(&self, step: &Step<'_, '_>, contact: &Contact) -> Arc<Contact> {
        let ourselves = || step.tx.row(&CONTACTS, self.account.as_bytes());
        let now =
            if contact.is_ourselves() { ourselves() } else { moved::contact(step.tx, &contact.account) };
        now.unwrap_or_else(|| Arc::new(contact.clone()))
    }

    /// Files what waited and is next in order now; a gap that remains is waited for.
    pub(super) fn file_held(&mut self, step: &mut Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        let mut contact = Arc::new(contact.clone());
        loop {
            while let Some(bytes) = incoming::take_held(step.tx, device) {
                if let Ok(content) = Content::decode(&bytes) {
                    self.file(step, &contact, device, content);
                    contact = self.now_is(step, &contact);
                }
            }
            if !incoming::pass_void(step.tx, device) {
                break;
            }
        }
        match incoming::first_held(step.tx, device) {
            Some(_) => self.expect_gap(step, &contact, device),
            None => {
                self.links.line(device).missing_asked = false;
                self.agenda.clear(step.tx, &Job::Gap(contact.account, *device));
            }
        }
    }

    /// Files a content that is next in order.
    fn file(&mut self, step: &mut Step<'_, '_>, contact: &Contact, device: &DeviceId, content: Content) {
        incoming::edit(step.tx, device, |row| row.filed += 1);
        if let Some(line) = self.line_of(step, contact, device, &content) {
            let said = self.is_for_desk(&line);
            self.file_line(step, contact, device, &content, line);
            self.attend(step, contact, &content, said, false);
        }
    }

    /// The same for what a content puts into the timeline.
    pub(super) fn file_line(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        content: &Content,
        body: Line,
    ) {
        let entry = new_entry(device, content, body);
        let entry = conversation::file(step.tx, &contact.thread, entry, step.now);
        if incoming::edit(step.tx, device, |row| content.seq <= row.read) == Some(true) {
            conversation::seen(step.tx, &contact.thread, entry.position);
        }
        self.show_filed(step, contact, &entry);
        self.pass_content_on(step, contact, device, content, entry.position);
    }

    /// What a content puts into the timeline, after it took its effect; nothing where it is not for the eye.
    fn line_of(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        content: &Content,
    ) -> Option<Line> {
        match &content.body {
            Body::Said(said) if !contact.is_ourselves() => {
                let admitted = self.admitted(step, contact, device, content);
                let is_new = admitted && !was_told(step.tx, contact, device, content);
                self.counters.unknown_kinds += u64::from(is_new && matches!(said, Said::Unknown(_)));
                return is_new.then(|| Line::Said(compared(step.tx, contact, said, self.is_business())));
            }
            Body::Change(change) if !contact.is_ourselves() => {
                if self.admitted(step, contact, device, content) {
                    let made = made_by_them(content.id, content.sent_at, change.clone());
                    self.changed(step, contact, &made);
                    self.pass_content_on(step, contact, device, content, 0);
                }
            }
            Body::Billing(billing) => {
                if self.is_business() {
                    self.customer_spoke(step, contact, content);
                }
                return self.billing_arrived(step, contact, billing);
            }
            Body::Consent(consent) => self.consent_arrived(step, contact, consent),
            Body::Log(part) => self.log_part(step, &contact.account, device, part, false),
            Body::Device(hint) => self.device_hinted(step, &contact.account, hint),
            Body::Copy(copy) => self.copied(step, device, content.reader_head, copy),
            Body::Contact(known) => self.contact_shared(step, known, content.reader_head),
            Body::History(page) => self.history_told(step, page),
            Body::Queues(queues) => self.learn_queues(step, contact, device, queues.clone()),
            Body::Read(read) => self.read_elsewhere(step, read, content.reader_head),
            Body::Succession(succession) => self.succession_told(step, contact, succession),
            Body::Said(_)
            | Body::Change(_)
            | Body::Hello { .. }
            | Body::Ack(_)
            | Body::Resend { .. }
            | Body::LogWant(_) => {}
        }
        None
    }

    /// What a contact says of itself. Its reach is believed; its name only where the person chose none; that it is a
    /// business only as far as it is held to the rules for one: the rest is for the directory or the invite to say.
    fn introduced(
        &mut self,
        step: &Step<'_, '_>,
        before: Arc<Contact>,
        device: &DeviceId,
        introduction: Introduction,
    ) -> Arc<Contact> {
        let mut contact = Contact::clone(&before);
        if let Some(reach) = introduction.reach.filter(|reach| reach.device() == *device) {
            contact.learn_reach(reach);
        }
        if !contact.named_here && !introduction.name.is_empty() {
            contact.name = introduction.name;
        }
        contact.says_business |= introduction.business && !contact.is_ourselves();
        if let Some(queues) = introduction.queues {
            self.learn_queues(step, &contact, device, queues);
        }
        if contact != *before {
            step.tx.put(&CONTACTS, CONTACTS.key(contact.account.as_bytes()), contact.clone());
        }
        // Who says where it is has just come.
        self.files_awake(step, &contact);
        if contact == *before { before } else { Arc::new(contact) }
    }

    /// The device is to be told what arrived; strangers are told nothing.
    pub(super) fn owe_ack(&mut self, contact: &Contact, device: &DeviceId) {
        if contact.standing == Standing::Accepted {
            self.links.line(device).ack_due = true;
            self.links.mark_dirty(contact.account);
        }
    }

    pub(super) fn show_contact(&mut self, contact: &Contact) {
        self.show(Event::Contact {
            address: Address(contact.account),
            name: contact.name.clone(),
            request: contact.standing == Standing::Requested,
        });
    }

    pub(super) fn show_entry(&mut self, step: &Step<'_, '_>, contact: &Contact, position: u64) {
        if let Some(entry) = timeline::since(step.tx, &contact.thread, position, 1).pop() {
            let entry = Box::new(view::entry(step.tx, contact, &entry));
            self.show(Event::Entry { with: Address(contact.account), name: contact.name.clone(), entry });
        }
    }

    /// The same for an entry that was filed in this very step, without reading it again.
    pub(super) fn show_filed(&mut self, step: &Step<'_, '_>, contact: &Contact, entry: &Entry) {
        // A file is known before anybody is shown that it came.
        self.file_filed(step, contact, entry);
        let entry = Box::new(view::fresh_entry(step.tx, contact, entry));
        self.show(Event::Entry { with: Address(contact.account), name: contact.name.clone(), entry });
    }
}

/// How much came of a contact: what its timeline has, and what waits behind a gap. Its numbers say nothing of that: they go
/// on from another life, or begin high.
fn said_by(step: &Step<'_, '_>, contact: &Contact) -> u64 {
    let rows = contact.devices().filter_map(|device| step.tx.row(&INCOMING, device.as_bytes()));
    rows.fold(entries_with(step, contact), |said, row| said + u64::from(row.held))
}

fn entries_with(step: &Step<'_, '_>, contact: &Contact) -> u64 {
    let key = CONVERSATIONS.key(contact.thread.as_bytes());
    step.tx.with(&CONVERSATIONS, &key, |row| row.entries - row.reserved).unwrap_or(0)
}

/// What a content of theirs puts into the timeline.
fn new_entry(device: &DeviceId, content: &Content, body: Line) -> NewEntry {
    let from = From::Them { device: *device, seq: content.seq };
    let reply = content.reply.map(|reply| Named { side: Side::Theirs.meant(reply.yours), id: reply.id });
    NewEntry { sent_at: content.sent_at, id: content.id, from, body, reply }
}
