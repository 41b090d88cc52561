//! Fuzzes texts that people copy.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::text::text(data));
