//! A device that is to be linked: it offers its keys, and becomes an account's once its person agrees.

use crate::base::id::{AccountId, Digest};
use crate::base::kind::AccountKind;
use crate::domain::identity::address::{self, Address};
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::device::DeviceKeys;
use crate::domain::identity::link::{Linked, PendingLink};
use crate::domain::identity::link_offer;
use crate::domain::identity::sibling::{self, SIBLINGS, Sibling};
use crate::domain::session::prekeys::VerifiedBundle;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::devices::{digest, refused};
use crate::engine::event::Event;
use crate::engine::machine::{Engine, NOBODY, Step};
use crate::engine::pending::Joining;
use crate::wire::account::Purposes;
use crate::wire::ask::Answer;
use crate::wire::content::Body;

impl Engine {
    /// Makes an offer, in the place of an earlier one.
    pub(super) fn offer_device(&mut self, step: &mut Step<'_, '_>) -> Result<Outcome, Refusal> {
        if self.account != NOBODY {
            return Err(Refusal::AlreadyLinked);
        }
        let peer = self.peer.as_ref().ok_or(Refusal::Offline)?.as_bytes().to_vec();
        if self.addresses.is_empty() {
            return Err(Refusal::Offline);
        }
        // New keys for each offer: they agree with one account, whoever sees the offer first.
        let mut keys_of = [0; 32];
        step.rng.fill_bytes(&mut keys_of);
        let keys_of = AccountId::new(keys_of);
        let keys = DeviceKeys::derive(&self.me.device, &keys_of);
        let addresses = self.addresses.iter().take(OFFERED_ADDRESSES).cloned().collect();
        let pending = PendingLink::new(keys, Purposes::MESSAGE, peer, addresses, step.now, step.rng);
        let pending = pending.map_err(refused)?;
        let offered = Outcome::LinkOffered {
            code: link_offer::encode(pending.offer()),
            expires: pending.offer().expires,
        };
        self.joining = Joining { pending: Some(pending), keys_of: Some(keys_of), linked: None };
        Ok(offered)
    }

    /// The KEM key of the open offer and the device's word, for whoever has seen it; the word for the first account alone.
    pub(super) fn link_key_asked(
        &mut self,
        step: &Step<'_, '_>,
        offer: &Digest,
        account: &[u8],
    ) -> Option<Answer> {
        let pending = self.joining.pending.as_mut().filter(|pending| digest(pending.offer()) == *offer)?;
        if pending.offer().expires <= step.now {
            return None;
        }
        let consent = pending.agree(account).ok()?;
        Some(Answer::LinkKey(pending.kem_key(), consent))
    }

    /// An account takes the offer up: the person is asked. The first one that opens counts.
    pub(super) fn link_granted(
        &mut self,
        step: &Step<'_, '_>,
        offer: &Digest,
        grant: &[u8],
    ) -> Option<Answer> {
        let linked = self.offered(offer)?.accept(grant, step.now).ok()?;
        let account = linked.grant.account;
        let bundle = VerifiedBundle::verify(&linked.grant.bundle, &account, step.now).ok()?;
        let is_whole =
            bundle.device() == linked.grant.primary.device() && linked.grant.kind == AccountKind::Person;
        let is_other = self.joining.linked.as_ref().is_some_and(|(known, _)| known.grant.account != account);
        if !is_whole || is_other {
            return None;
        }
        let name = linked.grant.name.clone();
        self.joining.linked = Some((linked, bundle));
        self.show(Event::LinkGranted { address: Address(account), name });
        Some(Answer::Linked)
    }

    fn offered(&self, offer: &Digest) -> Option<&PendingLink> {
        self.joining.pending.as_ref().filter(|pending| digest(pending.offer()) == *offer)
    }

    /// The person has seen whose device this is to be.
    pub(super) fn join_account(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
    ) -> Result<Outcome, Refusal> {
        if self.account != NOBODY {
            return Err(Refusal::AlreadyLinked);
        }
        let granted = self.joining.linked.take_if(|(linked, _)| linked.grant.account == *account);
        let Some((Linked { grant, log }, bundle)) = granted else {
            return Err(Refusal::Link("this account hasn't let this device in".into()));
        };
        self.joining.pending = None;
        self.account = *account;
        if let Some(keys_of) = self.joining.keys_of.take() {
            self.inherit_keys(*account, keys_of);
        }
        sibling::join(step.tx, *account);
        self.open_own(step, log.clone(), None, None);
        self.set_name(step, grant.name)?;
        let device = self.device_keys(account).id();
        let mut ourselves = Contact::new(*account, *account, Standing::Accepted, step.now);
        ourselves.this_device = Some(device);
        ourselves.learn_log(log, step.now);
        let primary = bundle.device();
        ourselves.learn_reach(grant.primary);
        step.tx.put(&CONTACTS, CONTACTS.key(account.as_bytes()), ourselves.clone());
        let row = Sibling { bundle: grant.bundle, ..Sibling::default() };
        step.tx.put(&SIBLINGS, SIBLINGS.key(primary.as_bytes()), row);
        self.refresh_own(step);
        self.bundles.insert(primary, bundle);
        self.open_session(step, &ourselves, &primary);
        if let Some(hint) = self.own_hint(step) {
            self.tell_own(step, &primary, Body::Device(hint));
        }
        Ok(Outcome::Linked { device, address: address::encode(account) })
    }
}

/// Addresses in an offer: more would make its picture hard to read.
const OFFERED_ADDRESSES: usize = 4;
