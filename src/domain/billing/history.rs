//! All events of one subscription, as a set: in whatever order and however often they came, it is the same.

use std::collections::BTreeMap;

use crate::base::id::Digest;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::recorded::Recorded;
use crate::wire::billing::{
    CancelIntent, Event, EventKind, Invoice, InvoiceKey, Receipt, Subscribe, Terms, TrialGrant,
};

/// A subscription's request and everything that followed. Both sides keep one; each row of the store is one
/// [`Recorded`] of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History {
    request: Subscribe,
    opening: Recorded,
    events: BTreeMap<Digest, Recorded>,
}

impl History {
    /// The history that a request opens; none where the event isn't a request.
    pub fn open(opening: Recorded) -> Option<Self> {
        match opening.event() {
            Event::Subscribe(request) => {
                Some(Self { request: request.clone(), opening, events: BTreeMap::new() })
            }
            _ => None,
        }
    }

    /// The history of stored events, in any order; none without the request. Events that don't belong to it are
    /// left out.
    pub fn of(events: impl IntoIterator<Item = Recorded>) -> Option<Self> {
        let events: Vec<Recorded> = events.into_iter().collect();
        let opening = events.iter().find(|event| event.kind() == EventKind::Subscribe)?;
        let mut history = Self::open(opening.clone())?;
        for event in events {
            // A stored event was accepted once.
            let _ = history.add(event);
        }
        Some(history)
    }

    /// Adds a verified event: whether it is new.
    pub fn add(&mut self, event: Recorded) -> Result<bool, Foreign> {
        if event.id() == self.subscription() || self.events.contains_key(&event.id()) {
            return Ok(false);
        }
        self.admit(&event)?;
        self.events.insert(event.id(), event);
        Ok(true)
    }

    /// The subscription's id: the digest of its request.
    pub const fn subscription(&self) -> Digest {
        self.opening.id()
    }

    /// The request, and in it the terms.
    pub const fn request(&self) -> &Subscribe {
        &self.request
    }

    /// What every event of the issuer names.
    pub fn terms(&self) -> Terms {
        Terms {
            issuer: self.request.issuer,
            subject: self.request.subject,
            subscription: self.subscription(),
            plan: self.request.plan.id.clone(),
            plan_hash: self.request.plan.hash(),
        }
    }

    /// The request and all events, in an order that means nothing but is always the same.
    pub fn events(&self) -> impl Iterator<Item = &Recorded> {
        core::iter::once(&self.opening).chain(self.events.values())
    }

    /// Trial grants.
    pub fn trials(&self) -> impl Iterator<Item = &TrialGrant> {
        self.events.values().filter_map(|recorded| match recorded.event() {
            Event::Trial(trial) => Some(trial),
            _ => None,
        })
    }

    /// Invoices with their records.
    pub fn invoices(&self) -> impl Iterator<Item = (&Invoice, &Recorded)> {
        self.events.values().filter_map(|recorded| match recorded.event() {
            Event::Invoice(invoice) => Some((invoice, recorded)),
            _ => None,
        })
    }

    /// The invoice of a key.
    pub fn invoice(&self, key: &InvoiceKey) -> Option<&Invoice> {
        self.invoices().find(|(invoice, _)| invoice.key == *key).map(|(invoice, _)| invoice)
    }

    /// Receipts with their records, by number.
    pub fn receipts(&self) -> Vec<(&Receipt, &Recorded)> {
        let receipt = |recorded| match Recorded::event(recorded) {
            Event::Receipt(receipt) => Some((receipt, recorded)),
            _ => None,
        };
        let mut receipts: Vec<_> = self.events.values().filter_map(receipt).collect();
        receipts.sort_by_key(|(receipt, recorded)| (receipt.seq, recorded.id()));
        receipts
    }

    /// The receipt for an invoice.
    pub fn receipt_of(&self, key: &InvoiceKey) -> Option<(&Receipt, &Recorded)> {
        self.receipts().into_iter().find(|(receipt, _)| receipt.invoice == *key)
    }

    /// Cancellations.
    pub fn cancels(&self) -> impl Iterator<Item = &CancelIntent> {
        self.events.values().filter_map(|recorded| match recorded.event() {
            Event::Cancel(cancel) => Some(cancel),
            _ => None,
        })
    }

    /// Pairs of receipts that can't both be: two of one number, or two for one invoice. Each pair proves that
    /// the issuer's book is not what it says.
    pub fn equivocations(&self) -> Vec<(Digest, Digest)> {
        let receipts = self.receipts();
        let mut pairs = Vec::new();
        for (position, (one, one_record)) in receipts.iter().enumerate() {
            for (other, other_record) in &receipts[position + 1..] {
                if one.seq == other.seq || one.invoice == other.invoice {
                    pairs.push((one_record.id(), other_record.id()));
                }
            }
        }
        pairs
    }

