//! What this node keeps and answers for others: profiles and index entries.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::AccountId;
use crate::base::limits;
use crate::domain::directory::entry::{self, EntryOffer, HostedEntry, VerifiedEntry};
use crate::domain::directory::found::Floor;
use crate::domain::directory::hosted::{self, Offer};
use crate::engine::effects::Effect;
use crate::engine::machine::{Engine, Job, Step};
use crate::engine::prekeys::Asker;
use crate::store::key::{Key, TableId};
use crate::store::table::{Rows, Table};
use crate::wire::ask::{Answer, Ask};
use crate::wire::index::{Facets, IndexRecord, IndexRequest, IndexResponse};
use crate::wire::origin::Prefix;
use crate::wire::peer::PeerKey;

/// Profiles kept for others, by their DHT key. The newest stays as a floor after it has expired.
const RECORDS: Table<Hosted> = Table::new(TableId::HostedRecords, 1);
/// Index entries kept for others, by their key, in the order of their accounts.
const ENTRIES: Table<HostedEntry> = Table::new(TableId::HostedIndex, 1);
/// How much is kept.
const KEPT: Table<Kept> = Table::new(TableId::Meta, 1);
const KEPT_ID: &[u8] = b"kept";

/// A profile kept for others.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hosted {
    key: [u8; 32],
    floor: Floor,
}

/// How much is kept for others.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// Profiles, and floors of those that have expired.
    pub records: u64,
    /// Index entries.
    pub entries: u64,
}

/// How much this node keeps for others.
pub fn kept(rows: &impl Rows) -> Kept {
    rows.copy(&KEPT, KEPT_ID).unwrap_or_default()
}

impl Engine {
    /// A peer offers a record: kept only if it is valid, under its own key, and not older than what is known.
    pub(super) fn record_offered(&mut self, step: &Step<'_, '_>, key: &[u8], value: Vec<u8>) {
        let Ok(key) = <[u8; 32]>::try_from(key) else {
            self.counters.refused_records += 1;
            return;
        };
        let known = step.tx.copy(&RECORDS, &key).map(|hosted| hosted.floor);
        let kept = kept(step.tx);
        let count = usize::try_from(kept.records).unwrap_or(usize::MAX);
        match hosted::decide(&key, &value, known.as_ref(), count, step.now) {
            Offer::Keep(record) => {
                let floor = Floor::of(&record, true, step.now);
                step.tx.put(&RECORDS, RECORDS.key(&key), Hosted { key, floor });
                let records = kept.records + u64::from(known.is_none());
                step.tx.put(&KEPT, KEPT.key(KEPT_ID), Kept { records, ..kept });
                let expires_in = record.expires().since(step.now);
                self.effects.push(Effect::Keep { key, value, expires_in });
                self.expect_sweep(step);
            }
            Offer::Known => {}
            Offer::Refuse(_) => self.counters.refused_records += 1,
        }
    }

    /// A peer asks something; it is always answered, if only with nothing.
    pub(super) fn asked(
        &mut self,
        step: &mut Step<'_, '_>,
        ask: u64,
        (peer, from): (&PeerKey, Option<Prefix>),
        body: &[u8],
    ) {
        let answer = match Ask::decode(body) {
            Ok(Ask::Bundle { route, token, work }) => {
                self.bundle_for(step, &route, token, &Asker { peer, from, work })
            }
            Ok(Ask::Index(request)) => {
                self.index_asked(step, &request).map(|answer| Answer::Index(answer.encode()))
            }
            Ok(Ask::LinkKey { offer, account }) => self.link_key_asked(step, &offer, &account),
            Ok(Ask::LinkGrant { offer, grant }) => self.link_granted(step, &offer, &grant),
            Ok(Ask::Place(showing)) => self.place_asked(step, peer, showing.as_deref()),
            Ok(Ask::Log(asked)) => self.log_asked(step, peer, &asked),
            Err(_) => {
                self.counters.malformed += 1;
                None
            }
        };
        self.effects.push(Effect::Answer { ask, body: answer.unwrap_or(Answer::Nothing).encode() });
    }

