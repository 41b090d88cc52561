//! Fuzzes a whole node.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::engine::engine(data));
