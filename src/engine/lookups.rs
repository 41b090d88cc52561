//! Look-ups under way: profiles fetched from the DHT, searches, prekeys asked for.

use std::sync::Arc;

use crate::base::id::{AccountId, DeviceId};
use crate::base::limits;
use crate::domain::directory::candidate::{Candidate as _, Verified};
use crate::domain::directory::found::{self, Decision, FOUND, Floor, Found, consider};
use crate::domain::directory::profile::{VerifiedProfile, dht_keys};
use crate::domain::directory::succession::VerifiedSuccession;
use crate::domain::identity::address;
use crate::domain::identity::contact::{CONTACTS, Contact, Standing};
use crate::domain::mailbox::boxes;
use crate::domain::session::prekeys::VerifiedBundle;
use crate::domain::session::ratchet::Session;
use crate::domain::session::rows::{PEERS, SESSIONS};
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::found_business::FoundBusiness;
use crate::engine::input::QueryId;
use crate::engine::machine::{Engine, Step};
use crate::engine::pending::{BundleAsked, Deadline, Fetch, Fetched, Question, Want, Wanted};
use crate::engine::people;
use crate::store::table::Rows;
use crate::wire::ask::{Answer, Ask, WorkDone, prekey_work};
use crate::wire::peer::PeerAddress;
use crate::wire::reach::Reach;

impl Engine {
    /// Asks the network, and remembers what the answer is for.
    pub(super) fn ask_network(&mut self, question: Question, effect: impl FnOnce(QueryId) -> Effect) {
        let query = self.next_query();
        self.lookups.questions.insert(query, question);
        self.effects.push(effect(query));
    }

    /// Fetches the newest profile of an account from the DHT.
    pub(super) fn fetch(&mut self, step: &Step<'_, '_>, account: AccountId, want: Want) {
        let wanted = Wanted { want, asked: account, line: Vec::new(), followed: 0 };
        self.fetch_for(step, account, wanted);
    }

    fn fetch_for(&mut self, step: &Step<'_, '_>, account: AccountId, wanted: Wanted) {
        if let Some(fetch) = self.lookups.fetches.get_mut(&account) {
            fetch.wanted.push(wanted);
            return;
        }
        let keys = dht_keys(&account);
        let fetch =
            Fetch { waiting: u32::from(limits::PROFILE_KEYS), wanted: vec![wanted], ..Fetch::default() };
        self.lookups.fetches.insert(account, fetch);
        self.lookups.expect_by(step.now.plus(limits::FIND_PATIENCE), Deadline::Fetch(account));
        for key in keys {
            self.ask_network(Question::Record { account }, |query| Effect::GetRecord { query, key });
        }
    }

    /// Records came from the DHT.
    pub(super) fn got_records(
        &mut self,
        step: &mut Step<'_, '_>,
        query: QueryId,
        values: Vec<Vec<u8>>,
        peers_asked: u32,
    ) {
        let Some(Question::Record { account }) = self.lookups.questions.remove(&query) else { return };
        let Some(fetch) = self.lookups.fetches.get_mut(&account) else { return };
        fetch.waiting = fetch.waiting.saturating_sub(1);
        fetch.peers = fetch.peers.max(peers_asked);
        fetch.values.extend(values.iter().cloned());
        fetch.answers.push(values);
        if fetch.waiting == 0 {
            self.end_fetch(step, &account);
        }
    }

