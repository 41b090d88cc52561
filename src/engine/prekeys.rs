//! Our prekeys: made, replaced, handed out, used up and wiped.

use core::time::Duration;

use crate::base::id::{AccountId, ContactToken, Digest, RouteId};
use crate::base::limits;
use crate::base::time::Time;
use crate::domain::identity::contact::{CONTACTS, Standing};
use crate::domain::identity::open_invite::INVITES;
use crate::domain::identity::own::{self, ACCOUNTS, OwnAccount};
use crate::domain::session::challenge::{Bond, Challenges};
use crate::domain::session::one_time::{HandedOut, OneTimePool, OneTimeUsed};
use crate::domain::session::pool::{Claim, Pool};
use crate::domain::session::prekeys::{self, Local, PrekeySet};
use crate::domain::session::rows::{
    ONE_TIME, POOLS, PREKEYS, REPLAYS, ROUTES, Route, replay_key, replays_of,
};
use crate::engine::hand_outs::Requester;
use crate::engine::machine::{Engine, Job, Step};
use crate::store::table::Rows;
use crate::wire::ask::{Answer, WorkDone, WorkWanted};
use crate::wire::origin::{Origin, Prefix};
use crate::wire::peer::PeerKey;

/// Who asks for prekeys, and what it shows.
pub(super) struct Asker<'a> {
    pub(super) peer: &'a PeerKey,
    /// Its network, where that is known.
    pub(super) from: Option<Prefix>,
    pub(super) work: Option<WorkDone>,
}

const INSTANT: Duration = Duration::from_millis(1);
/// How often an id is drawn that is taken already before there is none: with the most that can be taken, once in
/// 10^24.
const DRAWS: usize = 4;

impl Engine {
    /// Our prekeys, for whoever knows a route of ours: a business's inbox is public, a person's comes with an
    /// invite, and a pair id is known to one contact. With them goes a pair of one-time prekeys, as long as there are
    /// any for this requester; without one, the signed prekeys serve.
    pub(super) fn bundle_for(
        &mut self,
        step: &mut Step<'_, '_>,
        route: &RouteId,
        token: Option<ContactToken>,
        asker: &Asker<'_>,
    ) -> Option<Answer> {
        let (own, requester) = self.requester(step, route, token, asker)?;
        let account = self.own(step, &own)?;
        let own = account.log.account();
        let account = if is_stale(&account, step.now) {
            self.new_prekeys(step, &own);
            self.own(step, &own)?
        } else {
            account
        };
        let keys = self.device_keys(&own);
        let set = step.tx.get(&PREKEYS, &PREKEYS.key_at(own.as_bytes(), u64::from(account.prekeys)))?;
        let local = Local { log: &account.log, device: &keys };
        let bundle = prekeys::bundle(&local, &set, account.inbox, step.now);
        let (one_time, work) = match requester {
            Some((_, Requester::Anyone(origin))) => self.sell(step, &local, route, asker, origin),
            Some((claim, who)) => (self.hand_out(step, &local, claim, &who).unwrap_or_default(), None),
            None => (Vec::new(), None),
        };
        let former = own::statement(step.tx, &own);
        Some(Answer::Bundle { bundle, one_time, former, work })
    }

    /// Whose prekeys are asked for, and by whom. Nobody where nothing is to be given; a blocked contact learns
    /// nothing of that, but uses up no one-time prekeys.
    fn requester(
        &self,
        step: &Step<'_, '_>,
        route: &RouteId,
        token: Option<ContactToken>,
        asker: &Asker<'_>,
    ) -> Option<(AccountId, Option<(Claim, Requester)>)> {
        match *step.tx.row(&ROUTES, route.as_bytes())? {
            Route::Pair { own, contact, .. } => {
                let standing = step.tx.row(&CONTACTS, contact.as_bytes()).map(|contact| contact.standing);
                let claim = match standing {
                    Some(Standing::Accepted) => Some(Claim::Known),
                    Some(Standing::Requested) => Some(Claim::Anyone),
                    Some(Standing::Blocked) | None => None,
                };
                Some((own, claim.map(|claim| (claim, Requester::Contact(contact)))))
            }
            Route::Inbox { own } => {
                let is_open = |token: &ContactToken| {
                    let invite = step.tx.row(&INVITES, token.as_bytes());
                    invite.is_some_and(|invite| invite.expires > step.now)
                };
                match token.filter(is_open) {
                    Some(token) => Some((own, Some((Claim::Known, Requester::Bearer(token))))),
                    None if self.is_business() => {
                        let origin = Origin::of(asker.from, asker.peer);
                        Some((own, Some((Claim::Anyone, Requester::Anyone(origin)))))
                    }
                    None => None,
                }
            }
        }
    }

