//! Rails: what a payer's bank or wallet reads, made of an invoice and whom to pay.
//!
//! ```text
//! pix         Brazil: static BR Codes
//! upi         India: links
//! sepa        Europe: EPC codes with an RF reference
//! lightning   Bitcoin: BOLT11 invoices, and the proof that one was paid
//! request     an invoice's text by any of them
//! unusable    why one of them can't carry a payment
//! ```

pub mod lightning;
pub mod pix;
pub mod request;
pub mod sepa;
pub mod unusable;
pub mod upi;