    /// Whether what was paid or granted is the latest end of all of it.
    pub(super) fn coverage_end(&self) -> Option<Time> {
        let trials = self.trials().map(|trial| trial.end);
        trials.chain(self.receipts().iter().map(|(receipt, _)| receipt.period_end)).max()
    }

    fn admit(&self, recorded: &Recorded) -> Result<(), Foreign> {
        let event = recorded.event();
        let same_parties = event.issuer() == self.request.issuer && event.subject() == self.request.subject;
        if event.subscription() != Some(self.subscription()) || !same_parties {
            return Err(Foreign::Subscription);
        }
        if event.terms().is_some_and(|terms| *terms != self.terms()) {
            return Err(Foreign::Terms);
        }
        let amount = match event {
            Event::Invoice(invoice) => Some(invoice.amount),
            Event::Receipt(receipt) => Some(receipt.amount),
            _ => None,
        };
        if amount.is_some_and(|amount| amount != self.request.plan.price) {
            return Err(Foreign::Terms);
        }
        if let Event::Invoice(invoice) = event
            && self.invoice(&invoice.key).is_some()
        {
            return Err(Foreign::InvoiceKey);
        }
        if self.events.len() >= limits::HISTORY_MAX { Err(Foreign::Full) } else { Ok(()) }
    }
}

/// Why an event isn't taken into a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Foreign {
    /// It belongs to another subscription.
    #[error("the event belongs to another subscription")]
    Subscription,
    /// It names other terms or another price than the subscriber signed.
    #[error("the event isn't under the terms that the subscriber signed")]
    Terms,
    /// Its invoice key stands for another invoice already.
    #[error("the invoice's key is another invoice's")]
    InvoiceKey,
    /// The subscription has too many events.
    #[error("the subscription has too many events")]
    Full,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::fixture::{NOW, World};
    use crate::wire::plan::tests::plan;

    #[test]
    fn events_of_another_subscription_terms_or_price_are_refused() {
        let mut world = World::new();
        let (mut one, mut other) = (world.book(), world.book());
        world.pay(&mut one, NOW);
        world.pay(&mut other, NOW);
        let (invoice, _) = one.history().invoices().next().unwrap();
        let add = |change: fn(&mut Invoice)| {
            let mut invoice = invoice.clone();
            invoice.key = "ABCDEFGHIJKLMNOPQRST".parse().unwrap();
            change(&mut invoice);
            one.history().clone().add(Recorded::sign(&world.business.keys, Event::Invoice(invoice)))
        };
        assert_eq!(add(|_| ()), Ok(true));
        assert_eq!(
            add(|invoice| invoice.terms.subscription = Digest::new([1; 32])),
            Err(Foreign::Subscription)
        );
        assert_eq!(
            add(|invoice| invoice.terms.subject = crate::base::id::AccountId::new([1; 32])),
            Err(Foreign::Subscription)
        );
        assert_eq!(add(|invoice| invoice.terms.plan_hash = Digest::new([1; 32])), Err(Foreign::Terms));
        assert_eq!(add(|invoice| invoice.amount.minor += 1), Err(Foreign::Terms));
        let mut history = one.history().clone();
        for foreign in other.history().events() {
            assert_eq!(history.add(foreign.clone()), Err(Foreign::Subscription));
        }
        assert!(History::open(one.history().receipts()[0].1.clone()).is_none());
        assert!(History::of(one.history().events().skip(1).cloned()).is_none());
    }

    #[test]
    fn one_invoice_key_stands_for_one_invoice() {
        let mut world = World::new();
        let mut book = world.book();
        world.invoice(&mut book, NOW);
        let (invoice, recorded) = book.history().invoices().next().unwrap();
        let mut again = invoice.clone();
        again.expires = NOW;
        let again = Recorded::sign(&world.business.keys, Event::Invoice(again));
        let mut history = book.history().clone();
        assert_eq!(history.add(recorded.clone()), Ok(false));
        assert_eq!(history.add(again), Err(Foreign::InvoiceKey));
    }

    #[test]
    fn two_receipts_of_one_number_are_kept_as_proof() {
        let mut world = World::new();
        let book = world.open(plan(), true, NOW).0;
        let (mut one, mut other) = (book.clone(), book);
        world.pay(&mut one, NOW);
        let rival = world.pay(&mut other, NOW);
        let mut history = one.history().clone();
        assert!(history.equivocations().is_empty());
        assert_eq!(history.add(rival.clone()), Ok(true));
        let pairs = history.equivocations();
        assert_eq!(pairs.len(), 1);
        assert!(pairs[0].0 == rival.id() || pairs[0].1 == rival.id());
    }
}
