//! Profiles of others: which of those found counts, and what is never believed again.

use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, Digest};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::directory::candidate::{Candidate, Verified};
use crate::domain::directory::profile::ProfileError;
use crate::store::key::TableId;
use crate::store::table::Table;
use crate::wire::account::LogHead;

/// The newest profile seen of each account, by the account.
pub const FOUND: Table<Floor> = Table::new(TableId::Found, 1);

/// The newest profile seen of an account: an older one is not believed for [`limits::FLOOR_LIFE`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Floor {
    /// Its number.
    pub seq: u64,
    /// The digest of its payload.
    pub digest: Digest,
    /// Where the account's log stood.
    pub log: LogHead,
    /// When that log was begun.
    pub log_began: Time,
    /// When it was seen.
    pub seen_at: Time,
    /// The record itself, where it is kept.
    #[serde(with = "serde_bytes")]
    pub record: Option<Vec<u8>>,
}

impl Floor {
    /// The floor that a profile makes, or the statement that the account is over.
    pub fn of(record: &impl Candidate, keep_record: bool, now: Time) -> Self {
        Self {
            seq: record.seq(),
            digest: record.digest(),
            log: record.log().head(),
            log_began: record.log().began(),
            seen_at: now,
            record: keep_record.then(|| record.bytes().to_vec()),
        }
    }
}

/// What a candidate is, compared with what is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It counts from now on.
    Newer,
    /// It is the one that is known.
    Same,
    /// It is older, or signed over an older log: it doesn't count.
    Older,
    /// The account signed two things that can't both be: two profiles of one number, or two logs. The floor
    /// stays; what is known and the candidate together prove it.
    Equivocation,
}

/// Compares a candidate with the floor of the same account.
pub fn consider(known: Option<&Floor>, candidate: &impl Candidate, now: Time) -> Decision {
    let Some(floor) = known.filter(|floor| floor.seen_at.plus(limits::FLOOR_LIFE) > now) else {
        return Decision::Newer;
    };
    let (seq, log) = (candidate.seq(), candidate.log());
    if log.began() > floor.log_began {
        // Begun anew by the identity key, as after a restore: it supersedes whatever the older log allowed.
        return if seq > floor.seq { Decision::Newer } else { Decision::Older };
    }
    if log.began() < floor.log_began {
        return Decision::Older;
    }
    if tells_another_story(candidate, &floor.log) {
        return Decision::Equivocation;
    }
    match seq.cmp(&floor.seq) {
        core::cmp::Ordering::Less => Decision::Older,
        core::cmp::Ordering::Equal if candidate.digest() == floor.digest => Decision::Same,
        core::cmp::Ordering::Equal => Decision::Equivocation,
        // A device that was revoked since could otherwise go on signing over the log in which it wasn't.
        core::cmp::Ordering::Greater if log.head().seq < floor.log.seq => Decision::Older,
        core::cmp::Ordering::Greater => Decision::Newer,
    }
}

/// What a look-up brought.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What counts, if anything does. It may be the one that is known already.
    pub newest: Option<Verified>,
    /// Whether the account's own words name two successors, or one and yet none: then nobody follows.
    pub contested: bool,
    /// How many valid values were older than the floor or than the newest: their holders need repair.
    pub older: usize,
    /// Why values were refused, one reason for each.
    pub refused: Vec<ProfileError>,
    /// Records that prove, two by two or with the floor, that the account signed things that can't both be.
    pub equivocations: Vec<Vec<u8>>,
}

/// Picks the record that counts among values from the DHT: the valid one of the highest number that isn't
/// under the floor. Only the first [`limits::FOUND_VALUES_MAX`] different values are looked at.
pub fn newest(values: Vec<Vec<u8>>, account: &AccountId, floor: Option<&Floor>, now: Time) -> Found {
    let mut found = Found::default();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for value in values {
        if seen.len() >= limits::FOUND_VALUES_MAX || seen.contains(&value) {
            continue;
        }
        match Verified::verify(&value, now) {
            Err(reason) => found.refused.push(reason),
            Ok(record) if record.account() != *account => found.refused.push(ProfileError::OtherAccount),
            Ok(record) => found.weigh(record, floor, now),
        }
        seen.push(value);
    }
    found
}