    fn index_asked(&mut self, step: &Step<'_, '_>, request: &[u8]) -> Option<IndexResponse> {
        match IndexRequest::decode(request) {
            Ok(IndexRequest::Put(records)) => {
                let stored = records.into_iter().filter_map(|record| self.host_entry(step, record)).count();
                Some(IndexResponse::Stored(u32::try_from(stored).unwrap_or(u32::MAX)))
            }
            Ok(IndexRequest::Get { key, cursor, facets }) => {
                let (entries, next) = local_page(step, &key, cursor, &facets);
                Some(IndexResponse::Page { entries, next })
            }
            Err(_) => {
                self.counters.malformed += 1;
                None
            }
        }
    }

    /// An entry of our own is kept here too, so that the smallest network has an index.
    pub(super) fn host_own_entry(&mut self, step: &Step<'_, '_>, record: &IndexRecord) {
        let _ = self.host_entry(step, record.clone());
    }

    fn host_entry(&mut self, step: &Step<'_, '_>, record: IndexRecord) -> Option<()> {
        let Ok(verified) = VerifiedEntry::verify(record, step.now) else {
            self.counters.refused_records += 1;
            return None;
        };
        let key = entry_key(&verified.key(), &verified.entry().account);
        let known = step.tx.get(&ENTRIES, &key);
        let kept = kept(step.tx);
        match entry::decide(&verified, known.as_deref(), usize::try_from(kept.entries).unwrap_or(usize::MAX))
        {
            EntryOffer::Keep => {
                step.tx.put(&ENTRIES, key, HostedEntry::of(&verified));
                let entries = kept.entries + u64::from(known.is_none());
                step.tx.put(&KEPT, KEPT.key(KEPT_ID), Kept { entries, ..kept });
                self.expect_sweep(step);
                Some(())
            }
            EntryOffer::Known => Some(()),
            EntryOffer::Full => {
                self.counters.over_limit += 1;
                None
            }
        }
    }

    fn expect_sweep(&mut self, step: &Step<'_, '_>) {
        if self.agenda.due(&Job::Sweep).is_none() {
            self.agenda.set(step.tx, Job::Sweep, step.now.plus(limits::SWEEP_INTERVAL));
        }
    }

    /// Forgets what is past its life: expired entries and records, floors older than [`limits::FLOOR_LIFE`].
    pub(super) fn sweep(&mut self, step: &Step<'_, '_>) {
        let (mut records, mut entries) = (0, 0);
        for (_, hosted) in step.tx.scan(&RECORDS, &RECORDS.all()) {
            let id = RECORDS.key(&hosted.key);
            if step.now.since(hosted.floor.seen_at) > limits::FLOOR_LIFE {
                step.tx.delete(&RECORDS, id);
                continue;
            }
            records += 1;
            let record = hosted.floor.record.as_ref();
            let expired = record.is_some_and(|record| hosted::is_over(record, step.now));
            if expired {
                step.tx.edit(&RECORDS, &id, |hosted| hosted.floor.record = None);
            }
        }
        for (key, entry) in step.tx.scan(&ENTRIES, &ENTRIES.all()) {
            if entry.expires <= step.now {
                step.tx.delete(&ENTRIES, key);
            } else {
                entries += 1;
            }
        }
        step.tx.put(&KEPT, KEPT.key(KEPT_ID), Kept { records, entries });
        if records + entries > 0 {
            self.expect_sweep(step);
        }
    }

    /// Gives the network back what was kept for others before the node stopped.
    pub(super) fn keep_again(&mut self, step: &Step<'_, '_>) {
        for (_, hosted) in step.tx.scan(&RECORDS, &RECORDS.all()) {
            let Some(value) = hosted.floor.record.clone() else { continue };
            let Some(expires) = hosted::expires(&value).filter(|expires| *expires > step.now) else {
                continue;
            };
            let expires_in = expires.since(step.now);
            self.effects.push(Effect::Keep { key: hosted.key, value, expires_in });
        }
    }
}

/// A page of the index as this node has it.
pub(super) fn local_page(
    step: &Step<'_, '_>,
    key: &[u8; 32],
    cursor: Option<AccountId>,
    facets: &Facets,
) -> (Vec<IndexRecord>, Option<AccountId>) {
    let mut scan = ENTRIES.of(key);
    if let Some(cursor) = cursor {
        scan.from = cursor.as_bytes().to_vec();
    }
    let rows = step.tx.scan(&ENTRIES, &scan).into_iter().map(|(_, row)| Arc::unwrap_or_clone(row));
    entry::page(rows, cursor, facets, step.now)
}

fn entry_key(key: &[u8; 32], account: &AccountId) -> Key {
    Key::under(TableId::HostedIndex, key, account.as_bytes())
}
