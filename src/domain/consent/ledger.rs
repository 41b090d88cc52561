//! Signed consents, given and taken back, kept by both sides.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::consent_limits;
use crate::base::id::AccountId;
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::signer;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::account::Purposes;
use crate::wire::consent::{Consent, SignedConsent, Topic};
use crate::wire::decode::Malformed;
use crate::wire::signed::Signed;

/// Consents between us and a contact, by the account under which the contact was known first, at their number.
pub const CONSENTS: Table<Given> = Table::new(TableId::Consents, 1);

/// A consent, verified or made here. Serde writes and reads the signed bytes, for our own sealed store; what comes from
/// outside goes through [`Given::verify`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "SignedConsent", into = "SignedConsent")]
pub struct Given {
    consent: Consent,
    signed: SignedConsent,
}

impl Given {
    /// Signs a consent with the keys of a device that speaks for the person's account.
    pub fn sign(keys: &DeviceKeys, consent: Consent) -> Self {
        let signed = Signed::new(keys.signing(), label::CONSENT, consent.encode());
        Self { consent, signed: SignedConsent { signer: keys.id(), signed } }
    }

    /// Verifies a consent from outside: the signature, and that the signer might write for the person when it was issued.
    /// `line` has the logs of the person's account and of those that took its place, oldest first. One from the future
    /// is believed, too: the person's own node decides by its own clock.
    pub fn verify(signed: SignedConsent, line: &[AccountLog]) -> Result<Self, ConsentError> {
        let payload = signed.signed.verify(signed.signer.as_bytes(), label::CONSENT);
        let consent = Consent::decode(payload.map_err(|_| ConsentError::Signature)?)?;
        let from = line.iter().position(|log| log.account() == consent.person);
        let mut since = line[from.ok_or(ConsentError::Person)?..].iter();
        if !since.any(|log| signer::could_sign(log, signed.signer, Purposes::MESSAGE, consent.issued)) {
            return Err(ConsentError::Signer);
        }
        Ok(Self { consent, signed })
    }

    /// What is said.
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }

    /// It as it travels.
    pub const fn signed(&self) -> &SignedConsent {
        &self.signed
    }
}

impl From<Given> for SignedConsent {
    fn from(given: Given) -> Self {
        given.signed
    }
}

impl TryFrom<SignedConsent> for Given {
    type Error = Malformed;

    fn try_from(signed: SignedConsent) -> Result<Self, Malformed> {
        Ok(Self { consent: Consent::decode(signed.signed.unverified())?, signed })
    }
}

/// Why a consent isn't believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConsentError {
    /// The signature doesn't hold.
    #[error("the signature doesn't hold")]
    Signature,
    /// It doesn't parse or is out of bounds.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It is another person's.
    #[error("it is another person's")]
    Person,
    /// The signer might not sign it then.
    #[error("the device that signed might not sign it then")]
    Signer,
}

/// Keeps a consent; whether it is news. Beyond [`consent_limits::CONSENTS_MAX`] the oldest goes that doesn't hold any more.
pub fn keep(tx: &Tx<'_>, thread: &AccountId, given: &Given) -> bool {
    let key = CONSENTS.key_at(thread.as_bytes(), given.consent.seq);
    if tx.with(&CONSENTS, &key, |_| ()).is_some() {
        return false;
    }
    tx.put(&CONSENTS, key, given.clone());
    let mut newest = BTreeSet::new();
    let rows = tx.scan(&CONSENTS, &CONSENTS.of(thread.as_bytes()).reversed());
    let over = rows.len().saturating_sub(consent_limits::CONSENTS_MAX);
    let mut past: Vec<_> = rows.into_iter().filter(|(_, row)| !newest.insert(row.consent.topic)).collect();
    past.reverse();
    past.into_iter().take(over).for_each(|(key, _)| tx.delete(&CONSENTS, key));
    true
}

/// Everything that is kept between us and a contact, oldest first.
pub fn all(rows: &impl Rows, thread: &AccountId) -> Vec<Arc<Given>> {
    rows.scan(&CONSENTS, &CONSENTS.of(thread.as_bytes())).into_iter().map(|(_, given)| given).collect()
}

/// The last word on a topic.
pub fn last(rows: &impl Rows, thread: &AccountId, topic: Topic) -> Option<Arc<Given>> {
    let newest = rows.scan(&CONSENTS, &CONSENTS.of(thread.as_bytes()).reversed());
    newest.into_iter().map(|(_, given)| given).find(|given| given.consent.topic == topic)
}

/// Whether a consent to the topic holds at `now`.
pub fn holds(rows: &impl Rows, thread: &AccountId, topic: Topic, now: Time) -> bool {
    last(rows, thread, topic).is_some_and(|given| is_in_force(&given.consent, now))
}

/// Whether a consent, the last one on its topic, holds at `now`.
pub fn is_in_force(consent: &Consent, now: Time) -> bool {
    consent.granted && now < consent.expires
}

