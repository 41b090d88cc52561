//! The issuer's side of giving back: refunds and revocations, never more than was paid.

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::book::{Book, BookError};
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::identity::device::DeviceKeys;
use crate::wire::billing::{Credit, CreditNote, CreditNoteReversed, Event};
use crate::wire::decode::is_line;
use crate::wire::invoice_key::InvoiceKey;

/// What is to be given back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// What the note is to be known by: asking again with the same key gives the same note.
    pub key: InvoiceKey,
    /// The receipt.
    pub receipt: Digest,
    /// Refund or revocation.
    pub credit: Credit,
    /// How much; none for all that is left of a refund, and nothing of a revocation.
    pub minor: Option<i64>,
    /// From when on the receipt gives no access; none for at once. A revocation is at once.
    pub access_ends: Option<Time>,
    /// Why: a line.
    pub reason: String,
}

impl Book {
    /// Gives back. The same key gives the same note for ever; the same key for something else is an error.
    pub fn credit(&mut self, wish: &Wish, keys: &DeviceKeys, now: Time) -> Result<Recorded, BookError> {
        let of_key = |recorded: &&Recorded| match recorded.event() {
            Event::CreditNote(note) => note.key == wish.key,
            _ => false,
        };
        if let Some(known) = self.history().events().find(of_key) {
            let Event::CreditNote(note) = known.event() else { return Err(BookError::UnknownReceipt) };
            let same = (note.receipt, note.credit, &note.reason) == (wish.receipt, wish.credit, &wish.reason)
                && wish.minor.is_none_or(|minor| minor == note.amount.minor)
                && wish.access_ends.is_none_or(|ends| ends == note.access_ends);
            return if same { Ok(known.clone()) } else { Err(BookError::Terms(OTHER_NOTE)) };
        }
        if wish.reason.is_empty() || !is_line(&wish.reason, charging::REASON_MAX) {
            return Err(BookError::Terms("give a reason: one line of at most 140 bytes"));
        }
        let standing = Standing::of(self.history());
        let counted = standing.receipts.iter().find(|counted| counted.id == wish.receipt);
        let counted = counted.ok_or(BookError::UnknownReceipt)?;
        let left = standing.refundable(&wish.receipt).unwrap_or_default();
        let minor = wish.minor.unwrap_or(if wish.credit == Credit::Refund { left } else { 0 });
        if minor > left || minor < 0 || (minor == 0 && wish.credit == Credit::Refund) {
            return Err(BookError::Terms("no more can be given back than is left of what was paid"));
        }
        let access_ends = wish.access_ends.filter(|_| wish.credit == Credit::Refund).unwrap_or(now);
        let note = CreditNote {
            parties: self.history().parties(),
            key: wish.key,
            receipt: wish.receipt,
            credit: wish.credit,
            amount: Money { minor, ..counted.receipt.amount },
            access_ends,
            reason: wish.reason.clone(),
            issued_at: now,
        };
        self.record(keys, Event::CreditNote(note))
    }

    /// Takes a credit note back, once.
    pub fn reverse(
        &mut self,
        note: &Digest,
        reason: &str,
        keys: &DeviceKeys,
        now: Time,
    ) -> Result<Recorded, BookError> {
        let of_note = |recorded: &&Recorded| match recorded.event() {
            Event::CreditReversed(reversal) => reversal.note == *note,
            _ => false,
        };
        if let Some(known) = self.history().events().find(of_note) {
            return Ok(known.clone());
        }
        if reason.is_empty() || !is_line(reason, charging::REASON_MAX) {
            return Err(BookError::Terms("give a reason: one line of at most 140 bytes"));
        }
        if !matches!(self.history().event(note).map(Recorded::event), Some(Event::CreditNote(_))) {
            return Err(BookError::Terms("there is no such credit note"));
        }
        let parties = self.history().parties();
        let reversal = CreditNoteReversed { parties, note: *note, reason: reason.to_owned(), issued_at: now };
        self.record(keys, Event::CreditReversed(reversal))
    }
}

