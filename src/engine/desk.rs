//! The front desk: what is kept of conversations, and what is said by itself to a customer who speaks.

use core::time::Duration;
use std::sync::Arc;

use crate::base::desk_limits as limits;
use crate::base::id::{AccountId, FileId};
use crate::domain::business::attend::{Attention, attend};
use crate::domain::business::bot::{self, Bot};
use crate::domain::business::catalog::{self, Item};
use crate::domain::business::desk::{self, Case, Change, Status};
use crate::domain::business::forms::{self, Draft, FormError};
use crate::domain::business::names::is_desk_name;
use crate::domain::business::note::{self, Note};
use crate::domain::business::quick::{self, QUICK, Quick};
use crate::domain::business::reception::{self, Reception};
use crate::domain::business::seat::{self, Person};
use crate::domain::business::template::Definition;
use crate::domain::business::templates;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::domain::chat::timeline::Body as Line;
use crate::domain::consent::window;
use crate::domain::files::kept::{self, FILES};
use crate::domain::identity::address::{self, Address};
use crate::domain::identity::contact::Contact;
use crate::domain::identity::moved;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::desk_command::{DeskCommand, FormWish, Image, TemplateWish};
use crate::engine::event::Event;
use crate::engine::file_view;
use crate::engine::machine::{Engine, Step};
use crate::store::table::Rows;
use crate::wire::content::Content;
use crate::wire::decode::is_text;
use crate::wire::said::file::Picture;
use crate::wire::said::message::Said;
use crate::wire::template::{Ground, Variable};

