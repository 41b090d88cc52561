//! The statement, under a former account's keys, that another account took its place.

use crate::base::id::{AccountId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::crypto::kdf::label;
use crate::domain::directory::profile::{ProfileError, check_life};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved;
use crate::domain::identity::succession;
use crate::wire::account::Purposes;
use crate::wire::signed::Signed;
use crate::wire::succession::{Statement, SuccessionRecord};

/// A statement that holds now: the ended logs are signed by the identity keys, the successor accepted, and a device of
/// the former account says that it is still so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedSuccession {
    statement: Statement,
    line: Vec<AccountLog>,
    digest: Digest,
    bytes: Vec<u8>,
}

impl VerifiedSuccession {
    /// Verifies a record from anywhere: size, only encoding, each log and whom it names, signer, signature and time.
    ///
    /// # Errors
    /// Why it isn't believed.
    pub fn verify(bytes: &[u8], now: Time) -> Result<Self, ProfileError> {
        if bytes.len() > limits::PROFILE_MAX {
            return Err(ProfileError::TooLarge);
        }
        let record = SuccessionRecord::decode(bytes)?;
        let line = succession::line(record.former).map_err(|_| ProfileError::Succession)?;
        let (first, last) = line.first().zip(line.last()).ok_or(ProfileError::Succession)?;
        // The rotation took every device out; who spoke for the account until then says that it took place.
        let before = first.before_its_end().ok_or(ProfileError::Succession)?;
        before.device(&record.signer, Purposes::PROFILE).ok_or(ProfileError::Signer)?;
        let payload = record.statement.verify(record.signer.as_bytes(), label::FORWARD);
        let statement = Statement::decode(payload.map_err(|_| ProfileError::Signature)?)?;
        if statement.account != first.account() || statement.log_head != first.head() {
            return Err(ProfileError::OtherLog);
        }
        // Whose place is taken by its own successor has none.
        let circle = line.iter().any(|log| log.account() == statement.successor);
        if last.successor() != Some(statement.successor) || circle {
            return Err(ProfileError::Succession);
        }
        check_life(statement.issued, statement.expires, now)?;
        let digest = record.statement.digest();
        Ok(Self { statement, line, digest, bytes: bytes.to_vec() })
    }

    /// Signs a statement about the first of these ended logs; the last names who stands there now. Its number is above
    /// `after`, and above that of every profile.
    pub fn sign(keys: &DeviceKeys, line: &[AccountLog], after: u64, now: Time) -> Option<Vec<u8>> {
        let (first, successor) = (line.first()?, line.last()?.successor()?);
        let seq = after.saturating_add(1).max(limits::SUCCESSION_SEQ.saturating_add(now.as_millis()));
        let statement = Statement {
            account: first.account(),
            seq,
            issued: now,
            expires: now.plus(limits::PROFILE_LIFE),
            log_head: first.head(),
            successor,
        };
        let statement = Signed::new(keys.signing(), label::FORWARD, statement.encode());
        let record = SuccessionRecord { former: moved::statement(line), signer: keys.id(), statement };
        Some(record.encode())
    }

    /// The former account.
    pub const fn account(&self) -> AccountId {
        self.statement.account
    }

    /// The account that stands there now.
    pub const fn successor(&self) -> AccountId {
        self.statement.successor
    }

    /// Its number.
    pub const fn seq(&self) -> u64 {
        self.statement.seq
    }

    /// Until when it counts.
    pub const fn expires(&self) -> Time {
        self.statement.expires
    }

    /// The ended logs, oldest first; each but the last names the next one's account.
    pub fn line(&self) -> &[AccountLog] {
        &self.line
    }

    /// The former account's log, ended.
    pub fn log(&self) -> &AccountLog {
        &self.line[0]
    }

    /// SHA-256 of the signed payload.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The record, as it lies in the DHT.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::directory::candidate::Candidate;
    use crate::domain::directory::fixture::{Business, NOW};
    use crate::domain::directory::found::{Decision, Floor, consider, newest};
    use crate::domain::directory::hosted::{Offer, OfferError, decide};
    use crate::domain::directory::profile::{VerifiedProfile, dht_keys};
    use crate::domain::identity::account::{AccountKey, Seed};
    use crate::wire::account::LogOperation;

    /// The length of a record, and the digest of its payload.
    const GOLDEN: (usize, &str) = (796, "35d20700c9966cf274745520a9dd964fe9f71fb7eb3f5277038a753b1f487fe9");