    fn end_fetch(&mut self, step: &mut Step<'_, '_>, account: &AccountId) {
        let Some(fetch) = self.lookups.fetches.remove(account) else { return };
        self.lookups.forget(|question| matches!(question, Question::Record { account: of } if of == account));
        let floor = step.tx.row(&FOUND, account.as_bytes());
        let found = found::newest(fetch.values, account, floor.as_deref(), step.now);
        let Found { newest, contested, older, refused, equivocations } = found;
        let refused = (refused.len() + older + equivocations.len()) as u32;
        self.counters.refused_records += u64::from(refused);
        let newest = newest.filter(|_| !contested);
        if let Some(record) = &newest {
            if consider(floor.as_deref(), record, step.now) == Decision::Newer {
                step.tx.put(&FOUND, FOUND.key(account.as_bytes()), Floor::of(record, true, step.now));
            }
            if older > 0 {
                self.repair(step, record);
            }
        }
        // What is pinned of a contact helps where the DHT has nothing: it is a hint, never an authority.
        let pinned = || Verified::verify(floor?.record.as_ref()?, step.now).ok();
        let record = newest.or_else(pinned);
        let holds = |values: &&Vec<Vec<u8>>| {
            record.as_ref().is_some_and(|one| values.iter().any(|value| value == one.bytes()))
        };
        let keys = fetch.answers.iter().filter(holds).count() as u32;
        let (profile, succession) = match record {
            Some(Verified::Profile(profile)) => (Some(*profile), None),
            Some(Verified::Succession(succession)) => (None, Some(succession)),
            None => (None, None),
        };
        let fetched = Fetched { account: *account, profile, refused, peers: fetch.peers, keys };
        for wanted in fetch.wanted {
            match succession.as_deref().filter(|_| wanted.want.follows()) {
                Some(succession) if wanted.followed < limits::SUCCESSIONS_FOLLOWED => {
                    self.follow(step, wanted, succession);
                }
                _ => self.fetched(step, &fetched, wanted),
            }
        }
    }

    /// Another account took the place of the one that was asked for, by the word of both: that one is fetched.
    fn follow(&mut self, step: &Step<'_, '_>, mut wanted: Wanted, succession: &VerifiedSuccession) {
        wanted.line.extend(succession.line().iter().cloned());
        wanted.followed += 1;
        self.fetch_for(step, succession.successor(), wanted);
    }

    fn fetched(&mut self, step: &mut Step<'_, '_>, fetched: &Fetched, wanted: Wanted) {
        if let Some(profile) = &fetched.profile
            && !wanted.line.is_empty()
        {
            // Whoever is a contact by a former account is one by this from here on.
            let _ = self.take_over(step, &wanted.line, profile.log().clone());
        }
        match wanted.want {
            Want::Session => self.session_fetched(step, fetched, wanted.asked),
            Want::Lookup(ticket) => {
                let result = self.found_one(fetched, wanted.asked);
                self.reply(ticket, result);
            }
            Want::Add(ticket, name) => {
                let result =
                    self.business_fetched(step, fetched, name).map(|contact| people::added(&contact));
                self.reply(ticket, result);
            }
            Want::Subscribe(ticket, plan) => {
                let result = self.business_fetched(step, fetched, None);
                let result = result.and_then(|contact| self.subscribe_to(step, &contact, &plan));
                self.reply(ticket, result);
            }
            Want::Change(ticket, plan, to) => {
                let result = self.business_fetched(step, fetched, None);
                let result = result.and_then(|contact| self.change_plan(step, &contact, &plan, &to));
                self.reply(ticket, result);
            }
            Want::Search(search) => self.search_fetched(step, search, fetched),
            Want::ReadBack => self.read_back(step, fetched),
            Want::Reconcile(ticket, key) => self.reconciled(step, fetched, ticket, &key),
        }
    }

    fn found_one(&self, fetched: &Fetched, asked: AccountId) -> Result<Outcome, Refusal> {
        let Some(profile) = &fetched.profile else {
            let nobody = fetched.peers == 0;
            return Err(if nobody {
                Refusal::NoPeers
            } else {
                Refusal::NotFound(address::encode(&fetched.account))
            });
        };
        Ok(Outcome::Found {
            businesses: vec![FoundBusiness {
                former: (asked != fetched.account).then(|| address::encode(&asked)),
                ..FoundBusiness::of(profile)
            }],
            next: None,
            peers_asked: fetched.peers,
            refused: fetched.refused,
        })
    }

