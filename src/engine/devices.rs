//! The devices of our own account: let in, taken out, and told to those who write to us.

use zeroize::Zeroizing;

use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::crypto::ed25519::Signature;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::chat::outbox::OUTBOX;
use crate::domain::identity::account::AccountKey;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing, Told};
use crate::domain::identity::link::{self, LinkError};
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::own::{self, ACCOUNTS};
use crate::domain::identity::sibling::{SIBLINGS, TRANSFERS, Transfer};
use crate::domain::mailbox::owner::{self, OWN_QUEUES};
use crate::domain::session::prekeys::{self, Local, VerifiedBundle};
use crate::domain::session::rows::{PEERS, PREKEYS};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Step};
use crate::engine::pending::Question;
use crate::engine::reconcile;
use crate::engine::saying::Place;
use crate::store::table::Rows;
use crate::wire::account::{LogOperation, Member, Purposes};
use crate::wire::ask::{Answer, Ask};
use crate::wire::content::{Body, DeviceHint, LogPart};
use crate::wire::link::{LinkGrant, LinkOffer};
use crate::wire::peer::PeerAddress;

impl Engine {
    /// Lets a device in that made this offer: asks it for its key first.
    pub(super) fn link_device(&mut self, step: &mut Step<'_, '_>, ticket: Ticket, offer: LinkOffer) {
        let key = self.signing_key();
        match key.and_then(|key| Ok((key, self.may_link(step, &offer)?))) {
            Err(refusal) => self.reply(ticket, Err(refusal)),
            Ok((key, peer)) => {
                let account = link::hidden_account(&offer, &self.account, step.rng);
                let body = Ask::LinkKey { offer: digest(&offer), account }.encode();
                let question = Question::LinkKey { ticket, key: Box::new(key), offer: Box::new(offer) };
                self.ask_network(question, |query| Effect::Ask { query, peer, body });
            }
        }
    }

    fn may_link(&self, step: &Step<'_, '_>, offer: &LinkOffer) -> Result<PeerAddress, Refusal> {
        if self.is_business() {
            return Err(Refusal::NotAPerson);
        }
        if offer.expires <= step.now {
            return Err(refused(LinkError::Expired));
        }
        if offer.device.purposes != Purposes::MESSAGE {
            return Err(refused(LinkError::Offer));
        }
        reconcile::must_be(step.tx)?;
        let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
        let known = own.log.devices().any(|device| device.id == offer.device.id);
        if !known && own.log.devices().len() >= limits::DEVICES_MAX {
            return Err(Refusal::TooMany("devices: revoke one first"));
        }
        offer.reach.at().ok_or_else(|| refused(LinkError::Offer))
    }

    /// The new device told its key: it is let in, on the disk before the grant leaves.
    pub(super) fn link_key_told(
        &mut self,
        step: &mut Step<'_, '_>,
        ticket: Ticket,
        (key, offer): (&AccountKey, &LinkOffer),
        answer: Option<Answer>,
    ) {
        let granted = match answer {
            Some(Answer::LinkKey(kem, consent)) => self.grant_link(step, (key, offer), (&kem, consent)),
            Some(_) => Err(Refusal::Link(
                "the new device doesn't take this: another identity may have asked for it first; make another code".into(),
            )),
            _ => Err(Refusal::Link(
                "the new device can't be reached: leave it running and try its code again".into(),
            )),
        };
        match granted {
            Err(refusal) => self.reply(ticket, Err(refusal)),
            Ok((peer, body)) => {
                let question = Question::LinkGiven { ticket, device: offer.device.id };
                self.ask_network(question, |query| Effect::Ask { query, peer, body });
            }
        }
    }

