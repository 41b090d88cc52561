//! Publishing our own profile: signed anew each time, put under its keys, indexed under its terms, read back.

use core::time::Duration;

use crate::base::limits;
use crate::domain::directory::entry::entries_of;
use crate::domain::directory::found::FOUND;
use crate::domain::directory::profile::{ProfileDraft, VerifiedProfile, dht_keys};
use crate::domain::directory::published::{OWN_PROFILE, OWN_PROFILE_ID, Published, Says};
use crate::domain::mailbox::owner;
use crate::domain::session::prekeys::{self, Local};
use crate::domain::session::rows::PREKEYS;
use crate::engine::command::{Outcome, Refusal};
use crate::engine::effects::Effect;
use crate::engine::event::Event;
use crate::engine::input::Ticket;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::pending::{Deadline, Fetched, Publication, Question, Want};
use crate::engine::publication::LastPublication;
use crate::engine::reconcile;
use crate::store::table::Rows;
use crate::wire::ask::Ask;
use crate::wire::index::{IndexRecord, IndexRequest};
use crate::wire::peer::PeerAddress;

/// How often a publication is looked for before it counts as lost: peers say "ok" before they keep a record.
const LOOKS_MAX: u32 = 5;
/// How many of the peers closest to an index key are given the entry.
const ENTRY_COPIES: usize = 20;

