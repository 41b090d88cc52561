//! The issuer's book of one subscription: grants a trial, asks for money, and says what was paid.

use rand_core::CryptoRng;

use crate::base::charging;
use crate::base::id::{AccountId, Digest};
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;
use crate::domain::billing::history::{Foreign, History};
use crate::domain::billing::periods;
use crate::domain::billing::rail::request::carries;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::identity::device::DeviceKeys;
use crate::wire::billing::{Event, Invoice, PlanChange, TrialGrant};
use crate::wire::invoice_key::InvoiceKey;
use crate::wire::plan::Plan;
use crate::wire::rail::{Payee, Rail};

/// One subscription, as its issuer keeps it. Each operation returns the event that it made, to be stored and
/// then sent; the same operation again returns the same event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Book {
    history: History,
}

impl Book {
    /// The book of stored events.
    pub const fn new(history: History) -> Self {
        Self { history }
    }

    /// Opens the book of a verified request, and grants the plan's trial where it has one and the subscriber
    /// hasn't had it (`trial_used`, which the caller knows from the subscriber's other subscriptions).
    pub fn on_subscribe(
        request: Recorded,
        issuer: AccountId,
        keys: &DeviceKeys,
        offered: &[Plan],
        trial_used: bool,
        now: Time,
    ) -> Result<(Self, Option<Recorded>), BookError> {
        let history = History::open(request).ok_or(BookError::NotOffered)?;
        let request = history.request();
        if request.issuer != issuer || !offered.contains(&request.plan) {
            return Err(BookError::NotOffered);
        }
        let trial_days = request.plan.trial_days;
        let mut book = Self { history };
        if trial_used || trial_days == 0 {
            return Ok((book, None));
        }
        let terms = book.history.terms(&book.history.request().plan);
        let grant = TrialGrant { terms, start: now, end: now.plus(days(trial_days)), issued_at: now };
        let grant = book.record(keys, Event::Trial(grant))?;
        Ok((book, Some(grant)))
    }

    /// Everything that happened.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Takes in a verified event of the subscriber, such as a cancellation: whether it is new.
    pub fn on_event(&mut self, event: Recorded) -> Result<bool, BookError> {
        Ok(self.history.add(event)?)
    }

    /// Asks for the next period's price, to be paid by hand or to those of the payees whose rail carries it. While an
    /// invoice is open, asking again returns it, byte for byte.
    pub fn issue_invoice(
        &mut self,
        payees: &[Payee],
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
        now: Time,
    ) -> Result<Recorded, BookError> {
        if let Some(open) = self.open_invoice(now) {
            return Ok(open.clone());
        }
        if self.history.cancels().next().is_some() {
            return Err(BookError::Cancelled);
        }
        let standing = Standing::of(&self.history);
        let (period_start, period_end) = periods::next(&standing, now).ok_or(BookError::PaidAhead)?;
        if period_end > now.plus(charging::PAID_AHEAD_MAX) {
            return Err(BookError::PaidAhead);
        }
        let plan = standing.plan_at(period_start);
        let payees = usable(payees, plan.price);
        let invoice = Invoice {
            terms: self.history.terms(plan),
            key: InvoiceKey::random(rng),
            period_start,
            period_end,
            amount: plan.price,
            rails: rails(&payees),
            payees,
            change: None,
            expires: self.invoice_expiry(plan, now),
            issued_at: now,
        };
        self.record(keys, Event::Invoice(invoice))
    }

    /// Asks for what a change of plans costs, for the rest of what is paid for. Asking again returns the same.
    pub fn issue_change_invoice(
        &mut self,
        change: (&PlanChange, Digest),
        payees: &[Payee],
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
        now: Time,
    ) -> Result<Recorded, BookError> {
        let (change, id) = change;
        let known = self.history.invoices().find(|(invoice, _)| invoice.change == Some(id));
        if let Some((_, known)) = known {
            return Ok(known.clone());
        }
        let amount = change.due();
        let payees = usable(payees, amount);
        let invoice = Invoice {
            terms: self.history.terms(&change.to),
            key: InvoiceKey::random(rng),
            period_start: change.at,
            period_end: change.until,
            amount,
            rails: rails(&payees),
            payees,
            change: Some(id),
            expires: now.plus(charging::INVOICE_LIFE).min(change.until),
            issued_at: now,
        };
        self.record(keys, Event::Invoice(invoice))
    }

