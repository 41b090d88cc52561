//! Every bound of the protocol and of the node, in one file, each with a name.

use core::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

// Frames and sessions.

/// The largest frame on the wire, route id included.
pub const FRAME_MAX: usize = 24 * 1024;
/// The exact size of a first flight: it tells nothing about its content.
pub const FIRST_FLIGHT_LEN: usize = 8 * 1024;
/// Sizes that a message's content is padded to, smallest first.
pub const PADDING_BUCKETS: [usize; 6] = [512, 1024, 2048, 4096, 8192, 16_384];
/// The largest text of a message in bytes of UTF-8.
pub const TEXT_MAX: usize = 12 * 1024;
/// How far a chain may run ahead of the last message received on it.
pub const CHAIN_FORWARD_MAX: u32 = 2_000;
/// Message keys that a session keeps for messages that are late.
pub const SKIPPED_KEYS_MAX: usize = 2_000;
/// How long such a key is kept.
pub const SKIPPED_KEY_LIFE: Duration = Duration::from_secs(30 * DAY);
/// Receive chains that a session keeps.
pub const RECEIVE_CHAINS_MAX: usize = 5;
/// Older sessions with one device that can still receive.
pub const ARCHIVED_SESSIONS_MAX: usize = 5;
/// The least time between two new sessions made to heal a broken one.
pub const HEAL_INTERVAL: Duration = Duration::from_secs(10 * MINUTE);
/// Sessions made to heal in one day, with one device.
pub const HEALS_PER_DAY: u32 = 5;

// Prekeys and accounts.

/// How often signed prekeys are replaced.
pub const PREKEY_ROTATION: Duration = Duration::from_secs(48 * HOUR);
/// Older bundles are refused.
pub const BUNDLE_AGE_MAX: Duration = Duration::from_secs(14 * DAY);
/// How long a replaced prekey's private half and its replay hashes are kept: a bundle may be 14 days old when
/// used, a first flight 14 days under way, and clocks differ.
pub const PREKEY_LIFE: Duration = Duration::from_secs(30 * DAY);
/// A first flight is refused when its absolute expiry is further away than this.
pub const FIRST_FLIGHT_LIFE: Duration = Duration::from_secs(14 * DAY);
/// Devices of one account.
pub const DEVICES_MAX: usize = 8;
/// Entries of one account log that are accepted.
pub const LOG_ENTRIES_MAX: usize = 64;
/// The largest signed payload of an account log's entry.
pub const LOG_ENTRY_MAX: usize = 512;
/// The largest encoded bundle of prekeys.
pub const BUNDLE_MAX: usize = 6 * 1024;
/// How far another node's clock may run ahead of ours.
pub const CLOCK_SKEW: Duration = Duration::from_secs(10 * MINUTE);
/// How far clocks may differ where money is concerned.
pub const BILLING_CLOCK_SKEW: Duration = Duration::from_secs(5 * MINUTE);
/// How long an invite can be accepted.
pub const INVITE_LIFE: Duration = Duration::from_secs(7 * DAY);
/// Invites that are open at once.
pub const INVITES_MAX: usize = 256;
/// The largest encoded invite.
pub const INVITE_MAX: usize = 1024;

// Conversations.

/// How long a message is tried before it has failed with the cause `expired`.
pub const MESSAGE_LIFE: Duration = Duration::from_secs(30 * DAY);
/// How long a gap waits for the message that is missing before it is shown as missing.
pub const GAP_PATIENCE: Duration = Duration::from_secs(MINUTE);
/// Messages that wait behind a gap, for one sender.
pub const HELD_MAX: usize = 200;
/// How far a sequence number may run ahead of the last one received.
pub const SEQUENCE_FORWARD_MAX: u64 = 100_000;
/// Entries on one page of a timeline.
pub const PAGE_ENTRIES_MAX: usize = 32;
/// Bytes at which a page of a timeline is full.
pub const PAGE_BYTES_MAX: usize = 16 * 1024;
/// Contents waiting for one recipient.
pub const OUTBOX_MAX: u64 = 100_000;
/// Frames sent to one peer and not yet taken by it.
pub const FLIGHT_WINDOW: usize = 1_024;
/// Requests from strangers that wait for the person.
pub const REQUESTS_MAX: usize = 256;
/// Contacts of one node.
pub const CONTACTS_MAX: usize = 100_000;
/// The longest display name in bytes.
pub const NAME_MAX: usize = 80;
/// Addresses told to a contact or published in a profile.
pub const ADDRESSES_MAX: usize = 8;
/// The longest multiaddress, as text.
pub const ADDRESS_LEN_MAX: usize = 256;
/// First and longest pause between attempts to reach a peer.
pub const RETRY_FIRST: Duration = Duration::from_secs(2);
/// See [`RETRY_FIRST`].
pub const RETRY_LAST: Duration = Duration::from_secs(10 * MINUTE);