const OTHER_NOTE: &str = "there is another credit note of this key";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::entitlement::{State, entitlement};
    use crate::domain::billing::fixture::{NOW, World};
    use crate::domain::billing::history::History;

    fn wish(world: &mut World, receipt: &Recorded, credit: Credit, minor: Option<i64>) -> Wish {
        Wish {
            key: InvoiceKey::random(&mut world.rng),
            receipt: receipt.id(),
            credit,
            minor,
            access_ends: None,
            reason: "the oven broke".into(),
        }
    }

    fn state(book: &Book, now: Time) -> State {
        entitlement(book.history(), now).state
    }

    #[test]
    fn a_refund_ends_access_when_it_says_and_a_revocation_at_once() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let (mut refunded, mut later, mut revoked) = (book.clone(), book.clone(), book);
        let day = NOW.plus(days(1));
        let all = wish(&mut world, &receipt, Credit::Refund, None);
        let note = refunded.credit(&all, &keys, day).unwrap();
        assert_eq!(refunded.credit(&all, &keys, day.plus(days(9))), Ok(note), "the same key, the same note");
        let other = Wish { reason: "another".into(), ..all.clone() };
        assert_eq!(refunded.credit(&other, &keys, day), Err(BookError::Terms(OTHER_NOTE)));
        assert_eq!(state(&refunded, day), State::Refunded);
        assert_eq!(state(&refunded, NOW), State::Active, "history stays what it was");
        let kept = Wish { access_ends: Some(NOW.plus(days(5))), minor: Some(10), ..all };
        later.credit(&kept, &keys, day).unwrap();
        assert_eq!((state(&later, day), state(&later, NOW.plus(days(5)))), (State::Active, State::Refunded));
        let taken = wish(&mut world, &receipt, Credit::Revoke, None);
        let note = revoked.credit(&taken, &keys, day).unwrap();
        assert_eq!(state(&revoked, day), State::Revoked);
        revoked.reverse(&note.id(), "a mistake", &keys, day).unwrap();
        assert_eq!(state(&revoked, day), State::Active);
        // Paying again after a revocation begins anew.
        let mut again = later.clone();
        world.pay(&mut again, NOW.plus(days(6)));
        assert_eq!(state(&again, NOW.plus(days(6))), State::Active);
    }

    #[test]
    fn no_more_is_given_back_than_was_paid() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let part = wish(&mut world, &receipt, Credit::Refund, Some(1_990));
        let over = wish(&mut world, &receipt, Credit::Refund, Some(1_991));
        assert!(book.credit(&over, &keys, NOW).is_err());
        let note = book.credit(&part, &keys, NOW).unwrap();
        let more = wish(&mut world, &receipt, Credit::Refund, Some(1));
        assert!(book.credit(&more, &keys, NOW).is_err());
        book.reverse(&note.id(), "a mistake", &keys, NOW).unwrap();
        assert!(book.credit(&more, &keys, NOW).is_ok(), "what was taken back is there again");
        let nothing = Wish { reason: String::new(), ..wish(&mut world, &receipt, Credit::Refund, Some(1)) };
        assert!(book.credit(&nothing, &keys, NOW).is_err());
    }

    proptest! {
        /// An issuer that signs whatever it likes, against what counts of it.
        #[test]
        fn whatever_is_signed_no_more_counts_as_given_back_than_was_paid(
            amounts in proptest::collection::vec((0_i64..4_000, any::<bool>(), 0_u64..40), 0..24),
            drop in any::<prop::sample::Index>(),
        ) {
            let mut world = World::new();
            let mut book = world.book();
            let receipts = [world.pay(&mut book, NOW), world.pay(&mut book, NOW)];
            let mut events: Vec<Recorded> = book.history().events().cloned().collect();
            for (place, (minor, revokes, day)) in amounts.into_iter().enumerate() {
                let credit = if revokes { Credit::Revoke } else { Credit::Refund };
                let wish = wish(&mut world, &receipts[place % 2], credit, None);
                let Event::Receipt(paid) = receipts[0].event() else { unreachable!() };
                let note = CreditNote {
                    parties: book.history().parties(),
                    key: wish.key,
                    receipt: wish.receipt,
                    credit,
                    amount: Money { minor, ..paid.amount },
                    access_ends: NOW.plus(days(day as u32)),
                    reason: wish.reason,
                    issued_at: NOW.plus(days(day as u32)),
                };
                events.push(Recorded::sign(&world.business.keys, Event::CreditNote(note)));
            }
            // Any of them may be missing.
            if events.len() > 4 {
                let missing = drop.index(events.len() - 4) + 4;
                events.remove(missing);
            }
            let history = History::of(events.clone()).unwrap();
            for (paid, back) in Standing::of(&history).totals().into_values() {
                prop_assert!((0..=paid).contains(&back));
            }
            events.reverse();
            let reversed = History::of(events).unwrap();
            for day in 0..50 {
                let now = NOW.plus(days(day));
                prop_assert_eq!(entitlement(&history, now), entitlement(&reversed, now));
            }
        }
    }
}
