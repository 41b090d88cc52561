//! What was measured of a business with many customers, as a document.

use serde::Serialize;

/// All figures of one run. Absolute times depend on the machine; compare the ratios.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct LoadReport {
    /// Cores of the machine.
    pub(in crate::ui) cores: usize,
    /// Bytes of each text.
    pub(in crate::ui) text_bytes: usize,
    /// The disk under it all: appending 1 KiB and syncing it, in milliseconds (median).
    pub(in crate::ui) fdatasync_ms: f64,
    /// The business and its customers.
    pub(in crate::ui) load: Load,
}

/// One business in a process of its own, and customers in another.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Load {
    /// How many customers.
    pub(in crate::ui) customers: u32,
    /// Their way to their first answer.
    pub(in crate::ui) connecting: Connecting,
    /// The business's memory; only where `/proc` tells.
    pub(in crate::ui) memory: Option<Memory>,
    /// Each customer writes once a second.
    pub(in crate::ui) paced: Conversing,
    /// Each customer writes as soon as it has its answer.
    pub(in crate::ui) hurried: Conversing,
}

/// From an address to the first answer: connection, prekeys and the work for them, session, message, answer.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Connecting {
    /// Customers that were on this way at once.
    pub(in crate::ui) at_once: u32,
    /// Until all were there.
    pub(in crate::ui) seconds: f64,
    /// Half of the customers took no longer, in milliseconds.
    pub(in crate::ui) median_ms: f64,
    /// 99 of a hundred took no longer.
    pub(in crate::ui) p99_ms: f64,
}

/// Resident memory of the business's process in MiB.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Memory {
    /// Before the first customer came.
    pub(in crate::ui) before_mib: f64,
    /// With all connected, each answered once.
    pub(in crate::ui) connected_mib: f64,
    /// The difference for each of them.
    pub(in crate::ui) kib_per_customer: f64,
    /// After all conversations, with all still connected.
    pub(in crate::ui) after_mib: f64,
}

/// Conversations: each message is stored by the business, answered by its bot, and the answer stored there before it
/// leaves.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ui) struct Conversing {
    /// Messages that were answered: all that were written.
    pub(in crate::ui) round_trips: usize,
    /// Until the last answer.
    pub(in crate::ui) seconds: f64,
    /// Round trips a second.
    pub(in crate::ui) round_trips_a_second: f64,
    /// Milliseconds from a message to its answer; half took no longer.
    pub(in crate::ui) median_ms: f64,
    /// 99 of a hundred took no longer.
    pub(in crate::ui) p99_ms: f64,
    /// Processor time of the business, in per cent of one core; only where `/proc` tells.
    pub(in crate::ui) business_cpu_percent: Option<f64>,
    /// That of all customers together.
    pub(in crate::ui) customers_cpu_percent: Option<f64>,
}