impl Engine {
    pub(super) fn set_profile(
        &mut self,
        step: &Step<'_, '_>,
        draft: ProfileDraft,
    ) -> Result<Outcome, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        let published = match step.tx.copy(&OWN_PROFILE, OWN_PROFILE_ID) {
            Some(mut published) => published.set(draft).map(|()| published),
            None => Published::new(draft),
        };
        let published = published.map_err(|error| Refusal::Profile(error.to_string()))?;
        step.tx.put(&OWN_PROFILE, OWN_PROFILE.key(OWN_PROFILE_ID), published);
        self.agenda.set(step.tx, Job::Publish, step.now);
        Ok(Outcome::Done)
    }

    /// What our profile says is no longer so: it is published anew, soon, so that several changes are one.
    pub(super) fn publish_soon(&mut self, step: &Step<'_, '_>) {
        if self.is_business() && step.tx.row(&OWN_PROFILE, OWN_PROFILE_ID).is_some() {
            self.agenda.set_by(step.tx, Job::Publish, step.now.plus(limits::SETTLE_PAUSE));
        }
    }

    /// Publishes now; the answer comes once the network took it, or didn't.
    pub(super) fn publish(&mut self, step: &mut Step<'_, '_>, ticket: Option<Ticket>) {
        if let (Some(publication), Some(ticket)) = (&mut self.lookups.publication, ticket) {
            publication.tickets.push(ticket);
            return;
        }
        match self.sign_profile(step) {
            Ok(profile) => self.put_profile(step, profile, ticket),
            Err(refusal) => {
                if !matches!(refusal, Refusal::NoProfile | Refusal::Unreconciled) {
                    self.agenda.set(step.tx, Job::Publish, step.now.plus(limits::RETRY_LAST));
                }
                if let Some(ticket) = ticket {
                    self.reply(ticket, Err(refusal));
                }
            }
        }
    }

    fn sign_profile(&mut self, step: &Step<'_, '_>) -> Result<VerifiedProfile, Refusal> {
        if !self.is_business() {
            return Err(Refusal::NotABusiness);
        }
        reconcile::must_be(step.tx)?;
        let mut published = step.tx.copy(&OWN_PROFILE, OWN_PROFILE_ID).ok_or(Refusal::NoProfile)?;
        if !self.online || self.addresses.is_empty() {
            return Err(Refusal::Offline);
        }
        let account = self.account;
        if let Some(seen) = step.tx.with(&FOUND, &FOUND.key(account.as_bytes()), |floor| floor.seq) {
            published.raise(seen);
        }
        let own = self.own(step, &account).ok_or(Refusal::Stopping)?;
        let keys = self.device_keys(&account);
        let set = step.tx.get(&PREKEYS, &PREKEYS.key_at(account.as_bytes(), u64::from(own.prekeys)));
        let set = set.ok_or(Refusal::Stopping)?;
        let bundle = prekeys::bundle(&Local { log: &own.log, device: &keys }, &set, own.inbox, step.now);
        let reach: Vec<_> = self.own_reach(&keys.id()).into_iter().collect();
        let mailboxes = owner::open_inboxes(step.tx);
        let says = Says { reach: &reach, bundle: &bundle, mailboxes: &mailboxes };
        let record = published.sign(&keys, &own.log, &says, step.now);
        let record = record.map_err(|error| Refusal::Profile(error.to_string()))?;
        let profile = VerifiedProfile::verify(&record, step.now);
        let profile = profile.map_err(|error| Refusal::Profile(error.to_string()))?;
        self.agenda.set(step.tx, Job::Publish, published.due());
        step.tx.put(&OWN_PROFILE, OWN_PROFILE.key(OWN_PROFILE_ID), published);
        Ok(profile)
    }

    fn put_profile(&mut self, step: &mut Step<'_, '_>, profile: VerifiedProfile, ticket: Option<Ticket>) {
        let account = self.account;
        let keys = self.device_keys(&account);
        let own = self.own(step, &account);
        let entries = own.map(|own| entries_of(&profile, &own.log, &keys)).unwrap_or_default();
        let expires_in = profile.profile().expires.since(step.now);
        let record = profile.bytes().to_vec();
        let mut waiting = self.lookups.publication.take().map(|old| old.tickets).unwrap_or_default();
        self.lookups.forget(|question| {
            matches!(question, Question::ProfilePut | Question::EntryPeers { .. } | Question::EntryPut)
        });
        waiting.extend(ticket);
        self.lookups.publication = Some(Publication {
            profile,
            tickets: waiting,
            puts: usize::from(limits::PROFILE_KEYS),
            entries: entries.len(),
            entries_taken: 0,
            peers: 0,
            read_back: None,
            looks: 0,
        });
        self.lookups.expect_by(step.now.plus(limits::FIND_PATIENCE), Deadline::Publication);
        for key in dht_keys(&account) {
            let value = record.clone();
            self.ask_network(Question::ProfilePut, |query| Effect::PutRecord {
                query,
                key,
                value,
                expires_in,
            });
        }
        for (key, entry) in entries {
            self.host_own_entry(step, &entry);
            let question = Question::EntryPeers { entry: entry.encode() };
            self.ask_network(question, |query| Effect::ClosestPeers { query, key });
        }
    }

    pub(super) fn profile_put(&mut self, step: &mut Step<'_, '_>, peers_asked: u32) {
        let account = self.account;
        let Some(publication) = &mut self.lookups.publication else { return };
        publication.puts = publication.puts.saturating_sub(1);
        publication.peers = publication.peers.max(peers_asked);
        if publication.puts == 0 {
            self.fetch(step, account, Want::ReadBack);
        }
    }

    pub(super) fn entry_peers(&mut self, step: &mut Step<'_, '_>, entry: &[u8], peers: Vec<PeerAddress>) {
        let Some(publication) = &mut self.lookups.publication else { return };
        publication.entries = publication.entries.saturating_sub(1) + peers.len().min(ENTRY_COPIES);
        if let Ok(record) = IndexRecord::decode(entry) {
            let body = Ask::Index(IndexRequest::Put(vec![record]).encode()).encode();
            for peer in peers.into_iter().take(ENTRY_COPIES) {
                let body = body.clone();
                self.ask_network(Question::EntryPut, |query| Effect::Ask { query, peer, body });
            }
        }
        self.publication_settled(step);
    }

    pub(super) fn entry_put(&mut self, step: &mut Step<'_, '_>, taken: bool) {
        let Some(publication) = &mut self.lookups.publication else { return };
        publication.entries = publication.entries.saturating_sub(1);
        publication.entries_taken += u32::from(taken);
        self.publication_settled(step);
    }

    pub(super) fn read_back(&mut self, step: &mut Step<'_, '_>, fetched: &Fetched) {
        let Some(publication) = &mut self.lookups.publication else { return };
        let ours =
            fetched.profile.as_ref().map(VerifiedProfile::digest) == Some(publication.profile.digest());
        let keys = if ours { fetched.keys } else { 0 };
        publication.looks += 1;
        if keys == 0 && publication.peers > 0 && publication.looks < LOOKS_MAX {
            let pause = read_back_pause(publication.looks);
            self.lookups.expect_by(step.now.plus(pause), Deadline::ReadBack);
            return;
        }
        publication.read_back = Some(keys);
        self.publication_settled(step);
    }

    fn publication_settled(&mut self, step: &mut Step<'_, '_>) {
        let Some(publication) = &self.lookups.publication else { return };
        if publication.read_back.is_some() && publication.entries == 0 {
            self.end_publication(step);
        }
    }

    /// Says what came of the publication; one that reached nobody is tried again soon.
    pub(super) fn end_publication(&mut self, step: &mut Step<'_, '_>) {
        let Some(publication) = self.lookups.publication.take() else { return };
        let keys_read_back = publication.read_back.unwrap_or(0);
        self.keep_own(step, &publication.profile);
        let (seq, expires) = (publication.profile.profile().seq, publication.profile.profile().expires);
        let last = LastPublication {
            at: step.now,
            seq,
            peers: publication.peers,
            keys: keys_read_back,
            entries: publication.entries_taken,
            expires,
        };
        let out = last.is_out();
        self.published = Some(last);
        let result = if out {
            self.show(Event::Published { seq });
            Ok(Outcome::Published {
                seq,
                peers_asked: publication.peers,
                keys_read_back,
                index_entries: publication.entries_taken,
                expires,
            })
        } else {
            let pause = self.publish_pause();
            self.agenda.set(step.tx, Job::Publish, step.now.plus(pause));
            let refusal = if publication.peers > 0 { Refusal::NotReadBack } else { Refusal::NoPeers };
            self.show(Event::NotPublished { reason: refusal.to_string() });
            Err(refusal)
        };
        for ticket in publication.tickets {
            self.reply(ticket, result.clone());
        }
    }

    /// Looks for the publication once more.
    pub(super) fn look_again(&mut self, step: &Step<'_, '_>) {
        if self.lookups.publication.is_some() {
            let account = self.account;
            self.fetch(step, account, Want::ReadBack);
        }
    }

    /// Our own record is kept here too, only after it was looked for elsewhere: a business may be the only node of a
    /// directory.
    fn keep_own(&mut self, step: &Step<'_, '_>, profile: &VerifiedProfile) {
        let expires_in = profile.profile().expires.since(step.now);
        for key in dht_keys(&profile.account()) {
            self.effects.push(Effect::Keep { key, value: profile.bytes().to_vec(), expires_in });
        }
    }

    fn publish_pause(&mut self) -> Duration {
        let attempts = self.attempts.entry(self.account).or_default();
        *attempts += 1;
        (limits::RETRY_FIRST * 2u32.saturating_pow((*attempts).min(16))).min(limits::RETRY_LAST)
    }
}

/// How long to wait after so many looks in vain: most peers keep a record some milliseconds after they said that they took
/// it, and a few are slow.
fn read_back_pause(looks: u32) -> Duration {
    limits::READ_BACK_PAUSE * 3u32.saturating_pow(looks.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_looked_for_soon_and_in_vain_for_a_second_at_least() {
        let pauses: Vec<Duration> = (1..LOOKS_MAX).map(read_back_pause).collect();
        assert!(pauses[0] < Duration::from_millis(50) && pauses.is_sorted(), "{pauses:?}");
        assert!(pauses.iter().sum::<Duration>() > Duration::from_secs(1), "{pauses:?}");
    }
}
