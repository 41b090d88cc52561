//! Contacts: invites made and accepted, strangers, names, blocks, and our own accounts towards each.

use rand_core::CryptoRng;

use crate::base::id::{AccountId, ContactToken, DeviceId, RouteId};
use crate::base::kind::AccountKind;
use crate::base::limits;
use crate::domain::chat::conversation::CONVERSATIONS;
use crate::domain::chat::incoming;
use crate::domain::chat::timeline::Cause;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::identity::invite;
use crate::domain::identity::log::AccountLog;
use crate::domain::identity::moved;
use crate::domain::identity::open_invite::{INVITES, OpenInvite};
use crate::domain::identity::own::{ACCOUNTS, OwnAccount};
use crate::domain::mailbox::{boxes, owner};
use crate::domain::session::rows::{ROUTES, Route};
use crate::engine::command::{NewMailbox, Outcome, Refusal};
use crate::engine::machine::{Engine, Step};
use crate::engine::reconcile;
use crate::store::key::TableId;
use crate::store::table::{Rows, Table};
use crate::store::tx::Tx;
use crate::wire::account::Purposes;
use crate::wire::boxes::InboxBox;
use crate::wire::content::{Body, Introduction};
use crate::wire::decode::is_line;
use crate::wire::invite::Invite;

/// What this node calls itself towards people.
const NAME: Table<String> = Table::new(TableId::Meta, 1);

/// What this node calls itself towards people; empty where nothing was set.
pub fn own_name(rows: &impl Rows) -> String {
    rows.copy(&NAME, b"name").unwrap_or_default()
}

impl Engine {
    pub(super) fn name(&self, tx: &Tx<'_>) -> String {
        own_name(tx)
    }

    pub(super) fn set_name(&mut self, step: &Step<'_, '_>, name: String) -> Result<Outcome, Refusal> {
        if !is_line(&name, limits::NAME_MAX) {
            return Err(Refusal::Name);
        }
        step.tx.put(&NAME, NAME.key(b"name"), name);
        Ok(Outcome::Done)
    }

    /// Keeps the account that the world knows, the first time a node starts.
    pub(super) fn ensure_account(&mut self, step: &mut Step<'_, '_>) {
        let Some(primary) = self.me.primary.as_ref().filter(|primary| primary.account == self.account) else {
            return;
        };
        let is_kept = step.tx.with(&ACCOUNTS, &ACCOUNTS.key(self.account.as_bytes()), |_| ()).is_some();
        if let (false, Ok(log)) = (is_kept, primary.log()) {
            let is_restored = primary.restored;
            self.open_own(step, log, None, None);
            if is_restored {
                reconcile::begin(step);
            }
        }
    }

    /// The account of ours that a contact is to know: towards a business one that nobody else knows.
    pub(super) fn own_towards(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        business: bool,
    ) -> Result<AccountId, Refusal> {
        if !business || self.is_business() {
            return Ok(self.account);
        }
        let subjects = self.me.primary.as_ref().and_then(|primary| primary.subjects.as_ref());
        let key = subjects.ok_or(Refusal::NotPrimary)?.towards(account);
        let id = key.id();
        if step.tx.with(&ACCOUNTS, &ACCOUNTS.key(id.as_bytes()), |_| ()).is_none() {
            let device = self.device_keys(&id).member(&id, Purposes::ALL);
            self.open_own(step, AccountLog::begin(&key, device, step.now), Some(*account), None);
        }
        Ok(id)
    }

    /// Keeps an account of ours, with an inbox and prekeys of this device; `former` is the one whose place it takes.
    pub(super) fn open_own(
        &mut self,
        step: &mut Step<'_, '_>,
        log: AccountLog,
        subject_of: Option<AccountId>,
        former: Option<&OwnAccount>,
    ) {
        let id = log.account();
        let inbox = RouteId::new(random(step.rng));
        let keys_of = former.map_or_else(|| self.keys_of(&id), |former| former.keys_of);
        let former = former.map(|former| former.log.account());
        let own = OwnAccount { log, subject_of, former, keys_of, inbox, prekeys: 0, prekeys_made: step.now };
        step.tx.put(&ROUTES, ROUTES.key(inbox.as_bytes()), Route::Inbox { own: id });
        step.tx.put(&ACCOUNTS, ACCOUNTS.key(id.as_bytes()), own);
        self.new_prekeys(step, &id);
    }

