//! An issuer's events replayed in the order that they were kept in, from the signed bytes alone, and the first break.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::base::charging;
use crate::base::id::{AccountId, DeviceId, Digest};
use crate::base::money::Money;
use crate::crypto::ed25519::PublicKey;
use crate::crypto::hash::sha256;
use crate::crypto::kdf::label;
use crate::domain::billing::jws;
use crate::domain::billing::logs::{Line, Logs};
use crate::domain::billing::recorded::names_signer;
use crate::wire::billing::{CreditNote, Event, Invoice, Receipt, SignedEvent};
use crate::wire::invoice_key::InvoiceKey;

/// One event, at its place in the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The event as it was signed.
    pub event: SignedEvent,
    /// [`link`] of the place before, and of this event.
    pub link: Digest,
}

/// The link that the chain begins with.
pub const BEGINNING: Digest = Digest::new([0; 32]);

/// The next link of the chain: it stands for this event and everything before it.
pub fn link(before: &Digest, event: &SignedEvent) -> Digest {
    link_of(before, &sha256(&[&event.encode()]))
}

fn link_of(before: &Digest, hash: &[u8; 32]) -> Digest {
    Digest::new(sha256(&[&label::LEDGER.with(&[before.as_bytes(), hash])]))
}

/// Where the chain breaks first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Break {
    /// The place, from 0.
    pub position: u64,
    /// The event there, by the id of its payload.
    pub event: Digest,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The link isn't that of this event and everything before it.
    #[error("an event was changed, left out or put in: the chain doesn't link")]
    Chain,
    /// The payload isn't an event in its one encoding.
    #[error("the event can't be read")]
    Malformed,
    /// A signature doesn't hold.
    #[error("the signature doesn't hold")]
    Signature,
    /// The author's log doesn't let the device sign.
    #[error("the device that signed might not sign this event then, or its account's log isn't there")]
    Signer,
    /// The second signature says something else.
    #[error("the receipt's JWS doesn't hold, or says something else")]
    SecondSignature,
    /// The business isn't the one whose ledger it is, or an event's parties aren't those of its subscription.
    #[error("the event is of another business or subscriber")]
    Parties,
    /// An event of a subscription that nobody asked for before.
    #[error("the event belongs to no subscription before it")]
    Subscription,
    /// A receipt's number isn't the next one, or the one before isn't the one that it names.
    #[error("the receipt doesn't follow the one before it")]
    ReceiptChain,
    /// A receipt for no invoice, or of another amount.
    #[error("the receipt is for no invoice before it, or of another amount")]
    Invoice,
    /// A second event of a key.
    #[error("the key stands for another event already")]
    Key,
    /// What is kept beside the chain doesn't fit it.
    #[error("rows beside the chain aren't those of its events: one is missing, was put in or was changed")]
    Rows,
    /// More given back than paid.
    #[error("more is given back than was paid, or by a receipt that isn't there")]
    Credit,
}

/// What an audit comes to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Receipts among them.
    pub receipts: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// The last link.
    pub head: Option<Digest>,
    /// The first break, if there is one.
    pub first_break: Option<Break>,
}

/// An event that was verified by itself, for [`Auditor::take`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// The id of its payload.
    id: Digest,
    /// SHA-256 of its encoding.
    hash: [u8; 32],
    /// What it says, where it holds.
    event: Result<Event, Reason>,
}

impl Checked {
    /// Verifies one event: signatures, form, and that its author's log lets the device sign.
    ///
    /// Each signature is verified strictly and alone: there is no batch that could accept one. `keys` only saves
    /// parsing the same key again.
    pub fn new(event: &SignedEvent, logs: &Logs, keys: &mut Keys) -> Self {
        Self::of(event, &event.encode(), logs, keys)
    }

    /// The same where the encoding is there already.
    pub(super) fn of(event: &SignedEvent, encoded: &[u8], logs: &Logs, keys: &mut Keys) -> Self {
        let id = event.signed.digest();
        Self { id, hash: sha256(&[encoded]), event: verify(event, id, logs, keys) }
    }

    /// Whether it holds by itself.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verdict(&self) -> Result<(), Reason> {
        self.event.as_ref().map(|_| ()).map_err(|reason| *reason)
    }
}