    fn grant_link(
        &mut self,
        step: &mut Step<'_, '_>,
        (key, offer): (&AccountKey, &LinkOffer),
        (kem_key, consent): (&[u8], Signature),
    ) -> Result<(PeerAddress, Vec<u8>), Refusal> {
        let peer = self.may_link(step, offer)?;
        if Digest::new(sha256(&[kem_key])) != offer.kem_hash {
            return Err(refused(LinkError::Offer));
        }
        let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
        let mut log = own.log.clone();
        if !log.devices().any(|device| *device == offer.device) {
            let member = Member { device: offer.device.clone(), consent, former: 0 };
            let added = log.append(key, LogOperation::AddDevice(member), step.now);
            added.map_err(|error| Refusal::Link(error.to_string()))?;
        }
        let us = self.device_keys(&self.account.clone()).id();
        let primary = self.own_reach(&us).ok_or(Refusal::Offline)?;
        let name = self.name(step.tx);
        // Sealed before anything changes: a failure leaves everything as it was.
        let mut grant = LinkGrant {
            account: self.account,
            kind: self.me.kind,
            name,
            log: log.carried(),
            primary,
            bundle: Vec::new(),
        };
        link::grant(offer, kem_key, &grant, step.now, step.rng).map_err(refused)?;
        let device = offer.device.id;
        let is_new = step.tx.with(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |_| ()).is_none();
        self.own_log_grown(step, log);
        grant.bundle = self.own_hint(step).ok_or(Refusal::Offline)?.bundle;
        let sealed = link::grant(offer, kem_key, &grant, step.now, step.rng).map_err(refused)?;
        step.tx.edit(&CONTACTS, &CONTACTS.key(self.account.as_bytes()), |contact| {
            contact.learn_reach(offer.reach.clone());
        });
        if is_new {
            let let_in = Some((self.head, step.now));
            step.tx.edit(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |row| row.let_in = let_in);
            step.tx.put(&TRANSFERS, TRANSFERS.key(device.as_bytes()), Transfer::Contacts(None));
            self.transfer(step, &device);
        }
        Ok((peer, Ask::LinkGrant { offer: digest(offer), grant: sealed }.encode()))
    }

    /// The new device opened its grant, or didn't say so.
    pub(super) fn link_given(&mut self, ticket: Ticket, device: DeviceId, answer: Option<&Answer>) {
        let result = match answer {
            Some(Answer::Linked) => Ok(Outcome::Linked { device, address: address::encode(&self.account) }),
            _ => Err(Refusal::Link(
                "the device was let in, but hasn't confirmed: try its code again, or revoke it".into(),
            )),
        };
        self.reply(ticket, result);
    }

    /// Takes a device out: nothing more is sealed for it, nothing more of it is heard, and contacts learn it before
    /// the next message.
    pub(super) fn revoke_device(
        &mut self,
        step: &mut Step<'_, '_>,
        device: &DeviceId,
    ) -> Result<Outcome, Refusal> {
        let key = self.signing_key()?;
        reconcile::must_be(step.tx)?;
        let own = self.own(step, &self.account).ok_or(Refusal::Stopping)?;
        if !own.log.devices().any(|one| one.id == *device) {
            return Err(Refusal::NoSuchDevice(0));
        }
        if self.device_keys(&self.account.clone()).id() == *device {
            return Err(Refusal::Link("this is this very device: it can't revoke itself".into()));
        }
        let mut log = own.log.clone();
        let revoked = log.append(&key, LogOperation::RevokeDevice(*device), step.now);
        revoked.map_err(|error| Refusal::Link(error.to_string()))?;
        self.own_log_grown(step, log);
        self.announce_to_all(step);
        Ok(Outcome::Done)
    }

    /// We appended to our log: our other devices are told.
    pub(super) fn own_log_grown(&mut self, step: &mut Step<'_, '_>, log: AccountLog) {
        let known = step.tx.copy(&CONTACTS, self.account.as_bytes());
        let this_device = self.device_keys(&self.account.clone()).id();
        let mut contact =
            known.unwrap_or_else(|| Contact::new(self.account, self.account, Standing::Accepted, step.now));
        contact.this_device = Some(this_device);
        contact.learn_log(log.clone(), step.now);
        step.tx.put(&CONTACTS, CONTACTS.key(self.account.as_bytes()), contact);
        let part = LogPart { entries: log.carried(), follows: false };
        self.own_log_learnt(step, log);
        self.tell_siblings(step, &Body::Log(part));
    }

    /// Our log is another now: who isn't in it any more is forgotten.
    pub(super) fn own_log_learnt(&mut self, step: &mut Step<'_, '_>, log: AccountLog) {
        let account = self.account;
        let mut any_gone = false;
        for device in self.siblings.clone() {
            if !log.devices().any(|one| one.id == device) {
                any_gone = true;
                self.forget_device(step, &device);
                self.forget_unsettled(step, &device);
                step.tx.delete(&SIBLINGS, SIBLINGS.key(device.as_bytes()));
                step.tx.delete(&TRANSFERS, TRANSFERS.key(device.as_bytes()));
            }
        }
        step.tx.edit(&ACCOUNTS, &ACCOUNTS.key(account.as_bytes()), |own| own.log = log);
        self.refresh_own(step);
        if any_gone {
            self.replace_own_queues(step);
        }
    }

