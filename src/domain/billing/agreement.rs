//! What both sides sign, each computing what the other says: changes of plan and price, and pauses.

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::limits;
use crate::base::money::Money;
use crate::base::time::Time;
use crate::domain::billing::book::{Book, BookError};
use crate::domain::billing::history::History;
use crate::domain::billing::proration;
use crate::domain::billing::recorded::Recorded;
use crate::domain::billing::standing::Standing;
use crate::domain::identity::device::DeviceKeys;
use crate::wire::billing::{Answer, Event, EventKind, Pause, PlanChange, PriceChange};
use crate::wire::plan::Plan;

/// The subscriber's wish for another plan: at once where that costs more for the rest of what is paid for, else when
/// what is paid for ends. To the second. It leaves the terms that are in force then.
pub fn propose_change(history: &History, to: Plan, now: Time) -> Result<PlanChange, BookError> {
    let standing = Standing::of(history);
    let current = standing.plan_at(now);
    let at = Time::from_millis(now.as_secs().saturating_mul(1_000));
    let nothing = Money { minor: 0, ..to.price };
    let end = standing.open_periods(at).iter().map(|period| period.end).max();
    let until = end.or(history.coverage_end()).filter(|end| *end > at).unwrap_or(at);
    let same_currency = current.price.currency == to.price.currency;
    let dearer = same_currency && current.hash() != to.hash();
    let due = proration::due(&standing.open_periods(at), &to, at).filter(|_| dearer);
    let (at, credit, charge) = match due {
        Some((credit, charge)) => (at, credit, charge),
        None => (until, nothing, nothing),
    };
    let from = standing.plan_at(at).hash();
    if from == to.hash() {
        return Err(BookError::Terms("these are the terms in force already, or those that are agreed to"));
    }
    let parties = history.parties();
    Ok(PlanChange { parties, from, to, at, until, credit, charge, issued_at: now })
}

/// Whether a wish is what this side would compute for the moment that it was signed at.
fn check_change(history: &History, change: &PlanChange) -> Result<(), BookError> {
    let ours = propose_change(history, change.to.clone(), change.issued_at)?;
    let same = (ours.from, ours.at, ours.until, ours.credit, ours.charge)
        == (change.from, change.at, change.until, change.credit, change.charge);
    if same { Ok(()) } else { Err(BookError::Terms("the change's amounts aren't what they come to here")) }
}

impl Book {
    /// Agrees to a subscriber's wish for another plan, if it is offered and the amounts are right to the minor unit.
    pub fn agree_to_change(
        &mut self,
        id: &Digest,
        offered: &[Plan],
        keys: &DeviceKeys,
        now: Time,
    ) -> Result<Recorded, BookError> {
        if let Some(known) = self.answer_to(id) {
            return Ok(known.clone());
        }
        let Some(Event::PlanChange(change)) = self.history().event(id).map(Recorded::event) else {
            return Err(BookError::Terms("there is no such change"));
        };
        if !offered.contains(&change.to) {
            return Err(BookError::NotOffered);
        }
        if self.history().cancels().next().is_some() {
            return Err(BookError::Cancelled);
        }
        let skew = limits::BILLING_CLOCK_SKEW;
        let is_fresh =
            change.issued_at.plus(charging::CHANGE_AGE_MAX) >= now && change.issued_at <= now.plus(skew);
        if !is_fresh {
            return Err(BookError::Terms("the change is too old, or from the future"));
        }
        check_change(self.history(), change)?;
        self.agree(id, keys, now)
    }

    /// Agrees to a subscriber's wish to stop for a while.
    pub fn agree_to_pause(
        &mut self,
        id: &Digest,
        keys: &DeviceKeys,
        now: Time,
    ) -> Result<Recorded, BookError> {
        if let Some(known) = self.answer_to(id) {
            return Ok(known.clone());
        }
        match self.history().event(id).map(Recorded::event) {
            Some(Event::Pause(pause)) if pause.until > now => self.agree(id, keys, now),
            _ => Err(BookError::Terms("there is no such pause")),
        }
    }

    /// Announces other terms of the plan, with notice; they count only once the subscriber consents.
    pub fn announce(&mut self, to: &Plan, keys: &DeviceKeys, now: Time) -> Result<Recorded, BookError> {
        let standing = Standing::of(self.history());
        let current = standing.last_plan();
        if current.id != to.id || to.version <= current.version {
            return Err(BookError::Terms("a price change is a later version of the same plan"));
        }
        let from = current.hash();
        let same = |recorded: &&Recorded| match recorded.event() {
            Event::PriceChange(change) => change.from == from && change.to == *to,
            _ => false,
        };
        if let Some(known) = self.history().events().find(same) {
            return Ok(known.clone());
        }
        let effective = now.plus(charging::PRICE_NOTICE);
        let parties = self.history().parties();
        let change = PriceChange { parties, from, to: to.clone(), effective, issued_at: now };
        self.record(keys, Event::PriceChange(change))
    }

