//! Fuzzes requests to mailboxes and their words.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sigillo_fuzz::mail::mail(data));
