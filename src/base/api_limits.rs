//! Every bound of what programs use over the local API: tokens, repeated requests, the event log, webhooks.

use core::time::Duration;

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

// Requests over TCP.

/// Bearer tokens of one node.
pub const TOKENS_MAX: usize = 256;
/// How long a token holds unless whoever makes it says otherwise.
pub const TOKEN_LIFE: Duration = Duration::from_secs(365 * DAY);
/// Names under which the API may be addressed, and pages that may call it.
pub const NAMES_MAX: usize = 16;
/// Requests of one token in a second, in the long run, unless the operator says otherwise.
pub const RATE: u32 = 500;
/// The highest such rate.
pub const RATE_MAX: u32 = 1_000_000;
/// Requests without a valid token in a second, of all callers together, in the long run.
pub const REFUSED_RATE: u32 = 20;
/// How many seconds' worth of requests may come at once.
pub const RATE_BURST_SECONDS: u32 = 2;
/// How long a request may take to be answered; one that waits for a delivery has longer.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long the body of a request may take to come.
pub const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a file that is given to the node may take to come.
pub const STREAM_PATIENCE: Duration = Duration::from_secs(12 * HOUR);
/// Streams of events that are open at once.
pub const STREAMS_MAX: usize = 32;
/// How often a stream of events without events says that it lives.
pub const STREAM_HEARTBEAT: Duration = Duration::from_secs(15);

// Requests that are repeated.

/// The longest idempotency key, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;
/// How long its answer is kept.
pub const IDEMPOTENCY_LIFE: Duration = Duration::from_secs(DAY);
/// Answers that are kept.
pub const IDEMPOTENCY_KEYS_MAX: usize = 10_000;
/// Of those, answers to one caller: no token shuts all others out.
pub const IDEMPOTENCY_CALLER_KEYS_MAX: usize = IDEMPOTENCY_KEYS_MAX / 4;
/// The fewest digits of a message's id that name one.
pub const MESSAGE_ID_LEAST: usize = 4;
/// The largest answer that is kept.
pub const IDEMPOTENCY_ANSWER_MAX: usize = 24 * 1024;
/// Answers that are forgotten in one transaction.
pub const IDEMPOTENCY_SWEEP: usize = 256;

// The event log.

/// Events that are kept.
pub const EVENT_LOG_MAX: u64 = 100_000;
/// How long they are kept: longer than a webhook is tried.
pub const EVENT_LOG_LIFE: Duration = Duration::from_secs(8 * DAY);
/// Events that are read or forgotten at once.
pub const EVENT_LOG_PAGE: usize = 64;
/// The pause between two pages that are forgotten.
pub const FORGET_PAUSE: Duration = Duration::from_millis(20);
/// The largest event that is kept, as JSON: an entry with a text of the greatest length.
pub const EVENT_LOG_ENTRY_MAX: usize = 30 * 1024;
/// How often it is looked for what is past its life.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(HOUR);

// Webhooks.

/// Webhooks of one node.
pub const WEBHOOKS_MAX: usize = 16;
/// The longest address of one.
pub const WEBHOOK_URL_MAX: usize = 2_048;
/// How long a receiver may take to answer.
pub const WEBHOOK_PATIENCE: Duration = Duration::from_secs(10);
/// The pause before the work for a webhook begins anew where it ended by itself.
pub const WEBHOOK_RESTART_PAUSE: Duration = Duration::from_secs(5);
/// The first pause before an event is tried again; each is twice the one before.
pub const WEBHOOK_RETRY_FIRST: Duration = Duration::from_secs(5);
/// The longest pause.
pub const WEBHOOK_RETRY_LAST: Duration = Duration::from_secs(HOUR);
/// How long an event is tried.
pub const WEBHOOK_LIFE: Duration = Duration::from_secs(7 * DAY);
/// Events that wait to be tried again, for one webhook; beyond them no new one is tried.
pub const WEBHOOK_WAITING_MAX: usize = 1_000;
/// Dead letters of one webhook; the oldest goes first.
pub const WEBHOOK_DEAD_MAX: usize = 1_000;
/// Bytes of a receiver's answer that are read.
pub const WEBHOOK_ANSWER_MAX: usize = 16 * 1024;

const _: () = {
    assert!(WEBHOOK_LIFE.as_secs() < EVENT_LOG_LIFE.as_secs(), "an event is kept while it is tried");
    assert!(EVENT_LOG_ENTRY_MAX + 1_024 < super::limits::VALUE_MAX, "an event fits a value");
    assert!(IDEMPOTENCY_ANSWER_MAX + 1_024 < super::limits::VALUE_MAX, "an answer fits a value");
};