    /// Makes a business that was looked up a contact.
    fn business_fetched(
        &mut self,
        step: &mut Step<'_, '_>,
        fetched: &Fetched,
        name: Option<String>,
    ) -> Result<Contact, Refusal> {
        let Some(profile) = &fetched.profile else {
            let nobody = fetched.peers == 0;
            return Err(if nobody {
                Refusal::NoPeers
            } else {
                Refusal::NotFound(address::encode(&fetched.account))
            });
        };
        let account = fetched.account;
        let known = step.tx.copy(&CONTACTS, account.as_bytes());
        let mut contact = match known {
            Some(contact) => contact,
            None => {
                let own = self.own_towards(step, &account, true)?;
                self.count_contact()?;
                Contact::new(account, own, Standing::Accepted, step.now)
            }
        };
        self.call(&mut contact, name, &profile.profile().name);
        self.learn_profile(step, &mut contact, profile);
        self.add_contact(step, &contact);
        Ok(contact)
    }

    fn session_fetched(&mut self, step: &mut Step<'_, '_>, fetched: &Fetched, asked: AccountId) {
        let contact = step.tx.copy(&CONTACTS, fetched.account.as_bytes());
        match (&fetched.profile, contact) {
            (Some(profile), Some(mut contact)) => {
                self.learn_profile(step, &mut contact, profile);
                step.tx.put(&CONTACTS, CONTACTS.key(contact.account.as_bytes()), contact);
            }
            _ if step.tx.row(&CONTACTS, asked.as_bytes()).is_some() => self.retry_later(step, asked),
            _ => {}
        }
    }

    /// Takes in what a verified profile says of a contact: devices, where they are, how to open a session.
    fn learn_profile(&mut self, step: &mut Step<'_, '_>, contact: &mut Contact, profile: &VerifiedProfile) {
        contact.business = true;
        if !self.learn_log(step, contact, profile.log().clone()) {
            return;
        }
        for reach in &profile.profile().reach {
            contact.learn_reach(reach.clone());
        }
        boxes::publishes(step.tx, &contact.account, &profile.profile().mailboxes);
        let bundle = VerifiedBundle::verify(&profile.profile().bundle, &contact.account, step.now);
        if let Some(bundle) = bundle.ok().filter(|bundle| contact.has_device(&bundle.device())) {
            contact.inbox = Some(bundle.inbox());
            self.lookups.asked_live.remove(&bundle.device());
            self.bundles.insert(bundle.device(), bundle);
        }
        self.links.mark_dirty(contact.account);
    }

    /// A profile's bundle has no one-time prekeys: before the first one serves, the business itself is asked, once.
    /// Whether its answer is still to come.
    pub(super) fn asks_live(&mut self, step: &Step<'_, '_>, contact: &Contact, device: &DeviceId) -> bool {
        if !contact.business || !self.bundles.contains_key(device) {
            return false;
        }
        if self.lookups.bundles.contains(&contact.account) {
            return true;
        }
        if self.lookups.asked_live.remove(device) {
            return false;
        }
        let Some(route) = contact.inbox else { return false };
        let Some(peer) = contact.reach_of(device).and_then(Reach::at) else { return false };
        self.lookups.asked_live.insert(*device);
        self.lookups.asked_mail.remove(&contact.account);
        let asked = BundleAsked { at: peer, route, token: contact.token, rounds: 0 };
        self.expect_bundle(step, contact.account, [asked]);
        true
    }

    fn repair(&mut self, step: &Step<'_, '_>, record: &Verified) {
        let expires_in = record.expires().since(step.now);
        for key in dht_keys(&record.account()) {
            let value = record.bytes().to_vec();
            self.ask_network(Question::Repair, |query| Effect::PutRecord { query, key, value, expires_in });
        }
    }

