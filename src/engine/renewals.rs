//! What was shown with one receipt is shown with the next: places with relays, space at mailboxes, listings.

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;
use crate::domain::billing::export::ReceiptFile;
use crate::domain::billing::standing::{Counted, Standing};
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::mailbox::owner::{self, OWN_QUEUES, Purpose};
use crate::engine::command::NewMailbox;
use crate::engine::commerce::{EVENTS, event_key, history};
use crate::engine::ledger;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::mailbox_state::Op;
use crate::engine::paid::{PAID_PLACES, PaidPlace};
use crate::store::table::Rows;
use crate::wire::ask::Answer;
use crate::wire::billing::{Event, EventKind, Receipt};
use crate::wire::record::Listing;
use crate::wire::signed::Signed;

impl Engine {
    /// A receipt of ours, as a subscriber, came: where the one before it was shown, it is shown once it holds.
    pub(super) fn receipt_came(&mut self, step: &Step<'_, '_>, receipt: &Receipt) {
        let job = Job::Shown(receipt.terms.subscription);
        self.agenda.set_by(step.tx, job, receipt.period_start.max(step.now));
    }

    /// Shows the receipt of a subscription that holds now wherever an earlier one of it was shown.
    pub(super) fn show_newest(&mut self, step: &mut Step<'_, '_>, subscription: &Digest) {
        let Some(history) = history(step.tx, subscription) else { return };
        let standing = Standing::of(&history);
        if let Some(next) = next_start(&standing, step.now) {
            self.agenda.set_by(step.tx, Job::Shown(*subscription), next);
        }
        let Some(newest) = holding(&standing, step.now) else { return };
        self.places_with(step, subscription, &newest);
        self.listings_with(step, subscription, &newest);
        self.mailboxes_with(step, subscription, &newest);
    }

    fn places_with(&mut self, step: &Step<'_, '_>, subscription: &Digest, newest: &Digest) {
        let places = step.tx.scan(&PAID_PLACES, &PAID_PLACES.all());
        let of_another = |place: &PaidPlace| place.subscription == *subscription && place.receipt != *newest;
        for (_, place) in places.into_iter().filter(|(_, place)| of_another(place)) {
            let asked = self.online && self.ask_relay(step, None, place.relay.clone(), Some(newest)).is_ok();
            if !asked {
                self.show_later(step, subscription);
            }
        }
    }

    /// What a relay said to the showing of a receipt.
    pub(super) fn paid_place_answered(
        &mut self,
        step: &Step<'_, '_>,
        place: PaidPlace,
        answer: Option<&Answer>,
    ) {
        let key = PAID_PLACES.key(place.relay.peer().as_bytes());
        match answer {
            Some(Answer::Place(until)) => {
                let known = step.tx.scan(&PAID_PLACES, &PAID_PLACES.all());
                let others = known.iter().filter(|(other, _)| *other != key);
                if others.clone().count() >= charging::PAID_PLACES_MAX
                    && let Some((oldest, _)) = others.min_by_key(|(_, place)| place.until)
                {
                    step.tx.delete(&PAID_PLACES, oldest.clone());
                }
                step.tx.put(&PAID_PLACES, key, PaidPlace { until: *until, ..place });
            }
            // It may be off: a place that was kept is asked for again.
            None if step.tx.get(&PAID_PLACES, &key).is_some() => self.show_later(step, &place.subscription),
            _ => {}
        }
    }

    fn show_later(&mut self, step: &Step<'_, '_>, subscription: &Digest) {
        let later = step.now.plus(charging::SHOWING_PAUSE);
        self.agenda.set_by(step.tx, Job::Shown(*subscription), later);
    }

    fn listings_with(&mut self, step: &Step<'_, '_>, subscription: &Digest, newest: &Digest) {
        let Some(published) = step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID) else { return };
        let Some(event) = step.tx.get(&EVENTS, &event_key(subscription, newest)) else { return };
        let listing = Listing { receipt: event.signed().signed.clone(), signer: event.signed().signer };
        let mut listings = published.draft().listings.clone();
        let earlier = |listing: &Listing| is_of(&listing.receipt, subscription);
        listings.iter_mut().filter(|known| earlier(known)).for_each(|known| *known = listing.clone());
        if listings != published.draft().listings {
            // Refused, it stays as it is; the profile of a business can always be written again.
            let _ = self.change_profile(step, |draft| draft.listings = listings);
        }
    }

    fn mailboxes_with(&mut self, step: &mut Step<'_, '_>, subscription: &Digest, newest: &Digest) {
        let shown = ledger::receipt_file(step.tx, newest).as_ref().and_then(ReceiptFile::to_shown);
        let Some(shown) = shown else { return };
        for mailbox in owner::standing(step.tx) {
            let earlier = mailbox.receipt.as_ref().filter(|known| is_of(&known.receipt, subscription));
            if earlier.is_none_or(|known| known.receipt == shown.receipt) {
                continue;
            }
            let (at, token) = (mailbox.at.clone(), mailbox.token);
            self.take_on(step, NewMailbox { at: at.clone(), token, receipt: Some(shown.clone()) });
            for (key, queue) in step.tx.scan(&OWN_QUEUES, &OWN_QUEUES.all()) {
                let stands = queue.mailbox == *at.peer() && queue.replaced.is_none();
                let id = crate::base::id::ReadId::from_slice(&key.id);
                if let (true, Purpose::Pair { .. }, Some(id)) = (stands, &queue.purpose, id) {
                    self.ask_mailbox(step, &at, Op::New(id));
                }
            }
        }
    }
}

/// Whether what was shown is a receipt of the subscription; it was verified when it came.
fn is_of(receipt: &Signed, subscription: &Digest) -> bool {
    let event = Event::decode(EventKind::Receipt, receipt.unverified());
    event.is_ok_and(|event| event.subscription() == Some(*subscription))
}

/// The receipt that holds at `now` for the longest time.
fn holding(standing: &Standing<'_>, now: Time) -> Option<Digest> {
    let until = |counted: &Counted<'_>| {
        let paid = counted.receipt.period_end.plus(days(counted.receipt.grace_days));
        counted.cut.map_or(paid, |(ends, _)| ends.min(paid))
    };
    let holds = |counted: &&Counted<'_>| counted.receipt.period_start <= now && now < until(counted);
    standing.receipts.iter().filter(holds).max_by_key(|counted| until(counted)).map(|counted| counted.id)
}

/// When the next period that is paid for begins.
fn next_start(standing: &Standing<'_>, now: Time) -> Option<Time> {
    let later =
        standing.receipts.iter().map(|counted| counted.receipt.period_start).filter(|start| *start > now);
    later.min()
}
