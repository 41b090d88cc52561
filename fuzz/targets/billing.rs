//! Fuzzes events of charging.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::wire::billing(data));