impl Engine {
    /// Carries out what is asked of the front desk.
    pub(super) fn desk_command(
        &mut self,
        step: &mut Step<'_, '_>,
        command: DeskCommand,
    ) -> Result<Outcome, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        match command {
            DeskCommand::Change { with, change } => self.change_case(step, &with, &change),
            DeskCommand::Note { with, by, text } => self.add_note(step, &with, by, text),
            DeskCommand::PutQuick(quick) => put_quick(step, quick),
            DeskCommand::RemoveQuick(name) => known(quick::remove(step.tx, &name), "quick reply", &name),
            DeskCommand::SendQuick { to, name, variables } => self.send_quick(step, to, &name, &variables),
            DeskCommand::PutTemplate(definition) => put_template(step, *definition),
            DeskCommand::RemoveTemplate(name) => known(templates::remove(step.tx, &name), "template", &name),
            DeskCommand::SendTemplate { to, wish } => self.send_template(step, to, &wish),
            DeskCommand::PutItem { item, image } => put_item(step, item, image),
            DeskCommand::RemoveItem(id) => known(catalog::remove(step.tx, &id), "thing in the catalog", &id),
            DeskCommand::PutForm(draft) => put_form(step, *draft),
            DeskCommand::AdvanceForm(id, status) => {
                forms::advance(step.tx, &id, status, step.now).map_err(form_refused).map(|()| Outcome::Done)
            }
            DeskCommand::RemoveForm(id) => known(forms::remove(step.tx, &id), "form", &id),
            DeskCommand::SendForm { to, wish } => self.send_form(step, to, wish),
            DeskCommand::SetReception(reception) => self.set_reception(step, *reception),
            DeskCommand::SetBot(bot) => self.set_bot(step, bot.map(|bot| *bot)),
        }
    }

    /// What the desk of a business takes note of, when it is filed.
    pub(super) fn is_for_desk(&self, line: &Line) -> Option<Said> {
        match line {
            Line::Said(said) if self.is_business() => Some(said.clone()),
            _ => None,
        }
    }

    /// A customer said something, which is filed: the desk takes note of it and answers what is answered by itself. What
    /// came late, out of its turn, isn't answered.
    pub(super) fn attend(
        &mut self,
        step: &mut Step<'_, '_>,
        contact: &Contact,
        content: &Content,
        said: Option<Said>,
        is_late: bool,
    ) {
        let Some(said) = said.filter(|_| !contact.is_ourselves()) else { return };
        // Only businesses name a ground, and what a business writes may be said by itself: nobody answers that but people.
        let by_machine = contact.is_held_to_rules() || content.ground.is_some();
        let is_old = step.now.since(content.sent_at) > limits::AUTOMATIC_AGE_MAX;
        let heard = (!by_machine && !is_late && !is_old).then_some(&said);
        let (desk, now) = (self.desk.clone(), step.now);
        let attention = seat::edit(step.tx, &contact.thread, |seat| {
            attend(&desk.reception, desk.bot.as_deref(), seat, heard, now)
        });
        let Attention { says, is_served, label } = attention.unwrap_or_default();
        if let Some(says) = says {
            self.say_by_itself(step, contact, says.said());
        }
        self.note_arrival(step, contact, is_served, label);
    }

    /// Says something that nobody typed, in answer to what the customer said last.
    fn say_by_itself(&mut self, step: &mut Step<'_, '_>, contact: &Contact, said: Said) {
        if self.may_write(step, &contact.account).is_err() {
            return;
        }
        // What answers nothing that can still be answered would be dropped.
        let Some(answer) = window::answer(step.tx, &contact.thread, step.now) else { return };
        if self.utter_on(step, contact, (said, None), Some(Ground::Answer(answer))).is_err() {
            self.counters.over_limit += 1;
        }
    }

    /// What a customer said opens their conversation, unless the bot serves them.
    fn note_arrival(
        &mut self,
        step: &Step<'_, '_>,
        contact: &Contact,
        is_served: bool,
        label: Option<String>,
    ) {
        let status = desk::get(step.tx, &contact.thread).map(|case| case.status);
        let wanted = match (is_served, status) {
            (true, Some(Status::Open | Status::Pending)) => return,
            (true, Some(Status::Done) | None) => Status::Pending,
            (false, _) => Status::Open,
        };
        let change = Change { status: Some(wanted), label: label.into_iter().collect(), ..Change::default() };
        // With as many labels as there may be, it is opened without one more.
        let changed = desk::change(step.tx, &contact.thread, &change, step.now).or_else(|| {
            let change = Change { label: Vec::new(), ..change };
            desk::change(step.tx, &contact.thread, &change, step.now)
        });
        self.show_case(contact, changed.flatten());
    }

    /// Somebody answered by hand: the customer is next, and the bot keeps out of it.
    pub(super) fn answered_by_hand(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        if !self.is_business() {
            return;
        }
        if let Some(bot) = &self.desk.bot {
            let silence = Duration::from_secs(u64::from(bot.person.hours) * 60 * 60);
            seat::edit(step.tx, &contact.thread, |seat| {
                seat.hand_over(Person::Until(step.now.plus(silence)))
            });
        }
        if desk::get(step.tx, &contact.thread).is_some_and(|case| case.status == Status::Open) {
            let change = Change { status: Some(Status::Pending), ..Change::default() };
            let changed = desk::change(step.tx, &contact.thread, &change, step.now);
            self.show_case(contact, changed.flatten());
        }
    }

    /// A node that had conversations before it had a desk takes them in: open where something is unread.
    pub(super) fn begin_desk(&mut self, step: &Step<'_, '_>) {
        if !self.is_business() || desk::is_begun(step.tx) {
            return;
        }
        desk::begin(step.tx);
        let mut known = step.tx.scan(&CONVERSATIONS, &CONVERSATIONS.all());
        known.sort_by_key(|(_, row)| (row.last_at, row.with));
        for (_, row) in known {
            let status = if row.unread > 0 { Status::Open } else { Status::Done };
            let change = Change { status: Some(status), ..Change::default() };
            let _ = desk::change(step.tx, &row.with, &change, step.now);
        }
    }

    fn change_case(
        &mut self,
        step: &Step<'_, '_>,
        with: &AccountId,
        change: &Change,
    ) -> Result<Outcome, Refusal> {
        let contact = customer(step, with)?;
        let names = change.label.iter().chain(change.agent.as_ref().filter(|agent| !agent.is_empty()));
        if !names.into_iter().all(|name| is_desk_name(name)) {
            let most = limits::DESK_NAME_MAX;
            return Err(wrong(format!("a label or an agent's name is one line of 1 to {most} bytes")));
        }
        let changed = desk::change(step.tx, &contact.thread, change, step.now);
        let changed = changed
            .ok_or_else(|| wrong(format!("a conversation has at most {} labels", limits::LABELS_MAX)))?;
        if change.status == Some(Status::Done) {
            seat::edit(step.tx, &contact.thread, seat::Seat::release);
        }
        self.show_case(&contact, changed);
        Ok(Outcome::Done)
    }

    fn add_note(
        &mut self,
        step: &Step<'_, '_>,
        with: &AccountId,
        by: String,
        text: String,
    ) -> Result<Outcome, Refusal> {
        let contact = customer(step, with)?;
        if !by.is_empty() && !is_desk_name(&by) {
            return Err(wrong(format!(
                "an agent's name is one line of at most {} bytes",
                limits::DESK_NAME_MAX
            )));
        }
        if text.trim().is_empty() || !is_text(&text, limits::NOTE_MAX) {
            return Err(wrong(format!("a note is a text of 1 to {} bytes", limits::NOTE_MAX)));
        }
        if note::add(step.tx, &contact.thread, Note { at: step.now, by, text }) {
            Ok(Outcome::Done)
        } else {
            Err(Refusal::TooMany("notes on this conversation"))
        }
    }

    fn send_quick(
        &mut self,
        step: &mut Step<'_, '_>,
        to: AccountId,
        name: &str,
        variables: &[Variable],
    ) -> Result<Outcome, Refusal> {
        let quick = step.tx.row(&QUICK, name.as_bytes()).ok_or_else(|| missing("quick reply", name))?;
        let text = quick.filled(variables).map_err(|error| Refusal::Desk("variables", error.to_string()))?;
        self.send(step, to, Said::Text(text), None, None)
    }

    fn send_template(
        &mut self,
        step: &mut Step<'_, '_>,
        to: AccountId,
        wish: &TemplateWish,
    ) -> Result<Outcome, Refusal> {
        let version = templates::get(step.tx, &wish.name, wish.version);
        let version = version.ok_or_else(|| match wish.version {
            Some(number) => missing("template", &format!("{}, version {number}", wish.name)),
            None => missing("template", &wish.name),
        })?;
        let rendered = version.definition.render(version.version, &wish.language, &wish.variables);
        let rendered = rendered.map_err(|error| Refusal::Desk("template", error.to_string()))?;
        let said = match rendered.file {
            None => rendered.said(),
            Some(file) => {
                let file = file_view::to_send(step.tx, &file, String::new()).ok_or(Refusal::NoSuchFile)?;
                rendered.said_below(file)
            }
        };
        self.send(step, to, said, None, Some(rendered.template))
    }

    fn send_form(
        &mut self,
        step: &mut Step<'_, '_>,
        to: AccountId,
        wish: FormWish,
    ) -> Result<Outcome, Refusal> {
        let mut form = forms::to_send(step.tx, &wish.id, wish.draft).map_err(form_refused)?;
        form.token = wish.token;
        if let Some(text) = wish.text {
            form.text = text;
        }
        self.send(step, to, Said::Form(Box::new(form)), None, None)
    }

    fn set_reception(&mut self, step: &Step<'_, '_>, reception: Reception) -> Result<Outcome, Refusal> {
        reception.check().map_err(|error| wrong(error.to_string()))?;
        reception::set(step.tx, reception.clone());
        self.desk.reception = Arc::new(reception.into());
        Ok(Outcome::Done)
    }

    fn set_bot(&mut self, step: &Step<'_, '_>, bot: Option<Bot>) -> Result<Outcome, Refusal> {
        if let Some(bot) = &bot {
            bot.check().map_err(|error| Refusal::Desk("bot", error.to_string()))?;
        }
        bot::set(step.tx, bot.clone());
        self.desk.bot = bot.map(Arc::new);
        Ok(Outcome::Done)
    }

    fn show_case(&mut self, contact: &Contact, changed: Option<Case>) {
        if let Some(case) = changed {
            self.show(Event::Desk {
                with: Address(contact.account),
                name: contact.name.clone(),
                status: case.status,
                labels: case.labels,
                assigned: Some(case.agent).filter(|agent| !agent.is_empty()),
            });
        }
    }
}

