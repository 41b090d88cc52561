//! Fuzzes consents, reports and files of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::consent(data));
