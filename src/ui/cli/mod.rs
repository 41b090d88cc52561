//! The command line: each command asks the running node over its local API, or opens the store itself.
//!
//! ```text
//! entry         from the process's arguments to its exit code
//! args          what can be written, and its help
//! allocator     what a process that lasts gives back of its memory
//! dispatch      each command, led to the file that carries it out
//! client        one request at a time, to a running node or in this process
//! output        human words or JSON on stdout
//! failure       why a command failed, and the exit code
//! passphrase    where the passphrase comes from
//! setup, run, id, people, talk, chat, inbox, business, billing, consent, verify, demo    the commands
//! said          what can be sent beside a text
//! message       messages changed, and menus answered
//! forms         forms kept, sent and filled in
//! lab           simulated worlds, many at once
//! lab_dht       what the directory costs against its size
//! lab_run       scenarios with real nodes
//! desk, desk_texts, bot    the front desk: its inbox, what it keeps to be said, what is said by itself
//! token, webhook, api    programs that use the local API
//! backup        a copy of the home in one file
//! personal      all that is kept of a contact, shown or erased
//! documents     files that people keep, and what is expected of them
//! show          answers of the API in human words
//! ```

pub mod entry;

mod allocator;
mod api;
mod args;
mod args_money;
mod args_run;
mod backup;
mod bench;
mod billing;
mod bot;
mod business;
mod chat;
pub(in crate::ui) mod client;
mod consent;
#[cfg(unix)]
mod demo;
mod desk;
mod desk_texts;
mod device;
mod dispatch;
mod documents;
pub(in crate::ui) mod failure;
mod file;
mod forms;
mod id;
mod id_args;
mod inbox;
mod join;
mod lab;
mod lab_dht;
mod lab_run;
mod ledger;
mod mailbox;
mod message;
mod orders;
mod output;
mod page;
mod passphrase;
mod people;
mod personal;
mod receipts;
mod relay;
mod run;
mod safety;
mod said;
mod sending;
mod setup;
mod show;
mod signals;
mod spinner;
mod talk;
mod token;
mod verify;
mod webhook;
