//! A receipt as a file of its own, and its verification without a node, a store or a network.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;
use crate::domain::billing::jws::{self, JwsError};
use crate::domain::billing::notes::CreditNotes;
use crate::domain::billing::recorded::{Recorded, could_sign, names_signer};
use crate::domain::billing::shown::{PresentationFile, is_shown};
use crate::domain::identity::address;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::succession;
use crate::wire::billing::{Credit, Event, EventKind, Receipt};
use crate::wire::document::SignedDocument;
use crate::wire::mail::ShownReceipt;
use crate::wire::signed::Signed;

/// What a receipt file names its format.
pub const FORMAT: &str = "sigillo-receipt/1";

/// A receipt with all it takes to verify it. In JSON, keys and bytes are lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptFile {
    /// [`FORMAT`].
    pub format: String,
    /// The signed receipt.
    pub receipt: SignedDocument,
    /// The device of the issuer that signed.
    pub signer: DeviceId,
    /// The issuer's account log, oldest entry first.
    pub log: Vec<SignedDocument>,
    /// The same facts as a JWS in compact form, signed by the same device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jws: Option<String>,
    /// The answer of the receipt's subject to a challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<PresentationFile>,
}

impl ReceiptFile {
    /// The file of a receipt, with its issuer's log; none where the event isn't a receipt of that log's account.
    pub fn new(receipt: &Recorded, issuer: &AccountLog) -> Option<Self> {
        let own = receipt.kind() == EventKind::Receipt && receipt.event().issuer() == issuer.account();
        own.then(|| Self {
            format: FORMAT.to_owned(),
            receipt: SignedDocument::new(&receipt.signed().signed),
            signer: receipt.signed().signer,
            log: issuer.entries().iter().map(SignedDocument::new).collect(),
            jws: receipt.jws().map(str::to_owned),
            shown: None,
        })
    }

    /// The file of a receipt that came over a wire.
    pub fn shown(receipt: &ShownReceipt) -> Self {
        Self {
            format: FORMAT.to_owned(),
            receipt: SignedDocument::new(&receipt.receipt),
            signer: receipt.signer,
            log: receipt.log.iter().map(SignedDocument::new).collect(),
            jws: None,
            shown: None,
        }
    }

    /// What of it goes over a wire, or into a QR code; none where something in it isn't what it should be.
    pub fn to_shown(&self) -> Option<ShownReceipt> {
        let (receipt, log) = parse(self).ok()?;
        Some(ShownReceipt { receipt, signer: self.signer, log })
    }

    /// The same where other accounts took the issuer's place since: `line` has the issuer's log and then those of its
    /// successors, of which as much goes into the file as they carry.
    pub fn in_line(receipt: &Recorded, line: &[AccountLog]) -> Option<Self> {
        let at = line.iter().position(|log| log.account() == receipt.event().issuer())?;
        let mut file = Self::new(receipt, &line[at])?;
        let later = line[at + 1..].iter().flat_map(AccountLog::carried);
        file.log.extend(later.map(|entry| SignedDocument::new(&entry)));
        Some(file)
    }
}

/// What the verifier expects; what isn't given isn't checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// The business that must have issued the receipt.
    pub issuer: Option<AccountId>,
    /// The subscriber that it must be for.
    pub subject: Option<AccountId>,
    /// The moment at which it must hold.
    pub at: Option<Time>,
}

/// What is given along with a receipt, to be checked too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Along<'a> {
    /// Credit notes of the issuer, as far as they are known.
    pub notes: Option<&'a CreditNotes>,
    /// What the receipt's subject must have answered.
    pub challenge: Option<&'a str>,
}

