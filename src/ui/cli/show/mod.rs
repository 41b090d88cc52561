//! Answers of the API in human words.

mod billing;
mod business;
mod consents;
mod desk;
mod devices;
mod files;
mod forms;
mod ledger;
mod mailboxes;
mod node;
mod orders;
mod people;
mod programs;
mod said;
mod talk;
mod words;

pub(super) use billing::{
    change_asked, credited, invoice, invoices, rails, receipt, receipted, receipts, subscriptions,
};
pub(super) use business::{found, own_profile, plan, plans, published};
pub(super) use consents::{consents, dropped, quiet};
pub(super) use desk::{bot, case, cases, item, items, notes, quick_replies, reception, template, templates};
pub(super) use devices::{devices, linked};
pub(super) use files::{bytes, files};
pub(super) use forms::{forms, kept_form};
pub(super) use ledger::{audited, books, books_csv};
pub(super) use mailboxes::{mailbox_status, mailboxes};
pub(super) use node::{doctor, identity, running, status};
pub(super) use people::{added, contact, contacts, invite, safety_number};
pub(super) use programs::{cloud, dead_letters, token_made, tokens, webhook_made, webhook_tested, webhooks};
pub(super) use said::said;
pub(super) use talk::{entry, event, event_discreetly, history, inbox, sent};
pub(super) use words::text;
