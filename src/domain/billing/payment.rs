//! The issuer's word that an invoice was paid.

use crate::base::id::Digest;
use crate::base::time::Time;
use crate::domain::billing::book::{Book, BookError};
use crate::domain::billing::entitlement::{State, entitlement};
use crate::domain::billing::history::History;
use crate::domain::billing::periods;
use crate::domain::billing::rail::lightning::Bolt11;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::identity::device::DeviceKeys;
use crate::wire::billing::{Event, Invoice, Receipt, Tax};
use crate::wire::event::are_taxes_of;
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::Rail;

/// How an invoice was paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// By which rail; one of the invoice's.
    pub rail: Rail,
    /// SHA-256 of what was shown as evidence, if anything was.
    pub evidence_hash: Option<Digest>,
    /// Taxes contained in the amount.
    pub tax: Vec<Tax>,
    /// Whether the evidence was verified here: then the receipt says so, as far as the rail allows.
    pub proven: bool,
}

impl Payment {
    /// Marked paid by a rail, without evidence and taxes.
    pub const fn by(rail: Rail) -> Self {
        Self { rail, evidence_hash: None, tax: Vec::new(), proven: false }
    }

    /// Marked paid by hand, without evidence and taxes.
    pub const fn manual() -> Self {
        Self::by(Rail::Manual)
    }
}

impl Book {
    /// Says that an invoice is paid. The same key gives the same receipt for ever; the same key paid in another
    /// way is an error.
    ///
    /// A period begins where the last one ends if that isn't over for longer than its grace, so that paying
    /// early loses nothing; else it begins now.
    ///
    /// # Errors
    /// [`BookError::LeftTerms`] where the receipt wouldn't count, or would undo what was paid before: the subscriber and
    /// the issuer have agreed to other terms since.
    pub fn mark_paid(
        &mut self,
        key: &InvoiceKey,
        payment: &Payment,
        keys: &DeviceKeys,
        now: Time,
    ) -> Result<Recorded, BookError> {
        let trust_class = payment.rail.trust_class(payment.proven && payment.evidence_hash.is_some());
        if let Some((receipt, recorded)) = self.history().receipt_of(key) {
            let known = (receipt.rail, receipt.evidence_hash, &receipt.tax, receipt.trust_class)
                == (payment.rail, payment.evidence_hash, &payment.tax, trust_class);
            return if known { Ok(recorded.clone()) } else { Err(BookError::PaidOtherwise) };
        }
        let invoice = self.payable(key, payment, now)?;
        let standing = Standing::of(self.history());
        let (period_start, period_end) = match invoice.change {
            Some(_) => (invoice.period_start, invoice.period_end),
            None => periods::next(&standing, now).ok_or(BookError::PaidAhead)?,
        };
        let grace_days = self.terms_of(&standing, &invoice).ok_or(BookError::LeftTerms)?.grace_days;
        let last = self.history().receipts().last().map(|(receipt, recorded)| (receipt.seq, recorded.id()));
        let receipt = Receipt {
            terms: invoice.terms,
            invoice: invoice.key,
            seq: last.map_or(0, |(seq, _)| seq.saturating_add(1)),
            previous: last.map_or(Digest::new([0; 32]), |(_, id)| id),
            period_start,
            period_end,
            grace_days,
            amount: invoice.amount,
            tax: payment.tax.clone(),
            rail: payment.rail,
            trust_class,
            evidence_hash: payment.evidence_hash,
            issued_at: now,
            key: keys.id(),
        };
        let recorded = Recorded::sign(keys, Event::Receipt(receipt));
        let mut after = self.history().clone();
        after.add(recorded.clone())?;
        if !counts_too(&standing, &after, &recorded.id()) {
            return Err(BookError::LeftTerms);
        }
        self.on_event(recorded.clone())?;
        Ok(recorded)
    }

    /// The invoice of a key, if it can be paid like this now.
    fn payable(&self, key: &InvoiceKey, payment: &Payment, now: Time) -> Result<Invoice, BookError> {
        let invoice = self.history().invoice(key).ok_or(BookError::UnknownInvoice)?.clone();
        let offered = invoice.rails.contains(&payment.rail) || self.offers(key, payment.rail);
        if !offered || !are_taxes_of(&payment.tax, invoice.amount) {
            return Err(BookError::Payment);
        }
        let cancelled = self.history().cancels().next().is_some();
        if cancelled && entitlement(self.history(), now).state == State::Expired {
            return Err(BookError::Cancelled);
        }
        if now >= invoice.expires { Err(BookError::InvoiceExpired) } else { Ok(invoice) }
    }

    /// Whether a further way to pay the invoice was offered by this rail.
    fn offers(&self, key: &InvoiceKey, rail: Rail) -> bool {
        self.history().events().any(|recorded| match recorded.event() {
            Event::Offer(offer) => offer.invoice == *key && offer.payee.rail == rail,
            _ => false,
        })
    }

