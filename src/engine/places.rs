//! Places with a relay for those who pay: ours for others, and others' for us.

use serde::{Deserialize, Serialize};

use crate::base::charging;
use crate::base::id::Digest;
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::calendar::days;
use crate::domain::billing::carrier::{file_of, showing_of};
use crate::domain::billing::export::{Along, Expect, verify_with};
use crate::domain::identity::address;
use crate::domain::mailbox::admission::NamedPlan;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::commerce::RECEIPTS;
use crate::engine::effects::Effect;
use crate::engine::input::Ticket;
use crate::engine::ledger;
use crate::engine::machine::{Engine, Step};
use crate::engine::paid::PaidPlace;
use crate::engine::pending::Question;
use crate::store::key::TableId;
use crate::store::table::{Rows as _, Table};
use crate::wire::ask::{Answer, Ask};
use crate::wire::peer::{PeerAddress, PeerKey};
use crate::wire::place::{Showing, challenge};

/// Whom the relay keeps a place for, by the peer.
const PLACES: Table<Place> = Table::new(TableId::RelayPlaces, 1);

/// A place that is paid for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    peer: PeerKey,
    receipt: Digest,
    until: Time,
}

impl Engine {
    /// From now on places with this node's relay are for those who show a receipt of this plan.
    pub fn relay_for(&mut self, plan: NamedPlan) {
        self.relay_plan = Some(plan);
    }

    /// The network is new: it is told for whom the relay keeps places.
    pub(super) fn places_again(&mut self, step: &Step<'_, '_>) {
        if self.relay_plan.is_some() {
            for place in places(step) {
                let life = place.until.since(step.now);
                self.effects.push(Effect::KeepPlace { peer: place.peer, life });
            }
        }
    }

    /// A peer wants a place with our relay.
    pub(super) fn place_asked(
        &mut self,
        step: &Step<'_, '_>,
        guest: &PeerKey,
        showing: Option<&Showing>,
    ) -> Option<Answer> {
        let NamedPlan { issuer, plan } = self.relay_plan.clone()?;
        let paid = showing.and_then(|showing| self.place_paid(step, guest, showing));
        let Some((receipt, until)) = paid else { return Some(Answer::Unpaid { issuer, plan }) };
        let others: Vec<Place> = places(step).into_iter().filter(|place| place.peer != *guest).collect();
        let of_receipt = others.iter().filter(|place| place.receipt == receipt).count();
        if others.len() >= charging::PLACES_MAX || of_receipt >= charging::PLACES_PER_RECEIPT {
            return None;
        }
        step.tx.put(&PLACES, PLACES.key(guest.as_bytes()), Place { peer: guest.clone(), receipt, until });
        self.effects.push(Effect::KeepPlace { peer: guest.clone(), life: until.since(step.now) });
        Some(Answer::Place(until))
    }

    /// What is shown pays for a place of this guest, and until when: a receipt of the plan that holds now, shown by its
    /// subject for the guest and for us, and not taken back as far as we know.
    fn place_paid(&self, step: &Step<'_, '_>, guest: &PeerKey, showing: &Showing) -> Option<(Digest, Time)> {
        let NamedPlan { issuer, plan } = self.relay_plan.as_ref()?;
        let wanted = challenge(self.peer.as_ref()?, guest);
        let file = file_of(showing);
        // Where we sell the plan ourselves, our own books say what was taken back.
        let notes = ledger::credit_notes(step.tx, &showing.receipt.receipt.digest(), step.now);
        let along = Along { notes: notes.as_ref(), challenge: Some(&wanted) };
        let expect = Expect { issuer: Some(*issuer), subject: None, at: Some(step.now) };
        let verdict = verify_with(&file, &expect, &along).ok()?;
        let receipt = verdict.receipt;
        let until = receipt.period_end.plus(days(receipt.grace_days));
        (receipt.terms.plan == *plan && until > step.now).then_some((verdict.id, until))
    }

    /// Asks a relay for a place: with a receipt of ours, or to hear which plan pays for one. A place that is paid for is
    /// asked for again with the next receipt, as soon as that holds.
    pub(super) fn ask_place(
        &mut self,
        step: &Step<'_, '_>,
        ticket: Ticket,
        at: PeerAddress,
        receipt: Option<&Digest>,
    ) {
        if let Err(refusal) = self.ask_relay(step, Some(ticket), at, receipt) {
            self.reply(ticket, Err(refusal));
        }
    }

    /// The same for whoever waits for an answer, or nobody.
    pub(super) fn ask_relay(
        &mut self,
        step: &Step<'_, '_>,
        ticket: Option<Ticket>,
        at: PeerAddress,
        receipt: Option<&Digest>,
    ) -> Result<(), Refusal> {
        let showing = receipt.map(|receipt| self.showing(step, at.peer(), receipt)).transpose()?;
        let body = Ask::Place(showing.map(Box::new)).encode();
        if body.len() > limits::ASK_MAX {
            return Err(wrong("the receipt and its logs are too large to be shown"));
        }
        let kept = receipt.and_then(|receipt| {
            let subscription = step.tx.copy(&RECEIPTS, receipt.as_bytes())?;
            Some(Box::new(PaidPlace { relay: at.clone(), subscription, receipt: *receipt, until: step.now }))
        });
        self.ask_network(Question::Place { ticket, kept }, |query| Effect::Ask { query, peer: at, body });
        Ok(())
    }

    fn showing(
        &mut self,
        step: &Step<'_, '_>,
        relay: &PeerKey,
        receipt: &Digest,
    ) -> Result<Showing, Refusal> {
        let us = self.peer.clone().ok_or(Refusal::Offline)?;
        match self.present(step, receipt, &challenge(relay, &us))? {
            Outcome::Presented { file } => {
                showing_of(&file).ok_or_else(|| wrong("the receipt can't be shown"))
            }
            _ => Err(wrong("the receipt can't be shown")),
        }
    }

    /// What a relay says to a wish for a place.
    pub(super) fn place_answered(
        &mut self,
        step: &Step<'_, '_>,
        ticket: Option<Ticket>,
        kept: Option<Box<PaidPlace>>,
        answer: Option<Answer>,
    ) {
        if let Some(kept) = kept {
            self.paid_place_answered(step, *kept, answer.as_ref());
        }
        let Some(ticket) = ticket else { return };
        let result = match answer {
            Some(Answer::Place(until)) => Ok(Outcome::PlaceKept { until }),
            Some(Answer::Unpaid { issuer, plan }) => {
                let issuer = address::encode(&issuer);
                Err(Refusal::Billing(format!(
                    "the relay wants a receipt of the plan {plan} of {issuer}: `sigillo subscribe {issuer} {plan}`, then \
                     `--receipt` with the receipt's id"
                )))
            }
            Some(_) => Err(wrong("the node keeps no places by receipt, or has none left for this receipt")),
            None => Err(wrong("the relay doesn't answer")),
        };
        self.reply(ticket, result);
    }
}

/// Places that are still paid for; the others are forgotten.
fn places(step: &Step<'_, '_>) -> Vec<Place> {
    let all = step.tx.scan(&PLACES, &PLACES.all()).into_iter().map(|(_, place)| (*place).clone());
    let (kept, past): (Vec<_>, Vec<_>) = all.partition(|place| place.until > step.now);
    past.iter().for_each(|place| step.tx.delete(&PLACES, PLACES.key(place.peer.as_bytes())));
    kept
}

fn wrong(words: &str) -> Refusal {
    Refusal::Billing(words.to_owned())
}
