//! Answers of the API in human words.

mod billing;
mod business;
mod consents;
mod devices;
mod mailboxes;
mod node;
mod people;
mod talk;
mod words;

pub(super) use billing::{invoice, invoices, receipt, receipted, receipts, subscriptions};
pub(super) use business::{found, own_profile, plan, plans, published};
pub(super) use consents::{consents, dropped, quiet};
pub(super) use devices::{devices, linked};
pub(super) use mailboxes::{mailbox_status, mailboxes};
pub(super) use node::{doctor, identity, running, status};
pub(super) use people::{added, contact, contacts, invite, safety_number};
pub(super) use talk::{entry, event, event_discreetly, history, inbox, sent};
pub(super) use words::text;