fn verify(event: &SignedEvent, id: Digest, logs: &Logs, keys: &mut Keys) -> Result<Event, Reason> {
    let key = keys.of(&event.signer).ok_or(Reason::Signature)?;
    let payload = event.signed.verify_by(key, event.kind.label()).map_err(|_| Reason::Signature)?;
    let read = Event::decode(event.kind, payload).map_err(|_| Reason::Malformed)?;
    let allowed = logs.could_sign(&read.author(), event.signer, read.issued_at());
    if !allowed || !names_signer(&read, event.signer) {
        return Err(Reason::Signer);
    }
    if let (Some(compact), Event::Receipt(receipt)) = (&event.jws, &read)
        && !jws::holds_by(compact, receipt, id, key)
    {
        return Err(Reason::SecondSignature);
    }
    Ok(read)
}

/// Keys that were parsed already; those that sign much have a table, by which each signature is verified as strictly.
#[derive(Default)]
pub struct Keys {
    known: BTreeMap<DeviceId, Known>,
    tables: usize,
}

struct Known {
    key: PublicKey,
    signatures: u32,
}

impl Keys {
    fn of(&mut self, device: &DeviceId) -> Option<&PublicKey> {
        if !self.known.contains_key(device) {
            if self.known.len() >= charging::KEYS_KEPT {
                // Most customers sign once; those keys that have a table stay.
                self.known.retain(|_, known| known.signatures >= charging::TABLE_AFTER);
            }
            let key = PublicKey::parse(device.as_bytes()).ok()?;
            self.known.insert(*device, Known { key, signatures: 0 });
        }
        let known = self.known.get_mut(device)?;
        known.signatures = known.signatures.saturating_add(1);
        if known.signatures == charging::TABLE_AFTER && self.tables < charging::TABLES_MAX {
            self.tables += 1;
            known.key.prepare();
        }
        Some(&known.key)
    }
}

/// Replays events that were verified one by one, in their order.
pub struct Auditor {
    /// The business, under each account that it has had.
    issuers: BTreeSet<AccountId>,
    summary: Summary,
    subscriptions: BTreeMap<Digest, Subscription>,
}

struct Subscription {
    /// The business and the subscriber.
    parties: (AccountId, AccountId),
    next: u64,
    last: Option<Digest>,
    invoices: BTreeMap<InvoiceKey, Money>,
    receipts: BTreeMap<Digest, (Money, i64)>,
    paid: BTreeMap<InvoiceKey, Digest>,
    notes: BTreeMap<InvoiceKey, (Digest, i64, Digest)>,
}

impl Auditor {
    /// An audit of the ledger of `account`, whose events are verified by `logs`: they say too which accounts it took the
    /// place of.
    pub fn of(account: &AccountId, logs: &Logs) -> Self {
        let became = |line: &Line| line.present().last().is_some_and(|log| log.account() == *account);
        let former = logs.iter().filter(|(_, line)| became(line)).map(|(former, _)| *former);
        let (summary, subscriptions) = (Summary::default(), BTreeMap::new());
        Self { issuers: former.chain([*account]).collect(), summary, subscriptions }
    }

    /// Takes the next event and its link; after the first break nothing more is taken.
    pub fn take(&mut self, stored: &Digest, checked: Checked) {
        if self.summary.first_break.is_some() {
            return;
        }
        let Checked { id, hash, event } = checked;
        let before = self.summary.head.unwrap_or(BEGINNING);
        let chained = if link_of(&before, &hash) == *stored { Ok(()) } else { Err(Reason::Chain) };
        if let Err(reason) = chained.and(event).and_then(|event| self.replay(&event, id)) {
            return self.break_here(id, reason);
        }
        self.summary.events += 1;
        self.summary.head = Some(*stored);
    }

    /// The chain breaks where it has come to, if it hasn't broken before.
    pub fn break_here(&mut self, event: Digest, reason: Reason) {
        let position = self.summary.events;
        self.summary.first_break.get_or_insert(Break { position, event, reason });
    }

    /// What it came to.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    fn replay(&mut self, event: &Event, id: Digest) -> Result<(), Reason> {
        let parties = (event.issuer(), event.subject());
        let Some(of) = event.subscription() else {
            if !self.issuers.contains(&parties.0) {
                return Err(Reason::Parties);
            }
            if self.subscriptions.insert(id, Subscription::new(parties)).is_some() {
                return Err(Reason::Key);
            }
            self.summary.subscriptions += 1;
            return Ok(());
        };
        let subscription = self.subscriptions.get_mut(&of).ok_or(Reason::Subscription)?;
        if subscription.parties != parties {
            return Err(Reason::Parties);
        }
        match event {
            Event::Invoice(invoice) => subscription.invoice(invoice),
            Event::Receipt(receipt) => {
                subscription.receipt(receipt, id)?;
                self.summary.receipts += 1;
                Ok(())
            }
            Event::CreditNote(note) => subscription.credit(note, id),
            Event::CreditReversed(reversal) => subscription.reverse(&reversal.note),
            _ => Ok(()),
        }
    }
}

