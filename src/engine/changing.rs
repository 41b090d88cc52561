//! What is changed of messages: by this node's person, by the contact, and on another device of ours.

use crate::base::id::{AccountId, MessageId};
use crate::base::time::Time;
use crate::domain::chat::changes::{Made, Named, Side};
use crate::domain::chat::conversation::{self, Changed};
use crate::domain::chat::outbox::Unsettled;
use crate::domain::chat::timeline::{self, Body as Line, Cause, Entry};
use crate::domain::identity::address::Address;
use crate::domain::identity::contact::Contact;
use crate::engine::body_view::direction;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::letter::{FillWish, OrderWish};
use crate::engine::machine::{Engine, Step};
use crate::engine::saying::{Place, found, refused};
use crate::engine::view;
use crate::wire::content::{Body, Content};
use crate::wire::own::OwnCopy;
use crate::wire::said::change::Change;
use crate::wire::said::choice::Choice;
use crate::wire::said::edit::Edit;
use crate::wire::said::form_answer::FormAnswer;
use crate::wire::said::message::{Piece, Said};
use crate::wire::said::order::{Order, Ordered};
use crate::wire::said::reaction::Reaction;
use crate::wire::said::target::Target;

impl Engine {
    /// Says what the person feels about a message; nothing any more where the emoji is empty.
    pub(super) fn react(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        message: Named,
        emoji: String,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, message)?;
        let mark = entry.changes.mark(Side::Ours);
        if mark.map_or("", |mark| mark.emoji.as_str()) == emoji {
            return Ok(Outcome::Queued {
                id: mark.map_or(entry.id, |mark| mark.by),
                position: entry.position,
            });
        }
        let revision = mark.map_or(0, |mark| mark.revision) + 1;
        let target = Target { id: message.id, yours: Side::Ours.yours(message.side) };
        let reaction = Reaction { target, emoji, revision };
        reaction.check().map_err(refused)?;
        self.make(step, &contact, &entry, Change::Reaction(reaction))
    }

    /// Puts another text in the place of that of a message of ours.
    pub(super) fn edit(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        id: MessageId,
        text: String,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, Named { side: Side::Ours, id })?;
        if !matches!(entry.body, Line::Said(Said::Text(_))) {
            return Err(Refusal::Said("only a text can be edited".into()));
        }
        let revision = entry.changes.edit.map_or(0, |edit| edit.revision) + 1;
        let edit = Edit { id, text, revision };
        edit.check().map_err(refused)?;
        self.make(step, &contact, &entry, Change::Edit(edit))
    }

    /// Takes a message of ours back.
    pub(super) fn take_back(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        id: MessageId,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, Named { side: Side::Ours, id })?;
        self.make(step, &contact, &entry, Change::Deletion(id))
    }

    /// Says which row of a menu of theirs the person chose.
    pub(super) fn choose(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        menu: MessageId,
        row: &str,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, Named { side: Side::Theirs, id: menu })?;
        let of = if let Line::Said(said) = &entry.body { said.menu() } else { None };
        let of = of.ok_or_else(|| Refusal::Said("that message is no menu".into()))?;
        let Some(chosen) = of.row(row) else {
            let ids: Vec<&str> = of.rows().map(|row| row.id.as_str()).collect();
            return Err(Refusal::Said(format!("the menu has no row {row}: there are {}", ids.join(", "))));
        };
        let choice = Choice { menu, row: chosen.id.clone(), title: chosen.title.clone() };
        self.utter(step, &contact, Said::Choice(choice), None, None)
    }

    /// Orders things of an offer of theirs, at the prices that stand there.
    pub(super) fn order(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        wish: OrderWish,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, Named { side: Side::Theirs, id: wish.offer })?;
        let Line::Said(Said::Offer(of)) = &entry.body else {
            return Err(Refusal::Said("that message is no offer".into()));
        };
        let item = |(id, quantity): (String, u32)| match of.ware(&id) {
            Some(ware) => {
                Ok(Ordered { id, name: ware.name.clone(), quantity, price: ware.price, found: None })
            }
            None => {
                let ids: Vec<&str> = of.wares().map(|ware| ware.id.as_str()).collect();
                let words = format!("there is no {id} in the offer: there are {}", ids.join(", "));
                Err(Refusal::Said(words))
            }
        };
        let items: Result<Vec<Ordered>, Refusal> = wish.items.into_iter().map(item).collect();
        let order = Order { offer: wish.offer, items: items?, text: wish.text };
        order.check().map_err(refused)?;
        self.utter(step, &contact, Said::Order(Box::new(order)), None, None)
    }

    /// Fills a form of theirs in.
    pub(super) fn fill(
        &mut self,
        step: &mut Step<'_, '_>,
        to: &AccountId,
        wish: FillWish,
    ) -> Result<Outcome, Refusal> {
        let contact = self.may_write(step, to)?;
        let entry = found(step, &contact, Named { side: Side::Theirs, id: wish.form })?;
        let Line::Said(Said::Form(form)) = &entry.body else {
            return Err(Refusal::Said("that message is no form".into()));
        };
        let answer = FormAnswer::fill(wish.form, form, wish.fields);
        let answer = answer.map_err(|misfit| Refusal::Said(misfit.to_string()))?;
        self.utter(step, &contact, Said::FormAnswer(Box::new(answer)), None, None)
    }

    /// Changes a message here, for our other devices and for the contact.
    fn make(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        entry: &Entry,
        change: Change,
    ) -> Result<Outcome, Refusal> {
        if let Some(life) = timeline::life(&change).filter(|life| step.now.since(entry.sent_at) >= *life) {
            return Err(Refusal::TooLate(life.as_secs() / 3_600));
        }
        // What takes something back needs no ground: nothing is said by it.
        let ground = if change.says_nothing() { None } else { self.ground(step, contact, None)? };
        self.announce(step, contact);
        let said = (Body::Change(change.clone()), ground, None);
        let (id, seq, _) = self.queue(step, contact, said, Place::At(entry.position))?;
        let made = Made { by: Side::Ours, id, sent_at: step.now, change };
        if let Changed::At(position) = conversation::change(step.tx, &contact.thread, &made, step.now) {
            if matches!(made.change, Change::Deletion(_)) {
                self.file_taken_back(step, contact, entry);
            }
            conversation::amend(step.tx, &contact.thread, position, |entry| entry.unchanged = None);
            self.show_changed(step, contact, position, Side::Ours);
        }
        let piece = Piece::Change(made.change);
        let copy = OwnCopy { to: contact.account, id, sent_at: step.now, seq, piece, passed: None };
        self.copy_to_own(step, contact, &copy);
        Ok(Outcome::Queued { id, position: entry.position })
    }

    /// A change came, of the contact or of another device of ours.
    pub(super) fn changed(&mut self, step: &Step<'_, '_>, contact: &Contact, made: &Made) {
        let is_deletion = matches!(made.change, Change::Deletion(_));
        let before =
            is_deletion.then(|| conversation::find(step.tx, &contact.thread, made.target())).flatten();
        match conversation::change(step.tx, &contact.thread, made, step.now) {
            Changed::At(position) => {
                before.iter().for_each(|entry| self.file_taken_back(step, contact, entry));
                self.show_changed(step, contact, position, made.by);
            }
            Changed::Refused => self.counters.over_limit += 1,
            Changed::Waits | Changed::Old => {}
        }
    }

    pub(super) fn show_changed(&mut self, step: &Step<'_, '_>, contact: &Contact, position: u64, by: Side) {
        if let Some(entry) = timeline::since(step.tx, &contact.thread, position, 1).pop() {
            let entry = Box::new(view::entry(step.tx, contact, &entry));
            let (with, name) = (Address(contact.account), contact.name.clone());
            self.show(Event::Changed { with, name, by: direction(by), entry });
        }
    }

    /// What we said under a number, or changed, is given up.
    pub(super) fn fail(&mut self, step: &Step<'_, '_>, contact: &Contact, row: &Unsettled, cause: Cause) {
        if let Some(position) = row.position {
            self.write_fate(step, contact, row, (position, Some(cause)));
        }
    }

    /// The same, or that it didn't fail after all, of the message at its place.
    pub(super) fn write_fate(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        row: &Unsettled,
        (position, cause): (u64, Option<Cause>),
    ) {
        let is_change = is_change(row);
        conversation::amend(step.tx, &contact.thread, position, |entry| {
            let place = if is_change { &mut entry.unchanged } else { &mut entry.failed };
            *place = cause;
        });
        if is_change {
            self.show_changed(step, contact, position, Side::Ours);
        } else {
            self.show_entry(step, contact, position);
        }
    }
}

/// Whether what waits changes a message, and is none itself.
pub(super) fn is_change(row: &Unsettled) -> bool {
    Content::decode(&row.content).is_ok_and(|content| matches!(content.body, Body::Change(_)))
}

/// A content of theirs that changes something.
pub(super) const fn made_by_them(id: MessageId, sent_at: Time, change: Change) -> Made {
    Made { by: Side::Theirs, id, sent_at, change }
}
