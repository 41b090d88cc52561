//! Challenges to work for one-time prekeys: made without being remembered, answered once.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use crate::base::id::{DeviceId, RouteId};
use crate::base::limits;
use crate::base::mail_limits;
use crate::base::time::Time;
use crate::crypto::kdf::{hmac_sha256, label};
use crate::crypto::secret::Secret;
use crate::wire::ask::{Challenge, WorkDone, WorkWanted, prekey_work};
use crate::wire::origin::Origin;
use crate::wire::peer::PeerKey;

/// Where the tag stands in a challenge; before it are the time (8), the bits (1) and random bytes (7).
const TAG_AT: usize = 16;

/// What one run of a node needs to know its own challenges again, and those whose work it took.
///
/// A challenge carries what it is about under a MAC, so that asking costs the node no memory. The secret is another one
/// at every start, and with it no challenge of an earlier run can be answered.
#[derive(Debug)]
pub struct Challenges {
    secret: Secret<32>,
    /// By the time when they were made.
    spent: BTreeSet<Challenge>,
}

/// For whom, and for whose prekeys, a challenge is.
#[derive(Clone, Copy, Debug)]
pub struct Bond<'a> {
    /// The peer that is asked.
    pub asked: &'a PeerKey,
    /// The device whose prekeys are asked for.
    pub device: &'a DeviceId,
    /// The route that was named.
    pub route: &'a RouteId,
    /// Who asks.
    pub asker: &'a PeerKey,
    /// From where.
    pub origin: &'a Origin,
}

impl Challenges {
    /// Challenges of a run that begins.
    pub fn new(rng: &mut dyn CryptoRng) -> Self {
        Self { secret: Secret::random(rng), spent: BTreeSet::new() }
    }

    /// A new challenge.
    pub fn make(&self, bond: &Bond<'_>, bits: u32, now: Time, rng: &mut dyn CryptoRng) -> WorkWanted {
        let bits = bits.min(mail_limits::WORK_MOST);
        let mut challenge = [0; 48];
        let (head, tag) = challenge.split_at_mut(TAG_AT);
        rng.fill_bytes(head);
        head[..8].copy_from_slice(&now.as_millis().to_be_bytes());
        head[8] = u8::try_from(bits).unwrap_or(u8::MAX);
        tag.copy_from_slice(self.tag(bond, head).expose());
        WorkWanted { challenge, bits }
    }

    /// Whether this is a challenge of ours, to this asker, not too old, and answered with at least so many bits of work.
    /// One MAC and one hash, whatever is shown.
    pub fn holds(&self, bond: &Bond<'_>, done: &WorkDone, bits: u32, now: Time) -> bool {
        let (head, tag) = done.challenge.split_at(TAG_AT);
        let made = made(&done.challenge);
        Secret::from_slice(tag).is_some_and(|tag: Secret<32>| tag == self.tag(bond, head))
            && made <= now
            && now.since(made) <= limits::CHALLENGE_LIFE
            && u32::from(head[8]) >= bits
            && prekey_work(bond.asked, bond.asker, &done.challenge, bits).is_solved_by(done.work)
            && !self.spent.contains(&done.challenge)
            && (self.spent.len() < limits::CHALLENGES_SPENT_MAX || self.oldest_is_over(now))
    }

    /// The work was taken: it counts no more.
    pub fn spend(&mut self, challenge: Challenge, now: Time) {
        self.spent.retain(|spent| now.since(made(spent)) <= limits::CHALLENGE_LIFE);
        self.spent.insert(challenge);
    }

    fn oldest_is_over(&self, now: Time) -> bool {
        self.spent.first().is_none_or(|oldest| now.since(made(oldest)) > limits::CHALLENGE_LIFE)
    }

    fn tag(&self, bond: &Bond<'_>, head: &[u8]) -> Secret<32> {
        let (label, origin) = (label::PREKEY_CHALLENGE.encoded(), bond.origin.to_bytes());
        let (asked, asker) = (bond.asked.with_length(), bond.asker.with_length());
        let parts: [&[u8]; 7] =
            [&label, head, bond.device.as_bytes(), bond.route.as_bytes(), &asked, &asker, &origin];
        hmac_sha256(self.secret.expose(), &parts)
    }
}

