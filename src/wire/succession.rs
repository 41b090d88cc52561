//! The statement in the directory that another account took the place of one, and the record that carries it.

use prost::Message as _;

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::wire::account::{LogHead, log_from_schema, log_to_schema};
use crate::wire::decode::{Malformed, array, message, required, time};
use crate::wire::schema;
use crate::wire::signed::Signed;

/// What a device of a former account says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The former account.
    pub account: AccountId,
    /// Not below [`limits::SUCCESSION_SEQ`], so above every profile's; the highest one counts.
    pub seq: u64,
    /// When it was signed.
    pub issued: Time,
    /// From when on it no longer counts; at most [`limits::PROFILE_LIFE`] after its issue.
    pub expires: Time,
    /// The head of the former account's log, which is ended.
    pub log_head: LogHead,
    /// The account that stands there now.
    pub successor: AccountId,
}

/// What lies in the DHT under the keys of an account that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SuccessionRecord {
    /// What the ended logs carry, the former account's first; each ends with the entry that names the next.
    pub former: Vec<Signed>,
    /// The device of the former account that signed.
    pub signer: DeviceId,
    /// The statement.
    pub statement: Signed,
}

impl Statement {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::SuccessionStatement {
            account: self.account.as_bytes().to_vec(),
            seq: self.seq,
            issued: self.issued.as_millis(),
            expires: self.expires.as_millis(),
            log_head: Some(self.log_head.to_schema()),
            successor: self.successor.as_bytes().to_vec(),
        }
        .encode_to_vec()
    }

    /// Parses a verified payload, in its only encoding; times and logs are not this function's matter.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let statement: schema::SuccessionStatement = message(payload, limits::PROFILE_MAX)?;
        let statement = Self {
            account: AccountId::new(array(&statement.account)?),
            seq: statement.seq,
            issued: time(statement.issued),
            expires: time(statement.expires),
            log_head: LogHead::from_schema(&required(statement.log_head)?)?,
            successor: AccountId::new(array(&statement.successor)?),
        };
        if statement.seq < limits::SUCCESSION_SEQ {
            return Err(Malformed("a profile's number"));
        }
        if statement.encode() == payload { Ok(statement) } else { Err(Malformed("not canonical")) }
    }
}

impl SuccessionRecord {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        schema::SuccessionRecord {
            former: log_to_schema(&self.former),
            signer: self.signer.as_bytes().to_vec(),
            statement: Some(self.statement.to_schema()),
        }
        .encode_to_vec()
    }

    /// Parses a record of at most [`limits::PROFILE_MAX`] bytes, in its only encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let record: schema::SuccessionRecord = message(bytes, limits::PROFILE_MAX)?;
        let record = Self {
            former: log_from_schema(record.former)?,
            signer: DeviceId::new(array(&record.signer)?),
            statement: Signed::from_schema(required(record.statement)?, limits::PROFILE_MAX)?,
        };
        if record.encode() == bytes { Ok(record) } else { Err(Malformed("not canonical")) }
    }
}
