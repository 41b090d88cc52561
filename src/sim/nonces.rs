//! The tap that sees whether one key and nonce ever sealed two texts.
//!
//! Every key and nonce of a frame's body and header follow from secrets and the frame's 24 random bytes, and those
//! of a first flight from the front that it shows. So where no two different frames that left a node share these,
//! no key sealed two texts under one nonce: what every node sends tells it, and no node pays for it.

use std::collections::BTreeMap;

use crate::crypto::aead::XNONCE_LEN;
use crate::crypto::hash::sha256;
use crate::domain::session::ratchet::frame_nonce;
use crate::wire::flight::SealedFlight;

/// What was sealed under what, in short.
#[derive(Debug, Default)]
pub struct Nonces {
    sealed: BTreeMap<[u8; XNONCE_LEN], [u8; 16]>,
}

impl Nonces {
    /// A frame leaves a node, on a link or for a mailbox: all of it but its route, which a mailbox's queue hides. False
    /// where another one was sealed under what may be the same key and nonce.
    pub fn leaves(&mut self, body: &[u8]) -> bool {
        let under = match frame_nonce(body) {
            Some(nonce) => *nonce,
            None => match SealedFlight::parse(body) {
                Ok(flight) => short(&sha256(&[flight.front])),
                Err(_) => return true,
            },
        };
        let text = short(&sha256(&[body]));
        *self.sealed.entry(under).or_insert(text) == text
    }

    /// How many different frames left a node.
    pub fn count(&self) -> u64 {
        self.sealed.len() as u64
    }
}

fn short<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    core::array::from_fn(|at| digest[at])
}
