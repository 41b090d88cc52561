//! What a person lets a business write about, as it is signed, and why a text of a business is dropped.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::{AccountId, DeviceId};
use crate::base::time::Time;
use crate::wire::decode::{Malformed, array, countable, message, required, time};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// The version of a consent's encoding.
const VERSION: u32 = 1;

/// What a text of a business is about: what a consent is for, and the category of a template.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Topic {
    /// Help with what the person asked for.
    Service = 1,
    /// What has become of an order, an appointment, an account.
    Utility = 2,
    /// One-time codes.
    Authentication = 3,
    /// Offers.
    Marketing = 4,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Service, Self::Utility, Self::Authentication, Self::Marketing];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::Marketing => "marketing",
        }
    }

    pub(crate) fn from_number(number: u32) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|topic| *topic as u32 == number);
        known.ok_or(Malformed("an unknown topic"))
    }
}

/// Why a text of a business was dropped: all that its sender learns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Decline {
    /// It answers no message of the person's that may still be answered, and is by no template.
    OutsideWindow = 1,
    /// The person doesn't consent to the category of its template.
    NoConsent = 2,
    /// The business has said enough for now.
    OverCap = 3,
    /// The person has quiet hours, and too much waits for their end already.
    QuietHours = 4,
    /// It was under way for too long.
    TooLate = 5,
}

impl Decline {
    const ALL: [Self; 5] =
        [Self::OutsideWindow, Self::NoConsent, Self::OverCap, Self::QuietHours, Self::TooLate];

    pub(crate) fn from_number(number: u32) -> Result<Self, Malformed> {
        let known = Self::ALL.into_iter().find(|cause| *cause as u32 == number);
        known.ok_or(Malformed("an unknown cause"))
    }
}

/// A person's word to one business on one topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Consent {
    /// The business.
    pub business: AccountId,
    /// The person, by the account that this business knows.
    pub person: AccountId,
    /// What it is about.
    pub topic: Topic,
    /// Whether it is granted; otherwise it is taken back.
    pub granted: bool,
    /// Of what a person says to a business on a topic, the highest holds; from 1.
    pub seq: u64,
    /// When it was signed.
    pub issued: Time,
    /// From when on it no longer holds; the epoch where nothing is granted.
    pub expires: Time,
}

impl Consent {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::Consent {
            version: VERSION,
            business: self.business.as_bytes().to_vec(),
            person: self.person.as_bytes().to_vec(),
            topic: self.topic as u32,
            granted: self.granted,
            seq: self.seq,
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
        }
        .encode_to_vec()
    }

    /// Parses a payload: every bound, and that it is the only encoding of what it says.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let said: schema::Consent = message(payload, consent_limits::CONSENT_MAX)?;
        if said.version != VERSION || said.seq == 0 {
            return Err(Malformed("another version, or no number"));
        }
        let consent = Self {
            business: AccountId::new(array(&said.business)?),
            person: AccountId::new(array(&said.person)?),
            topic: Topic::from_number(said.topic)?,
            granted: said.granted,
            seq: countable(said.seq)?,
            issued: time(said.issued),
            expires: time(said.expires),
        };
        let life = consent.expires.since(consent.issued);
        let fits = if consent.granted {
            !life.is_zero() && life <= consent_limits::CONSENT_LIFE_MAX
        } else {
            consent.expires == Time::EPOCH
        };
        if fits && consent.encode() == payload { Ok(consent) } else { Err(Malformed("not a consent")) }
    }
}

/// A consent as it travels. Nothing in it is verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignedConsent {
    /// The device that signed.
    pub signer: DeviceId,
    /// The payload and the signature.
    pub signed: Signed,
}

impl SignedConsent {
    pub(crate) fn to_schema(&self) -> schema::SignedConsent {
        schema::SignedConsent {
            signer: self.signer.as_bytes().to_vec(),
            signed: Some(self.signed.to_schema()),
        }
    }

    pub(crate) fn from_schema(consent: schema::SignedConsent) -> Result<Self, Malformed> {
        Ok(Self {
            signer: DeviceId::new(array(&consent.signer)?),
            signed: Signed::from_schema(required(consent.signed)?, consent_limits::CONSENT_MAX)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::limits;

    pub(crate) fn consent() -> Consent {
        let issued = Time::from_millis(1_800_000_000_000);
        Consent {
            business: AccountId::new([1; 32]),
            person: AccountId::new([2; 32]),
            topic: Topic::Utility,
            granted: true,
            seq: 7,
            issued,
            expires: issued.plus(Duration::from_secs(86_400)),
        }
    }

    #[test]
    fn a_consent_reads_back_and_has_one_encoding() {
        let encoded = consent().encode();
        assert_eq!(Consent::decode(&encoded), Ok(consent()));
        let mut longer = encoded.clone();
        longer.extend([0x28, 0x01]);
        assert!(Consent::decode(&longer).is_err(), "a field twice");
        let revoked = Consent { granted: false, expires: Time::EPOCH, ..consent() };
        assert_eq!(Consent::decode(&revoked.encode()), Ok(revoked));
    }

    #[test]
    fn what_is_out_of_bounds_is_no_consent() {
        let issued = consent().issued;
        let wrong = [
            Consent { seq: 0, ..consent() },
            Consent { seq: u64::MAX, ..consent() },
            Consent { expires: issued, ..consent() },
            Consent { expires: Time::EPOCH, ..consent() },
            Consent {
                expires: issued.plus(consent_limits::CONSENT_LIFE_MAX + Duration::from_millis(1)),
                ..consent()
            },
            Consent { granted: false, ..consent() },
        ];
        for wrong in wrong {
            assert!(Consent::decode(&wrong.encode()).is_err(), "{wrong:?}");
        }
        let longest = Consent {
            seq: limits::SEQUENCE_MAX,
            issued: Time::from_millis(u64::MAX - 1),
            expires: Time::from_millis(u64::MAX),
            ..consent()
        };
        assert!(longest.encode().len() <= consent_limits::CONSENT_MAX);
        assert_eq!(Consent::decode(&longest.encode()), Ok(longest));
    }
}