fn made(challenge: &Challenge) -> Time {
    Time::from_millis(challenge.iter().take(8).fold(0, |time, byte| time << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::domain::session::tests::fixtures::{NOW, rng};
    use crate::wire::origin::Prefix;

    const BITS: u32 = 8;

    fn peer(number: u8) -> PeerKey {
        PeerKey::new(vec![number; 38]).unwrap()
    }

    #[test]
    fn prekey_work_counts_once_in_time_for_its_asker_its_network_its_device_and_its_route() {
        let (device, other_device) = (DeviceId::new([1; 32]), DeviceId::new([2; 32]));
        let (route, other_route) = (RouteId::new([1; 16]), RouteId::new([2; 16]));
        let network = |last| Origin::Network(Prefix::V4([9, 9, last]));
        let (home, away) = (network(1), network(2));
        let (asked, asker, other) = (peer(1), peer(2), peer(3));
        let bond = Bond { asked: &asked, device: &device, route: &route, asker: &asker, origin: &home };
        let mut challenges = Challenges::new(&mut rng(1));
        let wanted = challenges.make(&bond, BITS, NOW, &mut rng(2));
        let solve = |wanted: &WorkWanted, asked, asker| WorkDone {
            challenge: wanted.challenge,
            work: prekey_work(asked, asker, &wanted.challenge, wanted.bits).solve(),
        };
        let done = solve(&wanted, &asked, &asker);
        assert!(challenges.holds(&bond, &done, BITS, NOW));
        // Another asker, network, device, route or node.
        for bond in [
            Bond { asker: &other, ..bond },
            Bond { origin: &away, ..bond },
            Bond { device: &other_device, ..bond },
            Bond { route: &other_route, ..bond },
            Bond { asked: &other, ..bond },
        ] {
            let done = solve(&wanted, bond.asked, bond.asker);
            assert!(!challenges.holds(&bond, &done, BITS, NOW), "{bond:?}");
        }
        // Unsolved, worth too little by now, or a challenge that was made up or altered.
        assert!(!challenges.holds(&bond, &WorkDone { work: done.work + 1, ..done }, BITS, NOW));
        assert!(!challenges.holds(&bond, &done, BITS + 1, NOW), "the price has risen");
        for position in 0..48 {
            let mut challenge = wanted.challenge;
            challenge[position] ^= 1;
            let forged = solve(&WorkWanted { challenge, ..wanted }, &asked, &asker);
            assert!(!challenges.holds(&bond, &forged, BITS, NOW), "byte {position}");
        }
        assert!(!Challenges::new(&mut rng(3)).holds(&bond, &done, BITS, NOW), "of another run");
        // Stale, and from ahead of now.
        assert!(challenges.holds(&bond, &done, BITS, NOW.plus(limits::CHALLENGE_LIFE)));
        let late = NOW.plus(limits::CHALLENGE_LIFE + Duration::from_millis(1));
        assert!(!challenges.holds(&bond, &done, BITS, late));
        assert!(!challenges.holds(&bond, &done, BITS, NOW.minus(Duration::from_millis(1))));
        // Once.
        challenges.spend(done.challenge, NOW);
        assert!(!challenges.holds(&bond, &done, BITS, NOW));
        let next = challenges.make(&bond, BITS, NOW, &mut rng(4));
        assert!(challenges.holds(&bond, &solve(&next, &asked, &asker), BITS, NOW), "another one counts");
    }

    #[test]
    fn what_is_remembered_of_challenges_is_bounded_and_goes_with_their_life() {
        let (device, route, asked, asker) = (DeviceId::new([1; 32]), RouteId::new([1; 16]), peer(1), peer(2));
        let origin = Origin::Peer(asker.clone());
        let bond = Bond { asked: &asked, device: &device, route: &route, asker: &asker, origin: &origin };
        let mut challenges = Challenges::new(&mut rng(1));
        let mut random = rng(2);
        for _ in 0..limits::CHALLENGES_SPENT_MAX {
            let wanted = challenges.make(&bond, 1, NOW, &mut random);
            challenges.spend(wanted.challenge, NOW);
        }
        let answered = |challenges: &Challenges, now, random: &mut dyn CryptoRng| {
            let wanted = challenges.make(&bond, 1, now, random);
            let work = prekey_work(&asked, &asker, &wanted.challenge, 1).solve();
            let done = WorkDone { challenge: wanted.challenge, work };
            (challenges.holds(&bond, &done, 1, now), done)
        };
        assert!(!answered(&challenges, NOW, &mut random).0, "rather none than one twice");
        assert!(!answered(&challenges, NOW.plus(limits::CHALLENGE_LIFE), &mut random).0, "they still count");
        let later = NOW.plus(limits::CHALLENGE_LIFE + Duration::from_millis(1));
        let (holds, done) = answered(&challenges, later, &mut random);
        assert!(holds);
        challenges.spend(done.challenge, later);
        assert_eq!(challenges.spent.len(), 1);
    }
}
