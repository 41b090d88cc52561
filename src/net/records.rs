//! The records that this node keeps for others to find: bounded, the furthest from us evicted first.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};

use libp2p::PeerId;
use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{KBucketDistance, KBucketKey, ProviderRecord, Record, RecordKey};
use tokio::time::Instant;

use crate::base::limits::{PROFILE_MAX, RECORD_BYTES_HOSTED_MAX, RECORDS_HOSTED_MAX};

/// A record store in memory. It has no provider records: our directory uses none.
pub(crate) struct Records {
    local: KBucketKey<PeerId>,
    /// By distance from us, nearest first. The distance is a permutation of the key's hash, so it is a key too.
    kept: BTreeMap<KBucketDistance, Record>,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Records {
    /// An empty store of the node with this peer id.
    pub(crate) fn new(local: PeerId) -> Self {
        Self::bounded(local, RECORDS_HOSTED_MAX, RECORD_BYTES_HOSTED_MAX)
    }

    fn bounded(local: PeerId, count_max: usize, bytes_max: usize) -> Self {
        Self { local: KBucketKey::from(local), kept: BTreeMap::new(), bytes: 0, count_max, bytes_max }
    }

    /// How many records are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    fn distance(&self, key: &RecordKey) -> KBucketDistance {
        self.local.distance(&KBucketKey::new(key.clone()))
    }

    fn is_over(&self) -> bool {
        self.kept.len() > self.count_max || self.bytes > self.bytes_max
    }

    fn take(&mut self, distance: &KBucketDistance) {
        if let Some(record) = self.kept.remove(distance) {
            self.bytes -= record.value.len();
        }
    }

    fn make_room(&mut self) {
        if self.is_over() {
            let now = Instant::now().into_std();
            self.kept.retain(|_, record| !record.is_expired(now));
            self.bytes = self.kept.values().map(|record| record.value.len()).sum();
        }
        while self.is_over()
            && let Some(furthest) = self.kept.last_key_value().map(|(distance, _)| *distance)
        {
            self.take(&furthest);
        }
    }
}

impl RecordStore for Records {
    type RecordsIter<'a> = Kept<'a>;
    type ProvidedIter<'a> = std::iter::Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        let record = self.kept.get(&self.distance(key))?;
        (!record.is_expired(Instant::now().into_std())).then_some(Cow::Borrowed(record))
    }

    fn put(&mut self, record: Record) -> Result<()> {
        if record.value.len() > PROFILE_MAX {
            return Err(Error::ValueTooLarge);
        }
        let distance = self.distance(&record.key);
        self.take(&distance);
        self.bytes += record.value.len();
        self.kept.insert(distance, record);
        self.make_room();
        if self.kept.contains_key(&distance) { Ok(()) } else { Err(Error::MaxRecords) }
    }

    fn remove(&mut self, key: &RecordKey) {
        let distance = self.distance(key);
        self.take(&distance);
    }

    fn records(&self) -> Self::RecordsIter<'_> {
        Kept(self.kept.values())
    }

    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Err(Error::MaxProvidedKeys)
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        std::iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}

/// The records of a store, nearest first.
pub(crate) struct Kept<'a>(btree_map::Values<'a, KBucketDistance, Record>);

impl<'a> Iterator for Kept<'a> {
    type Item = Cow<'a, Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(name: u8, size: usize) -> Record {
        Record::new(vec![name; 32], vec![name; size])
    }

    #[test]
    fn a_full_store_keeps_the_nearest_records_whatever_order_they_come_in() {
        let mut store = Records::bounded(PeerId::random(), 4, 1 << 20);
        let mut by_distance: Vec<_> =
            (0..16).map(|name| (store.distance(&record(name, 1).key), name)).collect();
        (0..16).for_each(|name| drop(store.put(record(name, 10))));
        by_distance.sort();
        for (place, (_, name)) in by_distance.into_iter().enumerate() {
            assert_eq!(store.get(&record(name, 1).key).is_some(), place < 4, "place {place}");
        }
    }

    #[test]
    fn the_bound_on_bytes_holds_and_expired_records_go_first() {
        let mut store = Records::bounded(PeerId::random(), 100, 100);
        let mut old = record(1, 60);
        old.expires = Some(Instant::now().into_std() - Duration::from_secs(1));
        store.put(old).unwrap();
        assert!(store.get(&record(1, 1).key).is_none());
        store.put(record(2, 60)).unwrap();
        assert_eq!((store.len(), store.bytes), (1, 60));
        let _ = store.put(record(3, 60));
        assert_eq!((store.len(), store.bytes), (1, 60));
        assert!(store.put(record(4, PROFILE_MAX + 1)).is_err());
    }

    #[test]
    fn a_new_record_replaces_the_old_one_under_its_key() {
        let mut store = Records::new(PeerId::random());
        store.put(record(1, 60)).unwrap();
        store.put(record(1, 7)).unwrap();
        assert_eq!((store.len(), store.bytes), (1, 7));
        store.remove(&record(1, 0).key);
        assert_eq!((store.len(), store.bytes), (0, 0));
    }
}
