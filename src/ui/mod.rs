//! What people and programs use: the local API and the command line over it.
//!
//! ```text
//! facts  how both write facts about the node
//! http   the local API: routes over a node, served on a Unix socket in the home
//! bench  whole paths between real nodes, measured
//! lab    scenarios with many real nodes, and what must come of them
//! plot   plots and pages for reports
//! scale  what the directory costs against its size
//! cli    the command line: each command is a request to that API
//! ```

mod bench;
pub mod cli;
pub mod http;
pub mod lab;
pub mod plot;

mod facts;
mod ledger_check;
mod qr;
mod scale;
mod thumbnail;
