//! Fuzzes stored rows.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::rows::rows(data));