impl Found {
    fn weigh(&mut self, candidate: Verified, floor: Option<&Floor>, now: Time) {
        match consider(floor, &candidate, now) {
            Decision::Older => {
                self.older += 1;
                return;
            }
            Decision::Equivocation => {
                self.contested |= candidate.seq() >= limits::SUCCESSION_SEQ;
                self.equivocations.push(candidate.bytes().to_vec());
                return;
            }
            Decision::Newer | Decision::Same => {}
        }
        let Some(best) = &self.newest else {
            self.newest = Some(candidate);
            return;
        };
        match consider(Some(&Floor::of(best, false, now)), &candidate, now) {
            Decision::Same => {}
            Decision::Newer => {
                self.older += 1;
                self.newest = Some(candidate);
            }
            Decision::Older => self.older += 1,
            Decision::Equivocation => {
                self.equivocations.extend([best.bytes().to_vec(), candidate.bytes().to_vec()]);
                self.contested |= best.seq().max(candidate.seq()) >= limits::SUCCESSION_SEQ;
                // Whatever came first, everybody picks the same.
                let rank = |record: &Verified| (record.seq(), record.digest());
                if rank(&candidate) > rank(best) {
                    self.newest = Some(candidate);
                }
            }
        }
    }
}

/// Whether the candidate's log contradicts one of the same generation that had this head. One that is carried from a
/// later entry on has nothing to say about it, unless its first entry should name that head and names another.
fn tells_another_story(candidate: &impl Candidate, head: &LogHead) -> bool {
    let log = candidate.log();
    if log.head().seq < head.seq {
        return false;
    }
    match (log.hash_at(head.seq), log.root()) {
        (Some(hash), _) => hash != head.hash,
        (None, Some((first, previous))) => {
            first <= head.seq || first == head.seq + 1 && previous != head.hash
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::directory::fixture::{Business, NOW, padaria};
    use crate::domain::directory::profile::VerifiedProfile;
    use crate::wire::account::{LogOperation, Purposes};

    fn floor(business: &Business, seq: u64) -> Floor {
        Floor::of(&business.verified(seq), true, NOW)
    }

    /// Another profile of number `seq`.
    fn rival(business: &Business, seq: u64) -> Vec<u8> {
        let mut profile = business.profile(padaria(), seq, NOW);
        profile.hours = "never".into();
        business.seal(profile.encode()).encode()
    }

    fn verified(bytes: &[u8]) -> VerifiedProfile {
        VerifiedProfile::verify(bytes, NOW).unwrap()
    }

    /// The same business with another device in its log.
    fn grown(purposes: Purposes) -> Business {
        let mut business = Business::new(1);
        let id = business.key.id();
        let keys = crate::domain::identity::device::DeviceKeys::derive(
            &crate::crypto::secret::Secret::new([99; 32]),
            &id,
        );
        let add = LogOperation::AddDevice(keys.member(&id, purposes));
        business.log.append(&business.key, add, NOW).unwrap();
        business
    }

    #[test]
    fn the_number_decides_and_two_of_one_number_prove_equivocation() {
        let business = Business::new(1);
        let known = floor(&business, 5);
        let decide = |candidate: &[u8]| consider(Some(&known), &verified(candidate), NOW);
        assert_eq!(decide(&business.record(4, NOW)), Decision::Older);
        assert_eq!(decide(&business.record(5, NOW)), Decision::Same);
        assert_eq!(decide(&business.record(6, NOW)), Decision::Newer);
        assert_eq!(decide(&rival(&business, 5)), Decision::Equivocation);
        assert_eq!(consider(None, &business.verified(1), NOW), Decision::Newer);
    }

    #[test]
    fn the_floor_is_forgotten_after_ninety_days() {
        let business = Business::new(1);
        let known = Floor { seen_at: NOW.minus(limits::FLOOR_LIFE), ..floor(&business, 5) };
        assert_eq!(consider(Some(&known), &business.verified(4), NOW), Decision::Newer);
        let fresh = Floor { seen_at: known.seen_at.plus(Duration::from_millis(1)), ..known };
        assert_eq!(consider(Some(&fresh), &business.verified(4), NOW), Decision::Older);
    }

    #[test]
    fn a_log_neither_goes_back_nor_forks() {
        let (old, new, fork) = (Business::new(1), grown(Purposes::ALL), grown(Purposes::MESSAGE));
        let known = floor(&new, 5);
        assert_eq!(consider(Some(&known), &old.verified(6), NOW), Decision::Older);
        assert_eq!(consider(Some(&known), &fork.verified(6), NOW), Decision::Equivocation);
        assert_eq!(consider(Some(&floor(&old, 5)), &new.verified(6), NOW), Decision::Newer);
    }

    #[test]
    fn a_log_that_is_carried_from_behind_the_floor_on_is_no_equivocation() {
        let mut business = Business::new(1);
        let known = floor(&business, 5);
        let keys = crate::domain::identity::device::DeviceKeys::derive(
            &crate::crypto::secret::Secret::new([99; 32]),
            &business.key.id(),
        );
        let certificate = keys.member(&business.key.id(), Purposes::MESSAGE);
        // Directly behind a head that the floor doesn't have, and far behind it.
        let other = Floor { log: LogHead { hash: Digest::new([9; 32]), ..known.log }, ..known.clone() };
        for _ in 0..8 {
            let add = LogOperation::AddDevice(certificate.clone());
            business.log.append(&business.key, add, NOW).unwrap();
            business
                .log
                .append(&business.key, LogOperation::RevokeDevice(certificate.device.id), NOW)
                .unwrap();
        }
        let candidate = business.verified(6);
        assert!(candidate.log().hash_at(known.log.seq).is_none(), "the story is long enough");
        assert_eq!(consider(Some(&known), &candidate, NOW), Decision::Newer);
        let (first, previous) = candidate.log().root().unwrap();
        let before = LogHead { seq: first - 1, hash: previous };
        assert_eq!(consider(Some(&Floor { log: before, ..known }), &candidate, NOW), Decision::Newer);
        let lie = LogHead { seq: first - 1, hash: Digest::new([9; 32]) };
        assert_eq!(consider(Some(&Floor { log: lie, ..other }), &candidate, NOW), Decision::Equivocation);
    }

    #[test]
    fn the_newest_valid_value_wins_and_the_rest_is_counted() {
        let business = Business::new(1);
        let mut broken = business.record(9, NOW);
        *broken.last_mut().unwrap() ^= 1;
        let stale = business.record(8, NOW.minus(limits::PROFILE_LIFE));
        let values = vec![
            business.record(6, NOW),
            broken,
            business.record(7, NOW),
            business.record(7, NOW),
            stale,
            Business::new(2).record(99, NOW),
            business.record(4, NOW),
            Vec::new(),
        ];
        let known = floor(&business, 5);
        let mut backwards = values.clone();
        backwards.reverse();
        for values in [values, backwards] {
            let found = newest(values, &business.key.id(), Some(&known), NOW);
            assert_eq!(found.newest.unwrap().seq(), 7);
            assert_eq!((found.older, found.refused.len(), found.equivocations.len()), (2, 4, 0));
            assert!(found.refused.contains(&ProfileError::Expired));
            assert!(found.refused.contains(&ProfileError::OtherAccount));
        }
    }

    #[test]
    fn nothing_under_the_floor_is_found() {
        let business = Business::new(1);
        let values = vec![business.record(4, NOW), business.record(3, NOW)];
        let found = newest(values, &business.key.id(), Some(&floor(&business, 5)), NOW);
        assert!(found.newest.is_none() && found.older == 2);
        let kept = VerifiedProfile::verify(floor(&business, 5).record.as_ref().unwrap(), NOW);
        assert_eq!(kept.unwrap().profile().seq, 5, "the floor may keep the record itself");
    }

    #[test]
    fn equivocation_is_kept_and_everybody_picks_the_same() {
        let business = Business::new(1);
        let (one, other) = (business.record(6, NOW), rival(&business, 6));
        let pick = |values: Vec<Vec<u8>>| {
            let found = newest(values, &business.key.id(), None, NOW);
            assert_eq!(found.equivocations.len(), 2);
            found.newest.unwrap()
        };
        assert_eq!(pick(vec![one.clone(), other.clone()]), pick(vec![other.clone(), one]));
        let found = newest(vec![other.clone()], &business.key.id(), Some(&floor(&business, 6)), NOW);
        assert!(found.newest.is_none() && found.equivocations == [other]);
    }

    #[test]
    fn only_so_many_values_are_looked_at() {
        let business = Business::new(1);
        let mut values: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        values.push(business.record(5, NOW));
        let found = newest(values, &business.key.id(), None, NOW);
        assert!(found.newest.is_none() && found.refused.len() == limits::FOUND_VALUES_MAX);
    }
}
