//! Fuzzes questions and answers between nodes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::ask(data));