    /// The invoice for the next period that can be paid now, if there is one; one under terms that aren't those of its
    /// period any more is left to expire.
    pub fn open_invoice(&self, now: Time) -> Option<&Recorded> {
        let standing = Standing::of(&self.history);
        let open = self.history.invoices().filter(|(invoice, _)| {
            now < invoice.expires
                && invoice.change.is_none()
                && self.history.receipt_of(&invoice.key).is_none()
                && standing.plan_at(invoice.period_start).hash() == invoice.terms.plan_hash
        });
        open.max_by_key(|(invoice, recorded)| (invoice.expires, recorded.id())).map(|(_, recorded)| recorded)
    }

    /// A first invoice is open for [`charging::INVOICE_LIFE`], a renewal's as long as paying it restores the
    /// subscription.
    fn invoice_expiry(&self, plan: &Plan, now: Time) -> Time {
        let soonest = now.plus(charging::INVOICE_LIFE);
        let kept =
            self.history.coverage_end().map(|end| end.plus(days(plan.grace_days)).plus(days(plan.hold_days)));
        kept.map_or(soonest, |end| end.max(soonest))
    }

    pub(super) fn record(&mut self, keys: &DeviceKeys, event: Event) -> Result<Recorded, BookError> {
        let recorded = Recorded::sign(keys, event);
        self.history.add(recorded.clone())?;
        Ok(recorded)
    }
}

/// Those whose rail carries the amount. Lightning needs an invoice of its own for each, which is offered later.
fn usable(payees: &[Payee], amount: Money) -> Vec<Payee> {
    let carried = payees.iter().filter(|payee| payee.rail != Rail::Lightning && carries(payee.rail, amount));
    carried.cloned().collect()
}

/// Manual, and the payees' rails.
fn rails(payees: &[Payee]) -> Vec<Rail> {
    let others = payees.iter().map(|payee| payee.rail).filter(|rail| *rail != Rail::Manual);
    core::iter::once(Rail::Manual).chain(others).collect()
}

