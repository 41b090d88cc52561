//! What is said: may I, file it, keep it for every device that is to get it.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId, MessageId};
use crate::base::limits;
use crate::domain::chat::conversation::{self, CONVERSATIONS};
use crate::domain::chat::delivery::DELIVERY;
use crate::domain::chat::outbox::{Deposit, OUTBOX, Unsettled};
use crate::domain::chat::timeline::{Body as Line, From, NewEntry};
use crate::domain::consent::window;
use crate::domain::identity::address;
use crate::domain::identity::contact::{Contact, Standing};
use crate::domain::identity::moved;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::{Body, Content};
use crate::wire::decode::is_text;
use crate::wire::own::OwnCopy;
use crate::wire::template::{Answer, Ground, Template};

const TEMPLATE_WORDS: &str = "a template has a name of a-z, 0-9 and _, a version from 1, a language tag, and up to 16 variables, \
     each named once, of up to 256 bytes, all together at most 1,024";

impl Engine {
    /// Sends a text: the way out begins here.
    pub(super) fn send(
        &mut self,
        step: &mut Step<'_, '_>,
        to: AccountId,
        text: String,
        template: Option<Template>,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, &to)?;
        if text.is_empty() || text.len() > limits::TEXT_MAX {
            return Err(Refusal::TextLength { length: text.len() });
        }
        if !is_text(&text, limits::TEXT_MAX) {
            return Err(Refusal::TextCharacters);
        }
        let is_by_hand = template.is_none();
        let ground = self.ground(step, &contact, template)?;
        let outcome = self.say_text(step, &contact, text, ground)?;
        if is_by_hand {
            self.answered_by_hand(step, &contact);
        }
        Ok(outcome)
    }

    /// Says a text that is within its bounds, on a ground, and shows it on our other devices.
    pub(super) fn say_text(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        text: String,
        ground: Option<Ground>,
    ) -> Result<Outcome, Refusal> {
        let copy = (!self.siblings.is_empty()).then(|| text.clone());
        self.announce(step, contact);
        let said = (Body::Text(text.clone()), ground);
        let (id, seq, position) = self.queue(step, contact, said, Some(Line::Text(text)))?;
        if let Some(text) = copy {
            let copy = OwnCopy { to: contact.account, id, sent_at: step.now, seq, text };
            self.copy_to_own(step, contact, &copy);
        }
        Ok(Outcome::Queued { id, position: position.unwrap_or_default() })
    }

    /// On what ground a business writes: by a template, or in answer to the newest message that may be answered.
    fn ground(
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
        if contact.standing == Standing::Blocked { Err(Refusal::Blocked) } else { Ok(contact) }
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
        self.queue(step, contact, (body, None), line).map(|(id, _, position)| (id, position))
    }

    /// The same without a word about our devices before it.
    pub(super) fn queue(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        (body, ground): (Body, Option<Ground>),
        line: Option<Line>,
    ) -> Result<(MessageId, u64, Option<u64>), Refusal> {
        let with = contact.thread;
        let used = step.tx.row(&CONVERSATIONS, with.as_bytes()).map_or(0, |row| row.sent_seq);
        let settled = contact.devices().filter_map(|device| step.tx.row(&DELIVERY, device.as_bytes()));
        let settled = settled.map(|marks| marks.delivered).min().unwrap_or(0);
        if used.saturating_sub(settled) >= limits::OUTBOX_MAX {
            return Err(Refusal::TooMany("messages waiting for this contact"));
        }
        let own = self.own(step, &contact.own).ok_or(Refusal::Stopping)?;
        if !self.is_heard(&contact.own, &own.log) {
            return Err(Refusal::Revoked);
        }
        let mut id = [0; MessageId::LEN];
        step.rng.fill_bytes(&mut id);
        let id = MessageId::new(id);
        let seq = conversation::next_seq(step.tx, &with);
        let position = line.map(|body| {
            let entry = NewEntry { sent_at: step.now, id, from: From::Us { seq }, body };
            let entry = conversation::file(step.tx, &with, entry, step.now);
            self.show_filed(contact, &entry);
            entry.position
        });
        if self.judges(contact) && matches!(body, Body::Text(_) | Body::Billing(_)) {
            window::open(step.tx, &with, Answer { id, seq }, step.now);
        }
        let (sent_at, log_head) = (step.now, own.log.head());
        let content = Content { id, seq, sent_at, log_head, introduction: None, ground, body };
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