    fn agree(&mut self, id: &Digest, keys: &DeviceKeys, now: Time) -> Result<Recorded, BookError> {
        let answer = Answer { parties: self.history().parties(), event: *id, agrees: true, issued_at: now };
        self.record(keys, Event::Agreement(answer))
    }

    /// What was answered to a wish of the subscriber, if anything was.
    fn answer_to(&self, id: &Digest) -> Option<&Recorded> {
        self.history().answer(EventKind::Agreement, id)
    }
}

/// The subscriber's answer to other terms, which nothing but it brings into force. There is one for ever; and none that
/// wouldn't count, because the terms that are left are others by now.
pub fn consent(history: &History, change: &Digest, agrees: bool, now: Time) -> Result<Event, BookError> {
    let Some(Event::PriceChange(announced)) = history.event(change).map(Recorded::event) else {
        return Err(BookError::Terms("there is no such price change"));
    };
    if history.answer(EventKind::Consent, change).is_some() {
        return Err(BookError::Answered);
    }
    if agrees && Standing::of(history).last_plan().hash() != announced.from {
        return Err(BookError::Terms("the announced price is for terms that this subscription has left"));
    }
    let parties = history.parties();
    Ok(Event::Consent(Answer { parties, event: *change, agrees, issued_at: now }))
}

