//! Fuzzes sessions under any schedule.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::session::session(data));
