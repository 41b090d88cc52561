//! The Cloud-API-compatible surface of a business node: what programs that speak that API ask, answered as it would.
//!
//! ```text
//! path           which object a request names, and which edge of it
//! entry          one request: who asks, what for, and the answer
//! routes         all objects and edges, and the scope that each takes
//! ask            a request on its way to its edge
//! parameters     what is asked, from the query, a form or JSON
//! fields         which fields of an object are asked for
//! page           a list, a page at a time
//! error          the errors of that API, and which of ours is which
//! codes          their numbers and titles
//! account        the ids of the business, and the secret that signs webhooks
//! alias          contacts as numbers of fifteen digits
//! decimal        thirty-two bytes as digits
//! user_id        accounts as decimal ids
//! media_id       files as decimal ids
//! wamid          messages as ids
//! party          one contact under all its names
//! recipient      from what a program writes for somebody to a contact
//! messages       something is sent, or was read
//! send/          one file for each type of message
//! sent           what is kept of a message for its statuses
//! later          what fails after it was accepted
//! read           a message was read
//! phone, business, profile, blocked, templates, subscribed, catalog, commerce, short_links, automation, tokens, nothing    the edges
//! media          files that are uploaded, asked for, fetched, removed
//! media_hash     what a file's bytes hash to
//! multipart      a form with a file, piece by piece
//! download       a file that a program names by its address
//! template_form  templates in the form of that API
//! flow/          forms in the form of that API
//! handshake      whether a receiver agrees to be one
//! notice/        what webhooks are told
//! forget         nothing stays of a contact that is erased
//! operator       what the node's person is shown of all this
//! ```

pub(super) mod account;
pub(super) mod entry;
pub(super) mod error;
pub(super) mod forget;
pub(super) mod handshake;
pub(super) mod notice;
pub(super) mod operator;
pub(super) mod path;

mod alias;
mod ask;
mod automation;
mod blocked;
mod business;
mod catalog;
mod codes;
mod commerce;
mod decimal;
mod download;
mod fields;
mod flow;
mod later;
mod media;
mod media_hash;
mod media_id;
mod messages;
mod multipart;
mod nothing;
mod page;
mod parameters;
mod party;
mod phone;
mod profile;
mod read;
mod recipient;
mod routes;
mod send;
mod sent;
mod short_links;
mod subscribed;
mod template_form;
mod templates;
mod tokens;
mod user_id;
mod wamid;
