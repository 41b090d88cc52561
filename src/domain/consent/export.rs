//! All that was signed between two, as a file, and its verification without a node, a store or a network.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::{Label, label};
use crate::domain::consent::ledger::is_in_force;
use crate::domain::identity::address;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::{signer, succession};
use crate::wire::account::{LogEntry, Purposes};
use crate::wire::consent::{Consent, SignedConsent, Topic};
use crate::wire::document::SignedDocument;
use crate::wire::report::Report;
use crate::wire::signed::Signed;

/// What a file of consents names its format.
pub const FORMAT: &str = "sigillo-consent/1";

/// Logs of the person that a file has: the present line of accounts, and those that a restored identity superseded.
const LOGS_MAX: usize = 8;

/// All that a person signed towards another one, with all it takes to verify it. In JSON, ids and bytes are lower-case
/// hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentFile {
    /// [`FORMAT`].
    pub format: String,
    /// What was consented to and taken back, oldest first.
    pub consents: Vec<Statement>,
    /// What the person has against the other one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Statement>,
    /// The person's account logs, each from its oldest entry, those of successors behind.
    pub logs: Vec<Vec<SignedDocument>>,
}

/// Something that a device signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The device.
    pub signer: DeviceId,
    /// What it signed.
    pub signed: SignedDocument,
}

impl Statement {
    /// Writes something that a device signed.
    pub fn new(signer: DeviceId, signed: &Signed) -> Self {
        Self { signer, signed: SignedDocument::new(signed) }
    }
}

impl ConsentFile {
    /// A file of these statements and of the logs that prove them: the person's line of accounts, oldest first, and
    /// `superseded` logs. What none of the logs proves is left out.
    pub fn new<'c>(
        consents: impl Iterator<Item = &'c SignedConsent>,
        reports: Vec<Statement>,
        line: &[AccountLog],
        superseded: &[AccountLog],
    ) -> Self {
        let write = |log: &[AccountLog]| {
            let mut entries: Vec<_> = log.first().map(AccountLog::entries).unwrap_or_default();
            entries.extend(log.iter().skip(1).flat_map(AccountLog::carried));
            entries.iter().map(SignedDocument::new).collect()
        };
        let mut logs = vec![write(line)];
        logs.extend(superseded.iter().rev().take(LOGS_MAX - 1).map(|log| write(core::slice::from_ref(log))));
        let consents = consents.map(|consent| Statement::new(consent.signer, &consent.signed)).collect();
        let mut file = Self { format: FORMAT.to_owned(), consents, reports, logs };
        let Ok(lines) = file.lines() else { return file };
        file.consents.retain(|statement| consent(statement, &lines).is_ok());
        file.reports.retain(|statement| report(statement, &lines).is_ok());
        file
    }

    /// The logs, verified; they all have an account in common with the first, or the file is of several people.
    fn lines(&self) -> Result<Vec<Vec<AccountLog>>, Refusal> {
        if self.logs.is_empty() || self.logs.len() > LOGS_MAX {
            return Err(Refusal::Malformed);
        }
        let lines = self.logs.iter().map(|log| line(log)).collect::<Result<Vec<_>, _>>()?;
        let known: Vec<AccountId> = lines[0].iter().map(AccountLog::account).collect();
        let is_theirs = |log: &Vec<AccountLog>| log.iter().any(|log| known.contains(&log.account()));
        if lines.iter().all(is_theirs) { Ok(lines) } else { Err(Refusal::Malformed) }
    }
}

/// What the verifier expects; what isn't given isn't checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// The account that everything must be addressed to.
    pub business: Option<AccountId>,
    /// The account that must have said it.
    pub person: Option<AccountId>,
}

/// What a file of consents proves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// Topics that hold at the moment asked about, and until when, as far as the file goes.
    pub in_force: BTreeMap<&'static str, Time>,
    /// What was signed, oldest first.
    pub consents: Vec<Consent>,
    /// What is said against the other one.
    pub reports: Vec<Report>,
    /// Whether the account that it is addressed to is the one that was expected.
    pub business_pinned: bool,
    /// Whether the account that says it is the one that was expected.
    pub person_pinned: bool,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for consent in &self.consents {
            let (person, business) = (address::encode(&consent.person), address::encode(&consent.business));
            let topic = consent.topic.name();
            if consent.granted {
                writeln!(
                    f,
                    "{}  {person} lets {business} write about {topic} until {}",
                    consent.issued, consent.expires
                )?;
            } else {
                writeln!(f, "{}  {person} takes {topic} back from {business}", consent.issued)?;
            }
        }
        for report in &self.reports {
            let (by, about) = (address::encode(&report.reporter), address::encode(&report.about));
            let note = report.note.replace('\n', "\n    ");
            writeln!(f, "{}  {by} reports {about}: {:?}. {note}", report.issued, report.reason)?;
        }
        let held: Vec<String> =
            self.in_force.iter().map(|(topic, until)| format!("{topic} until {until}")).collect();
        let held = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
        write!(f, "authentic; in force: {held}; what was said later isn't in this file")
    }
}