    /// Looks for prekeys of a contact's device: in the profile if it is a business, else at the device itself. Once,
    /// until the next attempt falls due or a link comes up.
    pub(super) fn seek_bundle(&mut self, step: &Step<'_, '_>, contact: &Contact, device: Option<&DeviceId>) {
        if !self.online || self.lookups.bundles.contains(&contact.account) {
            return;
        }
        if let Some(device) = device
            && core::mem::replace(&mut self.links.line(device).sought, true)
        {
            return;
        }
        if contact.business {
            let busy = self.lookups.fetches.get(&contact.account);
            if busy
                .is_none_or(|fetch| !fetch.wanted.iter().any(|wanted| matches!(wanted.want, Want::Session)))
            {
                self.fetch(step, contact.account, Want::Session);
            }
            return;
        }
        let asks: Vec<BundleAsked> = contact
            .reach
            .iter()
            .filter(|reach| device.is_none_or(|device| *device == reach.device()))
            .filter_map(|reach| Some(self.bundle_asks(step, contact, reach, &reach.at()?)))
            .flatten()
            .collect();
        if asks.is_empty() {
            self.recall_bundles(step, contact);
        } else {
            self.expect_bundle(step, contact.account, asks);
        }
    }

    /// An attempt is due: prekeys may be looked for once more.
    pub(super) fn seek_again(&mut self, step: &Step<'_, '_>, account: &AccountId) {
        if let Some(contact) = step.tx.row(&CONTACTS, account.as_bytes()) {
            contact.devices().for_each(|device| self.links.line(&device).sought = false);
        }
    }

    fn expect_bundle(
        &mut self,
        step: &Step<'_, '_>,
        contact: AccountId,
        asks: impl IntoIterator<Item = BundleAsked>,
    ) {
        self.lookups.bundles.insert(contact);
        self.lookups.expect_by(step.now.plus(limits::FIND_PATIENCE), Deadline::Bundle(contact));
        asks.into_iter().for_each(|asked| self.ask_bundle(contact, asked, None));
    }

    fn ask_bundle(&mut self, contact: AccountId, asked: BundleAsked, work: Option<WorkDone>) {
        let (route, token, peer) = (asked.route, asked.token, asked.at.clone());
        let body = Ask::Bundle { route, token, work }.encode();
        let question = Question::Bundle { contact, asked: Box::new(asked) };
        self.ask_network(question, |query| Effect::Ask { query, peer, body });
    }

    /// Prekeys came without a one-time pair, and with what one costs: they are kept, and that is worked for. Whether it
    /// is; where it isn't worth while, they serve as they are.
    fn works_for_bundle(
        &mut self,
        step: &Step<'_, '_>,
        contact: AccountId,
        mut asked: Box<BundleAsked>,
        answer: &Answer,
    ) -> bool {
        let (Answer::Bundle { work: Some(wanted), .. }, Some(us)) = (answer, self.peer.clone()) else {
            return false;
        };
        if asked.token.is_some() || asked.rounds >= limits::WORK_ROUNDS {
            return false;
        }
        asked.rounds += 1;
        let puzzle = prekey_work(asked.at.peer(), &us, &wanted.challenge, wanted.bits);
        let challenge = wanted.challenge;
        self.lookups.bundles.insert(contact);
        self.lookups.unpaid.insert(contact, answer.clone());
        self.lookups.expect_by(step.now.plus(limits::FIND_PATIENCE), Deadline::Bundle(contact));
        let question = Question::BundleWork { contact, asked, challenge };
        self.ask_network(question, |query| Effect::Work { query, puzzle });
        true
    }

    /// What was to be worked for is done.
    pub(super) fn worked(&mut self, step: &mut Step<'_, '_>, query: QueryId, work: u64) {
        if let Some(mailbox) = self.mail.works_for(query) {
            return self.mailbox_worked(step, &mailbox, work);
        }
        if let Some(Question::BundleWork { contact, asked, challenge }) =
            self.lookups.questions.remove(&query)
            && self.lookups.bundles.contains(&contact)
        {
            self.ask_bundle(contact, *asked, Some(WorkDone { challenge, work }));
        }
    }