    fn heir(byte: u8) -> AccountKey {
        Seed::from_secret(Secret::new([byte; 32])).account()
    }

    /// A business whose place `byte` took, and what it says of that.
    fn over(byte: u8) -> (Business, Vec<u8>) {
        let mut business = Business::new(1);
        business.log.rotate(&business.key, &heir(byte), NOW).unwrap();
        let record = sign(&business, &[business.log.clone()], 0);
        (business, record)
    }

    fn sign(business: &Business, line: &[AccountLog], after: u64) -> Vec<u8> {
        VerifiedSuccession::sign(&business.keys, line, after, NOW).unwrap()
    }

    fn verify(bytes: &[u8]) -> Result<VerifiedSuccession, ProfileError> {
        VerifiedSuccession::verify(bytes, NOW)
    }

    /// The same record with another statement.
    fn stated(
        business: &Business,
        record: &[u8],
        change: impl FnOnce(&mut Statement),
    ) -> Result<VerifiedSuccession, ProfileError> {
        let mut record = SuccessionRecord::decode(record).unwrap();
        let mut statement = Statement::decode(record.statement.unverified()).unwrap();
        change(&mut statement);
        record.statement = Signed::new(business.keys.signing(), label::FORWARD, statement.encode());
        verify(&record.encode())
    }

    #[test]
    fn a_statement_names_who_took_the_place_by_the_word_of_both_keys() {
        let (business, record) = over(2);
        let verified = verify(&record).unwrap();
        assert_eq!((verified.account(), verified.successor()), (business.key.id(), heir(2).id()));
        assert_eq!(verified.seq(), limits::SUCCESSION_SEQ + NOW.as_millis());
        assert_eq!(sign(&business, core::slice::from_ref(&business.log), verified.seq()).len(), record.len());
        let next = verify(&sign(&business, core::slice::from_ref(&business.log), verified.seq())).unwrap();
        assert_eq!(next.seq(), verified.seq() + 1);
        assert_eq!((record.len(), verified.digest().to_string().as_str()), GOLDEN);
    }

    #[test]
    fn a_line_of_accounts_is_stated_whole_and_each_names_the_next() {
        let mut business = Business::new(1);
        let (second, third) = (heir(2), heir(3));
        business.log.rotate(&business.key, &second, NOW).unwrap();
        let mut middle = AccountLog::begin(&second, business.keys.member(&second.id(), Purposes::ALL), NOW);
        middle.rotate(&second, &third, NOW).unwrap();
        let line = [business.log.clone(), middle.clone()];
        let verified = verify(&sign(&business, &line, 0)).unwrap();
        assert_eq!((verified.successor(), verified.line()), (third.id(), line.as_slice()));
        // One that ends in an account which isn't over, or goes in a circle, or lacks a part.
        let standing = AccountLog::begin(&third, business.keys.member(&third.id(), Purposes::ALL), NOW);
        assert_eq!(VerifiedSuccession::sign(&business.keys, &[standing], 0, NOW), None);
        let mut back = AccountLog::begin(&second, business.keys.member(&second.id(), Purposes::ALL), NOW);
        back.rotate(&second, &business.key, NOW).unwrap();
        let circle = sign(&business, &[business.log.clone(), back], 0);
        assert_eq!(verify(&circle), Err(ProfileError::Succession));
        let mut last = AccountLog::begin(&third, business.keys.member(&third.id(), Purposes::ALL), NOW);
        last.rotate(&third, &heir(4), NOW).unwrap();
        let gap = sign(&business, &[business.log.clone(), last], 0);
        assert_eq!(verify(&gap), Err(ProfileError::Succession));
    }