fn put_quick(step: &Step<'_, '_>, quick: Quick) -> Result<Outcome, Refusal> {
    quick.check().map_err(|error| wrong(error.to_string()))?;
    if quick::put(step.tx, quick) { Ok(Outcome::Done) } else { Err(Refusal::TooMany("quick replies")) }
}

fn put_template(step: &Step<'_, '_>, definition: Definition) -> Result<Outcome, Refusal> {
    definition.check().map_err(|error| Refusal::Desk("template", error.to_string()))?;
    let put = templates::put(step.tx, definition, step.now);
    put.map(|_| Outcome::Done).ok_or(Refusal::TooMany("templates"))
}

fn put_form(step: &Step<'_, '_>, draft: Draft) -> Result<Outcome, Refusal> {
    draft.check().map_err(form_refused)?;
    forms::put(step.tx, draft, step.now).map_err(form_refused)?;
    Ok(Outcome::Done)
}

/// What a form can't be, or why it can't be sent.
fn form_refused(error: FormError) -> Refusal {
    match error {
        FormError::TooMany => Refusal::TooMany("forms"),
        FormError::NoneSuch(_) => Refusal::NoneSuch(error.to_string()),
        FormError::Fixed(..)
        | FormError::Nothing(_)
        | FormError::Order(..)
        | FormError::IsDraft(_)
        | FormError::NotSent(..)
        | FormError::WithData(_) => Refusal::Desk("form_state", error.to_string()),
        _ => Refusal::Desk("form", error.to_string()),
    }
}