    /// Who was one of our devices can write into the queues that those have together: others take their place.
    fn replace_own_queues(&mut self, step: &mut Step<'_, '_>) {
        for (id, ..) in owner::queues_for(step.tx, &self.account) {
            step.tx.edit(&OWN_QUEUES, &OWN_QUEUES.key(id.as_bytes()), |row| row.replaced = Some(step.now));
        }
        self.offer_queues_to_own(step);
    }

    fn forget_unsettled(&self, step: &Step<'_, '_>, device: &DeviceId) {
        for (key, _) in step.tx.scan(&OUTBOX, &OUTBOX.of(device.as_bytes())) {
            step.tx.delete(&OUTBOX, key);
        }
    }

    /// Reads again which devices we have; at every start, and whenever that changes.
    pub(super) fn refresh_own(&mut self, step: &mut Step<'_, '_>) {
        let Some(own) = self.own(step, &self.account) else { return };
        let us = self.device_keys(&self.account.clone()).id();
        self.head = own.log.head().seq;
        let devices = own.log.devices().map(|device| device.id);
        self.siblings = devices.filter(|device| *device != us).collect();
        self.refresh_announced(step);
    }

    /// Contacts are to be told of the devices that told us their prekeys and know all contacts.
    pub(super) fn refresh_announced(&mut self, step: &Step<'_, '_>) {
        let ready = |device: &&DeviceId| {
            let has_keys =
                step.tx.with(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |s| !s.bundle.is_empty());
            let stage = step.tx.row(&TRANSFERS, device.as_bytes());
            has_keys == Some(true) && !matches!(stage.as_deref(), Some(Transfer::Contacts(_)))
        };
        self.announced = self.siblings.iter().filter(ready).copied().collect();
    }

    /// Another device of ours has told its prekeys, or one told another's.
    pub(super) fn sibling_told(&mut self, step: &mut Step<'_, '_>, device: &DeviceId, hint: &DeviceHint) {
        let mut row = step.tx.copy(&SIBLINGS, device.as_bytes()).unwrap_or_default();
        let is_first = row.bundle.is_empty();
        row.bundle.clone_from(&hint.bundle);
        row.consent = hint.consent.or(row.consent);
        step.tx.put(&SIBLINGS, SIBLINGS.key(device.as_bytes()), row);
        self.refresh_announced(step);
        if is_first {
            self.offer_queues_to_own(step);
        }
        if is_first && self.is_primary() {
            self.introduce_siblings(step, device);
            self.announce_to_all(step);
        }
    }

    /// Devices of ours that don't tell their prekeys anew are written to with those that they told before: one that is new is
    /// told nothing by a first one that hasn't heard of it yet.
    pub(super) fn recall_bundles(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        let lacks = |device: &DeviceId| contact.is_ourselves() && !self.bundles.contains_key(device);
        for device in contact.devices().filter(lacks).collect::<Vec<_>>() {
            let has_session =
                step.tx.row(&PEERS, device.as_bytes()).is_some_and(|peer| peer.active.is_some());
            let told = step.tx.row(&SIBLINGS, device.as_bytes()).filter(|_| !has_session);
            let bundle =
                told.and_then(|row| VerifiedBundle::verify(&row.bundle, &contact.account, step.now).ok());
            if let Some(bundle) = bundle.filter(|bundle| bundle.device() == device) {
                self.bundles.insert(device, bundle);
                self.links.mark_dirty(contact.account);
            }
        }
    }

    /// Our other devices are told of a new one, and it of them, once it knows the contacts: what they say to one that it
    /// doesn't know is lost on it.
    pub(super) fn introduce_siblings(&mut self, step: &mut Step<'_, '_>, new: &DeviceId) {
        if !self.announced.contains(new) {
            return;
        }
        let others: Vec<DeviceId> = self.siblings.iter().filter(|device| *device != new).copied().collect();
        for other in others {
            if let Some(hint) = self.sibling_hint(step, new) {
                self.tell_own(step, &other, Body::Device(hint));
            }
            if let Some(hint) = self.sibling_hint(step, &other) {
                self.tell_own(step, new, Body::Device(hint));
            }
        }
    }

