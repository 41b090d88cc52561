//! Fuzzes bundles and one-time prekeys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::prekeys(data));