fn put_item(step: &Step<'_, '_>, item: Item, image: Image) -> Result<Outcome, Refusal> {
    item.check().map_err(|error| wrong(error.to_string()))?;
    let picture = match image {
        Image::Of(file) => Some(small_picture(step, &file)?),
        Image::Keep | Image::Remove => None,
    };
    let id = item.id.clone();
    if !catalog::put(step.tx, item) {
        return Err(Refusal::TooMany("things in the catalog"));
    }
    if image != Image::Keep {
        catalog::show(step.tx, &id, picture);
    }
    Ok(Outcome::Done)
}

/// What can be shown of a file in the message that offers a thing.
fn small_picture(step: &Step<'_, '_>, file: &FileId) -> Result<Picture, Refusal> {
    let row = step.tx.row(&FILES, file.as_bytes()).ok_or(Refusal::NoSuchFile)?;
    let sides = row.picture.filter(|sides| sides.thumbnail).ok_or_else(|| wrong(PICTURE_WORDS.into()))?;
    Ok(Picture { width: sides.width, height: sides.height, thumbnail: kept::thumbnail(step.tx, file) })
}

const PICTURE_WORDS: &str = "of that file there is no small picture: a thing is shown by a JPEG or a PNG";

fn customer(step: &Step<'_, '_>, with: &AccountId) -> Result<Arc<Contact>, Refusal> {
    let contact = moved::contact(step.tx, with).filter(|contact| !contact.is_ourselves());
    contact.ok_or_else(|| Refusal::NotAContact(address::encode(with)))
}

fn known(is_known: bool, what: &str, name: &str) -> Result<Outcome, Refusal> {
    if is_known { Ok(Outcome::Done) } else { Err(missing(what, name)) }
}

fn missing(what: &str, name: &str) -> Refusal {
    Refusal::NoneSuch(format!("there is no {what} {name}"))
}

const fn wrong(words: String) -> Refusal {
    Refusal::Desk("desk", words)
}
