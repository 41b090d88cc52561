//! Fuzzes profiles and their records.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::record(data));