/// Verifies a file of consents, and says what holds at `now`.
///
/// # Errors
/// See [`Refusal`]: nothing in a file is believed of which a part isn't true.
pub fn verify(file: &ConsentFile, expect: &Expect, now: Time) -> Result<Verdict, Refusal> {
    let most = [
        (file.consents.len(), consent_limits::CONSENTS_MAX),
        (file.reports.len(), consent_limits::REPORTS_MAX),
    ];
    if file.format != FORMAT || most.iter().any(|(there, most)| there > most) {
        return Err(Refusal::Malformed);
    }
    let lines = file.lines()?;
    let consents = file.consents.iter().map(|statement| consent(statement, &lines));
    let consents = consents.collect::<Result<Vec<_>, _>>()?;
    let reports = file.reports.iter().map(|statement| report(statement, &lines));
    let reports = reports.collect::<Result<Vec<_>, _>>()?;
    let said = consents.iter().map(|one| (one.business, one.person));
    for (business, person) in said.chain(reports.iter().map(|one| (one.about, one.reporter))) {
        if expect.business.is_some_and(|expected| expected != business) {
            return Err(Refusal::Business { found: business });
        }
        if expect.person.is_some_and(|expected| expected != person) {
            return Err(Refusal::Person { found: person });
        }
    }
    let mut last: BTreeMap<Topic, &Consent> = BTreeMap::new();
    for consent in &consents {
        let known = last.entry(consent.topic).or_insert(consent);
        if consent.seq > known.seq {
            *known = consent;
        }
    }
    let held = last.into_values().filter(|consent| is_in_force(consent, now));
    let in_force = held.map(|consent| (consent.topic.name(), consent.expires)).collect();
    let (business_pinned, person_pinned) = (expect.business.is_some(), expect.person.is_some());
    Ok(Verdict { in_force, consents, reports, business_pinned, person_pinned })
}

fn line(log: &[SignedDocument]) -> Result<Vec<AccountLog>, Refusal> {
    if log.len() > 2 * limits::LOG_ENTRIES_MAX {
        return Err(Refusal::Malformed);
    }
    let entries = log.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX));
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(|_| Refusal::Malformed)?;
    let first = entries.first().and_then(|first| LogEntry::decode(first.unverified()).ok());
    let first = first.ok_or(Refusal::Malformed)?.account;
    succession::successors(first, entries).map_err(|_| Refusal::Log)
}

fn consent(statement: &Statement, lines: &[Vec<AccountLog>]) -> Result<Consent, Refusal> {
    let payload = payload(statement, label::CONSENT, consent_limits::CONSENT_MAX)?;
    let consent = Consent::decode(&payload).map_err(|_| Refusal::Malformed)?;
    may_sign(lines, statement.signer, &consent.person, consent.issued).map(|()| consent)
}

fn report(statement: &Statement, lines: &[Vec<AccountLog>]) -> Result<Report, Refusal> {
    let payload = payload(statement, label::REPORT, consent_limits::REPORT_MAX)?;
    let report = Report::decode(&payload).map_err(|_| Refusal::Malformed)?;
    may_sign(lines, statement.signer, &report.reporter, report.issued).map(|()| report)
}

fn payload(statement: &Statement, label: Label, most: usize) -> Result<Vec<u8>, Refusal> {
    let signed = statement.signed.signed(most).map_err(|_| Refusal::Malformed)?;
    let payload = signed.verify(statement.signer.as_bytes(), label);
    payload.map(<[u8]>::to_vec).map_err(|_| Refusal::Signature)
}

fn may_sign(
    lines: &[Vec<AccountLog>],
    device: DeviceId,
    account: &AccountId,
    at: Time,
) -> Result<(), Refusal> {
    let of_line = |line: &Vec<AccountLog>| {
        let from = line.iter().position(|log| log.account() == *account);
        from.is_some_and(|from| {
            line[from..].iter().any(|log| signer::could_sign(log, device, Purposes::MESSAGE, at))
        })
    };
    if lines.iter().any(of_line) { Ok(()) } else { Err(Refusal::Signer) }
}

