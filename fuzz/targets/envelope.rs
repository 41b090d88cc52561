//! Fuzzes frames and first flights from outside.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::envelope(data));