    /// A pair for a stranger, who pays for it with work; without that, what it would cost. Where there is none to be had
    /// it costs nothing: no work would help.
    fn sell(
        &mut self,
        step: &mut Step<'_, '_>,
        local: &Local<'_>,
        route: &RouteId,
        asker: &Asker<'_>,
        origin: Origin,
    ) -> (Vec<Vec<u8>>, Option<WorkWanted>) {
        let Some(us) = self.peer.clone() else { return (Vec::new(), None) };
        let own = local.log.account();
        let who = Requester::Anyone(origin.clone());
        let mut pool = step.tx.copy(&POOLS, own.as_bytes()).unwrap_or_else(|| Pool::full(step.now));
        let Some(price) = pool.price(step.now) else {
            self.counters.over_limit += 1;
            return (Vec::new(), None);
        };
        let price = price.max(self.hand_outs.anyone.price(&who, step.now));
        let challenges = self.hand_outs.challenges.get_or_insert_with(|| Challenges::new(step.rng));
        let device = local.device.id();
        let bond = Bond { asked: &us, device: &device, route, asker: asker.peer, origin: &origin };
        let paid = asker.work.filter(|done| challenges.holds(&bond, done, price, step.now));
        let Some(done) = paid else {
            return (Vec::new(), Some(challenges.make(&bond, price, step.now, step.rng)));
        };
        let Some(pair) = self.make_pair(step, local, Claim::Anyone, &mut pool) else {
            return (Vec::new(), None);
        };
        self.hand_outs.anyone.given(&who, step.now);
        let challenges = self.hand_outs.challenges.as_mut();
        challenges.into_iter().for_each(|challenges| challenges.spend(done.challenge, step.now));
        (pair, None)
    }

    /// A pair for a requester that something speaks for, if there is one left for it.
    fn hand_out(
        &mut self,
        step: &mut Step<'_, '_>,
        local: &Local<'_>,
        claim: Claim,
        who: &Requester,
    ) -> Option<Vec<Vec<u8>>> {
        let own = local.log.account();
        let mut pool = step.tx.copy(&POOLS, own.as_bytes()).unwrap_or_else(|| Pool::full(step.now));
        let may = self.hand_outs.of(claim).may(who, step.now);
        let Some(pair) = may.then(|| self.make_pair(step, local, claim, &mut pool)).flatten() else {
            self.counters.over_limit += 1;
            return None;
        };
        self.hand_outs.of(claim).given(who, step.now);
        Some(pair)
    }

    /// Makes a pair of one-time prekeys, if the pool has one left for such a claim. The private halves join the batch, and
    /// the answer leaves only after that is stored: what was given away is known, and never given again.
    fn make_pair(
        &self,
        step: &mut Step<'_, '_>,
        local: &Local<'_>,
        claim: Claim,
        pool: &mut Pool,
    ) -> Option<Vec<Vec<u8>>> {
        let own = local.log.account();
        let id = free_id(step, &own)?;
        if !pool.take(claim, step.now) {
            return None;
        }
        let (pair, published) = HandedOut::make(local, id, step.now, step.rng);
        step.tx.put(&ONE_TIME, ONE_TIME.key_at(own.as_bytes(), u64::from(id)), pair);
        step.tx.put(&POOLS, POOLS.key(own.as_bytes()), pool.clone());
        Some(published)
    }

    /// The private halves of the one-time prekeys that a first flight names, of those that there are.
    pub(super) fn one_time_named(
        &self,
        step: &Step<'_, '_>,
        own: &AccountId,
        named: OneTimeUsed,
    ) -> OneTimePool {
        let mut pool = OneTimePool::default();
        for id in named.ids() {
            let pair = step.tx.get(&ONE_TIME, &ONE_TIME.key_at(own.as_bytes(), u64::from(id)));
            pair.iter().filter(|pair| !pair.is_dead(step.now)).for_each(|pair| pool.add(pair.keys()));
        }
        pool
    }

    /// Wipes the pairs of one-time prekeys that a first flight has used, and remembers the flight.
    pub(super) fn flight_used(
        &mut self,
        step: &Step<'_, '_>,
        own: &AccountId,
        set: u32,
        replay: &Digest,
        used: OneTimeUsed,
    ) {
        let mut pairs = 0;
        for id in used.ids() {
            step.tx.delete(&ONE_TIME, ONE_TIME.key_at(own.as_bytes(), u64::from(id)));
            pairs += 1;
        }
        if pairs > 0 {
            step.tx.edit(&POOLS, &POOLS.key(own.as_bytes()), |pool| pool.settle(pairs));
        }
        let count = self.replays(step, own, set) + 1;
        self.hand_outs.replays.insert((*own, set), count);
        step.tx.put(&REPLAYS, replay_key(own, set, replay), ());
        if count == limits::REPLAYS_PER_SET_MAX / 2 {
            self.agenda.set_by(step.tx, Job::Prekeys(*own), step.now);
        }
    }

