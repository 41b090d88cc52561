//! What is asked of the front desk.

use crate::base::id::{AccountId, FileId};
use crate::domain::business::bot::Bot;
use crate::domain::business::catalog::Item;
use crate::domain::business::desk::Change;
use crate::domain::business::forms::{Draft, Status};
use crate::domain::business::quick::Quick;
use crate::domain::business::reception::Reception;
use crate::domain::business::template::Definition;
use crate::wire::template::Variable;

/// A request to the front desk of a business.
#[derive(Clone, Debug)]
pub enum DeskCommand {
    /// Changes how the desk keeps a conversation.
    Change {
        /// With whom.
        with: AccountId,
        /// What is to be changed.
        change: Change,
    },
    /// Adds a note to a conversation.
    Note {
        /// With whom.
        with: AccountId,
        /// Who writes it; may be empty.
        by: String,
        /// At most [`crate::base::desk_limits::NOTE_MAX`] bytes.
        text: String,
    },
    /// Keeps a quick reply, in the place of one that has its name.
    PutQuick(Quick),
    /// Removes a quick reply.
    RemoveQuick(String),
    /// Sends a quick reply.
    SendQuick {
        /// To whom.
        to: AccountId,
        /// Its name.
        name: String,
        /// What stands in its blanks.
        variables: Vec<Variable>,
    },
    /// Adds a template, or a new version of one.
    PutTemplate(Box<Definition>),
    /// Removes a template with all its versions.
    RemoveTemplate(String),
    /// Sends what a template of the registry makes.
    SendTemplate {
        /// To whom.
        to: AccountId,
        /// Which template, and what stands in its blanks.
        wish: TemplateWish,
    },
    /// Keeps a thing in the catalog, in the place of one that has its id.
    PutItem {
        /// The thing.
        item: Item,
        /// What becomes of its picture.
        image: Image,
    },
    /// Removes a thing from the catalog.
    RemoveItem(String),
    /// Keeps a form as a draft, or changes one.
    PutForm(Box<Draft>),
    /// Publishes a form, or deprecates it.
    AdvanceForm(String, Status),
    /// Removes a form.
    RemoveForm(String),
    /// Sends a form of the registry.
    SendForm {
        /// To whom.
        to: AccountId,
        /// Which form, and what comes back with its answer.
        wish: FormWish,
    },
    /// Says what is said by itself from now on.
    SetReception(Box<Reception>),
    /// Turns a bot on, in the place of the one that is; or off.
    SetBot(Option<Box<Bot>>),
}

/// Which form is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FormWish {
    /// Its id.
    pub id: String,
    /// What comes back with the answer; may be empty.
    pub token: String,
    /// Another text in the place of its own.
    pub text: Option<String>,
    /// Whether it is a draft, which is tried out.
    pub draft: bool,
}

/// What becomes of the picture of a thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Image {
    /// It stays, if there is one.
    Keep,
    /// It goes.
    Remove,
    /// The thumbnail of this file takes its place. The file itself isn't needed any more.
    Of(FileId),
}

/// Which template is to be sent, and what stands in its blanks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemplateWish {
    /// Its name.
    pub name: String,
    /// Its version; the newest where none is said.
    pub version: Option<u32>,
    /// The language tag.
    pub language: String,
    /// What stands in its blanks.
    pub variables: Vec<Variable>,
}
