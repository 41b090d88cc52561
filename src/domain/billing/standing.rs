//! What counts of a subscription's events: terms in force, receipts, what was given back; a pure function of the set.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::history::History;
use crate::domain::billing::proration::{self, PaidPeriod};
use crate::domain::billing::recorded::Recorded;
use crate::wire::billing::{
    Answer, Credit, CreditNote, Event, EventKind, Invoice, Pause, PlanChange, PriceChange, Receipt,
    TrialGrant,
};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;

/// Everything that counts, in orders that don't depend on how the events came.
#[derive(Clone, Debug)]
pub struct Standing<'h> {
    /// The terms that were asked for.
    asked: &'h Plan,
    /// Paid periods, each with what is left of what was paid.
    open: Vec<PaidPeriod>,
    /// The terms, with the moment from which on each is in force; never empty.
    pub terms: Vec<(Time, &'h Plan)>,
    /// The trial: the first that was granted.
    pub trial: Option<&'h TrialGrant>,
    /// Receipts under terms that both sides signed, by their numbers.
    pub receipts: Vec<Counted<'h>>,
    /// Credit notes that count, in the order that they were signed in.
    pub notes: Vec<(&'h CreditNote, Digest)>,
    /// Pauses that both sides signed.
    pub pauses: Vec<&'h Pause>,
}

/// A receipt that counts.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'h> {
    /// The receipt.
    pub receipt: &'h Receipt,
    /// Its id.
    pub id: Digest,
    /// What of it was given back, or went into a change of plans, in minor units; never more than was paid.
    pub credited: i64,
    /// What of that went back as money.
    pub refunded: i64,
    /// The change of plans that it is for, if it is for one.
    pub change: Option<Digest>,
    /// The credit note that ends it first, if one does: from when on, and of which kind.
    pub cut: Option<(Time, Credit)>,
}

/// A change that both sides signed.
enum Agreed<'h> {
    /// With the moment at which the issuer agreed.
    Plan(&'h PlanChange, Time),
    Price(&'h PriceChange),
}

impl<'h> Standing<'h> {
    /// What counts of a history.
    pub fn of(history: &'h History) -> Self {
        let events = Sorted::of(history);
        let mut receipts = Vec::new();
        let (terms, changes) = terms(history, &events);
        let prices: BTreeMap<Digest, Money> =
            terms.iter().map(|(_, plan)| (plan.hash(), plan.price)).collect();
        for (receipt, id) in &events.receipts {
            let change = events.invoice_of(&receipt.invoice).and_then(|invoice| invoice.change);
            let price = match change {
                Some(change) => changes.get(&change).map(|counted| counted.change.due()),
                None => prices.get(&receipt.terms.plan_hash).copied(),
            };
            if price == Some(receipt.amount) && prices.contains_key(&receipt.terms.plan_hash) {
                receipts.push(Counted { receipt, id: *id, credited: 0, refunded: 0, change, cut: None });
            }
        }
        let (notes, open) = credits(&mut receipts, &events, &changes);
        let asked = &history.request().plan;
        let pauses = events.pauses.iter().filter(|(_, id)| events.is_agreed(id)).map(|(pause, _)| *pause);
        Self { asked, open, terms, trial: events.trial, receipts, notes, pauses: pauses.collect() }
    }

    /// The terms in force at a moment.
    pub fn plan_at(&self, moment: Time) -> &'h Plan {
        self.terms.iter().rev().find(|(from, _)| *from <= moment).map_or(self.asked, |(_, plan)| *plan)
    }

    /// The terms that are in force in the end, after every change that was agreed to.
    pub fn last_plan(&self) -> &'h Plan {
        self.terms.last().map_or(self.asked, |(_, plan)| *plan)
    }

    /// Whether a receipt counts.
    pub fn counts(&self, receipt: &Digest) -> bool {
        self.receipts.iter().any(|counted| counted.id == *receipt)
    }

    /// Paid periods that aren't over at a moment and weren't taken back, with what is left of what was paid for them:
    /// what a change of plans starts from.
    pub fn open_periods(&self, at: Time) -> Vec<PaidPeriod> {
        self.open.iter().filter(|period| period.end > at).copied().collect()
    }

    /// How much of a receipt can still be given back, in minor units.
    pub fn refundable(&self, receipt: &Digest) -> Option<i64> {
        let counted = self.receipts.iter().find(|counted| counted.id == *receipt)?;
        Some(counted.receipt.amount.minor.saturating_sub(counted.credited))
    }

    /// What was paid, and what of it went back as money, in each currency.
    pub fn totals(&self) -> BTreeMap<crate::base::money::Currency, (i64, i64)> {
        let mut totals = BTreeMap::new();
        for counted in &self.receipts {
            let Money { minor, currency } = counted.receipt.amount;
            let (paid, back): &mut (i64, i64) = totals.entry(currency).or_default();
            *paid = paid.saturating_add(minor);
            *back = back.saturating_add(counted.refunded);
        }
        totals
    }
}

