//! What two devices of one account tell each other when the one links the other.

use prost::Message as _;
use zeroize::Zeroizing;

use crate::base::id::{AccountId, Digest};
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::secret::Secret;
use crate::crypto::x25519;
use crate::wire::account::{Device, log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, line, message, required, time};
use crate::wire::reach::Reach;
use crate::wire::schema;
use crate::wire::signed::Signed;

/// Bytes of an offer's token.
pub const TOKEN_LEN: usize = 16;

/// What a new device shows: its certificate, what to seal the answer to, and where to bring it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkOffer {
    /// The certificate to be put into the account's log.
    pub device: Device,
    /// The one-time X25519 key.
    pub exchange: [u8; x25519::PUBLIC_LEN],
    /// SHA-256 of the one-time ML-KEM-768 key, which is too large to be shown.
    pub kem_hash: Digest,
    /// Known only to who saw the offer.
    pub token: Secret<TOKEN_LEN>,
    /// From when on the offer can't be taken up.
    pub expires: Time,
    /// Where the new device is; of this device.
    pub reach: Reach,
}

impl LinkOffer {
    /// The offer's bytes.
    pub fn encode(&self) -> Vec<u8> {
        schema::LinkOffer {
            device: Some(self.device.to_schema()),
            exchange: self.exchange.to_vec(),
            kem_hash: self.kem_hash.as_bytes().to_vec(),
            token: self.token.expose().to_vec(),
            expires: self.expires.as_millis(),
            peer: self.reach.peer().to_vec(),
            addresses: self.reach.addresses().to_vec(),
        }
        .encode_to_vec()
    }

    /// Parses an offer of at most [`limits::LINK_OFFER_MAX`] bytes, in its only encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let offer: schema::LinkOffer = message(bytes, limits::LINK_OFFER_MAX)?;
        let device = Device::from_schema(&required(offer.device)?)?;
        let parsed = Self {
            exchange: array(&offer.exchange)?,
            kem_hash: Digest::new(array(&offer.kem_hash)?),
            token: Secret::new(array(&offer.token)?),
            expires: time(offer.expires),
            reach: Reach::new(device.id, offer.peer, offer.addresses).ok_or(Malformed("not a reach"))?,
            device,
        };
        if parsed.encode() == bytes { Ok(parsed) } else { Err(Malformed("not canonical")) }
    }
}

/// What the seal of a grant holds: whose device the new one is from now on, and who lets it in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkGrant {
    /// The account.
    pub account: AccountId,
    /// Whom it stands for.
    pub kind: AccountKind,
    /// What it calls itself; may be empty.
    pub name: String,
    /// Its log, the new device in it.
    pub log: Vec<Signed>,
    /// The device that grants, and where it is.
    pub primary: Reach,
    /// That device's bundle of prekeys.
    pub bundle: Vec<u8>,
}

impl LinkGrant {
    /// The grant's bytes.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let grant = schema::LinkGrant {
            account: self.account.as_bytes().to_vec(),
            kind: match self.kind {
                AccountKind::Person => 0,
                AccountKind::Business => 1,
            },
            name: self.name.clone(),
            log: log_to_schema(&self.log),
            primary: Some(self.primary.to_schema()),
            bundle: self.bundle.clone(),
        };
        Zeroizing::new(grant.encode_to_vec())
    }

    /// Parses a grant of at most [`limits::LINK_GRANT_MAX`] bytes, in its only encoding. Nothing in it is verified.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let grant: schema::LinkGrant = message(bytes, limits::LINK_GRANT_MAX)?;
        if grant.bundle.len() > limits::BUNDLE_MAX {
            return Err(Malformed("too large"));
        }
        let parsed = Self {
            account: AccountId::new(array(&grant.account)?),
            kind: match grant.kind {
                0 => AccountKind::Person,
                1 => AccountKind::Business,
                _ => return Err(Malformed("an unknown kind")),
            },
            name: line(grant.name, limits::NAME_MAX)?,
            log: log_from_schema(grant.log)?,
            primary: Reach::from_schema(required(grant.primary)?)?,
            bundle: grant.bundle,
        };
        if *parsed.encode() == bytes { Ok(parsed) } else { Err(Malformed("not canonical")) }
    }
}
