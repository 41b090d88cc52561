//! A receipt shown by its subject: a fresh signature over what the verifier asked for, so that a copy proves nothing.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::billing::recorded::could_sign;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::succession;
use crate::wire::billing::Receipt;
use crate::wire::decode::is_line;
use crate::wire::document::SignedDocument;
use crate::wire::presentation::Presentation;
use crate::wire::signed::Signed;

/// A presentation with all it takes to verify it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentationFile {
    /// The signed presentation.
    pub presentation: SignedDocument,
    /// The device of the subject that signed.
    pub signer: DeviceId,
    /// The subject's account log, oldest entry first; then those of the accounts that took its place.
    pub log: Vec<SignedDocument>,
}

/// Whether a text can be a challenge: a line of 1 to [`charging::REASON_MAX`] bytes.
pub fn is_challenge(text: &str) -> bool {
    !text.is_empty() && is_line(text, charging::REASON_MAX)
}

/// Signs that the receipt's subject shows it now. `line` has the subject's log, and those of its successors.
pub fn present(
    receipt: Digest,
    challenge: &str,
    keys: &DeviceKeys,
    line: &[AccountLog],
    now: Time,
) -> PresentationFile {
    let shown = Presentation { receipt, challenge: challenge.to_owned(), issued_at: now };
    let signed = Signed::new(keys.signing(), label::PRESENTATION, shown.encode());
    let first = line.first().map(|log| log.entries().to_vec()).unwrap_or_default();
    let later = line.iter().skip(1).flat_map(AccountLog::carried);
    PresentationFile {
        presentation: SignedDocument::new(&signed),
        signer: keys.id(),
        log: first.iter().chain(&later.collect::<Vec<_>>()).map(SignedDocument::new).collect(),
    }
}

/// Whether the receipt's subject answers this challenge, not longer than [`charging::PRESENTATION_LIFE`] before `at`
/// where a moment is given.
pub fn is_shown(
    file: &PresentationFile,
    receipt: &Receipt,
    id: Digest,
    challenge: &str,
    at: Option<Time>,
) -> bool {
    shown(file, receipt, at).is_some_and(|shown| shown.receipt == id && shown.challenge == challenge)
}

fn shown(file: &PresentationFile, receipt: &Receipt, at: Option<Time>) -> Option<Presentation> {
    if file.log.len() > 2 * limits::LOG_ENTRIES_MAX {
        return None;
    }
    let signed = file.presentation.signed(charging::EVENT_MAX).ok()?;
    let payload = signed.verify(file.signer.as_bytes(), label::PRESENTATION).ok()?;
    let shown = Presentation::decode(payload).ok()?;
    let log = file.log.iter().map(|entry| entry.signed(limits::LOG_ENTRY_MAX).ok()).collect::<Option<_>>()?;
    let logs = succession::successors(receipt.terms.subject, log).ok()?;
    let allowed = logs.iter().any(|log| could_sign(log, file.signer, shown.issued_at));
    let skew = limits::BILLING_CLOCK_SKEW;
    let fresh = at.is_none_or(|at| {
        shown.issued_at <= at.plus(skew) && shown.issued_at.plus(charging::PRESENTATION_LIFE).plus(skew) > at
    });
    (allowed && fresh).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::fixture::{NOW, World};
    use crate::wire::billing::Event;

    #[test]
    fn a_receipt_is_shown_by_its_subject_for_one_challenge_and_a_short_time() {
        let mut world = World::new();
        let mut book = world.book();
        let recorded = world.pay(&mut book, NOW);
        let Event::Receipt(receipt) = recorded.event().clone() else { unreachable!() };
        let (id, log) = (recorded.id(), core::slice::from_ref(&world.person.log));
        let file = present(id, "table 7", &world.person.keys, log, NOW);
        let json = serde_json::to_string(&file).unwrap();
        let file: PresentationFile = serde_json::from_str(&json).unwrap();
        let holds =
            |file: &PresentationFile, challenge: &str, at| is_shown(file, &receipt, id, challenge, at);
        assert!(holds(&file, "table 7", Some(NOW)) && holds(&file, "table 7", None));
        assert!(!holds(&file, "table 8", Some(NOW)), "it answers one challenge");
        let life = charging::PRESENTATION_LIFE + limits::BILLING_CLOCK_SKEW;
        assert!(!holds(&file, "table 7", Some(NOW.plus(life))), "and not for long");
        assert!(!holds(&file, "table 7", Some(NOW.minus(limits::BILLING_CLOCK_SKEW * 2))));
        assert!(!is_shown(&file, &receipt, Digest::new([1; 32]), "table 7", None), "and one receipt");
        // The business itself has a copy, and so may have others: neither can show it.
        let copied = present(id, "table 7", &world.business.keys, log, NOW);
        assert!(!holds(&copied, "table 7", None));
        let theirs = core::slice::from_ref(&world.business.log);
        let foreign = present(id, "table 7", &world.business.keys, theirs, NOW);
        assert!(!holds(&foreign, "table 7", None));
    }

    #[test]
    fn a_challenge_is_a_line() {
        assert!(is_challenge("table 7") && !is_challenge("") && !is_challenge("a\nb"));
        assert!(!is_challenge(&"x".repeat(charging::REASON_MAX + 1)));
    }
}