/// What a receipt file proves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// The receipt's id.
    pub id: Digest,
    /// What it says.
    pub receipt: Receipt,
    /// The issuer's address.
    pub issuer_address: String,
    /// Whether the issuer is the one that was expected. Where not, the receipt is authentic for the address, and
    /// whose address that is remains to be found out.
    pub issuer_pinned: bool,
    /// Whether it was checked to hold at a moment.
    pub period_checked: bool,
    /// Where the issuer's log in the file stood: what happened to its devices later isn't known.
    pub log_seq: u64,
    /// How much the receipt proves that money moved, in words.
    pub trust: &'static str,
    /// Up to when refunds and revocations are known, by the word of whoever gave the notes: each note is signed, that
    /// there is no other isn't. None where no credit notes were given.
    pub notes_until: Option<Time>,
    /// What was given back of it by these, in minor units.
    pub refunded_minor: i64,
    /// Whether its subject showed it, in answer to the challenge.
    pub shown: bool,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = if self.issuer_pinned { "issued by the expected business" } else { "issuer not pinned" };
        let Receipt { period_start, period_end, amount, .. } = &self.receipt;
        writeln!(f, "authentic for {}, {pinned}", self.issuer_address)?;
        writeln!(f, "{amount} for {period_start} to {period_end} (exclusive), {}", self.trust)?;
        let checked =
            if self.period_checked { "holds at the moment asked about" } else { "period not checked" };
        let shown = if self.shown { "shown by its subject" } else { "not shown by its subject: a copy" };
        match self.notes_until {
            None => write!(f, "{checked}; {shown}; refunds and revocations were not checked"),
            Some(until) => write!(
                f,
                "{checked}; {shown}; refunds and revocations as given, up to {until} by the word of whoever gave them"
            ),
        }
    }
}

/// Verifies a receipt file.
///
/// At a moment, the receipt holds from its period's start to the end of its grace; clocks may differ by
/// [`limits::BILLING_CLOCK_SKEW`] at both ends. The signer must have been allowed to sign when the receipt was
/// issued, as far as the log in the file tells.
pub fn verify(file: &ReceiptFile, expect: &Expect) -> Result<Verdict, Refusal> {
    verify_with(file, expect, &Along::default())
}

/// The same, with what is given along.
pub fn verify_with(file: &ReceiptFile, expect: &Expect, along: &Along<'_>) -> Result<Verdict, Refusal> {
    let (signed, log) = parse(file)?;
    // Read before it is verified, to know under which account's log; nothing of it is believed yet.
    let Ok(Event::Receipt(claimed)) = Event::decode(EventKind::Receipt, signed.unverified()) else {
        return Err(Refusal::Malformed);
    };
    let payload = signed.verify(file.signer.as_bytes(), EventKind::Receipt.label());
    let event = Event::decode(EventKind::Receipt, payload.map_err(|_| Refusal::Signature)?);
    let Ok(event @ Event::Receipt(_)) = event else { return Err(Refusal::Malformed) };
    let id = signed.digest();
    if !names_signer(&event, file.signer) {
        return Err(Refusal::Signer);
    }
    if file.jws.as_ref().is_some_and(|compact| !jws::holds(compact, &claimed, id)) {
        return Err(Refusal::Signature);
    }
    judge(Claim { receipt: claimed, id, log, shown: file.shown.as_ref() }, expect, along)
}

/// Verifies a receipt's JWS in compact form by the log in its header.
pub fn verify_jws(compact: &str, expect: &Expect, along: &Along<'_>) -> Result<Verdict, Refusal> {
    let read = jws::read(compact).map_err(|error| match error {
        JwsError::Malformed => Refusal::Malformed,
        JwsError::Signature => Refusal::Signature,
    })?;
    judge(Claim { receipt: read.receipt, id: read.id, log: read.log, shown: None }, expect, along)
}

/// A receipt whose signature holds under the key that it names.
struct Claim<'f> {
    receipt: Receipt,
    id: Digest,
    log: Vec<Signed>,
    shown: Option<&'f PresentationFile>,
}

