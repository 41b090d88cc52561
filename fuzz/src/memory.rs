//! A store in memory that is cheap to copy, so that every run begins with the same rows.

use std::collections::BTreeMap;

use sigillo::store::key::{Key, TableId, Value};
use sigillo::store::snapshot::{Fault, Scan, Snapshot};
use sigillo::store::tx::{Batch, Committed};

const TABLES: [TableId; 49] = [
    TableId::Meta,
    TableId::Accounts,
    TableId::Prekeys,
    TableId::Contacts,
    TableId::Routes,
    TableId::Sessions,
    TableId::Peers,
    TableId::Conversations,
    TableId::Timeline,
    TableId::Incoming,
    TableId::Held,
    TableId::Outbox,
    TableId::Agenda,
    TableId::OwnProfile,
    TableId::Found,
    TableId::HostedRecords,
    TableId::HostedIndex,
    TableId::Events,
    TableId::Subscriptions,
    TableId::Invoices,
    TableId::Receipts,
    TableId::Invites,
    TableId::Replays,
    TableId::Missing,
    TableId::Delivery,
    TableId::OneTime,
    TableId::PrekeyPools,
    TableId::Siblings,
    TableId::Transfers,
    TableId::Membership,
    TableId::MailQueues,
    TableId::MailSends,
    TableId::Mail,
    TableId::MailSeen,
    TableId::MailPrekeys,
    TableId::MailTotals,
    TableId::MailReceipts,
    TableId::OwnMailboxes,
    TableId::OwnQueues,
    TableId::ContactBoxes,
    TableId::ContactQueues,
    TableId::Moved,
    TableId::Superseded,
    TableId::Consents,
    TableId::Openings,
    TableId::Windows,
    TableId::Dealings,
    TableId::Waiting,
    TableId::Reports,
];

/// Rows by key.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<Key, Value>);

impl Memory {
    /// A copy of all that another store holds.
    pub fn copy(store: &impl Snapshot) -> Self {
        Self(TABLES.iter().flat_map(|table| store.scan(&Scan::table(*table))).collect())
    }

    /// Takes a batch, at once and for good.
    pub fn store(&mut self, batch: Batch) -> Committed {
        let (changes, uncommitted) = batch.into_parts();
        for (key, value) in changes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
        uncommitted.durable()
    }

    /// How many rows a table has.
    pub fn count(&self, table: TableId) -> usize {
        self.0.keys().filter(|key| key.table == table).count()
    }

    /// A stored row of a table, for the samples.
    pub fn first(&self, table: TableId) -> Option<Vec<u8>> {
        self.0.iter().find(|(key, _)| key.table == table).map(|(_, value)| value.to_vec())
    }
}

impl Snapshot for Memory {
    fn get(&self, key: &Key) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Value)> {
        let matching = self.0.iter().filter(|(key, _)| scan.matches(key));
        let mut rows: Vec<_> = matching.map(|(key, value)| (key.clone(), value.clone())).collect();
        scan.arrange(&mut rows);
        rows
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}
