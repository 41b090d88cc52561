//! Offers to link a device as text: a code for a QR picture or for copying, in which every mistake is noticed.

use data_encoding::BASE64URL_NOPAD;

use crate::base::limits;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::wire::link::LinkOffer;

/// What every offer begins with.
pub const SCHEME: &str = "sigillo-link:";
/// The version byte of today's offers.
pub const VERSION: u8 = 1;
const CHECKSUM_LEN: usize = 4;

/// The text of an offer: the scheme and base64url (RFC 4648, without padding) over the version byte, the encoded
/// offer and the first four bytes of SHA-256 over a label and both.
pub fn encode(offer: &LinkOffer) -> String {
    let mut bytes = vec![VERSION];
    bytes.append(&mut offer.encode());
    bytes.extend_from_slice(&checksum(&bytes));
    format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&bytes))
}

/// The offer of a text. Whether it has expired is the caller's to see.
///
/// # Errors
/// One for each thing that a person can do about it; see [`OfferError`].
pub fn decode(text: &str) -> Result<LinkOffer, OfferError> {
    let text = text.trim();
    if text.len() > limits::LINK_OFFER_MAX {
        return Err(OfferError::TooLong);
    }
    let scheme = text.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    let data = scheme.map(|_| &text[SCHEME.len()..]).ok_or(OfferError::Scheme)?;
    let bytes = BASE64URL_NOPAD.decode(data.as_bytes()).map_err(|_| OfferError::Checksum)?;
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(OfferError::Checksum)?;
    if checksum(content) != *sum {
        return Err(OfferError::Checksum);
    }
    match content.split_first() {
        Some((&VERSION, offer)) => LinkOffer::decode(offer).map_err(|_| OfferError::Content),
        _ => Err(OfferError::Version),
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_LEN] {
    let hash = sha256(&[&label::LINK_OFFER.encoded(), content]);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Why a text isn't an offer to link a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OfferError {
    /// It begins with something else.
    #[error("a device's code begins with `sigillo-link:`")]
    Scheme,
    /// More characters than an offer can have.
    #[error("the text is too long for a device's code")]
    TooLong,
    /// A character is wrong, missing or too much.
    #[error("the code is mistyped or cut off: copy it again, whole")]
    Checksum,
    /// A later kind of offer.
    #[error("the code is of a later version: update sigillo")]
    Version,
    /// The checksum holds, but what is in it can't be.
    #[error("the code's content makes no sense: make another one on the new device")]
    Content,
}