/// Why the book doesn't change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BookError {
    /// The request isn't for one of our plans, under its present terms.
    #[error("the request isn't for a plan that is offered now")]
    NotOffered,
    /// An event doesn't belong here.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// The subscriber cancelled.
    #[error("the subscriber has cancelled: no money can be asked for or taken")]
    Cancelled,
    /// So much is paid already that the next period would end too far ahead.
    #[error("the subscription is paid too far ahead")]
    PaidAhead,
    /// No such invoice.
    #[error("there is no invoice of this key")]
    UnknownInvoice,
    /// No such receipt, or none that counts.
    #[error("there is no receipt of this id")]
    UnknownReceipt,
    /// The invoice can no longer be paid.
    #[error("the invoice has expired: issue a new one and mark that paid")]
    InvoiceExpired,
    /// There is a receipt for this invoice, for another rail, evidence or tax.
    #[error("the invoice is paid already, in another way")]
    PaidOtherwise,
    /// The subscription has other terms by now than those that the invoice is under, so that money for it would count
    /// for nothing.
    #[error(
        "the subscription has left the terms of this invoice: give the money back, or ask for the next period anew and \
         mark that invoice paid"
    )]
    LeftTerms,
    /// An announced price was answered before.
    #[error("this price was answered already, and the first answer counts")]
    Answered,
    /// A change or a credit that can't be.
    #[error("{0}")]
    Terms(&'static str),
    /// The rail isn't the invoice's, or the taxes aren't a part of its amount.
    #[error("the rail isn't offered by the invoice, or the taxes are more than the amount")]
    Payment,
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::billing::fixture::{NOW, Party, World};
    use crate::domain::billing::payment::Payment;
    use crate::domain::billing::subscriber::cancel;
    use crate::wire::account::Purposes;
    use crate::wire::billing::{CancelWhen, Receipt, Tax};
    use crate::wire::plan::tests::plan;

    fn receipt(recorded: &Recorded) -> Receipt {
        let Event::Receipt(receipt) = recorded.event() else { unreachable!() };
        receipt.clone()
    }

    fn period(recorded: &Recorded) -> (String, String) {
        let receipt = receipt(recorded);
        (receipt.period_start.to_string(), receipt.period_end.to_string())
    }

    #[test]
    fn one_invoice_key_gives_the_same_receipt_for_ever() {
        let mut world = World::new();
        let mut book = world.book();
        let key = world.invoice(&mut book, NOW);
        let keys = world.business.keys.clone();
        let first = book.mark_paid(&key, &Payment::manual(), &keys, NOW).unwrap();
        let again = book.mark_paid(&key, &Payment::manual(), &keys, NOW.plus(days(9))).unwrap();
        assert_eq!(first.signed().encode(), again.signed().encode());
        // From the stored events too.
        let stored = book.history().events().map(|event| postcard::to_stdvec(event).unwrap());
        let stored = stored.map(|bytes| postcard::from_bytes::<Recorded>(&bytes).unwrap());
        let mut reopened = Book::new(History::of(stored.collect::<Vec<_>>()).unwrap());
        assert_eq!(reopened, book);
        let later = reopened.mark_paid(&key, &Payment::manual(), &keys, NOW.plus(days(99))).unwrap();
        assert_eq!(first, later);
        assert_eq!(reopened.history().receipts().len(), 1);
        let other = Payment { evidence_hash: Some(Digest::new([1; 32])), ..Payment::manual() };
        assert_eq!(reopened.mark_paid(&key, &other, &keys, NOW), Err(BookError::PaidOtherwise));
    }

    #[test]
    fn an_open_invoice_is_asked_for_again_byte_for_byte() {
        let mut world = World::new();
        let mut book = world.book();
        let key = world.invoice(&mut book, NOW);
        assert_eq!(world.invoice(&mut book, NOW.plus(days(0))), key);
        let last = NOW.plus(charging::INVOICE_LIFE).minus(Duration::from_millis(1));
        assert_eq!(world.invoice(&mut book, last), key);
        let late =
            book.mark_paid(&key, &Payment::manual(), &world.business.keys, NOW.plus(charging::INVOICE_LIFE));
        assert_eq!(late, Err(BookError::InvoiceExpired));
        assert_ne!(world.invoice(&mut book, NOW.plus(charging::INVOICE_LIFE)), key);
    }

    #[test]
    fn receipts_are_chained_and_renewals_keep_the_day_of_the_month() {
        let mut world = World::new();
        let mut book = world.book();
        let receipts: Vec<Recorded> = (0..4).map(|_| world.pay(&mut book, NOW)).collect();
        let starts: Vec<String> = receipts.iter().map(|receipt| period(receipt).0).collect();
        let days = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"];
        assert_eq!(starts, days.map(|day| format!("{day}T10:00:00Z")));
        for (position, pair) in receipts.windows(2).enumerate() {
            let (earlier, later) = (receipt(&pair[0]), receipt(&pair[1]));
            assert_eq!(earlier.period_end, later.period_start);
            assert_eq!((later.seq, later.previous), (position as u64 + 1, pair[0].id()));
        }
        assert_eq!((receipt(&receipts[0]).seq, receipt(&receipts[0]).previous), (0, Digest::new([0; 32])));
        assert!(book.history().equivocations().is_empty());
    }

    #[test]
    fn paying_in_grace_continues_and_paying_on_hold_begins_anew() {
        let mut world = World::new();
        let mut book = world.book();
        let end = receipt(&world.pay(&mut book, NOW)).period_end;
        let mut on_hold = book.clone();
        let in_grace = world.pay(&mut book, end.plus(days(3)).minus(Duration::from_millis(1)));
        assert_eq!(period(&in_grace), ("2027-02-28T10:00:00Z".into(), "2027-03-31T10:00:00Z".into()));
        let restored = world.pay(&mut on_hold, end.plus(days(3)));
        assert_eq!(period(&restored), ("2027-03-03T10:00:00Z".into(), "2027-04-03T10:00:00Z".into()));
    }

    #[test]
    fn a_period_paid_in_the_trial_begins_when_the_trial_ends() {
        let mut world = World::new();
        let (mut book, grant) = world.open(plan(), false, NOW);
        assert!(grant.is_some());
        let paid = world.pay(&mut book, NOW.plus(days(1)));
        assert_eq!(period(&paid), ("2027-02-14T10:00:00Z".into(), "2027-03-14T10:00:00Z".into()));
        assert!(world.open(plan(), true, NOW).1.is_none(), "a trial is granted once");
        assert!(world.open(Plan { trial_days: 0, ..plan() }, false, NOW).1.is_none());
    }

    #[test]
    fn a_renewal_invoice_lives_as_long_as_paying_restores() {
        let mut world = World::new();
        let mut book = world.book();
        let end = receipt(&world.pay(&mut book, NOW)).period_end;
        let key = world.invoice(&mut book, end.minus(days(7)));
        let invoice = book.history().invoice(&key).unwrap();
        assert_eq!(invoice.expires, end.plus(days(3 + 30)));
        assert_eq!((invoice.period_start, invoice.amount), (end, plan().price));
    }

    #[test]
    fn only_offered_terms_of_ones_own_can_be_subscribed_to() {
        let mut world = World::new();
        let dearer = Plan { price: crate::base::money::Money { minor: 2990, ..plan().price }, ..plan() };
        let request = world.request(plan(), NOW);
        let keys = &world.business.keys;
        let open = |request: &Recorded, issuer, offered: &[Plan]| {
            Book::on_subscribe(request.clone(), issuer, keys, offered, false, NOW).map(|_| ())
        };
        let issuer = world.business.key.id();
        assert_eq!(open(&request, issuer, &[dearer.clone(), plan()]), Ok(()));
        assert_eq!(open(&request, issuer, &[dearer]), Err(BookError::NotOffered));
        let other = Party::new(9, Purposes::ALL).key.id();
        assert_eq!(open(&request, other, &[plan()]), Err(BookError::NotOffered));
    }

    #[test]
    fn after_a_cancellation_no_money_is_asked_for() {
        let mut world = World::new();
        let mut book = world.book();
        let end = receipt(&world.pay(&mut book, NOW)).period_end;
        let open = world.invoice(&mut book, NOW.plus(days(1)));
        let leave = cancel(book.history(), &world.person.keys, CancelWhen::AtPeriodEnd, NOW.plus(days(2)));
        assert_eq!(book.on_event(leave.clone()), Ok(true));
        assert_eq!(book.on_event(leave), Ok(false));
        let keys = world.business.keys.clone();
        let mut late = book.clone();
        assert_eq!(late.mark_paid(&open, &Payment::manual(), &keys, end), Err(BookError::Cancelled));
        // Money that was under way before the end counts.
        assert!(book.mark_paid(&open, &Payment::manual(), &keys, NOW.plus(days(3))).is_ok());
        assert_eq!(
            book.issue_invoice(&[], &keys, &mut world.rng, NOW.plus(days(4))),
            Err(BookError::Cancelled)
        );
    }

    #[test]
    fn a_payment_fits_its_invoice_and_nobody_pays_too_far_ahead() {
        let mut world = World::new();
        let mut book = world.book();
        let key = world.invoice(&mut book, NOW);
        let keys = world.business.keys.clone();
        let tax = |minor| Payment {
            tax: vec![Tax { name: "ISS".into(), basis_points: 500, minor }],
            ..Payment::manual()
        };
        assert_eq!(book.mark_paid(&key, &tax(1991), &keys, NOW), Err(BookError::Payment));
        assert_eq!(receipt(&book.mark_paid(&key, &tax(95), &keys, NOW).unwrap()).tax, tax(95).tax);
        let unknown = InvoiceKey::random(&mut world.rng);
        assert_eq!(book.mark_paid(&unknown, &tax(0), &keys, NOW), Err(BookError::UnknownInvoice));
        for _ in 0..35 {
            world.pay(&mut book, NOW);
        }
        assert_eq!(book.issue_invoice(&[], &keys, &mut world.rng, NOW), Err(BookError::PaidAhead));
    }

    #[test]
    fn an_invoice_key_has_twenty_letters_and_digits_of_base_32() {
        let mut world = World::new();
        let key = InvoiceKey::random(&mut world.rng);
        assert_eq!((key.to_string().parse(), key.as_str().len()), (Ok(key), 20));
        for bad in ["", "ABCDEFGHIJKLMNOPQRS", "ABCDEFGHIJKLMNOPQRS1", "abcdefghijklmnopqrst"] {
            assert!(bad.parse::<InvoiceKey>().is_err());
        }
    }

    proptest! {
        #[test]
        fn paying_never_shortens_what_is_paid_for(pauses in proptest::collection::vec(0_u64..80 * 86_400, 1..12)) {
            let mut world = World::new();
            let mut book = world.book();
            let mut now = NOW;
            let mut paid_until: Option<Time> = None;
            for pause in pauses {
                now = now.plus(Duration::from_secs(pause));
                let key = world.invoice(&mut book, now);
                // Three years ahead can't be reached in so few steps, and every invoice is open.
                let paid = receipt(&book.mark_paid(&key, &Payment::manual(), &world.business.keys, now).unwrap());
                let in_time = paid_until.filter(|end| now < end.plus(days(plan().grace_days)));
                prop_assert_eq!(paid.period_start, in_time.unwrap_or(now));
                let length = paid.period_end.since(paid.period_start);
                prop_assert!((days(28)..=days(31)).contains(&length));
                paid_until = Some(paid.period_end);
            }
        }
    }
}
