//! Keys of stored rows: a table, an id that the disk blinds, and a part that keeps its order.

use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;
use zeroize::Zeroizing;

/// Every table of the store, by its number on the disk. Numbers are never used again for something else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "each table is documented where it is defined")]
pub enum TableId {
    Meta = 1,
    Accounts = 2,
    Prekeys = 3,
    Contacts = 4,
    Routes = 5,
    Sessions = 6,
    Peers = 7,
    Conversations = 8,
    Timeline = 9,
    Incoming = 10,
    Held = 11,
    Outbox = 12,
    Agenda = 13,
    OwnProfile = 14,
    Found = 15,
    HostedRecords = 16,
    HostedIndex = 17,
    Events = 18,
    Subscriptions = 19,
    Invoices = 20,
    Receipts = 21,
    Invites = 22,
    Replays = 23,
    Missing = 24,
    Delivery = 25,
    OneTime = 26,
    PrekeyPools = 27,
    Siblings = 28,
    Transfers = 29,
    Membership = 30,
    MailQueues = 41,
    MailSends = 42,
    Mail = 43,
    MailSeen = 44,
    MailPrekeys = 45,
    MailTotals = 46,
    MailReceipts = 47,
    Moved = 48,
    Superseded = 49,
    ContactBoxes = 50,
    ContactQueues = 51,
    OwnMailboxes = 52,
    OwnQueues = 53,
    Reconcile = 56,
    ContactInboxes = 58,
    Successions = 59,
    Dunning = 60,
    PaidNotices = 61,
    BillingJournal = 62,
    BillingJournalEnd = 63,
    RelayPlaces = 70,
    ApiTokens = 80,
    ApiAnswers = 81,
    ApiAnswerBodies = 82,
    EventLog = 83,
    EventLogState = 84,
    Webhooks = 85,
    WebhookWaiting = 86,
    WebhookDead = 87,
    CloudAccount = 108,
    CloudAliases = 109,
    CloudAliasOwners = 110,
    CloudSent = 111,
    CloudTold = 112,
    CloudProfile = 113,
    CloudMedia = 114,
    Names = 88,
    EarlyChanges = 89,
    Consents = 64,
    Openings = 65,
    Windows = 66,
    Dealings = 67,
    Waiting = 68,
    Reports = 69,
    Voids = 100,
    Restored = 101,
    Afresh = 102,
    PaidPlaces = 115,
    PaymentHashes = 116,
    FormerDevices = 117,
    Thumbnails = 118,
    Files = 92,
    FileUses = 93,
    Desk = 96,
    DeskIndex = 97,
    DeskNotes = 98,
    Seats = 99,
    QuickReplies = 104,
    Templates = 105,
    Catalog = 106,
    CatalogPictures = 119,
    Forms = 120,
    FormSources = 121,
    Bots = 107,
}

/// The key of one row.
///
/// On the disk the id is blinded (HMAC), so rows of one id lie together and in the order of `order`, while
/// different ids lie in no order that means anything. The usual parts need no memory of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The table.
    pub table: TableId,
    /// What the row belongs to; blinded on the disk.
    pub id: SmallVec<[u8; 32]>,
    /// Where it stands among the rows of its id: big-endian, readable on the disk.
    pub order: SmallVec<[u8; 16]>,
}

impl Key {
    /// The key of the only row of `id`.
    pub fn of(table: TableId, id: &[u8]) -> Self {
        Self::under(table, id, &[])
    }

    /// The key of the row at `position` among the rows of `id`.
    pub fn at(table: TableId, id: &[u8], position: u64) -> Self {
        Self::under(table, id, &position.to_be_bytes())
    }

    /// The key of the row that stands at `order` among the rows of `id`.
    pub fn under(table: TableId, id: &[u8], order: &[u8]) -> Self {
        Self { table, id: SmallVec::from_slice(id), order: SmallVec::from_slice(order) }
    }

    /// The position, for a key made by [`Key::at`].
    pub fn position(&self) -> Option<u64> {
        self.order.as_slice().try_into().ok().map(u64::from_be_bytes)
    }
}

/// A stored value in the clear: shared without copying, wiped when the last holder drops it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(Arc<Zeroizing<Vec<u8>>>);

impl Value {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}