impl Subscription {
    fn new(parties: (AccountId, AccountId)) -> Self {
        let (invoices, receipts, paid, notes) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { parties, next: 0, last: None, invoices, receipts, paid, notes }
    }

    fn invoice(&mut self, invoice: &Invoice) -> Result<(), Reason> {
        let known = self.invoices.insert(invoice.key, invoice.amount);
        if known.is_none() { Ok(()) } else { Err(Reason::Key) }
    }

    fn receipt(&mut self, receipt: &Receipt, id: Digest) -> Result<(), Reason> {
        let follows = receipt.seq == self.next && receipt.previous == self.last.unwrap_or(BEGINNING);
        if !follows {
            return Err(Reason::ReceiptChain);
        }
        if self.invoices.get(&receipt.invoice) != Some(&receipt.amount) {
            return Err(Reason::Invoice);
        }
        if self.paid.insert(receipt.invoice, id).is_some() {
            return Err(Reason::Key);
        }
        self.next += 1;
        self.last = Some(id);
        self.receipts.insert(id, (receipt.amount, 0));
        Ok(())
    }

    fn credit(&mut self, note: &CreditNote, id: Digest) -> Result<(), Reason> {
        let (amount, back) = self.receipts.get_mut(&note.receipt).ok_or(Reason::Credit)?;
        let sum = back.checked_add(note.amount.minor).filter(|sum| *sum <= amount.minor);
        *back = sum.filter(|_| note.amount.currency == amount.currency).ok_or(Reason::Credit)?;
        let known = self.notes.insert(note.key, (note.receipt, note.amount.minor, id));
        if known.is_none() { Ok(()) } else { Err(Reason::Key) }
    }

    /// A note that is reversed gives what it gave back free again, once.
    fn reverse(&mut self, note: &Digest) -> Result<(), Reason> {
        let known = self.notes.values_mut().find(|(_, _, id)| id == note).ok_or(Reason::Credit)?;
        if let Some((_, back)) = self.receipts.get_mut(&known.0) {
            *back -= known.1;
        }
        known.1 = 0;
        Ok(())
    }
}