// The directory.

/// The largest profile record.
pub const PROFILE_MAX: usize = 8 * 1024;
/// The longest description of a business.
pub const ABOUT_MAX: usize = 500;
/// Categories of a business.
pub const CATEGORIES_MAX: usize = 3;
/// Languages of a business.
pub const LANGUAGES_MAX: usize = 8;
/// The longest single word or code in a profile (category, region, language).
pub const TERM_MAX: usize = 40;
/// The longest website or opening hours.
pub const LINE_MAX: usize = 200;
/// Plans of a business.
pub const PLANS_MAX: usize = 8;
/// A profile's longest life.
pub const PROFILE_LIFE: Duration = Duration::from_secs(48 * HOUR);
/// How long before its expiry a profile is published anew.
pub const REPUBLISH_AFTER: Duration = Duration::from_secs(12 * HOUR);
/// How long the highest sequence seen of a profile is remembered.
pub const FLOOR_LIFE: Duration = Duration::from_secs(90 * DAY);
/// DHT keys that one profile is stored under.
pub const PROFILE_KEYS: u8 = 3;
/// The largest signed index entry.
pub const INDEX_ENTRY_MAX: usize = 512;
/// Terms that one business is indexed under.
pub const INDEX_TERMS_MAX: usize = 32;
/// Index entries in one answer.
pub const INDEX_PAGE: usize = 20;
/// Index entries that one node keeps for others.
pub const INDEX_HOSTED_MAX: usize = 50_000;
/// Records that one node keeps for others.
pub const RECORDS_HOSTED_MAX: usize = 10_000;
/// Businesses that one search fetches and shows.
pub const FIND_MAX: usize = 20;
/// How long a search may take.
pub const FIND_PATIENCE: Duration = Duration::from_secs(15);

// Charging.

/// The longest id of a plan.
pub const PLAN_ID_MAX: usize = 32;
/// The largest signed billing event.
pub const EVENT_MAX: usize = 2 * 1024;
/// An unpaid first invoice expires after this.
pub const INVOICE_LIFE: Duration = Duration::from_secs(23 * HOUR);
/// The longest trial, grace and hold, in days.
pub const PLAN_DAYS_MAX: u32 = 366;

// The disk.

/// The largest stored value.
pub const VALUE_MAX: usize = 32 * 1024;
/// Inputs decided in one transaction.
pub const GROUP_MAX: usize = 512;
/// Inputs waiting to be decided.
pub const INPUT_QUEUE: usize = 4_096;

const _: () = {
    assert!(
        PADDING_BUCKETS[PADDING_BUCKETS.len() - 1] + 1_024 < FRAME_MAX,
        "the largest content fits a frame"
    );
    assert!(
        TEXT_MAX + 2_048 < PADDING_BUCKETS[PADDING_BUCKETS.len() - 1],
        "the longest text fits the largest bucket"
    );
    assert!(PAGE_BYTES_MAX + TEXT_MAX + 2_048 < VALUE_MAX, "a page and one more message fit a value");
    assert!(
        16_384 + 512 + TEXT_MAX + 2_048 < VALUE_MAX,
        "an outbox row, the content and its frame, fits a value"
    );
    assert!(PROFILE_MAX <= VALUE_MAX && PROFILE_MAX + 1_024 < 16 * 1024, "a profile fits a DHT packet");
    assert!(
        PREKEY_LIFE.as_secs()
            >= BUNDLE_AGE_MAX.as_secs() + FIRST_FLIGHT_LIFE.as_secs() + PREKEY_ROTATION.as_secs(),
        "a prekey outlives every first flight that may use it"
    );
};
