//! What a subscription entitles to: a pure function of its events and the time.

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;
use crate::domain::billing::history::History;
use crate::domain::billing::standing::Standing;
use crate::wire::billing::{CancelWhen, Credit};

/// The state of a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Asked for, not paid yet.
    Pending,
    /// In its free trial.
    Trialing,
    /// Paid for now.
    Active,
    /// Not renewed, with access for a few days more.
    Grace,
    /// Not renewed, without access; paying restores it.
    OnHold,
    /// Cancelled, with access until what is paid for ends.
    Canceling,
    /// The trial ended unpaid, or both sides agreed to stop for a while; paying begins a period.
    Paused,
    /// What was paid was given back.
    Refunded,
    /// The receipt was taken back.
    Revoked,
    /// Over.
    Expired,
}

impl State {
    /// Whether the subscriber has access.
    pub const fn has_access(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::Grace | Self::Canceling)
    }

    /// As people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::Grace => "in grace",
            Self::OnHold => "on hold",
            Self::Canceling => "canceling",
            Self::Paused => "paused",
            Self::Refunded => "refunded",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// The state at a moment, and when it ends if nothing else happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entitlement {
    /// The state.
    pub state: State,
    /// From when on another state holds; none where nothing is to come.
    pub until: Option<Time>,
}

impl Entitlement {
    /// Whether the subscription is over: expired, refunded or revoked, with nothing paid that is yet to begin.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Expired | State::Refunded | State::Revoked) && self.until.is_none()
    }
}

/// One granted or paid period.
#[derive(Clone, Copy)]
struct Span {
    start: Time,
    end: Time,
    /// Days of grace after a paid period; none for a trial.
    grace_days: Option<u32>,
    /// Whether a credit note ended it, and which kind.
    cut: Option<Credit>,
}

/// What a history entitles to at `now`. Only the set of its events counts, not how they arrived.
///
/// A period that begins within [`limits::BILLING_CLOCK_SKEW`] has begun: the issuer's clock may be ahead.
pub fn entitlement(history: &History, now: Time) -> Entitlement {
    stand(history, &Standing::of(history), now)
}

/// The same for whoever has worked out already what counts.
pub fn stand(history: &History, standing: &Standing<'_>, now: Time) -> Entitlement {
    let cancelled = |when| cancelled(history, now, when);
    if cancelled(CancelWhen::Now) {
        return over();
    }
    let leaving = cancelled(CancelWhen::AtPeriodEnd);
    let spans = spans(standing, now);
    // Of the periods that cover a moment, the paid one that ends last.
    let at = |moment: Time| {
        let covering = spans.iter().filter(|span| span.start <= moment && now < span.end);
        covering.max_by_key(|span| (span.grace_days.is_some(), span.end))
    };
    let soon = now.plus(limits::BILLING_CLOCK_SKEW);
    if let Some(span) = at(now).or_else(|| at(soon)) {
        return covered(&spans, *span, leaving);
    }
    let ended = spans.iter().filter(|span| span.end <= now);
    let found = match ended.max_by_key(|span| (span.end, span.cut.is_some(), span.grace_days.is_some())) {
        Some(Span { cut: Some(credit), .. }) => Entitlement { state: taken(*credit), until: None },
        Some(_) if leaving => over(),
        Some(span) => lapsed(standing, *span, now),
        None => unpaid(history, &spans, leaving, now),
    };
    // What is paid for already and yet to begin ends every state without a period.
    let next = spans.iter().filter(|span| span.start > now).map(|span| span.start).min();
    let next = next.map(|start| start.minus(limits::BILLING_CLOCK_SKEW));
    Entitlement { until: found.until.into_iter().chain(next).min(), ..found }
}

/// Now lies in a period.
fn covered(spans: &[Span], span: Span, leaving: bool) -> Entitlement {
    let trial_only = span.grace_days.is_none();
    let state = match (leaving, trial_only) {
        (true, _) => State::Canceling,
        (false, true) => State::Trialing,
        (false, false) => State::Active,
    };
    // A trial ends where it ends; paid periods run on into the ones stacked upon them, and so does a
    // cancellation, which takes nothing away that is paid for.
    let mut end = span.end;
    let runs_on = |next: &&Span, end| {
        next.start <= end && next.end > end && (state != State::Trialing || next.grace_days.is_none())
    };
    while let Some(next) = spans.iter().find(|next| runs_on(next, end)) {
        end = next.end;
    }
    Entitlement { state, until: Some(end) }
}