fn judge(claim: Claim<'_>, expect: &Expect, along: &Along<'_>) -> Result<Verdict, Refusal> {
    let Claim { receipt, id, log, shown } = claim;
    let logs = succession::successors(receipt.terms.issuer, log).map_err(|error| match error {
        LogError::Signature => Refusal::Signature,
        other => Refusal::Log(other),
    })?;
    if !logs.iter().any(|log| could_sign(log, receipt.key, receipt.issued_at)) {
        return Err(Refusal::Signer);
    }
    check(&receipt, expect)?;
    let mut refunded_minor = 0;
    if let Some(notes) = along.notes {
        let found = notes.about(&receipt, id, &logs).ok_or(Refusal::Notes)?;
        refunded_minor = found.refunded_minor;
        if let Some((ends, credit)) = found.cut
            && expect.at.is_some_and(|at| at >= ends)
        {
            return Err(Refusal::Credited { ends, credit });
        }
    }
    if let Some(challenge) = along.challenge
        && !shown.is_some_and(|file| is_shown(file, &receipt, id, challenge, expect.at))
    {
        return Err(Refusal::NotShown);
    }
    Ok(Verdict {
        id,
        issuer_address: address::encode(&receipt.terms.issuer),
        issuer_pinned: expect.issuer.is_some(),
        period_checked: expect.at.is_some(),
        log_seq: logs.last().map_or(0, |log| log.head().seq),
        trust: receipt.trust_class.words(),
        notes_until: along.notes.map(|notes| notes.until),
        refunded_minor,
        shown: along.challenge.is_some(),
        receipt,
    })
}

fn parse(file: &ReceiptFile) -> Result<(Signed, Vec<Signed>), Refusal> {
    if file.format != FORMAT || file.log.len() > 2 * limits::LOG_ENTRIES_MAX {
        return Err(Refusal::Malformed);
    }
    let receipt = file.receipt.signed(charging::EVENT_MAX).map_err(|_| Refusal::Malformed)?;
    let log = file.log.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX));
    Ok((receipt, log.collect::<Result<_, _>>().map_err(|_| Refusal::Malformed)?))
}

fn check(receipt: &Receipt, expect: &Expect) -> Result<(), Refusal> {
    let Receipt { terms, period_start, period_end, grace_days, issued_at, .. } = receipt;
    if expect.issuer.is_some_and(|expected| expected != terms.issuer) {
        return Err(Refusal::Issuer { found: terms.issuer });
    }
    if expect.subject.is_some_and(|expected| expected != terms.subject) {
        return Err(Refusal::Subject { found: terms.subject });
    }
    let Some(at) = expect.at else { return Ok(()) };
    let from = *period_start.max(issued_at);
    let until = period_end.plus(days(*grace_days));
    if at.plus(limits::BILLING_CLOCK_SKEW) < from {
        Err(Refusal::NotYetValid { from })
    } else if at >= until.plus(limits::BILLING_CLOCK_SKEW) {
        Err(Refusal::Expired { until })
    } else {
        Ok(())
    }
}

