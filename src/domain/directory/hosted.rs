//! What a node of the DHT keeps for others: records that are valid, under their own keys, the newest of each.

use crate::base::limits;
use crate::base::time::Time;
use crate::domain::directory::candidate::Verified;
use crate::domain::directory::found::{Decision, Floor, consider};
use crate::domain::directory::profile::{ProfileError, record_matches_key};
use crate::wire::record::{Profile, ProfileRecord};
use crate::wire::succession::{Statement, SuccessionRecord};

/// What to do with a record that was offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Offer {
    /// Keep it, in the place of what lies there, until it expires.
    Keep(Verified),
    /// It lies there already.
    Known,
    /// Don't keep it.
    Refuse(OfferError),
}

/// Why an offered record isn't kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OfferError {
    /// It isn't believed, or its key isn't its own ([`ProfileError::OtherAccount`]).
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A newer one is known.
    #[error("a newer profile is known")]
    Older,
    /// Another one of the same number, or another log, is known.
    #[error("the account has signed two things that can't both be")]
    Equivocation,
    /// There is no room.
    #[error("no room for more records")]
    Full,
}

/// Decides on a record offered under `key`, where `known` is the floor of what lies there and `hosted` counts
/// all records kept.
pub fn decide(key: &[u8], value: &[u8], known: Option<&Floor>, hosted: usize, now: Time) -> Offer {
    // What lies there was verified when it came.
    let lies_there = known.and_then(|floor| floor.record.as_ref()).is_some_and(|record| record == value);
    if lies_there && !is_over(value, now) {
        return Offer::Known;
    }
    let record = match Verified::verify(value, now) {
        Ok(record) if record_matches_key(key, &record.account()) => record,
        Ok(_) => return Offer::Refuse(OfferError::Profile(ProfileError::OtherAccount)),
        Err(error) => return Offer::Refuse(OfferError::Profile(error)),
    };
    match consider(known, &record, now) {
        Decision::Newer if known.is_none() && hosted >= limits::RECORDS_HOSTED_MAX => {
            Offer::Refuse(OfferError::Full)
        }
        Decision::Newer => Offer::Keep(record),
        Decision::Same => Offer::Known,
        Decision::Older => Offer::Refuse(OfferError::Older),
        Decision::Equivocation => Offer::Refuse(OfferError::Equivocation),
    }
}

/// Until when a record that is kept counts. It was verified when it came, so that its own word is enough.
pub fn expires(record: &[u8]) -> Option<Time> {
    let profile =
        ProfileRecord::decode(record).and_then(|record| Profile::decode(record.profile.unverified()));
    let expires = profile.map(|profile| profile.expires).or_else(|_| {
        let statement = SuccessionRecord::decode(record)?.statement;
        Statement::decode(statement.unverified()).map(|statement| statement.expires)
    });
    expires.ok()
}

/// Whether a record that is kept has expired.
pub fn is_over(record: &[u8], now: Time) -> bool {
    expires(record).is_some_and(|expires| expires <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::domain::directory::fixture::{Business, NOW};
    use crate::domain::directory::profile::{VerifiedProfile, dht_keys};
    use crate::domain::directory::succession::VerifiedSuccession;
    use crate::domain::identity::account::Seed;

    #[test]
    fn only_a_newer_valid_record_under_its_own_key_is_kept() {
        let business = Business::new(1);
        let key = dht_keys(&business.key.id())[1];
        let other = dht_keys(&Business::new(2).key.id())[1];
        let known = Floor::of(&business.verified(5), false, NOW);
        let offer = |key: &[u8], seq, known| decide(key, &business.record(seq, NOW), known, 10, NOW);
        let kept = |offer| matches!(offer, Offer::Keep(profile) if profile.account() == business.key.id());
        assert!(kept(offer(&key, 6, Some(&known))) && kept(offer(&key, 1, None)));
        assert_eq!(offer(&key, 5, Some(&known)), Offer::Known);
        assert_eq!(offer(&key, 4, Some(&known)), Offer::Refuse(OfferError::Older));
        let elsewhere = Offer::Refuse(OfferError::Profile(ProfileError::OtherAccount));
        assert_eq!(offer(&other, 6, None), elsewhere);
        assert_eq!(offer(&[], 6, None), elsewhere);
        let kept = Floor::of(&business.verified(5), true, NOW);
        assert_eq!(offer(&key, 5, Some(&kept)), Offer::Known);
        let over = decide(&key, &business.record(5, NOW), Some(&kept), 10, NOW.plus(limits::PROFILE_LIFE));
        assert_eq!(over, Offer::Refuse(OfferError::Profile(ProfileError::Expired)));
        let late = decide(&key, &business.record(6, NOW), None, 10, NOW.plus(limits::PROFILE_LIFE));
        assert_eq!(late, Offer::Refuse(OfferError::Profile(ProfileError::Expired)));
    }

    #[test]
    fn a_record_is_over_when_it_is_no_longer_taken() {
        let record = Business::new(1).record(6, NOW);
        let end = VerifiedProfile::verify(&record, NOW).unwrap().profile().expires;
        let before = Time::from_millis(end.as_millis() - 1);
        assert!(!is_over(&record, before) && VerifiedProfile::verify(&record, before).is_ok());
        assert!(is_over(&record, end) && VerifiedProfile::verify(&record, end).is_err());

        let mut business = Business::new(1);
        let heir = Seed::from_secret(Secret::new([2; 32])).account();
        business.log.rotate(&business.key, &heir, NOW).unwrap();
        let record = VerifiedSuccession::sign(&business.keys, &[business.log], 0, NOW).unwrap();
        let end = NOW.plus(limits::PROFILE_LIFE);
        let before = Time::from_millis(end.as_millis() - 1);
        assert!(!is_over(&record, before) && VerifiedSuccession::verify(&record, before).is_ok());
        assert!(is_over(&record, end) && VerifiedSuccession::verify(&record, end).is_err());
    }

    #[test]
    fn a_full_node_still_takes_news_of_what_it_keeps() {
        let business = Business::new(1);
        let key = dht_keys(&business.key.id())[0];
        let known = Floor::of(&business.verified(5), false, NOW);
        let full = |known| decide(&key, &business.record(6, NOW), known, limits::RECORDS_HOSTED_MAX, NOW);
        assert_eq!(full(None), Offer::Refuse(OfferError::Full));
        assert!(matches!(full(Some(&known)), Offer::Keep(_)));
    }
}