/// Replays a whole chain of the ledger of `account`.
pub fn audit(account: &AccountId, entries: &[Entry], logs: &Logs) -> Summary {
    let (mut auditor, mut keys) = (Auditor::of(account, logs), Keys::default());
    for entry in entries {
        auditor.take(&entry.link, Checked::new(&entry.event, logs, &mut keys));
    }
    auditor.summary
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::credit::Wish;
    use crate::domain::billing::fixture::{NOW, World, logs_of};
    use crate::domain::billing::recorded::Recorded;
    use crate::wire::billing::Credit;

    /// A book's life in the order that it was written in, chained.
    fn ledger() -> (World, Vec<Entry>, Logs) {
        let mut world = World::new();
        let mut book = world.book();
        let mut events = book.history().events().cloned().collect::<Vec<_>>();
        let keys = world.business.keys.clone();
        for month in 0..3 {
            let now = NOW.plus(days(20 * month));
            let paid = world.pay(&mut book, now).signed_twice(&keys, &world.business.log);
            let (_, invoice) =
                book.history().invoices().max_by_key(|(invoice, _)| invoice.issued_at).unwrap();
            events.extend([invoice.clone(), paid.clone()]);
            if month == 1 {
                let key = InvoiceKey::random(&mut world.rng);
                let reason = "spoiled".to_owned();
                let receipt = paid.id();
                let wish = Wish {
                    key,
                    receipt,
                    credit: Credit::Refund,
                    minor: Some(500),
                    access_ends: None,
                    reason,
                };
                events.push(book.credit(&wish, &keys, now).unwrap());
            }
        }
        let logs = logs_of([&world.business, &world.person]);
        (world, chained(events), logs)
    }

    fn chained(events: Vec<Recorded>) -> Vec<Entry> {
        let mut before = BEGINNING;
        let chain = |recorded: Recorded| {
            let event = recorded.signed().clone();
            before = link(&before, &event);
            Entry { event, link: before }
        };
        events.into_iter().map(chain).collect()
    }

    #[test]
    fn a_sound_ledger_has_no_break() {
        let (world, entries, logs) = ledger();
        let summary = audit(&world.business.key.id(), &entries, &logs);
        assert_eq!(summary.first_break, None);
        assert_eq!((summary.events, summary.receipts, summary.subscriptions), (8, 3, 1));
    }

    #[test]
    fn the_first_event_that_was_changed_left_out_or_moved_is_named() {
        let (world, entries, logs) = ledger();
        for place in 0..entries.len() {
            let mut without = entries.clone();
            without.remove(place);
            let found = audit(&world.business.key.id(), &without, &logs).first_break;
            let last = place + 1 == entries.len();
            assert_eq!(found.map(|found| found.position), (!last).then_some(place as u64));
            let bytes = entries[place].event.encode();
            for position in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[position] ^= 1;
                let Ok(event) = SignedEvent::decode(&changed) else { continue };
                let mut tampered = entries.clone();
                tampered[place].event = event;
                let found = audit(&world.business.key.id(), &tampered, &logs).first_break.unwrap();
                assert_eq!(found.position, place as u64, "byte {position}");
            }
            if place > 0 {
                let mut swapped = entries.clone();
                swapped.swap(place - 1, place);
                assert_eq!(
                    audit(&world.business.key.id(), &swapped, &logs).first_break.unwrap().position,
                    place as u64 - 1
                );
            }
        }
    }

    #[test]
    fn a_ledger_of_another_business_is_no_ledger_of_ours() {
        let (world, entries, logs) = ledger();
        let found = audit(&world.person.key.id(), &entries, &logs).first_break.unwrap();
        assert_eq!((found.position, found.reason), (0, Reason::Parties));
    }

    #[test]
    fn a_ledger_that_is_chained_anew_over_a_lie_still_breaks() {
        let (world, entries, logs) = ledger();
        let recorded = |entry: &Entry| Recorded::try_from(entry.event.clone()).unwrap();
        let events: Vec<Recorded> = entries.iter().map(recorded).collect();
        let reason = |events: Vec<Recorded>| {
            audit(&world.business.key.id(), &chained(events), &logs).first_break.map(|at| at.reason)
        };
        let without = |place: usize| {
            let mut events = events.clone();
            events.remove(place);
            events
        };
        assert_eq!(reason(without(0)), Some(Reason::Subscription));
        assert_eq!(reason(without(1)), Some(Reason::Invoice));
        assert_eq!(reason(without(2)), Some(Reason::ReceiptChain));
        // Signed by the customer in the business's name.
        let mut forged = events.clone();
        forged[1] = Recorded::sign(&world.person.keys, events[1].event().clone());
        assert_eq!(reason(forged), Some(Reason::Signer));
        let doubled = [events.clone(), vec![events[5].clone()]].concat();
        assert_eq!(reason(doubled), Some(Reason::Key));
        assert_eq!(reason(events), None);
    }

    #[test]
    fn the_set_that_an_audit_accepts_is_that_of_strict_single_verification() {
        let (world, entries, logs) = ledger();
        let mut keys = Keys::default();
        // The business's key has its table from the beginning.
        for _ in 0..charging::TABLE_AFTER {
            assert!(keys.of(&world.business.keys.id()).is_some());
        }
        let mut accepted = [0, 0];
        for entry in &entries {
            let bytes = entry.event.encode();
            for position in (0..bytes.len()).step_by(3).map(Some).chain([None]) {
                let mut changed = bytes.clone();
                if let Some(position) = position {
                    changed[position] ^= 0x10;
                }
                let Ok(event) = SignedEvent::decode(&changed) else { continue };
                let together = Checked::new(&event, &logs, &mut keys).verdict();
                let alone = Checked::new(&event, &logs, &mut Keys::default()).verdict();
                let strictly = event.signed.verify(event.signer.as_bytes(), event.kind.label()).is_ok();
                assert_eq!(together, alone);
                assert!(strictly || together.is_err(), "nothing is accepted that doesn't verify by itself");
                accepted[usize::from(together.is_ok())] += 1;
            }
        }
        assert!(accepted[0] > 100 && accepted[1] == entries.len(), "{accepted:?}");
    }
}
