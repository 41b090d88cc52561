//! What crosses the border: bytes parsed once, bounded, into types that can't be wrong.

pub mod account;
pub mod ask;
pub mod billing;
pub mod boxes;
pub mod channel;
pub mod consent;
pub mod content;
pub mod decode;
pub mod document;
pub mod envelope;
pub mod event;
pub mod flight;
pub mod index;
pub mod invite;
pub mod kademlia;
pub mod link;
pub mod mail;
pub mod mail_word;
pub mod origin;
pub mod own;
pub mod peer;
pub mod plan;
pub mod prekeys;
pub mod reach;
pub mod record;
pub mod report;
pub mod signed;
pub mod template;
pub mod work;

mod binary;
mod schema;