/// The number of the next consent: above all that were given, those among them that a device which is lost had given.
pub fn next_seq(rows: &impl Rows, thread: &AccountId, now: Time) -> u64 {
    let last = rows.scan(&CONSENTS, &CONSENTS.of(thread.as_bytes()).reversed().limit(1)).pop();
    let last = last.map_or(0, |(_, given)| given.consent.seq);
    (last + 1).max(now.as_millis()).min(limits::SEQUENCE_MAX)
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use core::time::Duration;

    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::identity::account::AccountKey;
    use crate::domain::identity::account::Seed;
    use crate::store::memory::NOTHING;
    use crate::wire::account::LogOperation;

    pub(in crate::domain) const NOW: Time = Time::from_millis(1_800_000_000_000);
    pub(in crate::domain) const BUSINESS: AccountId = AccountId::new([1; 32]);
    const DAY: Duration = Duration::from_secs(86_400);

    pub(in crate::domain) struct Person {
        pub(in crate::domain) key: AccountKey,
        pub(in crate::domain) keys: DeviceKeys,
        pub(in crate::domain) log: AccountLog,
    }

    impl Person {
        pub(in crate::domain) fn new(byte: u8) -> Self {
            let key = Seed::from_secret(Secret::new([byte; 32])).subjects().towards(&BUSINESS);
            let keys = DeviceKeys::derive(&Secret::new([byte ^ 0xFF; 32]), &key.id());
            let log = AccountLog::begin(&key, keys.member(&key.id(), Purposes::ALL), NOW.minus(DAY * 9));
            Self { key, keys, log }
        }

        pub(in crate::domain) fn says(&self, topic: Topic, granted: bool, seq: u64) -> Given {
            let expires = if granted { NOW.plus(DAY) } else { Time::EPOCH };
            let person = self.key.id();
            let consent = Consent { business: BUSINESS, person, topic, granted, seq, issued: NOW, expires };
            Given::sign(&self.keys, consent)
        }
    }

    #[test]
    fn a_consent_holds_for_its_person_and_a_device_of_theirs() {
        let (ana, bento) = (Person::new(2), Person::new(3));
        let given = ana.says(Topic::Utility, true, 1);
        let verify = |given: &Given, log: &AccountLog| {
            Given::verify(given.signed().clone(), core::slice::from_ref(log))
        };
        assert_eq!(verify(&given, &ana.log), Ok(given.clone()));
        assert_eq!(verify(&given, &bento.log), Err(ConsentError::Person));
        // Somebody else's device can't consent in Ana's name.
        let forged = Given::sign(&bento.keys, given.consent().clone());
        assert_eq!(verify(&forged, &ana.log), Err(ConsentError::Signer));
        let mut revoked = ana.log.clone();
        revoked.append(&ana.key, LogOperation::RevokeDevice(ana.keys.id()), NOW).unwrap();
        assert_eq!(verify(&given, &revoked), Err(ConsentError::Signer));
        let other = SignedConsent { signer: bento.keys.id(), ..given.signed().clone() };
        assert_eq!(Given::verify(other, core::slice::from_ref(&ana.log)), Err(ConsentError::Signature));
    }

    #[test]
    fn no_byte_of_a_consent_can_be_changed() {
        let ana = Person::new(2);
        let given = ana.says(Topic::Marketing, true, 1);
        let payload = given.consent().encode();
        let signature = crate::wire::document::SignedDocument::new(&given.signed().signed).signature;
        for at in 0..payload.len() {
            let (mut payload, signature) = (payload.clone(), signature.clone());
            payload[at] ^= 1;
            let document = crate::wire::document::SignedDocument { payload, signature };
            let Ok(signed) = document.signed(consent_limits::CONSENT_MAX) else { continue };
            let signed = SignedConsent { signer: ana.keys.id(), signed };
            assert!(Given::verify(signed, core::slice::from_ref(&ana.log)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn the_last_word_on_a_topic_holds_until_it_expires_whatever_order_it_came_in() {
        let (ana, tx) = (Person::new(2), Tx::new(&NOTHING));
        let holds = |topic| holds(&tx, &BUSINESS, topic, NOW);
        assert!(!holds(Topic::Utility));
        assert!(keep(&tx, &BUSINESS, &ana.says(Topic::Utility, true, 5)));
        assert!(!keep(&tx, &BUSINESS, &ana.says(Topic::Utility, false, 5)), "one number, one word");
        assert!(holds(Topic::Utility) && !holds(Topic::Marketing));
        keep(&tx, &BUSINESS, &ana.says(Topic::Utility, false, 3));
        assert!(holds(Topic::Utility), "what came late was said before");
        keep(&tx, &BUSINESS, &ana.says(Topic::Utility, false, 6));
        assert!(!holds(Topic::Utility));
        keep(&tx, &BUSINESS, &ana.says(Topic::Utility, true, 7));
        assert!(holds(Topic::Utility));
        assert!(!super::holds(&tx, &BUSINESS, Topic::Utility, NOW.plus(DAY)), "expired");
    }

    #[test]
    fn the_ledger_is_bounded_and_never_forgets_the_last_word() {
        let (ana, tx) = (Person::new(2), Tx::new(&NOTHING));
        keep(&tx, &BUSINESS, &ana.says(Topic::Marketing, false, 1));
        for seq in 2..200 {
            keep(&tx, &BUSINESS, &ana.says(Topic::Utility, seq % 2 == 0, seq));
        }
        assert_eq!(all(&tx, &BUSINESS).len(), consent_limits::CONSENTS_MAX);
        assert_eq!(last(&tx, &BUSINESS, Topic::Marketing).unwrap().consent().seq, 1);
        assert_eq!(last(&tx, &BUSINESS, Topic::Utility).unwrap().consent().seq, 199);
        assert_eq!(next_seq(&tx, &BUSINESS, Time::from_millis(9)), 200);
        assert_eq!(next_seq(&tx, &AccountId::new([9; 32]), NOW), NOW.as_millis(), "above what was lost");
    }
}
