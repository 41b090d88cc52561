//! All events of one subscription, as a set: in whatever order and however often they came, it is the same.

use std::collections::BTreeMap;

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::recorded::Recorded;
use crate::wire::billing::{
    CancelIntent, Event, EventKind, Invoice, Parties, Receipt, Subscribe, Terms, TrialGrant,
};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;

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

    /// What an event of the issuer under a plan's terms names.
    pub fn terms(&self, plan: &Plan) -> Terms {
        Terms {
            issuer: self.request.issuer,
            subject: self.request.subject,
            subscription: self.subscription(),
            plan: plan.id.clone(),
            plan_hash: plan.hash(),
        }
    }

    /// What every event names.
    pub const fn parties(&self) -> Parties {
        Parties {
            issuer: self.request.issuer,
            subject: self.request.subject,
            subscription: self.opening.id(),
        }
    }

    /// The event of an id.
    pub fn event(&self, id: &Digest) -> Option<&Recorded> {
        self.events.get(id)
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

    /// The invoice of a key. Where there are several, the one that was signed first counts.
    pub fn invoice(&self, key: &InvoiceKey) -> Option<&Invoice> {
        let of_key = self.invoices().filter(|(invoice, _)| invoice.key == *key);
        of_key
            .min_by_key(|(invoice, recorded)| (invoice.issued_at, recorded.id()))
            .map(|(invoice, _)| invoice)
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

    /// The first answer to an event of the other side, by (time, id): an agreement or a consent. No later one counts.
    pub fn answer(&self, kind: EventKind, event: &Digest) -> Option<&Recorded> {
        let answers = self.events.values().filter(|recorded| match recorded.event() {
            Event::Agreement(answer) | Event::Consent(answer) => {
                recorded.kind() == kind && answer.event == *event
            }
            _ => false,
        });
        answers.min_by_key(|recorded| (recorded.event().issued_at(), recorded.id()))
    }

    /// Whether the other side may say one thing more: not more than [`charging::SAID_MAX`] events, so that there is
    /// always room for what this side says; and nothing more about what it has answered already.
    ///
    /// This is for whoever hears it now: what was taken in once counts, in whatever order.
    pub fn may_say(&self, event: &Recorded) -> bool {
        let of_author =
            self.events.values().filter(|said| said.kind().is_subscribers() == event.kind().is_subscribers());
        let answered = match event.event() {
            Event::Agreement(answer) | Event::Consent(answer) => {
                let known = self.answer(event.kind(), &answer.event);
                known.is_some_and(|known| known.id() != event.id())
            }
            _ => false,
        };
        !answered && of_author.count() < charging::SAID_MAX
    }

    /// Cancellations.
    pub fn cancels(&self) -> impl Iterator<Item = &CancelIntent> {
        self.events.values().filter_map(|recorded| match recorded.event() {
            Event::Cancel(cancel) => Some(cancel),
            _ => None,
        })
    }

    /// Pairs of events that can't both be: two receipts of one number, two receipts or two invoices of one key, two
    /// credit notes of one key. Each pair proves that the issuer's book is not what it says.
    pub fn equivocations(&self) -> Vec<(Digest, Digest)> {
        // What only one event can stand for: a kind of claim, and what it is about.
        let mut claims: BTreeMap<(u8, Vec<u8>), Digest> = BTreeMap::new();
        let mut pairs = Vec::new();
        let mut claim = |kind: u8, about: &[u8], id: Digest| match claims.get(&(kind, about.to_vec())) {
            Some(first) => pairs.push((*first, id)),
            None => {
                claims.insert((kind, about.to_vec()), id);
            }
        };
        for recorded in self.events.values() {
            let id = recorded.id();
            match recorded.event() {
                Event::Invoice(invoice) => claim(0, invoice.key.as_str().as_bytes(), id),
                Event::Receipt(receipt) => {
                    claim(1, &receipt.seq.to_be_bytes(), id);
                    claim(2, receipt.invoice.as_str().as_bytes(), id);
                }
                Event::CreditNote(note) => claim(3, note.key.as_str().as_bytes(), id),
                _ => {}
            }
        }
        pairs.sort();
        pairs.dedup();
        pairs
    }

    /// Whether the subscriber signed the terms that an event names, and asked for what it costs: what its issuer alone
    /// thinks of isn't taken in by the subscriber's side.
    pub fn is_asked_for(&self, event: &Event) -> bool {
        let Some(terms) = event.terms() else { return true };
        let amount = match event {
            Event::Invoice(invoice) => Some(invoice.amount),
            Event::Receipt(receipt) => Some(receipt.amount),
            _ => None,
        };
        let fits = |plan: &Plan, amount_of: Money| {
            (&plan.id, plan.hash()) == (&terms.plan, terms.plan_hash)
                && amount.is_none_or(|amount| amount == amount_of)
        };
        let signed = |recorded: &Recorded| match recorded.event() {
            Event::PlanChange(change) => fits(&change.to, change.to.price) || fits(&change.to, change.due()),
            Event::Consent(answer) if answer.agrees => match self.event(&answer.event).map(Recorded::event) {
                Some(Event::PriceChange(change)) => fits(&change.to, change.to.price),
                _ => false,
            },
            _ => false,
        };
        fits(&self.request.plan, self.request.plan.price) || self.events.values().any(signed)
    }

    /// The latest end of what was paid or granted.
    pub fn coverage_end(&self) -> Option<Time> {
        let trials = self.trials().map(|trial| trial.end);
        trials.chain(self.receipts().iter().map(|(receipt, _)| receipt.period_end)).max()
    }

    /// Only what doesn't depend on other events: what is accepted must not depend on the order of arrival.
    fn admit(&self, recorded: &Recorded) -> Result<(), Foreign> {
        let event = recorded.event();
        let same_parties = event.issuer() == self.request.issuer && event.subject() == self.request.subject;
        if event.subscription() != Some(self.subscription()) || !same_parties {
            return Err(Foreign::Subscription);
        }
        if self.events.len() >= charging::HISTORY_MAX { Err(Foreign::Full) } else { Ok(()) }
    }
}

/// Why an event isn't taken into a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Foreign {
    /// It belongs to another subscription.
    #[error("the event belongs to another subscription")]
    Subscription,
    /// The subscription has too many events.
    #[error("the subscription has too many events")]
    Full,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::book::Book;
    use crate::domain::billing::fixture::{NOW, World};
    use crate::domain::billing::subscriber;
    use crate::wire::plan::tests::plan;
    use crate::wire::rail::Rail;

    #[test]
    fn events_of_another_subscription_are_refused() {
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
        let mut history = one.history().clone();
        for foreign in other.history().events() {
            assert_eq!(history.add(foreign.clone()), Err(Foreign::Subscription));
        }
        assert!(History::open(one.history().receipts()[0].1.clone()).is_none());
        assert!(History::of(one.history().events().skip(1).cloned()).is_none());
    }

    #[test]
    fn two_invoices_of_one_key_are_a_contradiction_and_the_first_one_counts() {
        let mut world = World::new();
        let mut book = world.book();
        world.invoice(&mut book, NOW);
        let (invoice, recorded) = book.history().invoices().next().unwrap();
        let mut again = invoice.clone();
        again.expires = NOW;
        again.issued_at = NOW.plus(core::time::Duration::from_secs(1));
        let again = Recorded::sign(&world.business.keys, Event::Invoice(again));
        let mut history = book.history().clone();
        assert_eq!(history.add(recorded.clone()), Ok(false));
        assert_eq!(history.add(again), Ok(true));
        assert_eq!(history.invoice(&invoice.key), Some(invoice));
        assert_eq!(history.equivocations().len(), 1);
    }

    #[test]
    fn whoever_floods_a_subscription_leaves_room_for_the_other_side() {
        let mut world = World::new();
        let book = world.book();
        let mut history = book.history().clone();
        let say = |history: &History, proof: u64| {
            let proof = proof.to_be_bytes().to_vec();
            let key = "ABCDEFGHIJKLMNOPQRST".parse().unwrap();
            subscriber::evidence(history, &world.person.keys, key, Rail::Pix, proof, NOW)
        };
        for proof in 0..charging::SAID_MAX as u64 {
            let event = say(&history, proof);
            assert!(history.may_say(&event));
            history.add(event).unwrap();
        }
        assert!(!history.may_say(&say(&history, u64::MAX)));
        let mut answered = Book::new(history);
        world.pay(&mut answered, NOW);
        assert_eq!(answered.history().receipts().len(), 1);
        assert!(answered.history().may_say(answered.history().receipts()[0].1));
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