    #[test]
    fn a_forged_or_stale_statement_of_a_succession_is_never_believed() {
        let (business, record) = over(2);
        for position in 0..record.len() {
            let mut changed = record.clone();
            changed[position] ^= 1;
            assert!(verify(&changed).is_err(), "byte {position}");
            assert!(verify(&record[..position]).is_err());
        }
        assert!(verify(&[record.as_slice(), &[0]].concat()).is_err());
        // What a device may not say although it may sign.
        let refused = |change: fn(&mut Statement)| stated(&business, &record, change).unwrap_err();
        assert_eq!(refused(|statement| statement.successor = heir(3).id()), ProfileError::Succession);
        assert_eq!(refused(|statement| statement.account = heir(3).id()), ProfileError::OtherLog);
        assert_eq!(refused(|statement| statement.log_head.seq += 1), ProfileError::OtherLog);
        let millis = Duration::from_millis(1);
        assert_eq!(
            stated(&business, &record, |one| one.issued = NOW.plus(limits::CLOCK_SKEW + millis)),
            Err(ProfileError::Future)
        );
        assert_eq!(
            stated(&business, &record, |one| one.expires = one.expires.plus(millis)),
            Err(ProfileError::TooLong)
        );
        assert!(matches!(refused(|one| one.seq = limits::SUCCESSION_SEQ - 1), ProfileError::Malformed(_)));
        let late = VerifiedSuccession::verify(&record, NOW.plus(limits::PROFILE_LIFE));
        assert_eq!(late, Err(ProfileError::Expired));
        // Another's device, and one that isn't for profiles.
        let other = Business::new(9);
        let theirs =
            VerifiedSuccession::sign(&other.keys, core::slice::from_ref(&business.log), 0, NOW).unwrap();
        assert_eq!(verify(&theirs), Err(ProfileError::Signer));
        let mut receipts = Business::with_purposes(1, Purposes::RECEIPT);
        receipts.log.rotate(&receipts.key, &heir(2), NOW).unwrap();
        let unfit = sign(&receipts, &[receipts.log.clone()], 0);
        assert_eq!(verify(&unfit), Err(ProfileError::Signer));
    }

    #[test]
    fn a_host_keeps_a_statement_in_the_place_of_every_profile_and_no_profile_in_its_place() {
        let (business, record) = over(2);
        let before = Business::new(1);
        let key = dht_keys(&business.key.id())[1];
        let profile = Floor::of(&before.verified(limits::SUCCESSION_SEQ - 1), true, NOW);
        let offer = |value: &[u8], known| decide(&key, value, known, 10, NOW);
        assert!(
            matches!(offer(&record, Some(&profile)), Offer::Keep(kept) if kept.account() == business.key.id())
        );
        assert!(matches!(offer(&record, None), Offer::Keep(_)));
        let elsewhere = decide(&dht_keys(&heir(2).id())[0], &record, None, 10, NOW);
        assert_eq!(elsewhere, Offer::Refuse(OfferError::Profile(ProfileError::OtherAccount)));
        let known = Floor::of(&verify(&record).unwrap(), true, NOW);
        assert_eq!(offer(&record, Some(&known)), Offer::Known);
        // By a device of the account, and by its identity key begun anew.
        let late = before.record(limits::SUCCESSION_SEQ - 1, NOW);
        assert_eq!(offer(&late, Some(&known)), Offer::Refuse(OfferError::Older));
        let mut anew = Business::new(1);
        let device = anew.keys.member(&anew.key.id(), Purposes::ALL);
        let later = NOW.plus(Duration::from_secs(60));
        anew.log.append(&anew.key, LogOperation::Open(device, Vec::new()), later).unwrap();
        let restored = anew.record(limits::SUCCESSION_SEQ - 1, NOW);
        assert_eq!(offer(&restored, Some(&known)), Offer::Refuse(OfferError::Older));
        // A profile over the ended log says nothing any more.
        assert_eq!(
            VerifiedProfile::verify(&business.record(7, NOW), NOW).unwrap_err(),
            ProfileError::Succession
        );
        // Two successors: what came first stays.
        let (_, rival) = over(3);
        assert_eq!(offer(&rival, Some(&known)), Offer::Refuse(OfferError::Equivocation));
    }

    #[test]
    fn a_statement_is_found_before_every_profile_and_two_that_contradict_each_other_lead_nowhere() {
        let (business, record) = over(2);
        let late = Business::new(1).record(limits::SUCCESSION_SEQ - 1, NOW);
        let find = |values: Vec<Vec<u8>>| newest(values, &business.key.id(), None, NOW);
        for values in [vec![record.clone(), late.clone()], vec![late, record.clone()]] {
            let found = find(values);
            assert!(!found.contested);
            assert_eq!(found.newest.unwrap().bytes(), record);
        }
        let (_, rival) = over(3);
        assert!(find(vec![record.clone(), rival.clone()]).contested);
        assert!(find(vec![rival, record.clone()]).contested);
        let known = Floor::of(&verify(&record).unwrap(), true, NOW);
        assert_eq!(consider(Some(&known), &verify(&record).unwrap(), NOW), Decision::Same);
    }
}