/// The last period is over.
fn lapsed(standing: &Standing<'_>, last: Span, now: Time) -> Entitlement {
    let plan = standing.plan_at(last.end);
    let issued = now.plus(limits::BILLING_CLOCK_SKEW);
    let pauses = standing.pauses.iter().filter(|pause| pause.issued_at <= issued && pause.until > last.end);
    if let Some(resume) = pauses.map(|pause| pause.until).max() {
        let hold_end = resume.plus(days(plan.hold_days));
        return match now {
            now if now < resume => until(State::Paused, resume),
            now if now < hold_end => until(State::OnHold, hold_end),
            _ => over(),
        };
    }
    let grace_end = last.end.plus(days(last.grace_days.unwrap_or(plan.grace_days)));
    let hold_end = grace_end.plus(days(plan.hold_days));
    if last.grace_days.is_none() {
        return if now < hold_end { until(State::Paused, hold_end) } else { over() };
    }
    if now < grace_end {
        until(State::Grace, grace_end)
    } else if now < hold_end {
        until(State::OnHold, hold_end)
    } else {
        over()
    }
}

/// Nothing was granted or paid yet, or nothing that has begun.
fn unpaid(history: &History, spans: &[Span], leaving: bool, now: Time) -> Entitlement {
    if !spans.is_empty() {
        return Entitlement { state: State::Pending, until: None };
    }
    if leaving {
        return over();
    }
    match history.invoices().map(|(invoice, _)| invoice.expires).max() {
        Some(expires) if expires <= now => over(),
        expires => Entitlement { state: State::Pending, until: expires },
    }
}

/// Whether the subscriber has cancelled by now, so that it takes effect then.
fn cancelled(history: &History, now: Time, when: CancelWhen) -> bool {
    let now = now.plus(limits::BILLING_CLOCK_SKEW);
    history.cancels().any(|cancel| cancel.when == when && cancel.issued_at <= now)
}

/// The trial and the paid periods, each as far as no credit note ends it. One that was ended before it began is empty.
fn spans(standing: &Standing<'_>, now: Time) -> Vec<Span> {
    let trial =
        standing.trial.map(|trial| Span { start: trial.start, end: trial.end, grace_days: None, cut: None });
    let paid = standing.receipts.iter().map(|counted| {
        let (start, end) = (counted.receipt.period_start, counted.receipt.period_end);
        let cut = counted.cut.filter(|(ends, _)| *ends < end);
        let ends = cut.map_or(end, |(ends, _)| ends.max(start));
        // Until then, it is a period like any other.
        let cut = cut.filter(|_| ends <= now).map(|(_, credit)| credit);
        Span { start, end: ends, grace_days: Some(counted.receipt.grace_days), cut }
    });
    trial.into_iter().chain(paid).collect()
}

const fn taken(credit: Credit) -> State {
    match credit {
        Credit::Refund => State::Refunded,
        Credit::Revoke => State::Revoked,
    }
}

const fn until(state: State, end: Time) -> Entitlement {
    Entitlement { state, until: Some(end) }
}

