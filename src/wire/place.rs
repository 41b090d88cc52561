//! A place with a relay that is for those who pay: what is shown for it, and what is wanted.

use crate::base::charging;
use crate::base::id::DeviceId;
use crate::crypto::hash::sha256;
use crate::wire::account::{log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, required};
use crate::wire::mail::ShownReceipt;
use crate::wire::peer::PeerKey;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// A receipt that its subject shows afresh; nothing of it is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Showing {
    /// The receipt.
    pub receipt: ShownReceipt,
    /// The signed presentation.
    pub presentation: Signed,
    /// The device of the subject that signed.
    pub signer: DeviceId,
    /// The subject's account log.
    pub log: Vec<Signed>,
}

/// What a receipt's subject must sign for a place with the relay: of nobody else, and for nobody else.
pub fn challenge(relay: &PeerKey, guest: &PeerKey) -> String {
    let hash = sha256(&[&relay.with_length(), &guest.with_length()]);
    format!("relay place {}", data_encoding::HEXLOWER.encode(&hash))
}

impl Showing {
    pub(super) fn to_schema(&self) -> schema::PlaceAsk {
        schema::PlaceAsk {
            receipt: Some(self.receipt.to_schema()),
            presentation: Some(self.presentation.to_schema()),
            signer: self.signer.as_bytes().to_vec(),
            log: log_to_schema(&self.log),
        }
    }

    /// What is shown, if anything is.
    pub(super) fn from_schema(asked: schema::PlaceAsk) -> Result<Option<Self>, Malformed> {
        let Some(receipt) = asked.receipt else {
            let nothing = asked.presentation.is_none() && asked.signer.is_empty() && asked.log.is_empty();
            return if nothing { Ok(None) } else { Err(Malformed("an answer without a receipt")) };
        };
        Ok(Some(Self {
            receipt: ShownReceipt::from_schema(receipt)?,
            presentation: Signed::from_schema(required(asked.presentation)?, charging::EVENT_MAX)?,
            signer: DeviceId::new(array(&asked.signer)?),
            log: log_from_schema(asked.log)?,
        }))
    }
}
