//! The messages of `proto/`, as the protobuf compiler writes them; private to this floor.
#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]

include!(concat!(env!("OUT_DIR"), "/sigillo.v1.rs"));
