//! Fuzzes first flights to a real account.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::flight::flight(data));