    /// Whether a set has taken as many first flights as can be remembered.
    pub(super) fn has_too_many_replays(&mut self, step: &Step<'_, '_>, own: &AccountId, set: u32) -> bool {
        self.replays(step, own, set) >= limits::REPLAYS_PER_SET_MAX
    }

    fn replays(&mut self, step: &Step<'_, '_>, own: &AccountId, set: u32) -> usize {
        let count = || step.tx.scan(&REPLAYS, &REPLAYS.of(&replays_of(own, set))).len();
        *self.hand_outs.replays.entry((*own, set)).or_insert_with(count)
    }

    /// Does what is due with the prekeys of an account; whether they are new ones now.
    pub(super) fn prekeys_due(&mut self, step: &mut Step<'_, '_>, id: &AccountId) -> bool {
        let Some(own) = self.own(step, id) else { return false };
        let is_full = self.replays(step, id, own.prekeys) >= limits::REPLAYS_PER_SET_MAX / 2;
        let renew = is_full || is_stale(&own, step.now);
        if renew {
            self.new_prekeys(step, id);
        } else {
            self.wipe_prekeys(step, id, own.prekeys_made);
        }
        renew
    }

    /// Makes the next set of prekeys of an account, and wipes what is past its life.
    pub(super) fn new_prekeys(&mut self, step: &mut Step<'_, '_>, id: &AccountId) {
        let Some(mut own) = step.tx.copy(&ACCOUNTS, id.as_bytes()) else { return };
        let Some(number) = own.prekeys.checked_add(1) else { return };
        let set = PrekeySet::generate(number, step.now, step.rng);
        step.tx.put(&PREKEYS, PREKEYS.key_at(id.as_bytes(), u64::from(number)), set);
        (own.prekeys, own.prekeys_made) = (number, step.now);
        step.tx.put(&ACCOUNTS, ACCOUNTS.key(id.as_bytes()), own);
        self.wipe_prekeys(step, id, step.now);
    }

    /// Wipes the sets of an account past their life, with what is remembered of flights to them, and the pairs of
    /// one-time prekeys that nobody used; then looks when it is time for the next.
    fn wipe_prekeys(&mut self, step: &Step<'_, '_>, id: &AccountId, made: Time) {
        let mut soonest: Option<Time> = None;
        let mut stays = |made: Time| {
            let end = made.plus(limits::PREKEY_LIFE).plus(INSTANT);
            soonest = Some(soonest.map_or(end, |soonest| soonest.min(end)));
        };
        let sets = step.tx.scan(&PREKEYS, &PREKEYS.of(id.as_bytes()));
        let over = sets.len().saturating_sub(limits::PREKEY_SETS_MAX);
        for (position, (key, set)) in sets.into_iter().enumerate() {
            if position >= over && !set.is_dead(step.now) {
                stays(set.created);
                continue;
            }
            step.tx.delete(&PREKEYS, key);
            for (key, _) in step.tx.scan(&REPLAYS, &REPLAYS.of(&replays_of(id, set.id))) {
                step.tx.delete(&REPLAYS, key);
            }
            self.hand_outs.replays.remove(&(*id, set.id));
        }
        let mut wiped = 0;
        for (key, pair) in step.tx.scan(&ONE_TIME, &ONE_TIME.of(id.as_bytes())) {
            if pair.is_dead(step.now) {
                step.tx.delete(&ONE_TIME, key);
                wiped += 1;
            } else {
                stays(pair.made);
            }
        }
        if wiped > 0 {
            step.tx.edit(&POOLS, &POOLS.key(id.as_bytes()), |pool| pool.settle(wiped));
        }
        // One look a while serves all that end in it.
        let soonest = soonest.map(|end| end.max(step.now.plus(limits::PREKEY_SWEEP)));
        let rotation = made.plus(limits::PREKEY_ROTATION);
        let due = soonest.map_or(rotation, |soonest| soonest.min(rotation));
        self.agenda.set(step.tx, Job::Prekeys(*id), due);
    }
}

/// Whether it is time for new prekeys. Those that were made ahead of now are from before the clock was set back,
/// and nobody would take a bundle of them.
pub(super) fn is_stale(own: &OwnAccount, now: Time) -> bool {
    now.since(own.prekeys_made) >= limits::PREKEY_ROTATION || own.prekeys_made > now.plus(limits::CLOCK_SKEW)
}

/// A random id that no pair waits under: one that counted up would tell every asker how many others asked.
pub(super) fn free_id(step: &mut Step<'_, '_>, own: &AccountId) -> Option<u32> {
    (0..DRAWS).find_map(|_| {
        let mut bytes = [0; 4];
        step.rng.fill_bytes(&mut bytes);
        let id = u32::from_be_bytes(bytes);
        let key = ONE_TIME.key_at(own.as_bytes(), u64::from(id));
        step.tx.with(&ONE_TIME, &key, |_| ()).is_none().then_some(id)
    })
}