    /// What entitles us to a contact's prekeys: a session that its device surely has, else its invite. Of a session
    /// that nothing came on yet nobody knows whether the device has it: then both are tried.
    fn bundle_asks(
        &self,
        step: &Step<'_, '_>,
        contact: &Contact,
        reach: &Reach,
        at: &PeerAddress,
    ) -> Vec<BundleAsked> {
        let peer = step.tx.row(&PEERS, reach.device().as_bytes());
        let ids = peer.iter().flat_map(|peer| peer.active.iter().chain(&peer.archived));
        let sessions: Vec<_> = ids.filter_map(|id| step.tx.row(&SESSIONS, id.as_bytes())).collect();
        let ask = |route, token| BundleAsked { at: at.clone(), route, token, rounds: 0 };
        let by_route = |session: &Arc<Session>| ask(session.send_route(), None);
        let by_invite = contact.inbox.map(|route| ask(route, contact.token));
        if let Some(session) = sessions.iter().find(|session| session.has_received()) {
            // Where a session broke the device may know none of them any more, and have invited us anew.
            let broke = peer.is_some_and(|peer| !peer.heals.is_empty());
            return [by_route(session)].into_iter().chain(by_invite.filter(|_| broke)).collect();
        }
        by_invite.into_iter().chain(sessions.first().map(by_route)).collect()
    }

    fn bundle_answered(&mut self, step: &mut Step<'_, '_>, account: &AccountId, answer: Option<Answer>) {
        self.lookups.bundles.remove(account);
        // What was given before it was worked for serves where nothing better came of that.
        let unpaid = self.lookups.unpaid.remove(account);
        let answer = answer.filter(|answer| matches!(answer, Answer::Bundle { .. })).or(unpaid);
        if let Some(Answer::Bundle { bundle, former, .. }) = &answer
            && let Some(contact) = self.succession_answered(step, account, bundle, former)
        {
            return self.bundle_answered(step, &contact, answer);
        }
        let Some(mut contact) = step.tx.copy(&CONTACTS, account.as_bytes()) else { return };
        let bundle = match answer {
            Some(Answer::Bundle { bundle, one_time, .. }) => {
                self.verified_bundle(step, &bundle, &one_time, account)
            }
            _ => None,
        };
        let learnt = bundle.filter(|bundle| {
            self.learn_log(step, &mut contact, bundle.log().clone()) && contact.has_device(&bundle.device())
        });
        let Some(bundle) = learnt else {
            // Where the business itself doesn't answer its mailboxes may have one-time prekeys of it; where they haven't,
            // the bundle in its profile serves.
            if contact.devices().any(|device| self.bundles.contains_key(&device)) {
                if self.lookups.asked_mail.insert(*account) && self.seek_mailed_prekeys(step, &contact, None)
                {
                    self.lookups.bundles.insert(*account);
                    let due = step.now.plus(limits::FIND_PATIENCE);
                    self.lookups.expect_by(due, Deadline::Bundle(*account));
                } else {
                    self.links.mark_dirty(*account);
                }
            } else {
                self.recall_bundles(step, &contact);
                self.seek_mailed_prekeys(step, &contact, None);
                self.retry_later(step, *account);
            }
            return;
        };
        self.keep_bundle(step, contact, bundle);
    }

    /// Takes in a bundle that holds, wherever it is from; whether it may be used.
    pub(super) fn take_bundle(
        &mut self,
        step: &mut Step<'_, '_>,
        mut contact: Contact,
        bundle: VerifiedBundle,
    ) -> bool {
        let learnt = self.learn_log(step, &mut contact, bundle.log().clone());
        let good = learnt && contact.has_device(&bundle.device());
        if good {
            self.keep_bundle(step, contact, bundle);
        }
        good
    }