/// The subscriber's wish to stop for a while when what is paid for ends.
pub fn propose_pause(history: &History, until: Time, now: Time) -> Result<Event, BookError> {
    if until <= now || until > now.plus(charging::PAUSE_MAX) {
        return Err(BookError::Terms("a pause ends in the future, and within a year"));
    }
    Ok(Event::Pause(Pause { parties: history.parties(), until, issued_at: now }))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::entitlement::{State, entitlement};
    use crate::domain::billing::fixture::{NOW, World};
    use crate::domain::billing::payment::Payment;
    use crate::wire::plan::tests::plan;

    fn gold() -> Plan {
        Plan { id: "gold".into(), price: Money { minor: 3_990, ..plan().price }, ..plan() }
    }

    fn wish(world: &World, book: &mut Book, to: Plan, now: Time) -> Digest {
        let change = propose_change(book.history(), to, now).unwrap();
        let recorded = Recorded::sign(&world.person.keys, Event::PlanChange(change));
        book.on_event(recorded.clone()).unwrap();
        recorded.id()
    }

    #[test]
    fn a_dearer_plan_counts_once_agreed_and_paid_and_renews_at_its_own_price() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let half = NOW.plus(days(14));
        let id = wish(&world, &mut book, gold(), half);
        let in_force = |book: &Book, at| Standing::of(book.history()).plan_at(at).id.clone();
        let agreed = book.agree_to_change(&id, &[plan(), gold()], &keys, half).unwrap();
        assert_eq!(book.agree_to_change(&id, &[gold()], &keys, half), Ok(agreed));
        assert_eq!(in_force(&book, half), "pro", "not before it is paid");
        let Some(Event::PlanChange(change)) = book.history().event(&id).map(Recorded::event).cloned() else {
            panic!()
        };
        assert_eq!((change.credit.minor, change.charge.minor), (995, 1_995));
        let invoice = book.issue_change_invoice((&change, id), &[], &keys, &mut world.rng, half).unwrap();
        let Event::Invoice(asked) = invoice.event().clone() else { panic!() };
        assert_eq!(asked.amount.minor, 1_000);
        let paid = book.mark_paid(&asked.key, &Payment::manual(), &keys, half).unwrap();
        let Event::Receipt(paid) = paid.event().clone() else { panic!() };
        let Event::Receipt(first) = receipt.event() else { panic!() };
        assert_eq!((paid.period_start, paid.period_end), (half, first.period_end));
        assert_eq!(in_force(&book, half), "gold");
        // Half of the first receipt went into the change: only the other half can be given back.
        assert_eq!(Standing::of(book.history()).refundable(&receipt.id()), Some(995));
        let renewal = book.issue_invoice(&[], &keys, &mut world.rng, half.plus(days(8))).unwrap();
        let Event::Invoice(renewal) = renewal.event() else { panic!() };
        assert_eq!((renewal.amount.minor, renewal.period_start), (3_990, first.period_end));
        assert_eq!(renewal.period_end.to_string(), "2027-03-31T10:00:00Z", "the anchor stays");
    }

    #[test]
    fn a_second_change_starts_from_what_the_first_one_bought() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let half = NOW.plus(days(14));
        let id = wish(&world, &mut book, gold(), half);
        book.agree_to_change(&id, &[gold()], &keys, half).unwrap();
        let Some(Event::PlanChange(change)) = book.history().event(&id).map(Recorded::event).cloned() else {
            panic!()
        };
        let invoice = book.issue_change_invoice((&change, id), &[], &keys, &mut world.rng, half).unwrap();
        let Event::Invoice(asked) = invoice.event().clone() else { panic!() };
        book.mark_paid(&asked.key, &Payment::manual(), &keys, half).unwrap();
        let platinum =
            Plan { id: "platinum".into(), price: Money { minor: 7_990, ..plan().price }, ..plan() };
        let next = propose_change(book.history(), platinum, NOW.plus(days(21))).unwrap();
        // Half of the 1995 that half a month of gold was worth.
        assert_eq!(next.credit.minor, 997);
    }

    #[test]
    fn a_cheaper_plan_begins_when_what_is_paid_for_ends() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let small = Plan { id: "small".into(), price: Money { minor: 990, ..plan().price }, ..plan() };
        let now = NOW.plus(days(3));
        let id = wish(&world, &mut book, small.clone(), now);
        book.agree_to_change(&id, &[small], &keys, now.plus(Duration::from_secs(60))).unwrap();
        let standing = Standing::of(book.history());
        let end = book.history().coverage_end().unwrap();
        assert_eq!((&*standing.plan_at(now).id, &*standing.plan_at(end).id), ("pro", "small"));
        let renewal = book.issue_invoice(&[], &keys, &mut world.rng, end.minus(days(7))).unwrap();
        let Event::Invoice(renewal) = renewal.event() else { panic!() };
        assert_eq!(renewal.amount.minor, 990);
    }

    #[test]
    fn amounts_that_dont_come_to_the_same_here_are_refused() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let half = NOW.plus(days(14));
        let right = propose_change(book.history(), gold(), half).unwrap();
        let wrong: [fn(&mut PlanChange); 6] = [
            |change| change.credit.minor += 1,
            |change| change.charge.minor -= 1,
            |change| change.at = change.at.plus(Duration::from_secs(1)),
            |change| change.until = change.until.minus(Duration::from_secs(1)),
            |change| change.from = Digest::new([1; 32]),
            |change| change.to.price.minor -= 1,
        ];
        let answer = |change: PlanChange, now| {
            let recorded = Recorded::sign(&world.person.keys, Event::PlanChange(change));
            let mut book = book.clone();
            book.on_event(recorded.clone()).unwrap();
            book.agree_to_change(&recorded.id(), &[gold()], &keys, now).map(drop)
        };
        assert_eq!(answer(right.clone(), half), Ok(()));
        for change in wrong {
            let mut changed = right.clone();
            change(&mut changed);
            assert!(answer(changed, half).is_err());
        }
        assert!(answer(right, half.plus(days(2))).is_err(), "a day later other amounts are due");
    }

    #[test]
    fn a_price_changes_after_its_notice_and_only_with_consent() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let dearer = Plan { version: 2, price: Money { minor: 2_490, ..plan().price }, ..plan() };
        let said = book.announce(&dearer, &keys, NOW).unwrap();
        assert_eq!(book.announce(&dearer, &keys, NOW.plus(days(1))), Ok(said.clone()));
        let price = |book: &Book, at| Standing::of(book.history()).plan_at(at).price.minor;
        let later = NOW.plus(days(60));
        assert_eq!(price(&book, later), 1_990, "nobody consented");
        let mut refused = book.clone();
        for (book, agrees) in [(&mut refused, false), (&mut book, true)] {
            let consent = consent(book.history(), &said.id(), agrees, NOW.plus(days(2))).unwrap();
            book.on_event(Recorded::sign(&world.person.keys, consent)).unwrap();
        }
        assert_eq!(price(&refused, later), 1_990);
        assert_eq!((price(&book, NOW.plus(days(29))), price(&book, NOW.plus(days(30)))), (1_990, 2_490));
        let same = Plan { version: 1, ..dearer };
        assert!(book.announce(&same, &keys, NOW).is_err());
    }

    #[test]
    fn a_price_is_answered_once_and_a_late_yes_counts_from_then_on() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let dearer = Plan { version: 2, price: Money { minor: 2_490, ..plan().price }, ..plan() };
        let said = book.announce(&dearer, &keys, NOW).unwrap();
        let late = NOW.plus(days(45));
        let yes = consent(book.history(), &said.id(), true, late).unwrap();
        book.on_event(Recorded::sign(&world.person.keys, yes)).unwrap();
        for agrees in [true, false] {
            assert_eq!(consent(book.history(), &said.id(), agrees, late), Err(BookError::Answered));
        }
        let price = |at| Standing::of(book.history()).plan_at(at).price.minor;
        assert_eq!((price(NOW.plus(days(44))), price(late)), (1_990, 2_490), "never before the yes");
    }

    #[test]
    fn an_announced_price_of_terms_that_were_left_is_not_agreed_to() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let offer = |version, minor| Plan { version, price: Money { minor, ..plan().price }, ..plan() };
        let second = book.announce(&offer(2, 2_490), &keys, NOW).unwrap();
        let third = book.announce(&offer(3, 2_990), &keys, NOW).unwrap();
        let yes = consent(book.history(), &third.id(), true, NOW).unwrap();
        book.on_event(Recorded::sign(&world.person.keys, yes)).unwrap();
        assert!(consent(book.history(), &second.id(), true, NOW).is_err(), "it would undo the third");
        assert!(consent(book.history(), &second.id(), false, NOW).is_ok());
        // Other terms are announced to whoever has those, and lead on from them.
        let fourth = book.announce(&offer(4, 3_490), &keys, NOW).unwrap();
        let Event::PriceChange(fourth) = fourth.event() else { panic!() };
        assert_eq!(fourth.from, offer(3, 2_990).hash());
    }

    #[test]
    fn a_change_that_is_agreed_for_the_end_gives_way_to_a_later_one() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let end = book.history().coverage_end().unwrap();
        let of = |id: &str, minor| Plan { id: id.into(), price: Money { minor, ..plan().price }, ..plan() };
        let (small, tiny) = (of("small", 990), of("tiny", 490));
        let plans = [small.clone(), tiny.clone(), plan()];
        let in_force = |book: &Book| Standing::of(book.history()).plan_at(end).id.clone();
        for (day, to) in [(1, small), (2, tiny), (3, plan())] {
            let now = NOW.plus(days(day));
            let id = wish(&world, &mut book, to.clone(), now);
            book.agree_to_change(&id, &plans, &keys, now).unwrap();
            assert_eq!(in_force(&book), to.id, "the last one counts, back to the first terms too");
        }
        assert!(propose_change(book.history(), plan(), NOW.plus(days(4))).is_err(), "nothing changes");
    }

    #[test]
    fn a_change_dated_back_before_the_payment_takes_its_credit_once() {
        let mut world = World::new();
        let mut book = world.book();
        let keys = world.business.keys.clone();
        let receipt = world.pay(&mut book, NOW);
        let now = NOW.plus(Duration::from_secs(60));
        // Signed as if it were from the hour before the payment.
        let id = wish(&world, &mut book, gold(), NOW.minus(Duration::from_secs(3_600)));
        book.agree_to_change(&id, &[gold()], &keys, now).unwrap();
        let Some(Event::PlanChange(change)) = book.history().event(&id).map(Recorded::event).cloned() else {
            panic!()
        };
        assert_eq!(change.credit.minor, 1_990);
        let invoice = book.issue_change_invoice((&change, id), &[], &keys, &mut world.rng, now).unwrap();
        let Event::Invoice(asked) = invoice.event().clone() else { panic!() };
        book.mark_paid(&asked.key, &Payment::manual(), &keys, now).unwrap();
        let standing = Standing::of(book.history());
        assert_eq!(standing.refundable(&receipt.id()), Some(0), "all of it went into the change");
        let platinum =
            Plan { id: "platinum".into(), price: Money { minor: 9_990, ..plan().price }, ..plan() };
        let next = propose_change(book.history(), platinum, now.plus(Duration::from_secs(60))).unwrap();
        assert!(next.credit.minor <= change.charge.minor, "{} of {}", next.credit.minor, change.charge.minor);
    }

    #[test]
    fn an_agreed_pause_follows_what_is_paid_for_and_paying_ends_it() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let keys = world.business.keys.clone();
        let end = book.history().coverage_end().unwrap();
        let until = end.plus(days(60));
        let wish = Recorded::sign(&world.person.keys, propose_pause(book.history(), until, NOW).unwrap());
        book.on_event(wish.clone()).unwrap();
        let state = |book: &Book, at| entitlement(book.history(), at).state;
        assert_eq!(state(&book, end), State::Grace, "not agreed");
        book.agree_to_pause(&wish.id(), &keys, NOW).unwrap();
        assert_eq!((state(&book, NOW), state(&book, end)), (State::Active, State::Paused));
        assert_eq!(
            (state(&book, until), state(&book, until.plus(days(30)))),
            (State::OnHold, State::Expired)
        );
        world.pay(&mut book, end.plus(days(20)));
        assert_eq!(state(&book, end.plus(days(20))), State::Active);
    }
}