    /// Makes an invite that one person can accept within [`limits::INVITE_LIFE`].
    pub(super) fn invite(&mut self, step: &mut Step<'_, '_>) -> Result<Outcome, Refusal> {
        self.must_have_asked(step)?;
        let open = step.tx.scan(&INVITES, &INVITES.all());
        let (past, open): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, invite)| invite.expires <= step.now);
        past.into_iter().for_each(|(key, _)| step.tx.delete(&INVITES, key));
        if open.len() >= limits::INVITES_MAX {
            return Err(Refusal::TooMany("open invites: wait until some were accepted or have expired"));
        }
        let account = self.account;
        let own = self.own(step, &account).ok_or(Refusal::Stopping)?;
        let device = self.device_keys(&account).id();
        let reach =
            self.own_reach(&device).filter(|reach| !reach.addresses().is_empty()).ok_or(Refusal::Offline)?;
        let inboxes = owner::inboxes(step.tx, 1, step.now.plus(limits::INVITE_LIFE), step.rng);
        let token = ContactToken::new(random(step.rng));
        let expires = step.now.plus(limits::INVITE_LIFE);
        let mut invite = Invite {
            account,
            kind: self.me.kind,
            name: self.name(step.tx),
            reach,
            inbox: own.inbox,
            token,
            expires,
            inboxes,
        };
        // A code that nobody can scan invites nobody.
        while invite::encode(&invite).len() > limits::INVITE_MAX && invite.inboxes.pop().is_some() {}
        step.tx.put(&INVITES, INVITES.key(token.as_bytes()), OpenInvite { expires });
        Ok(Outcome::Invited { invite: invite::encode(&invite), expires })
    }

    /// Accepts an invite: its maker is a contact from here on, and is told so.
    pub(super) fn accept_invite(
        &mut self,
        step: &mut Step<'_, '_>,
        invite: Invite,
        name: Option<String>,
    ) -> Result<Outcome, Refusal> {
        if invite.expires <= step.now || invite.account == self.account {
            return Err(Refusal::Invite);
        }
        self.must_have_asked(step)?;
        if name.as_ref().is_some_and(|name| name.is_empty() || !is_line(name, limits::NAME_MAX)) {
            return Err(Refusal::Name);
        }
        let business = invite.kind == AccountKind::Business;
        let own = self.own_towards(step, &invite.account, business)?;
        let account = moved::current(step.tx, &invite.account);
        let known = step.tx.copy(&CONTACTS, account.as_bytes());
        if known.is_none() {
            self.refuse_same_device(step, &invite.reach.device())?;
            self.count_contact()?;
        }
        let mut contact =
            known.unwrap_or_else(|| Contact::new(invite.account, own, Standing::Accepted, step.now));
        contact.standing = Standing::Accepted;
        contact.business = business;
        contact.inbox = Some(invite.inbox);
        contact.token = Some(invite.token);
        contact.learn_reach(invite.reach);
        if !invite.inboxes.is_empty() {
            self.take_mailboxes_of(step, &invite.inboxes);
            boxes::invited(step.tx, &invite.account, invite.inboxes);
        }
        if self.is_business() && !business {
            self.invite_opens(step, &contact.thread, invite.token);
        }
        self.call(&mut contact, name, &invite.name);
        self.add_contact(step, &contact);
        self.share_contact(step, &contact);
        if step.tx.row(&CONVERSATIONS, contact.thread.as_bytes()).is_none_or(|row| row.sent_seq == 0) {
            self.say(step, &contact, Body::Hello { first: 1, void: Vec::new() }, None)?;
        }
        Ok(added(&contact))
    }

    /// A newcomer without a mailbox takes on those of the one who invites it.
    fn take_mailboxes_of(&mut self, step: &mut Step<'_, '_>, inboxes: &[InboxBox]) {
        if owner::mailboxes(step.tx).is_empty() && !self.is_business() {
            for inbox in inboxes {
                let wanted = NewMailbox { at: inbox.at.clone(), token: None, receipt: None };
                if self.peer.as_ref() != Some(inbox.at.peer()) {
                    self.take_on(step, wanted);
                }
            }
        }
    }

    /// A device that a contact has can't be another contact's, unless that contact's identity says that it is its own
    /// successor: two conversations with one device would count the same numbers.
    fn refuse_same_device(&self, step: &Step<'_, '_>, device: &DeviceId) -> Result<(), Refusal> {
        match self.contact_of(step, device).filter(|contact| contact.has_device(device)) {
            Some(contact) => Err(Refusal::Identity(format!(
                "this is a device of {}, and their own word that their identity is another hasn't come yet: \
                 wait for it, with the node running",
                contact.name
            ))),
            None => Ok(()),
        }
    }

    /// Counts one more contact, if there may be one more.
    pub(super) fn count_contact(&mut self) -> Result<(), Refusal> {
        if self.contacts >= limits::CONTACTS_MAX {
            return Err(Refusal::TooMany("contacts"));
        }
        self.contacts += 1;
        Ok(())
    }

    /// Stores a contact that the person wants, and tells the screens.
    pub(super) fn add_contact(&mut self, step: &Step<'_, '_>, contact: &Contact) {
        step.tx.put(&CONTACTS, CONTACTS.key(contact.account.as_bytes()), contact.clone());
        self.show_contact(contact);
    }

    /// Names a contact: as the person wants, else as it calls itself, else by its address.
    pub(super) fn call(&self, contact: &mut Contact, wanted: Option<String>, theirs: &str) {
        if let Some(name) = wanted {
            contact.name = name;
            contact.named_here = true;
        } else if !contact.named_here && !theirs.is_empty() {
            theirs.clone_into(&mut contact.name);
        }
        if contact.name.is_empty() {
            contact.name = short_name(&contact.account);
        }
    }

    /// Somebody unknown opens a session: a customer of a business, the bearer of an invite, or a stranger who asks.
    pub(super) fn stranger(
        &mut self,
        step: &Step<'_, '_>,
        own: &AccountId,
        account: AccountId,
        introduction: Option<&Introduction>,
    ) -> Option<Contact> {
        let token = introduction.and_then(|introduction| introduction.token);
        let invited = token.is_some_and(|token| {
            let key = INVITES.key(token.as_bytes());
            let good = step.tx.get(&INVITES, &key).is_some_and(|invite| invite.expires > step.now);
            step.tx.delete(&INVITES, key);
            good
        });
        let standing = if invited || self.is_business() { Standing::Accepted } else { Standing::Requested };
        if !invited && self.is_business() && !self.may_come(step.now) {
            return None;
        }
        if standing == Standing::Requested && self.requests >= limits::REQUESTS_MAX {
            return None;
        }
        self.count_contact().ok()?;
        self.requests += usize::from(standing == Standing::Requested);
        let mut contact = Contact::new(account, *own, standing, step.now);
        self.call(&mut contact, None, introduction.map_or("", |introduction| introduction.name.as_str()));
        contact.says_business = introduction.is_some_and(|introduction| introduction.business);
        if let (true, Some(token)) = (invited && self.judges(&contact), token) {
            self.invite_opens(step, &contact.thread, token);
        }
        Some(contact)
    }

    pub(super) fn rename(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        name: String,
    ) -> Result<Outcome, Refusal> {
        if name.is_empty() || !is_line(&name, limits::NAME_MAX) {
            return Err(Refusal::Name);
        }
        self.change_contact(step, account, |contact| {
            contact.name = name;
            contact.named_here = true;
        })
    }

    /// Lets a stranger in, and tells them what arrived.
    pub(super) fn admit_contact(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
    ) -> Result<Outcome, Refusal> {
        self.settle_request(step, account);
        let outcome = self.change_contact(step, account, |contact| contact.standing = Standing::Accepted)?;
        if let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) {
            for device in contact.devices() {
                self.owe_ack(&contact, &device);
                // Of what a stranger says only the beginning is heard: now the rest is, too.
                let filed = step.tx.row(&incoming::INCOMING, device.as_bytes()).map_or(0, |row| row.filed);
                self.links.line(&device).missing = Some((filed + 1, filed + 1 + limits::HELD_MAX as u64));
            }
            self.announce(step, &contact);
            self.offer_queues(step, &contact);
        }
        Ok(outcome)
    }

    pub(super) fn verify_contact(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
    ) -> Result<Outcome, Refusal> {
        let now = step.now;
        self.change_contact(step, account, |contact| contact.mark_verified(now))
    }

    pub(super) fn block(&mut self, step: &mut Step<'_, '_>, account: &AccountId) -> Result<Outcome, Refusal> {
        self.settle_request(step, account);
        let outcome = self.change_contact(step, account, |contact| contact.standing = Standing::Blocked)?;
        if let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) {
            self.give_up(step, &contact, Cause::Blocked, |_, _| true);
            self.note_if_blocked(&contact);
        }
        Ok(outcome)
    }

    fn change_contact(
        &mut self,
        step: &mut Step<'_, '_>,
        account: &AccountId,
        change: impl FnOnce(&mut Contact),
    ) -> Result<Outcome, Refusal> {
        let account = moved::current(step.tx, account);
        let key = CONTACTS.key(account.as_bytes());
        if account == self.account || step.tx.edit(&CONTACTS, &key, change).is_none() {
            return Err(Refusal::NotAContact(address::encode(&account)));
        }
        self.links.mark_dirty(account);
        if let Some(contact) = step.tx.get(&CONTACTS, &key) {
            self.share_contact(step, &contact);
        }
        Ok(Outcome::Done)
    }

    fn settle_request(&mut self, step: &Step<'_, '_>, account: &AccountId) {
        let standing = step.tx.with(&CONTACTS, &CONTACTS.key(account.as_bytes()), |contact| contact.standing);
        if standing == Some(Standing::Requested) {
            self.requests = self.requests.saturating_sub(1);
        }
    }
}

/// What a contact is called whose name nobody said.
pub(super) fn short_name(account: &AccountId) -> String {
    address::encode(account).chars().take(12).collect()
}

/// The answer to a command that made somebody a contact.
pub(super) fn added(contact: &Contact) -> Outcome {
    Outcome::Added { address: address::encode(&contact.account), name: contact.name.clone() }
}

fn random<const N: usize>(rng: &mut dyn CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
