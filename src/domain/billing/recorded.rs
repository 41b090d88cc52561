//! One event of charging that its author signed.

use serde::{Deserialize, Serialize};

use crate::base::id::{DeviceId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::billing::jws;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::signer;
use crate::wire::account::Purposes;
use crate::wire::billing::{Event, EventKind, SignedEvent};
use crate::wire::decode::Malformed;
use crate::wire::signed::Signed;

/// An event, verified or made here. Serde writes and reads the signed bytes, for our own sealed store and for
/// views; what comes from outside goes through [`Recorded::verify`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "SignedEvent", into = "SignedEvent")]
pub struct Recorded {
    id: Digest,
    event: Event,
    signed: SignedEvent,
}

impl Recorded {
    /// Signs an event.
    pub fn sign(keys: &DeviceKeys, event: Event) -> Self {
        let kind = event.kind();
        let signed = Signed::new(keys.signing(), kind.label(), event.encode());
        Self {
            id: signed.digest(),
            event,
            signed: SignedEvent { kind, signer: keys.id(), signed, jws: None },
        }
    }

    /// The same with a receipt's facts signed once more as a JWS, by the same device; `log` is the issuer's.
    pub fn signed_twice(mut self, keys: &DeviceKeys, log: &AccountLog) -> Self {
        if let Event::Receipt(receipt) = &self.event {
            self.signed.jws = jws::sign(receipt, self.id, keys, log);
        }
        self
    }

    /// Verifies an event from outside against its author's account log: the signature, that the signer might
    /// sign events when this one was issued, and that it isn't from the future (clocks may differ by
    /// [`limits::BILLING_CLOCK_SKEW`]).
    pub fn verify(signed: SignedEvent, log: &AccountLog, now: Time) -> Result<Self, EventError> {
        Self::verify_in_line(signed, core::slice::from_ref(log), now)
    }

    /// The same where other accounts took the place of the author's since: `line` has its log, or that of an account
    /// whose place it took itself, and then those of its successors, each named by the one before. A device of a
    /// successor signs what goes on from what the author had begun.
    pub fn verify_in_line(signed: SignedEvent, line: &[AccountLog], now: Time) -> Result<Self, EventError> {
        let payload = signed.signed.verify(signed.signer.as_bytes(), signed.kind.label());
        let event = Event::decode(signed.kind, payload.map_err(|_| EventError::Signature)?)?;
        let from = line.iter().position(|log| log.account() == event.author()).ok_or(EventError::Author)?;
        let mut since = line[from..].iter();
        if !since.any(|log| could_sign(log, signed.signer, event.issued_at()))
            || !names_signer(&event, signed.signer)
        {
            return Err(EventError::Signer);
        }
        if event.issued_at() > now.plus(limits::BILLING_CLOCK_SKEW) {
            return Err(EventError::Future);
        }
        let id = signed.signed.digest();
        if let (Some(compact), Event::Receipt(receipt)) = (&signed.jws, &event)
            && !jws::holds(compact, receipt, id)
        {
            return Err(EventError::Signature);
        }
        Ok(Self { id, event, signed })
    }

    /// SHA-256 of the signed payload.
    pub const fn id(&self) -> Digest {
        self.id
    }

    /// What happened.
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// Which event it is.
    pub const fn kind(&self) -> EventKind {
        self.signed.kind
    }

    /// A receipt's second signature, where it was made.
    pub fn jws(&self) -> Option<&str> {
        self.signed.jws.as_deref()
    }

    /// The event as it travels.
    pub const fn signed(&self) -> &SignedEvent {
        &self.signed
    }
}

impl From<Recorded> for SignedEvent {
    fn from(recorded: Recorded) -> Self {
        recorded.signed
    }
}

impl TryFrom<SignedEvent> for Recorded {
    type Error = Malformed;

    fn try_from(signed: SignedEvent) -> Result<Self, Malformed> {
        let event = Event::decode(signed.kind, signed.signed.unverified())?;
        Ok(Self { id: signed.signed.digest(), event, signed })
    }
}

/// Whether the device might sign events of charging for the log's account at the moment `at`; see [`signer::could_sign`].
pub(super) fn could_sign(log: &AccountLog, device: DeviceId, at: Time) -> bool {
    signer::could_sign(log, device, Purposes::RECEIPT, at)
}

/// Whether the event, where it names the key it is signed with, names this one.
pub(super) fn names_signer(event: &Event, signer: DeviceId) -> bool {
    match event {
        Event::Receipt(receipt) => receipt.key == signer,
        _ => true,
    }
}

/// Why an event isn't believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EventError {
    /// The signature doesn't hold.
    #[error("the event's signature doesn't hold")]
    Signature,
    /// It doesn't parse or is out of bounds.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its author is another account than the log's.
    #[error("the event is another account's")]
    Author,
    /// The signer might not sign it then.
    #[error("the device that signed might not sign this event then")]
    Signer,
    /// It was issued later than now.
    #[error("the event is from the future")]
    Future,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::calendar::days;
    use crate::domain::billing::fixture::{NOW, Party, World};
    use crate::wire::account::{LogEntry, LogOperation};
    use crate::wire::plan::tests::plan;

    #[test]
    fn the_events_bytes_stay_as_they_are() {
        let mut world = World::new();
        let (mut book, grant) = world.open(plan(), false, NOW);
        let receipt = world.pay(&mut book, NOW);
        let (_, invoice) = book.history().invoices().next().unwrap();
        let leave = crate::domain::billing::subscriber::cancel(
            book.history(),
            &world.person.keys,
            crate::wire::billing::CancelWhen::Now,
            NOW,
        );
        let ids: Vec<String> =
            [&book.history().events().next().unwrap().clone(), &grant.unwrap(), invoice, &receipt, &leave]
                .map(|event| format!("{} {}", event.event().encode().len(), event.id()))
                .into();
        assert_eq!(
            ids,
            [
                "127 27cd833b3b25a033ee886c154ed19149997dbd6a85fb8a067875b247d01bb3be",
                "164 43e2cfa69b92762ded30602505b1bd4924488ed2e40fb8fe171659f2bdba7761",
                "206 a31bbcff58c2c02a87e38be08a011329e4e87e6306090ff5ef0ad7bafe134184",
                "272 178d763d8976ada837215b07a1a2cf86a47d6e82c342c2b479d48391d28132e5",
                "113 53e7cd0642e2248f39a7b2114a591f59ca184bea918923a012feb7021d2be894"
            ]
        );
    }

    #[test]
    fn no_byte_of_an_event_can_be_changed() {
        let mut world = World::new();
        let mut book = world.book();
        let receipt = world.pay(&mut book, NOW).signed_twice(&world.business.keys, &world.business.log);
        assert!(receipt.jws().is_some());
        let receipt = receipt.signed().encode();
        let verify = |bytes: &[u8]| {
            let event = SignedEvent::decode(bytes).map_err(EventError::Malformed)?;
            Recorded::verify(event, &world.business.log, NOW)
        };
        assert!(verify(&receipt).is_ok());
        for position in 0..receipt.len() {
            let mut changed = receipt.clone();
            changed[position] ^= 1;
            assert!(verify(&changed).is_err(), "byte {position}");
        }
    }

    #[test]
    fn an_event_holds_for_its_author_its_label_and_not_the_future() {
        let mut world = World::new();
        let request = world.request(plan(), NOW);
        let verify = |event: &SignedEvent, log: &AccountLog, now| {
            Recorded::verify(event.clone(), log, now).map(|recorded| recorded.id())
        };
        let early = NOW.minus(limits::BILLING_CLOCK_SKEW);
        assert_eq!(verify(request.signed(), &world.person.log, early), Ok(request.id()));
        let too_early = early.minus(core::time::Duration::from_millis(1));
        assert_eq!(verify(request.signed(), &world.person.log, too_early), Err(EventError::Future));
        assert_eq!(verify(request.signed(), &world.business.log, NOW), Err(EventError::Author));
        let relabelled = SignedEvent { kind: EventKind::Cancel, ..request.signed().clone() };
        assert_eq!(verify(&relabelled, &world.person.log, NOW), Err(EventError::Signature));
        // The business can't subscribe in the person's name.
        let forged = Recorded::sign(&world.business.keys, request.event().clone());
        assert_eq!(verify(forged.signed(), &world.person.log, NOW), Err(EventError::Signer));
    }

    #[test]
    fn a_rotated_key_holds_for_what_it_signed_before() {
        let mut business = Party::new(1, Purposes::ALL);
        let added = NOW.minus(days(400));
        business.log.append(&business.key, LogOperation::RevokeDevice(business.keys.id()), NOW).unwrap();
        let allowed = |at| could_sign(&business.log, business.keys.id(), at);
        let milli = core::time::Duration::from_millis(1);
        assert!(allowed(NOW.minus(milli)) && !allowed(NOW));
        assert!(allowed(added) && allowed(added.minus(limits::BILLING_CLOCK_SKEW)));
        assert!(!allowed(added.minus(limits::BILLING_CLOCK_SKEW + milli)));
        // A device that came back holds for both times and not for the time between.
        let back = NOW.plus(days(10));
        let add = LogOperation::AddDevice(business.keys.member(&business.key.id(), Purposes::ALL));
        business.log.append(&business.key, add, back).unwrap();
        let allowed = |at| could_sign(&business.log, business.keys.id(), at);
        assert!(allowed(NOW.minus(milli)) && !allowed(NOW.plus(days(5))) && allowed(back));
        // A log that begins with a snapshot vouches for its devices from the snapshot's time on.
        let mut long = Party::new(4, Purposes::ALL);
        let others: Vec<_> = (0..7).map(|byte| Party::new(50 + byte, Purposes::MESSAGE)).collect();
        for (day, other) in (0..).zip(&others).cycle().take(14) {
            let id = other.keys.id();
            let is_there = long.log.devices().any(|device| device.id == id);
            let add = LogOperation::AddDevice(other.keys.member(&long.key.id(), Purposes::MESSAGE));
            let operation = if is_there { LogOperation::RevokeDevice(id) } else { add };
            long.log.append(&long.key, operation, NOW.plus(days(day))).unwrap();
        }
        let carried = AccountLog::verify(long.key.id(), long.log.carried()).unwrap();
        let begins = LogEntry::decode(carried.entries()[0].unverified()).unwrap();
        assert!(matches!(begins.operation, LogOperation::Snapshot { .. }), "the story is long enough");
        let allowed = |at| could_sign(&carried, long.keys.id(), at);
        assert!(allowed(begins.at) && allowed(begins.at.plus(days(9))));
        assert!(!allowed(begins.at.minus(days(1))), "but not for what came before it");
        assert!(could_sign(&long.log, long.keys.id(), begins.at.minus(days(1))), "which the whole log shows");
        let talker = Party::new(3, Purposes::MESSAGE);
        assert!(!could_sign(&talker.log, talker.keys.id(), NOW));
        assert!(!could_sign(&business.log, talker.keys.id(), NOW.minus(milli)));
    }
}
