//! What people and programs use: the local API and the command line over it.
//!
//! ```text
//! http    the local API: routes over a node, served on a Unix socket in the home
//! cli     the command line: each command is a request to that API
//! facts   how both write facts about the node
//! http   the local API: routes over a node, served on a Unix socket in the home
//! bench  whole paths between real nodes, measured
//! cli    the command line: each command is a request to that API
//! ```

mod bench;
pub mod cli;
pub mod http;

mod facts;
mod ledger_check;
mod qr;
