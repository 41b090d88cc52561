//! How many rows of each table a node may have.

use std::collections::BTreeMap;

use crate::base::charging;
use crate::base::consent_limits;
use crate::base::{desk_limits, file_limits, limits, mail_limits, said_limits};
use crate::sim::disk::Disk;
use crate::store::key::{Key, TableId};

/// Rows of one table that may be too many.
struct Count {
    rows: usize,
    /// The most rows of one id.
    of_one: usize,
}

/// The tables of a node's disk that have more rows than they may have.
pub fn exceeded(disk: &Disk) -> Vec<String> {
    let mut counts: BTreeMap<TableId, Count> = BTreeMap::new();
    let (mut last, mut of_one): (Option<&Key>, usize) = (None, 0);
    for key in disk.keys() {
        let is_same = last.is_some_and(|last| last.table == key.table && last.id == key.id);
        of_one = if is_same { of_one + 1 } else { 1 };
        let count = counts.entry(key.table).or_insert(Count { rows: 0, of_one: 0 });
        (count.rows, count.of_one) = (count.rows + 1, count.of_one.max(of_one));
        last = Some(key);
    }
    let rows = |table| counts.get(&table).map_or(0, |count| count.rows);
    let mut found = Vec::new();
    for (table, count) in &counts {
        let (all, one) = bound(*table, &rows);
        for (what, number, most) in [("rows", count.rows, all), ("rows of one id", count.of_one, one)] {
            if number > most {
                found.push(format!("{table:?} has {number} {what}, and at most {most} may be"));
            }
        }
    }
    found
}

