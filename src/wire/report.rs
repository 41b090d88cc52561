//! What somebody has against another one, as it is signed.

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::base::time::Time;
use crate::wire::decode::{Malformed, array, message, text, time};
use crate::wire::schema;

/// The version of a report's encoding.
const VERSION: u32 = 1;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Reason {
    /// They write what nobody asked for.
    Spam = 1,
    /// They try to take what isn't theirs.
    Fraud = 2,
    /// They threaten or insult.
    Abuse = 3,
    /// Something else: see the note.
    Other = 4,
}

impl Reason {
    fn from_number(number: u32) -> Result<Self, Malformed> {
        let all = [Self::Spam, Self::Fraud, Self::Abuse, Self::Other];
        all.into_iter().find(|reason| *reason as u32 == number).ok_or(Malformed("an unknown reason"))
    }
}

/// A statement about somebody. It is kept where it was made; nobody is told by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// Who says so, by the account that the other one knows.
    pub reporter: AccountId,
    /// Of whom.
    pub about: AccountId,
    /// What is wrong.
    pub reason: Reason,
    /// In the reporter's words; may be empty.
    pub note: String,
    /// When it was signed.
    pub issued: Time,
}

impl Report {
    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        schema::Report {
            version: VERSION,
            reporter: self.reporter.as_bytes().to_vec(),
            about: self.about.as_bytes().to_vec(),
            reason: self.reason as u32,
            note: self.note.clone(),
            issued: self.issued.as_millis(),
        }
        .encode_to_vec()
    }

    /// Parses a payload: every bound, and that it is the only encoding of what it says.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let said: schema::Report = message(payload, consent_limits::REPORT_MAX)?;
        if said.version != VERSION {
            return Err(Malformed("another version"));
        }
        let report = Self {
            reporter: AccountId::new(array(&said.reporter)?),
            about: AccountId::new(array(&said.about)?),
            reason: Reason::from_number(said.reason)?,
            note: text(said.note, consent_limits::REPORT_NOTE_MAX)?,
            issued: time(said.issued),
        };
        if report.encode() == payload { Ok(report) } else { Err(Malformed("another encoding")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_back_within_its_bounds() {
        let report = Report {
            reporter: AccountId::new([1; 32]),
            about: AccountId::new([2; 32]),
            reason: Reason::Fraud,
            note: "é".repeat(consent_limits::REPORT_NOTE_MAX / 2),
            issued: Time::from_millis(u64::MAX),
        };
        assert!(report.encode().len() <= consent_limits::REPORT_MAX);
        assert_eq!(Report::decode(&report.encode()), Ok(report.clone()));
        for note in ["x".repeat(consent_limits::REPORT_NOTE_MAX + 1), "\u{1b}[31m".into()] {
            assert!(Report::decode(&Report { note, ..report.clone() }.encode()).is_err());
        }
    }
}
