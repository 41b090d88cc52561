//! The local API: routes over a node, for its own person's programs.
//!
//! ```text
//! routes       all routes: method, path, scope, what they do
//! route        one of them, and how it is described
//! router       the routes, each behind what holds for it
//! rule         who may call a route, how long it may take
//! socket       the Unix socket in the home: whoever may open it is the node's person
//! tcp          the API over TCP, behind the gate
//! gate         under which name, from which page, with which token, how often
//! caller       who calls and what they may do
//! scope        what a token lets its bearer do
//! bearer       tokens: made, kept as hashes, recognised
//! rate         how fast requests may come
//! idempotency  requests that are sent twice and carried out once
//! serve        connections, until the API ends
//! api          what every route works with
//! counts       what was asked so far
//! error        `{"error":{"code","message"}}` and the fitting status
//! extract      bodies and queries, parsed at the border
//! said         places, cards and menus, as programs write them
//! who          from a name, an address or the beginning of one to an account
//! reached      how contacts are reached
//! openapi      the description of all routes
//! upkeep       what is past its life is forgotten
//! webhook      what happens, brought to programs that listen elsewhere
//! cloud        the Cloud-API-compatible surface of a business
//! short_id     ids of tokens and webhooks
//! backup, own, doctor, contacts, personal, messages, changes, files, forms, conversations, desk, desk_texts, reception, events, directory, plans, billing, payments, ledger, relays, consents, proofs, tokens, health, metrics    the routes
//! ```

pub mod api;
pub mod error;
pub mod router;
pub mod scope;
pub mod serve;
#[cfg(unix)]
pub mod socket;
pub mod tcp;
pub mod upkeep;
pub mod webhook;

mod backup;
mod bearer;
mod billed;
mod billing;
mod caller;
mod changes;
mod cloud;
mod consents;
mod contacts;
mod conversations;
mod counts;
mod desk;
mod desk_texts;
mod devices;
mod directory;
mod doctor;
mod events;
mod extract;
mod files;
mod forms;
mod gate;
mod health;
mod idempotency;
mod identity;
mod ledger;
mod mailboxes;
mod messages;
mod metrics;
mod openapi;
mod own;
mod payments;
mod personal;
mod plans;
mod proofs;
mod rate;
mod reached;
mod reception;
mod relays;
mod route;
mod routes;
mod rule;
mod said;
mod short_id;
mod tokens;
mod who;
