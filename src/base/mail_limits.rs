//! Every bound of mailboxes: what they keep for whom, and how often their owners ask.

use core::time::Duration;

use crate::base::limits::{
    BUNDLE_MAX, DEVICES_MAX, FIRST_FLIGHT_LEN, FRAME_MAX, MAILBOXES_MAX, PEER_KEY_MAX, VALUE_MAX,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The largest message on a mailbox's channel: a frame, or frames, and little else.
pub const MAIL_MESSAGE_MAX: usize = 32 * 1024;
/// Frames in one answer of a mailbox.
pub const MAIL_FRAMES_MAX: usize = 32;
/// Requests of one channel that wait for their answers.
pub const MAIL_WINDOW: usize = 32;
/// Requests to one mailbox that wait for the channel or for room on it.
pub const MAIL_WAITING_MAX: usize = 4_096;
/// Channels that others have open to a mailbox.
pub const MAIL_CHANNELS_MAX: usize = 256;
/// Words that wait to be written on one channel.
pub const MAIL_WRITES_MAX: usize = 256;
/// Keys for writing into queues of others that are remembered, and as many for reading our own: those of three queues each
/// of some hundred contacts.
pub const MAIL_KEYS_MAX: usize = 1_024;
/// Queues that one channel is told about.
pub const MAIL_SUBSCRIPTIONS_MAX: usize = 4_096;
/// How long a mailbox may take to answer.
pub const MAIL_PATIENCE: Duration = Duration::from_secs(20);
/// How often a node asks its mailboxes for queues that it isn't told about.
pub const MAIL_POLL: Duration = Duration::from_secs(10 * MINUTE);
/// How often it asks for its inbox, even where it is told about it.
pub const MAIL_CHECK: Duration = Duration::from_secs(30 * MINUTE);
/// How often it asks for all its queues, those among them that it would be told about.
pub const MAIL_LOOK: Duration = Duration::from_secs(6 * HOUR);
/// How soon one that couldn't be reached is tried again; twice as long after each time, while others can, and at most [`MAIL_POLL`].
pub const MAIL_RETRY: Duration = Duration::from_secs(MINUTE);
/// Messages that wait in a pair queue.
pub const PAIR_MESSAGES_MAX: u32 = 128;
/// Bytes of them.
pub const PAIR_BYTES_MAX: u64 = 1024 * 1024;
/// First flights that wait in an inbox.
pub const INBOX_MESSAGES_MAX: u32 = 256;
/// Bytes of them.
pub const INBOX_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What of an inbox only bearers of a ticket fill: one part in so many.
pub const INBOX_RESERVE: u32 = 5;
/// First flights that wait in an inbox by one ticket.
pub const TICKET_FLIGHTS_MAX: u32 = 4;
/// How long a first flight waits in an inbox.
pub const INBOX_MAIL_LIFE: Duration = Duration::from_secs(14 * DAY);
/// How long a message waits in a pair queue.
pub const PAIR_MAIL_LIFE: Duration = Duration::from_secs(30 * DAY);
/// How long a queue is kept that its reader never asks for.
pub const QUEUE_LIFE: Duration = Duration::from_secs(60 * DAY);
/// How often it is noted that a reader asked.
pub const QUEUE_TOUCH: Duration = Duration::from_secs(DAY);
/// Bits of work for a deposit in an empty inbox, and for a pair of a full pool.
pub const WORK_LEAST: u32 = 10;
/// Bits of work when the part that is open to all is nearly full, or empty: some second of one core.
pub const WORK_MOST: u32 = 20;
/// The largest receipt that is shown to a mailbox.
pub const MAIL_RECEIPT_MAX: usize = 24 * 1024;
/// Queues that one receipt pays for.
pub const QUEUES_PER_RECEIPT: u32 = 1_024;
/// Queues that a mailbox keeps, unless its operator says otherwise.
pub const QUEUES_HOSTED: u64 = 10_000;
/// Bytes of mail that a mailbox keeps, unless its operator says otherwise.
pub const MAIL_BYTES_HOSTED: u64 = 1024 * 1024 * 1024;
/// Contact tokens that an operator lists.
pub const MAIL_TOKENS_MAX: usize = 1_024;
/// Pairs of one-time prekeys in one request to keep them.
pub const MAIL_PAIRS_MAX: usize = 8;
/// Addresses of a mailbox that its owner's contacts are told.
pub const MAIL_ADDRESSES_MAX: usize = 3;
/// The longest of them.
pub const MAIL_ADDRESS_LEN_MAX: usize = 128;
/// How often pair queues are replaced; the former ones are read as long again.
pub const QUEUES_ROTATION: Duration = Duration::from_secs(30 * DAY);
/// How long a ticket lets a contact into an inbox: until two rotations have told it another.
pub const TICKET_LIFE: Duration = Duration::from_secs(60 * DAY);
/// Mailboxes' words after which a message counts as stored, where the recipient has as many.
pub const STORED_WORDS: usize = 2;
/// How long after a deposit, without an acknowledgement, the same bytes are deposited again, each time.
pub const REDEPOSITS: [Duration; 3] =
    [Duration::from_secs(HOUR), Duration::from_secs(6 * HOUR), Duration::from_secs(24 * HOUR)];
/// Longest pause between attempts to reach a contact whose mailboxes keep all that waits for it.
pub const STORED_RETRY: Duration = Duration::from_secs(2 * HOUR);

// What depends on each other.
const _: () = {
    assert!(FRAME_MAX + 1_024 <= MAIL_MESSAGE_MAX, "a frame fits a mailbox's channel");
    assert!(MAIL_RECEIPT_MAX + 1_024 <= MAIL_MESSAGE_MAX, "so does a receipt");
    assert!(
        BUNDLE_MAX + MAIL_PAIRS_MAX * 2 * 1_536 <= MAIL_MESSAGE_MAX,
        "so does a bundle with pairs of one-time prekeys"
    );
    assert!(
        DEVICES_MAX * MAILBOXES_MAX * 2 * (PEER_KEY_MAX + MAIL_ADDRESSES_MAX * MAIL_ADDRESS_LEN_MAX + 160)
            <= VALUE_MAX,
        "what is known of a contact's mailboxes fits a value"
    );
    assert!(
        INBOX_MESSAGES_MAX as usize * FIRST_FLIGHT_LEN <= INBOX_BYTES_MAX as usize,
        "an inbox's bytes hold its flights"
    );
};