    fn keep_bundle(&mut self, step: &Step<'_, '_>, mut contact: Contact, bundle: VerifiedBundle) {
        contact.inbox = Some(bundle.inbox());
        let (account, device): (AccountId, DeviceId) = (contact.account, bundle.device());
        self.bundles.insert(device, bundle);
        step.tx.put(&CONTACTS, CONTACTS.key(account.as_bytes()), contact);
        self.links.mark_dirty(account);
    }

    /// A bundle that holds, with those of the one-time prekeys that do: where one doesn't, the signed one serves.
    fn verified_bundle(
        &mut self,
        step: &Step<'_, '_>,
        bundle: &[u8],
        one_time: &[Vec<u8>],
        account: &AccountId,
    ) -> Option<VerifiedBundle> {
        let mut bundle = VerifiedBundle::verify(bundle, account, step.now).ok()?;
        for prekey in one_time {
            let added = bundle.add_one_time(prekey, step.now);
            self.counters.malformed += u64::from(added.is_err_and(|error| !error.is_of_time()));
        }
        Some(bundle)
    }

    /// A peer answered, or didn't.
    pub(super) fn answered(&mut self, step: &mut Step<'_, '_>, query: QueryId, body: Option<Vec<u8>>) {
        let answer = body.and_then(|body| {
            let answer = Answer::decode(&body);
            self.counters.malformed += u64::from(answer.is_err());
            answer.ok()
        });
        match self.lookups.questions.remove(&query) {
            Some(Question::Bundle { contact, asked }) => match answer {
                Some(answer) if self.works_for_bundle(step, contact, asked, &answer) => {}
                answer => self.bundle_answered(step, &contact, answer),
            },
            Some(Question::LinkKey { ticket, key, offer }) => {
                self.link_key_told(step, ticket, (&key, &offer), answer);
            }
            Some(Question::LinkGiven { ticket, device }) => self.link_given(ticket, device, answer.as_ref()),
            Some(Question::Place { ticket, kept }) => self.place_answered(step, ticket, kept, answer),
            Some(Question::SearchPage { search }) => self.page_answered(step, search, answer),
            Some(Question::EntryPut) => self.entry_put(step, answer.is_some()),
            Some(Question::OwnLog) => self.own_log_told(step, answer),
            _ => {}
        }
    }

    /// The peers closest to a key are known.
    pub(super) fn closest(&mut self, step: &mut Step<'_, '_>, query: QueryId, peers: Vec<PeerAddress>) {
        match self.lookups.questions.remove(&query) {
            Some(Question::SearchPeers { search, key }) => self.search_peers(step, search, key, peers),
            Some(Question::EntryPeers { entry }) => self.entry_peers(step, &entry, peers),
            _ => {}
        }
    }

    /// A record was put, or not.
    pub(super) fn put_done(&mut self, step: &mut Step<'_, '_>, query: QueryId, peers_asked: u32) {
        match self.lookups.questions.remove(&query) {
            Some(Question::ProfilePut) => self.profile_put(step, peers_asked),
            Some(Question::SuccessionPut { former }) => self.succession_put(step, former, peers_asked),
            _ => {}
        }
    }

    /// Ends the look-ups whose time is over with what there is.
    pub(super) fn lookups_due(&mut self, step: &mut Step<'_, '_>) {
        for deadline in self.lookups.take_due(step.now) {
            match deadline {
                Deadline::Fetch(account) => self.end_fetch(step, &account),
                Deadline::Search(search) => self.search_overdue(step, search),
                Deadline::Publication => self.end_publication(step),
                Deadline::ReadBack => self.look_again(step),
                Deadline::Heal(device, seq, link) => self.refused_before(step, &device, seq, link),
                Deadline::HealLate(device, session) => self.heal_late(step, &device, session),
                Deadline::Bundle(account) => {
                    if self.lookups.bundles.contains(&account) {
                        self.bundle_answered(step, &account, None);
                    }
                }
            }
        }
    }
}