/// The most rows of a table, and of one id in it.
fn bound(table: TableId, rows: &dyn Fn(TableId) -> usize) -> (usize, usize) {
    const NONE: usize = usize::MAX;
    let contacts = rows(TableId::Contacts);
    let accounts = rows(TableId::Accounts);
    let devices = contacts.saturating_mul(limits::LOG_ENTRIES_MAX);
    let sessions = limits::ARCHIVED_SESSIONS_MAX + 1;
    match table {
        TableId::Meta => (8, 1),
        TableId::Files => (file_limits::FILES_MAX, 1),
        TableId::Thumbnails => (rows(TableId::Files), 1),
        // As many as there are lines that speak of a file.
        TableId::FileUses => (NONE, NONE),
        TableId::Accounts => (contacts + 1, 1),
        TableId::Prekeys => (NONE, limits::PREKEY_SETS_MAX + 1),
        TableId::Contacts => (limits::CONTACTS_MAX + 1, 1),
        TableId::Routes => (rows(TableId::Sessions) + accounts, 1),
        TableId::Sessions => (rows(TableId::Peers).saturating_mul(sessions), 1),
        TableId::Peers | TableId::Incoming | TableId::Delivery => (devices, 1),
        TableId::Conversations => (contacts, 1),
        // What was said is kept.
        TableId::Timeline | TableId::Names => (NONE, NONE),
        TableId::EarlyChanges => (contacts.saturating_mul(said_limits::EARLY_MAX), said_limits::EARLY_MAX),
        TableId::Held => (NONE, limits::HELD_MAX),
        TableId::Missing => (NONE, limits::HELD_MAX),
        TableId::Outbox => (NONE, usize::try_from(limits::OUTBOX_MAX).unwrap_or(NONE)),
        TableId::Agenda => (
            3 * contacts
                + devices
                + accounts
                // A renewal to be asked for, or a receipt to be shown.
                + 2 * rows(TableId::Subscriptions)
                + rows(TableId::MailQueues)
                + rows(TableId::Files)
                + rows(TableId::Successions)
                + 5,
            1,
        ),
        TableId::Successions => (accounts, 1),
        TableId::OwnProfile | TableId::Membership | TableId::Reconcile => (1, 1),
        TableId::Moved | TableId::Superseded => (limits::CONTACTS_MAX, 1),
        TableId::Found => (limits::CONTACTS_MAX, 1),
        TableId::HostedRecords => (limits::RECORDS_HOSTED_MAX, 1),
        TableId::HostedIndex => (limits::INDEX_HOSTED_MAX, limits::INDEX_HOSTED_MAX),
        TableId::Events => (NONE, charging::HISTORY_MAX),
        TableId::Subscriptions | TableId::Invoices | TableId::Receipts => (NONE, 1),
        TableId::Invites => (limits::INVITES_MAX, 1),
        TableId::Replays => (NONE, limits::REPLAYS_PER_SET_MAX),
        TableId::OneTime => (NONE, limits::ONE_TIME_WAITING_MAX as usize),
        TableId::PrekeyPools => (accounts, 1),
        TableId::Siblings | TableId::Transfers => (limits::DEVICES_MAX, 1),
        TableId::MailQueues | TableId::MailSends => {
            (usize::try_from(mail_limits::QUEUES_HOSTED).unwrap_or(NONE), 1)
        }
        TableId::Mail => (NONE, mail_limits::PAIR_MESSAGES_MAX.max(mail_limits::INBOX_MESSAGES_MAX) as usize),
        TableId::MailSeen => (rows(TableId::Mail), 1),
        // A bundle and pairs of one-time prekeys.
        TableId::MailPrekeys => (NONE, 1 + limits::ONE_TIME_POOL as usize),
        TableId::MailTotals => (1, 1),
        TableId::MailReceipts => (NONE, 1),
        // Beside those in use are those that were left and are still read.
        TableId::OwnMailboxes => (NONE, 1),
        TableId::OwnQueues => (rows(TableId::OwnMailboxes).saturating_mul(2 * contacts + 2), 1),
        TableId::Consents => {
            (contacts.saturating_mul(consent_limits::CONSENTS_MAX), consent_limits::CONSENTS_MAX)
        }
        TableId::Openings => (NONE, usize::try_from(consent_limits::OPENINGS_MAX).unwrap_or(NONE)),
        TableId::Windows | TableId::Dealings => (contacts, 1),
        TableId::Waiting => {
            (contacts.saturating_mul(consent_limits::WAITING_MAX), consent_limits::WAITING_MAX)
        }
        TableId::Voids => (contacts + limits::DEVICES_MAX, 1),
        TableId::Restored | TableId::Afresh => (1, 1),
        TableId::Reports => {
            (contacts.saturating_mul(consent_limits::REPORTS_MAX), consent_limits::REPORTS_MAX)
        }
        TableId::Desk | TableId::Seats => (contacts, 1),
        // Each label, the agent and all, each with and without the status.
        TableId::DeskIndex => (contacts.saturating_mul(2 * (desk_limits::LABELS_MAX + 2)), NONE),
        TableId::DeskNotes => (NONE, usize::try_from(desk_limits::NOTES_MAX).unwrap_or(NONE)),
        TableId::QuickReplies => (desk_limits::QUICK_MAX, 1),
        // What remains of one that was removed is its number.
        TableId::Templates => (NONE, desk_limits::TEMPLATE_VERSIONS_MAX),
        TableId::Catalog | TableId::CatalogPictures => (desk_limits::CATALOG_MAX, 1),
        TableId::Forms | TableId::FormSources => (desk_limits::FORMS_MAX, 1),
        TableId::Bots => (1, 1),
        TableId::ContactBoxes | TableId::ContactQueues | TableId::ContactInboxes => (contacts, 1),
        TableId::FormerDevices => (contacts, 1),
        TableId::PaymentHashes => (rows(TableId::Events), 1),
        TableId::Dunning => (rows(TableId::Subscriptions), 1),
        TableId::PaidNotices => (NONE, 1),
        // What was charged is kept.
        TableId::BillingJournal => (rows(TableId::Events), NONE),
        TableId::BillingJournalEnd => (1, 1),
        TableId::RelayPlaces => (charging::PLACES_MAX, 1),
        TableId::PaidPlaces => (charging::PAID_PLACES_MAX, 1),
        // No engine writes these: the local API's and the driver's.
        TableId::ApiTokens
        | TableId::ApiAnswers
        | TableId::ApiAnswerBodies
        | TableId::EventLog
        | TableId::EventLogState
        | TableId::Webhooks
        | TableId::WebhookWaiting
        | TableId::WebhookDead
        | TableId::CloudAccount
        | TableId::CloudAliases
        | TableId::CloudAliasOwners
        | TableId::CloudSent
        | TableId::CloudTold
        | TableId::CloudProfile
        | TableId::CloudMedia => (0, 0),
    }
}