/// Why a file of consents is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It isn't a file of consents.
    #[error("malformed: this is not a file of consents, or it is damaged")]
    Malformed,
    /// A signature doesn't hold.
    #[error("tampered with: a signature doesn't hold")]
    Signature,
    /// An account log in it doesn't hold together.
    #[error("an account log in it doesn't hold")]
    Log,
    /// No log lets the device sign at that time.
    #[error("a device that signed was not allowed to sign for this account then")]
    Signer,
    /// It is addressed to somebody else.
    #[error("given to another one: {}", address::encode(found))]
    Business {
        /// To whom.
        found: AccountId,
    },
    /// It is somebody else's.
    #[error("given by another one: {}", address::encode(found))]
    Person {
        /// Whose.
        found: AccountId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::ledger::Given;
    use crate::domain::consent::ledger::tests::{BUSINESS, NOW, Person};
    use crate::domain::consent::report::Filed;
    use crate::wire::report::Reason;

    fn file() -> (Person, ConsentFile) {
        let ana = Person::new(2);
        let said = [
            ana.says(Topic::Utility, true, 1),
            ana.says(Topic::Marketing, true, 2),
            ana.says(Topic::Marketing, false, 3),
        ];
        let report = Report {
            reporter: ana.key.id(),
            about: BUSINESS,
            reason: Reason::Spam,
            note: "nobody asked".into(),
            issued: NOW,
        };
        let filed = Filed::sign(&ana.keys, &report);
        let reports = vec![Statement::new(filed.signer, &filed.signed)];
        let log = core::slice::from_ref(&ana.log);
        let file = ConsentFile::new(said.iter().map(Given::signed), reports, log, &[]);
        (ana, file)
    }

    #[test]
    fn a_file_verifies_with_nothing_else_and_says_what_holds() {
        let (ana, file) = file();
        let json = serde_json::to_string(&file).unwrap();
        let read: ConsentFile = serde_json::from_str(&json).unwrap();
        let expect = Expect { business: Some(BUSINESS), person: Some(ana.key.id()) };
        let verdict = verify(&read, &expect, NOW).unwrap();
        assert_eq!((verdict.consents.len(), verdict.reports.len()), (3, 1));
        assert_eq!(verdict.in_force.keys().copied().collect::<Vec<_>>(), ["utility"]);
        let later = NOW.plus(core::time::Duration::from_secs(86_400));
        assert!(verify(&read, &Expect::default(), later).unwrap().in_force.is_empty());
        let other = AccountId::new([9; 32]);
        let refused = |expect| verify(&read, &expect, NOW).unwrap_err();
        let business = Expect { business: Some(other), ..expect };
        assert_eq!(refused(business), Refusal::Business { found: BUSINESS });
        assert_eq!(
            refused(Expect { person: Some(other), ..expect }),
            Refusal::Person { found: ana.key.id() }
        );
        assert!(verdict.to_string().contains("in force: utility until"));
    }

    #[test]
    fn nothing_in_a_file_can_be_changed() {
        let (_, file) = file();
        let json = serde_json::to_string(&file).unwrap();
        let mut changed = 0;
        for position in 0..json.len() {
            for wrong in [b'0', b'e'] {
                let mut text = json.clone().into_bytes();
                if text[position] == wrong {
                    continue;
                }
                text[position] = wrong;
                let Ok(read) = serde_json::from_slice::<ConsentFile>(&text) else { continue };
                assert!(read == file || verify(&read, &Expect::default(), NOW).is_err(), "{position}");
                changed += 1;
            }
        }
        assert!(changed > 1_000, "{changed}");
    }

    #[test]
    fn what_others_sign_proves_nothing_and_is_left_out() {
        let (ana, bento) = (Person::new(2), Person::new(3));
        let given = ana.says(Topic::Utility, true, 1);
        let forged = Given::sign(&bento.keys, given.consent().clone());
        let log = core::slice::from_ref(&ana.log);
        let both = [given.clone(), forged.clone()];
        let file = ConsentFile::new(both.iter().map(Given::signed), Vec::new(), log, &[]);
        assert_eq!(file.consents.len(), 1);
        let statement = Statement::new(forged.signed().signer, &forged.signed().signed);
        let bad = ConsentFile { consents: vec![statement.clone()], ..file.clone() };
        assert_eq!(verify(&bad, &Expect::default(), NOW), Err(Refusal::Signer));
        // Nor does a log of the forger's beside it make a difference.
        let theirs = bento.log.entries().iter().map(SignedDocument::new).collect();
        let logs = vec![bad.logs[0].clone(), theirs];
        assert_eq!(verify(&ConsentFile { logs, ..bad }, &Expect::default(), NOW), Err(Refusal::Malformed));
        let mut revoked = ana.log.clone();
        let out = crate::wire::account::LogOperation::RevokeDevice(ana.keys.id());
        revoked.append(&ana.key, out, NOW).unwrap();
        let late = ConsentFile::new(
            core::iter::once(given.signed()),
            Vec::new(),
            core::slice::from_ref(&revoked),
            core::slice::from_ref(&ana.log),
        );
        assert_eq!(late.consents.len(), 1, "by the log of then it still holds");
        assert!(verify(&late, &Expect::default(), NOW).is_ok());
    }

    #[test]
    fn a_file_out_of_its_bounds_is_refused() {
        let (_, file) = file();
        let refused = |file: ConsentFile| verify(&file, &Expect::default(), NOW).unwrap_err();
        let format = "sigillo-consent/2".to_owned();
        assert_eq!(refused(ConsentFile { format, ..file.clone() }), Refusal::Malformed);
        assert_eq!(refused(ConsentFile { logs: Vec::new(), ..file.clone() }), Refusal::Malformed);
        let logs = vec![file.logs[0].clone(); LOGS_MAX + 1];
        assert_eq!(refused(ConsentFile { logs, ..file.clone() }), Refusal::Malformed);
        let consents = vec![file.consents[0].clone(); consent_limits::CONSENTS_MAX + 1];
        assert_eq!(refused(ConsentFile { consents, ..file }), Refusal::Malformed);
    }
}
