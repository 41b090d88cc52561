//! Our own identity put in the place of a former one: the statement made, kept, and told to whoever knows us.

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID};
use crate::domain::identity::account::{AccountKey, Seed};
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing, Told};
use crate::domain::identity::heir::heir_log;
use crate::domain::identity::log::{AccountLog, LogError};
use crate::domain::identity::own::{self, ACCOUNTS, OwnAccount};
use crate::domain::identity::primary::Primary;
use crate::domain::identity::sibling::{self, SIBLINGS};
use crate::domain::identity::succession;
use crate::domain::mailbox::{boxes, owner};
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::ratchet::Session;
use crate::domain::session::rows::{ONE_TIME, PEERS, POOLS, PREKEYS, REPLAYS, SESSIONS, replays_of};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::event::Event;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::reconcile;
use crate::engine::saying::Place;
use crate::store::table::Rows;
use crate::wire::content::{Body, DeviceHint, Succession};

impl Engine {
    /// Puts the identity of `next` in the place of this one, in one commit: the old key names the new one, which
    /// accepts, for the account that the world knows and for those towards businesses. The devices stay the same.
    pub(super) fn rotate_identity(
        &mut self,
        step: &mut Step<'_, '_>,
        next: Seed,
    ) -> Result<Outcome, Refusal> {
        let (key, heir) = (self.signing_key()?, next.account());
        reconcile::must_be(step.tx)?;
        let next = Primary::heir(&next, self.me.kind);
        if heir.id() == key.id() {
            return Err(Refusal::Identity("this is the identity that this node has".into()));
        }
        if !self.siblings.is_empty() && self.hint_for(step, &key.id()).is_none() {
            // Our other devices must be told how to reach this one.
            return Err(Refusal::Offline);
        }
        if self.siblings.iter().any(|device| !has_come(step, device)) {
            let what = "a device that was let in hasn't come yet, and couldn't follow: switch it on, or revoke it (`sigillo device list`, `sigillo device revoke`)";
            return Err(Refusal::Identity(what.into()));
        }
        // Everything that may fail comes before anything is staged.
        let (own, log) = self.ended(step, &key, &heir)?;
        let ended = [own.log.clone()];
        let ourselves = step.tx.copy(&CONTACTS, key.id().as_bytes());
        let moved = ourselves.as_ref().map(|us| succession::succeed(us, &ended, log.clone(), step.now));
        let moved = moved.transpose().map_err(|error| Refusal::Identity(error.to_string()))?;
        let mut all = vec![(own, log)];
        for (_, own) in step.tx.scan(&ACCOUNTS, &ACCOUNTS.all()) {
            let Some(business) = own.subject_of.filter(|_| own.log.successor().is_none()) else { continue };
            let roots =
                self.me.primary.as_ref().and_then(|us| us.subjects.as_ref()).zip(next.subjects.as_ref());
            let (former, later) = roots.ok_or(Refusal::NotPrimary)?;
            all.push(self.ended(step, &former.towards(&business), &later.towards(&business))?);
        }
        all.into_iter().for_each(|(own, log)| self.take_place(step, &own, log));
        self.me.primary = Some(next);
        self.become_account(step, key.id(), heir.id());
        if let (Some(ourselves), Some(moved)) = (ourselves, moved) {
            self.move_contact(step, &ourselves, moved, &ended);
        }
        self.tell_siblings_of_succession(step);
        self.agenda.set(step.tx, Job::Succeed, step.now);
        Ok(Outcome::Rotated { address: address::encode(&heir.id()), former: address::encode(&key.id()) })
    }

    /// An account of ours, ended in favour of `heir`, and the heir's log, which begins with the same devices.
    fn ended(
        &mut self,
        step: &Step<'_, '_>,
        key: &AccountKey,
        heir: &AccountKey,
    ) -> Result<(OwnAccount, AccountLog), Refusal> {
        let refused = |error: LogError| Refusal::Identity(error.to_string());
        let mut own = step.tx.copy(&ACCOUNTS, key.id().as_bytes()).ok_or(Refusal::Stopping)?;
        let us = self.device_keys(&key.id());
        let fresh = |device: &DeviceId| step.tx.row(&SIBLINGS, device.as_bytes()).and_then(|row| row.consent);
        let log = heir_log(&own.log, (key, heir), &us, fresh, step.now).map_err(refused)?;
        own.log.rotate(key, heir, step.now).map_err(refused)?;
        Ok((own, log))
    }

    /// Keeps an ended account, and the one that takes its place.
    fn take_place(&mut self, step: &mut Step<'_, '_>, own: &OwnAccount, log: AccountLog) {
        let former = own.log.account();
        self.inherit_keys(log.account(), own.keys_of);
        step.tx.put(&ACCOUNTS, ACCOUNTS.key(former.as_bytes()), own.clone());
        self.forget_prekeys(step, &former);
        self.open_own(step, log, own.subject_of, Some(own));
    }

    /// Nobody opens a session with the former account any more: whoever tries is told of the new one.
    fn forget_prekeys(&mut self, step: &Step<'_, '_>, own: &AccountId) {
        for (key, set) in step.tx.scan(&PREKEYS, &PREKEYS.of(own.as_bytes())) {
            for (replay, ()) in step
                .tx
                .scan(&REPLAYS, &REPLAYS.of(&replays_of(own, set.id)))
                .into_iter()
                .map(|(k, _)| (k, ()))
            {
                step.tx.delete(&REPLAYS, replay);
            }
            step.tx.delete(&PREKEYS, key);
        }
        for (key, _) in step.tx.scan(&ONE_TIME, &ONE_TIME.of(own.as_bytes())) {
            step.tx.delete(&ONE_TIME, key);
        }
        step.tx.delete(&POOLS, POOLS.key(own.as_bytes()));
        self.agenda.clear(step.tx, &Job::Prekeys(*own));
    }

