//! Samples of charging: every event, signed.

use core::time::Duration;

use sigillo::base::charging;
use sigillo::base::id::Digest;
use sigillo::base::money::Money;
use sigillo::wire::billing::{
    Answer, CancelIntent, CancelWhen, Credit, CreditNote, CreditNoteReversed, Event, Evidence, Invoice,
    Offer, Parties, Pause, PlanChange, PriceChange, Receipt, SignedEvent, Subscribe, Tax, Terms, TrialGrant,
};
use sigillo::wire::invoice_key::InvoiceKey;
use sigillo::wire::plan::{Period, Plan};
use sigillo::wire::rail::{Payee, Rail, TrustClass};
use sigillo::wire::signed::Signed;

use crate::people::{NOW, Person};
use crate::samples::{Sample, chosen};

/// A plan.
pub fn plan() -> Plan {
    Plan {
        id: "pro".into(),
        version: 1,
        name: "Pro".into(),
        price: Money { minor: 1_990, currency: "BRL".parse().expect("a currency") },
        period: Period::Monthly,
        trial_days: 14,
        grace_days: 3,
        hold_days: 30,
    }
}

/// An event of each kind between two people.
pub fn events() -> [Event; 14] {
    let (business, person) = (Person::new(3), Person::new(4));
    let (issuer, subject) = (business.key.id(), person.key.id());
    let nonce = [9; 16];
    let subscribe = Event::Subscribe(Subscribe { issuer, subject, plan: plan(), nonce, issued_at: NOW });
    let subscription = Digest::new([5; 32]);
    let terms = Terms { issuer, subject, subscription, plan: "pro".into(), plan_hash: plan().hash() };
    let (start, end) = (NOW, NOW.plus(Duration::from_secs(30 * 86_400)));
    let key: InvoiceKey = "ABCDEFGHIJKLMNOPQR27".parse().expect("an invoice key");
    let amount = plan().price;
    let parties = Parties { issuer, subject, subscription };
    let account = "pix@padaria.example".into();
    let payee = Payee { rail: Rail::Pix, account, name: "Padaria".into(), place: "Recife".into() };
    let event = Digest::new([8; 32]);
    let later = NOW.plus(charging::PRICE_NOTICE);
    [
        subscribe,
        Event::Trial(TrialGrant { terms: terms.clone(), start, end, issued_at: NOW }),
        Event::Invoice(Invoice {
            terms: terms.clone(),
            key,
            period_start: start,
            period_end: end,
            amount,
            rails: vec![Rail::Manual, Rail::Pix],
            payees: vec![payee.clone()],
            change: Some(Digest::new([8; 32])),
            expires: end,
            issued_at: NOW,
        }),
        Event::Receipt(Receipt {
            terms,
            invoice: key,
            seq: 0,
            previous: Digest::new([0; 32]),
            period_start: start,
            period_end: end,
            grace_days: 3,
            amount,
            tax: vec![Tax { name: "ISS".into(), basis_points: 500, minor: 99 }],
            rail: Rail::Manual,
            trust_class: TrustClass::B,
            evidence_hash: Some(Digest::new([6; 32])),
            issued_at: NOW,
            key: business.id(),
        }),
        Event::Cancel(CancelIntent { issuer, subject, subscription, when: CancelWhen::Now, issued_at: NOW }),
        Event::Offer(Offer { parties, invoice: key, payee, issued_at: NOW }),
        Event::Evidence(Evidence {
            parties,
            invoice: key,
            rail: Rail::Pix,
            proof: vec![7; 32],
            issued_at: NOW,
        }),
        Event::CreditNote(CreditNote {
            parties,
            key,
            receipt: event,
            credit: Credit::Refund,
            amount,
            access_ends: end,
            reason: "spoiled".into(),
            issued_at: NOW,
        }),
        Event::CreditReversed(CreditNoteReversed {
            parties,
            note: event,
            reason: "a mistake".into(),
            issued_at: NOW,
        }),
        Event::PlanChange(PlanChange {
            parties,
            from: plan().hash(),
            to: plan(),
            at: start,
            until: end,
            credit: amount,
            charge: amount,
            issued_at: NOW,
        }),
        Event::Agreement(Answer { parties, event, agrees: true, issued_at: NOW }),
        Event::PriceChange(PriceChange {
            parties,
            from: plan().hash(),
            to: plan(),
            effective: later,
            issued_at: NOW,
        }),
        Event::Consent(Answer { parties, event, agrees: false, issued_at: NOW }),
        Event::Pause(Pause { parties, until: end, issued_at: NOW }),
    ]
}

/// The same as it travels, signed by the business whoever should have.
pub fn signed_event(event: &Event) -> SignedEvent {
    let business = Person::new(3);
    let signed = Signed::new(business.device.signing(), event.kind().label(), event.encode());
    SignedEvent { kind: event.kind(), signer: business.id(), signed, jws: None }
}

/// Each event, bare and signed.
pub fn billing() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (choice, event) in (0..).zip(events()) {
        samples.push(("billing", chosen(choice, &event.encode())));
        samples.push(("billing", chosen(14, &signed_event(&event).encode())));
    }
    samples
}
