//! The way out, where a link is up: seal what is kept for a device, keep the frame, send.

use core::cell::Cell;
use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, SessionId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::chat::delivery::{DELIVERY, State, state_at};
use crate::domain::chat::incoming::{self, INCOMING};
use crate::domain::chat::outbox::{Deposit, OUTBOX, Sealed, Unsettled};
use crate::domain::chat::timeline;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::own::{self, OwnAccount};
use crate::domain::mailbox::boxes;
use crate::domain::session::pqxdh;
use crate::domain::session::prekeys::Local;
use crate::domain::session::ratchet::Session;
use crate::domain::session::rows::{PEERS, ROUTES, Route, SESSIONS};
use crate::domain::session::sessions::Peer;
use crate::engine::effects::Effect;
use crate::engine::links::Item;
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content, Introduction};
use crate::wire::envelope::Envelope;
use crate::wire::peer::{LinkId, PeerKey};
use crate::wire::reach::Reach;

impl Engine {
    /// Does for a contact whatever can be done now: finds them, connects, seals, sends, acknowledges.
    pub(super) fn serve(&mut self, step: &mut Step<'_, '_>, account: &AccountId) {
        let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { return };
        if contact.standing == Standing::Blocked || contact.is_held() || !self.online {
            return;
        }
        if contact.devices().next().is_none() {
            if self.has_unsettled(step, contact.account.as_bytes()) {
                self.seek_bundle(step, &contact, None);
            }
            return;
        }
        for device in contact.devices().collect::<Vec<_>>() {
            self.serve_device(step, &contact, &device);
        }
    }

    fn serve_device(&mut self, step: &mut Step<'_, '_>, contact: &Contact, device: &DeviceId) {
        let line = self.links.line(device);
        let (next, ack_due, greeting_due) = (line.next, line.ack_due, line.greeting_due);
        if !line.is_due() && !self.has_unsettled_from(step, device.as_bytes(), next) {
            return;
        }
        let peer = step.tx.row(&PEERS, device.as_bytes()).unwrap_or_default();
        if self.awaits_queues(step, contact, device) {
            return;
        }
        let Some(session) = peer.active.or_else(|| self.open_session(step, contact, device)) else {
            self.seek_bundle(step, contact, Some(device));
            self.reach_out(contact, device);
            return;
        };
        let Some(at) = contact.reach_of(device).and_then(Reach::at) else {
            self.seek_bundle(step, contact, Some(device));
            self.deposit_for(step, contact, device);
            return;
        };
        if self.links.line(device).peer.as_ref() != Some(at.peer()) {
            let line = self.links.line(device);
            line.peer = Some(at.peer().clone());
            line.next = 0;
        }
        let (link, room, control_room) = match self.links.link(&at, contact.account) {
            Ok(link) => (link.id, link.room(), link.has_control_room()),
            Err(open) => {
                if open {
                    self.effects.push(Effect::Connect(at));
                }
                return;
            }
        };
        let mut frames = Vec::new();
        // What is sealed now must not overtake what was sealed before and is sent once more.
        let is_fresh = step.tx.with(&SESSIONS, &SESSIONS.key(session.as_bytes()), Session::sealed) == Some(0);
        let greets = greeting_due && control_room;
        if greets && is_fresh {
            frames.extend(self.seal_greeting(step, contact, device, session));
        }
        self.send_unsettled(step, device, session, room, &mut frames);
        if greets && !is_fresh {
            frames.extend(self.seal_greeting(step, contact, device, session));
        }
        if ack_due && control_room && contact.standing == Standing::Accepted {
            self.send_ack(step, contact, device, session, &mut frames);
        }
        if control_room {
            for body in self.asides(step, contact, device) {
                self.links.line(device).missing_asked |= matches!(body, Body::Resend { .. });
                let frame = self.seal_control(step, contact, session, body, None);
                frames.extend(frame.map(|frame| (frame, Item::Greeting { device: *device })));
            }
        }
        if !frames.is_empty() {
            let (frames, items): (Vec<_>, Vec<_>) = frames.into_iter().unzip();
            if let Ok(link) = self.links.link(&at, contact.account) {
                items.into_iter().for_each(|item| link.sent(item));
            }
            self.effects.push(Effect::Send { link, frames });
        }
    }