const fn over() -> Entitlement {
    Entitlement { state: State::Expired, until: None }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::base::charging;
    use crate::base::money::Money;
    use crate::domain::billing::agreement;
    use crate::domain::billing::book::Book;
    use crate::domain::billing::credit::Wish;
    use crate::domain::billing::fixture::{NOW, World};
    use crate::domain::billing::payment::Payment;
    use crate::domain::billing::recorded::Recorded;
    use crate::domain::billing::subscriber::cancel;
    use crate::wire::billing::Event;
    use crate::wire::invoice_key::InvoiceKey;
    use crate::wire::plan::Plan;
    use crate::wire::plan::tests::plan;

    const MILLI: Duration = Duration::from_millis(1);

    fn state(book: &Book, now: Time) -> (State, Option<Time>) {
        let Entitlement { state, until } = entitlement(book.history(), now);
        (state, until)
    }

    fn end_of(receipt: &Recorded) -> Time {
        let Event::Receipt(receipt) = receipt.event() else { unreachable!() };
        receipt.period_end
    }

    #[test]
    fn a_paid_subscription_goes_through_grace_and_hold_to_its_end() {
        let mut world = World::new();
        let mut book = world.book();
        assert_eq!(state(&book, NOW), (State::Pending, None));
        world.invoice(&mut book, NOW);
        let lapses = NOW.plus(charging::INVOICE_LIFE);
        assert_eq!(state(&book, NOW), (State::Pending, Some(lapses)));
        assert_eq!(state(&book, lapses), (State::Expired, None));
        let end = end_of(&world.pay(&mut book, NOW));
        let (grace, hold) = (end.plus(days(3)), end.plus(days(33)));
        assert_eq!(state(&book, NOW), (State::Active, Some(end)));
        assert_eq!(state(&book, end.minus(MILLI)), (State::Active, Some(end)));
        assert_eq!(state(&book, end), (State::Grace, Some(grace)));
        assert_eq!(state(&book, grace.minus(MILLI)), (State::Grace, Some(grace)));
        assert_eq!(state(&book, grace), (State::OnHold, Some(hold)));
        assert_eq!(state(&book, hold), (State::Expired, None));
        world.pay(&mut book, grace);
        assert_eq!(state(&book, grace).0, State::Active, "paying restores");
    }

    #[test]
    fn a_period_has_begun_when_clocks_differ_a_little() {
        let mut world = World::new();
        let mut book = world.book();
        let end = end_of(&world.pay(&mut book, NOW));
        let early = NOW.minus(limits::BILLING_CLOCK_SKEW);
        assert_eq!(state(&book, early), (State::Active, Some(end)));
        assert_eq!(state(&book, early.minus(MILLI)), (State::Pending, Some(early)));
    }

    #[test]
    fn a_trial_pauses_when_it_ends_unpaid_and_runs_into_what_is_paid() {
        let mut world = World::new();
        let (mut book, _) = world.open(plan(), false, NOW);
        let (end, hold) = (NOW.plus(days(14)), NOW.plus(days(14 + 3 + 30)));
        assert_eq!(state(&book, NOW), (State::Trialing, Some(end)));
        assert_eq!(state(&book, end), (State::Paused, Some(hold)));
        assert_eq!(state(&book, hold), (State::Expired, None));
        let paid_until = end_of(&world.pay(&mut book, NOW.plus(days(1))));
        assert_eq!(state(&book, NOW.plus(days(2))), (State::Trialing, Some(end)));
        assert_eq!(state(&book, end), (State::Active, Some(paid_until)));
    }

    #[test]
    fn a_cancellation_takes_access_at_the_end_or_at_once_and_no_grace_follows() {
        let mut world = World::new();
        let mut book = world.book();
        world.pay(&mut book, NOW);
        let end = end_of(&world.pay(&mut book, NOW));
        let later = NOW.plus(days(2));
        let (mut at_end, mut at_once) = (book.clone(), book);
        let keys = world.person.keys.clone();
        let leave = |book: &Book, when| cancel(book.history(), &keys, when, later);
        at_end.on_event(leave(&at_end, CancelWhen::AtPeriodEnd)).unwrap();
        assert_eq!(state(&at_end, later), (State::Canceling, Some(end)));
        assert_eq!(state(&at_end, end), (State::Expired, None));
        at_once.on_event(leave(&at_once, CancelWhen::Now)).unwrap();
        assert_eq!(state(&at_once, later), (State::Expired, None));
        assert_eq!(state(&at_once, NOW), (State::Active, Some(end)), "history stays what it was");
        let (mut unpaid, _) = world.open(plan(), true, NOW);
        unpaid.on_event(leave(&unpaid, CancelWhen::AtPeriodEnd)).unwrap();
        assert_eq!(state(&unpaid, later), (State::Expired, None));
    }

    #[test]
    fn a_late_receipt_for_a_past_period_is_history_and_not_access() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW);
        let long_after = end_of(&receipt).plus(days(60));
        assert_eq!(state(&book, long_after), (State::Expired, None));
    }

    #[test]
    fn what_was_given_back_is_over_unless_more_is_paid_for() {
        let mut world = World::new();
        let mut book = world.book();
        let first = world.pay(&mut book, NOW);
        let mut paid_ahead = book.clone();
        world.pay(&mut paid_ahead, NOW);
        let day = NOW.plus(days(1));
        for credit in [Credit::Refund, Credit::Revoke] {
            let wish = Wish {
                key: InvoiceKey::random(&mut world.rng),
                receipt: first.id(),
                credit,
                minor: None,
                access_ends: None,
                reason: "late".into(),
            };
            let (mut once, mut ahead) = (book.clone(), paid_ahead.clone());
            for book in [&mut once, &mut ahead] {
                book.credit(&wish, &world.business.keys, day).unwrap();
            }
            let over = |book: &Book, at| entitlement(book.history(), at).is_over();
            assert!(!over(&once, NOW) && over(&once, day), "{credit:?}");
            assert!(
                !over(&ahead, day) && !state(&ahead, day).0.has_access(),
                "the next period is yet to begin"
            );
        }
    }

    #[test]
    fn only_states_with_access_give_it() {
        let with = [State::Trialing, State::Active, State::Grace, State::Canceling];
        let without =
            [State::Pending, State::OnHold, State::Paused, State::Refunded, State::Revoked, State::Expired];
        assert!(with.iter().all(|state| state.has_access()));
        assert!(!without.iter().any(|state| state.has_access()));
        assert_eq!(serde_json::to_string(&State::OnHold).unwrap(), "\"on_hold\"");
    }

    /// A book in which a lot happened.
    fn eventful() -> (World, Book) {
        let mut world = World::new();
        let (mut book, _) = world.open(plan(), false, NOW);
        for day in [1, 20, 50, 130, 131] {
            world.pay(&mut book, NOW.plus(days(day)));
        }
        world.invoice(&mut book, NOW.plus(days(140)));
        (world, book)
    }

    /// The same with another price that was consented to, a plan that was changed, money given back, and a pause.
    fn cancelled_book() -> Book {
        let (mut world, mut book) = eventful();
        let (keys, theirs) = (world.business.keys.clone(), world.person.keys.clone());
        let dearer = Plan { version: 2, price: Money { minor: 2_490, ..plan().price }, ..plan() };
        let said = book.announce(&dearer, &keys, NOW.plus(days(60))).unwrap();
        let yes = agreement::consent(book.history(), &said.id(), true, NOW.plus(days(61))).unwrap();
        book.on_event(Recorded::sign(&theirs, yes)).unwrap();
        let gold = Plan { id: "gold".into(), price: Money { minor: 3_990, ..plan().price }, ..plan() };
        let now = NOW.plus(days(135));
        let change = agreement::propose_change(book.history(), gold.clone(), now).unwrap();
        let wish = Recorded::sign(&theirs, Event::PlanChange(change.clone()));
        book.on_event(wish.clone()).unwrap();
        book.agree_to_change(&wish.id(), &[gold], &keys, now).unwrap();
        let asked = book.issue_change_invoice((&change, wish.id()), &[], &keys, &mut world.rng, now).unwrap();
        let Event::Invoice(asked) = asked.event().clone() else { unreachable!() };
        book.mark_paid(&asked.key, &Payment::manual(), &keys, now).unwrap();
        let receipt = book.history().receipts()[1].1.id();
        for credit in [Credit::Refund, Credit::Revoke] {
            let key = InvoiceKey::random(&mut world.rng);
            let minor = (credit == Credit::Refund).then_some(100);
            let wish = Wish { key, receipt, credit, minor, access_ends: None, reason: "late".into() };
            book.credit(&wish, &keys, NOW.plus(days(30))).unwrap();
        }
        let pause = agreement::propose_pause(book.history(), NOW.plus(days(290)), NOW.plus(days(140)));
        let pause = Recorded::sign(&theirs, pause.unwrap());
        book.on_event(pause.clone()).unwrap();
        book.agree_to_pause(&pause.id(), &keys, NOW.plus(days(140))).unwrap();
        let leave = cancel(book.history(), &world.person.keys, CancelWhen::AtPeriodEnd, NOW.plus(days(150)));
        book.on_event(leave).unwrap();
        book
    }

    proptest! {
        #[test]
        fn events_in_any_order_and_any_number_give_the_same_state(
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..60), day in 0_u32..300,
        ) {
            let book = cancelled_book();
            let events: Vec<Recorded> = book.history().events().cloned().collect();
            let picked: Vec<&Recorded> = picks.iter().map(|pick| pick.get(&events)).collect();
            // The picked ones as they come, with repetitions, against the set of them in its own order.
            let mut shuffled = History::open(events[0].clone()).unwrap();
            for event in &picked {
                shuffled.add((*event).clone()).unwrap();
            }
            let sorted = events.iter().filter(|event| event.id() == events[0].id() || picked.contains(event));
            let sorted = History::of(sorted.cloned()).unwrap();
            let now = NOW.plus(days(day));
            prop_assert_eq!(entitlement(&shuffled, now), entitlement(&sorted, now));
            prop_assert_eq!(shuffled, sorted);
        }

        #[test]
        fn a_state_holds_until_the_moment_it_says(day in 0_u32..300, millis in 0_u64..86_400_000) {
            let (_, book) = eventful();
            let now = NOW.plus(days(day)).plus(Duration::from_millis(millis));
            let (before, Some(until)) = state(&book, now) else { return Ok(()) };
            prop_assert!(until > now);
            prop_assert_eq!(state(&book, until.minus(MILLI)), (before, Some(until)));
            prop_assert_ne!(state(&book, until).0, before);
        }
    }
}
