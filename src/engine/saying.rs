//! What is said: may I, file it, keep it for every device that is to get it.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::domain::chat::changes::{Named, Side};
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Unsettled};
use crate::domain::chat::timeline::{Body as Line, Entry, From, NewEntry};
use crate::domain::chat::void;
use crate::domain::consent::window;
use crate::domain::identity::address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::moved;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content};
use crate::wire::decode::{Malformed, is_text};
use crate::wire::own::OwnCopy;
use crate::wire::said::message::{Piece, Said};
use crate::wire::said::target::Target;
use crate::wire::template::{Answer, Ground, Template};

const TEMPLATE_WORDS: &str = "a template has a name of a-z, 0-9 and _, a version from 1, a language tag, and up to 16 variables, \
     each named once, of up to 256 bytes, all together at most 1,024";

/// Where a content of ours is seen.
pub(super) enum Place {
    /// Nowhere: it is nothing for the eye.
    None,
    /// In a line of its own, which perhaps answers another one.
    New(Line, Option<Named>),
    /// At the message that it changes.
    At(u64),
}

impl Engine {
    /// Sends a message: the way out begins here.
    pub(super) fn send(
        &mut self,
        step: &mut Step<'_, '_>,
        to: AccountId,
        said: Said,
        reply: Option<Named>,
        template: Option<Template>,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, &to)?;
        if let Said::Text(text) = &said {
            if text.is_empty() || text.len() > limits::TEXT_MAX {
                return Err(Refusal::TextLength { length: text.len() });
            }
            if !is_text(text, limits::TEXT_MAX) {
                return Err(Refusal::TextCharacters);
            }
        }
        said.check().map_err(refused)?;
        match &said {
            Said::Menu(_)
            | Said::Headed(_)
            | Said::Offer(_)
            | Said::PlaceRequest(_)
            | Said::OrderStatus(_)
            | Said::Bill(_)
            | Said::Form(_)
                if !self.is_business() =>
            {
                return Err(Refusal::NotABusiness);
            }
            Said::Choice(_) => {
                return Err(Refusal::Said("a choice names a menu: choose one of its rows".into()));
            }
            Said::Order(_) => {
                return Err(Refusal::Said("an order names an offer: order of that".into()));
            }
            Said::FormAnswer(_) => {
                return Err(Refusal::Said("an answer names a form: fill that in".into()));
            }
            _ => {}
        }
        let is_by_hand = template.is_none();
        let file = said.file().map(|file| file.opening.id());
        file.iter().try_for_each(|file| self.may_send(step, file))?;
        let outcome = self.utter(step, &contact, said, reply, template)?;
        if let (Some(file), Outcome::Queued { position, .. }) = (file, &outcome) {
            self.file_sent(step, &file, &contact, *position);
        }
        if is_by_hand {
            self.answered_by_hand(step, &contact);
        }
        Ok(outcome)
    }

    /// Files a message that is as it must be, and sends it.
    pub(super) fn utter(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        said: Said,
        reply: Option<Named>,
        template: Option<Template>,
    ) -> Result<Outcome, Refusal> {
        let reply = match reply {
            Some(named) => found(step, contact, named)?.name(),
            None => None,
        };
        let ground = self.ground(step, contact, template)?;
        self.utter_on(step, contact, (said, reply), ground)
    }

    /// The same on a ground that is known.
    pub(super) fn utter_on(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        (said, reply): (Said, Option<Named>),
        ground: Option<Ground>,
    ) -> Result<Outcome, Refusal> {
        let copy = (!self.siblings.is_empty()).then(|| said.clone());
        self.announce(step, contact);
        let target = reply.map(|named| Target { id: named.id, yours: Side::Ours.yours(named.side) });
        let content = (Body::Said(said.clone()), ground, target);
        let (id, seq, position) = self.queue(step, contact, content, Place::New(Line::Said(said), reply))?;
        if let Some(said) = copy {
            let piece = Piece::Said(said, target);
            let copy = OwnCopy { to: contact.account, id, sent_at: step.now, seq, piece, passed: None };
            self.copy_to_own(step, contact, &copy);
        }
        Ok(Outcome::Queued { id, position: position.unwrap_or_default() })
    }

    /// On what ground a business writes: by a template, or in answer to the newest message that may be answered.
    pub(super) fn ground(
        &self,
        step: &Step<'_, '_>,
        contact: &Contact,
        template: Option<Template>,
    ) -> Result<Option<Ground>, Refusal> {
        match template {
            Some(_) if !self.is_business() => Err(Refusal::NotABusiness),
            Some(template) => match template.check() {
                Ok(()) => Ok(Some(Ground::Template(template))),
                Err(_) => Err(Refusal::Consent(TEMPLATE_WORDS.into())),
            },
            None if self.is_business() => {
                Ok(window::answer(step.tx, &contact.thread, step.now).map(Ground::Answer))
            }
            None => Ok(None),
        }
    }

    /// The contact, if we may write to them.
    pub(super) fn may_write(&self, step: &Step<'_, '_>, to: &AccountId) -> Result<Arc<Contact>, Refusal> {
        let contact = moved::contact(step.tx, to).filter(|contact| !contact.is_ourselves());
        let contact = contact.ok_or_else(|| Refusal::NotAContact(address::encode(to)))?;
        if contact.is_held() {
            return Err(Refusal::KeyChanged(contact.name.clone()));
        }
        match contact.standing {
            Standing::Blocked => Err(Refusal::Blocked),
            // An answer would tell a stranger who and where we are.
            Standing::Requested => Err(Refusal::NotAdmitted(contact.name.clone())),
            Standing::Accepted => Ok(contact),
        }
    }

    /// Files what is said, and keeps it for every device of the contact until that device has it.
    pub(super) fn say(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        body: Body,
        line: Option<Line>,
    ) -> Result<(MessageId, Option<u64>), Refusal> {
        self.announce(step, contact);
        let place = line.map_or(Place::None, |line| Place::New(line, None));
        self.queue(step, contact, (body, None, None), place).map(|(id, _, position)| (id, position))
    }

    /// The same without a word about our devices before it.
    pub(super) fn queue(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        (body, ground, reply): (Body, Option<Ground>, Option<Target>),
        place: Place,
    ) -> Result<(MessageId, u64, Option<u64>), Refusal> {
        let with = contact.thread;
        let used = step.tx.row(&CONVERSATIONS, with.as_bytes()).map_or(0, |row| row.sent_seq);
        let settled = contact.devices().filter_map(|device| step.tx.row(&DELIVERY, device.as_bytes()));
        let settled = settled.map(|marks| marks.delivered).min().unwrap_or(0);
        let is_full = used.saturating_sub(settled) >= limits::OUTBOX_MAX
            && void::count(&void::of(step.tx, with.as_bytes()), settled, used) >= limits::OUTBOX_MAX;
        if is_full {
            return Err(Refusal::TooMany("messages waiting for this contact"));
        }
        let own = self.own(step, &contact.own).ok_or(Refusal::Stopping)?;
        if !self.is_heard(&contact.own, &own.log) {
            return Err(Refusal::Revoked);
        }
        let id = step.message_id();
        let seq = conversation::next_seq(step.tx, &with);
        let position = match place {
            Place::None => None,
            Place::At(position) => Some(position),
            Place::New(body, reply) => {
                let entry = NewEntry { sent_at: step.now, id, from: From::Us { seq }, body, reply };
                let entry = conversation::file(step.tx, &with, entry, step.now);
                self.show_filed(step, contact, &entry);
                Some(entry.position)
            }
        };
        if self.judges(contact) && matches!(body, Body::Said(_) | Body::Billing(_)) {
            window::open(step.tx, &with, Answer { id, seq }, step.now);
        }
        let (sent_at, log_head) = (step.now, own.log.head());
        let reader_head = contact.log.as_ref().map_or(0, |log| log.head().seq);
        let introduction = None;
        let content = Content { id, seq, sent_at, log_head, reader_head, introduction, ground, reply, body };
        let row = Unsettled {
            content: content.encode(),
            frame: None,
            position,
            expires: step.now.plus(limits::MESSAGE_LIFE),
            deposit: Deposit::default(),
        };
        self.keep(step, contact, seq, row);
        Ok((id, seq, position))
    }

    fn keep(&mut self, step: &Step<'_, '_>, contact: &Contact, seq: u64, row: Unsettled) {
        let expires = row.expires;
        let mut devices = contact.devices();
        let first = devices.next();
        for device in devices {
            step.tx.put(&OUTBOX, OUTBOX.key_at(device.as_bytes(), seq), row.clone());
        }
        // Most contacts have one device, and then nothing is copied.
        let recipient = first.as_ref().map_or(contact.account.as_bytes(), DeviceId::as_bytes);
        step.tx.put(&OUTBOX, OUTBOX.key_at(recipient, seq), row);
        self.expect_delivery(step, contact.account, expires);
    }
}

/// A message that can be changed or answered.
pub(super) fn found(step: &Step<'_, '_>, contact: &Contact, named: Named) -> Result<Entry, Refusal> {
    let entry = conversation::find(step.tx, &contact.thread, named).ok_or(Refusal::NoSuchMessage)?;
    match entry.body {
        Line::Said(_) => Ok(entry),
        _ => Err(Refusal::Said("that message was taken back".into())),
    }
}

pub(super) fn refused(error: Malformed) -> Refusal {
    Refusal::Said(error.0.to_owned())
}