    /// A new device of ours opens the session itself, but may not know where we are by now.
    fn reach_out(&mut self, contact: &Contact, device: &DeviceId) {
        let Some(at) = contact.reach_of(device).and_then(Reach::at) else { return };
        if contact.is_ourselves() && self.links.link(&at, contact.account).is_err_and(|open| open) {
            self.effects.push(Effect::Connect(at));
        }
    }

    /// Seals what wasn't sealed in this session yet, and sends in order. What was sealed goes out as it is.
    fn send_unsettled(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
        session: SessionId,
        room: usize,
        frames: &mut Vec<(Vec<u8>, Item)>,
    ) {
        let next = self.links.line(device).next;
        for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(next).limit(room)) {
            let Some(seq) = key.position() else { continue };
            let frame = match &row.frame {
                Some(sealed) if sealed.session == session => sealed.frame.clone(),
                _ if seq == 0 => {
                    step.tx.delete(&OUTBOX, key);
                    continue;
                }
                _ => {
                    let Some(frame) = self.seal(step, session, &row.content) else { return };
                    let sealed = Some(Sealed { session, frame: frame.clone() });
                    let deposit = Deposit::default();
                    let row = Unsettled { frame: sealed, deposit, ..Arc::unwrap_or_clone(row) };
                    step.tx.put(&OUTBOX, key, row);
                    frame
                }
            };
            frames.push((frame, Item::Content { device: *device, seq }));
            self.links.line(device).next = seq + 1;
        }
    }

    pub(super) fn send_ack(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        session: SessionId,
        frames: &mut Vec<(Vec<u8>, Item)>,
    ) {
        let told = step.tx.row(&INCOMING, device.as_bytes()).unwrap_or_default().now();
        let ack = incoming::acknowledgement(step.tx, device);
        if let Some(frame) = self.seal_control(step, contact, session, Body::Ack(ack), None) {
            frames.push((frame, Item::Ack { device: *device, told }));
            self.links.line(device).ack_due = false;
        }
    }

    /// Tells a device where we are now.
    pub(super) fn seal_greeting(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        session: SessionId,
    ) -> Option<(Vec<u8>, Item)> {
        let keys = self.device_keys(&contact.own);
        let introduction = Introduction { token: None, ..self.introduction(step, contact, &keys.id()) };
        let (first, void) =
            (self.first_number(step, contact, device), self.untold_void(step, contact, device));
        let hello = Body::Hello { first, void };
        let frame = self.seal_control(step, contact, session, hello, Some(introduction))?;
        self.links.line(device).greeting_due = false;
        Some((frame, Item::Greeting { device: *device }))
    }

    /// Seals a content that need not arrive: it is regenerated whenever it matters again.
    pub(super) fn seal_control(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        session: SessionId,
        body: Body,
        introduction: Option<Introduction>,
    ) -> Option<Vec<u8>> {
        let own = self.own(step, &contact.own)?;
        let content = Content {
            id: step.message_id(),
            seq: 0,
            sent_at: step.now,
            log_head: own.log.head(),
            reader_head: 0,
            introduction,
            ground: None,
            reply: None,
            body,
        };
        self.seal(step, session, &content.encode())
    }

    /// Seals in a session, whose advanced state joins the batch.
    pub(super) fn seal(
        &mut self,
        step: &mut Step<'_, '_>,
        session: SessionId,
        content: &[u8],
    ) -> Option<Vec<u8>> {
        let (now, rng) = (step.now, &mut *step.rng);
        let sealed = step.tx.edit(&SESSIONS, &SESSIONS.key(session.as_bytes()), |row: &mut Session| {
            let body = row.seal(content, now, rng).ok()?;
            Some(Envelope { route: row.send_route(), body: &body }.encode())
        });
        self.counters.sealed += 1;
        sealed.flatten()
    }

    /// Opens a session with a device whose prekeys are at hand: its first flight is the first thing in the outbox.
    pub(super) fn open_session(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
    ) -> Option<SessionId> {
        if self.asks_live(step, contact, device) {
            return None;
        }
        let bundle = self.bundles.remove(device)?;
        let own = self.own(step, &contact.own)?;
        let keys = self.device_keys(&contact.own);
        let hello = self.hello(step, contact, &own, &keys.id(), device);
        let local = Local { log: &own.log, device: &keys };
        let (session, flight) = pqxdh::initiate(&local, &bundle, &hello, step.now, step.rng).ok()?;
        let id = session.id();
        let frame = Envelope { route: bundle.inbox(), body: &flight }.encode();
        let row = Unsettled {
            content: hello,
            frame: Some(Sealed { session: id, frame }),
            position: None,
            expires: step.now.plus(limits::FIRST_FLIGHT_LIFE),
            deposit: Deposit::default(),
        };
        if !boxes::of(step.tx, &contact.account).is_empty() {
            self.agenda.set_by(step.tx, Job::Expire(contact.account), row.expires);
        }
        step.tx.put(&OUTBOX, OUTBOX.key_at(device.as_bytes(), 0), row);
        self.install_session(step, contact, device, session, |peer, _| peer.adopt_sent(id));
        self.links.line(device).next = 0;
        Some(id)
    }

    /// The content of a first flight from our device to the device `to`: who we are, and where its numbers begin.
    fn hello(
        &self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        own: &OwnAccount,
        device: &DeviceId,
        to: &DeviceId,
    ) -> Vec<u8> {
        let first = self.first_number(step, contact, to);
        let mut introduction = self.introduction(step, contact, device);
        introduction.queues =
            Some(self.queues_told(step, contact, 1)).filter(|queues| !queues.pairs.is_empty());
        if contact.knew.is_some() || contact.own != own.log.account() {
            introduction.former = own::statement(step.tx, &own.log.account());
        }
        let mut content = Content {
            id: step.message_id(),
            seq: 0,
            sent_at: step.now,
            log_head: own.log.head(),
            reader_head: 0,
            introduction: Some(introduction),
            ground: None,
            reply: None,
            body: Body::Hello { first, void: self.untold_void(step, contact, to) },
        };
        let room = pqxdh::content_room(&own.log);
        // What is too long for a first flight is told by what follows: the line of accounts first.
        let shorter: [fn(&mut Introduction); 3] = [
            |introduction| introduction.former.clear(),
            |introduction| introduction.queues = None,
            |introduction| {
                introduction.reach = introduction.reach.take().map(|reach| reach.with_addresses(4))
            },
        ];
        for shorten in shorter {
            if content.encode().len() <= room {
                break;
            }
            content.introduction.iter_mut().for_each(shorten);
        }
        content.encode()
    }

    /// What we tell a contact of ourselves. Towards a business the name is left out unless the person set one.
    fn introduction(&self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> Introduction {
        Introduction {
            name: if contact.business { String::new() } else { self.name(step.tx) },
            business: self.is_business(),
            token: contact.token,
            reach: self.own_reach(device),
            queues: None,
            former: Vec::new(),
        }
    }

    /// Where our device can be reached, for a contact of the account that it speaks for.
    pub(super) fn own_reach(&self, device: &DeviceId) -> Option<Reach> {
        let peer = self.peer.as_ref()?.as_bytes().to_vec();
        let addresses = self.addresses.iter().take(limits::ADDRESSES_MAX).cloned().collect();
        Reach::new(*device, peer, addresses)
    }

    /// Stores a new session, listens to its route, and lets go of those that fall off the end.
    pub(super) fn install_session(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        device: &DeviceId,
        session: Session,
        adopt: impl FnOnce(&mut Peer, &Session) -> Vec<SessionId>,
    ) {
        let mut peer = step.tx.copy(&PEERS, device.as_bytes()).unwrap_or_default();
        let route = Route::Pair {
            own: contact.own,
            contact: contact.account,
            device: *device,
            session: session.id(),
        };
        let dropped = adopt(&mut peer, &session);
        step.tx.put(&ROUTES, ROUTES.key(session.receive_route().as_bytes()), route);
        step.tx.put(&SESSIONS, SESSIONS.key(session.id().as_bytes()), session);
        step.tx.put(&PEERS, PEERS.key(device.as_bytes()), peer);
        dropped.iter().for_each(|id| drop_session(step, id));
    }

    /// A link is up: what is unsettled at its peer goes out, and acknowledgements that the peer may not have.
    pub(super) fn link_up(&mut self, step: &mut Step<'_, '_>, link: LinkId, peer: PeerKey) {
        self.links.up(link, peer.clone());
        for account in self.links.contacts_at(&peer) {
            self.attempts.remove(&account);
            let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { continue };
            self.files_awake(step, &contact);
            for device in contact.devices() {
                let incoming = step.tx.row(&INCOMING, device.as_bytes()).unwrap_or_default();
                if incoming.now() != incoming.told {
                    self.links.line(&device).ack_due = true;
                }
                // It may not know yet where our numbers begin for it: the greeting that said so may be lost.
                let delivered =
                    step.tx.with(&DELIVERY, &DELIVERY.key(device.as_bytes()), |row| row.delivered);
                let is_lost =
                    delivered.unwrap_or(0) == 0 || !self.untold_void(step, &contact, &device).is_empty();
                if is_lost && contact.standing == Standing::Accepted {
                    self.greet_device(step, &contact, &device);
                }
            }
        }
    }

    /// A link is down: whatever was under way on it is tried again soon.
    pub(super) fn link_down(&mut self, step: &mut Step<'_, '_>, link: LinkId) {
        let Some(peer) = self.links.down(link) else { return };
        for account in self.links.contacts_at(&peer) {
            if let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()).filter(|_| !self.is_business())
            {
                self.greet(step, &contact);
            }
            self.retry_later(step, account);
        }
    }

    /// A peer can't be reached: tried again after a pause that grows.
    pub(super) fn unreachable(&mut self, step: &mut Step<'_, '_>, peer: &PeerKey) {
        self.links.unreachable(peer);
        for contact in self.links.contacts_at(peer) {
            self.deposit(step, &contact);
            self.retry_later(step, contact);
        }
    }

    /// Puts another attempt on the agenda, if there is anything to attempt.
    pub(super) fn retry_later(&mut self, step: &mut Step<'_, '_>, account: AccountId) {
        let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { return };
        let waits = self.has_unsettled(step, account.as_bytes())
            || contact.devices().any(|device| {
                self.links.line(&device).greeting_due || self.has_unsettled(step, device.as_bytes())
            });
        if waits {
            let job = Job::Deliver(account);
            let attempts = self.attempts.entry(account).or_default();
            let pause = limits::RETRY_FIRST * 2u32.saturating_pow((*attempts).min(16));
            // Only what fell due counts: writing to somebody who is away must not put off the next attempt.
            *attempts += u32::from(self.agenda.due(&job).is_none());
            let soonest = step.now.plus(step.spread(pause.min(limits::RETRY_LAST)));
            let due = self.kept_until(step, &contact).map_or(soonest, |until| until.max(soonest));
            self.agenda.set_by(step.tx, job, due);
        }
    }

    /// Gives up what was never delivered within its life.
    pub(super) fn expire(&mut self, step: &mut Step<'_, '_>, account: &AccountId) {
        let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) else { return };
        let lost = Cell::new(false);
        let soonest = self.give_up(step, &contact, timeline::Cause::Expired, |row, now| {
            lost.set(lost.get() || row.expires <= now);
            row.expires <= now
        });
        if let Some(knew) = contact.knew.filter(|_| lost.get()) {
            // Perhaps they never learnt that our identity is another: they are told again before the next message.
            step.tx.edit(&CONTACTS, &CONTACTS.key(contact.account.as_bytes()), |row| row.own = knew);
        }
        if let Some(soonest) = soonest {
            self.agenda.set(step.tx, Job::Expire(*account), soonest);
        }
    }

    /// Gives up every unsettled content that `given_up` says; returns when the next one expires.
    pub(super) fn give_up(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        cause: timeline::Cause,
        given_up: impl Fn(&Unsettled, Time) -> bool,
    ) -> Option<Time> {
        let mut recipients: Vec<Vec<u8>> =
            contact.devices().map(|device| device.as_bytes().to_vec()).collect();
        recipients.push(contact.account.as_bytes().to_vec());
        let mut soonest: Option<Time> = None;
        for recipient in recipients {
            for (key, row) in step.tx.scan(&OUTBOX, &OUTBOX.of(&recipient)) {
                if !given_up(&row, step.now) {
                    soonest = Some(soonest.map_or(row.expires, |soonest| soonest.min(row.expires)));
                    continue;
                }
                let seq = key.position().unwrap_or_default();
                step.tx.delete(&OUTBOX, key);
                if let (0, timeline::Cause::Expired, Some(device)) =
                    (seq, cause, DeviceId::from_slice(&recipient))
                {
                    self.flight_expired(step, &device);
                }
                // What one device has isn't lost because another one never came back.
                if state_at(step.tx, contact.devices(), seq) >= State::Delivered {
                    continue;
                }
                self.fail(step, contact, &row, cause);
            }
        }
        soonest
    }

    /// The first sequence number that a device is still to get: what came before was for devices that are gone.
    fn first_number(&self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> u64 {
        let unsettled = step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes()).from(1).limit(1)).pop();
        let first = unsettled.and_then(|(key, _)| key.position());
        first.unwrap_or_else(|| self.last_number(step, contact, device) + 1)
    }

    fn has_unsettled(&self, step: &Step<'_, '_>, recipient: &[u8]) -> bool {
        self.has_unsettled_from(step, recipient, 0)
    }

    fn has_unsettled_from(&self, step: &Step<'_, '_>, recipient: &[u8], next: u64) -> bool {
        !step.tx.scan(&OUTBOX, &OUTBOX.of(recipient).from(next).limit(1)).is_empty()
    }

    /// The contact that a device belongs to, through its active or newest session.
    pub(super) fn contact_of(&self, step: &Step<'_, '_>, device: &DeviceId) -> Option<Arc<Contact>> {
        let peer = step.tx.row(&PEERS, device.as_bytes())?;
        let id = peer.active.or_else(|| peer.archived.first().copied())?;
        let route = step.tx.row(&SESSIONS, id.as_bytes())?.receive_route();
        match &*step.tx.row(&ROUTES, route.as_bytes())? {
            Route::Pair { contact, .. } => step.tx.row(&CONTACTS, contact.as_bytes()),
            Route::Inbox { .. } => None,
        }
    }
}

/// Deletes a session and stops listening to its route.
pub(super) fn drop_session(step: &Step<'_, '_>, id: &SessionId) {
    if let Some(session) = step.tx.row(&SESSIONS, id.as_bytes()) {
        step.tx.delete(&ROUTES, ROUTES.key(session.receive_route().as_bytes()));
        step.tx.delete(&SESSIONS, SESSIONS.key(id.as_bytes()));
    }
}