    /// The terms that an invoice is under: of a change those that are wished for, else those in force when its period
    /// begins. None where these are others by now.
    fn terms_of<'h>(&'h self, standing: &Standing<'h>, invoice: &Invoice) -> Option<&'h Plan> {
        let plan = match invoice.change {
            Some(change) => match self.history().event(&change).map(Recorded::event) {
                Some(Event::PlanChange(change)) => &change.to,
                _ => return None,
            },
            None => standing.plan_at(invoice.period_start),
        };
        (plan.hash() == invoice.terms.plan_hash).then_some(plan)
    }
}

/// Whether a preimage proves that the invoice was paid by one of the ways that were offered for it.
pub fn proves(history: &History, invoice: &InvoiceKey, preimage: &[u8]) -> bool {
    history.events().any(|recorded| match recorded.event() {
        Event::Offer(offer) => {
            offer.invoice == *invoice
                && offer.payee.rail == Rail::Lightning
                && Bolt11::parse(&offer.payee.account).is_ok_and(|bolt11| bolt11.is_paid_by(preimage))
        }
        _ => false,
    })
}

/// Whether a new receipt counts, and everything that counted before it still does.
fn counts_too(before: &Standing<'_>, after: &History, receipt: &Digest) -> bool {
    let after = Standing::of(after);
    after.counts(receipt) && before.receipts.iter().all(|counted| after.counts(&counted.id))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::base::money::Money;
    use crate::domain::billing::agreement;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::fixture::{NOW, World};
    use crate::wire::plan::tests::plan;

    fn other(id: &str, minor: i64) -> Plan {
        Plan { id: id.into(), price: Money { minor, ..plan().price }, ..plan() }
    }

    /// Wishes for another plan and has it agreed to; the change's invoice, where something is due.
    fn change(world: &mut World, book: &mut Book, to: &Plan, now: Time) -> Option<InvoiceKey> {
        let keys = world.business.keys.clone();
        let wish = agreement::propose_change(book.history(), to.clone(), now).unwrap();
        let recorded = Recorded::sign(&world.person.keys, Event::PlanChange(wish.clone()));
        book.on_event(recorded.clone()).unwrap();
        book.agree_to_change(&recorded.id(), core::slice::from_ref(to), &keys, now).unwrap();
        let due = wish.due().minor > 0;
        let wish = (&wish, recorded.id());
        due.then(|| {
            let invoice = book.issue_change_invoice(wish, &[], &keys, &mut world.rng, now).unwrap();
            let Event::Invoice(invoice) = invoice.event() else { unreachable!() };
            invoice.key
        })
    }

    fn pay(world: &World, book: &mut Book, key: &InvoiceKey, now: Time) -> Result<Recorded, BookError> {
        book.mark_paid(key, &Payment::manual(), &world.business.keys, now)
    }

    #[test]
    fn an_invoice_under_terms_that_were_left_is_not_marked_paid_silently() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let end = book.history().coverage_end().unwrap();
        let renewal = world.invoice(&mut book, end.minus(days(7)));
        let small = other("small", 990);
        assert_eq!(change(&mut world, &mut book, &small, end.minus(days(6))), None);
        let before = book.clone();
        let late = end.minus(days(5));
        assert_eq!(pay(&world, &mut book, &renewal, late), Err(BookError::LeftTerms));
        assert_eq!(book, before, "and nothing changed");
        // The next period is asked for anew, at the price of the terms that it is under.
        let anew = world.invoice(&mut book, late);
        assert_ne!(anew, renewal);
        let paid = pay(&world, &mut book, &anew, late).unwrap();
        let Event::Receipt(paid) = paid.event() else { panic!() };
        assert_eq!((&*paid.terms.plan, paid.amount.minor), ("small", 990));
    }

    #[test]
    fn a_change_that_was_overtaken_by_another_one_is_not_marked_paid() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let (gold, platinum) = (other("gold", 3_990), other("platinum", 7_990));
        let first = change(&mut world, &mut book, &gold, NOW.plus(days(1))).unwrap();
        let second = change(&mut world, &mut book, &platinum, NOW.plus(days(1) + HOUR)).unwrap();
        let now = NOW.plus(days(1) + HOUR * 2);
        let mut other_way = book.clone();
        // Whichever is paid, the other is left: paid too, it would undo what was paid first or count for nothing.
        pay(&world, &mut book, &second, now).unwrap();
        assert_eq!(pay(&world, &mut book, &first, now), Err(BookError::LeftTerms));
        pay(&world, &mut other_way, &first, now).unwrap();
        assert_eq!(pay(&world, &mut other_way, &second, now), Err(BookError::LeftTerms));
    }

    #[test]
    fn a_receipt_in_another_currency_of_the_same_amount_counts_for_nothing() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let Event::Receipt(mut yen) = receipt.event().clone() else { panic!() };
        yen.amount = Money { currency: "JPY".parse().unwrap(), ..yen.amount };
        let keys = &world.business.keys;
        let history = book.history().events().filter(|event| event.id() != receipt.id()).cloned();
        let mut history = History::of(history).unwrap();
        history.add(Recorded::sign(keys, Event::Receipt(yen))).unwrap();
        assert!(Standing::of(&history).receipts.is_empty());
        assert_eq!(Standing::of(book.history()).receipts.len(), 1);
    }

    const HOUR: Duration = Duration::from_secs(3_600);
}