    /// From here on this device speaks for `heir`, and so it does after a restart.
    fn become_account(&mut self, step: &mut Step<'_, '_>, former: AccountId, heir: AccountId) {
        sibling::join(step.tx, heir);
        self.account = heir;
        self.retired.push(former);
        self.untold.clear();
        self.devices.clear();
        // Their prekeys and their word were for the former account: they tell new ones.
        for device in self.siblings.clone() {
            step.tx.edit(&SIBLINGS, &SIBLINGS.key(device.as_bytes()), |row| {
                row.bundle.clear();
                row.consent = None;
            });
        }
        self.refresh_own(step);
        owner::account_moved(step.tx, &former, &heir);
        // What our other devices leave for us, and we for them, goes on under the new account.
        owner::contact_moved(step.tx, &former, &heir);
        boxes::contact_moved(step.tx, &former, &heir);
        self.mail.rename(former, heir);
        self.prekeys_to_mailboxes(step);
        if step.tx.with(&OWN_PROFILE, &OWN_PROFILE.key(OWN_PROFILE_ID), |_| ()).is_some() {
            self.agenda.set(step.tx, Job::Publish, step.now);
        }
        self.forward_from(step, former);
        self.show(Event::Identity { address: address::encode(&heir), former: address::encode(&former) });
    }

    fn tell_siblings_of_succession(&mut self, step: &mut Step<'_, '_>) {
        if self.siblings.is_empty() {
            return;
        }
        let account = self.account;
        if let Some(device) = self.hint_for(step, &account) {
            let former = own::statement(step.tx, &account);
            self.tell_siblings(step, &Body::Succession(Succession { former, device }));
        }
    }

    /// The device with the recovery phrase has put another identity in the place of ours: this device follows.
    pub(super) fn own_succession(
        &mut self,
        step: &mut Step<'_, '_>,
        ourselves: &Contact,
        line: &[AccountLog],
        bundle: &VerifiedBundle,
        hint: &DeviceHint,
    ) {
        let Ok(mut moved) = succession::succeed(ourselves, line, bundle.log().clone(), step.now) else {
            self.counters.forked_logs += u64::from(ourselves.account == self.account);
            return;
        };
        let (former, heir) = (self.account, moved.account);
        let Some(mut own) = step.tx.copy(&ACCOUNTS, former.as_bytes()) else { return };
        if self.is_primary() || former != ourselves.account {
            return;
        }
        // Accounts between the one that this device knew and the new one were never seen here.
        let at = line.iter().position(|log| log.account() == former);
        let Some(ended) = at.and_then(|at| line.get(at)) else { return };
        own.log = ended.clone();
        self.take_place(step, &own, bundle.log().clone());
        self.become_account(step, former, heir);
        if hint.reach.device() == bundle.device() {
            moved.learn_reach(hint.reach.clone());
        }
        self.move_contact(step, ourselves, moved, line);
        self.bundles.insert(bundle.device(), bundle.clone());
        self.tell_own_hint(step);
    }

    /// Tells contacts that don't know it yet, some at a time.
    pub(super) fn tell_successions(&mut self, step: &mut Step<'_, '_>) {
        if self.own_reach(&DeviceId::new([0; 32])).is_none() {
            return self.agenda.set(step.tx, Job::Succeed, step.now.plus(limits::RETRY_LAST));
        }
        if self.untold.is_empty() {
            let all = step.tx.scan(&CONTACTS, &CONTACTS.all()).into_iter().map(|(_, contact)| contact);
            let untold = all.filter(|contact| is_untold(step, contact));
            self.untold = untold.map(|contact| contact.account).collect();
        }
        let some = self.untold.len().min(limits::SUCCESSIONS_AT_ONCE);
        for account in self.untold.drain(..some).collect::<Vec<_>>() {
            if let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) {
                self.announce(step, &contact);
            }
        }
        if !self.untold.is_empty() {
            self.agenda.set(step.tx, Job::Succeed, step.now.plus(limits::SUCCESSION_PACE));
        }
    }

    /// Tells a contact which account took the place of the one that it knows, before anything else is said.
    pub(super) fn tell_succession(&mut self, step: &mut Step<'_, '_>, contact: &Contact) {
        let account = own::current(step.tx, &contact.own);
        let Some(device) = self.hint_for(step, &account) else { return };
        let Some(own) = self.own(step, &account) else { return };
        let former = own::statement(step.tx, &account);
        if self
            .queue(step, contact, (Body::Succession(Succession { former, device }), None, None), Place::None)
            .is_err()
        {
            return;
        }
        let main = account == self.account;
        let devices = if main { self.announced.clone() } else { Vec::new() };
        let told = Told { head: own.log.head().seq, devices };
        step.tx.edit(&CONTACTS, &CONTACTS.key(contact.account.as_bytes()), |row| {
            (row.knew, row.own, row.told) = (row.knew.or(Some(row.own)), account, told);
        });
    }
}

fn is_untold(step: &Step<'_, '_>, contact: &Contact) -> bool {
    contact.standing == Standing::Accepted
        && !contact.is_held()
        && !contact.is_ourselves()
        && own::current(step.tx, &contact.own) != contact.own
}

/// Whether a device of ours has spoken to this one in the session that they have. One that knows no more than that it was let
/// in would come to the former account, with which nobody opens a session any more.
fn has_come(step: &Step<'_, '_>, device: &DeviceId) -> bool {
    let active = step.tx.row(&PEERS, device.as_bytes()).and_then(|peer| peer.active);
    active.is_some_and(|id| {
        step.tx.with(&SESSIONS, &SESSIONS.key(id.as_bytes()), Session::has_received).unwrap_or_default()
    })
}
