//! Credit notes as a file: what whoever verifies a receipt must know of what came after it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::{DeviceId, Digest};
use crate::base::time::Time;
use crate::domain::billing::history::History;
use crate::domain::billing::recorded::{Recorded, could_sign};
use crate::domain::identity::log::AccountLog;
use crate::wire::billing::{Credit, CreditNote, Event, EventKind, Receipt};
use crate::wire::document::SignedDocument;

/// What such a file names its format.
pub const FORMAT: &str = "sigillo-credit-notes/1";

/// Credit notes and reversals of one subscription, as its issuer knows them at a moment. Each is signed; that there are
/// no others is only the word of whoever made the file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditNotes {
    /// [`FORMAT`].
    pub format: String,
    /// Up to when they are known, by the word of whoever made the file: nobody signed it.
    pub until: Time,
    /// The notes and reversals.
    pub notes: Vec<NoteDocument>,
}

/// One note or reversal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteDocument {
    /// Which of the two.
    pub kind: NoteKind,
    /// The device of the issuer that signed.
    pub signer: DeviceId,
    /// What it signed.
    pub signed: SignedDocument,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Money goes back, or a receipt is taken back.
    CreditNote,
    /// A note no longer counts.
    CreditReversed,
}

/// What notes say of one receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    pub(super) refunded_minor: i64,
    pub(super) cut: Option<(Time, Credit)>,
}

impl CreditNotes {
    /// The notes of a subscription, as they are known at `now`.
    pub fn of(history: &History, now: Time) -> Self {
        let document = |recorded: &Recorded| {
            let kind = match recorded.kind() {
                EventKind::CreditNote => NoteKind::CreditNote,
                EventKind::CreditReversed => NoteKind::CreditReversed,
                _ => return None,
            };
            let signed = recorded.signed();
            Some(NoteDocument { kind, signer: signed.signer, signed: SignedDocument::new(&signed.signed) })
        };
        Self { format: FORMAT.to_owned(), until: now, notes: history.events().filter_map(document).collect() }
    }

    /// What they say of a receipt; none where one of them doesn't hold under the issuer's logs.
    pub(super) fn about(&self, receipt: &Receipt, id: Digest, logs: &[AccountLog]) -> Option<Found> {
        if self.format != FORMAT || self.notes.len() > charging::HISTORY_MAX {
            return None;
        }
        let events = self.notes.iter().map(|note| note.verify(receipt, logs));
        let events = events.collect::<Option<Vec<_>>>()?;
        let reversed = |id: &Digest| {
            events.iter().any(|(event, _)| matches!(event, Event::CreditReversed(said) if said.note == *id))
        };
        let mut notes: Vec<(&CreditNote, Digest)> = Vec::new();
        for (event, id) in &events {
            if let Event::CreditNote(note) = event
                && !reversed(id)
            {
                notes.push((note, *id));
            }
        }
        notes.sort_by_key(|(note, id)| (note.issued_at, *id));
        notes.dedup_by_key(|(_, id)| *id);
        let (mut found, mut keys) = (Found::default(), BTreeSet::new());
        for (note, _) in notes.into_iter().filter(|(note, _)| note.receipt == id) {
            let sum = found.refunded_minor.checked_add(note.amount.minor);
            let within = sum.is_some_and(|sum| sum <= receipt.amount.minor);
            if !within || note.amount.currency != receipt.amount.currency || !keys.insert(note.key) {
                continue;
            }
            found.refunded_minor = sum.unwrap_or_default();
            // As in a subscription's standing: the soonest end; where two come at once, it is a revocation.
            let sooner = |(ends, credit): (Time, Credit)| {
                note.access_ends < ends || (note.access_ends == ends && credit == Credit::Refund)
            };
            if note.access_ends < receipt.period_end && found.cut.is_none_or(sooner) {
                found.cut = Some((note.access_ends, note.credit));
            }
        }
        Some(found)
    }
}

impl NoteDocument {
    fn verify(&self, receipt: &Receipt, logs: &[AccountLog]) -> Option<(Event, Digest)> {
        let kind = match self.kind {
            NoteKind::CreditNote => EventKind::CreditNote,
            NoteKind::CreditReversed => EventKind::CreditReversed,
        };
        let signed = self.signed.signed(charging::EVENT_MAX).ok()?;
        let payload = signed.verify(self.signer.as_bytes(), kind.label()).ok()?;
        let event = Event::decode(kind, payload).ok()?;
        let allowed = logs.iter().any(|log| could_sign(log, self.signer, event.issued_at()));
        let of_issuer = event.issuer() == receipt.terms.issuer;
        (allowed && of_issuer).then(|| (event, signed.digest()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::credit::Wish;
    use crate::domain::billing::export::{Along, Expect, ReceiptFile, Refusal, verify_with};
    use crate::domain::billing::fixture::{NOW, World};
    use crate::wire::invoice_key::InvoiceKey;

    #[test]
    fn a_refunded_or_revoked_receipt_is_refused_by_whoever_has_the_notes() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let file = ReceiptFile::new(&receipt, &world.business.log).unwrap();
        let keys = world.business.keys.clone();
        let wish = Wish {
            key: InvoiceKey::random(&mut world.rng),
            receipt: receipt.id(),
            credit: Credit::Revoke,
            minor: None,
            access_ends: None,
            reason: "stolen card".into(),
        };
        let day = NOW.plus(days(1));
        let note = book.credit(&wish, &keys, day).unwrap();
        let verify = |notes: &CreditNotes, at| {
            let expect = Expect { issuer: Some(world.business.key.id()), at: Some(at), ..Expect::default() };
            verify_with(&file, &expect, &Along { notes: Some(notes), challenge: None })
        };
        let notes = CreditNotes::of(book.history(), day);
        let json = serde_json::to_string(&notes).unwrap();
        let notes: CreditNotes = serde_json::from_str(&json).unwrap();
        assert_eq!(verify(&notes, day).unwrap_err(), Refusal::Credited { ends: day, credit: Credit::Revoke });
        let before = verify(&notes, NOW).unwrap();
        assert_eq!(before.notes_until, Some(day));
        assert!(
            before
                .to_string()
                .contains("as given, up to 2027-02-01T10:00:00Z by the word of whoever gave them"),
            "{before}"
        );
        let mut forged = notes.clone();
        forged.notes[0].signed.payload[40] ^= 1;
        assert_eq!(verify(&forged, NOW).unwrap_err(), Refusal::Notes);
        book.reverse(&note.id(), "a mistake", &keys, day).unwrap();
        assert!(verify(&CreditNotes::of(book.history(), day), day).is_ok());
    }
}