    /// Tells our other devices the prekeys of this one, as they are now.
    pub(super) fn tell_own_hint(&mut self, step: &mut Step<'_, '_>) {
        if self.siblings.is_empty() {
            return;
        }
        if let Some(hint) = self.own_hint(step) {
            self.tell_siblings(step, &Body::Device(hint));
        }
    }

    /// How a session with this device can be opened.
    pub(super) fn own_hint(&mut self, step: &Step<'_, '_>) -> Option<DeviceHint> {
        let account = self.account;
        let keys = self.device_keys(&account);
        let own = self.own(step, &account)?;
        let consent = own.log.devices().find(|device| device.id == keys.id());
        let consent = consent.map(|device| keys.consent(&account, device));
        Some(DeviceHint { consent, ..self.hint_for(step, &account)? })
    }

    /// The same for any account of ours.
    pub(super) fn hint_for(&mut self, step: &Step<'_, '_>, account: &AccountId) -> Option<DeviceHint> {
        let own = self.own(step, account)?;
        let keys = self.device_keys(account);
        let set = step.tx.get(&PREKEYS, &PREKEYS.key_at(account.as_bytes(), u64::from(own.prekeys)))?;
        let local = Local { log: &own.log, device: &keys };
        let bundle = prekeys::bundle(&local, &set, own.inbox, step.now);
        Some(DeviceHint { reach: self.own_reach(&keys.id())?, bundle, consent: None })
    }

    fn sibling_hint(&self, step: &Step<'_, '_>, device: &DeviceId) -> Option<DeviceHint> {
        let row = step.tx.row(&SIBLINGS, device.as_bytes()).filter(|row| !row.bundle.is_empty())?;
        let ourselves = step.tx.row(&CONTACTS, self.account.as_bytes())?;
        let reach = ourselves.reach_of(device)?.clone();
        Some(DeviceHint { reach, bundle: row.bundle.clone(), consent: None })
    }

    /// Tells a contact, before anything else is said, what changed about our devices since it was last told.
    pub(super) fn announce(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        if !contact.is_ourselves() && own::current(step.tx, &contact.own) != contact.own {
            return self.tell_succession(step, contact);
        }
        let told = &contact.told;
        let knows_all = self.announced.iter().all(|device| told.devices.contains(device));
        if !self.is_main(&contact.own) || contact.is_ourselves() || told.head == self.head && knows_all {
            return;
        }
        let now = Told { head: self.head, devices: self.announced.clone() };
        step.tx.edit(&CONTACTS, &CONTACTS.key(contact.account.as_bytes()), |row| row.told = now);
        // Whoever was never told anything gets the log with the first flight.
        if told.head != 0
            && told.head != self.head
            && let Some(own) = self.own(step, &self.account)
        {
            let part = LogPart { entries: own.log.carried(), follows: false };
            let _ = self.queue(step, contact, (Body::Log(part), None, None), Place::None);
        }
        for device in self.announced.clone() {
            if !told.devices.contains(&device)
                && let Some(hint) = self.sibling_hint(step, &device)
            {
                let _ = self.queue(step, contact, (Body::Device(hint), None, None), Place::None);
            }
        }
    }

    /// The same for the contacts of late; the others learn it with the next message to them.
    pub(super) fn announce_to_all(&mut self, step: &mut Step<'_, '_>) {
        let rows = step.tx.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
        let mut contacts: Vec<_> =
            rows.filter(|contact| contact.standing == Standing::Accepted && !contact.is_held()).collect();
        contacts.sort_by_key(|contact| core::cmp::Reverse(contact.added_at));
        for contact in contacts.into_iter().take(limits::GREETED_MAX) {
            self.announce(step, &contact);
        }
    }

    /// Whether this device may speak for an account of ours still.
    pub(super) fn is_heard(&mut self, own: &AccountId, log: &AccountLog) -> bool {
        // The first device never takes itself out.
        self.is_primary() || {
            let us = self.device_keys(own).id();
            log.devices().any(|device| device.id == us)
        }
    }
}

/// What an offer is named by towards the device that made it: only who has seen the offer knows it.
pub(super) fn digest(offer: &LinkOffer) -> Digest {
    let encoded = Zeroizing::new(offer.encode());
    Digest::new(sha256(&[&label::LINK_ASK.encoded(), &encoded]))
}

pub(super) fn refused(error: LinkError) -> Refusal {
    Refusal::Link(error.to_string())
}
