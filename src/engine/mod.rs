//! The engine: everything the node decides, as a function of what happened, over an open transaction.
//!
//! Above: `node` (sockets and a disk) and `sim` (a seeded world) drive it. They hand in inputs and a transaction,
//! store the batch, and only then carry out what [`effects::Held::release`] gives them.

pub mod body_view;
pub mod books;
pub mod command;
pub mod commerce;
pub mod consent_view;
pub mod device_view;
pub mod effects;
pub mod event;
pub mod file_order;
pub mod file_view;
pub mod forwarding;
pub mod found_business;
pub mod hosting;
pub mod input;
pub mod ledger;
pub mod lookups;
pub mod machine;
pub mod mailbox_host;
pub mod mailbox_view;
pub mod parcel;
pub mod people;
pub mod publish;
pub mod reach_view;
pub mod reconcile;
pub mod view;

mod admission;
mod changing;
mod codes;
mod commands;
mod consenting;
mod devices;
mod fanout;
mod fetching;
mod file_state;
mod files;
mod hand_outs;
mod healing;
mod inbound;
mod joining;
mod links;
mod logs;
mod mailbox_client;
mod mailbox_deposit;
mod mailbox_fetch;
mod mailbox_owner;
mod mailbox_state;
mod newcomers;
mod outbound;
mod patron;
mod pending;
mod places;
mod prekeys;
mod rotation;
mod saying;
mod search;
mod shop;
mod succession;
mod transfer;
mod upkeep;
