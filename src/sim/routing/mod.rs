//! A model of the directory's routing, for networks too large to run: the rules of `net/dht.rs` without its sockets.
//!
//! ```text
//! space   who is there, and whom each node knows; routing tables are drawn when they are looked at, never kept
//! query   one query: disjoint paths, so many requests at once, until the closest have answered
//! cost    what a publication and a search take: requests, answers, bytes, hops
//! ```

pub mod cost;
pub mod query;
pub mod space;

#[cfg(test)]
mod tests;