/// Why a receipt file is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It isn't a receipt file.
    #[error("malformed: this is not a receipt file, or it is damaged")]
    Malformed,
    /// A signature doesn't hold.
    #[error("tampered with: a signature doesn't hold")]
    Signature,
    /// The account log in it doesn't hold together.
    #[error("the issuer's account log doesn't hold: {0}")]
    Log(LogError),
    /// The log doesn't allow the device to sign receipts at that time.
    #[error("the device that signed was not allowed to sign receipts for this issuer then")]
    Signer,
    /// Another business issued it.
    #[error("issued by another business: {}", address::encode(found))]
    Issuer {
        /// Which one.
        found: AccountId,
    },
    /// It is somebody else's.
    #[error("the receipt is another subscriber's: {}", address::encode(found))]
    Subject {
        /// Whose.
        found: AccountId,
    },
    /// The credit notes given along don't hold, or aren't this issuer's.
    #[error("the credit notes don't hold, or are another issuer's")]
    Notes,
    /// It was refunded or taken back.
    #[error("{} by the issuer from {ends} on", if *credit == Credit::Revoke { "revoked" } else { "refunded" })]
    Credited {
        /// From when on.
        ends: Time,
        /// Which of the two.
        credit: Credit,
    },
    /// Its subject didn't answer the challenge.
    #[error("not shown by its subject: the challenge isn't answered, or the answer is too old")]
    NotShown,
    /// Its period hasn't begun.
    #[error("not yet valid: the period begins {from}")]
    NotYetValid {
        /// When it begins.
        from: Time,
    },
    /// Its period and grace are over.
    #[error("expired: the period and its grace ended {until}")]
    Expired {
        /// When they ended.
        until: Time,
    },
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::billing::fixture::{NOW, Party, World};
    use crate::wire::account::{LogOperation, Purposes};

    const MILLI: Duration = Duration::from_millis(1);

    fn file() -> (World, Receipt, ReceiptFile) {
        let mut world = World::new();
        let mut book = world.book();
        let recorded = world.pay(&mut book, NOW);
        let file = ReceiptFile::new(&recorded, &world.business.log).unwrap();
        let Event::Receipt(receipt) = recorded.event().clone() else { unreachable!() };
        (world, receipt, file)
    }

    fn expect(world: &World) -> Expect {
        let (issuer, subject) = (world.business.key.id(), world.person.key.id());
        Expect { issuer: Some(issuer), subject: Some(subject), at: Some(NOW) }
    }

    /// The same file around a changed receipt, signed again.
    fn resigned(file: &ReceiptFile, by: &Party, receipt: &Receipt) -> ReceiptFile {
        let recorded = Recorded::sign(&by.keys, Event::Receipt(receipt.clone()));
        let signed = SignedDocument::new(&recorded.signed().signed);
        ReceiptFile { receipt: signed, signer: by.keys.id(), ..file.clone() }
    }

    #[test]
    fn a_receipt_file_verifies_with_nothing_else() {
        let (world, receipt, file) = file();
        let json = serde_json::to_string(&file).unwrap();
        let read: ReceiptFile = serde_json::from_str(&json).unwrap();
        let verdict = verify(&read, &expect(&world)).unwrap();
        assert_eq!(verdict.receipt, receipt);
        assert!(verdict.issuer_pinned && verdict.period_checked);
        assert!(verdict.to_string().contains("BRL 19.90"));
        let unpinned = verify(&read, &Expect::default()).unwrap();
        assert!(!unpinned.issuer_pinned && !unpinned.period_checked);
        let address = address::encode(&world.business.key.id());
        assert!(unpinned.to_string().starts_with(&format!("authentic for {address}, issuer not pinned")));
        assert!(unpinned.to_string().contains("were not checked"));
        assert!(unpinned.to_string().contains("attested by the payee (class B)"));
    }

    #[test]
    fn no_byte_of_a_receipt_file_can_be_changed() {
        let (world, _, file) = file();
        let refused = |file: &ReceiptFile| verify(file, &expect(&world)).unwrap_err();
        let flips = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let flip = |position: usize| {
                let mut changed = bytes.to_vec();
                changed[position] ^= 1;
                changed
            };
            (0..bytes.len()).map(flip).collect()
        };
        for payload in flips(&file.receipt.payload) {
            let receipt = SignedDocument { payload, ..file.receipt.clone() };
            let refusal = refused(&ReceiptFile { receipt, ..file.clone() });
            assert!(matches!(refusal, Refusal::Signature | Refusal::Malformed), "{refusal:?}");
        }
        for signature in flips(&file.receipt.signature) {
            let receipt = SignedDocument { signature, ..file.receipt.clone() };
            assert_eq!(refused(&ReceiptFile { receipt, ..file.clone() }), Refusal::Signature);
        }
        for payload in flips(&file.log[0].payload) {
            let log = vec![SignedDocument { payload, ..file.log[0].clone() }];
            assert_eq!(refused(&ReceiptFile { log, ..file.clone() }), Refusal::Signature);
        }
        for signature in flips(&file.log[0].signature) {
            let log = vec![SignedDocument { signature, ..file.log[0].clone() }];
            assert_eq!(refused(&ReceiptFile { log, ..file.clone() }), Refusal::Signature);
        }
        for signer in flips(file.signer.as_bytes()) {
            let signer = DeviceId::from_slice(&signer).unwrap();
            assert_eq!(refused(&ReceiptFile { signer, ..file.clone() }), Refusal::Signature);
        }
    }

    #[test]
    fn every_character_of_the_json_counts() {
        let (world, _, file) = file();
        let json = serde_json::to_string(&file).unwrap();
        let mut changed = 0;
        for position in 0..json.len() {
            for wrong in [b'A', b'0', b'x'] {
                let mut text = json.clone().into_bytes();
                if text[position] == wrong {
                    continue;
                }
                text[position] = wrong;
                let Ok(read) = serde_json::from_slice::<ReceiptFile>(&text) else { continue };
                // An id's hexadecimal digits may be capitals: that is the same file.
                assert!(read == file || verify(&read, &expect(&world)).is_err(), "{position}");
                changed += 1;
            }
        }
        assert!(changed > 1_000, "{changed}");
        let more = json.replacen('{', "{\"note\":\"paid twice\",", 1);
        assert!(serde_json::from_str::<ReceiptFile>(&more).is_err());
    }

    #[test]
    fn each_refusal_has_its_own_reason() {
        let (mut world, receipt, file) = file();
        let expected = expect(&world);
        let (issuer, subject) = (world.business.key.id(), world.person.key.id());
        let refused = |file: &ReceiptFile, expect: Expect| verify(file, &expect).unwrap_err();
        let other_format = ReceiptFile { format: "sigillo-receipt/2".into(), ..file.clone() };
        assert_eq!(refused(&other_format, expected), Refusal::Malformed);
        assert_eq!(
            refused(&file, Expect { issuer: Some(subject), ..expected }),
            Refusal::Issuer { found: issuer }
        );
        let nobody = Expect { subject: Some(issuer), ..expected };
        assert_eq!(refused(&file, nobody), Refusal::Subject { found: subject });
        let no_log = ReceiptFile { log: Vec::new(), ..file.clone() };
        assert_eq!(refused(&no_log, expected), Refusal::Log(LogError::Empty));
        // Signed by somebody else: by a device that isn't in the log, and under a name that isn't the signer's.
        let stranger = Party::new(9, Purposes::ALL);
        assert_eq!(refused(&resigned(&file, &stranger, &receipt), expected), Refusal::Signer);
        let misnamed = Receipt { key: stranger.keys.id(), ..receipt.clone() };
        assert_eq!(refused(&resigned(&file, &world.business, &misnamed), expected), Refusal::Signer);
        let foreign_log = ReceiptFile {
            log: stranger.log.entries().iter().map(SignedDocument::new).collect(),
            ..resigned(&file, &stranger, &Receipt { key: stranger.keys.id(), ..receipt.clone() })
        };
        assert_eq!(
            refused(&foreign_log, expected),
            Refusal::Signature,
            "another account's log proves nothing"
        );
        // By a device that was revoked before.
        let revoked_at = NOW.minus(MILLI);
        let id = world.business.keys.id();
        world.business.log.append(&world.business.key, LogOperation::RevokeDevice(id), revoked_at).unwrap();
        let revoked = ReceiptFile {
            log: world.business.log.entries().iter().map(SignedDocument::new).collect(),
            ..file
        };
        assert_eq!(refused(&revoked, expected), Refusal::Signer);
    }

    #[test]
    fn a_receipt_holds_from_its_start_to_the_end_of_its_grace() {
        let (world, receipt, file) = file();
        let at = |at| verify(&file, &Expect { at: Some(at), ..expect(&world) }).map(|_| ());
        let skew = limits::BILLING_CLOCK_SKEW;
        let until = receipt.period_end.plus(days(receipt.grace_days));
        assert_eq!(at(NOW.minus(skew)), Ok(()));
        assert_eq!(at(NOW.minus(skew + MILLI)), Err(Refusal::NotYetValid { from: NOW }));
        assert_eq!(at(until.plus(skew).minus(MILLI)), Ok(()));
        assert_eq!(at(until.plus(skew)), Err(Refusal::Expired { until }));
    }

    #[test]
    fn only_a_receipt_of_the_logs_account_makes_a_file() {
        let (mut world, _, _) = file();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        assert!(ReceiptFile::new(&receipt, &world.person.log).is_none());
        let request = book.history().events().next().unwrap();
        assert!(ReceiptFile::new(request, &world.person.log).is_none());
    }
}