/// Events by kind, each list in an order of its own.
struct Sorted<'h> {
    invoices: BTreeMap<InvoiceKey, (Time, Digest, &'h Invoice)>,
    receipts: Vec<(&'h Receipt, Digest)>,
    trial: Option<&'h TrialGrant>,
    notes: Vec<(&'h CreditNote, Digest)>,
    reversed: BTreeSet<Digest>,
    changes: Vec<(&'h Recorded, Digest)>,
    pauses: Vec<(&'h Pause, Digest)>,
    /// The first answer to each event: agreements and consents.
    answers: BTreeMap<(EventKind, Digest), (Time, Digest, bool)>,
}

impl<'h> Sorted<'h> {
    fn of(history: &'h History) -> Self {
        let mut sorted = Self {
            invoices: BTreeMap::new(),
            receipts: Vec::new(),
            trial: None,
            notes: Vec::new(),
            reversed: BTreeSet::new(),
            changes: Vec::new(),
            pauses: Vec::new(),
            answers: BTreeMap::new(),
        };
        let mut trials = Vec::new();
        for recorded in history.events() {
            let id = recorded.id();
            match recorded.event() {
                Event::Invoice(invoice) => {
                    let entry = (invoice.issued_at, id, invoice);
                    let known = sorted.invoices.entry(invoice.key).or_insert(entry);
                    if (entry.0, entry.1) < (known.0, known.1) {
                        *known = entry;
                    }
                }
                Event::Receipt(receipt) => sorted.receipts.push((receipt, id)),
                Event::Trial(trial) => trials.push((trial, id)),
                Event::CreditNote(note) => sorted.notes.push((note, id)),
                Event::CreditReversed(reversal) => {
                    sorted.reversed.insert(reversal.note);
                }
                Event::PlanChange(_) | Event::PriceChange(_) => sorted.changes.push((recorded, id)),
                Event::Pause(pause) => sorted.pauses.push((pause, id)),
                Event::Agreement(answer) => sorted.answer(EventKind::Agreement, answer, id),
                Event::Consent(answer) => sorted.answer(EventKind::Consent, answer, id),
                Event::Subscribe(_) | Event::Cancel(_) | Event::Offer(_) | Event::Evidence(_) => {}
            }
        }
        trials.sort_by_key(|(trial, id)| (trial.start, *id));
        sorted.trial = trials.first().map(|(trial, _)| *trial);
        sorted.receipts.sort_by_key(|(receipt, id)| (receipt.seq, *id));
        sorted.notes.sort_by_key(|(note, id)| (note.issued_at, *id));
        sorted.pauses.sort_by_key(|(pause, id)| (pause.issued_at, *id));
        sorted
    }

    fn answer(&mut self, kind: EventKind, answer: &Answer, id: Digest) {
        let entry = (answer.issued_at, id, answer.agrees);
        let known = self.answers.entry((kind, answer.event)).or_insert(entry);
        if (entry.0, entry.1) < (known.0, known.1) {
            *known = entry;
        }
    }

    /// When the other side said yes, if its first answer was that.
    fn yes(&self, kind: EventKind, event: &Digest) -> Option<Time> {
        self.answers.get(&(kind, *event)).and_then(|(at, _, agrees)| agrees.then_some(*at))
    }

    fn is_agreed(&self, event: &Digest) -> bool {
        self.yes(EventKind::Agreement, event).is_some()
    }

    fn invoice_of(&self, key: &InvoiceKey) -> Option<&'h Invoice> {
        self.invoices.get(key).map(|(_, _, invoice)| *invoice)
    }

    /// Whether what a change of plans costs was paid: by a receipt for an invoice that names it.
    fn is_paid(&self, change: &Digest, due: Money) -> bool {
        due.minor == 0
            || self.receipts.iter().any(|(receipt, _)| {
                let invoice = self.invoice_of(&receipt.invoice);
                receipt.amount == due && invoice.is_some_and(|invoice| invoice.change == Some(*change))
            })
    }
}

/// A change of plans that counts.
struct CountedChange<'h> {
    change: &'h PlanChange,
    /// When the issuer agreed, by the same clock as receipts and notes are signed by: what was paid until then went in.
    agreed_at: Time,
}

type Changes<'h> = BTreeMap<Digest, CountedChange<'h>>;

/// The terms in force, from the request on: each change that both sides signed, that leaves the terms in force, and
/// that was paid where something was due. Another price is in force when it was to be, and not before it was agreed to.
fn terms<'h>(history: &'h History, events: &Sorted<'h>) -> (Vec<(Time, &'h Plan)>, Changes<'h>) {
    let mut agreed: Vec<(Time, Time, Digest, Agreed<'h>)> = Vec::new();
    for (recorded, id) in &events.changes {
        match recorded.event() {
            Event::PlanChange(change) => {
                let yes = events.yes(EventKind::Agreement, id).filter(|_| events.is_paid(id, change.due()));
                if let Some(agreed_at) = yes {
                    agreed.push((change.at, change.issued_at, *id, Agreed::Plan(change, agreed_at)));
                }
            }
            Event::PriceChange(change) => {
                if let Some(consented) = events.yes(EventKind::Consent, id) {
                    let at = change.effective.max(consented);
                    agreed.push((at, change.issued_at, *id, Agreed::Price(change)));
                }
            }
            _ => {}
        }
    }
    agreed.sort_by_key(|(at, issued_at, id, _)| (*at, *issued_at, *id));
    let request = history.request();
    let mut terms = vec![(Time::EPOCH, &request.plan)];
    let mut changes = BTreeMap::new();
    let mut current = &request.plan;
    for (at, _, id, change) in agreed {
        let (from, to) = match &change {
            Agreed::Plan(change, _) => (change.from, &change.to),
            Agreed::Price(change) if change.to.id == current.id && change.to.version > current.version => {
                (change.from, &change.to)
            }
            Agreed::Price(_) => continue,
        };
        if from == current.hash() {
            current = to;
            terms.push((at, to));
            if let Agreed::Plan(change, agreed_at) = change {
                changes.insert(id, CountedChange { change, agreed_at });
            }
        }
    }
    (terms, changes)
}

/// One thing that moves money: a receipt by its place in the list, a credit note, a change of plans.
enum Move<'h> {
    Paid(usize),
    Note(&'h CreditNote),
    Change(&'h PlanChange),
}

/// Takes from receipts what was given back or went into a change, in the order of the issuer's clock, and never more
/// than was paid; returns the notes that count, and what paid periods are left with.
fn credits<'h>(
    receipts: &mut [Counted<'h>],
    events: &Sorted<'h>,
    changes: &Changes<'h>,
) -> (Vec<(&'h CreditNote, Digest)>, Vec<PaidPeriod>) {
    let paid = receipts.iter().enumerate().filter(|(_, counted)| counted.change.is_none());
    // Of what was signed at one moment, payments come first, then notes, then changes.
    let mut moves: Vec<((Time, u8, Digest), Move<'h>)> = paid
        .map(|(place, counted)| ((counted.receipt.issued_at, 0, counted.id), Move::Paid(place)))
        .collect();
    let valid = events.notes.iter().filter(|(_, id)| !events.reversed.contains(id));
    moves.extend(valid.map(|(note, id)| ((note.issued_at, 1, *id), Move::Note(note))));
    moves.extend(
        changes.iter().map(|(id, counted)| ((counted.agreed_at, 2, *id), Move::Change(counted.change))),
    );
    moves.sort_by_key(|(order, _)| *order);
    let mut open: Vec<(PaidPeriod, Option<usize>)> = Vec::new();
    let (mut notes, mut keys) = (Vec::new(), BTreeSet::new());
    for ((_, _, id), step) in moves {
        match step {
            Move::Paid(place) => open.push((left_of(&receipts[place]), Some(place))),
            Move::Change(change) => {
                for (period, place) in open.iter().filter(|(period, _)| period.end > change.at) {
                    let part = proration::credit(period, change.at);
                    if let Some(counted) = place.and_then(|place| receipts.get_mut(place)) {
                        let left = counted.receipt.amount.minor.saturating_sub(counted.credited);
                        counted.credited = counted.credited.saturating_add(part.min(left));
                    }
                }
                open.retain(|(period, _)| period.end <= change.at);
                let place = receipts.iter().position(|counted| counted.change == Some(id));
                let minor = change.charge.minor;
                open.push((PaidPeriod { start: change.at, end: change.until, minor }, place));
            }
            Move::Note(note) => {
                let place = receipts.iter().position(|counted| counted.id == note.receipt);
                let Some(place) = place.filter(|place| give_back(&mut receipts[*place], note, &mut keys))
                else {
                    continue;
                };
                for (period, _) in open.iter_mut().filter(|(_, of)| *of == Some(place)) {
                    period.minor = period.minor.saturating_sub(note.amount.minor).max(0);
                    period.end = period.end.min(note.access_ends.max(period.start));
                }
                notes.push((note, id));
            }
        }
    }
    (notes, open.into_iter().map(|(period, _)| period).collect())
}

/// The period of a receipt, with what is left of it: where the issuer's clock was set back, notes are older than it.
fn left_of(counted: &Counted<'_>) -> PaidPeriod {
    let Receipt { period_start, period_end, amount, .. } = counted.receipt;
    let end = counted.cut.map_or(*period_end, |(ends, _)| ends.max(*period_start));
    let minor = amount.minor.saturating_sub(counted.credited).max(0);
    PaidPeriod { start: *period_start, end, minor }
}

/// Gives back what a note says, if so much is left of the receipt and no other note has its key.
fn give_back(counted: &mut Counted<'_>, note: &CreditNote, keys: &mut BTreeSet<InvoiceKey>) -> bool {
    let sum = counted.credited.checked_add(note.amount.minor);
    let within = sum.is_some_and(|sum| sum <= counted.receipt.amount.minor);
    if !within || note.amount.currency != counted.receipt.amount.currency || !keys.insert(note.key) {
        return false;
    }
    counted.credited += note.amount.minor;
    counted.refunded += note.amount.minor;
    // The soonest end; where two come at once, it is called a revocation.
    let sooner = |(ends, credit): (Time, Credit)| {
        note.access_ends < ends || (note.access_ends == ends && credit == Credit::Refund)
    };
    if note.access_ends < counted.receipt.period_end && counted.cut.is_none_or(sooner) {
        counted.cut = Some((note.access_ends, note.credit));
    }
    true
}
